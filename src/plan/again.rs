//! What a policy would move over one lane if its slot were up once more: an intent that waited for approval is sent only
//! where that is still at least as much.

use super::{Caps, Decided, Inputs, Reason, Standing, lane_amounts, plan};
use crate::model::{Intent, Snapshot, Timestamp};
use crate::money::{Amount, Currency, MoneyError, Rate};
use crate::policy::PolicySet;
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
/// and their share of the day are left out. The caps of the configuration are not looked at: they count first attempts,
/// and the gate asks them.
///
/// # Errors
/// [`MoneyError`] where the day's sum does not fit.
pub fn plan_again(inputs: &AgainInputs<'_>, name: &str, parts: &[&Intent]) -> Result<Again, MoneyError> {
    let nothing = |detail: String| Ok(Again::Nothing { reason: None, detail });
    let Some((first, slot)) = parts.first().and_then(|first| Some((*first, first.slot?))) else {
        return nothing("it belongs to no slot".to_owned());
    };
    let lane = first.lane;
    let mut standing = inputs.standing.clone();
    for part in parts {
        standing.holds.remove(part.external_id.as_str());
        let key = part.day_key();
        if let Some(used) = key.as_ref().and_then(|key| standing.day_used.get_mut(key)) {
            *used = used.checked_sub(part.amount)?;
        }
    }
    // The slot is up for this lane alone: what the policy's other lanes got stays as it is.
    standing.lanes.remove(&lane);
    standing.decided.insert(name.to_owned(), Decided { slot, left_open: BTreeSet::from([lane]) });
    let caps = Caps { max_transfers_per_hour: u32::MAX, max_per_day: BTreeMap::new() };
    let made = plan(&Inputs {
        policies: inputs.policies,
        snapshot: inputs.snapshot,
        standing: &standing,
        caps: &caps,
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
        return Ok(Again::Moves(amount));
    }
    let skip = planned.skipped.iter().find(|skip| (skip.from, skip.to) == (lane.from.country, lane.to.country));
    Ok(match skip {
        Some(skip) => Again::Nothing { reason: Some(skip.reason), detail: skip.detail.clone() },
        None => Again::Nothing { reason: None, detail: format!("policy {name} no longer moves money over {lane}") },
    })
}
