//! Approvals: who may give one, when there are enough, and which intents stand or fall together.

use super::{Outcome, State, Tracked};
use crate::model::{ApprovalTerms, Intent, Timestamp, person_key};
use serde::{Deserialize, Serialize};

/// One person's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovedBy {
    /// Who.
    pub by: String,
    /// What they wrote; may be empty.
    pub note: String,
    /// When (journal time).
    pub at: Timestamp,
}

/// Why somebody's word does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The intent waits for nobody.
    #[error("it does not wait for approval")]
    NoTerms,
    /// Nobody can be told apart by an empty name.
    #[error("a name is needed")]
    Nameless,
    /// The policy names who may.
    #[error("{by} may not: the policy lets {} decide", .from.join(", "))]
    NotListed {
        /// Who tried.
        by: String,
        /// Who may.
        from: Vec<String>,
    },
    /// The same person is one person.
    #[error("{by} has approved it already; somebody else must")]
    Twice {
        /// Who tried.
        by: String,
    },
}

/// Whether a person's word counts at all, to approve or to reject.
///
/// # Errors
/// [`NotAllowed`].
pub fn may_decide(tracked: &Tracked, by: &str) -> Result<(), NotAllowed> {
    let terms = tracked.intent.approval.as_ref().ok_or(NotAllowed::NoTerms)?;
    if by.trim().is_empty() {
        return Err(NotAllowed::Nameless);
    }
    if is_listed(&terms.from, by) {
        return Ok(());
    }
    Err(NotAllowed::NotListed { by: by.trim().to_owned(), from: terms.from.clone() })
}

/// Whether a person's approval counts: once.
///
/// # Errors
/// [`NotAllowed`].
pub fn may_approve(tracked: &Tracked, by: &str) -> Result<(), NotAllowed> {
    may_decide(tracked, by)?;
    if tracked.approvals.iter().any(|earlier| person_key(&earlier.by) == person_key(by)) {
        return Err(NotAllowed::Twice { by: by.trim().to_owned() });
    }
    Ok(())
}

fn is_listed(from: &[String], by: &str) -> bool {
    from.is_empty() || from.iter().any(|listed| person_key(listed) == person_key(by))
}

/// How many of the approvals given are by people on a list; an empty list is everybody.
#[must_use]
pub fn approvals_by(approvals: &[ApprovedBy], from: &[String]) -> usize {
    approvals.iter().filter(|approval| is_listed(from, &approval.by)).count()
}

/// The open parts of the same lane and slot: approved, rejected and cancelled together while they wait.
pub fn group<'a>(state: &'a State, intent: &'a Intent) -> impl Iterator<Item = &'a Tracked> {
    state.open.values().filter(|other| {
        let it = &other.intent;
        other.outcome.is_open() && (it.lane, it.slot, &it.origin) == (intent.lane, intent.slot, &intent.origin)
    })
}

impl Tracked {
    /// The terms it waits under; `None` where it does not wait.
    #[must_use]
    pub fn waits_under(&self) -> Option<&ApprovalTerms> {
        self.intent.approval.as_ref().filter(|_| self.outcome == Outcome::AwaitingApproval)
    }

    /// What it waits for, one sentence for people; `None` where it does not wait.
    #[must_use]
    pub fn waiting_for(&self) -> Option<String> {
        let terms = self.waits_under()?;
        let (given, needed) = (self.approvals.len(), terms.approvers);
        let names: Vec<&str> = self.approvals.iter().map(|approval| approval.by.as_str()).collect();
        let by = if names.is_empty() { String::new() } else { format!(" (by {})", names.join(", ")) };
        let from = if terms.from.is_empty() { String::new() } else { format!(" from {}", terms.from.join(", ")) };
        let until = self.intent.expires_at.format("%Y-%m-%dT%H:%M:%SZ");
        Some(format!("{given} of {needed} approvals{by}{from}; waits until {until}"))
    }
}
