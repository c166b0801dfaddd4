//! The guard on exchange rates: what a rate is compared with, and how far it is from it. Used where a plan is made,
//! before a send and where applied rates are shown.
//!
//! A comparison never divides: a written rate that serves the opposite direction is multiplied with the rate, and the
//! product compared with one.

use crate::model::{RateReference as Reference, ReferenceKind};
use crate::money::{Amount, Currency, MoneyError, Percent, Rate};
use crate::policy::{Fx, FxReference};
use rust_decimal::{Decimal, RoundingStrategy};

/// The rate that the peg to the euro sets between two currencies: 1 between XAF and XOF, which both stand at 655.957 to
/// the euro. `None` for every other pair.
#[must_use]
pub fn peg(pair: (Currency, Currency)) -> Option<Rate> {
    let pegged = [(Currency::XAF, Currency::XOF), (Currency::XOF, Currency::XAF)];
    pegged.contains(&pair).then_some(Rate::ONE)
}

/// What the rate of a pair (source, destination) is compared with, where `last` is the rate KPay last applied to that
/// same pair (`Standing::rates`). `None` where there is nothing to compare with.
///
/// Without a written reference it is the peg where there is one, else `last`. A reference stands whether or not a
/// `max_spread` does.
#[must_use]
pub fn reference_rate(fx: &Fx, pair: (Currency, Currency), last: Option<Rate>) -> Option<Reference> {
    let direct = |kind| move |rate| Reference { rate, inverse: false, kind };
    let pegged = || peg(pair).map(direct(ReferenceKind::Peg));
    let last = || last.map(direct(ReferenceKind::Last));
    match &fx.reference {
        None => pegged().or_else(last),
        Some(FxReference::Peg) => pegged(),
        Some(FxReference::Last) => last(),
        Some(FxReference::Fixed(written)) => {
            let opposite = || written.get(&(pair.1, pair.0));
            let turned = |rate: &Rate| Reference { rate: *rate, inverse: true, kind: ReferenceKind::Fixed };
            written.get(&pair).copied().map(direct(ReferenceKind::Fixed)).or_else(|| opposite().map(turned))
        }
    }
}

/// Whether a rate is further from the reference than the spread allows, either way; exactly the spread is not over.
///
/// # Errors
/// [`MoneyError::Overflow`] where the exact figures need more than 28 digits: the rate must not be used.
pub fn is_over(reference: Reference, rate: Rate, max_spread: Percent) -> Result<bool, MoneyError> {
    let (seen, wanted) = compared(reference, rate)?;
    let distance = Amount::new(seen.checked_sub(wanted)?.decimal().abs());
    Ok(distance > wanted.checked_mul(max_spread.factor()?)?)
}

/// How far a rate is from the reference, in basis points (hundredths of a percent), rounded to two decimals for people:
/// below zero where the rate brings less than the reference would. `None` where the figures do not fit.
#[must_use]
pub fn basis_points(reference: Reference, rate: Rate) -> Option<Decimal> {
    let (seen, wanted) = compared(reference, rate).ok()?;
    let distance = seen.checked_sub(wanted).ok()?.decimal();
    let points = distance.checked_mul(Decimal::from(10_000))?.checked_div(wanted.decimal())?;
    Some(points.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize())
}

/// What to compare, exactly: the rate with its reference, or their product with one.
fn compared(reference: Reference, rate: Rate) -> Result<(Amount, Amount), MoneyError> {
    let (seen, reference_rate) = (Amount::new(rate.decimal()), Amount::new(reference.rate.decimal()));
    if reference.inverse {
        return Ok((seen.checked_mul(reference_rate.decimal())?, Amount::whole(1)));
    }
    Ok((seen, reference_rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const XAF_XOF: (Currency, Currency) = (Currency::XAF, Currency::XOF);
    const KES_XAF: (Currency, Currency) = (Currency::KES, Currency::XAF);

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    fn fixed(pair: (Currency, Currency), text: &str) -> FxReference {
        FxReference::Fixed([(pair, rate(text))].into())
    }

    fn shown(reference: Option<FxReference>, pair: (Currency, Currency), last: Option<&str>) -> Option<String> {
        let fx = Fx { allow: true, max_spread: None, reference };
        reference_rate(&fx, pair, last.map(rate)).map(|reference| reference.to_string())
    }

    #[test]
    fn the_reference_is_the_peg_the_last_rate_or_what_is_written() {
        let cases = [
            (None, XAF_XOF, Some("1.0153"), Some("1 (the peg to the euro)")),
            (None, KES_XAF, Some("4.50"), Some("4.5 (the last applied rate)")),
            (None, KES_XAF, None, None),
            (Some(FxReference::Peg), (Currency::XOF, Currency::XAF), None, Some("1 (the peg to the euro)")),
            (Some(FxReference::Peg), KES_XAF, Some("4.5"), None),
            (Some(FxReference::Last), XAF_XOF, Some("1.0153"), Some("1.0153 (the last applied rate)")),
            (Some(FxReference::Last), XAF_XOF, None, None),
            (Some(fixed(XAF_XOF, "1.01")), XAF_XOF, Some("1.0153"), Some("1.01 (written in the policy)")),
            (
                Some(fixed((Currency::XAF, Currency::KES), "0.22")),
                KES_XAF,
                None,
                Some("1 ÷ 0.22 (written in the policy)"),
            ),
            (Some(fixed(XAF_XOF, "1.01")), KES_XAF, Some("4.5"), None),
        ];
        for (reference, pair, last, expected) in cases {
            let described = format!("{reference:?} {pair:?} {last:?}");
            assert_eq!(shown(reference, pair, last).as_deref(), expected, "{described}");
        }
    }

    #[test]
    fn the_spread_is_two_sided_and_exactly_as_far_is_allowed() {
        let cases = [
            ("1", false, "1.015", "1.5%", false, "150"),
            ("1", false, "1.01500001", "1.5%", true, "150"),
            ("1", false, "0.985", "1.5%", false, "-150"),
            ("1", false, "0.9849", "1.5%", true, "-151"),
            ("1", false, "1", "0%", false, "0"),
            ("1", false, "1.0153", "0%", true, "153"),
            ("4.5", false, "4.5675", "1.5%", false, "150"),
            ("4.5", false, "4.567501", "1.5%", true, "150"),
            ("3", false, "3.0001", "1%", false, "0.33"),
            ("0.2", true, "5", "0%", false, "0"),
            ("0.2", true, "5.1", "1%", true, "200"),
            ("0.2", true, "4.9", "2%", false, "-200"),
            ("1", false, "0.01", "100%", false, "-9900"),
            ("1", false, "2.01", "100%", true, "10100"),
        ];
        for (known, inverse, seen, spread, over, points) in cases {
            let reference = Reference { rate: rate(known), inverse, kind: ReferenceKind::Fixed };
            assert_eq!(is_over(reference, rate(seen), spread.parse().unwrap()), Ok(over), "{known} {seen} {spread}");
            assert_eq!(basis_points(reference, rate(seen)).unwrap().to_string(), points, "{known} {seen}");
        }
    }

    #[test]
    fn figures_that_do_not_fit_are_no_figures() {
        let reference = Reference { rate: rate("0.123456789012345678"), inverse: true, kind: ReferenceKind::Fixed };
        let long = rate("4.512345678901234567890123");
        assert!(is_over(reference, long, Percent::HUNDRED).is_err());
        assert_eq!(basis_points(reference, long), None);
    }

    proptest! {
        /// The opposite direction's written rate decides as the same rate written for the pair would, where its inverse
        /// is exact.
        #[test]
        fn both_directions_decide_alike(halvings in 0_u32..10, seen in 1_i64..4_000_000, spread in 0_i64..30_000) {
            let (two, half) = (Decimal::TWO, Decimal::new(5, 1));
            let power = |base: Decimal| (0..halvings).try_fold(Decimal::ONE, |all, _| all.checked_mul(base)).unwrap();
            let of = |known, inverse| Reference {
                rate: Rate::new(known).unwrap(), inverse, kind: ReferenceKind::Fixed
            };
            let (direct, turned) = (of(power(two), false), of(power(half), true));
            let seen = Rate::new(Decimal::new(seen, 3)).unwrap();
            let spread = Percent::new(Decimal::new(spread, 2)).unwrap();
            prop_assert_eq!(is_over(direct, seen, spread), is_over(turned, seen, spread));
            prop_assert_eq!(basis_points(direct, seen), basis_points(turned, seen));
        }
    }
}
