//! The rate KPay really applied, beside what it was expected to be.

use super::{Outcome, Tracked};
use crate::model::{RateReference, ReferenceKind};
use crate::money::{Percent, Rate};
use crate::plan::{basis_points, is_over, peg};
use rust_decimal::Decimal;
use std::fmt;

/// An applied rate between two currencies and how far it is from what it is compared with. Basis points are hundredths of
/// a percent, below zero where the rate brought less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedFx {
    /// What KPay applied.
    pub applied: Rate,
    /// The reference of the decision; where none was kept, the peg.
    pub reference: Option<RateReference>,
    /// How far the applied rate is from it.
    pub off_reference_bp: Option<Decimal>,
    /// KPay's indicative rate at the decision.
    pub indicative: Option<Rate>,
    /// How far the applied rate is from that.
    pub off_indicative_bp: Option<Decimal>,
    /// The spread that was allowed, where the applied rate is over it.
    pub over: Option<Percent>,
}

impl Tracked {
    /// The applied rate with its comparisons; `None` within one currency, and while nobody gave it.
    #[must_use]
    pub fn applied_fx(&self) -> Option<AppliedFx> {
        let lane = self.intent.lane;
        if self.outcome != Outcome::Applied || !lane.crosses_currencies() {
            return None;
        }
        let applied = self.facts.as_ref()?.exchange_rate?;
        let terms = self.intent.fx;
        let reference = reference_of(terms.and_then(|fx| fx.reference), (lane.from.currency, lane.to.currency));
        let allowed = terms.and_then(|fx| fx.max_spread).zip(reference);
        // A rate too long to compare is worth a look as well.
        let over = allowed.filter(|(spread, reference)| is_over(*reference, applied, *spread) != Ok(false));
        let indicative = self.intent.indicative_rate;
        Some(AppliedFx {
            applied,
            reference,
            off_reference_bp: reference.and_then(|reference| basis_points(reference, applied)),
            indicative,
            off_indicative_bp: indicative.and_then(|rate| basis_points(plainly(rate), applied)),
            over: over.map(|(spread, _)| spread),
        })
    }
}

/// The reference that was kept, else the peg.
#[must_use]
pub fn reference_of(
    kept: Option<RateReference>,
    pair: (crate::money::Currency, crate::money::Currency),
) -> Option<RateReference> {
    kept.or_else(|| peg(pair).map(|rate| RateReference { rate, inverse: false, kind: ReferenceKind::Peg }))
}

/// A rate of the pair itself as something to compare with.
#[must_use]
pub fn plainly(rate: Rate) -> RateReference {
    RateReference { rate, inverse: false, kind: ReferenceKind::Fixed }
}

/// `1.0153 applied; +153 bp against 1 (the peg to the euro); 0 bp against the indicative 1.0153`.
impl fmt::Display for AppliedFx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} applied", self.applied)?;
        if let (Some(reference), Some(points)) = (self.reference, self.off_reference_bp) {
            write!(f, "; {} bp against {reference}", signed(points))?;
        }
        if let (Some(indicative), Some(points)) = (self.indicative, self.off_indicative_bp) {
            write!(f, "; {} bp against the indicative {indicative}", signed(points))?;
        }
        Ok(())
    }
}

/// With its sign, so that nobody has to guess which way is dearer.
#[must_use]
pub fn signed(points: Decimal) -> String {
    if points > Decimal::ZERO { format!("+{points}") } else { points.to_string() }
}
