//! Percentages: exact, in percent (`1.5%` is 1.5), never a float.

use super::{MoneyError, read_plain_decimal};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Zero percent or more. Written `1.5%`; compared by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Percent(Decimal);

impl Percent {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// All of it.
    pub const HUNDRED: Self = Self(Decimal::ONE_HUNDRED);

    /// # Errors
    /// [`MoneyError::Percent`] for a negative figure.
    pub fn new(percent: Decimal) -> Result<Self, MoneyError> {
        if percent.is_sign_negative() && !percent.is_zero() {
            return Err(MoneyError::Percent(percent.to_string()));
        }
        Ok(Self(percent.normalize()))
    }

    /// The figure before the sign: `1.5` for `1.5%`.
    #[must_use]
    pub fn percent(self) -> Decimal {
        self.0
    }

    /// The factor: `0.015` for `1.5%`, exact.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] where two more decimals have no room.
    pub fn factor(self) -> Result<Decimal, MoneyError> {
        let overflow = MoneyError::Overflow("a percentage");
        let factor = self.0.checked_mul(Decimal::new(1, 2)).ok_or(overflow.clone())?;
        // rust_decimal drops digits past its 28; fewer decimals than the product must have means just that.
        let kept = factor.is_zero() || factor.scale() >= self.0.scale() + 2;
        if kept { Ok(factor.normalize()) } else { Err(overflow) }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", self.0))
    }
}

impl FromStr for Percent {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let digits = text.strip_suffix('%').ok_or_else(|| MoneyError::Percent(super::currency::shortened(text)))?;
        Self::new(read_plain_decimal(digits)?)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_exact_and_carries_its_sign() {
        for (text, factor, shown) in
            [("1.5%", "0.015", "1.5%"), ("0%", "0", "0%"), ("100%", "1", "100%"), ("33.3330%", "0.33333", "33.333%")]
        {
            let percent: Percent = text.parse().unwrap();
            assert_eq!((percent.factor().unwrap().to_string(), percent.to_string()), (factor.into(), shown.into()));
        }
        for wrong in ["1.5", "-1%", "%", "1,5%", "1e1%", "0.015 %", "٪5"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong:?}");
        }
    }
}
