//! Deciding: every due slot once, on a good reading, with a second opinion, and durable before anything is sent.

use super::engine::{Engine, EngineError};
use super::intents::Decider;
use super::metrics::CycleResult;
use super::preview::{Basis, read_rates};
use crate::intent::{Event, State};
use crate::model::{Availability, Timestamp};
use crate::plan::{Plan, PolicyPlan, Reason, second_opinion};
use crate::planted::{self, Mistake};
use crate::policy::PolicySet;
use std::collections::BTreeSet;
use std::time::Instant;

impl Engine {
    /// Decides every slot that is due, for all policies or one; returns the plan it acted on, or `None` where nothing
    /// was due.
    ///
    /// # Errors
    /// [`EngineError`]; nothing was written then, and the slots stay due.
    pub async fn decide(&self, only: Option<&str>) -> Result<Option<Plan>, EngineError> {
        let Some(policies) = self.policies() else { return Ok(None) };
        if self.clock_is_wrong() || self.has_pause_to_record() || self.due(only).is_empty() {
            return Ok(None);
        }
        let started = Instant::now();
        let result = self.decide_due(&policies, only).await;
        let outcome = if result.is_ok() { CycleResult::Ok } else { CycleResult::Failed };
        self.metrics.cycle(outcome, started.elapsed(), self.clock.now());
        result
    }

    /// The policies whose slot is up now, found without asking KPay. A slot that was missed is told once.
    pub(super) fn due(&self, only: Option<&str>) -> BTreeSet<String> {
        let Some(policies) = self.policies() else { return BTreeSet::new() };
        let now = self.decision_now();
        let plan = self.store.with_state(|state| self.basis(state, &policies, now, only).plan_blind());
        for policy in &plan.policies {
            self.tell_missed(policy);
        }
        plan.policies.into_iter().filter(|policy| policy.due).map(|policy| policy.policy).collect()
    }

    fn tell_missed(&self, planned: &PolicyPlan) {
        let Some(slot) = planned.slot else { return };
        let is_missed = !planned.due && planned.skipped.iter().any(|skip| skip.reason == Reason::Missed);
        if !is_missed || self.world().told_missed.insert(planned.policy.clone(), slot) == Some(slot) {
            return;
        }
        self.metrics.skip(&planned.policy, Reason::Missed);
        let detail = planned.skipped.first().map(|skip| skip.detail.as_str()).unwrap_or_default();
        tracing::warn!(policy = planned.policy, %slot, detail, "a slot was missed");
    }

    /// The plan as it would be now, with live balances. Sends nothing, writes nothing.
    ///
    /// # Errors
    /// [`EngineError::Bank`].
    pub async fn preview(&self, at: Option<Timestamp>, only: Option<&str>) -> Result<Plan, EngineError> {
        let policies = self.policies().unwrap_or_default();
        let state = self.store.with_state(State::clone);
        let now = at.unwrap_or_else(|| self.decision_now());
        let before = self.world().conservation.clone();
        let basis = Basis { before: Some(&before), ..self.basis(&state, &policies, now, only) };
        Ok(basis.preview(&*self.bank).await?)
    }

    pub(super) fn basis<'a>(
        &'a self,
        state: &'a State,
        policies: &'a PolicySet,
        now: Timestamp,
        only: Option<&'a str>,
    ) -> Basis<'a> {
        let environment = self.rules.environment;
        let availability = Availability::unasked();
        Basis {
            state,
            policies,
            caps: &self.rules.caps,
            environment,
            now,
            clock: self.clock.now(),
            availability,
            only,
            conservation: &self.rules.conservation,
            before: None,
        }
    }

    pub(super) async fn decide_due(
        &self,
        policies: &PolicySet,
        only: Option<&str>,
    ) -> Result<Option<Plan>, EngineError> {
        let identity = self.identity().await?;
        let snapshot = self.reading_of_all().await?;
        // The reading's reply told KPay's time as well.
        if self.clock_is_wrong() {
            return Ok(None);
        }
        let pairs = self.store.with_state(|state| self.basis(state, policies, self.decision_now(), only).pairs());
        let (rates, failures) = read_rates(&*self.bank, pairs).await;
        let pays_out =
            self.store.with_state(|state| self.basis(state, policies, self.decision_now(), only).has_payouts());
        let operators = if pays_out { Some(self.availability().await) } else { None };
        let availability = operators.as_deref().unwrap_or(Availability::unasked());
        // The readings may have waited for the request budget: it is decided for the present, not for then.
        let now = self.decision_now();
        for failure in failures {
            self.note_problem(&failure.to_string());
        }
        // A record may come between a plan and its decisions: a pause, an answer. Then the plan is made again, so that the
        // journal's decisions rest on exactly the state before them.
        loop {
            // Others may have come into force while the bank was asked, or none be there any more: then the next look decides.
            let is_other = self.policies().is_none_or(|in_force| in_force.hash != policies.hash);
            if is_other && !planted::is(Mistake::PoliciesNotLookedAtAgain) {
                return Ok(None);
            }
            let planned = self.store.with_state_at(|state, seq| {
                // What comes into force does so with its record, neither before nor after: this decision stands behind the
                // record that names its policies, with no other such record between them.
                let is_recorded = state.policy_hash.as_ref() == Some(&policies.hash);
                if !is_recorded && !planted::is(Mistake::PoliciesNotLookedAtAgain) {
                    return Ok(None);
                }
                let basis = Basis { availability, ..self.basis(state, policies, now, only) };
                let inputs = basis.inputs(&snapshot, &rates, Some(&identity));
                let made = crate::plan::plan(&inputs);
                second_opinion(&made, &inputs).map_err(|objections| {
                    let text = objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    EngineError::Objection(text)
                })?;
                let decider = Decider { identity: &identity, inputs: &inputs, state };
                let events: Vec<Event> = made.policies.iter().filter_map(|planned| decider.decision(planned)).collect();
                Ok::<_, EngineError>(Some((made, events, seq)))
            })?;
            let Some((made, events, seq)) = planned else { return Ok(None) };
            let fresh = self.without_known_ids(events)?;
            if fresh.is_empty() || self.append_after(seq, fresh).await? {
                self.note_skips(&made);
                return Ok(Some(made));
            }
        }
    }

    /// An id that the journal knows is never written again, whatever the plan says.
    fn without_known_ids(&self, mut events: Vec<Event>) -> Result<Vec<Event>, EngineError> {
        for event in &mut events {
            let Event::Decided { intents, policy, .. } = event else { continue };
            let mut fresh = Vec::with_capacity(intents.len());
            for intent in intents.drain(..) {
                if self.store.find(&intent.external_id)?.is_none() || planted::is(Mistake::SlotDecidedAgainAfterStart) {
                    fresh.push(intent);
                } else {
                    tracing::error!(external_id = %intent.external_id, policy, "this id was decided before; left out");
                }
            }
            *intents = fresh;
        }
        Ok(events)
    }

    fn note_skips(&self, made: &Plan) {
        for policy in made.policies.iter().filter(|policy| policy.due) {
            for skip in policy.skipped.iter().filter(|skip| !skip.reason.was_not_up()) {
                self.metrics.skip(&policy.policy, skip.reason);
                if skip.reason != Reason::BelowTrigger {
                    tracing::info!(policy = policy.policy, from = %skip.from, to = %skip.to,
                        reason = skip.reason.word(), detail = skip.detail, "nothing moved");
                }
            }
            self.world().skipped.insert(policy.policy.clone(), policy.skipped.clone());
        }
    }
}
