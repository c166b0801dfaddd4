//! The outcomes of CONTRACT 1 and the one table of legal steps between them, used by live running and by recovery.

use crate::planted::{self, Mistake};
use serde::{Deserialize, Serialize};

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Durable, not attempted, or attempted in vain without a byte having left.
    Planned,
    /// Waits for a person's approval.
    AwaitingApproval,
    /// An attempt is under way.
    Sending,
    /// Money moved.
    Applied,
    /// KPay refused; nothing moved.
    Rejected,
    /// Nobody knows whether money moved.
    Unknown,
    /// Only a person can tell.
    NeedsOperator,
    /// Never attempted, never will be.
    Cancelled,
}

impl Outcome {
    /// Every outcome, in the order of CONTRACT 1.
    pub const ALL: [Self; 8] = [
        Self::Planned,
        Self::AwaitingApproval,
        Self::Sending,
        Self::Applied,
        Self::Rejected,
        Self::Unknown,
        Self::NeedsOperator,
        Self::Cancelled,
    ];

    /// The word of CONTRACT 1.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Sending => "sending",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::NeedsOperator => "needs_operator",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether someone still has to do something about it, the daemon or a person.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Applied | Self::Rejected | Self::Cancelled)
    }
}

/// What can happen to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An attempt is recorded, before its first byte.
    Attempt,
    /// That attempt certainly did nothing and may be made again.
    NotSent,
    /// That attempt's fate is unknown.
    Lose,
    /// KPay has taken a withdrawal in hand.
    Accept,
    /// It said something new of one.
    Follow,
    /// A withdrawal that it had in hand ended without money having moved.
    Return,
    /// KPay or proof says that money moved.
    Apply,
    /// KPay refused.
    Reject,
    /// Only a person can tell.
    CallOperator,
    /// Given up before any attempt.
    Cancel,
    /// A person agrees, and more must.
    Approve,
    /// The last person who must agree does.
    ApproveLast,
    /// A person refuses.
    Decline,
    /// A person found that money moved.
    FindApplied,
    /// A person found that none did.
    FindNotApplied,
}

/// The table. `may_have_arrived`: an attempt before the present one may have reached KPay; then neither a refusal nor a
/// failed connection proves anything. `None`: the step is illegal there.
#[must_use]
pub fn next_outcome(now: Outcome, step: Step, may_have_arrived: bool) -> Option<Outcome> {
    use Outcome::{Applied, AwaitingApproval, Cancelled, NeedsOperator, Planned, Rejected, Sending, Unknown};
    if let Some(planted) = planted_step(now, step) {
        return Some(planted);
    }
    Some(match (now, step) {
        (Planned, Step::Attempt) if !may_have_arrived => Sending,
        // KPay's own word on what it has counts also where an attempt before got no answer, and where a person was called.
        (Unknown, Step::Attempt) | (Sending | Unknown | NeedsOperator, Step::Accept) | (Sending, Step::Follow) => {
            Sending
        }
        (Sending, Step::NotSent) => {
            if may_have_arrived {
                Unknown
            } else {
                Planned
            }
        }
        (Sending, Step::Lose) => Unknown,
        (Sending, Step::Apply) | (Unknown | NeedsOperator | Applied, Step::FindApplied) => Applied,
        (Sending, Step::Reject) if !may_have_arrived => Rejected,
        (Sending | Unknown, Step::CallOperator) => NeedsOperator,
        (AwaitingApproval, Step::Approve) => AwaitingApproval,
        (AwaitingApproval, Step::ApproveLast) if !may_have_arrived => Planned,
        (Planned | AwaitingApproval, Step::Cancel) | (AwaitingApproval, Step::Decline) if !may_have_arrived => {
            Cancelled
        }
        (Unknown | NeedsOperator, Step::FindNotApplied) | (Sending, Step::Return) => Rejected,
        _ => return None,
    })
}

/// Steps that tests plant beside the table ([`planted`]).
fn planted_step(now: Outcome, step: Step) -> Option<Outcome> {
    let (mistake, next) = match (now, step) {
        (Outcome::Sending, Step::Attempt) => (Mistake::TwoWorkersOnOneSource, Outcome::Sending),
        (Outcome::Sending, Step::NotSent) => (Mistake::NotSentForgetsEarlierAttempt, Outcome::Planned),
        (Outcome::Sending, Step::Reject) => (Mistake::RefusalAfterUnknownIsFinal, Outcome::Rejected),
        (Outcome::Unknown, Step::Reject) => (Mistake::GivenUpIsRejected, Outcome::Rejected),
        _ => return None,
    };
    planted::is(mistake).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 15] = [
        Step::Attempt,
        Step::NotSent,
        Step::Lose,
        Step::Accept,
        Step::Follow,
        Step::Return,
        Step::Apply,
        Step::Reject,
        Step::CallOperator,
        Step::Cancel,
        Step::Approve,
        Step::ApproveLast,
        Step::Decline,
        Step::FindApplied,
        Step::FindNotApplied,
    ];

    #[test]
    fn only_a_person_leaves_a_final_outcome_and_only_to_complete_it() {
        for now in [Outcome::Applied, Outcome::Rejected, Outcome::Cancelled] {
            for step in STEPS {
                for arrived in [false, true] {
                    let next = next_outcome(now, step, arrived);
                    let completes = now == Outcome::Applied && step == Step::FindApplied;
                    assert_eq!(next.is_some(), completes, "{now:?} {step:?}");
                }
            }
        }
    }

    /// Nothing but enough approvals leads from waiting to where an attempt may be made.
    #[test]
    fn what_waits_is_attempted_only_once_it_is_approved() {
        for step in STEPS {
            let expected = match step {
                Step::Approve => Some(Outcome::AwaitingApproval),
                Step::ApproveLast => Some(Outcome::Planned),
                Step::Cancel | Step::Decline => Some(Outcome::Cancelled),
                _ => None,
            };
            assert_eq!(next_outcome(Outcome::AwaitingApproval, step, false), expected, "{step:?}");
            let leads_back = Outcome::ALL.into_iter().filter(|now| *now != Outcome::AwaitingApproval);
            let leads_back: Vec<_> =
                leads_back.filter(|now| next_outcome(*now, step, false) == Some(Outcome::AwaitingApproval)).collect();
            assert!(leads_back.is_empty(), "{step:?} leads {leads_back:?} back to waiting");
        }
    }

    #[test]
    fn once_a_byte_may_have_arrived_nothing_but_proof_or_a_person_ends_it() {
        for now in Outcome::ALL {
            for step in STEPS {
                let next = next_outcome(now, step, true);
                let ends = matches!(next, Some(Outcome::Rejected | Outcome::Cancelled | Outcome::Planned));
                assert!(
                    !ends || matches!(step, Step::FindNotApplied | Step::Return),
                    "{now:?} {step:?} gives {next:?}"
                );
            }
        }
    }
}
