//! From a plan to what the journal records of it: one decision a policy, with its intents.

use crate::intent::{Event, LaneVerdict, PlannedWith, State, rates_seen};
use crate::kpay;
use crate::model::{Identity, Intent, Kind, Lane, Origin, Slot, Timestamp};
use crate::plan::{Inputs, PlannedTransfer, PolicyPlan, Skip};
use crate::policy::Policy;
use std::collections::BTreeSet;

/// What the decisions of one cycle have in common.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    /// Environment and application: part of every id.
    pub identity: &'a Identity,
    /// What was planned from.
    pub inputs: &'a Inputs<'a>,
    /// The state that was planned on.
    pub state: &'a State,
}

impl Decider<'_> {
    /// The record of one policy's decision; `None` where its slot was not up.
    #[must_use]
    pub fn decision(&self, planned: &PolicyPlan) -> Option<Event> {
        let slot = planned.slot.filter(|_| planned.due)?;
        let policy = self.inputs.policies.get(&planned.policy)?;
        let intents: Option<Vec<Intent>> =
            planned.transfers.iter().map(|transfer| self.intent(policy, slot, transfer)).collect();
        let intents = intents?;
        Some(Event::Decided {
            policy: planned.policy.clone(),
            slot,
            decided_for: self.inputs.now,
            policy_hash: self.inputs.policies.hash.clone(),
            taken_at: self.inputs.snapshot.taken_at,
            balances: self.inputs.snapshot.rows(),
            lanes: lane_verdicts(policy, planned),
            intents,
            planned_with: Some(Box::new(self.planned_with())),
        })
    }

    fn planned_with(&self) -> PlannedWith {
        PlannedWith {
            clock: self.inputs.clock,
            only: self.inputs.only.map(str::to_owned),
            rates: rates_seen(self.inputs.rates),
            problems: self.inputs.snapshot.problems.clone(),
            caps: self.inputs.caps.clone(),
        }
    }

    fn intent(&self, policy: &Policy, slot: Slot, transfer: &PlannedTransfer) -> Option<Intent> {
        let external_id = transfer.external_id.clone()?;
        let lane = transfer.lane();
        let description = format!("treasuryd {} {slot} part {} of {}", policy.name, transfer.part, transfer.parts);
        let body = kpay::transfer_body(self.identity, lane, transfer.amount, &external_id, &description);
        Some(Intent {
            external_id,
            kind: Kind::Transfer,
            origin: Origin::Policy(policy.name.clone()),
            slot: Some(slot),
            lane,
            amount: transfer.amount,
            part: transfer.part,
            parts: transfer.parts,
            body,
            policy_hash: self.inputs.policies.hash.clone(),
            floor: policy.keep(lane.from).max(self.inputs.policies.reserve(lane.from, self.inputs.now)),
            balance_seen: self.inputs.snapshot.available(lane.from)?,
            indicative_rate: transfer.expected_rate,
            expires_at: deadline(policy, slot),
            limit_day: policy.schedule.local_date(slot),
            cap_day: self.inputs.now.date_naive(),
            journal_before_slot: self.state.was_active_before(slot),
        })
    }
}

/// The last instant at which a slot's intents may be sent for the first time: `catch_up`, or the cut-off of its day.
fn deadline(policy: &Policy, slot: Slot) -> Timestamp {
    let caught_up = slot.instant() + policy.catch_up;
    policy.schedule.closes_at(slot).map_or(caught_up, |closes| caught_up.min(closes))
}

/// One verdict for each lane whose slot was up. A lane that moves in part has its rest under `skipped` too: it moved.
fn lane_verdicts(policy: &Policy, planned: &PolicyPlan) -> Vec<LaneVerdict> {
    let moving: BTreeSet<Lane> = planned.transfers.iter().map(PlannedTransfer::lane).collect();
    let skip_of = |lane: &Lane| planned.skipped.iter().find(|skip| is_on(skip, *lane));
    let verdict = |lane: Lane| {
        let skip = skip_of(&lane);
        let detail = skip.map(|skip| skip.detail.clone()).unwrap_or_default();
        if moving.contains(&lane) {
            return Some(LaneVerdict { lane, reason: None, detail });
        }
        let reason = skip?.reason;
        (!reason.was_not_up()).then_some(LaneVerdict { lane, reason: Some(reason), detail })
    };
    policy.lanes().into_iter().filter_map(verdict).collect()
}

fn is_on(skip: &Skip, lane: Lane) -> bool {
    skip.from == lane.from.country && skip.to == lane.to.country
}
