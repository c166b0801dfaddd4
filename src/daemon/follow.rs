//! Following withdrawals that KPay has in hand: it is asked how each stands, for as long as it takes, pause or no pause.
//! Reading moves nothing. A webhook only says that asking now is worth it: nothing in it is believed.

use super::engine::{Engine, EngineError};
use crate::intent::{Event, Evidence, Outcome, Tracked, next_poll_at, withdrawal_events};
use crate::model::{ExternalId, Kind, Timestamp, is_plain_id};
use chrono::TimeDelta;

/// A hint is taken so soon after the one before it, and no sooner.
const BETWEEN_HINTS: TimeDelta = TimeDelta::seconds(2);
/// KPay is asked so often about a hint that it does not answer; then it waits for the next one.
const TRIES_OF_A_HINT: u32 = 6;
/// The pause after the first of them; it doubles.
const AFTER_A_HINT: TimeDelta = TimeDelta::seconds(3);

/// How often KPay was asked about a withdrawal since the start, and when last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Polled {
    /// So often.
    asked: u32,
    last: Option<Timestamp>,
    hinted: bool,
}

/// KPay's id for an intent that waits for one, as a webhook said; not believed before KPay's own answer.
#[derive(Debug, Clone)]
pub(super) struct Hinted {
    kpay_id: String,
    tries: u32,
    at: Timestamp,
}

impl Engine {
    /// What a webhook says: something happened to this withdrawal. One that KPay has in hand is asked about now; for one
    /// whose answer was lost KPay is asked by the id that the webhook gives, and only its own answer counts. At most one
    /// hint in two seconds is taken for an intent; one about anything else is forgotten.
    pub fn hint(&self, kpay_id: Option<&str>, external_id: &str) {
        let external_id = ExternalId::from_text(external_id);
        let Some(tracked) = self.store.with_state(|state| state.tracked(&external_id).cloned()) else { return };
        if tracked.intent.kind != Kind::Payout {
            return;
        }
        let now = self.clock.now();
        let mut world = self.world();
        if world.hinted_at.get(&external_id).is_some_and(|last| (now - *last).abs() < BETWEEN_HINTS) {
            return;
        }
        if is_followed(&tracked) {
            world.polled.entry(external_id.clone()).or_default().hinted = true;
        } else if let (true, Some(kpay_id)) = (lacks_its_id(&tracked), kpay_id.filter(|id| is_plain_id(id))) {
            let hint = Hinted { kpay_id: kpay_id.to_owned(), tries: 0, at: now };
            world.hints.insert(external_id.clone(), hint);
        } else {
            return;
        }
        world.hinted_at.insert(external_id, now);
    }

    /// When KPay is to be asked about an intent's withdrawal next; `None` where there is none to ask about.
    pub(super) fn next_question_at(&self, tracked: &Tracked, now: Timestamp) -> Option<Timestamp> {
        let world = self.world();
        let id = &tracked.intent.external_id;
        if lacks_its_id(tracked) {
            return world.hints.get(id).map(|hint| hint.at);
        }
        let polled = world.polled.get(id).copied().unwrap_or_default();
        let next = next_poll_at(tracked, polled.asked, polled.last, now)?;
        // One that an earlier process left behind is asked about at once.
        let is_left_over = polled.asked == 0 && !world.asked.contains(id);
        Some(if polled.hinted || is_left_over { next.min(now) } else { next })
    }

    /// Attempts and questions so far, those of earlier processes left out of the questions.
    pub(super) fn asked_so_far(&self, tracked: &Tracked) -> u32 {
        let asked = self.world().polled.get(&tracked.intent.external_id).map_or(0, |polled| polled.asked);
        tracked.attempts.saturating_add(asked)
    }

    /// Asks KPay how a withdrawal stands, and records what is new. What could not be read is asked for again later.
    pub(super) async fn follow(&self, tracked: &Tracked) -> Result<(), EngineError> {
        let Some(taken) = &tracked.taken else { return self.follow_hint(tracked).await };
        let id = &tracked.intent.external_id;
        if let Some(polled) = self.world().polled.get_mut(id) {
            // What a webhook says while the question is under way is worth another one.
            polled.hinted = false;
        }
        let answer = self.ask_how_it_stands(tracked, &taken.withdrawal.kpay_id).await;
        let now = self.clock.now();
        {
            let mut world = self.world();
            let polled = world.polled.entry(id.clone()).or_default();
            polled.asked = polled.asked.saturating_add(1);
            polled.last = Some(now);
        }
        match answer? {
            Some(events) if !events.is_empty() => self.append(events).await.map(|_| ())?,
            _ => {}
        }
        Ok(())
    }

    async fn follow_hint(&self, tracked: &Tracked) -> Result<(), EngineError> {
        let id = &tracked.intent.external_id;
        let Some(hint) = self.world().hints.get(id).cloned() else { return Ok(()) };
        let answer = self.ask_how_it_stands(tracked, &hint.kpay_id).await?;
        let now = self.clock.now();
        {
            let mut world = self.world();
            let tries = hint.tries + 1;
            if answer.is_some() || tries >= TRIES_OF_A_HINT {
                world.hints.remove(id);
            } else {
                let at = now + AFTER_A_HINT * (1_i32 << hint.tries);
                world.hints.insert(id.clone(), Hinted { tries, at, ..hint });
            }
        }
        match answer {
            Some(events) if !events.is_empty() => self.append(events).await.map(|_| ())?,
            _ => {}
        }
        Ok(())
    }

    /// The events of KPay's own word; `None` where it could not be had, or is not about ours.
    async fn ask_how_it_stands(&self, tracked: &Tracked, kpay_id: &str) -> Result<Option<Vec<Event>>, EngineError> {
        let said = match self.identity().await {
            Ok(_) => self.bank.withdrawal(&tracked.intent, kpay_id).await,
            Err(EngineError::Bank(error)) => Err(error),
            Err(other) => return Err(other),
        };
        let id = &tracked.intent.external_id;
        match said {
            Ok(said) => match said.strange.as_ref().filter(|_| tracked.taken.is_none()) {
                Some(strange) => {
                    self.note_problem(&format!(
                        "{id}: a webhook named a withdrawal at KPay, but {strange}; it was not taken for ours"
                    ));
                    Ok(None)
                }
                None => Ok(Some(withdrawal_events(tracked, &said, Evidence::Status))),
            },
            Err(error) => {
                self.note_problem(&format!("{id}: how its withdrawal stands could not be read: {error}"));
                Ok(None)
            }
        }
    }
}

/// Whether KPay has it in hand, and is to be asked about it.
pub(super) fn is_followed(tracked: &Tracked) -> bool {
    tracked.taken.is_some() && tracked.outcome == Outcome::Sending
}

/// Whether KPay may have it in hand under an id that nobody told us.
fn lacks_its_id(tracked: &Tracked) -> bool {
    tracked.intent.kind == Kind::Payout
        && tracked.taken.is_none()
        && matches!(tracked.outcome, Outcome::Unknown | Outcome::NeedsOperator)
}
