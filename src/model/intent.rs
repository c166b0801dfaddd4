//! The durable decision to move one amount over one lane for one slot.

use super::{ApprovalTerms, ExternalId, FxTerms, Lane, Slot, Timestamp};
use crate::money::{Amount, Currency, Rate};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Which of KPay's two ways of moving money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `POST /api/wallets/transfer`.
    Transfer,
    /// `POST /api/v1/payments/withdraw`.
    Payout,
}

impl Kind {
    /// The word of the contract, also inside the external id's hash.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Payout => "payout",
        }
    }
}

/// Who asked for the move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A policy, by name.
    Policy(String),
    /// A person, with the key they gave.
    Manual(String),
}

impl Origin {
    /// The policy's name; `None` for a manual move.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Policy(name) => Some(name),
            Self::Manual(_) => None,
        }
    }
}

/// The durable decision. Nothing in it changes once it is written; what happens to it are events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Deterministic (CONTRACT 5).
    pub external_id: ExternalId,
    /// Transfer or payout.
    pub kind: Kind,
    /// The policy or person behind it.
    pub origin: Origin,
    /// The slot it belongs to; `None` for a manual move.
    pub slot: Option<Slot>,
    /// From which wallet to which.
    pub lane: Lane,
    /// How much leaves the source, in the source's currency.
    pub amount: Amount,
    /// 1-based position among the parts of this lane and slot.
    pub part: u8,
    /// How many parts the lane's amount was split into.
    pub parts: u8,
    /// The exact bytes of the request body; every attempt sends these.
    pub body: String,
    /// SHA-256 (hex) of the policies that decided.
    pub policy_hash: String,
    /// What must stay in the source: the larger of `keep` and its reserve at the decision.
    pub floor: Amount,
    /// The source's available balance when it was decided.
    pub balance_seen: Amount,
    /// KPay's indicative rate at the decision; `1` within one currency.
    pub indicative_rate: Option<Rate>,
    /// After this instant (on the clock the decision was made by) a never attempted intent is cancelled.
    pub expires_at: Timestamp,
    /// The policy's local date of the slot: the day `max_per_day` counts it on.
    pub limit_day: NaiveDate,
    /// The UTC date it was decided for. The configuration's daily caps count it on the day of its first attempt, which
    /// may be a later one.
    pub cap_day: NaiveDate,
    /// Whether the journal already held a record from the hour before the slot: only then does a later 409 prove our
    /// own amount without balance evidence (CONTRACT, "What a 409 means").
    pub journal_before_slot: bool,
    /// Whose approval it waits for before it may be sent; `None`: nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalTerms>,
    /// What its rate is compared with; `None` within one currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fx: Option<FxTerms>,
}

impl Intent {
    /// The currency of [`Intent::amount`].
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.lane.from.currency
    }
}
