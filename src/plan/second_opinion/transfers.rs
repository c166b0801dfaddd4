//! The wallets of a lane, and each of its transfers: amount, part, id, rate, credit.

use super::Breach;
use super::review::Review;
use super::rules::part;
use crate::model::{ExternalId, IdParts, Kind, Lane, Moment, Slot, WalletId};
use crate::money::Rate;
use crate::plan::PlannedTransfer;
use crate::planted::{self, Mistake};
use crate::policy::Policy;
use rust_decimal::Decimal;

impl Review<'_> {
    /// Two countries, each in its own currency, read as expected, and the source's reading fresh.
    pub(super) fn lane_wallets(&mut self, policy: &Policy, lane: Lane) {
        let Lane { from, to } = lane;
        let is_transfer = to.payee.is_none();
        self.object_if(is_transfer && from.country == to.country, Breach::SameWallet);
        let at_home = |wallet: WalletId| wallet.country.currency() == Some(wallet.currency);
        self.object_if(!lane.wallets().all(at_home), Breach::WrongCurrency);
        let trouble = lane.wallets().any(|wallet| self.illegible.contains(&wallet.country));
        // A destination may be missing, but not shown in other currencies only.
        let readings = &self.inputs.snapshot.readings;
        let foreign = |wallet: WalletId| !readings.contains_key(&wallet) && self.countries.contains(&wallet.country);
        let foreign = to.wallet().is_some_and(foreign);
        self.object_if(trouble || foreign || !readings.contains_key(&from), Breach::NotRead);
        self.object_if(self.inputs.standing.frozen.contains_key(&from), Breach::Frozen);
        self.freshness(from);
        self.crossing(policy, lane);
    }

    pub(super) fn freshness(&mut self, source: WalletId) {
        let Some(last) = self.inputs.standing.outflows.get(&source) else { return };
        let snapshot = self.inputs.snapshot;
        let unchanged = snapshot.readings.get(&source).is_some_and(|reading| reading.available == last.before);
        let stale = (unchanged || snapshot.taken_at < last.applied_at) && !planted::is(Mistake::UnmovedBalanceBelieved);
        self.object_if(stale, Breach::Stale);
    }

    /// Parts 1 to n of one lane.
    pub(super) fn parts(&mut self, policy: &Policy, slot: Option<Slot>, lane: Lane, parts: &[&PlannedTransfer]) {
        let numbered = parts.iter().enumerate().all(|(index, transfer)| {
            usize::from(transfer.part) == index + 1 && usize::from(transfer.parts) == parts.len()
        });
        self.object_if(!numbered || parts.len() > 99, Breach::BrokenParts);
        for transfer in parts {
            self.object_if(transfer.kind != lane.kind(), Breach::UnknownMove);
            self.amount(policy, transfer);
            self.rate(lane, transfer);
            self.id(slot, lane, transfer);
        }
    }

    fn amount(&mut self, policy: &Policy, transfer: &PlannedTransfer) {
        let (amount, currency) = (transfer.amount.decimal(), transfer.currency);
        let largest = policy.limits.max_transfer.get(&currency).map_or(Decimal::MAX, |most| most.decimal());
        let by_kpay = Decimal::from(if transfer.kind == Kind::Payout { 500_000 } else { 10_000_000 });
        let is_sendable = amount <= by_kpay || planted::is(Mistake::LargestIgnored);
        let in_bounds = amount >= Decimal::from(100) && is_sendable && amount <= largest;
        self.object_if(!in_bounds, Breach::OutOfBounds);
        let multiple_of = |step: Decimal| amount.checked_rem(step).is_some_and(|rest| rest.is_zero());
        let unit = Decimal::new(1, currency.decimals_sent());
        let step = policy.limits.round_down_to.get(&currency).map_or(unit, |step| step.decimal());
        self.object_if(!multiple_of(unit) || !multiple_of(step), Breach::WrongUnits);
    }

    fn rate(&mut self, lane: Lane, transfer: &PlannedTransfer) {
        let (from, to) = (lane.from.currency, lane.to.currency);
        let rate = if from == to { Some(Rate::ONE) } else { self.inputs.rates.get(&(from, to)).copied() };
        let same_rate = transfer.expected_rate == rate;
        // A credit that is not told is fine; one that is told is exact.
        let exact = transfer.expected_credit.zip(rate).is_none_or(|(credit, rate)| {
            let mut arrives = transfer.amount;
            if lane.to.payee.is_some() {
                // Five in a hundred stay with KPay.
                let Some(fee) = part(arrives, Decimal::from(5)) else { return false };
                let Ok(net) = arrives.checked_sub(fee) else { return false };
                arrives = net;
            }
            arrives.checked_mul(rate.decimal()) == Ok(credit)
        });
        self.object_if(!same_rate || !exact, Breach::WrongRate);
    }

    fn id(&mut self, slot: Option<Slot>, lane: Lane, transfer: &PlannedTransfer) {
        let derived = self.inputs.identity.zip(slot).map(|(identity, slot)| {
            ExternalId::derive(&IdParts {
                identity,
                kind: transfer.kind,
                source: lane.from.country.code(),
                destination: &lane.to.to_string(),
                moment: Moment::Slot(slot),
                part: transfer.part,
            })
        });
        let unique = transfer.external_id.as_ref().is_none_or(|id| self.ids.insert(id.as_str().to_owned()));
        self.object_if(transfer.external_id != derived || !unique, Breach::WrongId);
    }
}
