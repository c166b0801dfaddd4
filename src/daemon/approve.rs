//! What people say to intents that wait for approval, and the end of the wait. All parts of a lane and slot stand or fall
//! together: their records are written at once, on a state in which all of them still waited.

use super::engine::{Engine, EngineError};
use super::resolve::WishError;
use super::view::TransferView;
use crate::intent::{Event, NotAllowed, Outcome, State, Tracked, group, may_approve, may_decide};
use crate::model::{ExternalId, Timestamp, tame};
use crate::policy::PolicySet;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A person's word on an intent, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// Which intent; any part of the lane and slot.
    pub external_id: String,
    /// Whether it may be sent.
    pub approve: bool,
    /// Who says so.
    pub by: String,
    /// Why; may be empty.
    pub note: String,
}

impl Engine {
    /// Records a person's approval or refusal of all parts of a lane and slot; a sentence for the person.
    ///
    /// # Errors
    /// [`WishError`]; nothing was written then.
    pub async fn approve(&self, wish: &ApprovalRequest) -> Result<String, WishError> {
        let external_id = ExternalId::from_text(&wish.external_id);
        let by = tame(wish.by.trim(), 80);
        if by.is_empty() {
            return Err(WishError::Incomplete("--by is needed: your name".to_owned()));
        }
        self.find(&external_id)?;
        let note = tame(wish.note.trim(), 400);
        let paused = self.has_pause_to_record();
        let events = |state: &State| {
            let Some(tracked) = state.tracked(&external_id) else { return Ok(Vec::new()) };
            // The records of one word may have been torn apart by a power loss: each part takes what it may still take.
            let takes =
                |part: &&Tracked| part.waits_under().is_some() && (!wish.approve || may_approve(part, &by).is_ok());
            let speaks_for = group(state, &tracked.intent).find(takes).unwrap_or(tracked);
            self.may(wish.approve, speaks_for, state, &by, paused)?;
            let waiting = group(state, &tracked.intent).filter(takes);
            let event = |part: &Tracked| {
                let (external_id, by, note) = (part.intent.external_id.clone(), by.clone(), note.clone());
                if wish.approve {
                    Event::Approved { external_id, by, note }
                } else {
                    Event::Declined { external_id, by, note }
                }
            };
            Ok::<_, WishError>(waiting.map(event).collect())
        };
        let was_written = self.append_from(events).await?;
        let now = self.find(&external_id)?;
        if !was_written {
            // It ended before anybody spoke, or just now.
            let text = format!("{external_id} does not wait for approval; it is {}", standing_of(&now));
            return Err(WishError::Refused(text));
        }
        Ok(match (now.outcome, wish.approve) {
            (_, false) => format!("{external_id} is cancelled; nothing was sent"),
            (Outcome::AwaitingApproval, true) => {
                format!("{external_id} has {}", now.waiting_for().unwrap_or_default())
            }
            (_, true) if self.is_daemon() => format!("{external_id} is approved and goes now, if it still may"),
            (_, true) => {
                format!("{external_id} is approved; the next `treasuryd once` or `run` sends it, if it still may")
            }
        })
    }

    /// Whether somebody's word counts as things stand. `paused`: a pause of everything is not in the state yet.
    fn may(&self, approve: bool, tracked: &Tracked, state: &State, by: &str, paused: bool) -> Result<(), WishError> {
        let id = &tracked.intent.external_id;
        if tracked.outcome != Outcome::AwaitingApproval {
            return Err(WishError::Refused(format!("{id} does not wait for approval; it is {}", standing_of(tracked))));
        }
        let allowed = if approve { may_approve(tracked, by) } else { may_decide(tracked, by) };
        allowed.map_err(|why| match why {
            NotAllowed::Nameless => WishError::Incomplete(format!("{id}: {why}")),
            _ => WishError::Refused(format!("{id}: {why}")),
        })?;
        if !approve {
            return Ok(());
        }
        if tracked.intent.approval.as_ref().is_some_and(|terms| self.clock.now() > terms.until) {
            let until = tracked.intent.expires_at.format("%Y-%m-%dT%H:%M:%SZ");
            return Err(WishError::Refused(format!("{id} could be approved until {until}, and is not sent any more")));
        }
        // A pause cancels whatever may be sent: an approval now would end the intent.
        let policy = tracked.intent.origin.policy().unwrap_or_default();
        let paused = if state.standing.paused_all || paused {
            Some(("everything".to_owned(), "treasuryd resume".to_owned()))
        } else {
            let by_name = state.standing.paused.contains(policy);
            by_name.then(|| (format!("policy {policy}"), format!("treasuryd resume {policy}")))
        };
        if let Some(frozen) = state.standing.frozen.get(&tracked.intent.lane.from) {
            let wallet = tracked.intent.lane.from;
            return Err(WishError::Refused(format!(
                "{id} keeps waiting, because {}: approve it after `treasuryd release {wallet}`",
                frozen.sentence(wallet)
            )));
        }
        match paused {
            Some((what, remedy)) => Err(WishError::Refused(format!(
                "{id} keeps waiting, because {what} is paused: approve it after `{remedy}`"
            ))),
            None => Ok(()),
        }
    }

    /// Why an intent need not be waited for any longer; `None` where it may still be approved, or does not wait.
    pub(super) fn wait_is_over(&self, tracked: &Tracked, policies: Option<&PolicySet>) -> Option<String> {
        let terms = tracked.waits_under()?;
        if self.decision_now() > tracked.intent.expires_at || self.clock.now() > terms.until {
            let until = tracked.intent.expires_at.format("%Y-%m-%dT%H:%M:%SZ");
            let (given, needed) = (tracked.approvals.len(), terms.approvers);
            return Some(format!("it had {given} of {needed} approvals when its time was over at {until}"));
        }
        let (policies, name) = (policies?, tracked.intent.origin.policy()?);
        match policies.get(name) {
            None => Some(format!("policy {name} is no longer in force")),
            Some(policy) if !policy.enabled || !policy.mode.sends() => Some(format!("policy {name} is no longer live")),
            Some(_) => None,
        }
    }

    /// When a wait is to be ended, on the machine's clock.
    pub(super) fn wait_ends_at(
        &self,
        tracked: &Tracked,
        policies: Option<&PolicySet>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let terms = tracked.waits_under()?;
        if self.wait_is_over(tracked, policies).is_some() {
            return Some(now);
        }
        Some(terms.until.min(tracked.intent.expires_at - self.ahead) + TimeDelta::milliseconds(1))
    }

    /// Ends the wait of all parts of a lane and slot, where it is over.
    pub(super) async fn end_wait(&self, external_id: &ExternalId) -> Result<(), EngineError> {
        let policies = self.policies();
        let events = |state: &State| {
            let Some(tracked) = state.tracked(external_id) else { return Ok(Vec::new()) };
            let Some(detail) = self.wait_is_over(tracked, policies.as_deref()) else { return Ok(Vec::new()) };
            let waiting = group(state, &tracked.intent).filter(|part| part.outcome == Outcome::AwaitingApproval);
            let cancelled = |part: &Tracked| Event::Cancelled {
                external_id: part.intent.external_id.clone(),
                detail: detail.clone(),
            };
            Ok::<_, EngineError>(waiting.map(cancelled).collect())
        };
        self.append_from(events).await.map(|_| ())
    }

    /// Records what `make` makes of the present state; false where that is nothing. Where another record comes in between,
    /// it is made again.
    pub(super) async fn append_from<E: From<EngineError>>(
        &self,
        make: impl Fn(&State) -> Result<Vec<Event>, E>,
    ) -> Result<bool, E> {
        loop {
            let (events, seq) = self.store.with_state_at(|state, seq| (make(state), seq));
            let events = events?;
            if events.is_empty() {
                return Ok(false);
            }
            if self.append_after(seq, events).await.map_err(EngineError::from)? {
                return Ok(true);
            }
        }
    }
}

/// Where an intent stands, with what was said of it last.
fn standing_of(tracked: &Tracked) -> String {
    let view = TransferView::from(tracked);
    if view.detail.is_empty() { view.state } else { format!("{} ({})", view.state, view.detail) }
}
