//! Active dates, cut-offs, and how many slots a day can have.

use super::{CHANGES, EXPRESSIONS, at, backwards, forwards, oracle, schedule};
use crate::model::{Slot, Timestamp};
use crate::slot::{Latest, Schedule, Window};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// `from..until <time`; each may be missing.
fn window(text: &str) -> Window {
    let (dates, time) = text.split_once('<').unwrap_or((text, ""));
    let (from, until) = dates.trim().split_once("..").unwrap();
    Window { from: from.parse().ok(), until: until.parse().ok(), not_after: time.parse().ok() }
}

#[test]
fn a_slot_lies_on_an_active_date_and_not_after_the_cut_off() {
    let check = |text: &str, zone: &str, limits: &str, now: &str, latest: Latest, next: Option<&str>| {
        let schedule = schedule(text, zone, &["2026-12-25"]).with_window(window(limits));
        assert_eq!(schedule.latest(at(now)), latest, "{text} in {zone} {limits}: latest at {now}");
        let next = next.map(|next| Slot::at(at(next)));
        assert_eq!(schedule.next(at(now)), next, "{text} in {zone} {limits}: next after {now}");
    };
    let slot = |text: &str| Latest::Slot(Slot::at(at(text)));
    let inactive = |text: &str| Latest::Inactive(Slot::at(at(text)));
    let (daily, douala) = ("0 18 * * *", "Africa/Douala");
    let december = "2026-12-01..2026-12-31";
    check(
        daily,
        douala,
        december,
        "2026-06-01T17:00:00Z",
        inactive("2026-06-01T17:00:00Z"),
        Some("2026-12-01T17:00:00Z"),
    );
    check(
        daily,
        douala,
        december,
        "2026-12-01T16:59:59Z",
        inactive("2026-11-30T17:00:00Z"),
        Some("2026-12-01T17:00:00Z"),
    );
    check(daily, douala, december, "2026-12-01T17:00:00Z", slot("2026-12-01T17:00:00Z"), Some("2026-12-02T17:00:00Z"));
    check(daily, douala, december, "2026-12-31T17:00:00Z", slot("2026-12-31T17:00:00Z"), None);
    check(daily, douala, december, "2027-02-01T00:00:00Z", inactive("2027-01-31T17:00:00Z"), None);
    check(daily, douala, "..2026-12-24", "2026-12-25T17:00:00Z", inactive("2026-12-25T17:00:00Z"), None);
    check(daily, douala, "2040-01-01..", "2026-06-01T17:00:00Z", inactive("2026-06-01T17:00:00Z"), None);
    // At the cut-off's own time it is still a slot.
    check(
        daily,
        douala,
        ".. <18:00:00",
        "2026-12-01T17:00:00Z",
        slot("2026-12-01T17:00:00Z"),
        Some("2026-12-02T17:00:00Z"),
    );
    check(daily, douala, ".. <17:59:59", "2026-12-01T17:00:00Z", inactive("2026-12-01T17:00:00Z"), None);
    let often = "*/15 * * * *";
    check(
        often,
        douala,
        ".. <16:30:00",
        "2026-12-01T15:30:00Z",
        slot("2026-12-01T15:30:00Z"),
        Some("2026-12-01T23:00:00Z"),
    );
    check(
        often,
        douala,
        ".. <16:30:00",
        "2026-12-01T15:45:00Z",
        inactive("2026-12-01T15:45:00Z"),
        Some("2026-12-01T23:00:00Z"),
    );
    check(
        often,
        douala,
        ".. <16:30:00",
        "2026-12-24T20:00:00Z",
        inactive("2026-12-24T20:00:00Z"),
        Some("2026-12-25T23:00:00Z"),
    );
    // The hour that is repeated comes after a cut-off in it: 02:15 of the second pass is later than the first 02:30.
    let paris = "Europe/Paris";
    check(
        often,
        paris,
        ".. <02:30:00",
        "2026-10-25T00:30:00Z",
        slot("2026-10-25T00:30:00Z"),
        Some("2026-10-25T23:00:00Z"),
    );
    check(
        often,
        paris,
        ".. <02:30:00",
        "2026-10-25T01:15:00Z",
        inactive("2026-10-25T01:15:00Z"),
        Some("2026-10-25T23:00:00Z"),
    );
    check(
        often,
        paris,
        ".. <03:00:00",
        "2026-10-25T01:15:00Z",
        slot("2026-10-25T01:15:00Z"),
        Some("2026-10-25T01:30:00Z"),
    );
    // A cut-off that the clock jumps over is reached as it jumps; so is the slot beside it.
    check(
        "30 2 * * *",
        paris,
        ".. <02:45:00",
        "2026-03-29T01:00:00Z",
        slot("2026-03-29T01:00:00Z"),
        Some("2026-03-30T00:30:00Z"),
    );
}

#[test]
fn the_cut_off_of_a_slot_is_on_its_own_local_day() {
    let check = |zone: &str, time: &str, slot: &str, closes: Option<&str>| {
        let schedule = schedule("0 * * * *", zone, &[]).with_window(window(&format!("..<{time}")));
        assert_eq!(schedule.closes_at(Slot::at(at(slot))), closes.map(at), "{zone} {time}: {slot}");
    };
    check("Africa/Douala", "16:30:00", "2026-12-01T08:00:00Z", Some("2026-12-01T15:30:00Z"));
    check("Africa/Douala", "16:30:00", "2026-12-01T23:00:00Z", Some("2026-12-02T15:30:00Z"));
    check("Africa/Douala", "", "2026-12-01T08:00:00Z", None);
    check("Europe/Paris", "02:30:00", "2026-03-29T00:00:00Z", Some("2026-03-29T01:00:00Z"));
    check("Europe/Paris", "02:30:00", "2026-10-25T00:00:00Z", Some("2026-10-25T00:30:00Z"));
    check("Europe/Paris", "16:30:00", "2026-10-24T22:00:00Z", Some("2026-10-25T15:30:00Z"));
}

/// E3 with a window: forwards and backwards are what the scan finds, less what lies outside.
#[test]
fn within_a_window_the_same_slots_are_found_through_every_change() {
    for (name, days) in CHANGES {
        let zone: Tz = name.parse().unwrap();
        for day in days {
            let start = at(&format!("{day}T00:00:00Z")) - TimeDelta::hours(14);
            let end = start + TimeDelta::hours(52);
            for (text, time) in
                EXPRESSIONS.iter().skip(4).flat_map(|text| ["02:15:00", "12:00:00"].map(|time| (text, time)))
            {
                let limits = window(&format!("{day}.. <{time}"));
                let bound = schedule(text, name, &[]).with_window(limits);
                let cut_offs = cut_offs(zone, limits, start - TimeDelta::hours(30), end);
                let is_open = |slot: &Timestamp| {
                    let date = bound.local_date(Slot::at(*slot));
                    limits.from.is_none_or(|from| from <= date) && cut_offs.get(&date).is_none_or(|end| slot <= end)
                };
                let expected: Vec<Timestamp> = oracle(text, zone, start, end).into_iter().filter(is_open).collect();
                assert_eq!(forwards(&bound, start, end), expected, "{text} in {name} {limits:?}: forwards");
                assert_eq!(backwards(&bound, start, end), expected, "{text} in {name} {limits:?}: backwards");
            }
        }
    }
}

/// By scanning: for each local day the first instant at which its clock shows the cut-off or more.
fn cut_offs(zone: Tz, limits: Window, start: Timestamp, end: Timestamp) -> BTreeMap<NaiveDate, Timestamp> {
    let mut found = BTreeMap::new();
    let mut instant = start;
    while instant <= end {
        let local = instant.with_timezone(&zone).naive_local();
        if local.time() >= limits.not_after.unwrap() {
            found.entry(local.date()).or_insert(instant);
        }
        instant += TimeDelta::seconds(10);
    }
    found
}

#[test]
fn the_busiest_day_is_counted_without_a_calendar() {
    let check = |text: &str, zone: &str, limits: &str, most: u32| {
        let schedule = schedule(text, zone, &[]).with_window(window(limits));
        assert_eq!(schedule.busiest_day(), most, "{text} in {zone} {limits}");
    };
    check("0 18 * * *", "Africa/Douala", "..", 1);
    check("0 18 * * *", "Africa/Douala", "..<18:00:00", 1);
    check("0 18 * * *", "Africa/Douala", "..<17:59:00", 0);
    check("*/15 * * * *", "Africa/Douala", "..", 96);
    check("*/15 * * * *", "Africa/Douala", "..<16:30:00", 67);
    check("* * * * * *", "UTC", "..", 86_400);
    check("0 9,18 * * MON-FRI", "Europe/Paris", "..", 2);
    check("30 2 * * *", "Europe/Paris", "..", 1);
    // The day that has 25 hours.
    check("*/15 * * * *", "Europe/Paris", "..", 100);
    check("*/15 * * * *", "Europe/Paris", "..<02:30:00", 11);
    check("*/15 * * * *", "Europe/Paris", "..<03:00:00", 17);
    check("*/15 * * * *", "Australia/Lord_Howe", "..", 98);
    check("0 * * * *", "Africa/Cairo", "..", 25);
    // In Nuuk the clock jumps from 23:00 to midnight: the Saturday's slot fires on the Sunday, which has its own.
    check("30 23 * * *", "America/Nuuk", "..", 2);
    check("0,30 0,23 * * *", "America/Nuuk", "..", 4);
}

/// The bound against a count of real slots over two years.
#[test]
fn no_day_is_busier_than_the_busiest() {
    for zone in ["Africa/Douala", "Europe/Paris", "Australia/Lord_Howe", "Africa/Cairo", "America/Nuuk"] {
        for text in ["0 * * * *", "0 0 * * *", "30 23 * * *", "45 1,2,22 * * *"] {
            for limits in ["..", "..<01:30:00"] {
                let schedule = schedule(text, zone, &[]).with_window(window(limits));
                let mut days: BTreeMap<NaiveDate, u32> = BTreeMap::new();
                for slot in forwards(&schedule, at("2025-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z")) {
                    *days.entry(schedule.local_date(Slot::at(slot))).or_default() += 1;
                }
                let seen = days.values().copied().max().unwrap_or(0);
                assert_eq!(seen, schedule.busiest_day(), "{text} in {zone} {limits}");
            }
        }
    }
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let days = proptest::collection::vec(0_i64..3_700, 0..40);
    let window =
        (proptest::option::of(0_i64..1_000), proptest::option::of(1_500_i64..3_700), proptest::option::of(0_u32..24));
    let expressions = [
        "0 18 * * MON-FRI",
        "30 2 * * *",
        "30 0,23 * * *",
        "0 */6 * * *",
        "0 * * * SUN",
        "0 12 L * *",
        "15 1 1,25 * *",
    ];
    (0..expressions.len(), 0..CHANGES.len() + 2, days, window).prop_map(move |(text, zone, holidays, window)| {
        let zone = CHANGES.get(zone).map_or(["Africa/Cairo", "America/Nuuk"][zone % 2], |(zone, _)| *zone);
        let first: NaiveDate = "2026-01-01".parse().unwrap();
        let day = |number: i64| first + TimeDelta::days(number);
        let (from, until, hour) = window;
        let not_after = hour.and_then(|hour| chrono::NaiveTime::from_hms_opt(hour, 30, 0));
        let window = Window { from: from.map(day), until: until.map(day), not_after };
        let holidays = holidays.into_iter().map(day).collect();
        Schedule::new(expressions[text], zone.parse().unwrap(), holidays).unwrap().with_window(window)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ten_years_forwards_are_ten_years_backwards(schedule in any_schedule()) {
        let (start, end) = (at("2026-01-01T00:00:00Z"), at("2036-01-01T00:00:00Z"));
        let slots = forwards(&schedule, start, end);
        prop_assert_eq!(&slots, &backwards(&schedule, start, end));
        // And asked from the other end: years later, each instant between two slots has the same latest and next.
        for pair in slots.windows(2).rev().step_by(50) {
            let between = pair[0] + (pair[1] - pair[0]) / 2;
            prop_assert_eq!(schedule.next(between), Some(Slot::at(pair[1])));
            prop_assert_eq!(schedule.next(pair[0]), Some(Slot::at(pair[1])));
        }
        let window = schedule.window();
        for slot in slots {
            let date = schedule.local_date(Slot::at(slot));
            prop_assert!(window.is_active(date) && !schedule.holidays().contains(&date));
            prop_assert!(schedule.closes_at(Slot::at(slot)).is_none_or(|closes| slot <= closes));
        }
    }
}
