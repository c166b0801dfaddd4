//! Exchange rates, kept digit for digit as KPay sent them.

use super::{MoneyError, read_plain_decimal};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A positive exchange rate: units of the destination currency for one unit of the source's. Its text is kept
/// (`1.0150` stays `1.0150`); comparison is by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(Decimal);

impl Rate {
    /// One to one.
    pub const ONE: Self = Self(Decimal::ONE);

    /// # Errors
    /// [`MoneyError::Rate`] unless the decimal is above zero.
    pub fn new(decimal: Decimal) -> Result<Self, MoneyError> {
        if decimal > Decimal::ZERO { Ok(Self(decimal)) } else { Err(MoneyError::Rate(decimal.to_string())) }
    }

    /// The decimal inside.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Rate {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::new(read_plain_decimal(text)?)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stay_and_nonsense_is_refused() {
        assert_eq!("1.0150".parse::<Rate>().unwrap().to_string(), "1.0150");
        for wrong in ["0", "-1", "0.000", "1e2", ""] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong:?}");
        }
    }
}
