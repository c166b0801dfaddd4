//! Planning as policy tests do it: one policy, some balances, nothing else in the world.

use super::planner::Desk;
use super::sheet::Sheet;
use super::{Caps, Inputs, PolicyPlan, Standing};
use crate::model::{Environment, Lane, Reading, Slot, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, Rate};
use crate::policy::{Mode, Policy, PolicySet};
use std::collections::BTreeMap;

/// Plans one policy as if its slot were due: nothing decided or open before, no caps, every rate 1. Reserves, limits and
/// `fx.allow` count; `enabled`, `mode` and the schedule do not, so that a disabled or shadow policy can be tested.
#[must_use]
pub fn plan_for_test(set: &PolicySet, policy: &Policy, balances: &BTreeMap<WalletId, Amount>) -> PolicyPlan {
    // Any instant serves: nothing was decided before, and no day is used.
    let now = Timestamp::UNIX_EPOCH;
    let slot = Slot::at(now);
    let reading =
        |(wallet, available): (&WalletId, &Amount)| (*wallet, Reading { available: *available, balance: None });
    let snapshot = Snapshot { taken_at: now, readings: balances.iter().map(reading).collect(), problems: Vec::new() };
    let rates = policy.rate_pairs().into_iter().map(|pair| (pair, Rate::ONE)).collect();
    let inputs = Inputs {
        policies: set,
        snapshot: &snapshot,
        standing: &Standing::default(),
        caps: &Caps { max_transfers_per_hour: u32::MAX, max_per_day: BTreeMap::new() },
        rates: &rates,
        identity: None,
        environment: Environment::Sandbox,
        now,
        clock: now,
        only: None,
    };
    let sheet = Desk::new(&inputs).judge(policy, Mode::Live, |_| Ok(slot));
    let Sheet { transfers, skipped } = sheet;
    PolicyPlan { policy: policy.name.clone(), slot: Some(slot), due: true, transfers, skipped }
}

/// What moves over each lane, all parts together, in the order of the plan. A sum with no room stays at the largest
/// amount; the planner's own parts are far below it.
#[must_use]
pub fn lane_amounts(plan: &PolicyPlan) -> Vec<(Lane, Amount)> {
    let mut sums: Vec<(Lane, Amount)> = Vec::new();
    for transfer in &plan.transfers {
        let lane = transfer.lane();
        match sums.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, sum)) => *sum = Amount::new(sum.decimal().saturating_add(transfer.amount.decimal())),
            None => sums.push((lane, transfer.amount)),
        }
    }
    sums
}
