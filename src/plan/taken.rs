//! What the plan in the making has given out so far. Money on its way in is deliberately not kept: it is never spent in
//! the same plan.

use crate::model::{Lane, WalletId};
use crate::money::{Amount, Currency, MoneyError};
use std::collections::BTreeMap;

/// Lanes, funds and counts given to some policies.
#[derive(Debug, Default)]
struct Given<'a> {
    lanes: BTreeMap<Lane, &'a str>,
    from: BTreeMap<WalletId, Amount>,
    by_currency: BTreeMap<Currency, Amount>,
    transfers: usize,
}

/// What was given to live policies, and, apart from it, to the shadow policy at hand: that one sees both, the others
/// never see its own.
#[derive(Debug, Default)]
pub(super) struct Taken<'a> {
    live: Given<'a>,
    shadow: Given<'a>,
    /// What the policy at hand took in its slot, by source currency.
    in_slot: BTreeMap<Currency, Amount>,
}

impl<'a> Taken<'a> {
    /// Another policy begins.
    pub(super) fn begin_policy(&mut self) {
        self.shadow = Given::default();
        self.in_slot.clear();
    }

    /// The policy that has the lane.
    pub(super) fn lane(&self, lane: Lane) -> Option<&'a str> {
        self.live.lanes.get(&lane).or_else(|| self.shadow.lanes.get(&lane)).copied()
    }

    pub(super) fn from(&self, wallet: WalletId) -> Result<Amount, MoneyError> {
        sum(&self.live.from, &self.shadow.from, &wallet)
    }

    pub(super) fn in_currency(&self, currency: Currency) -> Result<Amount, MoneyError> {
        sum(&self.live.by_currency, &self.shadow.by_currency, &currency)
    }

    pub(super) fn in_slot(&self, currency: Currency) -> Amount {
        self.in_slot.get(&currency).copied().unwrap_or(Amount::ZERO)
    }

    pub(super) fn transfers(&self) -> usize {
        self.live.transfers + self.shadow.transfers
    }

    /// Gives a lane to a policy. Nothing is kept where a sum has no room.
    pub(super) fn give(
        &mut self,
        policy: &'a str,
        lane: Lane,
        amount: Amount,
        transfers: usize,
        shadow: bool,
    ) -> Result<(), MoneyError> {
        let currency = lane.from.currency;
        let given = if shadow { &mut self.shadow } else { &mut self.live };
        let of = |sum: Option<&Amount>| sum.copied().unwrap_or(Amount::ZERO).checked_add(amount);
        let from = of(given.from.get(&lane.from))?;
        let by_currency = of(given.by_currency.get(&currency))?;
        let in_slot = of(self.in_slot.get(&currency))?;
        given.lanes.insert(lane, policy);
        given.from.insert(lane.from, from);
        given.by_currency.insert(currency, by_currency);
        given.transfers += transfers;
        self.in_slot.insert(currency, in_slot);
        Ok(())
    }
}

fn sum<K: Ord>(one: &BTreeMap<K, Amount>, other: &BTreeMap<K, Amount>, key: &K) -> Result<Amount, MoneyError> {
    let of = |sums: &BTreeMap<K, Amount>| sums.get(key).copied().unwrap_or(Amount::ZERO);
    of(one).checked_add(of(other))
}
