//! Where a lane ends: one of our wallets, or somebody outside.

use super::{Payee, WalletId};
use crate::money::{Country, Currency};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Where a lane ends, with what arrives there. Shown as its [`Destination`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// The wallet's country, or the operator's. For KPay's hosted page, where nobody knows it before: the source's.
    pub country: Country,
    /// What arrives.
    pub currency: Currency,
    /// Who receives it; `None`: it stays ours.
    pub payee: Option<Payee>,
}

/// Where a lane ends, without its currency: `CMR`, `MTN_MOMO_CMR:237653456789` or `GATEWAY`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// A wallet of ours, by its country.
    Wallet(Country),
    /// Somebody outside.
    Payee(Payee),
}

impl End {
    /// Somebody outside; `from` is the wallet that pays.
    #[must_use]
    pub fn payee(payee: Payee, from: WalletId) -> Self {
        let (country, currency) = match payee {
            Payee::Phone(beneficiary) if beneficiary.provider.country() == from.country => {
                (from.country, from.currency)
            }
            Payee::Phone(beneficiary) => (beneficiary.provider.country(), beneficiary.provider.currency()),
            Payee::Gateway => (from.country, from.currency),
        };
        Self { country, currency, payee: Some(payee) }
    }

    /// The wallet that is credited; `None` where the money leaves us.
    #[must_use]
    pub fn wallet(self) -> Option<WalletId> {
        self.payee.is_none().then_some(WalletId { country: self.country, currency: self.currency })
    }

    /// Without its currency.
    #[must_use]
    pub fn destination(self) -> Destination {
        self.payee.map_or(Destination::Wallet(self.country), Destination::Payee)
    }
}

impl From<WalletId> for End {
    fn from(wallet: WalletId) -> Self {
        Self { country: wallet.country, currency: wallet.currency, payee: None }
    }
}

impl PartialEq<WalletId> for End {
    fn eq(&self, wallet: &WalletId) -> bool {
        self.wallet() == Some(*wallet)
    }
}

impl PartialEq<End> for WalletId {
    fn eq(&self, end: &End) -> bool {
        end.wallet() == Some(*self)
    }
}

impl Destination {
    /// With the currency that arrives there; `from` is the country that pays.
    #[must_use]
    pub fn end(self, from: Country, currency: Currency) -> End {
        match self {
            Self::Wallet(country) => End { country, currency, payee: None },
            Self::Payee(payee @ Payee::Phone(beneficiary)) => {
                End { country: beneficiary.provider.country(), currency, payee: Some(payee) }
            }
            Self::Payee(payee) => End { country: from, currency, payee: Some(payee) },
        }
    }

    /// What usually arrives there; `None` for KPay's hosted page.
    #[must_use]
    pub fn currency(self) -> Option<Currency> {
        match self {
            Self::Wallet(country) => country.currency(),
            Self::Payee(Payee::Phone(beneficiary)) => Some(beneficiary.provider.currency()),
            Self::Payee(Payee::Gateway) => None,
        }
    }

    /// For people: `Cameroon`, `MTN_MOMO_CMR 237653456789`, `KPay's hosted page`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Wallet(country) => country.name().to_owned(),
            Self::Payee(Payee::Phone(beneficiary)) => format!("{} {}", beneficiary.provider, beneficiary.phone),
            Self::Payee(Payee::Gateway) => "KPay's hosted page".to_owned(),
        }
    }

    /// For logs and reports, which more people read than may know a beneficiary's number: `MTN_MOMO_CMR:237…789`.
    #[must_use]
    pub fn masked(self) -> String {
        match self {
            Self::Payee(Payee::Phone(beneficiary)) => {
                format!("{}:{}", beneficiary.provider, beneficiary.phone.masked())
            }
            _ => self.to_string(),
        }
    }

    /// The country; `None` for KPay's hosted page.
    #[must_use]
    pub fn country(self) -> Option<Country> {
        match self {
            Self::Wallet(country) => Some(country),
            Self::Payee(Payee::Phone(beneficiary)) => Some(beneficiary.provider.country()),
            Self::Payee(Payee::Gateway) => None,
        }
    }
}

impl From<Country> for Destination {
    fn from(country: Country) -> Self {
        Self::Wallet(country)
    }
}

impl PartialEq<Country> for Destination {
    fn eq(&self, country: &Country) -> bool {
        *self == Self::Wallet(*country)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet(country) => country.fmt(f),
            Self::Payee(payee) => payee.fmt(f),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Destination {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() == 3 {
            return text.parse().map(Self::Wallet).map_err(|error: crate::money::MoneyError| error.to_string());
        }
        text.parse().map(Self::Payee).map_err(|error: super::PayeeError| error.to_string())
    }
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.destination().fmt(f)
    }
}

/// With its currency: `CMR/XAF`, `MTN_MOMO_CIV:2250503456789/XOF`.
impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.destination(), self.currency)
    }
}
