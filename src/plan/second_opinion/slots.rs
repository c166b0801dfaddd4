//! Whether the slot may be decided now, for the policy and for each lane; and the policy's own limits on it.

use super::Breach;
use super::review::{Review, total};
use super::rules::{is_canary, part};
use crate::model::{Lane, Slot, Timestamp};
use crate::money::{Amount, Currency};
use crate::plan::{DayKey, PolicyPlan};
use crate::policy::Policy;
use crate::slot::Latest;
use chrono::{MappedLocalTime, NaiveDate, TimeDelta, TimeZone};
use std::collections::BTreeSet;

impl Review<'_> {
    /// The slot is the schedule's present one, no holiday, due, and not too old.
    pub(super) fn slot(&mut self, policy: &Policy, entry: &PolicyPlan) {
        let now = self.inputs.now;
        let present = entry.slot.is_some_and(|slot| policy.schedule.latest(now) == Latest::Slot(slot));
        self.object_if(!present || !entry.due, Breach::WrongSlot);
        let Some(slot) = entry.slot else { return };
        self.object_if(now - slot.instant() > policy.catch_up, Breach::TooOld);
        self.object_if(is_past_cut_off(policy, slot, now), Breach::PastCutOff);
    }

    /// Neither end of the lane has a holiday on the slot's day, and neither the policy nor the lane decided this slot, or
    /// a later one, before.
    pub(super) fn lane_slot(&mut self, policy: &Policy, entry: &PolicyPlan, lane: Lane) {
        let Some(slot) = entry.slot else { return };
        let day = local_day(policy, slot);
        let mut holidays = policy.closed.iter().filter(|(_, dates)| dates.contains(&day)).map(|(country, _)| *country);
        self.object_if(holidays.any(|at| at == lane.from.country || at == lane.to.country), Breach::LaneRests);
        let standing = self.inputs.standing;
        let by_policy = standing
            .decided
            .get(&policy.name)
            .is_some_and(|decided| decided.slot > slot || (decided.slot == slot && !decided.left_open.contains(&lane)));
        let on_lane = standing.lanes.get(&lane).is_some_and(|last| {
            // Only a finding of nothing, by another policy that is still in force, leaves the lane to this one.
            let another = last.policy != policy.name && self.in_force(&last.policy);
            last.slot > slot || (last.slot == slot && (last.moved || !another))
        });
        self.object_if(by_policy || on_lane, Breach::AlreadyDecided);
    }

    /// `max_per_slot` and `max_per_day`.
    pub(super) fn policy_limits(&mut self, policy: &Policy, entry: &PolicyPlan) {
        let Some(slot) = entry.slot else { return };
        let currencies: BTreeSet<Currency> = entry.transfers.iter().map(|transfer| transfer.currency).collect();
        for currency in currencies {
            let of_currency = entry.transfers.iter().filter(|transfer| transfer.currency == currency);
            let moved = total(of_currency.map(|transfer| transfer.amount));
            let today = self.used_today(policy, slot, currency);
            // A slot that is decided a second time, for a lane left open, may have used all of the day's use.
            let again = self.inputs.standing.decided.get(&policy.name).is_some_and(|decided| decided.slot == slot);
            let in_slot = if again { today } else { Amount::ZERO };
            let limits = [
                (policy.limits.max_per_slot.get(&currency), in_slot, Breach::OverSlotLimit),
                (policy.limits.max_per_day.get(&currency), today, Breach::OverDayLimit),
            ];
            let trial = policy.canary.as_ref().filter(|_| is_canary(policy));
            for (most, used, breach) in limits {
                let Some(most) = most else { continue };
                if let Some(share) = trial.map(|canary| canary.share.percent()) {
                    let all = moved.and_then(|moved| moved.checked_add(used).ok());
                    let within = all.zip(part(*most, share)).is_some_and(|(all, most)| all <= most);
                    self.object_if(!within, Breach::CanaryTooLarge);
                }
                match moved.and_then(|moved| moved.checked_add(used).ok()) {
                    Some(all) => self.object_if(all > *most, breach),
                    None => self.object(Breach::Uncountable),
                }
            }
        }
    }

    fn used_today(&self, policy: &Policy, slot: Slot, currency: Currency) -> Amount {
        let day = local_day(policy, slot);
        let key = DayKey { policy: policy.name.clone(), currency, day };
        self.inputs.standing.day_used.get(&key).copied().unwrap_or(Amount::ZERO)
    }
}

fn local_day(policy: &Policy, slot: Slot) -> NaiveDate {
    slot.instant().with_timezone(&policy.schedule.zone()).date_naive()
}

/// Whether the wall clock has gone past `not_after` on the slot's day. In an hour that is shown twice the first showing
/// counts; a time that is never shown is past once the clock has shown a later one for a second.
fn is_past_cut_off(policy: &Policy, slot: Slot, now: Timestamp) -> bool {
    let zone = policy.schedule.zone();
    let Some(time) = policy.schedule.window().not_after else { return false };
    let cut_off = local_day(policy, slot).and_time(time);
    match zone.from_local_datetime(&cut_off) {
        MappedLocalTime::Single(end) => now > end,
        MappedLocalTime::Ambiguous(one, other) => now > one || now > other,
        MappedLocalTime::None => (now - TimeDelta::seconds(1)).with_timezone(&zone).naive_local() >= cut_off,
    }
}
