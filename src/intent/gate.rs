//! The last check before a first attempt. An intent that was never attempted is checked again, however long ago it was
//! decided, and then sent as it is or cancelled, never changed (CONTRACT 1). Resends of an unknown outcome do not pass
//! here: they move nothing new.

use super::gate_policy::tightened;
use super::gate_terms::terms_unmet;
use super::{Outcome, State, Tracked};
use crate::model::{Intent, Reason, Snapshot, Timestamp};
use crate::money::{Amount, Currency, MoneyError, Rate};
use crate::plan::Caps;
use crate::planted::{self, Mistake};
use crate::policy::PolicySet;
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// What the check works from.
#[derive(Debug, Clone, Copy)]
pub struct GateInputs<'a> {
    /// The present state.
    pub state: &'a State,
    /// A reading taken after our last move out of the source.
    pub snapshot: &'a Snapshot,
    /// The policies in force; `None` where none could be read: open intents are then finished all the same.
    pub policies: Option<&'a PolicySet>,
    /// KPay's indicative rates, read for this send.
    pub rates: &'a BTreeMap<(Currency, Currency), Rate>,
    /// The configuration's caps.
    pub caps: &'a Caps,
    /// The instant decisions are made for (`--at`, else the clock).
    pub now: Timestamp,
    /// The machine's clock, for the sliding hour.
    pub clock: Timestamp,
}

/// What the check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// Send it; the source's balance before it.
    Send(Amount),
    /// Not now: the world cannot be read well enough.
    Wait(String),
    /// Never.
    Cancel(String),
}

/// Checks fresh balance, reserve, limits, pause and `catch_up`, then the intent's own terms.
#[must_use]
pub fn check_gate(tracked: &Tracked, inputs: &GateInputs<'_>) -> Gate {
    let intent = &tracked.intent;
    if let Some(why) = standing_refusal(intent, inputs) {
        return Gate::Cancel(why);
    }
    let source = intent.lane.from;
    let Some(available) = inputs.snapshot.available(source) else {
        return Gate::Wait(format!("KPay shows no readable {source} wallet in {} at the moment", source.currency));
    };
    let available = if planted::is(Mistake::FloorOnOldBalance) { intent.balance_seen } else { available };
    let outflow = inputs.state.standing.outflows.get(&source);
    if let Some(outflow) = outflow.filter(|_| !planted::is(Mistake::ReadingFromBeforeOurMove))
        && (outflow.before == available || inputs.snapshot.taken_at < outflow.applied_at)
        && !planted::is(Mistake::UnmovedBalanceBelieved)
    {
        return Gate::Wait(format!("the balance of {source} does not show our last transfer yet"));
    }
    match funds_refusal(tracked, inputs, available) {
        Ok(Some(why)) => Gate::Cancel(why),
        Ok(None) => terms_unmet(tracked, inputs).unwrap_or(Gate::Send(available)),
        Err(error) => Gate::Cancel(format!("the funds of {source} cannot be counted: {error}")),
    }
}

/// Refusals that need no balance.
fn standing_refusal(intent: &Intent, inputs: &GateInputs<'_>) -> Option<String> {
    let standing = &inputs.state.standing;
    if standing.paused_all && !planted::is(Mistake::PauseIgnored) {
        return Some("everything is paused".to_owned());
    }
    let frozen = standing.frozen.get(&intent.lane.from);
    if let Some(frozen) = frozen.filter(|_| !planted::is(Mistake::FrozenIsSent)) {
        return Some(format!("{}: {}", Reason::WalletFrozen.word(), frozen.sentence(intent.lane.from)));
    }
    if inputs.now > intent.expires_at && !planted::is(Mistake::ExpiredIsSent) {
        return Some(format!(
            "its time was over at {} (catch_up or not_after)",
            intent.expires_at.format("%Y-%m-%dT%H:%M:%SZ")
        ));
    }
    let name = intent.origin.policy()?;
    if standing.paused.contains(name) {
        return Some(format!("policy {name} is paused"));
    }
    let policy = match inputs.policies.map(|set| set.get(name)) {
        None => return None,
        Some(None) => return Some(format!("policy {name} is no longer in force")),
        Some(Some(policy)) => policy,
    };
    if !policy.enabled || !policy.mode.sends() {
        return Some(format!("policy {name} is no longer live"));
    }
    // The cut-off that held when it was decided is in `expires_at`; it may have been moved forward since.
    let closes = intent.slot.and_then(|slot| policy.schedule.closes_at(slot));
    if closes.is_some_and(|closes| inputs.now > closes) {
        return Some(format!("the cut-off (not_after) of policy {name} is over for its day"));
    }
    if let Some(why) = tightened(intent, policy, inputs.state) {
        return Some(why);
    }
    let key = intent.day_key()?;
    let used = standing.day_used.get(&key).copied().unwrap_or(Amount::ZERO);
    let limit = policy.limits.max_per_day.get(&intent.currency())?;
    (used > *limit).then(|| format!("max_per_day of policy {name} is used up"))
}

/// Refusals by floor and caps.
fn funds_refusal(tracked: &Tracked, inputs: &GateInputs<'_>, available: Amount) -> Result<Option<String>, MoneyError> {
    let intent = &tracked.intent;
    let source = intent.lane.from;
    let reserve = inputs.policies.map_or(Amount::ZERO, |set| set.reserve(source, inputs.now));
    let policy = intent.origin.policy().and_then(|name| inputs.policies?.get(name));
    let policy = policy.filter(|_| !planted::is(Mistake::FloorOfTheDecision));
    let keep = policy.map_or(Amount::ZERO, |policy| policy.keep(source));
    let floor = intent.floor.max(reserve).max(keep);
    let needed = attempted_elsewhere(tracked, inputs.state)?.checked_add(floor)?.checked_add(intent.amount)?;
    if available < needed {
        return Ok(Some(format!(
            "{source} holds {} {}, and {} must be there to move {} over the floor of {}",
            available.grouped(),
            source.currency,
            needed.grouped(),
            intent.amount.grouped(),
            floor.grouped()
        )));
    }
    if tracked.counted {
        return Ok(None);
    }
    let standing = &inputs.state.standing;
    let hour_ago = inputs.clock - TimeDelta::hours(1);
    let in_hour = standing.first_attempts.iter().filter(|at| **at > hour_ago).count();
    if in_hour >= usize::try_from(inputs.caps.max_transfers_per_hour).unwrap_or(usize::MAX) {
        return Ok(Some(format!("limits.max_transfers_per_hour ({}) is used up", inputs.caps.max_transfers_per_hour)));
    }
    let Some(cap) = inputs.caps.max_per_day.get(&intent.currency()) else { return Ok(None) };
    let day = tracked.cap_day_at(inputs.clock);
    let used = standing.cap_day_used.get(&(day, intent.currency())).copied().unwrap_or(Amount::ZERO);
    let over = used.checked_add(intent.amount)? > *cap;
    Ok(over.then(|| format!("limits.max_per_day ({} {}) is used up", cap.grouped(), intent.currency())))
}

/// What other intents that may already have moved money can still take from the same source.
fn attempted_elsewhere(tracked: &Tracked, state: &State) -> Result<Amount, MoneyError> {
    let others = state.open.values().filter(|other| {
        other.intent.external_id != tracked.intent.external_id
            && other.intent.lane.from == tracked.intent.lane.from
            && other.holds
            && !planted::is(Mistake::MoneyInDoubtIsFree)
            && !matches!(other.outcome, Outcome::Planned | Outcome::AwaitingApproval)
    });
    others.map(|other| other.intent.amount).try_fold(Amount::ZERO, Amount::checked_add)
}
