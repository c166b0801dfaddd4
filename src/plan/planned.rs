//! The plan as plain data, serialized exactly as `plan --json` shows it (CONTRACT 6).

use crate::model::{BalanceRow, Destination, Environment, ExternalId, Kind, Lane, Reason, Slot, Timestamp};
use crate::money::{Amount, Country, Currency, Rate};
use serde::{Deserialize, Serialize};

/// All intents that would be written now, and one reason for every lane that gets none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The instant planned for.
    pub at: Timestamp,
    /// Sandbox or production.
    pub environment: Environment,
    /// The balances it was made from.
    pub balances: Vec<BalanceRow>,
    /// One entry a policy, in the order of priority.
    pub policies: Vec<PolicyPlan>,
}

/// What one policy would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPlan {
    /// Its name.
    pub policy: String,
    /// The latest instant of its schedule; `None` where there was none yet.
    pub slot: Option<Slot>,
    /// Whether the slot is to be decided now.
    pub due: bool,
    /// What would be sent, in order.
    pub transfers: Vec<PlannedTransfer>,
    /// What would not, and why.
    pub skipped: Vec<Skip>,
}

/// One transfer that would be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTransfer {
    /// `None` (null) where the application id is not known.
    pub external_id: Option<ExternalId>,
    /// Transfer or payout.
    pub kind: Kind,
    /// The wallet debited.
    pub from: Country,
    /// The wallet credited, or who receives the payout.
    pub to: Destination,
    /// How much leaves the source.
    pub amount: Amount,
    /// The source's currency.
    pub currency: Currency,
    /// 1-based.
    pub part: u8,
    /// How many parts.
    pub parts: u8,
    /// KPay's indicative rate; `1` within one currency.
    pub expected_rate: Option<Rate>,
    /// `amount × expected_rate`, exact.
    pub expected_credit: Option<Amount>,
    /// The destination's currency.
    pub credit_currency: Currency,
    /// Whether it waits for approval.
    pub needs_approval: bool,
}

impl PlannedTransfer {
    /// The lane it moves over.
    #[must_use]
    pub fn lane(&self) -> Lane {
        Lane {
            from: crate::model::WalletId { country: self.from, currency: self.currency },
            to: self.to.end(self.from, self.credit_currency),
        }
    }
}

/// A lane that gets nothing, or the part of its amount that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The wallet that would have been debited.
    pub from: Country,
    /// The wallet that would have been credited, or who would have received the payout.
    pub to: Destination,
    /// Why.
    pub reason: Reason,
    /// The figures behind the reason, one sentence.
    pub detail: String,
    /// What would make it move, one sentence.
    pub would_move_if: String,
}
