//! Currencies that are crossed: whether the policy allows it, and whether the rate is near enough to its reference.

use super::Breach;
use super::review::Review;
use super::rules::part;
use crate::model::Lane;
use crate::money::{Amount, Currency, Rate};
use crate::policy::{Fx, FxReference, Policy};
use rust_decimal::Decimal;

impl Review<'_> {
    /// Two currencies only with leave, with a rate, and with one that is not too far off.
    pub(super) fn crossing(&mut self, policy: &Policy, lane: Lane) {
        let (from, to) = (lane.from.currency, lane.to.currency);
        if from == to {
            return;
        }
        let rate = self.inputs.rates.get(&(from, to));
        self.object_if(!policy.fx.allow || rate.is_none(), Breach::FxRefused);
        let far = rate.is_some_and(|rate| !self.is_trusted(&policy.fx, from, to, *rate));
        self.object_if(far, Breach::SpreadTooWide);
    }

    /// Whether a rate may be used, to move by or to compare wallets at.
    pub(super) fn is_trusted(&self, fx: &Fx, from: Currency, to: Currency, rate: Rate) -> bool {
        let Some(spread) = fx.max_spread else { return true };
        let last = self.inputs.standing.rates.get(&(from, to)).map(|last| last.rate);
        let compared = compare(fx, from, to, last, rate);
        compared.and_then(|(seen, reference)| is_near(seen, reference, spread.percent())) == Some(true)
    }
}

/// What to hold against what: the rate against the reference of its pair, or their product against one.
fn compare(fx: &Fx, from: Currency, to: Currency, last: Option<Rate>, rate: Rate) -> Option<(Decimal, Decimal)> {
    let rate = rate.decimal();
    let franc = |currency| currency == Currency::XAF || currency == Currency::XOF;
    let peg = (franc(from) && franc(to)).then_some((rate, Decimal::ONE));
    let last = last.map(|last| (rate, last.decimal()));
    match &fx.reference {
        None => peg.or(last),
        Some(FxReference::Peg) => peg,
        Some(FxReference::Last) => last,
        Some(FxReference::Fixed(written)) => match (written.get(&(from, to)), written.get(&(to, from))) {
            (Some(direct), _) => Some((rate, direct.decimal())),
            (None, Some(opposite)) => Some((exact(rate, opposite.decimal())?, Decimal::ONE)),
            (None, None) => None,
        },
    }
}

/// `−reference × percent ≤ (seen − reference) × 100 ≤ reference × percent`, with the hundredth on the other side: a rate may
/// have so many digits that a hundred times as much does not fit.
fn is_near(seen: Decimal, reference: Decimal, percent: Decimal) -> Option<bool> {
    let reference = Amount::new(reference);
    let room = part(reference, percent)?.decimal();
    let gap = Amount::new(seen).checked_sub(reference).ok()?.decimal();
    Some(gap <= room && -gap <= room)
}

fn exact(left: Decimal, right: Decimal) -> Option<Decimal> {
    Amount::new(left).checked_mul(right).ok().map(Amount::decimal)
}
