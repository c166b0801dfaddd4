//! What a plan says of each lane of one policy, as a decision records it.

use super::LaneVerdict;
use crate::model::Lane;
use crate::plan::{PlannedTransfer, PolicyPlan, Skip};
use crate::policy::Policy;
use std::collections::BTreeSet;

/// One verdict for each lane whose slot was up. A lane that moves in part has its rest under `skipped` too: it moved.
#[must_use]
pub fn lane_verdicts(policy: &Policy, planned: &PolicyPlan) -> Vec<LaneVerdict> {
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
    skip.from == lane.from.country && skip.to == lane.to.destination()
}
