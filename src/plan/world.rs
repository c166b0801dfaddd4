//! The snapshot and the open intents, indexed once a plan, so that each lane costs a few look-ups.

use super::taken::ARRIVING_DECIMALS;
use super::{Hold, Inputs, Standing};
use crate::model::{Lane, Snapshot, WalletId};
use crate::money::{Amount, Country, Currency, MoneyError};
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// What one plan looks up again and again.
pub(super) struct World<'a> {
    snapshot: &'a Snapshot,
    open_lanes: BTreeMap<Lane, &'a Hold>,
    held: BTreeMap<WalletId, Result<Amount, MoneyError>>,
    /// What open intents bring, as far as that is known.
    arriving: BTreeMap<WalletId, Result<Amount, MoneyError>>,
    /// Open intents of which it is not known.
    unpriced: BTreeMap<WalletId, &'a Hold>,
    /// Open intents that may have reached KPay, by either of their wallets.
    unsettled: BTreeMap<WalletId, &'a Hold>,
    problems: BTreeMap<Country, &'a str>,
    /// Open intents that the caps will count when they are first attempted, by source currency.
    waiting: BTreeMap<Currency, Result<Amount, MoneyError>>,
    /// Transfers that the sliding hour holds already.
    pub(super) counted_this_hour: usize,
}

impl<'a> World<'a> {
    pub(super) fn new(inputs: &Inputs<'a>) -> Self {
        let standing: &'a Standing = inputs.standing;
        let attempted = standing.first_attempts.iter().filter(|at| inputs.clock - **at < TimeDelta::hours(1)).count();
        let mut world = Self {
            snapshot: inputs.snapshot,
            open_lanes: BTreeMap::new(),
            held: BTreeMap::new(),
            arriving: BTreeMap::new(),
            unpriced: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            problems: BTreeMap::new(),
            waiting: BTreeMap::new(),
            counted_this_hour: attempted,
        };
        for hold in standing.holds.values() {
            world.open_lanes.entry(hold.lane).or_insert(hold);
            add(&mut world.held, hold.lane.from, hold.amount);
            if let Some(into) = hold.lane.to.wallet() {
                match hold.arriving {
                    Some(amount) => add(&mut world.arriving, into, amount.cut_to(ARRIVING_DECIMALS)),
                    None => drop(world.unpriced.entry(into).or_insert(hold)),
                }
            }
            if hold.is_attempted() {
                for end in hold.lane.wallets() {
                    world.unsettled.entry(end).or_insert(hold);
                }
            }
            if !hold.counted {
                add(&mut world.waiting, hold.lane.from.currency, hold.amount);
                // What waits for people may wait for days, and is not sent within the hour by itself.
                world.counted_this_hour += usize::from(!hold.awaits_approval());
            }
        }
        for problem in &inputs.snapshot.problems {
            if let Some(country) = problem.country {
                world.problems.entry(country).or_insert(&problem.what);
            }
        }
        world
    }

    pub(super) fn available(&self, wallet: WalletId) -> Option<Amount> {
        self.snapshot.available(wallet)
    }

    /// Another currency that the wallet's country shows, where it does not show the wallet's own.
    pub(super) fn other_currency(&self, wallet: WalletId) -> Option<Currency> {
        let readings = &self.snapshot.readings;
        if readings.contains_key(&wallet) {
            return None;
        }
        // Readings are ordered by country, then currency: a sibling would be the neighbour on one side.
        let neighbours = [readings.range(..wallet).next_back(), readings.range(wallet..).next()];
        let sibling = neighbours.into_iter().flatten().find(|(other, _)| other.country == wallet.country);
        sibling.map(|(other, _)| other.currency)
    }

    pub(super) fn problem(&self, country: Country) -> Option<&'a str> {
        self.problems.get(&country).copied()
    }

    pub(super) fn hold_on(&self, lane: Lane) -> Option<&'a Hold> {
        self.open_lanes.get(&lane).copied()
    }

    pub(super) fn held_from(&self, wallet: WalletId) -> Result<Amount, MoneyError> {
        self.held.get(&wallet).cloned().unwrap_or(Ok(Amount::ZERO))
    }

    /// What open intents bring into a wallet, beside those of [`World::unpriced_into`].
    pub(super) fn arriving(&self, wallet: WalletId) -> Result<Amount, MoneyError> {
        self.arriving.get(&wallet).cloned().unwrap_or(Ok(Amount::ZERO))
    }

    /// An open intent of which nobody knows what it brings into a wallet.
    pub(super) fn unpriced_into(&self, wallet: WalletId) -> Option<&'a Hold> {
        self.unpriced.get(&wallet).copied()
    }

    /// An open intent that a wallet's balance may or may not show already.
    pub(super) fn unsettled_at(&self, wallet: WalletId) -> Option<&'a Hold> {
        self.unsettled.get(&wallet).copied()
    }

    pub(super) fn waiting(&self, currency: Currency) -> Result<Amount, MoneyError> {
        self.waiting.get(&currency).cloned().unwrap_or(Ok(Amount::ZERO))
    }
}

/// Adds to a sum, which stays an error once it is one.
fn add<K: Ord>(sums: &mut BTreeMap<K, Result<Amount, MoneyError>>, key: K, amount: Amount) {
    let sum = sums.entry(key).or_insert(Ok(Amount::ZERO));
    *sum = sum.clone().and_then(|sum| sum.checked_add(amount));
}
