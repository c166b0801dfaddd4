//! What is counted over all wallets while a simulation runs.

use super::{Figures, LaneMoves, Move, PaidOut, PolicyMoves, SkipCount, Sum, WalletFigures};
use crate::model::{Destination, Reason, Timestamp};
use crate::money::{Amount, Country, Currency, MoneyError};
use crate::plan::peg;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Tally {
    by_lane: BTreeMap<(Country, Destination, Currency), (usize, Amount)>,
    by_policy: BTreeMap<(String, Currency), (usize, Amount)>,
    moved: BTreeMap<Currency, Amount>,
    fees: BTreeMap<Currency, Amount>,
    paid_out: BTreeMap<Currency, PaidOut>,
    fx_cost: BTreeMap<Currency, Amount>,
    skips: BTreeMap<Reason, usize>,
    needed_approval: usize,
    transfers: Vec<Move>,
}

impl Tally {
    /// Reasons of one decision; a slot that was not up is none.
    pub(super) fn skips(&mut self, reasons: impl Iterator<Item = Reason>) {
        for reason in reasons.filter(|reason| !reason.was_not_up()) {
            *self.skips.entry(reason).or_default() += 1;
        }
    }

    pub(super) fn moved(&mut self, done: Move, needs_approval: bool) -> Result<(), MoneyError> {
        let (amount, currency) = (done.amount, done.currency);
        add(self.by_lane.entry((done.from, done.to, currency)).or_default(), amount)?;
        add(self.by_policy.entry((done.policy.clone(), currency)).or_default(), amount)?;
        let moved = self.moved.entry(currency).or_default();
        *moved = moved.checked_add(amount)?;
        let net = amount.checked_sub(done.fee)?;
        let fees = self.fees.entry(currency).or_default();
        *fees = fees.checked_add(done.fee)?;
        if matches!(done.to, Destination::Payee(_)) {
            self.paid_out(currency, amount, done.fee, net)?;
        }
        if currency != done.credit_currency {
            // At the peg of 1 what arrives is worth its own figure in the source's currency.
            let pegged = peg((currency, done.credit_currency)).is_some();
            let cost = if pegged { net.checked_sub(done.credited)? } else { Amount::ZERO };
            let sum = self.fx_cost.entry(currency).or_default();
            *sum = sum.checked_add(cost)?;
        }
        self.needed_approval += usize::from(needs_approval);
        self.transfers.push(done);
        Ok(())
    }

    fn paid_out(&mut self, currency: Currency, gross: Amount, fee: Amount, net: Amount) -> Result<(), MoneyError> {
        let nothing = PaidOut { currency, payouts: 0, gross: Amount::ZERO, fee: Amount::ZERO, net: Amount::ZERO };
        let sum = self.paid_out.entry(currency).or_insert(nothing);
        *sum = PaidOut {
            currency,
            payouts: sum.payouts + 1,
            gross: sum.gross.checked_add(gross)?,
            fee: sum.fee.checked_add(fee)?,
            net: sum.net.checked_add(net)?,
        };
        Ok(())
    }

    pub(super) fn figures(
        self,
        policy_hash: &str,
        (from, to): (Timestamp, Timestamp),
        wallets: Vec<WalletFigures>,
    ) -> Figures {
        let sums = |sums: BTreeMap<Currency, Amount>| {
            sums.into_iter().map(|(currency, amount)| Sum { amount, currency }).collect::<Vec<_>>()
        };
        Figures {
            policy_hash: policy_hash.to_owned(),
            from,
            to,
            moves: self.transfers.len(),
            needed_approval: self.needed_approval,
            by_lane: self
                .by_lane
                .into_iter()
                .map(|((from, to, currency), (moves, amount))| LaneMoves { from, to, moves, amount, currency })
                .collect(),
            by_policy: self
                .by_policy
                .into_iter()
                .map(|((policy, currency), (moves, amount))| PolicyMoves { policy, moves, amount, currency })
                .collect(),
            fees: sums(self.fees),
            paid_out: self.paid_out.into_values().collect(),
            moved: sums(self.moved),
            fx_cost: sums(self.fx_cost),
            wallets,
            skips: self.skips.into_iter().map(|(reason, count)| SkipCount { reason, count }).collect(),
            transfers: self.transfers,
        }
    }
}

fn add((count, sum): &mut (usize, Amount), amount: Amount) -> Result<(), MoneyError> {
    *count += 1;
    *sum = sum.checked_add(amount)?;
    Ok(())
}
