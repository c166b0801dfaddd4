//! Currencies that are crossed: whether the policy allows it, and whether the rate is near enough to its reference.

use super::Breach;
use super::review::Review;
use crate::model::Lane;
use crate::money::{Currency, Rate};
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
        let (Some(rate), Some(spread)) = (rate, policy.fx.max_spread) else { return };
        let last = self.inputs.standing.rates.get(&(from, to)).map(|last| last.rate);
        let near = compare(&policy.fx, from, to, last, *rate)
            .and_then(|(seen, reference)| is_near(seen, reference, spread.percent()));
        self.object_if(near != Some(true), Breach::SpreadTooWide);
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

/// `reference × (100 − percent) ≤ seen × 100 ≤ reference × (100 + percent)`.
fn is_near(seen: Decimal, reference: Decimal, percent: Decimal) -> Option<bool> {
    let hundred = Decimal::ONE_HUNDRED;
    let seen = exact(seen, hundred)?;
    let least = exact(reference, hundred.checked_sub(percent)?)?;
    let most = exact(reference, hundred.checked_add(percent)?)?;
    Some(least <= seen && seen <= most)
}

fn exact(left: Decimal, right: Decimal) -> Option<Decimal> {
    crate::money::Amount::new(left).checked_mul(right).ok().map(crate::money::Amount::decimal)
}
