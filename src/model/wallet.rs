//! Wallets, lanes between them, and slots in time.

use super::{Destination, End, Kind, Payee, Timestamp};
use crate::money::{Country, Currency};
use chrono::{Datelike, SubsecRound, TimeZone, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// KPay's balance of one country in one currency. Shown as the country's code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WalletId {
    /// The country the money was paid in.
    pub country: Country,
    /// What it is held in.
    pub currency: Currency,
}

impl WalletId {
    /// The wallet of a country in its primary currency; `None` for a country outside KPay's table.
    #[must_use]
    pub fn of(country: Country) -> Option<Self> {
        country.currency().map(|currency| Self { country, currency })
    }
}

impl fmt::Display for WalletId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.country, f)
    }
}

impl fmt::Debug for WalletId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.country, self.currency)
    }
}

/// From a wallet to another, shown as `GAB>CMR`, or to somebody outside, `CMR>MTN_MOMO_CMR:237653456789`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// The wallet that is debited.
    pub from: WalletId,
    /// The wallet that is credited, or who receives the payout.
    pub to: End,
}

impl Lane {
    /// From one wallet of ours to another.
    #[must_use]
    pub fn between(from: WalletId, to: WalletId) -> Self {
        Self { from, to: to.into() }
    }

    /// From a wallet of ours to somebody outside.
    #[must_use]
    pub fn payout(from: WalletId, payee: Payee) -> Self {
        Self { from, to: End::payee(payee, from) }
    }

    /// Which of KPay's two ways moves money over it.
    #[must_use]
    pub fn kind(self) -> Kind {
        if self.to.payee.is_some() { Kind::Payout } else { Kind::Transfer }
    }

    /// For logs, which more people read than may know a beneficiary's number: `CMR>MTN_MOMO_CMR:237…789`.
    #[must_use]
    pub fn masked(self) -> String {
        format!("{}>{}", self.from, self.to.destination().masked())
    }

    /// Our own wallets at its ends: one for a payout.
    pub fn wallets(self) -> impl Iterator<Item = WalletId> {
        std::iter::once(self.from).chain(self.to.wallet())
    }

    /// Whether the money changes its currency on the way.
    #[must_use]
    pub fn crosses_currencies(self) -> bool {
        self.from.currency != self.to.currency
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}>{}", self.from, self.to))
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Written `GAB/XAF>CMR/XAF` or `CMR/XAF>MTN_MOMO_CIV:2250503456789/XOF`, so that a lane can be the key of a JSON object and names its currencies.
impl Serialize for Lane {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}>{:?}", self.from, self.to))
    }
}

impl<'de> Deserialize<'de> for Lane {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let wallet = |part: &str| {
            let (country, currency) = part.split_once('/')?;
            Some(WalletId { country: country.parse().ok()?, currency: currency.parse().ok()? })
        };
        let end = |part: &str, from: WalletId| {
            let (destination, currency) = part.rsplit_once('/')?;
            Some(destination.parse::<Destination>().ok()?.end(from.country, currency.parse().ok()?))
        };
        let lane = |(from, to): (&str, &str)| {
            let from = wallet(from)?;
            Some(Self { from, to: end(to, from)? })
        };
        text.split_once('>')
            .and_then(lane)
            .ok_or_else(|| serde::de::Error::custom(format!("`{}` is not a lane", super::tame(&text, 40))))
    }
}

/// The scheduled instant (UTC, whole seconds) a policy fires for. Written `2026-11-24T17:00:00Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(Timestamp);

impl Slot {
    /// The slot at an instant, cut to whole seconds.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self(instant.trunc_subsecs(0))
    }

    /// The instant.
    #[must_use]
    pub fn instant(self) -> Timestamp {
        self.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digit by digit: chrono reads its pattern anew each time, and slots are written for every lane of every plan.
        let (at, year) = (self.0, self.0.year());
        if !(0..=9999).contains(&year) || at.nanosecond() != 0 {
            return write!(f, "{}", at.format("%Y-%m-%dT%H:%M:%SZ"));
        }
        let (month, day) = (at.month(), at.day());
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second())
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%SZ")
            .map(|naive| Self(Utc.from_utc_datetime(&naive)))
            .map_err(serde::de::Error::custom)
    }
}
