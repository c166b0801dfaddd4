//! Two runs over one history, figure by figure.

use super::Figures;
use crate::money::{Amount, Currency};
use serde::Serialize;
use std::collections::BTreeMap;

/// One figure of both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which figure.
    pub figure: &'static str,
    /// Of which wallet; empty where it is of all.
    pub wallet: String,
    /// In this currency; `None` for counts and hours.
    pub currency: Option<Currency>,
    /// The first run's; `None` where it has none.
    pub first: Option<Amount>,
    /// The second's.
    pub second: Option<Amount>,
    /// Second less first, where both have one.
    pub change: Option<Amount>,
}

type Key = (usize, &'static str, String, Option<Currency>);

/// Every figure of both, in a fixed order.
#[must_use]
pub fn differences(first: &Figures, second: &Figures) -> Vec<Difference> {
    let (mut first, mut second) = (figures(first), figures(second));
    let keys: std::collections::BTreeSet<Key> = first.keys().chain(second.keys()).cloned().collect();
    let row = |key: Key| {
        let (first, second) = (first.remove(&key), second.remove(&key));
        let change = first.zip(second).and_then(|(first, second)| second.checked_sub(first).ok());
        let (_, figure, wallet, currency) = key;
        Difference { figure, wallet, currency, first, second, change }
    };
    keys.into_iter().map(row).collect()
}

fn figures(of: &Figures) -> BTreeMap<Key, Amount> {
    let mut all: BTreeMap<Key, Amount> = BTreeMap::new();
    let count = |count: usize| Amount::whole(i64::try_from(count).unwrap_or(i64::MAX));
    all.insert((0, "moves", String::new(), None), count(of.moves));
    for (rank, figure, sums) in [(1, "moved", &of.moved), (2, "fees", &of.fees), (3, "fx cost", &of.fx_cost)] {
        all.extend(sums.iter().map(|sum| ((rank, figure, String::new(), Some(sum.currency)), sum.amount)));
    }
    for paid in &of.paid_out {
        let key = |rank, figure| (rank, figure, String::new(), Some(paid.currency));
        all.insert(key(1, "paid out, gross"), paid.gross);
        all.insert(key(1, "paid out, net"), paid.net);
    }
    for wallet in &of.wallets {
        let key = |rank, figure, currency| (rank, figure, wallet.wallet.to_string(), currency);
        all.insert(key(4, "seconds below floor", None), Amount::whole(wallet.seconds_below_floor));
        if let Some(idle) = wallet.idle {
            all.insert(key(5, "idle", Some(wallet.currency)), idle);
        }
        all.insert(key(6, "at the end", Some(wallet.currency)), wallet.end);
    }
    all
}
