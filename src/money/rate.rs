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

    /// The rate to twelve significant digits: what amounts are compared at, so that exact figures keep room beside a rate
    /// of many digits. Nothing is sent or booked at it.
    #[must_use]
    pub fn shortened(self) -> Self {
        let short = self.0.round_sf(COMPARED_DIGITS).filter(|short| *short > Decimal::ZERO);
        Self(short.unwrap_or(self.0))
    }

    /// The opposite direction's rate as far as this one tells it, one divided by it, to twelve significant digits: for
    /// comparing alone.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] where it is too small or too large to be written.
    pub fn turned(self) -> Result<Self, MoneyError> {
        let overflow = || MoneyError::Overflow("a division");
        let one_by_it = Decimal::ONE.checked_div(self.0).ok_or_else(overflow)?;
        Self::new(one_by_it).map(Self::shortened).map_err(|_| overflow())
    }
}

/// Significant digits of a rate that amounts are compared at.
const COMPARED_DIGITS: u32 = 12;

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
    fn for_comparing_a_rate_is_shortened_and_turned_round() {
        for (rate, short, turned) in [
            ("1", "1", "1"),
            ("1.0153", "1.0153", "0.984930562395"),
            ("0.98493056239535112", "0.984930562395", "1.01530000000"),
            ("655.957", "655.957", "0.00152449017238"),
            ("123456789012345", "123456789012000", "0.00000000000000810000007290"),
        ] {
            let rate: Rate = rate.parse().unwrap();
            assert_eq!(rate.shortened(), short.parse().unwrap(), "{rate}");
            let found = rate.turned().unwrap();
            let off = (found.decimal() / turned.parse::<Decimal>().unwrap() - Decimal::ONE).abs();
            assert!(off <= Decimal::new(1, 11), "{rate}: {found}");
        }
        assert!("79228162514264337593543950335".parse::<Rate>().unwrap().turned().is_err());
    }

    #[test]
    fn digits_stay_and_nonsense_is_refused() {
        assert_eq!("1.0150".parse::<Rate>().unwrap().to_string(), "1.0150");
        for wrong in ["0", "-1", "0.000", "1e2", ""] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong:?}");
        }
    }
}
