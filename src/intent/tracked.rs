//! An intent with its story so far: what `transfers list` shows and what the next step is decided from.

use super::{AppliedFacts, ApprovedBy, Evidence, Outcome, Taken};
use crate::model::{Intent, Timestamp};
use crate::money::Amount;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

/// One intent and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "four independent facts, each recorded by an event of its own")]
pub struct Tracked {
    /// The decision, unchanged.
    pub intent: Intent,
    /// Where it stands.
    pub outcome: Outcome,
    /// How we know, once it is applied.
    pub evidence: Option<Evidence>,
    /// Attempts recorded.
    pub attempts: u32,
    /// Whether any attempt *before* the present one may have reached KPay.
    pub may_have_arrived: bool,
    /// Whether it holds its lane and funds.
    pub holds: bool,
    /// Whether money that moved would have been our amount: not after a 409 without proof.
    pub amount_is_ours: bool,
    /// The source's balance before the first attempt that may have reached KPay.
    pub balance_before: Option<Amount>,
    /// When the first attempt that may have reached KPay was recorded; attempts in vain do not count.
    pub first_attempt_at: Option<Timestamp>,
    /// Whether the configuration's caps have counted it: each intent once, at its first attempt.
    pub counted: bool,
    /// The approvals given so far, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovedBy>,
    /// The withdrawal that KPay has or had in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// What is known of the move, once applied.
    pub facts: Option<AppliedFacts>,
    /// When it was decided (journal time).
    pub created_at: Timestamp,
    /// When something last happened to it (journal time).
    pub updated_at: Timestamp,
    /// The last thing said of it.
    pub detail: String,
}

impl Tracked {
    /// The UTC day whose daily cap counts a first attempt made at an instant of the machine's clock: the day decided for,
    /// and as many days later as have passed since the decision. Without `--at` that is the day of the attempt.
    #[must_use]
    pub fn cap_day_at(&self, clock: Timestamp) -> NaiveDate {
        let passed = clock.date_naive() - self.created_at.date_naive();
        self.intent.cap_day.checked_add_signed(passed.max(TimeDelta::zero())).unwrap_or(self.intent.cap_day)
    }

    /// A fresh intent.
    #[must_use]
    pub fn new(intent: Intent, at: Timestamp) -> Self {
        let outcome = if intent.approval.is_some() { Outcome::AwaitingApproval } else { Outcome::Planned };
        Self {
            intent,
            outcome,
            evidence: None,
            attempts: 0,
            may_have_arrived: false,
            holds: true,
            amount_is_ours: true,
            balance_before: None,
            first_attempt_at: None,
            counted: false,
            approvals: Vec::new(),
            taken: None,
            facts: None,
            created_at: at,
            updated_at: at,
            detail: String::new(),
        }
    }

    /// Whether it is applied across currencies and nobody gave its rate or credit yet.
    #[must_use]
    pub fn rate_is_pending(&self) -> bool {
        let incomplete = |facts: &AppliedFacts| facts.exchange_rate.is_none() || facts.credited.is_none();
        self.outcome == Outcome::Applied
            && self.intent.lane.crosses_currencies()
            && self.facts.as_ref().is_none_or(incomplete)
    }
}
