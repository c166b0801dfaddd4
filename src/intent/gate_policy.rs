//! The part of the last check that looks at the policy as it is now: an intent that was decided under a laxer one is not
//! sent. What the policy would make of the amount today is deliberately absent, except where people approved it
//! (`gate_terms`).

use super::{State, group};
use crate::model::{Intent, Lane, Reason};
use crate::money::{Amount, MoneyError};
use crate::planted::{self, Mistake};
use crate::policy::{Mode, Policy};
use crate::slot::Latest;
use rust_decimal::Decimal;

/// Why the policy in force no longer lets an intent go that was never attempted; `None` where it does.
pub(super) fn tightened(intent: &Intent, policy: &Policy, state: &State) -> Option<String> {
    let (name, lane) = (&policy.name, intent.lane);
    if !policy.lanes().contains(&lane) && !planted::is(Mistake::LaneNoLongerAllowed) {
        return Some(format!("policy {name} no longer moves money over {lane}"));
    }
    if lane.crosses_currencies() && !policy.fx.allow {
        let word = Reason::FxNotAllowed.word();
        return Some(format!("{word}: policy {name} no longer allows lanes between currencies (fx.allow)"));
    }
    rests(intent, policy, lane).or_else(|| {
        lane_total(intent, state).map_or_else(
            |error| Some(format!("the amount of {lane} cannot be counted: {error}")),
            |total| too_much(intent, policy, total),
        )
    })
}

/// A holiday, or a day outside the active dates, that was written after the decision.
fn rests(intent: &Intent, policy: &Policy, lane: Lane) -> Option<String> {
    let (name, slot) = (&policy.name, intent.slot?);
    let date = policy.schedule.local_date(slot);
    let word = Reason::Holiday.word();
    match policy.schedule.latest(slot.instant()) {
        Latest::Holiday(day) if day == slot => {
            return Some(format!("{word}: {date} is a holiday of policy {name} now"));
        }
        Latest::Inactive(day) if day == slot => {
            return Some(format!("{slot} is outside the times of policy {name} now (active, not_after)"));
        }
        _ => {}
    }
    let closed = |country| policy.closed.get(&country).is_some_and(|dates| dates.contains(&date));
    let end = [lane.from.into(), lane.to].into_iter().find(|end| closed(end.country))?;
    Some(format!("{word}: {date} is a holiday in {end} now"))
}

/// What was decided without people needs some now, or a canary may not move so much.
fn too_much(intent: &Intent, policy: &Policy, total: Amount) -> Option<String> {
    let (name, currency) = (&policy.name, intent.currency());
    let above = policy.approval.as_ref().and_then(|approval| approval.above.get(&currency));
    if let Some(above) = above.filter(|above| intent.approval.is_none() && total > **above) {
        return Some(format!(
            "policy {name} now asks for approval above {} {currency}, and nobody was asked about these {} {currency}",
            above.grouped(),
            total.grouped()
        ));
    }
    let canary = policy.canary.as_ref().filter(|_| policy.mode == Mode::Canary)?;
    let most = canary.max.get(&currency).filter(|most| total > **most)?;
    Some(format!(
        "policy {name} is a canary now and moves at most {} {currency}, not {}",
        most.grouped(),
        total.grouped()
    ))
}

/// The lane's amount of the slot, all parts together. Parts that are final are not in the state any more; no part before
/// another is smaller than it, so that they count for at least as much.
pub(super) fn lane_total(intent: &Intent, state: &State) -> Result<Amount, MoneyError> {
    if let Some(terms) = &intent.approval {
        return Ok(terms.amount);
    }
    let open: Vec<&Intent> = group(state, intent).map(|part| &part.intent).collect();
    let first = open.iter().min_by_key(|part| part.part).copied().unwrap_or(intent);
    let before = first.amount.checked_mul(Decimal::from(first.part.saturating_sub(1)))?;
    open.iter().map(|part| part.amount).try_fold(before, Amount::checked_add)
}
