//! A withdrawal that KPay has taken in hand: how it stands, and what each answer about it means. Pure.
//!
//! `PENDING → PROCESSING → COMPLETED | FAILED | CANCELLED` (seed `000_601ca0198b3a6b20`); any other word is not final.

use super::{AppliedFacts, Event, Evidence, Outcome, RetryRules, Tracked};
use crate::model::{Timestamp, tame};
use crate::planted::{self, Mistake};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::fmt;

/// KPay's word for how a withdrawal stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum WithdrawalStatus {
    /// Taken in hand.
    Pending,
    /// At the operator.
    Processing,
    /// The beneficiary has it.
    Completed,
    /// It ended, and the wallet has its money back.
    Failed,
    /// The same, before the operator had it.
    Cancelled,
    /// A word nobody documented, tamed: not final.
    Other(String),
}

/// What KPay says of a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// KPay's id, by which it is asked for.
    pub kpay_id: String,
    /// How it stands.
    pub status: WithdrawalStatus,
    /// Its figures as far as KPay gave them.
    pub facts: AppliedFacts,
    /// Why it failed, in KPay's words; empty where it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub failure: String,
    /// What in it is not what was asked for: then no amount of ours is proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strange: Option<String>,
}

/// A withdrawal of ours that KPay took in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// As KPay last said.
    pub withdrawal: Withdrawal,
    /// When the journal had its first word of it.
    pub since: Timestamp,
    /// Whether another request of ours under the same id got no answer. KPay takes the id of a failed one again, so that
    /// it may be paid after this one failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub another_in_doubt: bool,
}

impl WithdrawalStatus {
    /// Whether KPay says nothing after it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// KPay's word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for WithdrawalStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "PENDING" => Self::Pending,
            "PROCESSING" => Self::Processing,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            "CANCELLED" => Self::Cancelled,
            other => Self::Other(tame(other, 40)),
        }
    }
}

impl From<WithdrawalStatus> for String {
    fn from(status: WithdrawalStatus) -> Self {
        status.word().to_owned()
    }
}

impl fmt::Display for WithdrawalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The events of KPay's word on a withdrawal of ours; none where it is nothing new. `evidence` says whether it came with
/// the reply to our request or was asked for; `another_in_doubt`, for its first word: whether another request of ours under
/// its id got no answer ([`another_in_doubt`]).
#[must_use]
pub fn withdrawal_events(
    tracked: &Tracked,
    said: &Withdrawal,
    evidence: Evidence,
    another_in_doubt: bool,
) -> Vec<Event> {
    let external_id = tracked.intent.external_id.clone();
    let known = tracked.taken.as_ref().map(|taken| &taken.withdrawal);
    let another_in_doubt = tracked.taken.as_ref().map_or(another_in_doubt, |taken| taken.another_in_doubt);
    let merged = planted_word(known.map_or_else(|| said.clone(), |known| known.updated_by(said)));
    let mut events = match known {
        None => {
            vec![Event::Accepted { external_id: external_id.clone(), withdrawal: merged.clone(), another_in_doubt }]
        }
        Some(known) if *known != merged => {
            vec![Event::Followed { external_id: external_id.clone(), withdrawal: merged.clone() }]
        }
        Some(_) => Vec::new(),
    };
    match (&merged.status, &merged.strange) {
        (WithdrawalStatus::Completed, None) => {
            events.push(Event::Applied { external_id, evidence, facts: merged.facts });
        }
        // What is not what was asked for proves no end of ours, in neither direction.
        (status, Some(strange)) if status.is_final() => events.push(Event::NeedsOperator {
            external_id,
            holds: true,
            amount_is_ours: false,
            detail: format!("KPay says {status} of a withdrawal under this id, but {strange}; look it up at KPay"),
        }),
        (status @ (WithdrawalStatus::Failed | WithdrawalStatus::Cancelled), None) => {
            let why = if merged.failure.is_empty() { String::new() } else { format!(": {}", merged.failure) };
            let detail = format!("KPay says {status}{why}; the money is back in the wallet");
            if another_in_doubt {
                events.push(Event::NeedsOperator {
                    external_id,
                    holds: true,
                    amount_is_ours: true,
                    detail: format!(
                        "{detail}. But another request under this id got no answer, and KPay takes the id of a failed one \
                         again, so that it may have been paid, or be paid yet; look the external id up at KPay, then \
                         `treasuryd transfers resolve`"
                    ),
                });
                return events;
            }
            events.push(if planted::is(Mistake::FailedIsSentAgain) {
                Event::NotSent { external_id, detail }
            } else {
                Event::Returned { external_id, detail }
            });
        }
        _ => {}
    }
    events
}

/// Why an end without money, said of a withdrawal whose reply was lost, is not the end of ours: KPay takes the id of a
/// failed one again, so that another attempt may have become another withdrawal since. `None` where only one attempt can
/// have been taken in hand, and for every other word: while a withdrawal stands, and once it is completed, its id is
/// refused.
#[must_use]
pub fn unproven_end(tracked: &Tracked, said: &Withdrawal, rules: &RetryRules) -> Option<String> {
    if !matches!(said.status, WithdrawalStatus::Failed | WithdrawalStatus::Cancelled) {
        return None;
    }
    let may_be_taken = may_be_taken(tracked, rules);
    (may_be_taken > 1).then(|| {
        format!(
            "KPay says {} of it, and {may_be_taken} requests got no answer, so that another one may have been paid",
            said.status
        )
    })
}

/// Whether more than one request under the id of an intent may have been, or may yet be, taken in hand, where the reply
/// that told of it was lost.
#[must_use]
pub fn another_in_doubt(tracked: &Tracked, rules: &RetryRules) -> bool {
    may_be_taken(tracked, rules) > 1
}

/// So many requests got no answer.
fn may_be_taken(tracked: &Tracked, rules: &RetryRules) -> u32 {
    // A person is called by a 409, whose attempt was refused, or after the time for asking again.
    let asked_for = tracked.first_attempt_at.map(|first| tracked.updated_at - first);
    let by_conflict =
        tracked.outcome == Outcome::NeedsOperator && asked_for.is_none_or(|asked_for| asked_for <= rules.resend_for);
    tracked.attempts.saturating_sub(u32::from(by_conflict))
}

impl Withdrawal {
    /// What was known, with what is said now over it. KPay leaves fields out where they were said before.
    fn updated_by(&self, said: &Self) -> Self {
        let (old, new) = (&self.facts, &said.facts);
        Self {
            kpay_id: self.kpay_id.clone(),
            status: said.status.clone(),
            facts: AppliedFacts {
                amount: new.amount,
                kpay_id: new.kpay_id.clone().or_else(|| old.kpay_id.clone()),
                source_reference: new.source_reference.clone().or_else(|| old.source_reference.clone()),
                destination_reference: new.destination_reference.clone().or_else(|| old.destination_reference.clone()),
                exchange_rate: new.exchange_rate.or(old.exchange_rate),
                credited: new.credited.or(old.credited),
                fee: new.fee.or(old.fee),
            },
            failure: said.failure.clone(),
            strange: said.strange.clone().or_else(|| self.strange.clone()),
        }
    }
}

/// The first question after a withdrawal was taken in hand.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(3);
/// The longest pause between two questions in its first hour, and later.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE_LATER: TimeDelta = TimeDelta::minutes(5);

/// When KPay is to be asked next how a withdrawal stands: after 3, 6, 12, … seconds, at most a minute, after an hour at
/// most five, for as long as it takes. `asked` counts the questions so far, the last of them at `last`. `None` for what
/// KPay has not taken in hand or what is over.
#[must_use]
pub fn next_poll_at(tracked: &Tracked, asked: u32, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let taken = tracked.taken.as_ref().filter(|_| tracked.outcome == Outcome::Sending)?;
    let longest = if now - taken.since > TimeDelta::hours(1) { LONGEST_PAUSE_LATER } else { LONGEST_PAUSE };
    let pause = (FIRST_PAUSE * (1_i32 << asked.min(10))).min(longest);
    // A clock that was ahead for a while must not keep the question waiting until it is there again.
    let since = last.unwrap_or(taken.since);
    Some(if since > now { now } else { since + pause })
}

/// How tests let KPay's word be misread ([`planted`]).
fn planted_word(mut said: Withdrawal) -> Withdrawal {
    use WithdrawalStatus::{Cancelled, Completed, Failed, Pending, Processing};
    let (mistake, status) = match said.status {
        Pending => (Mistake::AcceptedIsPaid, Completed),
        Processing => (Mistake::ProcessingIsCompleted, Completed),
        Failed => (Mistake::FailedIsPaid, Completed),
        Cancelled => (Mistake::CancelledIsNotHeard, Processing),
        _ => return said,
    };
    if planted::is(mistake) {
        said.status = status;
    }
    said
}
