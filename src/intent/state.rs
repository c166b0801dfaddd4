//! The present state: a fold of the journal's events, in order. Live running and recovery apply the same events through
//! the same function, so both arrive at the same state.

use super::falls::Lost;
use super::{
    ApprovedBy, Breach, Event, Evidence, Finding, NotAllowed, Outcome, PastFall, PausedWhat, Settled, Step, Taken,
    Tracked, Withdrawal, may_approve, next_outcome,
};
use crate::model::{BalanceRow, Environment, ExternalId, Identity, Intent, Slot, Timestamp, WalletId};
use crate::money::{Amount, MoneyError};
use crate::plan::{AppliedRate, Frozen, Hold, LastOutflow, Standing, pairs};
use crate::planted::{self, Mistake};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Everything the journal says about the present. Small: history is the journal's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Whose money it is.
    pub identity: Option<Identity>,
    /// What constrains planning.
    pub standing: Standing,
    /// Intents that are not final, and applied ones whose rate is pending.
    pub open: BTreeMap<String, Tracked>,
    /// The latest journal time: the high-water mark below which no slot is decided again.
    pub high_water: Option<Timestamp>,
    /// When this state was last seen to be a copy, not before any record of then: no slot until then is proven by records.
    pub copied_at: Option<Timestamp>,
    /// When records were written in the last day and a bit, thinned.
    activity: Vec<Timestamp>,
    /// When balances were last recorded.
    pub last_observed: Option<Timestamp>,
    /// The balances last recorded.
    pub balances: Vec<BalanceRow>,
    /// The policies last in force.
    pub policy_hash: Option<String>,
    /// The newest falls that nobody here explains, newest first.
    pub falls: VecDeque<PastFall>,
    /// What each wallet lost on the last day on which it lost anything.
    pub(super) lost: Vec<Lost>,
    /// Our own moves, by id, that are over and that [`State::balances`] may not show yet.
    pub settled: BTreeMap<String, Settled>,
    /// What was to stay in each wallet by the last move that was attempted out of it, in major units of its currency.
    #[serde(with = "pairs")]
    pub floors: BTreeMap<WalletId, Amount>,
    /// Wallets that a move of ours brought under that, until they are seen above it.
    #[serde(with = "pairs")]
    pub breached: BTreeMap<WalletId, Breach>,
}

/// An event that cannot follow what was before it: the journal is damaged or the program is wrong. Nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalEvent {
    /// The event names an intent that is not open.
    #[error("an event names intent {0}, which is not open")]
    NoSuchIntent(String),
    /// An intent that exists was written again.
    #[error("intent {0} was written twice")]
    Twice(String),
    /// A step that the table does not have.
    #[error("intent {id} cannot go from `{from}` by {step}")]
    Step {
        /// The intent.
        id: String,
        /// Where it stood.
        from: &'static str,
        /// What was tried.
        step: String,
    },
    /// An approval by somebody who may not give it.
    #[error("intent {id}: an approval cannot count: {why}")]
    Approval {
        /// The intent.
        id: String,
        /// Why not.
        why: NotAllowed,
    },
    /// Money that cannot be counted.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Records older than this are of no use to "a record from the hour before the slot" (`catch_up` is at most a day).
const ACTIVITY_KEPT: TimeDelta = TimeDelta::hours(50);
/// One record in five minutes is kept of it.
const ACTIVITY_GRAIN: TimeDelta = TimeDelta::minutes(5);
/// After this a wallet that still shows what it had before our last transfer out of it is believed.
const SETTLED_AFTER: TimeDelta = TimeDelta::hours(6);
/// Days of used limits that are kept.
const DAYS_KEPT: TimeDelta = TimeDelta::days(4);

impl State {
    /// Applies one event. On an error the state is unusable and must be dropped.
    ///
    /// Returns the intents that changed, for the index and the metrics.
    ///
    /// # Errors
    /// [`IllegalEvent`] where the event cannot follow what was before it.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Result<Vec<Tracked>, IllegalEvent> {
        self.note_activity(at);
        match event {
            Event::Opened { identity, .. } => {
                // Caps and pauses may have been lost with an earlier journal: real money waits for a person.
                self.standing.paused_all = identity.environment == Environment::Production;
                self.identity = Some(identity.clone());
            }
            Event::Started { .. } => self.planted_start(),
            Event::Copied { .. } => self.note_copy(),
            Event::Observed { taken_at, balances } => self.observe(at, *taken_at, balances),
            Event::PoliciesInForce { hash, .. } => self.policy_hash = Some(hash.clone()),
            Event::Decided { policy, slot, lanes, intents, taken_at, balances, .. } => {
                self.observe(at, *taken_at, balances);
                self.standing.note_decision(policy, *slot, lanes.iter().map(|verdict| (verdict.lane, verdict.reason)));
                self.forget_slots(policy);
                return intents.iter().map(|intent| self.open_intent(intent, at)).collect();
            }
            Event::Requested { taken_at, balances, intents, .. } => {
                self.observe(at, *taken_at, balances);
                return intents.iter().map(|intent| self.open_intent(intent, at)).collect();
            }
            Event::Fell { wallet, taken_at, before, after, unexplained, freezes } => self.note_fall(PastFall {
                wallet: *wallet,
                taken_at: *taken_at,
                before: *before,
                after: *after,
                unexplained: *unexplained,
                freezes: *freezes,
            }),
            Event::Breached { wallet, taken_at, floor, available } => {
                self.note_breach(*wallet, Breach { since: *taken_at, floor: *floor, available: *available });
            }
            Event::Rose { wallet, taken_at, before, after, most } => {
                self.note_rise(*wallet, Frozen::by_rise(*taken_at, *before, *after, *most));
            }
            Event::CameBack { wallet, after, .. } => self.come_back(*wallet, *after),
            Event::Released { wallet, .. } => self.release(*wallet),
            Event::Paused { what, .. } => self.pause(what, true),
            Event::Resumed { what, .. } => self.pause(what, false),
            Event::Alive | Event::PoliciesAccepted { .. } => {}
            _ => return self.step_intent(at, event).map(|tracked| vec![tracked]),
        }
        Ok(Vec::new())
    }

    /// Whether a record was written in the hour before `slot`.
    #[must_use]
    pub fn was_active_before(&self, slot: Slot) -> bool {
        let end = slot.instant();
        let is_in_hour = |at: &Timestamp| *at < end && *at >= end - TimeDelta::hours(1);
        self.activity.iter().any(is_in_hour) || planted::is(Mistake::ColdStartIsWarm)
    }

    /// An open intent, or an applied one whose rate is pending.
    #[must_use]
    pub fn tracked(&self, id: &ExternalId) -> Option<&Tracked> {
        self.open.get(id.as_str())
    }

    /// How many open intents there are with an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.open.values().filter(|tracked| tracked.outcome == outcome).count()
    }

    fn note_activity(&mut self, at: Timestamp) {
        self.high_water = self.high_water.max(Some(at));
        if self.activity.last().is_none_or(|last| (at - *last).abs() >= ACTIVITY_GRAIN) {
            self.activity.retain(|kept| at - *kept < ACTIVITY_KEPT);
            self.activity.push(at);
        }
    }

    fn observe(&mut self, at: Timestamp, taken_at: Timestamp, balances: &[BalanceRow]) {
        self.last_observed = Some(at);
        self.balances = balances.to_vec();
        // A reading is older than its record; where it seems to be younger the clock was set back since.
        self.forget_settled(taken_at.min(at));
        self.end_breaches(balances);
        // A wallet that was seen to move since our last transfer out of it is not stale, even if customers' payments
        // bring it back to the very figure it had before. Nor is one that shows that figure long after: KPay lags by
        // minutes, and a wallet must not rest for ever because it was filled to the same figure between two readings.
        for row in balances {
            let wallet = row.id();
            let moved = |outflow: &LastOutflow| {
                let has_settled = taken_at - outflow.applied_at >= SETTLED_AFTER;
                outflow.applied_at < taken_at && (outflow.before != row.available || has_settled)
            };
            if self.standing.outflows.get(&wallet).is_some_and(moved) {
                self.standing.outflows.remove(&wallet);
            }
        }
    }

    fn open_intent(&mut self, intent: &Intent, at: Timestamp) -> Result<Tracked, IllegalEvent> {
        let id = intent.external_id.to_string();
        let tracked = Tracked::new(intent.clone(), at);
        if self.open.insert(id.clone(), tracked.clone()).is_some() {
            return Err(IllegalEvent::Twice(id));
        }
        self.standing.holds.insert(id, hold(&tracked));
        self.count_day(intent, Amount::checked_add)?;
        Ok(tracked)
    }

    /// Adds an intent to, or takes it from, what its policy used of its slot and its local day.
    fn count_day(
        &mut self,
        intent: &Intent,
        operation: fn(Amount, Amount) -> Result<Amount, MoneyError>,
    ) -> Result<(), MoneyError> {
        let Some(key) = intent.day_key() else { return Ok(()) };
        let used = self.standing.day_used.get(&key).copied().unwrap_or(Amount::ZERO);
        self.standing.day_used.insert(key.clone(), operation(used, intent.amount)?);
        if let Some(key) = intent.slot_key() {
            let used = self.standing.slot_used.get(&key).copied().unwrap_or(Amount::ZERO);
            self.standing.slot_used.insert(key, operation(used, intent.amount)?);
        }
        let oldest = intent.limit_day - DAYS_KEPT;
        self.standing.day_used.retain(|kept, _| kept.policy != key.policy || kept.day >= oldest);
        Ok(())
    }

    /// A slot's use is asked for while the slot may be decided for a lane left open, or an intent of it be planned again.
    fn forget_slots(&mut self, policy: &str) {
        let last = self.standing.decided.get(policy).map(|decided| decided.slot);
        let of_policy = self.open.values().filter(|tracked| tracked.intent.origin.policy() == Some(policy));
        let asked_for: BTreeSet<_> = of_policy.filter_map(|tracked| tracked.intent.slot).chain(last).collect();
        self.standing.slot_used.retain(|kept, _| kept.policy != policy || asked_for.contains(&kept.slot));
    }

    fn count_first_attempt(&mut self, tracked: &Tracked, at: Timestamp) -> Result<(), MoneyError> {
        let attempts = &mut self.standing.first_attempts;
        attempts.push_back(at);
        while attempts.front().is_some_and(|first| at - *first >= TimeDelta::hours(1)) {
            attempts.pop_front();
        }
        let (day, intent) = (tracked.cap_day_at(at), &tracked.intent);
        let key = (day, intent.currency());
        let used = self.standing.cap_day_used.get(&key).copied().unwrap_or(Amount::ZERO);
        self.standing.cap_day_used.insert(key, used.checked_add(intent.amount)?);
        let oldest = day - DAYS_KEPT;
        self.standing.cap_day_used.retain(|(day, _), _| *day >= oldest);
        Ok(())
    }

    fn pause(&mut self, what: &PausedWhat, on: bool) {
        match (what, on) {
            (PausedWhat::Everything, _) => self.standing.paused_all = on,
            (PausedWhat::Policy(name), true) => {
                self.standing.paused.insert(name.clone());
            }
            (PausedWhat::Policy(name), false) => {
                self.standing.paused.remove(name);
            }
        }
    }

    fn step_intent(&mut self, at: Timestamp, event: &Event) -> Result<Tracked, IllegalEvent> {
        let id = event.external_id().map(ToString::to_string).unwrap_or_default();
        let Some(mut tracked) = self.open.remove(&id) else { return Err(IllegalEvent::NoSuchIntent(id)) };
        if let Event::Approved { by, .. } = event {
            may_approve(&tracked, by).map_err(|why| IllegalEvent::Approval { id: id.clone(), why })?;
        }
        let (step, was_open) = (step_of(event, &tracked), tracked.outcome.is_open());
        tracked.outcome = next_outcome(tracked.outcome, step, tracked.may_have_arrived).ok_or(IllegalEvent::Step {
            id: id.clone(),
            from: tracked.outcome.word(),
            step: format!("{step:?}"),
        })?;
        self.take_facts(&mut tracked, at, event)?;
        tracked.updated_at = at;
        if was_open && !tracked.outcome.is_open() && tracked.attempts > 0 {
            self.note_settled(&tracked, at);
        }
        if tracked.outcome.is_open() || tracked.rate_is_pending() {
            self.open.insert(id.clone(), tracked.clone());
        }
        if tracked.holds {
            self.standing.holds.insert(id.clone(), hold(&tracked));
        } else {
            self.standing.holds.remove(&id);
        }
        if let Some(policy) = tracked.intent.origin.policy().filter(|_| !self.open.contains_key(&id)) {
            self.forget_slots(policy);
        }
        Ok(tracked)
    }

    fn take_facts(&mut self, tracked: &mut Tracked, at: Timestamp, event: &Event) -> Result<(), IllegalEvent> {
        match event {
            Event::Attempted { attempt, balance_before, .. } => {
                tracked.attempts = *attempt;
                if !tracked.counted {
                    self.note_floor(&tracked.intent);
                    if !planted::is(Mistake::CapCountedOnCompletion) {
                        self.count_first_attempt(tracked, at)?;
                    }
                    tracked.counted = true;
                }
                tracked.first_attempt_at.get_or_insert(at);
                if !tracked.may_have_arrived {
                    tracked.balance_before = *balance_before;
                }
            }
            Event::NotSent { detail, .. } => {
                tracked.detail.clone_from(detail);
                tracked.may_have_arrived &= !planted::is(Mistake::NotSentForgetsEarlierAttempt);
                if !tracked.may_have_arrived {
                    tracked.first_attempt_at = None;
                }
            }
            Event::Unknown { detail, .. } => {
                if planted::is(Mistake::DayLimitForgetsUnknown) && !tracked.may_have_arrived {
                    self.count_day(&tracked.intent, Amount::checked_sub)?;
                }
                tracked.holds &= !planted::is(Mistake::UnknownHoldsNothing);
                tracked.may_have_arrived = true;
                tracked.detail.clone_from(detail);
            }
            Event::Accepted { withdrawal, another_in_doubt, .. } => {
                let withdrawal = withdrawal.clone();
                let another_in_doubt = *another_in_doubt;
                self.take_in_hand(tracked, Taken { withdrawal, since: at, another_in_doubt });
            }
            Event::Followed { withdrawal, .. } => {
                tracked.detail = standing_of(withdrawal);
                if let Some(taken) = &mut tracked.taken {
                    taken.withdrawal = withdrawal.clone();
                }
            }
            Event::Returned { detail, .. } => {
                tracked.holds = false;
                tracked.evidence = Some(Evidence::Status);
                tracked.detail.clone_from(detail);
                self.count_day(&tracked.intent, Amount::checked_sub)?;
                self.is_back(tracked);
            }
            Event::Applied { evidence, facts, .. } => {
                if planted::is(Mistake::CapCountedOnCompletion) {
                    self.count_first_attempt(tracked, at)?;
                }
                self.close(tracked, at, *evidence, facts);
                tracked.detail.clear();
            }
            Event::Approved { by, note, .. } => {
                tracked.approvals.push(ApprovedBy { by: by.clone(), note: note.clone(), at });
            }
            Event::Declined { by, note, .. } => {
                tracked.holds = false;
                tracked.detail = said_by("rejected", by, note);
                self.count_day(&tracked.intent, Amount::checked_sub)?;
            }
            Event::Rejected { detail, .. } | Event::Cancelled { detail, .. } => {
                tracked.holds = false;
                tracked.detail.clone_from(detail);
                self.count_day(&tracked.intent, Amount::checked_sub)?;
            }
            Event::NeedsOperator { holds, amount_is_ours, detail, .. } => {
                tracked.holds = *holds;
                tracked.amount_is_ours = *amount_is_ours;
                tracked.detail.clone_from(detail);
            }
            Event::Resolved { by, note, finding, .. } => {
                tracked.detail = format!("resolved by {by}: {note}");
                match finding {
                    Finding::Applied(facts) => self.close(tracked, at, Evidence::Operator, facts),
                    Finding::NotApplied => {
                        tracked.holds = false;
                        tracked.evidence = Some(Evidence::Operator);
                        self.is_back(tracked);
                        self.count_day(&tracked.intent, Amount::checked_sub)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What KPay has in hand is not available any more.
    fn take_in_hand(&mut self, tracked: &mut Tracked, taken: Taken) {
        tracked.detail = standing_of(&taken.withdrawal);
        // One that a 409 on a first attempt told of left before that attempt's reading, which showed it already.
        let was_ours = tracked.holds;
        (tracked.may_have_arrived, tracked.holds) = (true, true);
        if let Some(before) = tracked.balance_before.filter(|_| was_ours) {
            let outflow = LastOutflow { before, applied_at: taken.since };
            self.standing.outflows.insert(tracked.intent.lane.from, outflow);
        }
        tracked.taken = Some(taken);
    }

    /// The money of a withdrawal is back, so that the wallet may well show what it had before. A later move out of it keeps
    /// its own mark, also where it began with the same figure.
    fn is_back(&mut self, tracked: &Tracked) {
        let (Some(taken), Some(before)) = (&tracked.taken, tracked.balance_before) else { return };
        let own = LastOutflow { before, applied_at: taken.since };
        let from = tracked.intent.lane.from;
        if self.standing.outflows.get(&from) == Some(&own) {
            self.standing.outflows.remove(&from);
        }
    }

    fn close(&mut self, tracked: &mut Tracked, at: Timestamp, evidence: Evidence, facts: &super::AppliedFacts) {
        let completes_rate = tracked.facts.is_some();
        tracked.holds = false;
        tracked.evidence = Some(if completes_rate { tracked.evidence.unwrap_or(evidence) } else { evidence });
        tracked.facts = Some(facts.clone());
        let lane = tracked.intent.lane;
        if let Some(rate) = facts.exchange_rate {
            // A rate that is only completed now was applied when the move was: one applied since then stays the last.
            let applied_at = if completes_rate { tracked.updated_at } else { at };
            let pair = (lane.from.currency, lane.to.currency);
            let newer = self.standing.rates.get(&pair).filter(|known| known.at > applied_at);
            if !completes_rate || newer.is_none() {
                self.standing.rates.insert(pair, AppliedRate { rate, at: applied_at });
            }
        }
        // A person's finding on an earlier transfer's id: the balance before our vain attempt already showed it.
        let was_ours = tracked.taken.is_none() && (evidence == Evidence::Response || tracked.may_have_arrived);
        if let (Some(into), true, false) = (lane.to.wallet(), was_ours, completes_rate) {
            self.standing.inflows.insert(into, at);
        }
        if let (Some(before), false, true) = (tracked.balance_before, completes_rate, was_ours) {
            self.standing.outflows.insert(lane.from, LastOutflow { before, applied_at: at });
        }
    }
}

fn hold(tracked: &Tracked) -> Hold {
    Hold {
        counted: tracked.counted,
        external_id: tracked.intent.external_id.clone(),
        lane: tracked.intent.lane,
        amount: tracked.intent.amount,
        arriving: tracked
            .intent
            .indicative_rate
            .and_then(|rate| tracked.intent.amount.checked_mul(rate.decimal()).ok()),
        outcome: tracked.outcome.word().to_owned(),
    }
}

/// `rejected by awa: too much`.
fn said_by(what: &str, by: &str, note: &str) -> String {
    if note.is_empty() { format!("{what} by {by}") } else { format!("{what} by {by}: {note}") }
}

/// `KPay says PENDING (wdr_xyz456)`.
fn standing_of(withdrawal: &Withdrawal) -> String {
    format!("KPay says {} ({})", withdrawal.status, withdrawal.kpay_id)
}

fn step_of(event: &Event, tracked: &Tracked) -> Step {
    match event {
        Event::Approved { .. } => {
            let needed = tracked.intent.approval.as_ref().map_or(usize::MAX, |terms| usize::from(terms.approvers));
            if tracked.approvals.len() + 1 >= needed { Step::ApproveLast } else { Step::Approve }
        }
        Event::Declined { .. } => Step::Decline,
        Event::Attempted { .. } => Step::Attempt,
        Event::NotSent { .. } => Step::NotSent,
        Event::Unknown { .. } => Step::Lose,
        Event::Accepted { .. } => Step::Accept,
        Event::Followed { .. } => Step::Follow,
        Event::Returned { .. } => Step::Return,
        Event::Applied { .. } => Step::Apply,
        Event::Rejected { .. } => Step::Reject,
        Event::NeedsOperator { .. } => Step::CallOperator,
        Event::Resolved { finding: Finding::Applied(_), .. } => Step::FindApplied,
        Event::Resolved { finding: Finding::NotApplied, .. } => Step::FindNotApplied,
        // `step_intent` is called for intent events only; the one left is a cancellation.
        _ => Step::Cancel,
    }
}

impl State {
    /// What tests let a start forget ([`planted`]).
    fn planted_start(&mut self) {
        if planted::is(Mistake::HoldsForgottenAtStart) {
            self.standing.holds.clear();
            self.open.values_mut().for_each(|tracked| tracked.holds = false);
        }
        if planted::is(Mistake::LimitsForgottenAtStart) {
            self.standing.day_used.clear();
            self.standing.first_attempts.clear();
        }
        if planted::is(Mistake::SlotDecidedAgainAfterStart) {
            self.standing.decided.clear();
            self.standing.lanes.clear();
        }
        self.standing.paused_all &= !planted::is(Mistake::PauseForgottenAtStart);
        if planted::is(Mistake::FreezeForgottenAtStart) {
            self.standing.frozen.clear();
        }
    }
}
