//! The engine: what the daemon, `once` and the demo share. Holds the doors, the store and what was last seen, and
//! offers one method a step; the tasks only decide when to call them.

use super::conserve::take_flows;
use super::doors::{Bank, BankError, Clock};
use super::follow::is_followed;
use super::metrics::Metrics;
use super::seen::World;
use super::view::ErrorView;
use crate::intent::{Event, Outcome, RetryRules, State, Tracked};
use crate::journal::{Store, StoreError};
use crate::model::{Environment, ExternalId, Identity, Timestamp};
use crate::money::Country;
use crate::plan::Caps;
use crate::planted::{self, Mistake};
use crate::policy::PolicySet;
use crate::settings::ConservationSettings;
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What an engine is made of.
pub struct Parts {
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// KPay.
    pub bank: Arc<dyn Bank>,
    /// The journal.
    pub store: Arc<Store>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Rules from the configuration.
    pub rules: Rules,
    /// How far the instant decided for is ahead of the clock (`--at`); zero for the daemon.
    pub ahead: TimeDelta,
}

/// What the configuration says.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Sandbox or production.
    pub environment: Environment,
    /// The last line of defence.
    pub caps: Caps,
    /// How long an unknown outcome is asked about.
    pub retry: RetryRules,
    /// Whether policies that loosen a guard wait for a person.
    pub confirm_loosening: bool,
    /// What is done about a wallet that fell by more than our own moves explain.
    pub conservation: ConservationSettings,
}

/// The engine.
pub struct Engine {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bank: Arc<dyn Bank>,
    pub(super) store: Arc<Store>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) rules: Rules,
    pub(super) ahead: TimeDelta,
    /// The instant decided for, where it is not the clock's: one that was asked for does not move on while KPay is waited
    /// for.
    fixed: Option<Timestamp>,
    /// Held from the leave to send until the attempt is recorded: caps are checked and counted by one at a time, and no
    /// two wait for each other's place in the request budget.
    pub(super) starting: tokio::sync::Mutex<()>,
    /// Held while an empty journal is opened: whoever comes second goes on only when its first records are durable. A pause
    /// among them counts as said from then on.
    claiming: tokio::sync::Mutex<()>,
    /// Held while a set of policies is put in force or held back.
    pub(super) adopting: tokio::sync::Mutex<()>,
    /// Held while a reading is compared with the one before, until what it shows is recorded.
    pub(super) comparing: tokio::sync::Mutex<()>,
    stopping: AtomicBool,
    is_daemon: AtomicBool,
    world: Mutex<World>,
}

/// What went wrong in a step.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal: nothing more may be sent.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// KPay.
    #[error(transparent)]
    Bank(#[from] BankError),
    /// The second opinion objects to a plan: a defect of the program. Nothing is sent.
    #[error("the plan was not carried out, because a second check of it objects: {0}")]
    Objection(String),
    /// The state belongs to someone else.
    #[error("{0}")]
    Foreign(String),
}

/// What the daemon calls itself when it begins.
pub const DAEMON: &str = "run";

/// How many problems and finished moves are kept for people to see.
pub(super) const KEPT: usize = 20;

impl Engine {
    /// Puts an engine together. Nothing is read or sent yet.
    #[must_use]
    pub fn new(parts: Parts, policies: Option<Arc<PolicySet>>) -> Self {
        if let Some(set) = &policies {
            parts.metrics.policies_in_force(set);
            parts.metrics.reload(true, parts.clock.now());
        }
        let world = World { policies, ..World::default() };
        let fixed = (parts.ahead != TimeDelta::zero()).then(|| parts.clock.now() + parts.ahead);
        Self {
            clock: parts.clock,
            bank: parts.bank,
            store: parts.store,
            metrics: parts.metrics,
            rules: parts.rules,
            ahead: parts.ahead,
            fixed,
            starting: tokio::sync::Mutex::new(()),
            claiming: tokio::sync::Mutex::new(()),
            adopting: tokio::sync::Mutex::new(()),
            comparing: tokio::sync::Mutex::new(()),
            stopping: AtomicBool::new(false),
            is_daemon: AtomicBool::new(false),
            world: Mutex::new(world),
        }
    }

    /// Begins a session on the state: opens the journal for this identity, and turns attempts that a crash cut short
    /// into unknown outcomes. Must come before any step.
    ///
    /// # Errors
    /// [`EngineError::Foreign`] where the journal is another application's or environment's; [`EngineError::Bank`]
    /// where the identity has to be asked for and cannot be had.
    pub async fn begin(&self, command: &str) -> Result<(), EngineError> {
        self.is_daemon.store(command == DAEMON, Ordering::SeqCst);
        self.take_up_left_overs(command).await?;
        self.take_up_policies().await?;
        let history = self.store.history(Some(KEPT))?;
        self.take_up_balances();
        let finished = history.into_iter().filter(|tracked| !tracked.outcome.is_open());
        self.world().finished.extend(finished);
        Ok(())
    }

    /// Asks KPay who we are, once; checks it against the journal, and opens an empty journal with it.
    ///
    /// # Errors
    /// As [`Engine::begin`].
    pub async fn identity(&self) -> Result<Identity, EngineError> {
        if let Some(identity) = self.world().identity.clone() {
            return Ok(identity);
        }
        let identity = self.bank.identity().await?;
        let _one_at_a_time = self.claiming.lock().await;
        self.claim(&identity).await?;
        self.world().identity = Some(identity.clone());
        Ok(identity)
    }

    async fn claim(&self, identity: &Identity) -> Result<(), EngineError> {
        let known = self.store.with_state(|state| state.identity.clone());
        if let Some(known) = known {
            if known != *identity {
                return Err(EngineError::Foreign(foreign(&known, identity)));
            }
            // Whoever opened the journal may have gone before it came to the policies.
            let is_begun = self.store.with_state(|state| state.policy_hash.is_some());
            return if is_begun { Ok(()) } else { self.take_up_policies().await };
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let mut events = vec![Event::Opened { identity: identity.clone(), version }];
        if identity.environment == Environment::Production {
            events.push(Event::Paused {
                what: crate::intent::PausedWhat::Everything,
                by: None,
                note: "an empty journal in production starts paused: caps and pauses may have been lost with it"
                    .to_owned(),
            });
            tracing::warn!("the journal is empty: production starts paused until `treasuryd resume --by NAME`");
        }
        events.extend(std::mem::take(&mut self.world().pauses_to_record));
        self.append(events).await?;
        self.take_up_policies().await
    }

    /// Puts the policies that the engine was made with in force, or holds them back.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn take_up_policies(&self) -> Result<(), EngineError> {
        match self.policies() {
            Some(set) => self.adopt(set).await,
            None => Ok(()),
        }
    }

    /// Attempts whose reply a crash swallowed are unknown now.
    async fn take_up_left_overs(&self, command: &str) -> Result<(), EngineError> {
        let cut_short: Vec<_> = self.store.with_state(|state| {
            let sending = state.open.values().filter(|tracked| tracked.outcome == Outcome::Sending);
            // What KPay has in hand was answered: it is asked about by KPay's id, and never sent again.
            let sending = sending.filter(|tracked| !is_followed(tracked));
            sending.map(|tracked| tracked.intent.external_id.clone()).collect()
        });
        let is_new = self.store.with_state(|state| state.identity.is_none());
        if is_new {
            return Ok(());
        }
        let copied = self.store.sign_of_copy();
        let mut events: Vec<Event> = copied.map(|sign| Event::Copied { sign }).into_iter().collect();
        events.push(Event::Started { version: env!("CARGO_PKG_VERSION").to_owned(), command: command.to_owned() });
        events.extend(cut_short.into_iter().map(|external_id| {
            let detail = "the process ended before the reply came".to_owned();
            if planted::is(Mistake::LeftOversWereNotSent) {
                return Event::NotSent { external_id, detail };
            }
            Event::Unknown { external_id, detail }
        }));
        self.append(events).await?;
        if copied.is_some() {
            // Only now: until that record is durable, every start has to see it again.
            self.store.aside(Store::remember_origin).await?;
        }
        // Nothing was attempted by this process: all of it is due at once.
        self.world().asked.clear();
        Ok(())
    }

    /// Writes events, durable when it returns, and counts what they mean.
    ///
    /// # Errors
    /// [`StoreError`]: nothing more may be sent.
    pub async fn append(&self, events: Vec<Event>) -> Result<Vec<Tracked>, StoreError> {
        let only_completed = self.store.with_state(|state| completions(state, &events));
        let changed = self.store.append(self.clock.now(), events).await?;
        self.take_in(&changed, &only_completed);
        Ok(changed)
    }

    /// [`Engine::append`] for events made from the state after record `seq`; false, with nothing written, where
    /// another record came in between.
    ///
    /// # Errors
    /// As [`Engine::append`].
    pub(super) async fn append_after(&self, seq: u64, events: Vec<Event>) -> Result<bool, StoreError> {
        let Some(changed) = self.store.append_after(seq, self.clock.now(), events).await? else { return Ok(false) };
        self.take_in(&changed, &BTreeSet::new());
        Ok(true)
    }

    /// Counts, logs and remembers what happened to intents; those whose rate was only completed were counted before.
    fn take_in(&self, changed: &[Tracked], only_completed: &BTreeSet<ExternalId>) {
        if !self.is_daemon() {
            self.world().changed.extend(changed.iter().map(|tracked| tracked.intent.external_id.clone()));
        }
        for tracked in changed {
            self.take_in_rate(tracked);
        }
        for tracked in changed.iter().filter(|tracked| !only_completed.contains(&tracked.intent.external_id)) {
            super::telemetry::note(&self.metrics, tracked);
            let mut world = self.world();
            if tracked.attempts > 0 {
                world.touched.insert(tracked.intent.lane.from, tracked.updated_at);
                world.asked.insert(tracked.intent.external_id.clone());
            }
            world.take_move(tracked);
            let asked = world.readings.0;
            take_flows(&mut world.conservation, tracked, asked);
            if super::seen::left_by(tracked).is_some() {
                // The books have an entry more: what is read now belongs beside it, though the figures be the same.
                world.observed = None;
            }
            if !tracked.outcome.is_open() {
                world.forget(&tracked.intent.external_id);
                world.finished.push_front(tracked.clone());
                world.finished.truncate(KEPT);
            }
        }
    }

    /// Tells how far an applied rate is from what it was compared with; over the allowed spread it is a problem.
    fn take_in_rate(&self, tracked: &Tracked) {
        let Some(fx) = tracked.applied_fx() else { return };
        let id = &tracked.intent.external_id;
        tracing::info!(external_id = %id, lane = %tracked.intent.lane.masked(), rate = %fx.applied,
            off_reference_bp = fx.off_reference_bp.map(tracing::field::display),
            off_indicative_bp = fx.off_indicative_bp.map(tracing::field::display), "applied rate");
        if let Some(spread) = fx.over {
            self.note_problem(&format!("{id}: {fx}: over the policy's max_spread of {spread}, after the fact"));
        }
    }

    /// The instant decisions are made for.
    #[must_use]
    pub fn decision_now(&self) -> Timestamp {
        self.fixed.unwrap_or_else(|| self.clock.now())
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> Option<Arc<PolicySet>> {
        self.world().policies.clone()
    }

    /// There are no policies any more, in force or waiting.
    pub(super) fn drop_policies(&self) {
        let mut world = self.world();
        (world.policies, world.held) = (None, None);
    }

    /// Countries that policies name: they tell apart balance rows that carry no country.
    pub(super) fn countries(&self) -> BTreeSet<Country> {
        self.policies().map(|set| set.countries()).unwrap_or_default()
    }

    /// Intents that something happened to since a command began.
    #[must_use]
    pub fn changed(&self) -> BTreeSet<ExternalId> {
        self.world().changed.clone()
    }

    /// The problems met since the start, oldest first.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.world().errors.iter().rev().map(|error| error.what.clone()).collect()
    }

    /// No new attempt begins after this.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether [`Engine::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether the kill switch for everything is on.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.store.with_state(|state| state.standing.paused_all)
    }

    /// Whether this engine lives on after a command.
    pub(super) fn is_daemon(&self) -> bool {
        self.is_daemon.load(Ordering::SeqCst)
    }

    /// Whether a pause waits for the journal to be opened: then nothing is decided or sent.
    pub(super) fn has_pause_to_record(&self) -> bool {
        !self.world().pauses_to_record.is_empty()
    }

    /// Whether it works on the sandbox or on production.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.rules.environment
    }

    /// The journal.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Remembers a problem for `status` and the dashboard, and logs it.
    pub fn note_problem(&self, what: &str) {
        tracing::warn!(problem = what, "held still");
        let at = self.clock.now();
        let mut world = self.world();
        if world.errors.front().is_none_or(|newest| newest.what != what) {
            world.errors.push_front(ErrorView { at, what: what.to_owned() });
            world.errors.truncate(KEPT);
        }
    }

    /// What was last seen, locked. Held for a few lines only, and never together with the store's own lock, in neither
    /// order: nothing is asked of the store while this is held, and nothing given to `with_state` may come here, nor to
    /// what comes here (`policies`, `has_pause_to_record`). What is needed of the world is fetched before.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere ends the process; until then the data behind the lock is plain and complete.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Applied intents that these events only complete with their rate: they moved, and were counted, before.
fn completions(state: &State, events: &[Event]) -> BTreeSet<ExternalId> {
    let findings = events.iter().filter(|event| matches!(event, Event::Resolved { .. }));
    let applied = |id: &&ExternalId| state.tracked(id).is_some_and(|tracked| tracked.outcome == Outcome::Applied);
    findings.filter_map(Event::external_id).filter(applied).cloned().collect()
}

/// Why a state is not worked on, or planned on, with somebody else's keys.
pub(super) fn foreign(known: &Identity, came: &Identity) -> String {
    format!(
        "the journal belongs to {} application {}, but these keys are for {} application {}; use another state.path, \
         or the keys the journal belongs to",
        known.environment, known.application_id, came.environment, came.application_id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::testing::{accepted, applied, at, facts, followed, payout, requested, returned};
    use crate::daemon::seen::left_by;
    use crate::intent::Evidence;
    use crate::money::Amount;

    /// What a wallet has less after each event of a payout of 5,000.
    fn check(events: &[Event], expected: &[&str]) {
        let mut state = State::default();
        let external_id = ExternalId::from_text("T");
        let begun = [
            requested(vec![payout("T", "CMR>MTN_MOMO_CMR:237653456789", "5000", None)]),
            Event::Attempted { external_id, attempt: 1, balance_before: None },
        ];
        let told = |left: Option<Amount>| left.map_or("-".to_owned(), |left| left.to_string());
        let mut left = Vec::new();
        for (seq, event) in (1..).zip(begun.iter().chain(events)) {
            let changed = state.apply(at(seq), event).unwrap();
            left.extend(changed.iter().skip_while(|_| seq <= 2).map(|tracked| told(left_by(tracked))));
        }
        assert_eq!(left, expected, "{events:?}");
    }

    #[test]
    fn a_payout_leaves_its_wallet_once_and_comes_back_where_it_failed() {
        let given = || facts("5000", Some("4750 XAF"), None);
        let (taken, over) = (accepted("T", given()), applied("T", Evidence::Status, given()));
        check(&[taken.clone(), followed("T", given()), over.clone()], &["5000", "-", "-"]);
        check(&[taken, followed("T", given()), returned("T")], &["5000", "-", "-5000"]);
        check(&[over], &["5000"]);
    }
}
