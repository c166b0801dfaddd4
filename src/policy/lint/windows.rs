//! Windows that never open, and schedules that ask more of KPay than it answers.
//!
//! Dates that are past are no finding: nothing here knows which day it is.

use super::{Report, Subject};
use crate::model::{Lane, Timestamp};
use crate::policy::{Policy, Rule};
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};

/// What KPay takes in a minute.
const REQUESTS_A_MINUTE: usize = 100;
/// A slot reads the balances when it decides and again before it sends.
const READS_A_SLOT: usize = 2;
/// Before the next year no schedule is searched.
const FIRST_YEAR: i32 = 1970;
/// Farther from a local midnight than any zone's offset.
const A_DAY: TimeDelta = TimeDelta::days(1);

pub(super) fn check<'d>(report: &mut Report<'d>, subject: &Subject<'d>) {
    if !opens(report, subject) {
        return;
    }
    too_often(report, subject);
}

fn opens<'d>(report: &mut Report<'d>, subject: &Subject<'d>) -> bool {
    let schedule = &subject.policy.schedule;
    let window = schedule.window();
    if let Some(time) = window.not_after.filter(|_| schedule.busiest_day() == 0) {
        let message = format!("every slot of the schedule is later in the day than {}", time.format("%H:%M"));
        let hint = "raise `not_after`, or let the schedule fire earlier";
        report.error(subject, subject.places.key("not_after"), "never-open", message, hint);
        return false;
    }
    let is_backwards = |from| window.until.is_some_and(|until| until < from); // which was reported
    let is_searched = |from: &NaiveDate| from.year() > FIRST_YEAR && !is_backwards(*from);
    let Some(from) = window.from.filter(is_searched) else { return true };
    let before = from.and_time(NaiveTime::MIN).and_utc() - A_DAY;
    if schedule
        .next_on(before, |date| subject.lanes.iter().any(|(lane, _)| !rests(subject.policy, *lane, date)))
        .is_some()
    {
        return true;
    }
    let until = window.until.map(|until| format!(" until {until}")).unwrap_or_default();
    let message = if schedule.next(before).is_some() {
        format!("from {from}{until} each slot of the schedule is a holiday at one end of every lane")
    } else {
        let without = if schedule.holidays().is_empty() { "" } else { " that is no holiday" };
        format!("the schedule has no slot{without} from {from}{until}")
    };
    let hint = "widen `active`, or look at `schedule` and `holidays`";
    report.error(subject, subject.places.key("active"), "never-open", message, hint);
    false
}

/// Whether a date is a holiday at one end of a lane.
fn rests(policy: &Policy, lane: Lane, date: NaiveDate) -> bool {
    let is_closed = |country| policy.closed.get(&country).is_some_and(|dates| dates.contains(&date));
    is_closed(lane.from.country) || is_closed(lane.to.country)
}

/// The seconds of a schedule are the same in each of its minutes, so the first minute tells.
fn too_often<'d>(report: &mut Report<'d>, subject: &Subject<'d>) {
    let schedule = &subject.policy.schedule;
    let start =
        schedule.window().from.map_or(Timestamp::UNIX_EPOCH, |from| from.and_time(NaiveTime::MIN).and_utc() - A_DAY);
    let Some(first) = schedule.next(start) else { return };
    let end = first.instant() + TimeDelta::seconds(60);
    let slots = std::iter::successors(Some(first), |slot| schedule.next(slot.instant()))
        .take_while(|slot| slot.instant() < end)
        .take(60)
        .count();
    let sends = match &subject.policy.rule {
        Rule::Sweep(sweep) => sweep.sources.len(),
        Rule::TopUp(top_up) => top_up.sources.len(),
        Rule::Payout(_) => 1,
        Rule::Rebalance(rebalance) => rebalance.weights.len().saturating_sub(1),
    };
    let requests = slots.saturating_mul(READS_A_SLOT.saturating_add(sends));
    if slots < 2 || requests <= REQUESTS_A_MINUTE {
        return;
    }
    let message = format!(
        "{slots} slots a minute ask KPay up to {requests} times, and it takes {REQUESTS_A_MINUTE} requests a minute"
    );
    let hint = "let it fire less often; slots would wait for each other, and other policies for them";
    report.warning(subject, subject.places.key("schedule"), "too-often", message, hint);
}
