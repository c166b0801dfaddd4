//! Following withdrawals that KPay has in hand: it is asked how each stands, for as long as it takes, pause or no pause.
//! Reading moves nothing. A webhook only says that asking now is worth it: nothing in it is believed.

use super::doors::BankError;
use super::engine::{Engine, EngineError};
use crate::intent::{
    Event, Evidence, Outcome, Taken, Tracked, another_in_doubt, next_poll_at, unproven_end, withdrawal_events,
};
use crate::model::{ExternalId, Kind, Timestamp, is_plain_id};
use crate::planted::{self, Mistake};
use chrono::TimeDelta;

/// A hint is taken so soon after the one before it, and no sooner.
const BETWEEN_HINTS: TimeDelta = TimeDelta::seconds(2);
/// KPay is asked so often about a hint that it does not answer; then it waits for the next one.
const TRIES_OF_A_HINT: u32 = 6;
/// The pause after the first of them; it doubles.
const AFTER_A_HINT: TimeDelta = TimeDelta::seconds(3);
/// And is never longer.
const LONGEST_OF_A_HINT: TimeDelta = TimeDelta::seconds(3 << TRIES_OF_A_HINT);

/// A daemon asks so often in a row before a person is called for a withdrawal that KPay does not know; a command asks once.
const ASTRAY_IN_A_ROW: u32 = 3;
/// KPay may take so long to know its own id of what it has just taken in hand.
const KNOWN_AFTER: TimeDelta = TimeDelta::minutes(15);

/// How often KPay was asked about a withdrawal since the start, and when last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Polled {
    /// So often.
    asked: u32,
    last: Option<Timestamp>,
    hinted: bool,
    /// Answers in a row that were not about it.
    astray: u32,
    /// When the first of them came, or the earliest that a clock said since that was not known to be wrong.
    astray_since: Option<Timestamp>,
}

/// KPay's id for an intent that waits for one, as a webhook said; not believed before KPay's own answer.
#[derive(Debug, Clone)]
pub(super) struct Hinted {
    kpay_id: String,
    tries: u32,
    pub(super) at: Timestamp,
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
        } else if let (true, Some(kpay_id)) = (may_lack_its_id(&tracked), kpay_id.filter(|id| is_plain_id(id))) {
            let hint = Hinted { kpay_id: kpay_id.to_owned(), tries: 0, at: now };
            world.hints.insert(external_id.clone(), hint);
        } else {
            return;
        }
        world.hinted_at.insert(external_id, now);
    }

    /// Attempts and questions so far, those of earlier processes left out of the questions.
    pub(super) fn asked_so_far(&self, tracked: &Tracked) -> u32 {
        let asked = self.world().polled.get(&tracked.intent.external_id).map_or(0, |polled| polled.asked);
        tracked.attempts.saturating_add(asked)
    }

    /// Asks KPay how a withdrawal stands, and records what is new. What could not be read is asked for again later.
    pub(super) async fn follow(&self, tracked: &Tracked) -> Result<(), EngineError> {
        let id = &tracked.intent.external_id;
        let hint = {
            let mut world = self.world();
            if let Some(polled) = world.polled.get_mut(id) {
                // What a webhook says while the question is under way is worth another one.
                polled.hinted = false;
            }
            world.hints.get(id).cloned().filter(|_| tracked.taken.is_none())
        };
        let known = tracked.taken.as_ref().map(|taken| &taken.withdrawal.kpay_id);
        let Some(kpay_id) = known.or(hint.as_ref().map(|hint| &hint.kpay_id)) else { return Ok(()) };
        let answer = self.ask_how_it_stands(tracked, kpay_id).await?;
        match &hint {
            Some(hint) => self.hint_asked(id, hint, answer.is_some()),
            None => self.polled(id),
        }
        match answer {
            Some(events) if !events.is_empty() => self.append(events).await.map(|_| ())?,
            _ => {}
        }
        Ok(())
    }

    /// Calls a person for a withdrawal of which KPay has not known anything for as long as an unknown outcome is asked
    /// about: no question can end it. What KPay did not answer, and a wrong clock, count for nothing.
    fn call_for_astray(&self, tracked: &Tracked, error: &BankError) -> Option<Event> {
        let (BankError::Astray(what), Some(taken)) = (error, &tracked.taken) else { return None };
        let now = self.clock.now();
        let enough = if self.is_daemon() { ASTRAY_IN_A_ROW } else { 1 };
        let is_right = self.clock_trouble().is_none();
        let (in_a_row, since) = {
            let mut world = self.world();
            let polled = world.polled.entry(tracked.intent.external_id.clone()).or_default();
            polled.astray = polled.astray.saturating_add(1);
            if is_right {
                polled.astray_since = Some(polled.astray_since.map_or(now, |since| since.min(now)));
            }
            (polled.astray, polled.astray_since)
        };
        // What the journal says came later than this was told by a clock that was ahead.
        let is_long = since.is_some_and(|since| now - tracked.updated_at.min(since) > self.rules.retry.resend_for);
        let is_over = !planted::is(Mistake::AstrayForEver) && in_a_row >= enough && is_long && is_right;
        is_over.then(|| called_for(tracked, taken, what))
    }

    /// For a person's finding on a withdrawal in KPay's hands: KPay is asked now. Where it answers, and still knows nothing of
    /// it, the event that calls a person, so that the finding may follow; otherwise why there is nothing to find.
    pub(super) async fn is_astray(&self, tracked: &Tracked) -> Result<Event, String> {
        let now = self.clock.now();
        // Where a clock that was ahead said when it was taken, it is as old as KPay is known not to know it.
        let astray_since = self.world().polled.get(&tracked.intent.external_id).and_then(|polled| polled.astray_since);
        let known_since = |taken: &Taken| Some(taken.since).filter(|since| *since <= now).or(astray_since);
        let is_new = |taken: &Taken| known_since(taken).is_none_or(|since| now - since < KNOWN_AFTER);
        let Some(taken) = tracked.taken.as_ref().filter(|taken| !is_new(taken)) else {
            return Err(
                "KPay has it in hand and is asked how it stands until it is over; there is nothing to find yet"
                    .to_owned(),
            );
        };
        match self.bank.withdrawal(&tracked.intent, &taken.withdrawal.kpay_id).await {
            Err(BankError::Astray(what)) => Ok(called_for(tracked, taken, &what)),
            Ok(said) => {
                Err(format!("KPay has it in hand and says {} of it; there is nothing to find yet", said.status))
            }
            Err(error) => {
                Err(format!("KPay has it in hand, and could not be asked how it stands ({error}); try again later"))
            }
        }
    }

    fn polled(&self, id: &ExternalId) {
        let now = self.clock.now();
        let mut world = self.world();
        let polled = world.polled.entry(id.clone()).or_default();
        polled.asked = polled.asked.saturating_add(1);
        polled.last = Some(now);
    }

    /// A hint that came while this one was asked about stays for the next question.
    fn hint_asked(&self, id: &ExternalId, hint: &Hinted, is_answered: bool) {
        let now = self.clock.now();
        let mut world = self.world();
        if world.hints.get(id).is_none_or(|newest| newest.kpay_id != hint.kpay_id) {
            return;
        }
        let tries = hint.tries + 1;
        if is_answered || tries >= TRIES_OF_A_HINT {
            world.hints.remove(id);
        } else {
            let at = now + AFTER_A_HINT * (1_i32 << hint.tries);
            world.hints.insert(id.clone(), Hinted { tries, at, kpay_id: hint.kpay_id.clone() });
        }
    }

    /// The events of KPay's own word; `None` where it could not be had, or is not about ours.
    async fn ask_how_it_stands(&self, tracked: &Tracked, kpay_id: &str) -> Result<Option<Vec<Event>>, EngineError> {
        let said = match self.identity().await {
            Ok(_) => self.bank.withdrawal(&tracked.intent, kpay_id).await,
            Err(EngineError::Bank(error)) => Err(error),
            Err(other) => return Err(other),
        };
        let id = &tracked.intent.external_id;
        let said = match said {
            Ok(said) => said,
            Err(error) => {
                self.note_problem(&format!("{id}: how its withdrawal stands could not be read: {error}"));
                return Ok(self.call_for_astray(tracked, &error).map(|event| vec![event]));
            }
        };
        if let Some(polled) = self.world().polled.get_mut(id) {
            (polled.astray, polled.astray_since) = (0, None);
        }
        let unproven = match &said.strange {
            Some(strange) => Some(strange.clone()),
            None => unproven_end(tracked, &said, &self.rules.retry),
        };
        if let Some(why) = unproven.filter(|_| tracked.taken.is_none()) {
            self.note_problem(&format!(
                "{id}: a webhook named a withdrawal at KPay, but {why}; it was not taken for ours"
            ));
            return Ok(None);
        }
        let another = another_in_doubt(tracked, &self.rules.retry);
        Ok(Some(withdrawal_events(tracked, &said, Evidence::Status, another)))
    }
}

fn called_for(tracked: &Tracked, taken: &Taken, what: &str) -> Event {
    Event::NeedsOperator {
        external_id: tracked.intent.external_id.clone(),
        holds: true,
        amount_is_ours: taken.withdrawal.strange.is_none(),
        detail: format!(
            "KPay took it in hand as {}, and knows nothing of that any more; look the external id up at KPay, then \
             `treasuryd transfers resolve`. {what}",
            taken.withdrawal.kpay_id
        ),
    }
}

/// When KPay is to be asked about an intent's withdrawal next; `None` where there is none to ask about. `hint_at`: when a
/// hint about it is due; `was_asked`: whether it was attempted since the start.
pub(super) fn question_at(
    tracked: &Tracked,
    polled: Option<Polled>,
    hint_at: Option<Timestamp>,
    was_asked: bool,
    now: Timestamp,
) -> Option<Timestamp> {
    if lacks_its_id(tracked) {
        // None is waited for longer than this: the clock was ahead when the hint came.
        return hint_at.map(|at| if at - now > LONGEST_OF_A_HINT { now } else { at });
    }
    let polled = polled.unwrap_or_default();
    let next = next_poll_at(tracked, polled.asked, polled.last, now)?;
    // One that an earlier process left behind is asked about at once.
    let is_left_over = polled.asked == 0 && !was_asked;
    Some(if polled.hinted || is_left_over { next.min(now) } else { next })
}

/// Whether KPay has it in hand, and is to be asked about it.
pub(super) fn is_followed(tracked: &Tracked) -> bool {
    tracked.taken.is_some() && tracked.outcome == Outcome::Sending
}

/// Whether KPay may have it in hand under an id that nobody told us.
fn lacks_its_id(tracked: &Tracked) -> bool {
    may_lack_its_id(tracked) && tracked.outcome != Outcome::Sending
}

/// The same while an attempt is under way, whose answer may yet get lost: KPay tells by webhook only once.
fn may_lack_its_id(tracked: &Tracked) -> bool {
    tracked.intent.kind == Kind::Payout
        && tracked.taken.is_none()
        && matches!(tracked.outcome, Outcome::Sending | Outcome::Unknown | Outcome::NeedsOperator)
}
