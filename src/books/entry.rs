//! One entry of the books: the columns of CONTRACT 7, in their order, with the postings behind them.

use super::Posting;
use crate::intent::Evidence;
use crate::model::{ExternalId, Kind, Lane, Origin, RateReference, Timestamp};
use crate::money::{Amount, Country, Currency, Money, Rate};
use chrono::SecondsFormat;
use serde::{Serialize, Serializer};
use std::fmt;

/// The columns of every export, in the contract's order; also the keys of [`Entry`]'s JSON.
pub const COLUMNS: [&str; 23] = [
    "entry_id",
    "booked_at",
    "external_id",
    "kind",
    "policy",
    "source_country",
    "source_currency",
    "source_amount",
    "destination_country",
    "destination_currency",
    "destination_amount",
    "exchange_rate",
    "effective_rate",
    "rate_source",
    "indicative_rate",
    "fee_amount",
    "fee_currency",
    "kpay_id",
    "source_reference",
    "destination_reference",
    "description",
    "evidence",
    "corrects",
];

/// `E-<sequence number of the journal record that booked it>`: the same whenever the books are made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId(pub u64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E-{}", self.0)
    }
}

impl Serialize for EntryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What an entry books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A policy's wallet transfer.
    Transfer,
    /// A policy's withdrawal.
    Payout,
    /// A person's wallet transfer.
    ManualTransfer,
    /// A person's withdrawal.
    ManualPayout,
    /// What became known of an earlier entry.
    Correction,
}

impl EntryKind {
    pub(super) fn of(kind: Kind, origin: &Origin) -> Self {
        match (kind, origin) {
            (Kind::Transfer, Origin::Policy(_)) => Self::Transfer,
            (Kind::Payout, Origin::Policy(_)) => Self::Payout,
            (Kind::Transfer, Origin::Manual(_)) => Self::ManualTransfer,
            (Kind::Payout, Origin::Manual(_)) => Self::ManualPayout,
        }
    }

    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Payout => "payout",
            Self::ManualTransfer => "manual_transfer",
            Self::ManualPayout => "manual_payout",
            Self::Correction => "correction",
        }
    }
}

/// Who gave the exchange rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RateSource {
    /// KPay, with the movement itself.
    Response,
    /// Nobody had to: one currency on both sides, rate 1.
    SameCurrency,
    /// A person.
    Operator,
    /// Nobody yet: the rate is empty.
    Pending,
}

impl RateSource {
    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::SameCurrency => "same_currency",
            Self::Operator => "operator",
            Self::Pending => "pending",
        }
    }
}

/// Where the money is after an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It left the wallet, and KPay has it in hand: an open withdrawal.
    InTransit,
    /// It moved.
    Settled,
    /// It was in transit, and is back in the wallet.
    Returned,
}

/// One entry. A correction fills only what changed and what identifies it; everything else is `None`.
///
/// Amounts are in major units of the currency beside them, exactly as given. Serialized as one flat JSON object whose
/// keys are [`COLUMNS`]: amounts and rates as decimal strings, `None` as null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Stable.
    pub entry_id: EntryId,
    /// The journal's time of the record that booked it.
    #[serde(serialize_with = "in_milliseconds")]
    pub booked_at: Timestamp,
    /// The intent's id.
    pub external_id: ExternalId,
    /// What it books.
    pub kind: EntryKind,
    /// The policy's name; `None` for a manual move.
    pub policy: Option<String>,
    /// Country debited.
    pub source_country: Option<Country>,
    /// What left it is in this currency.
    pub source_currency: Option<Currency>,
    /// What left it, a fee in this currency included.
    pub source_amount: Option<Amount>,
    /// Country credited: of a payout the operator's. `None` for KPay's hosted page, where nobody tells us.
    pub destination_country: Option<Country>,
    /// What arrived is in this currency.
    pub destination_currency: Option<Currency>,
    /// What arrived; `None` while nobody gave it.
    pub destination_amount: Option<Amount>,
    /// Units of the destination's currency for one of the source's, digit for digit as given.
    pub exchange_rate: Option<Rate>,
    /// Destination / source, rounded half-even to at most 10 decimals, without trailing zeros; `None` while the credit
    /// is unknown.
    pub effective_rate: Option<Rate>,
    /// Who gave the rate; `None` in a correction that does not change it.
    pub rate_source: Option<RateSource>,
    /// KPay's indicative rate when the movement was decided.
    pub indicative_rate: Option<Rate>,
    /// What KPay said that it kept.
    pub fee_amount: Option<Amount>,
    /// In which currency.
    pub fee_currency: Option<Currency>,
    /// KPay's id.
    pub kpay_id: Option<String>,
    /// KPay's reference of the debit.
    pub source_reference: Option<String>,
    /// KPay's reference of the credit.
    pub destination_reference: Option<String>,
    /// One English sentence; in a correction only how a payout ended, else `None`.
    pub description: Option<String>,
    /// How we know.
    pub evidence: Evidence,
    /// The entry that this one corrects.
    pub corrects: Option<EntryId>,
    /// What the rate is compared with; `None` within one currency and in a correction. Not a column.
    #[serde(skip)]
    pub reference: Option<RateReference>,
    /// Where the money is now. Not a column.
    #[serde(skip)]
    pub stage: Stage,
    /// From where to where; also of a correction. Not a column.
    #[serde(skip)]
    pub lane: Lane,
    /// The double entry; sums to zero in each currency. Not a column.
    #[serde(skip)]
    pub postings: Vec<Posting>,
    /// What arrived over (positive) or under (negative) the amount converted at the given rate; `None` while it is in
    /// transit. Not a column.
    #[serde(skip)]
    pub residue: Option<Money>,
}

impl Entry {
    /// RFC 3339 in UTC with milliseconds: `2026-11-24T17:00:03.412Z`.
    #[must_use]
    pub fn booked_at_text(&self) -> String {
        in_words(self.booked_at)
    }
}

/// RFC 3339 in UTC with milliseconds.
pub(super) fn in_words(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(super) fn in_milliseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&in_words(*at))
}

/// A span of journal time: `from` inclusive, `to` exclusive; `None` is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// The first instant inside.
    pub from: Option<Timestamp>,
    /// The first instant after.
    pub to: Option<Timestamp>,
}

impl Range {
    /// Whether an entry booked at `at` belongs to it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}
