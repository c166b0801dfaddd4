//! Balances, by currency: only amounts of one currency may be added up.

use super::format::{Column, Figure};
use crate::daemon::view::WalletView;
use crate::money::{Amount, Currency};
use std::collections::BTreeMap;

/// The wallets of one currency.
pub(super) struct CurrencyGroup {
    pub(super) currency: String,
    pub(super) rows: Vec<WalletRow>,
    /// Where there is more than one wallet and the sums have room.
    pub(super) total: Option<Figures>,
}

/// One wallet.
pub(super) struct WalletRow {
    pub(super) country: String,
    pub(super) code: String,
    pub(super) negative: bool,
    pub(super) figures: Figures,
}

/// What is known of a wallet, or of all of one currency.
pub(super) struct Figures {
    pub(super) available: Figure,
    pub(super) held: Figure,
    pub(super) reserve: Figure,
    pub(super) balance: Figure,
}

/// The groups in the order their currencies first appear.
pub(super) fn by_currency(wallets: &[WalletView]) -> Vec<CurrencyGroup> {
    let mut order: Vec<Currency> = Vec::new();
    let mut groups: BTreeMap<Currency, Vec<&WalletView>> = BTreeMap::new();
    for wallet in wallets {
        if !order.contains(&wallet.currency) {
            order.push(wallet.currency);
        }
        groups.entry(wallet.currency).or_default().push(wallet);
    }
    let column = Column::of(
        wallets
            .iter()
            .flat_map(|wallet| [wallet.available, wallet.held, wallet.reserve].into_iter().chain(wallet.balance)),
    );
    order.iter().filter_map(|currency| Some(group(*currency, groups.get(currency)?, &column))).collect()
}

fn group(currency: Currency, wallets: &[&WalletView], column: &Column) -> CurrencyGroup {
    let row = |wallet: &&WalletView| WalletRow {
        country: wallet.wallet.name().to_owned(),
        code: wallet.wallet.to_string(),
        negative: wallet.available.is_negative(),
        figures: figures(column, wallet.available, wallet.held, wallet.reserve, wallet.balance),
    };
    let total = if wallets.len() > 1 { total(wallets, column) } else { None };
    CurrencyGroup { currency: currency.to_string(), rows: wallets.iter().map(row).collect(), total }
}

fn total(wallets: &[&WalletView], column: &Column) -> Option<Figures> {
    let sum = |of: fn(&WalletView) -> Amount| {
        wallets.iter().map(|wallet| of(wallet)).try_fold(Amount::ZERO, Amount::checked_add).ok()
    };
    // A sum over wallets of which some gave no whole balance would say nothing.
    let balances: Option<Vec<Amount>> = wallets.iter().map(|wallet| wallet.balance).collect();
    let balance = balances.and_then(|all| all.into_iter().try_fold(Amount::ZERO, Amount::checked_add).ok());
    Some(figures(
        column,
        sum(|wallet| wallet.available)?,
        sum(|wallet| wallet.held)?,
        sum(|wallet| wallet.reserve)?,
        balance,
    ))
}

fn figures(column: &Column, available: Amount, held: Amount, reserve: Amount, balance: Option<Amount>) -> Figures {
    let unless_zero = |amount: Amount| column.show_some((amount != Amount::ZERO).then_some(amount));
    Figures {
        available: column.show(available),
        held: unless_zero(held),
        reserve: unless_zero(reserve),
        balance: column.show_some(balance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::view::sample;

    #[test]
    fn only_amounts_of_one_currency_are_added_up() {
        let groups = by_currency(&sample::busy().balances);
        let shown: Vec<(&str, usize, Option<&str>)> = groups
            .iter()
            .map(|group| {
                (
                    group.currency.as_str(),
                    group.rows.len(),
                    group.total.as_ref().map(|total| total.available.text.as_str()),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("XAF", 3, Some("5\u{202f}232\u{202f}500.75")),
                ("XOF", 2, Some("1\u{202f}351\u{202f}530")),
                ("KES", 1, None),
            ]
        );
        assert!(groups[0].total.as_ref().is_some_and(|total| total.balance.none), "COG gave no whole balance");
    }

    #[test]
    fn a_sum_without_room_is_left_out() {
        let mut wallets = sample::busy().balances;
        wallets[0].available = sample::amount("79228162514264337593543950335");
        assert!(by_currency(&wallets)[0].total.is_none());
    }
}
