//! Who a payout goes to: an operator's customer by provider and phone number, or whoever fills in KPay's hosted page.
//! Checked for their form and against each other; whether the provider is in the catalogue is `provider`'s affair.

use super::tame;
use crate::money::{Country, Currency};
use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Room for every code of the catalogue, twice over.
const LONGEST_PROVIDER: usize = 32;
/// Digits of the longest international number (E.164).
const LONGEST_PHONE: usize = 15;
/// A calling code of three digits and a short national number.
const SHORTEST_PHONE: usize = 10;

/// An operator's code, e.g. `MTN_MOMO_CMR`: capitals, digits and underscores, its country's code at the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provider {
    code: ArrayString<LONGEST_PROVIDER>,
    country: Country,
    currency: Currency,
}

/// A phone number: digits only, international, no `+`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(ArrayString<LONGEST_PHONE>);

/// A customer of an operator. Shown as `MTN_MOMO_CMR:237653456789`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Beneficiary {
    /// The operator.
    pub provider: Provider,
    /// The customer's number.
    pub phone: Phone,
}

/// Who a payout goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Payee {
    /// A customer of an operator.
    Phone(Beneficiary),
    /// Whoever fills in KPay's hosted page. Shown as `GATEWAY`.
    Gateway,
}

/// Why a payee is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayeeError {
    /// No operator code at all.
    #[error(
        "`{0}` is not an operator's code (capitals, digits and `_`, the country's code at its end, e.g. MTN_MOMO_CMR)"
    )]
    Provider(String),
    /// A country that KPay has no operators in.
    #[error("the operator code `{0}` names no country that KPay pays out in (it ends in `_CMR`, `_GAB`, `_CIV`, …)")]
    Country(String),
    /// No phone number at all.
    #[error(
        "`{0}` is not a phone number ({SHORTEST_PHONE} to {LONGEST_PHONE} digits, with the country's code, no `+`, e.g. 237653456789)"
    )]
    Phone(String),
    /// A number of another country than the operator's.
    #[error("the number {phone} does not begin with {code}, the code of {country}, where {provider} is")]
    Mismatch {
        /// The number.
        phone: String,
        /// What it should begin with.
        code: &'static str,
        /// The operator's country.
        country: Country,
        /// The operator.
        provider: Provider,
    },
}

impl Provider {
    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Where it pays out.
    #[must_use]
    pub fn country(&self) -> Country {
        self.country
    }

    /// What it pays out in.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }
}

impl FromStr for Provider {
    type Err = PayeeError;
    fn from_str(text: &str) -> Result<Self, PayeeError> {
        let wrong = || PayeeError::Provider(tame(text, 40));
        let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if text.len() < 5 || !text.bytes().all(is_code) || !text.starts_with(|first: char| first.is_ascii_uppercase()) {
            return Err(wrong());
        }
        let code = ArrayString::from(text).map_err(|_| wrong())?;
        let (_, country) = text.rsplit_once('_').ok_or_else(wrong)?;
        let foreign = || PayeeError::Country(text.to_owned());
        let country: Country = country.parse().map_err(|_| foreign())?;
        let currency = country.payout_currency().ok_or_else(foreign)?;
        Ok(Self { code, country, currency })
    }
}

impl Phone {
    /// The digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Enough to recognise it, not enough to call it: `237…789`.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits = self.digits();
        format!("{}…{}", &digits[..3], &digits[digits.len() - 3..])
    }
}

/// A text in which beneficiaries stand as they are written, `MTN_MOMO_CMR:237653456789`, with their numbers as
/// [`Phone::masked`] shows them.
#[must_use]
pub fn without_numbers(text: &str) -> String {
    let mut pieces = text.split(':');
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(piece.len());
        let (digits, rest) = piece.split_at(end);
        let digits = digits.parse().map_or_else(|_| digits.to_owned(), |phone: Phone| phone.masked());
        shown.extend([":", &digits, rest]);
    }
    shown
}

impl FromStr for Phone {
    type Err = PayeeError;
    fn from_str(text: &str) -> Result<Self, PayeeError> {
        let wrong = || PayeeError::Phone(tame(text, 30));
        let fits = (SHORTEST_PHONE..=LONGEST_PHONE).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        if fits { ArrayString::from(text).map(Self).map_err(|_| wrong()) } else { Err(wrong()) }
    }
}

/// The one number that KPay's own samples pair with operators of other countries (seed `001_609e41c91308fab3`).
const SAMPLE_PHONE: &str = "237653456789";

impl Beneficiary {
    /// An operator and a number of its country.
    ///
    /// # Errors
    /// [`PayeeError::Mismatch`] for a number of another country, but for the one of KPay's own samples.
    pub fn new(provider: Provider, phone: Phone) -> Result<Self, PayeeError> {
        let country = provider.country();
        let code = country.calling_code().ok_or_else(|| PayeeError::Country(provider.to_string()))?;
        if phone.digits().starts_with(code) || phone.digits() == SAMPLE_PHONE {
            return Ok(Self { provider, phone });
        }
        Err(PayeeError::Mismatch { phone: phone.to_string(), code, country, provider })
    }

    /// Whether the number is not one of the operator's country: only with the number of KPay's samples.
    #[must_use]
    pub fn is_a_sample_of_kpays(&self) -> bool {
        !self.provider.country().calling_code().is_some_and(|code| self.phone.digits().starts_with(code))
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.code)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Beneficiary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.provider, self.phone))
    }
}

impl FromStr for Beneficiary {
    type Err = PayeeError;
    fn from_str(text: &str) -> Result<Self, PayeeError> {
        let (provider, phone) = text.split_once(':').ok_or_else(|| PayeeError::Provider(tame(text, 40)))?;
        Self::new(provider.parse()?, phone.parse()?)
    }
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(beneficiary) => beneficiary.fmt(f),
            Self::Gateway => f.pad("GATEWAY"),
        }
    }
}

impl FromStr for Payee {
    type Err = PayeeError;
    fn from_str(text: &str) -> Result<Self, PayeeError> {
        if text == "GATEWAY" { Ok(Self::Gateway) } else { text.parse().map(Self::Phone) }
    }
}

/// Debug as it is shown, serde as text, for a type with both text forms.
macro_rules! as_text {
    ($($type:ty),+) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

as_text!(Provider, Phone, Beneficiary, Payee);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_numbers_are_matched_exactly() {
        let check = |text: &str, expected: Option<&str>| {
            let read = text.parse::<Payee>();
            assert_eq!(read.is_ok(), expected.is_none(), "{read:?}");
            if let (Err(error), Some(expected)) = (&read, expected) {
                assert!(error.to_string().contains(expected), "{error}");
            }
            if let Ok(read) = read {
                assert_eq!(read.to_string(), text);
            }
        };
        check("MTN_MOMO_CMR:237653456789", None);
        check("ORANGE_GAB:24174345678", None);
        check("ORANGE_SLE:23276123456", None);
        check("GATEWAY", None);
        // KPay's own samples.
        check("ORANGE_GAB:237653456789", None);
        check("MTN_MOMO_CIV:237653456789", None);
        check("MTN_MOMO_CMR:24174345678", Some("does not begin with 237, the code of CMR"));
        check("MTN_MOMO_CMR:+237653456789", Some("is not a phone number"));
        check("MTN_MOMO_CMR:237 653 456 789", Some("is not a phone number"));
        check("MTN_MOMO_CMR:237653", Some("is not a phone number"));
        check("MTN_MOMO_CMR:2376534567890123", Some("is not a phone number"));
        check("mtn_momo_cmr:237653456789", Some("is not an operator's code"));
        check("MTN_MOMO_FRA:33612345678", Some("names no country"));
        check("CMR:237653456789", Some("is not an operator's code"));
        check("MTNCMR:237653456789", Some("is not an operator's code"));
        check("MTN_MOMO_CMR", Some("is not an operator's code"));
        check("", Some("is not an operator's code"));
        check("\u{202e}MTN_CMR:237653456789", Some("is not an operator's code"));
    }

    #[test]
    fn a_masked_number_calls_nobody() {
        assert_eq!("237653456789".parse::<Phone>().unwrap().masked(), "237…789");
    }

    #[test]
    fn numbers_of_beneficiaries_are_masked_wherever_they_stand_in_a_text() {
        for (text, shown) in [
            ("", ""),
            (":", ":"),
            ("new: MTN_MOMO_CMR:237653456789", "new: MTN_MOMO_CMR:237…789"),
            ("A:237653456789; B:24174345678, at 18:00:05Z", "A:237…789; B:241…678, at 18:00:05Z"),
            ("keep: 50 000, TRD-261124170000-CMRPAY-01-DYBFV9E2", "keep: 50 000, TRD-261124170000-CMRPAY-01-DYBFV9E2"),
        ] {
            assert_eq!(without_numbers(text), shown);
        }
    }
}
