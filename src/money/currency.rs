//! Currency codes and how finely KPay moves each of them.

use super::MoneyError;
use std::str::FromStr;

/// An ISO 4217 code: three upper-case ASCII letters. Any code can be read; only the six of KPay's table can be sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Central African CFA franc.
    pub const XAF: Self = Self(*b"XAF");
    /// West African CFA franc.
    pub const XOF: Self = Self(*b"XOF");
    /// Kenyan shilling.
    pub const KES: Self = Self(*b"KES");
    /// Congolese franc.
    pub const CDF: Self = Self(*b"CDF");
    /// Ugandan shilling.
    pub const UGX: Self = Self(*b"UGX");
    /// Rwandan franc.
    pub const RWF: Self = Self(*b"RWF");
    /// Leone: payouts only.
    pub const SLE: Self = Self(*b"SLE");
    /// Zambian kwacha: payouts only.
    pub const ZMW: Self = Self(*b"ZMW");
    /// Every currency of KPay's table of wallets.
    pub const ALL: [Self; 6] = [Self::XAF, Self::XOF, Self::KES, Self::CDF, Self::UGX, Self::RWF];

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Decimals of an amount that is *sent* (CONTRACT 4): none for XAF, XOF, UGX and RWF, two for the others.
    #[must_use]
    pub fn decimals_sent(self) -> u32 {
        if [Self::XAF, Self::XOF, Self::UGX, Self::RWF].contains(&self) { 0 } else { 2 }
    }
}

pub(super) fn three_letters(text: &str) -> Option<[u8; 3]> {
    let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_uppercase).then_some(bytes)
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        three_letters(text).map(Self).ok_or_else(|| MoneyError::Currency(shortened(text)))
    }
}

/// A wrong code as it may be shown: escaped and short, whatever the other side sent.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(16).collect::<String>().escape_debug().to_string()
}

/// Display, Debug and serde as the bare code, for a three-letter newtype.
macro_rules! code_traits {
    ($type:ty) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.code())
            }
        }
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use code_traits;

code_traits!(Currency);
