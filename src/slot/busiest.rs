//! The most slots a schedule can have on one local day. Counted from the pattern's fields, not by walking a calendar, so
//! that thousands of policies are checked at once.

use super::firing::{Firing, Pattern};
use crate::model::Timestamp;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Tz;

/// The years whose clock changes are looked at: a zone's rule repeats each year, but Ramadan moves through them.
const YEARS: (i32, i32) = (2024, 2031);
/// Shorter than any time between two changes of a clock.
const STRIDE: TimeDelta = TimeDelta::days(7);
/// Past the last second of a day.
const DAY_SECONDS: u32 = 24 * 60 * 60;

/// A change of a zone's clock: what it would have shown, and what it shows.
#[derive(Debug, Clone, Copy)]
struct Change {
    before: NaiveDateTime,
    after: NaiveDateTime,
}

/// An upper bound of the slots on one local day, none later than the cut-off.
pub(super) fn most_in_a_day(firing: &Firing, not_after: Option<NaiveTime>) -> u32 {
    let most = |pattern| most_of_pattern(pattern, firing.zone(), not_after);
    firing.patterns().iter().map(most).fold(0, u32::saturating_add)
}

fn most_of_pattern(pattern: &Pattern, zone: Tz, not_after: Option<NaiveTime>) -> u32 {
    let end = not_after.map_or(DAY_SECONDS, |time| time.num_seconds_from_midnight().saturating_add(1));
    let ordinary = count(pattern, 0, end);
    let extra = |change: Change| {
        if pattern.every_hour { repeated(pattern, change, not_after) } else { carried_over(pattern, change) }
    };
    let may_differ = pattern.every_hour || count(pattern, 22 * 3_600, DAY_SECONDS) > 0;
    let extra = if may_differ { changes(zone).into_iter().map(extra).max() } else { None };
    ordinary.saturating_add(extra.unwrap_or(0))
}

/// Instants of the second pass, where the clock is put back and the cut-off comes after that.
fn repeated(pattern: &Pattern, change: Change, not_after: Option<NaiveTime>) -> u32 {
    let Change { before, after } = change;
    let is_open = not_after.is_none_or(|time| before <= after.date().and_time(time));
    if after >= before || !is_open {
        return 0;
    }
    let end = if before.date() == after.date() { before.num_seconds_from_midnight() } else { DAY_SECONDS };
    count(pattern, after.num_seconds_from_midnight(), end)
}

/// Times that are skipped up to midnight or over it fire on the day after, beside that day's own.
fn carried_over(pattern: &Pattern, change: Change) -> u32 {
    let Change { before, after } = change;
    let skipped_late =
        before.date() < after.date() && count(pattern, before.num_seconds_from_midnight(), DAY_SECONDS) > 0;
    let fires_then_anyway = count(pattern, 0, after.num_seconds_from_midnight().saturating_add(1)) > 0;
    u32::from(skipped_late && !fires_then_anyway)
}

/// The times of day of a pattern from one second of the day to before another.
fn count(pattern: &Pattern, from: u32, end: u32) -> u32 {
    let fields = &pattern.cron.pattern;
    let (hours, minutes, seconds) = (fields.hours.values(), fields.minutes.values(), fields.seconds.values());
    let minutes_of_day =
        hours.iter().flat_map(|hour| minutes.iter().map(|minute| u32::from(*hour) * 60 + u32::from(*minute)));
    let times = minutes_of_day.flat_map(|minute| seconds.iter().map(move |second| minute * 60 + u32::from(*second)));
    times.filter(|time| (from..end).contains(time)).fold(0, |sum, _| sum + 1)
}

/// The clock changes of a zone in [`YEARS`].
fn changes(zone: Tz) -> Vec<Change> {
    let first = |year| NaiveDate::from_ymd_opt(year, 1, 1).map(|date| date.and_time(NaiveTime::MIN).and_utc());
    let (Some(start), Some(end)) = (first(YEARS.0), first(YEARS.1)) else { return Vec::new() };
    let mut found = Vec::new();
    let mut instant = start;
    while instant < end {
        found.extend(change_between(zone, instant, instant + STRIDE));
        instant += STRIDE;
    }
    found
}

fn change_between(zone: Tz, mut early: Timestamp, mut late: Timestamp) -> Option<Change> {
    let offset = |instant: Timestamp| instant.with_timezone(&zone).naive_local() - instant.naive_utc();
    let (old, new) = (offset(early), offset(late));
    if old == new {
        return None;
    }
    while late - early > TimeDelta::seconds(1) {
        let middle = early + (late - early) / 2;
        let middle = middle.with_nanosecond(0).unwrap_or(middle);
        if offset(middle) == old { early = middle } else { late = middle }
    }
    Some(Change { before: late.naive_utc() + old, after: late.naive_utc() + new })
}
