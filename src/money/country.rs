//! Countries and monetary zones, from the seed's table "Supported countries and currencies".

use super::currency::{code_traits, shortened, three_letters};
use super::{Currency, MoneyError};
use std::str::FromStr;

/// An ISO 3166-1 alpha-3 code: three upper-case letters, matched exactly. Any code can be read in a reply; policies
/// name only the ten countries of [`Country::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 3]);

/// A group of countries within which KPay moves money at 1:1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// Cameroon, Gabon, Congo-Brazzaville (XAF).
    Cemac,
    /// Senegal, Côte d'Ivoire, Benin (XOF).
    Uemoa,
    /// Every other country: a zone of its own.
    Other,
}

impl Zone {
    /// The zones of more than one country, which policies may name.
    pub const NAMED: [Self; 2] = [Self::Cemac, Self::Uemoa];

    /// Its name as policies write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cemac => "CEMAC",
            Self::Uemoa => "UEMOA",
            Self::Other => "other",
        }
    }

    /// Its countries, in the seed's order.
    pub fn countries(self) -> impl Iterator<Item = Country> {
        Country::ALL.into_iter().filter(move |country| country.zone() == self)
    }
}

impl Country {
    /// Cameroon.
    pub const CMR: Self = Self(*b"CMR");
    /// Gabon.
    pub const GAB: Self = Self(*b"GAB");
    /// Congo-Brazzaville.
    pub const COG: Self = Self(*b"COG");
    /// Senegal.
    pub const SEN: Self = Self(*b"SEN");
    /// Côte d'Ivoire.
    pub const CIV: Self = Self(*b"CIV");
    /// Benin.
    pub const BEN: Self = Self(*b"BEN");
    /// Kenya.
    pub const KEN: Self = Self(*b"KEN");
    /// DR Congo.
    pub const COD: Self = Self(*b"COD");
    /// Uganda.
    pub const UGA: Self = Self(*b"UGA");
    /// Rwanda.
    pub const RWA: Self = Self(*b"RWA");
    /// Sierra Leone: payouts only.
    pub const SLE: Self = Self(*b"SLE");
    /// Zambia: payouts only.
    pub const ZMB: Self = Self(*b"ZMB");

    /// The ten countries between whose wallets KPay transfers, in the seed's order.
    pub const ALL: [Self; 10] =
        [Self::CMR, Self::GAB, Self::COG, Self::SEN, Self::CIV, Self::BEN, Self::KEN, Self::COD, Self::UGA, Self::RWA];

    /// The twelve countries that KPay's operators pay out in (kpay-api.md, "Providers"): the ten, Sierra Leone, Zambia.
    #[must_use]
    pub fn takes_payouts(self) -> bool {
        self.calling_code().is_some()
    }

    /// What a phone number of the country begins with; `None` for a country without operators on KPay.
    #[must_use]
    pub fn calling_code(self) -> Option<&'static str> {
        Some(match self {
            Self::BEN => "229",
            Self::CMR => "237",
            Self::CIV => "225",
            Self::COD => "243",
            Self::GAB => "241",
            Self::KEN => "254",
            Self::COG => "242",
            Self::RWA => "250",
            Self::SEN => "221",
            Self::SLE => "232",
            Self::UGA => "256",
            Self::ZMB => "260",
            _ => return None,
        })
    }

    /// What its operators pay out in; `None` for a country without operators on KPay.
    #[must_use]
    pub fn payout_currency(self) -> Option<Currency> {
        match self {
            Self::SLE => Some(Currency::SLE),
            Self::ZMB => Some(Currency::ZMW),
            other => other.currency(),
        }
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// The country's primary currency on KPay; `None` for a country that is not in KPay's table.
    #[must_use]
    pub fn currency(self) -> Option<Currency> {
        Some(match self {
            Self::CMR | Self::GAB | Self::COG => Currency::XAF,
            Self::SEN | Self::CIV | Self::BEN => Currency::XOF,
            Self::KEN => Currency::KES,
            Self::COD => Currency::CDF,
            Self::UGA => Currency::UGX,
            Self::RWA => Currency::RWF,
            _ => return None,
        })
    }

    /// The monetary zone.
    #[must_use]
    pub fn zone(self) -> Zone {
        match self {
            Self::CMR | Self::GAB | Self::COG => Zone::Cemac,
            Self::SEN | Self::CIV | Self::BEN => Zone::Uemoa,
            _ => Zone::Other,
        }
    }

    /// The country's name in English, as in the seed; the code itself for a country outside the table.
    #[must_use]
    pub fn name(&self) -> &str {
        match *self {
            Self::CMR => "Cameroon",
            Self::GAB => "Gabon",
            Self::COG => "Congo-Brazzaville",
            Self::SEN => "Senegal",
            Self::CIV => "Côte d'Ivoire",
            Self::BEN => "Benin",
            Self::KEN => "Kenya",
            Self::COD => "DR Congo",
            Self::UGA => "Uganda",
            Self::RWA => "Rwanda",
            Self::SLE => "Sierra Leone",
            Self::ZMB => "Zambia",
            _ => self.code(),
        }
    }
}

impl FromStr for Country {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        three_letters(text).map(Self).ok_or_else(|| MoneyError::Country(shortened(text)))
    }
}

code_traits!(Country);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_match_exactly_or_not_at_all() {
        assert_eq!("GAB".parse(), Ok(Country::GAB));
        for wrong in ["gab", "GAB ", "GА\u{0042}", "GABX", "GA", "", "\u{202e}GAB", "GA\0"] {
            assert!(wrong.parse::<Country>().is_err(), "{wrong:?} must be refused");
        }
    }

    #[test]
    fn every_country_of_the_table_has_a_currency() {
        assert!(Country::ALL.iter().all(|country| country.currency().is_some()));
        assert_eq!("FRA".parse::<Country>().unwrap().currency(), None);
    }
}
