//! What a policy would move over one lane if its slot were up once more: an intent that waited for approval is sent only
//! where that is still at least as much.

use super::{Caps, DayKey, Decided, Inputs, Reason, SlotKey, Standing, lane_amounts, plan};
use crate::model::{Intent, Lane, Slot, Snapshot, Timestamp};
use crate::money::{Amount, Currency, MoneyError, Percent, Rate};
use crate::policy::{Policy, PolicySet, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// What a plan is made again from.
#[derive(Debug, Clone, Copy)]
pub struct AgainInputs<'a> {
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// A fresh reading.
    pub snapshot: &'a Snapshot,
    /// The present standing, with the intents' own holds in it.
    pub standing: &'a Standing,
    /// Fresh rates.
    pub rates: &'a BTreeMap<(Currency, Currency), Rate>,
    /// The machine's clock.
    pub clock: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// So much would move, all parts together.
    Moves(Amount),
    /// Nothing would.
    Nothing {
        /// Why.
        reason: Option<Reason>,
        /// The figures behind it, one sentence.
        detail: String,
    },
}

/// Plans the lane of `parts`, the intents of one lane and slot of a policy, as if they had never been decided: their holds
/// and their share of day and slot are left out. `beside` are the open intents of the policy's other lanes for the same
/// slot. They were decided together with it: they fill their part of the need and of the limits, but whether the policy
/// has to do anything at all is asked without them. Where one of them has arrived already, that is not asked again.
///
/// The caps of the configuration are not looked at: they count first attempts, and the gate asks them.
///
/// # Errors
/// [`MoneyError`] where a sum does not fit.
pub fn plan_again(
    inputs: &AgainInputs<'_>,
    name: &str,
    parts: &[&Intent],
    beside: &[&Intent],
) -> Result<Again, MoneyError> {
    let nothing = |detail: String| Ok(Again::Nothing { reason: None, detail });
    let Some((first, slot)) = parts.first().and_then(|first| Some((*first, first.slot?))) else {
        return nothing("it belongs to no slot".to_owned());
    };
    let Some(policy) = inputs.policies.get(name) else {
        return nothing(format!("policy {name} is no longer in force"));
    };
    let lane = first.lane;
    let mut standing = inputs.standing.clone();
    for part in parts {
        standing.holds.remove(part.external_id.as_str());
        take_off(&mut standing, part)?;
    }
    // The slot is up for this lane alone: what the policy's other lanes got stays as it is.
    standing.lanes.remove(&lane);
    standing.decided.insert(name.to_owned(), Decided { slot, left_open: BTreeSet::from([lane]) });
    let mut policy = policy.clone();
    leave_other_slots_out(&mut policy, &standing, slot)?;
    let replan = |policy: &Policy, standing: &Standing| answer(inputs, policy, standing, slot, lane);
    let mut alone = standing.clone();
    for other in beside {
        alone.holds.remove(other.external_id.as_str());
        take_off(&mut alone, other)?;
    }
    let mut of_slot = alone.slot_used.iter().filter(|(key, _)| key.policy == name && key.slot == slot);
    let some_arrived = of_slot.any(|(_, used)| used.is_positive());
    if !some_arrived && !beside.is_empty() {
        let asked = replan(&policy, &alone);
        if !matches!(asked, Again::Moves(_)) {
            return Ok(asked);
        }
    }
    if some_arrived || !beside.is_empty() {
        always_triggered(&mut policy.rule);
    }
    Ok(replan(&policy, &standing))
}

/// Takes an intent off what its policy used of its day and slot.
fn take_off(standing: &mut Standing, intent: &Intent) -> Result<(), MoneyError> {
    if let Some(used) = intent.day_key().and_then(|key| standing.day_used.get_mut(&key)) {
        *used = used.checked_sub(intent.amount)?;
    }
    if let Some(used) = intent.slot_key().and_then(|key| standing.slot_used.get_mut(&key)) {
        *used = used.checked_sub(intent.amount)?;
    }
    Ok(())
}

/// The planner takes all of the day's use for the slot's, once a slot is decided: what other slots of the day used is
/// given back to `max_per_slot`. Where the slot's own use is not known nothing is.
fn leave_other_slots_out(policy: &mut Policy, standing: &Standing, slot: Slot) -> Result<(), MoneyError> {
    let day = policy.schedule.local_date(slot);
    for (currency, most) in &mut policy.limits.max_per_slot {
        let (name, currency) = (policy.name.clone(), *currency);
        let Some(in_slot) = standing.slot_used.get(&SlotKey { policy: name.clone(), slot, currency }) else { continue };
        let today = standing.day_used.get(&DayKey { policy: name, currency, day }).copied().unwrap_or(Amount::ZERO);
        *most = most.checked_add(today.checked_sub(*in_slot)?.max(Amount::ZERO))?;
    }
    Ok(())
}

/// Leaves of a rule its need alone.
fn always_triggered(rule: &mut Rule) {
    match rule {
        Rule::Sweep(_) | Rule::Payout(_) => {}
        Rule::TopUp(top_up) => top_up.below = top_up.to,
        Rule::Rebalance(rebalance) => rebalance.tolerance = Percent::ZERO,
    }
}

/// What the policy would move over the lane for the slot.
fn answer(inputs: &AgainInputs<'_>, policy: &Policy, standing: &Standing, slot: Slot, lane: Lane) -> Again {
    let nothing = |detail: String| Again::Nothing { reason: None, detail };
    let name = &policy.name;
    let others = inputs.policies.policies.iter().filter(|other| other.name != *name);
    let policies = PolicySet {
        policies: others.chain([policy]).cloned().collect(),
        reserves: inputs.policies.reserves.clone(),
        calendar: inputs.policies.calendar.clone(),
        ..PolicySet::default()
    };
    let made = plan(&Inputs {
        availability: crate::model::Availability::unasked(),
        policies: &policies,
        snapshot: inputs.snapshot,
        standing,
        caps: &Caps { max_transfers_per_hour: u32::MAX, max_per_day: BTreeMap::new() },
        rates: inputs.rates,
        identity: None,
        environment: crate::model::Environment::Sandbox,
        now: slot.instant(),
        clock: inputs.clock,
        only: Some(name),
    });
    let Some(planned) = made.policies.first() else {
        return nothing(format!("policy {name} is no longer in force"));
    };
    if planned.slot != Some(slot) {
        return nothing(format!("by policy {name} as it is now, {slot} is no slot"));
    }
    if let Some((_, amount)) = lane_amounts(planned).into_iter().find(|(moving, _)| *moving == lane) {
        return Again::Moves(amount);
    }
    let skip = planned.skipped.iter().find(|skip| (skip.from, skip.to) == (lane.from.country, lane.to.destination()));
    match skip {
        Some(skip) => Again::Nothing { reason: Some(skip.reason), detail: skip.detail.clone() },
        None => nothing(format!("policy {name} no longer moves money over {lane}")),
    }
}
