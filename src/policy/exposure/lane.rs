//! The worst case of one policy, lane by lane, and of the lanes that share its limits.

use super::bound::{BoundingLimit, Most};
use super::{BoundedBy, Figures};
use crate::model::{Kind, Lane, MOST_PARTS, largest_of};
use crate::money::{Amount, Currency};
use crate::policy::{Mode, Policy, Portion, Rule};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The three figures of one lane, or of lanes together.
#[derive(Debug, Clone)]
pub(super) struct Worst {
    pub(super) transfer: Most,
    pub(super) slot: Most,
    pub(super) day: Most,
}

impl Worst {
    pub(super) fn nothing() -> Self {
        Self { transfer: Most::nothing(), slot: Most::nothing(), day: Most::nothing() }
    }

    pub(super) fn into_figures(self) -> Figures {
        let Self { transfer, slot, day } = self;
        Figures {
            per_transfer: transfer.amount,
            per_slot: slot.amount,
            per_day: day.amount,
            bounded_by: BoundedBy { per_transfer: transfer.by, per_slot: slot.by, per_day: day.by },
        }
    }
}

/// Every lane that the policy can move money over.
pub(super) fn of(policy: &Policy) -> BTreeMap<Lane, Worst> {
    let slots = policy.schedule.busiest_day();
    if !policy.enabled || !policy.mode.sends() || slots == 0 {
        return BTreeMap::new();
    }
    let usable = policy.lanes().into_iter().filter(|lane| policy.fx.allow || !lane.crosses_currencies());
    usable.map(|lane| (lane, of_lane(policy, lane, slots))).filter(|(_, it)| it.day.amount.is_positive()).collect()
}

fn of_lane(policy: &Policy, lane: Lane, slots: u32) -> Worst {
    let currency = lane.from.currency;
    let step = step(policy, currency);
    let part = largest_part(policy, lane.kind(), currency).rounded_down_to(step);
    let parts = if has(&part, BoundingLimit::MaxTransfer) {
        BoundingLimit::PartsOfMaxTransfer
    } else if lane.kind() == Kind::Payout {
        BoundingLimit::PartsOfKpayPayout
    } else {
        BoundingLimit::PartsOfKpay
    };
    let count = u32::try_from(MOST_PARTS).unwrap_or(u32::MAX);
    let all_parts = Most::of(part.amount, parts).times(count).amount;
    let mut bounds = vec![Most::of(all_parts, parts)];
    bounds.extend(written(policy, lane));
    let live = tightest(bounds);
    let one_slot = if policy.mode == Mode::Canary { of_canary(policy, currency, live) } else { live };
    let one_slot = one_slot.rounded_down_to(step);
    let day = within_day(policy, currency, one_slot.clone().times(slots)).rounded_down_to(step);
    let slot = one_slot.smaller(day.clone());
    Worst { transfer: part.smaller(slot.clone()), slot, day }
}

fn has(most: &Most, limit: BoundingLimit) -> bool {
    most.by.iter().any(|bound| bound.limit == limit)
}

fn tightest(bounds: Vec<Most>) -> Most {
    // From the last on: what the policy says goes before what KPay does, where both are alike.
    bounds.into_iter().rev().reduce(Most::smaller).unwrap_or_else(Most::nothing)
}

/// What amounts are multiples of.
fn step(policy: &Policy, currency: Currency) -> Amount {
    let unit = Amount::new(Decimal::new(1, currency.decimals_sent()));
    policy.limits.round_down_to.get(&currency).copied().map_or(unit, |step| step.max(unit))
}

fn largest_part(policy: &Policy, kind: Kind, currency: Currency) -> Most {
    let by_kpay = match kind {
        Kind::Transfer => BoundingLimit::KpayTransfer,
        Kind::Payout => BoundingLimit::KpayPayout,
    };
    let by_kpay = Most::of(largest_of(kind), by_kpay);
    match policy.limits.max_transfer.get(&currency) {
        Some(max) => Most::of(*max, BoundingLimit::MaxTransfer).smaller(by_kpay),
        None => by_kpay,
    }
}

/// What the policy itself says bounds a lane's amount of one slot.
fn written(policy: &Policy, lane: Lane) -> Vec<Most> {
    let currency = lane.from.currency;
    let mut bounds = Vec::new();
    let fixed = match &policy.rule {
        Rule::Sweep(sweep) => match &sweep.portion {
            Portion::Fixed(amounts) => amounts.get(&currency),
            Portion::Surplus | Portion::Fraction(_) => None,
        },
        Rule::TopUp(_) | Rule::Rebalance(_) | Rule::Payout(_) => None,
    };
    bounds.extend(fixed.map(|amount| Most::of(*amount, BoundingLimit::Fixed)));
    // What is needed is rounded up to what can be sent. Across currencies it is divided by a rate, which may be anything.
    if let Rule::TopUp(top_up) = &policy.rule
        && !lane.crosses_currencies()
    {
        let unit = Amount::new(Decimal::new(1, currency.decimals_sent()));
        let whole = top_up.to.divided_up(Decimal::ONE, unit).unwrap_or(top_up.to);
        bounds.push(Most::of(whole, BoundingLimit::TopUpTo));
    }
    bounds.extend(policy.limits.max_per_slot.get(&currency).map(|max| Most::of(*max, BoundingLimit::MaxPerSlot)));
    bounds
}

/// A canary sends its share of what a live policy would move, and never more than its `max`.
fn of_canary(policy: &Policy, currency: Currency, live: Most) -> Most {
    let Some(canary) = &policy.canary else { return Most::nothing() };
    let share = canary.share.factor().ok().and_then(|factor| live.amount.checked_mul(factor).ok());
    let share = share.map_or(live, |amount| Most::of(amount, BoundingLimit::CanaryShare));
    match canary.max.get(&currency) {
        Some(max) => Most::of(*max, BoundingLimit::CanaryMax).smaller(share),
        None => share,
    }
}

fn within_day(policy: &Policy, currency: Currency, all_slots: Most) -> Most {
    match of_limit(policy, &policy.limits.max_per_day, currency, BoundingLimit::MaxPerDay) {
        Some(max) => max.smaller(all_slots),
        None => all_slots,
    }
}

/// A limit of a slot or a day over all lanes; of a canary's, its share.
fn of_limit(
    policy: &Policy,
    limit: &BTreeMap<Currency, Amount>,
    currency: Currency,
    name: BoundingLimit,
) -> Option<Most> {
    let max = *limit.get(&currency)?;
    let canary = policy.canary.as_ref().filter(|_| policy.mode == Mode::Canary);
    let share = canary.and_then(|canary| max.checked_mul(canary.share.factor().ok()?).ok());
    Some(share.map_or(Most::of(max, name), |share| Most::of(share, BoundingLimit::CanaryShare)))
}

/// Lanes of one policy out of one wallet: they share its limits.
pub(super) fn shared(policy: &Policy, currency: Currency, lanes: &[&Worst]) -> Worst {
    let sum = |of: fn(&Worst) -> &Most| lanes.iter().map(|it| of(it).clone()).fold(Most::nothing(), Most::plus);
    let transfer = lanes.iter().map(|it| it.transfer.clone()).fold(Most::nothing(), Most::larger);
    let day = within_day(policy, currency, sum(|it| &it.day)).rounded_down_to(step(policy, currency));
    let per_slot = of_limit(policy, &policy.limits.max_per_slot, currency, BoundingLimit::MaxPerSlot);
    let per_slot = per_slot.map(|max| max.rounded_down_to(step(policy, currency)));
    let slot = match per_slot {
        Some(max) => max.smaller(sum(|it| &it.slot)),
        None => sum(|it| &it.slot),
    };
    let slot = slot.smaller(day.clone());
    let per_slot_of_all = slot.clone().times(policy.schedule.busiest_day());
    Worst { transfer, slot, day: day.smaller(per_slot_of_all) }
}
