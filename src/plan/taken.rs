//! What the plan in the making has given out so far. What it sends into a wallet is kept for judging a need; it is
//! never spent in the same plan.

use super::grant::Moved;
use crate::model::{Lane, WalletId};
use crate::money::{Amount, Currency, MoneyError};
use std::collections::BTreeMap;

/// Lanes, funds and counts given to some policies.
#[derive(Debug, Default)]
struct Given<'a> {
    lanes: BTreeMap<Lane, &'a str>,
    from: BTreeMap<WalletId, Amount>,
    /// `None`: a credit that cannot be counted exactly.
    into: BTreeMap<WalletId, Option<Amount>>,
    by_currency: BTreeMap<Currency, Amount>,
    transfers: usize,
}

/// What all policies send, and, apart from it, what the policy at hand would send beside that if it were live: a shadow
/// policy everything, a canary the rest. That policy sees both, the others never see the second.
#[derive(Debug, Default)]
pub(super) struct Taken<'a> {
    sent: Given<'a>,
    as_if: Given<'a>,
    /// What the policy at hand took in its slot, by source currency, as if it were live.
    in_slot: BTreeMap<Currency, Amount>,
    /// What it really sends of that.
    really_in_slot: BTreeMap<Currency, Amount>,
}

impl<'a> Taken<'a> {
    /// Another policy begins.
    pub(super) fn begin_policy(&mut self) {
        self.as_if = Given::default();
        self.in_slot.clear();
        self.really_in_slot.clear();
    }

    /// The policy that has the lane.
    pub(super) fn lane(&self, lane: Lane) -> Option<&'a str> {
        self.sent.lanes.get(&lane).or_else(|| self.as_if.lanes.get(&lane)).copied()
    }

    pub(super) fn from(&self, wallet: WalletId) -> Result<Amount, MoneyError> {
        sum(&self.sent.from, &self.as_if.from, &wallet)
    }

    /// What this plan sends into a wallet, at the indicative rates.
    pub(super) fn into(&self, wallet: WalletId) -> Result<Amount, MoneyError> {
        let of = |given: &Given<'_>| given.into.get(&wallet).copied().unwrap_or(Some(Amount::ZERO));
        let (sent, as_if) =
            of(&self.sent).zip(of(&self.as_if)).ok_or(MoneyError::Overflow("what is sent into a wallet"))?;
        sent.checked_add(as_if)
    }

    pub(super) fn in_currency(&self, currency: Currency) -> Result<Amount, MoneyError> {
        sum(&self.sent.by_currency, &self.as_if.by_currency, &currency)
    }

    pub(super) fn in_slot(&self, currency: Currency) -> Amount {
        self.in_slot.get(&currency).copied().unwrap_or(Amount::ZERO)
    }

    pub(super) fn really_in_slot(&self, currency: Currency) -> Amount {
        self.really_in_slot.get(&currency).copied().unwrap_or(Amount::ZERO)
    }

    pub(super) fn transfers(&self) -> usize {
        self.sent.transfers + self.as_if.transfers
    }

    /// Gives a lane to a policy: what is sent over it, and what would be beside that if the policy were live. Nothing is
    /// kept where a sum has no room.
    pub(super) fn give(&mut self, policy: &'a str, lane: Lane, sent: Moved, as_if: Moved) -> Result<(), MoneyError> {
        let in_slot = self.in_slot(lane.from.currency).checked_add(sent.amount)?.checked_add(as_if.amount)?;
        let really_in_slot = self.really_in_slot(lane.from.currency).checked_add(sent.amount)?;
        let sent = self.sent.with(policy, lane, sent)?;
        let as_if = self.as_if.with(policy, lane, as_if)?;
        self.sent.keep(lane, &sent);
        self.as_if.keep(lane, &as_if);
        self.in_slot.insert(lane.from.currency, in_slot);
        self.really_in_slot.insert(lane.from.currency, really_in_slot);
        Ok(())
    }
}

/// What is on its way in is an estimate at the indicative rate: its last digits mean nothing, and would leave no room for
/// exact shares of it.
pub(super) const ARRIVING_DECIMALS: u32 = 6;

/// New sums for one lane, ready to be kept.
struct Sums<'a> {
    policy: Option<&'a str>,
    from: Amount,
    into: Option<Amount>,
    by_currency: Amount,
    transfers: usize,
}

impl<'a> Given<'a> {
    fn with(&self, policy: &'a str, lane: Lane, moved: Moved) -> Result<Sums<'a>, MoneyError> {
        let of = |sum: Option<&Amount>| sum.copied().unwrap_or(Amount::ZERO).checked_add(moved.amount);
        let before = lane.to.wallet().and_then(|wallet| self.into.get(&wallet)).copied().unwrap_or(Some(Amount::ZERO));
        Ok(Sums {
            policy: moved.amount.is_positive().then_some(policy),
            from: of(self.from.get(&lane.from))?,
            into: before
                .zip(moved.credit)
                .and_then(|(before, credit)| before.checked_add(credit.cut_to(ARRIVING_DECIMALS)).ok()),
            by_currency: of(self.by_currency.get(&lane.from.currency))?,
            transfers: self.transfers.saturating_add(moved.transfers),
        })
    }

    fn keep(&mut self, lane: Lane, sums: &Sums<'a>) {
        let Some(policy) = sums.policy else { return };
        self.lanes.insert(lane, policy);
        self.from.insert(lane.from, sums.from);
        if let Some(wallet) = lane.to.wallet() {
            self.into.insert(wallet, sums.into);
        }
        self.by_currency.insert(lane.from.currency, sums.by_currency);
        self.transfers = sums.transfers;
    }
}

fn sum<K: Ord>(one: &BTreeMap<K, Amount>, other: &BTreeMap<K, Amount>, key: &K) -> Result<Amount, MoneyError> {
    let of = |sums: &BTreeMap<K, Amount>| sums.get(key).copied().unwrap_or(Amount::ZERO);
    of(one).checked_add(of(other))
}
