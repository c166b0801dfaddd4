//! Plain decimals, read exactly or refused.
//!
//! `rust_decimal`'s own parser takes `1_000`, `1e3` and `.5` and rounds silently past 28 digits, so every text is
//! checked byte by byte first. JSON numbers go in and out as raw text and never pass through a float.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Why a text is not a plain decimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Something other than an optional minus, digits, and at most one point with digits behind it.
    #[error("`{0}` is not a plain decimal number")]
    Shape(String),
    /// More than 28 significant digits: reading it would mean rounding it.
    #[error("`{0}` has more than 28 digits and cannot be read exactly")]
    TooLong(String),
}

/// The longest text taken for a number; 28 digits, a sign and a point fit easily.
const LONGEST_TEXT: usize = 40;

/// Reads `-?digits[.digits]` exactly, keeping trailing zeros (`1.0150` stays `1.0150`).
///
/// # Errors
/// [`NumberError::Shape`] for exponents, signs, separators, blanks or empty text; [`NumberError::TooLong`] past 28 digits.
pub fn read_plain_decimal(text: &str) -> Result<Decimal, NumberError> {
    let shown = || text.chars().take(LONGEST_TEXT).collect::<String>().escape_debug().to_string();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(NumberError::Shape(shown()));
    }
    if text.len() > LONGEST_TEXT {
        return Err(NumberError::TooLong(shown()));
    }
    Decimal::from_str_exact(text).map_err(|_| NumberError::TooLong(shown()))
}

/// An exact decimal that travels as a JSON *number* (KPay's wire), or is read from a string holding a plain decimal.
///
/// Use it in flat structs only: raw JSON does not survive `flatten`, tagged or untagged enums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let plain = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        read_plain_decimal(plain).map(Number).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let got = read_plain_decimal(text).ok().map(|decimal| decimal.to_string());
        assert_eq!(got.as_deref(), expected, "reading {text:?}");
    }

    #[test]
    fn plain_decimals_are_read_exactly_and_everything_else_is_refused() {
        check("250000", Some("250000"));
        check("-5", Some("-5"));
        check("1.0150", Some("1.0150"));
        check("9007199254740993", Some("9007199254740993"));
        check("1234567890123456789012345678", Some("1234567890123456789012345678"));
        for wrong in ["", "-", ".5", "5.", "1_000", "1e3", "+1", "0x10", " 1", "1 ", "NaN", "inf", "1.2.3", "１"] {
            check(wrong, None);
        }
        check("123456789012345678901234567890.5", None);
        check("0.12345678901234567890123456789012345", None);
    }

    #[test]
    fn json_numbers_keep_every_digit_both_ways() {
        for text in ["1.0150", "48211.75", "9007199254740993", "0.10"] {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&number).unwrap(), text);
        }
        let quoted: Number = serde_json::from_str("\"101530\"").unwrap();
        assert_eq!(quoted.0, Decimal::from(101_530));
        for wrong in ["1e400", "1E5", "null", "true", "\"1,000\"", "[1]", "\"\""] {
            assert!(serde_json::from_str::<Number>(wrong).is_err(), "{wrong} must be refused");
        }
    }
}
