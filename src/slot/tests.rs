//! The room's tests: tables of expressions and instants, and walks against an oracle that scans second by second.

mod window;
mod words;

use super::{Latest, Schedule};
use crate::model::{Slot, Timestamp};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Zones and, in UTC, the day around each of their clock changes.
const CHANGES: [(&str, &[&str]); 6] = [
    ("Africa/Douala", &["2026-03-29"]),
    ("UTC", &["2026-12-31"]),
    ("Europe/Paris", &["2026-03-29", "2026-10-25"]),
    ("America/New_York", &["2026-03-08", "2026-11-01"]),
    ("Australia/Lord_Howe", &["2026-04-04", "2026-10-03"]),
    ("Africa/Casablanca", &["2026-02-15", "2026-03-22"]),
];

const EXPRESSIONS: [&str; 14] = [
    "*/15 * * * *",
    "* * * * *",
    "7 * * * *",
    "*/20 * * * * *",
    "0 2 * * *",
    "30 2 * * *",
    "30 1 * * *",
    "45 1,2 * * *",
    "0 2,14 * * *",
    "*/10 2-3 * * *",
    "0 0 * * *",
    "0 */6 * * *",
    "15,45 1-3 * * SUN",
    "30 0 2 * * *",
];

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn schedule(text: &str, zone: &str, holidays: &[&str]) -> Schedule {
    let holidays = holidays.iter().map(|date| date.parse().unwrap()).collect();
    Schedule::new(text, zone.parse().unwrap(), holidays).unwrap()
}

fn slot_of(latest: Latest) -> Option<Timestamp> {
    match latest {
        Latest::Slot(slot) | Latest::Holiday(slot) | Latest::Inactive(slot) => Some(slot.instant()),
        Latest::None => None,
    }
}

#[test]
fn expressions_are_5_or_6_fields_that_fire() {
    for good in
        ["0 18 * * MON-FRI", "*/15 * * * *", "30 0 18 * * mon-fri", "0 0 L * *", "0 0 29 2 *", "0 9 15W JAN,JUL *"]
    {
        assert!(Schedule::new(good, Tz::UTC, BTreeSet::new()).is_ok(), "{good}");
    }
    for (wrong, says) in [
        ("", "has 0 fields"),
        ("0 18 * *", "has 4 fields"),
        ("0 0 18 * * MON 2026", "has 7 fields"),
        ("0 25 * * *", "hour field `25` is wrong: number out of bounds"),
        ("60 * * * *", "minute field `60`"),
        ("0 0 * * * 8", "day-of-week field `8`"),
        ("0 0 0 * *", "day-of-month field `0`"),
        ("MON * * * *", "`MON` has no meaning there"),
        ("0 18 * MON *", "month field `MON`"),
        ("0 18 * * MO-FRI", "`MO` has no meaning there"),
        ("0,,5 * * * *", "a list entry is empty"),
        ("5/10 * * * *", "minute field `5/10`"),
        ("*/0 * * * *", "minute field `*/0`"),
        ("0 0 * * FRI-MON", "day-of-week field `FRI-MON`"),
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("@daily", "write its fields: `0 0 * * *`"),
        ("@reboot", "uses a nickname"),
        ("0 0 \u{202e} * *", "holds `\\u{202e}`"),
        ("0 18\n* * *", "write plain ASCII"),
        ("0 18 * * \u{17f}UN", "write plain ASCII"),
    ] {
        let error = Schedule::new(wrong, Tz::UTC, BTreeSet::new()).unwrap_err().to_string();
        assert!(error.contains(says), "{wrong:?} says {error:?}, not {says:?}");
    }
    assert!(Schedule::new(&"1,".repeat(100_000), Tz::UTC, BTreeSet::new()).is_err());
}

#[test]
fn the_latest_slot_and_the_next_one() {
    let check = |text: &str, zone: &str, now: &str, latest: &str, next: &str| {
        let schedule = schedule(text, zone, &[]);
        let now = at(now);
        assert_eq!(schedule.latest(now), Latest::Slot(Slot::at(at(latest))), "{text} in {zone}: latest at {now}");
        assert_eq!(schedule.next(now), Some(Slot::at(at(next))), "{text} in {zone}: next after {now}");
    };
    let weekdays = "0 18 * * MON-FRI";
    let douala = "Africa/Douala";
    check(weekdays, douala, "2026-11-24T17:00:00Z", "2026-11-24T17:00:00Z", "2026-11-25T17:00:00Z");
    check(weekdays, douala, "2026-11-24T17:00:00.999Z", "2026-11-24T17:00:00Z", "2026-11-25T17:00:00Z");
    check(weekdays, douala, "2026-11-24T16:59:59.999Z", "2026-11-23T17:00:00Z", "2026-11-24T17:00:00Z");
    check(weekdays, douala, "2026-11-29T00:00:00Z", "2026-11-27T17:00:00Z", "2026-11-30T17:00:00Z");
    check("0 0 29 2 *", "UTC", "2026-06-01T00:00:00Z", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z");
    check("0 12 L * *", "UTC", "2026-02-28T12:00:00Z", "2026-02-28T12:00:00Z", "2026-03-31T12:00:00Z");
    check("0 12 31 * *", "UTC", "2026-05-01T00:00:00Z", "2026-03-31T12:00:00Z", "2026-05-31T12:00:00Z");
    check("*/2 * * * * *", "UTC", "2026-12-31T23:59:59Z", "2026-12-31T23:59:58Z", "2027-01-01T00:00:00Z");
    // 2026-03-29, Paris: 02:00 becomes 03:00. What the clock jumps over fires as it jumps.
    check("30 2 * * *", "Europe/Paris", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
    check("30 2 * * *", "Europe/Paris", "2026-03-29T00:59:59Z", "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z");
    // 2026-10-25, Paris: 03:00 becomes 02:00. The first pass fires, the second does not.
    check("30 2 * * *", "Europe/Paris", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    check("30 2 * * *", "Europe/Paris", "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    check("30 2,14 * * *", "Europe/Paris", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T13:30:00Z");
    // An interval goes on in both.
    check("*/30 * * * *", "Europe/Paris", "2026-10-25T00:59:59Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z");
    check("*/30 * * * *", "Europe/Paris", "2026-03-29T00:59:59Z", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z");
}

#[test]
fn nothing_fires_on_a_holiday_and_nothing_older_is_made_up_for() {
    let daily = schedule("0 18 * * *", "Africa/Douala", &["2026-12-25", "2026-12-26"]);
    let christmas = Slot::at(at("2026-12-25T17:00:00Z"));
    assert_eq!(daily.latest(at("2026-12-26T16:59:59Z")), Latest::Holiday(christmas));
    assert_eq!(daily.latest(at("2026-12-25T16:59:59Z")), Latest::Slot(Slot::at(at("2026-12-24T17:00:00Z"))));
    assert_eq!(daily.next(at("2026-12-24T17:00:00Z")), Some(Slot::at(at("2026-12-27T17:00:00Z"))));
    // The holiday is a local date: in Lord Howe it begins at 13:00 UTC of the day before.
    let often = schedule("* * * * * *", "Australia/Lord_Howe", &["2026-12-25"]);
    assert_eq!(often.next(at("2026-12-24T12:59:59Z")), Some(Slot::at(at("2026-12-25T13:00:00Z"))));
}

#[test]
fn searches_end() {
    let every_second = |days: i64| {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let holidays = (0..days).map(|day| first + TimeDelta::days(day)).collect();
        Schedule::new("* * * * * *", Tz::Europe__Paris, holidays).unwrap()
    };
    let start = at("2025-12-31T22:59:59Z");
    assert!(every_second(2_900).next(start).is_some());
    assert_eq!(every_second(3_000).next(start), None, "eight years of holidays");
    let rare = schedule("0 0 29 2 +MON", "UTC", &[]);
    assert_eq!(rare.next(at("2026-01-01T00:00:00Z")), None, "the next leap day on a Monday is in 2044");
    assert_eq!(rare.latest(at("2026-01-01T00:00:00Z")), Latest::None);
    let daily = schedule("0 0 * * *", "Europe/Paris", &[]);
    for far in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        assert_eq!((daily.latest(far), daily.next(far)), (Latest::None, None));
    }
}

/// Every slot in `[start, end]` by scanning: for an interval, each instant whose wall clock fits; by the wall clock, for
/// each time of day that fits, the first instant at which the clock shows it or more.
fn oracle(text: &str, zone: Tz, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let cron = super::expression::read(text).unwrap();
    let local = |instant: Timestamp| instant.with_timezone(&zone).naive_local();
    let fits = |civil: &NaiveDateTime| cron.is_time_matching(civil).unwrap();
    let every_hour = text.split_whitespace().rev().nth(3) == Some("*");
    let mut slots = BTreeSet::new();
    let mut reached = local(start - TimeDelta::hours(30));
    let mut instant = start - TimeDelta::hours(30);
    while instant <= end {
        let now = local(instant);
        if every_hour && fits(&now) {
            slots.insert(instant);
        }
        while !every_hour && reached <= now {
            if fits(&reached) {
                slots.insert(instant);
            }
            reached += TimeDelta::seconds(10);
        }
        instant += TimeDelta::seconds(10);
    }
    slots.into_iter().filter(|slot| *slot >= start).collect()
}

fn forwards(schedule: &Schedule, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let mut slots = Vec::new();
    let mut now = start - TimeDelta::seconds(1);
    while let Some(slot) = schedule.next(now).map(Slot::instant).filter(|slot| *slot <= end) {
        assert!(slot > now, "next is later");
        assert_eq!(slot_of(schedule.latest(slot)), Some(slot), "a slot is its own latest");
        slots.push(slot);
        now = slot;
    }
    slots
}

/// The slots by asking for the latest again and again; what is a holiday or inactive is passed over.
fn backwards(schedule: &Schedule, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let mut slots = Vec::new();
    let mut now = end;
    loop {
        let latest = schedule.latest(now);
        let Some(instant) = slot_of(latest).filter(|instant| *instant >= start) else { break };
        if latest == Latest::Slot(Slot::at(instant)) {
            slots.push(instant);
        }
        now = instant - TimeDelta::seconds(1);
    }
    slots.reverse();
    slots
}

/// E3: through every clock change, forwards, backwards and by scanning are the same slots.
#[test]
fn e03_forwards_backwards_and_scanned_agree_through_every_change() {
    for (name, days) in CHANGES {
        let zone: Tz = name.parse().unwrap();
        for day in days {
            let start = at(&format!("{day}T00:00:00Z")) - TimeDelta::hours(14);
            let end = start + TimeDelta::hours(52);
            for text in EXPRESSIONS {
                let schedule = schedule(text, name, &[]);
                let expected = oracle(text, zone, start, end);
                assert_eq!(forwards(&schedule, start, end), expected, "{text} in {name} around {day}: forwards");
                assert_eq!(backwards(&schedule, start, end), expected, "{text} in {name} around {day}: backwards");
            }
        }
    }
}

#[test]
fn the_days_of_the_table_are_the_changes() {
    for (name, days) in CHANGES.iter().skip(2) {
        let zone: Tz = name.parse().unwrap();
        for day in *days {
            let start = at(&format!("{day}T00:00:00Z"));
            let offset = |hours: i64| {
                let instant = start + TimeDelta::hours(hours);
                instant.with_timezone(&zone).naive_local() - instant.naive_utc()
            };
            assert_ne!(offset(-14), offset(38), "{name} changes its clock around {day}");
        }
    }
}

/// E4: one slot for each day, each month end and each leap day of 2024 to 2040.
#[test]
fn e04_a_calendar_sweep() {
    let start = at("2024-01-01T00:00:00Z");
    let end = at("2040-12-31T23:59:59Z");
    for (text, count) in [("0 12 * * *", 6_210), ("0 12 L * *", 204), ("0 12 29 2 *", 5), ("0 12 1 1 *", 17)] {
        for zone in ["UTC", "Africa/Douala", "Europe/Paris"] {
            assert_eq!(forwards(&schedule(text, zone, &[]), start, end).len(), count, "{text} in {zone}");
        }
    }
}

proptest! {
    #[test]
    fn latest_and_next_agree_at_any_instant(
        zone in 0..CHANGES.len(), text in 0..EXPRESSIONS.len(), seconds in 0_i64..5 * 365 * 86_400, millis in 0_i64..1_000,
    ) {
        let schedule = schedule(EXPRESSIONS[text], CHANGES[zone].0, &[]);
        let now = Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).unwrap() + TimeDelta::seconds(seconds) + TimeDelta::milliseconds(millis);
        let latest = slot_of(schedule.latest(now)).unwrap();
        let next = schedule.next(now).unwrap().instant();
        prop_assert!(latest <= now && now < next);
        prop_assert_eq!(schedule.next(latest).unwrap().instant(), next);
        prop_assert_eq!(slot_of(schedule.latest(next - TimeDelta::seconds(1))), Some(latest));
        prop_assert_eq!(slot_of(schedule.latest(latest)), Some(latest));
    }
}
