//! What a policy's own limits and the configuration's caps leave. Money only; the count of transfers stands in `sweep`.

use super::refusal::money;
use super::scope::Scope;
use super::taken::Taken;
use super::world::World;
use super::{DayKey, Inputs};
use crate::model::Slot;
use crate::money::{Amount, Currency, MoneyError};
use crate::policy::Policy;
use rust_decimal::Decimal;

/// A limit that bounds a lane's amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    PerSlot,
    PerDay,
    CapPerDay,
}

/// The tightest limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) limit: Limit,
    /// The limit itself.
    pub(super) most: Amount,
    /// What of it is used.
    pub(super) used: Amount,
    /// What it leaves; may be negative where a limit was lowered.
    pub(super) left: Amount,
}

/// The limit that leaves the policy the least for its slot in a currency; `None` where there is none.
pub(super) fn tightest(
    inputs: &Inputs<'_>,
    world: &World<'_>,
    taken: &Taken<'_>,
    policy: &Policy,
    slot: Slot,
    currency: Currency,
) -> Result<Option<Bound>, MoneyError> {
    let standing = inputs.standing;
    let now_taken = taken.in_slot(currency);
    let day = DayKey { policy: policy.name.clone(), currency, day: policy.schedule.local_date(slot) };
    let before_today = standing.day_used.get(&day).copied().unwrap_or(Amount::ZERO);
    // Where this slot was decided before and left open for a lane, what it moved then is part of the day's use; that
    // is the most it can have been.
    let decided_before = standing.decided.get(&policy.name).is_some_and(|decided| decided.slot == slot);
    let before_in_slot = if decided_before { before_today } else { Amount::ZERO };

    let mut bounds = Vec::new();
    if let Some(most) = policy.limits.max_per_slot.get(&currency) {
        bounds.push((Limit::PerSlot, *most, before_in_slot.checked_add(now_taken)?));
    }
    if let Some(most) = policy.limits.max_per_day.get(&currency) {
        bounds.push((Limit::PerDay, *most, before_today.checked_add(now_taken)?));
    }
    if let Some(most) = inputs.caps.max_per_day.get(&currency) {
        let cap_day = (inputs.now.date_naive(), currency);
        let used = standing.cap_day_used.get(&cap_day).copied().unwrap_or(Amount::ZERO);
        let used = used.checked_add(world.waiting(currency)?)?.checked_add(taken.in_currency(currency)?)?;
        bounds.push((Limit::CapPerDay, *most, used));
    }
    let bounds: Result<Vec<Bound>, MoneyError> = bounds
        .into_iter()
        .map(|(limit, most, used)| Ok(Bound { limit, most, used, left: most.checked_sub(used)? }))
        .collect();
    Ok(bounds?.into_iter().min_by_key(|bound| bound.left))
}

/// What is left of a share of the policy's own limits, for a canary: what it sends in a slot and on a day, over all its
/// decisions, is no more than that share of them. `None` where there are no limits.
pub(super) fn left_of_share(
    scope: &Scope<'_, '_>,
    share: Decimal,
    currency: Currency,
) -> Result<Option<Amount>, MoneyError> {
    let (standing, policy, slot) = (scope.inputs.standing, scope.policy, scope.slot);
    let day = DayKey { policy: policy.name.clone(), currency, day: policy.schedule.local_date(slot) };
    let today = standing.day_used.get(&day).copied().unwrap_or(Amount::ZERO);
    let decided_before = standing.decided.get(&policy.name).is_some_and(|decided| decided.slot == slot);
    let in_slot = if decided_before { today } else { Amount::ZERO };
    let now = scope.taken.really_in_slot(currency);
    let limits = [(&policy.limits.max_per_slot, in_slot), (&policy.limits.max_per_day, today)];
    let bounds = limits.into_iter().filter_map(|(limit, used)| limit.get(&currency).map(|most| (*most, used)));
    let left: Result<Vec<Amount>, MoneyError> =
        bounds.map(|(most, used)| most.checked_mul(share)?.checked_sub(used.checked_add(now)?)).collect();
    Ok(left?.into_iter().min())
}

impl Bound {
    /// The figures, as a clause.
    pub(super) fn sentence(self, currency: Currency) -> String {
        let (most, used) = (money(self.most, currency), money(self.used, currency));
        match self.limit {
            Limit::PerSlot => format!("`max_per_slot` is {most} and {used} of it is used in this slot"),
            Limit::PerDay => format!("`max_per_day` is {most} and {used} of it is used on the slot's day"),
            Limit::CapPerDay => {
                format!("the configuration's `limits.max_per_day` is {most} and {used} of it is used today (UTC)")
            }
        }
    }

    /// What would give it room again.
    pub(super) fn remedy(self) -> &'static str {
        match self.limit {
            Limit::PerSlot => "the next slot comes, or `max_per_slot` is raised",
            Limit::PerDay => "a slot of another day comes, or `max_per_day` is raised",
            Limit::CapPerDay => "a slot of the next UTC day comes, or `limits.max_per_day` is raised",
        }
    }
}
