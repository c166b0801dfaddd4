//! Amounts and money: exact, checked, and never rounded by accident.

use super::{Currency, MoneyError, Number, read_plain_decimal};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// An exact decimal amount in major units of some currency known from context.
///
/// Serialized as a decimal *string* (journal, plan, books); on KPay's wire it is a JSON number ([`Amount::to_wire`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Takes an exact decimal as it is.
    #[must_use]
    pub fn new(decimal: Decimal) -> Self {
        Self(decimal)
    }

    /// A whole number of units.
    #[must_use]
    pub fn whole(units: i64) -> Self {
        Self(Decimal::from(units))
    }

    /// The decimal inside.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The amount as KPay's wire wants it: a JSON number without needless zeros.
    #[must_use]
    pub fn to_wire(self) -> Number {
        Number(self.0.normalize())
    }

    /// # Errors
    /// [`MoneyError::Overflow`] where the exact sum has no room.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        exact(self.0, other.0, Decimal::checked_add, "a sum")
    }

    /// # Errors
    /// [`MoneyError::Overflow`] where the exact difference has no room.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        exact(self.0, other.0, Decimal::checked_sub, "a difference")
    }

    /// `self × factor`, exact: refused where digits would be lost.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] where the exact product needs more than 28 digits.
    pub fn checked_mul(self, factor: Decimal) -> Result<Self, MoneyError> {
        let (left, right) = (self.0.normalize(), factor.normalize());
        let product = left.checked_mul(right).ok_or(MoneyError::Overflow("a product"))?;
        // rust_decimal drops digits of a product past its 28; fewer decimals than the factors had means just that,
        // unless the product is zero.
        if !product.is_zero() && product.scale() < left.scale() + right.scale() {
            return Err(MoneyError::Overflow("a product"));
        }
        Ok(Self(product))
    }

    /// The smallest multiple of `unit` whose product with `factor` is at least this amount; zero for an amount that is
    /// not positive. The quotient is only a guess; what decides is the exact product.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] where the figures have no room, or `factor` or `unit` is not positive.
    pub fn divided_up(self, factor: Decimal, unit: Self) -> Result<Self, MoneyError> {
        let overflow = || MoneyError::Overflow("a division");
        if !self.is_positive() {
            return Ok(Self::ZERO);
        }
        if factor <= Decimal::ZERO || !unit.is_positive() {
            return Err(overflow());
        }
        let quotient = self.0.checked_div(factor).and_then(|quotient| quotient.checked_div(unit.0));
        let below = quotient.ok_or_else(overflow)?.floor() - Decimal::TWO;
        let mut units = Self(below.max(Decimal::ZERO));
        if units.is_positive() && units.checked_mul(unit.0)?.checked_mul(factor)? >= self {
            return Err(overflow());
        }
        for _ in 0..4 {
            units = units.checked_add(Self::whole(1))?;
            let multiple = units.checked_mul(unit.0)?;
            if multiple.checked_mul(factor)? >= self {
                return Ok(multiple);
            }
        }
        Err(overflow())
    }

    /// The largest multiple of `step` that is not above this amount; zero for a negative amount or a step that is not
    /// positive.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] where the division has no room.
    pub fn round_down_to(self, step: Self) -> Result<Self, MoneyError> {
        if self.0 <= Decimal::ZERO || step.0 <= Decimal::ZERO {
            return Ok(Self::ZERO);
        }
        let rest = self.0.checked_rem(step.0).ok_or(MoneyError::Overflow("a division"))?;
        self.checked_sub(Self(rest)).map(Self::normalized)
    }

    /// This amount in the smallest units that KPay sends of `currency`, rounded down (CONTRACT 4).
    #[must_use]
    pub fn round_down_for(self, currency: Currency) -> Self {
        Self(self.0.round_dp_with_strategy(currency.decimals_sent(), RoundingStrategy::ToZero)).normalized()
    }

    /// This amount without what it has beyond so many decimals: for estimates whose last digits mean nothing.
    #[must_use]
    pub fn cut_to(self, decimals: u32) -> Self {
        Self(self.0.round_dp_with_strategy(decimals, RoundingStrategy::ToZero)).normalized()
    }

    /// Whether this amount can be sent in `currency` as it is.
    #[must_use]
    pub fn is_sendable_in(self, currency: Currency) -> bool {
        self.0.normalize().scale() <= currency.decimals_sent()
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    /// The same amount without trailing zeros.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self(self.0.normalize())
    }

    /// With thin groups for people: `1 250 000.50`.
    #[must_use]
    pub fn grouped(self) -> String {
        let text = self.0.normalize().to_string();
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        let (whole, fraction) =
            digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
        let mut out = String::from(sign);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                out.push(' ');
            }
            out.push(digit);
        }
        if let Some(fraction) = fraction {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }
}

/// A sum or difference with every digit of it: `rust_decimal` rounds one that needs more than 28 digits, which shows in
/// fewer decimals than its operands have.
fn exact(
    left: Decimal,
    right: Decimal,
    operation: fn(Decimal, Decimal) -> Option<Decimal>,
    what: &'static str,
) -> Result<Amount, MoneyError> {
    let (left, right) = (left.normalize(), right.normalize());
    let result = operation(left, right).ok_or(MoneyError::Overflow(what))?;
    if !result.is_zero() && result.scale() < left.scale().max(right.scale()) {
        return Err(MoneyError::Overflow(what));
    }
    Ok(Amount(result))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.normalize().to_string())
    }
}

impl FromStr for Amount {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Ok(Self(read_plain_decimal(text)?))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount and its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// How much, in major units.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount.grouped(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn rounding_down_is_only_ever_down() {
        for (value, step, expected) in [
            ("230000", "1000", "230000"),
            ("230999.99", "1000", "230000"),
            ("999", "1000", "0"),
            ("-5", "1", "0"),
            ("10.059", "0.01", "10.05"),
            ("10", "0", "0"),
        ] {
            assert_eq!(amount(value).round_down_to(amount(step)).unwrap(), amount(expected), "{value} by {step}");
        }
        assert_eq!(amount("100.99").round_down_for(Currency::XAF), amount("100"));
        assert_eq!(amount("100.999").round_down_for(Currency::KES), amount("100.99"));
    }

    #[test]
    fn products_are_exact_or_refused() {
        let product = amount("100000").checked_mul("1.0153".parse().unwrap()).unwrap();
        assert_eq!(product, amount("101530"));
        let long: Decimal = "1.00000000000000000001".parse().unwrap();
        assert!(amount("12345678901.123456789").checked_mul(long).is_err());
        assert!(amount("79228162514264337593543950335").checked_add(Amount::whole(1)).is_err());
    }

    #[test]
    fn a_quotient_is_rounded_up_and_never_a_unit_too_far() {
        for (amount_, factor, unit, expected) in [
            ("300000", "1", "1", "300000"),
            ("300000.01", "1", "1", "300001"),
            ("300000", "1.0153", "1", "295480"),
            ("101530", "1.0153", "1", "100000"),
            ("101530.0001", "1.0153", "1", "100001"),
            ("1", "3", "0.01", "0.34"),
            ("0.01", "4.5", "0.01", "0.01"),
            ("500", "1", "1000", "1000"),
            ("0", "1", "1", "0"),
            ("-5", "1", "1", "0"),
        ] {
            let got = amount(amount_).divided_up(factor.parse().unwrap(), amount(unit));
            assert_eq!(got, Ok(amount(expected)), "{amount_} by {factor}");
        }
        for (factor, unit) in [("0", "1"), ("-1", "1"), ("1", "0"), ("1.234567890123456789012345678", "0.01")] {
            assert!(amount("12345678901.5").divided_up(factor.parse().unwrap(), amount(unit)).is_err(), "{factor}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_quotient_rounded_up_is_the_smallest_that_suffices(
            cents in 1_i64..10_000_000_000, factor in 1_i64..100_000_000, scale in 0_u32..8, step in 0_u32..3,
        ) {
            let (goal, factor) = (Amount::new(Decimal::new(cents, 2)), Decimal::new(factor, scale));
            let unit = Amount::new(Decimal::new(1, step));
            let found = goal.divided_up(factor, unit).unwrap();
            proptest::prop_assert!(found.checked_mul(factor).unwrap() >= goal);
            proptest::prop_assert!(found.checked_sub(unit).unwrap().checked_mul(factor).unwrap() < goal);
            proptest::prop_assert_eq!(found.round_down_to(unit).unwrap(), found);
        }
    }

    #[test]
    fn sums_are_exact_or_refused() {
        let large = amount("79228162514264337593543950335");
        assert!(large.checked_add(amount("0.4")).is_err());
        assert!(large.checked_sub(amount("0.4")).is_err());
        assert!(amount("1234567890123456789012345678").checked_sub(amount("0.01")).is_err());
        assert_eq!(amount("1.50").checked_sub(amount("1.5")), Ok(Amount::ZERO));
        assert_eq!(Amount::ZERO.checked_add(amount("0.05")), Ok(amount("0.05")));
        assert_eq!(amount("-10.25").checked_add(amount("10.5")), Ok(amount("0.25")));
    }

    #[test]
    fn people_see_groups() {
        for (value, expected) in [("0", "0"), ("100", "100"), ("1000", "1 000"), ("-1234567.5", "-1 234 567.5")] {
            assert_eq!(amount(value).grouped(), expected);
        }
    }
}
