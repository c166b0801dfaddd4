//! The planner: policies in order, their lanes in order, one answer for each. What a lane should get is the business of
//! the rule's own file; how much of it the lane gets is that of `grant`.

use super::ask::Ask;
use super::grant::{Grant, Moved, grant};
use super::refusal::Refusal;
use super::scope::Scope;
use super::sheet::Sheet;
use super::taken::Taken;
use super::turn::Turn;
use super::world::World;
use super::{Inputs, Plan, PolicyPlan};
use super::{payout, rebalance, sweep, top_up};
use crate::model::{Lane, Slot};
use crate::policy::{Mode, Policy, Rule, TopUp};
use std::collections::BTreeSet;

/// What would be sent now, and for every lane that gets nothing exactly one reason.
///
/// A lane that gets transfers may have one skip beside them: `limit_reached`, for what more transfers than allowed
/// would have moved as well, or `source_short`, for what was wanted and no source has. Linear in wallets and policies.
#[must_use]
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    let names: BTreeSet<&str> = inputs.policies.policies.iter().map(|policy| policy.name.as_str()).collect();
    let mut order: Vec<&Policy> = inputs.policies.policies.iter().collect();
    order.sort_by_key(|policy| (policy.priority, policy.name.as_str()));
    order.retain(|policy| inputs.only.is_none_or(|only| policy.name == only));
    let mut desk = Desk::new(inputs);
    Plan {
        at: inputs.now,
        environment: inputs.environment,
        balances: inputs.snapshot.rows(),
        policies: order.into_iter().map(|policy| desk.plan_policy(policy, &names)).collect(),
    }
}

/// The policy at hand: its slot is up for some lane.
#[derive(Clone, Copy)]
pub(super) struct Hand<'a> {
    pub(super) policy: &'a Policy,
    pub(super) slot: Slot,
    pub(super) mode: Mode,
}

/// One plan in the making.
pub(super) struct Desk<'i, 'a> {
    inputs: &'i Inputs<'a>,
    world: World<'a>,
    taken: Taken<'a>,
}

impl<'i, 'a> Desk<'i, 'a> {
    pub(super) fn new(inputs: &'i Inputs<'a>) -> Self {
        Self { inputs, world: World::new(inputs), taken: Taken::default() }
    }

    fn plan_policy(&mut self, policy: &'a Policy, names: &BTreeSet<&str>) -> PolicyPlan {
        let turn = Turn::new(self.inputs, policy);
        let silenced = turn.silenced();
        let mut due = false;
        let Sheet { transfers, skipped } = self.judge(policy, policy.mode, |lane| {
            let up = turn.slot_for(lane, |name| names.contains(name));
            due |= up.as_ref().map_or_else(|refusal| !refusal.reason.was_not_up(), |_| true);
            silenced.clone().map_or(up, Err)
        });
        PolicyPlan { policy: policy.name.clone(), slot: turn.slot(), due, transfers, skipped }
    }

    /// Decides all lanes of a policy: `up` says which slot is up for a lane, the same one for all of them, or why none
    /// is.
    pub(super) fn judge(
        &mut self,
        policy: &'a Policy,
        mode: Mode,
        mut up: impl FnMut(Lane) -> Result<Slot, Refusal>,
    ) -> Sheet {
        self.taken.begin_policy();
        let all: Vec<(Lane, Result<Slot, Refusal>)> = policy.lanes().into_iter().map(|lane| (lane, up(lane))).collect();
        let lanes: Vec<Lane> = all.iter().filter(|(_, up)| up.is_ok()).map(|(lane, _)| *lane).collect();
        let slot = all.iter().find_map(|(_, up)| up.as_ref().ok().copied());
        let answers = slot.map(|slot| self.answers(Hand { policy, slot, mode }, &lanes)).unwrap_or_default();
        let mut answers = answers.into_iter();
        let mut sheet = Sheet::default();
        for (lane, up) in all {
            match up {
                Err(refusal) => sheet.skip(lane, refusal),
                Ok(slot) => {
                    if let Some(answer) = answers.next() {
                        sheet.write(self.inputs, Hand { policy, slot, mode }, lane, answer);
                    }
                }
            }
        }
        sheet
    }

    /// One answer for each of the policy's lanes whose slot is up, in their order.
    fn answers(&mut self, hand: Hand<'a>, lanes: &[Lane]) -> Vec<Result<Grant, Refusal>> {
        match &hand.policy.rule {
            Rule::Sweep(sweep) => {
                let ask = |scope: Scope<'_, '_>, lane| sweep::ask(&scope.case(lane), sweep);
                lanes.iter().map(|lane| self.grant(hand, *lane, |scope| ask(scope, *lane))).collect()
            }
            Rule::Payout(payout) => {
                let ask = |scope: Scope<'_, '_>, lane| payout::ask(&scope.case(lane), payout);
                lanes.iter().map(|lane| self.grant(hand, *lane, |scope| ask(scope, *lane))).collect()
            }
            Rule::TopUp(top_up) => self.top_up(hand, top_up, lanes),
            Rule::Rebalance(rebalance) => {
                let asks = rebalance::asks(&self.scope(hand), rebalance, lanes);
                lanes.iter().zip(asks).map(|(lane, ask)| self.grant(hand, *lane, |_| ask)).collect()
            }
        }
    }

    /// Source after source; the last one that gives tells what is still missing.
    fn top_up(&mut self, hand: Hand<'a>, top_up: &TopUp, lanes: &[Lane]) -> Vec<Result<Grant, Refusal>> {
        let start = self.scope(hand).level(top_up.wallet);
        let mut last_was_short = false;
        let mut answers: Vec<Result<Grant, Refusal>> = Vec::new();
        for lane in lanes {
            let ask = top_up::ask(&self.scope(hand).case(*lane), top_up, &start);
            let is_short = ask.as_ref().is_ok_and(Ask::is_short);
            let answer = self.grant(hand, *lane, |_| ask);
            last_was_short = if answer.is_ok() { is_short } else { last_was_short };
            answers.push(answer);
        }
        if let Some(last) = answers.iter_mut().rev().find_map(|answer| answer.as_mut().ok()) {
            top_up::report_shortage(&self.scope(hand), top_up, last, last_was_short);
        }
        answers
    }

    /// What a lane gets of what its rule asks for; it is taken off what the later lanes find.
    fn grant(
        &mut self,
        hand: Hand<'a>,
        lane: Lane,
        ask: impl FnOnce(Scope<'_, 'a>) -> Result<Ask, Refusal>,
    ) -> Result<Grant, Refusal> {
        let scope = self.scope(hand);
        let grant = grant(&scope.case(lane), hand.mode, ask(scope)?)?;
        let sent = if hand.mode == Mode::Shadow { Moved::NOTHING } else { grant.sent() };
        self.taken.give(&hand.policy.name, lane, sent, grant.live.beside(sent)?)?;
        Ok(grant)
    }

    fn scope(&self, hand: Hand<'a>) -> Scope<'_, 'a> {
        Scope { inputs: self.inputs, world: &self.world, taken: &self.taken, policy: hand.policy, slot: hand.slot }
    }
}
