//! Carrying out: one worker a source wallet, strictly one attempt after the other, parts in order, open questions before
//! new moves. Everything is in the journal before its first byte leaves.

use super::doors::{BankError, Leave};
use super::engine::{Engine, EngineError};
use super::observe::FRESH_FOR;
use super::preview::read_rates;
use crate::intent::{
    ConflictEvidence, Event, Gate, GateInputs, Outcome, Reply, Tracked, check_gate, conflict_verdict, verdict,
};
use crate::model::{ExternalId, IdParts, Intent, Kind, Moment, Origin, Snapshot, WalletId};
use crate::money::{Amount, Currency, Rate};
use crate::planted::{self, Mistake};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::MutexGuard;
use tokio::task::JoinSet;

/// When the world cannot be read, a source is left alone for so long.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(2);
/// And at most for so long.
pub(super) const LONGEST_REST: TimeDelta = TimeDelta::minutes(1);
/// With the leave to send in hand a new reading may take so long; then the leave goes back to where others wait for it.
const READING_WITH_LEAVE: Duration = Duration::from_secs(5);

/// And by the clock at most so long: no timer runs while a machine sleeps.
const OLDEST_READING: TimeDelta = TimeDelta::seconds(10);

/// What a worker does after a step.
enum Flow {
    /// Take the next item.
    Next,
    /// Leave this source alone for a while.
    Rest,
}

/// The next thing to do for a source.
enum Item {
    /// A first attempt, or one that is known not to have left.
    First(Tracked),
    /// Ask again about an unknown outcome.
    Again(Tracked),
    /// Ask how a withdrawal stands.
    Poll(Tracked),
    /// Never send it: the part before it did not go through.
    Drop(ExternalId, String),
    /// Asked about for long enough.
    GiveUp(ExternalId),
    /// Nobody approved it in time, or its policy is gone.
    EndWait(ExternalId),
}

impl Engine {
    /// Works off whatever is due now, all sources at once, until each has nothing due or rests.
    ///
    /// # Errors
    /// The first [`EngineError`] of a worker, after all of them ended.
    pub async fn carry_out(self: &Arc<Self>) -> Result<(), EngineError> {
        self.carry_out_from(self.sources_with_work()).await
    }

    /// The same for some sources only.
    ///
    /// # Errors
    /// As [`Engine::carry_out`].
    pub async fn carry_out_from(self: &Arc<Self>, sources: BTreeSet<WalletId>) -> Result<(), EngineError> {
        let mut workers = JoinSet::new();
        for source in sources {
            let engine = self.clone();
            workers.spawn(async move { engine.work_off(source).await });
        }
        let mut result = Ok(());
        while let Some(ended) = workers.join_next().await {
            let ended = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            result = result.and(ended);
        }
        result
    }

    /// Works off what is due out of one wallet, until nothing is or it rests; nothing where somebody does so already.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn work_off(&self, source: WalletId) -> Result<(), EngineError> {
        let busy = self.occupy(source);
        if busy.is_none() && !planted::is(Mistake::TwoWorkersOnOneSource) {
            return Ok(());
        }
        self.work_off_busy(source).await
    }

    async fn work_off_busy(&self, source: WalletId) -> Result<(), EngineError> {
        while !self.is_stopping() {
            let Some(item) = self.next_item(source)? else { return Ok(()) };
            let flow = match item {
                Item::Poll(tracked) => {
                    // A question says nothing about the trouble that a source rests for.
                    self.follow(&tracked).await?;
                    continue;
                }
                Item::Drop(external_id, detail) => {
                    self.append(vec![Event::Cancelled { external_id, detail }]).await?;
                    Flow::Next
                }
                Item::GiveUp(external_id) => {
                    let detail = "asked again for as long as kpay.resend_for allows, without an answer that proves \
                                  anything; look it up at KPay, then `treasuryd transfers resolve`"
                        .to_owned();
                    let holds = !planted::is(Mistake::CallForAPersonHoldsNothing);
                    let event = if planted::is(Mistake::GivenUpIsRejected) {
                        Event::Rejected { external_id, detail }
                    } else {
                        Event::NeedsOperator { external_id, holds, amount_is_ours: true, detail }
                    };
                    self.append(vec![event]).await?;
                    Flow::Next
                }
                Item::EndWait(external_id) => {
                    self.end_wait(&external_id).await?;
                    Flow::Next
                }
                Item::First(tracked) => self.send_first(&tracked).await?,
                Item::Again(tracked) => self.ask_again(&tracked).await?,
            };
            if matches!(flow, Flow::Rest) {
                self.rest(source);
                return Ok(());
            }
            self.world().rests.remove(&source);
        }
        Ok(())
    }

    /// Leaves a source alone, longer each time in a row.
    fn rest(&self, source: WalletId) {
        let now = self.clock.now();
        let mut world = self.world();
        let (until, times) = world.rests.entry(source).or_insert((now, 0));
        *until = now + (LOOK_AGAIN * 2_i32.pow((*times).min(5))).min(LONGEST_REST);
        *times = times.saturating_add(1);
    }

    /// Waits that are over first: they need no request. Then unknown outcomes, then new moves in the order of slot, lane
    /// and part. While a source rests, only questions are asked.
    fn next_item(&self, source: WalletId) -> Result<Option<Item>, EngineError> {
        let now = self.clock.now();
        let is_resting = self.is_resting(source, now);
        // What is too old is not told by a clock that is known to be wrong, in neither direction.
        let clock_is_wrong = self.clock_trouble().is_some();
        let latest = if clock_is_wrong { now.max(self.bank_now(now)) } else { now };
        for (external_id, due) in self.due_of(source, now) {
            let Some(tracked) = self.store.with_state(|state| state.tracked(&external_id).cloned()) else { continue };
            if due.question.is_some_and(|at| at <= now) {
                return Ok(Some(Item::Poll(tracked)));
            }
            if is_resting {
                continue;
            }
            match tracked.outcome {
                Outcome::AwaitingApproval if !clock_is_wrong => return Ok(Some(Item::EndWait(external_id))),
                Outcome::Unknown if self.rules.retry.is_over(&tracked, latest) => {
                    if clock_is_wrong {
                        continue;
                    }
                    return Ok(Some(Item::GiveUp(external_id)));
                }
                Outcome::Unknown if !self.is_paused_for(&tracked.intent) => return Ok(Some(Item::Again(tracked))),
                Outcome::Planned => {}
                _ => continue,
            }
            match self.part_before(&tracked.intent)? {
                // It waits for its operator until its time is over, and keeps no other from going meanwhile.
                None | Some(Outcome::Applied)
                    if self.decision_now() <= tracked.intent.expires_at
                        && self.is_known_closed(&tracked.intent, now) => {}
                None | Some(Outcome::Applied) => return Ok(Some(Item::First(tracked))),
                Some(Outcome::NeedsOperator) if planted::is(Mistake::PartsGoOnAfterAConflict) => {
                    return Ok(Some(Item::First(tracked)));
                }
                Some(Outcome::Rejected | Outcome::Cancelled | Outcome::NeedsOperator) => {
                    let part = tracked.intent.part - 1;
                    let detail = format!("part {part} before it did not go through");
                    return Ok(Some(Item::Drop(tracked.intent.external_id, detail)));
                }
                Some(_) => {}
            }
        }
        Ok(None)
    }

    fn is_paused_for(&self, intent: &Intent) -> bool {
        self.has_pause_to_record()
            || self.store.with_state(|state| {
                let standing = &state.standing;
                standing.paused_all && !planted::is(Mistake::PauseIgnored)
                    || intent.origin.policy().is_some_and(|name| standing.paused.contains(name))
            })
    }

    /// How the part before this one ended; `None` for a first part.
    fn part_before(&self, intent: &Intent) -> Result<Option<Outcome>, EngineError> {
        if intent.part <= 1 || planted::is(Mistake::PartsInAnyOrder) {
            return Ok(None);
        }
        let Some(identity) = self.store.with_state(|state| state.identity.clone()) else { return Ok(None) };
        let moment = match (&intent.origin, intent.slot) {
            (_, Some(slot)) => Moment::Slot(slot),
            (Origin::Manual(key) | Origin::Policy(key), None) => Moment::Key(key),
        };
        let id = ExternalId::derive(&IdParts {
            identity: &identity,
            kind: intent.kind,
            source: intent.lane.from.country.code(),
            destination: &intent.lane.to.to_string(),
            moment,
            part: intent.part - 1,
        });
        // A part whose predecessor is nowhere was never to be sent alone.
        Ok(Some(self.store.find(&id)?.map_or(Outcome::Cancelled, |tracked| tracked.outcome)))
    }

    async fn send_first(&self, tracked: &Tracked) -> Result<Flow, EngineError> {
        if self.waits_for_acceptance(&tracked.intent) {
            return Ok(Flow::Rest);
        }
        if self.clock_is_wrong() {
            return Ok(Flow::Rest);
        }
        // Refusals that need no balance come before any request; only that it is too old waits for KPay's time, once.
        let nothing = Snapshot { taken_at: self.clock.now(), readings: BTreeMap::new(), problems: Vec::new() };
        let may_be_too_old =
            self.decision_now() > tracked.intent.expires_at && self.bank.clock_ahead_seconds().is_none();
        if let Gate::Cancel(detail) = self.gate(tracked, &nothing, &BTreeMap::new())
            && !may_be_too_old
        {
            return self.cancel(tracked, detail).await;
        }
        if let Some(why) = self.operator_closed(&tracked.intent).await {
            self.note_problem(&why);
            return Ok(Flow::Next);
        }
        let source = tracked.intent.lane.from;
        let Some(before_leave) = readable(self.fresh_reading(source).await)? else { return Ok(Flow::Rest) };
        // The reading's reply told KPay's time as well.
        if self.clock_is_wrong() {
            return Ok(Flow::Rest);
        }
        let rates_from = self.clock.now();
        let mut rates = self.rates_for(&tracked.intent).await;
        let starting = self.starting.lock().await;
        let Some(leave) = self.leave(tracked.intent.kind).await? else { return Ok(Flow::Rest) };
        // The leave may have been long in coming: money is sent on a reading of a few seconds ago or not at all.
        let snapshot = if self.bank.can_read_with_leave() && !planted::is(Mistake::ReadingNotRepeated) {
            let reading = async {
                let Some(snapshot) = readable(self.fresh_reading(source).await)? else { return Ok(None) };
                if self.clock.now() - rates_from > FRESH_FOR {
                    rates = self.rates_for(&tracked.intent).await;
                }
                Ok::<_, EngineError>(Some(snapshot))
            };
            let read = tokio::time::timeout(READING_WITH_LEAVE, reading).await;
            let Some(snapshot) = read.unwrap_or(Ok(None))? else { return Ok(Flow::Rest) };
            if self.clock.now() - snapshot.taken_at > OLDEST_READING && !planted::is(Mistake::OldReadingWillDo) {
                self.note_problem(&format!("the balance of {source} came too late to send on it; it is read again"));
                return Ok(Flow::Rest);
            }
            snapshot
        } else {
            // One request a minute: a second reading would never be younger than this one.
            before_leave
        };
        if self.waits_for_acceptance(&tracked.intent) {
            return Ok(Flow::Rest);
        }
        match self.gate(tracked, &snapshot, &rates) {
            Gate::Cancel(detail) => self.cancel(tracked, detail).await,
            Gate::Wait(why) => {
                self.note_problem(&why);
                Ok(Flow::Rest)
            }
            Gate::Send(before) => self.attempt(tracked, leave, Some(before), Some(starting)).await,
        }
    }

    /// Whether a set of policies waits for a person and none is in force: then nobody can say whether a policy's intent may
    /// still go.
    fn waits_for_acceptance(&self, intent: &Intent) -> bool {
        let (none_in_force, held) = {
            let world = self.world();
            (world.policies.is_none(), world.held.clone())
        };
        let Some(held) = held.filter(|_| none_in_force && intent.origin.policy().is_some()) else { return false };
        self.note_problem(&held.view().for_the_log());
        true
    }

    async fn ask_again(&self, tracked: &Tracked) -> Result<Flow, EngineError> {
        match self.leave(tracked.intent.kind).await? {
            Some(leave) => self.attempt(tracked, leave, None, None).await,
            None => Ok(Flow::Rest),
        }
    }

    /// Leave to send, from a bank that knows us.
    async fn leave(&self, kind: Kind) -> Result<Option<Leave>, EngineError> {
        let leave = match self.identity().await {
            Ok(_) => self.bank.leave_to_send(kind).await,
            Err(EngineError::Bank(error)) => Err(error),
            Err(other) => return Err(other),
        };
        if let Err(error) = &leave {
            self.note_problem(&error.to_string());
        }
        self.world().refusal = match &leave {
            Err(BankError::Refused(why)) => Some(why.clone()),
            _ => None,
        };
        Ok(leave.ok())
    }

    async fn cancel(&self, tracked: &Tracked, detail: String) -> Result<Flow, EngineError> {
        let external_id = tracked.intent.external_id.clone();
        self.append(vec![Event::Cancelled { external_id, detail }]).await?;
        Ok(Flow::Next)
    }

    /// KPay's rates that an intent's last check needs, as they are now.
    async fn rates_for(&self, intent: &Intent) -> BTreeMap<(Currency, Currency), Rate> {
        let (rates, failures) = read_rates(&*self.bank, self.pairs_to_check(intent)).await;
        for failure in failures {
            self.note_problem(&failure.to_string());
        }
        rates
    }

    /// The rates that are read again before an intent's first attempt: its own lane's where its spread is bounded, and
    /// all that its policy looks at where the plan is made again.
    fn pairs_to_check(&self, intent: &Intent) -> BTreeSet<(Currency, Currency)> {
        let lane = intent.lane;
        let policies = self.policies();
        let policy = intent.origin.policy().and_then(|name| policies.as_ref()?.get(name));
        let is_bounded = intent.fx.is_some_and(|fx| fx.max_spread.is_some())
            || policy.is_some_and(|policy| policy.fx.max_spread.is_some());
        let own = (lane.crosses_currencies() && is_bounded).then_some((lane.from.currency, lane.to.currency));
        let mut pairs: BTreeSet<_> = own.into_iter().collect();
        if let Some(policy) = policy.filter(|_| intent.approval.is_some()) {
            pairs.extend(policy.rate_pairs());
        }
        pairs
    }

    fn gate(&self, tracked: &Tracked, snapshot: &Snapshot, rates: &BTreeMap<(Currency, Currency), Rate>) -> Gate {
        let policies = self.policies();
        let hash = policies.as_ref().filter(|_| tracked.intent.origin.policy().is_some()).map(|set| set.hash.as_str());
        self.store.with_state(|state| {
            // As for a decision: those of the journal's last record, or none.
            if hash.is_some_and(|hash| state.policy_hash.as_deref() != Some(hash)) {
                return Gate::Wait("other policies are coming into force; it is looked at again by those".to_owned());
            }
            check_gate(
                tracked,
                &GateInputs {
                    state,
                    snapshot,
                    policies: policies.as_deref(),
                    rates,
                    caps: &self.rules.caps,
                    now: self.decision_now(),
                    clock: self.clock.now(),
                },
            )
        })
    }

    /// Record, send, record.
    async fn attempt(
        &self,
        tracked: &Tracked,
        leave: Leave,
        balance_before: Option<Amount>,
        starting: Option<MutexGuard<'_, ()>>,
    ) -> Result<Flow, EngineError> {
        let external_id = tracked.intent.external_id.clone();
        // What is asked again is nothing new: the money may have left before the wallet was frozen, and only KPay's answer
        // says whether it did.
        let is_new = starting.is_some();
        let source = tracked.intent.lane.from;
        let is_held_back =
            || self.is_stopping() || self.is_paused_for(&tracked.intent) || (is_new && self.is_frozen(source));
        if is_held_back() {
            return Ok(Flow::Rest);
        }
        let attempt = tracked.attempts.saturating_add(1);
        let changed = self.append(vec![Event::Attempted { external_id, attempt, balance_before }]).await?;
        drop(starting);
        let Some(mut sending) = changed.into_iter().next() else { return Ok(Flow::Rest) };
        planted_resend(&mut sending);
        let may_send = || planted::is(Mistake::PauseNotLookedAtAgain) || !is_held_back();
        let reply = self.bank.transfer(leave, &sending.intent, &may_send).await;
        let rest = matches!(reply, Reply::NotSent { .. } | Reply::NotAuthorized { .. });
        if let Reply::NotSent { detail } | Reply::NotAuthorized { detail } | Reply::Lost { detail } = &reply {
            self.note_problem(detail);
        }
        let events = match verdict(&sending, &reply) {
            Some(events) => events,
            None => vec![self.settle_conflict(&sending, &reply).await],
        };
        self.append(events).await?;
        Ok(if rest { Flow::Rest } else { Flow::Next })
    }

    async fn settle_conflict(&self, sending: &Tracked, reply: &Reply) -> Event {
        let detail = match reply {
            Reply::Conflict { detail } => detail.as_str(),
            _ => "",
        };
        let journal_proves = self.store.with_state(|state| state.journal_proves(&sending.intent));
        // Only an earlier attempt of our own makes the balance worth a request.
        let balance_after = if sending.may_have_arrived && !journal_proves {
            // Where it shows a fall that cannot be recorded, nothing more is recorded, nor sent.
            let snapshot = self.read_balances().await.ok();
            snapshot.and_then(|snapshot| snapshot.available(sending.intent.lane.from))
        } else {
            None
        };
        conflict_verdict(sending, detail, ConflictEvidence { balance_after, journal_proves })
    }
}

/// A reading; `None` where KPay gave none, which passes.
fn readable(read: Result<Arc<Snapshot>, EngineError>) -> Result<Option<Arc<Snapshot>>, EngineError> {
    match read {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(EngineError::Bank(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// What tests plant in a resend ([`planted`]).
fn planted_resend(again: &mut Tracked) {
    let intent = &mut again.intent;
    if again.attempts > 1 && planted::is(Mistake::NewIdOnRetry) {
        intent.external_id = ExternalId::from_text(&format!("{}-R{}", intent.external_id, again.attempts));
    }
    if again.attempts > 1 && planted::is(Mistake::ResendRebuilt) {
        intent.body = intent.body.replace(" part ", " again, part ");
    }
}
