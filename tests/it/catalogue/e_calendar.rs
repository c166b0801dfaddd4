//! E: time, as the calendar has it: changes of the clock in five zones, leap days and year ends, the edge of a slot.

use super::stage::each;
use crate::played::row;
use crate::support::{Ended, Merchant};
use chrono::{DateTime, Days, SecondsFormat, TimeDelta, Utc};
use treasuryd::money::Amount;

fn merchant(zone: &str, schedule: &str) -> Merchant {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 100_000)]);
    merchant.policies(&format!(
        "version: 1\ntimezone: {zone}\npolicies:\n  - name: nightly\n    schedule: \"{schedule}\"\n    sweep: {{ from: [GAB], \
         into: CMR, above: 100_000 XAF }}\n"
    ));
    merchant
}

/// A customer pays, and the slot that is up at that instant has its turn.
fn pay_and_run(merchant: &Merchant, at: &str) -> Ended {
    merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(1_000)).unwrap();
    merchant.treasuryd(&["once", "--json", "--at", at])
}

fn ids(merchant: &Merchant) -> Vec<String> {
    merchant.books().transfers.into_iter().map(|moved| moved.external_id.unwrap()).collect()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

// E3: DST fold and gap, TZ change · UTC windows; local schedules fire once: both transition hours, 5 zones.
#[test]
fn e03_a_schedule_in_a_changed_hour_fires_once_a_night() {
    let _row = row!();
    // A local time that the night of the change leaves out or has twice, and the instant of the change.
    let nights = [
        ("Europe/Paris", "30 2 * * *", "2026-03-29T01:00:00Z"),
        ("Europe/Paris", "30 2 * * *", "2026-10-25T01:00:00Z"),
        ("America/New_York", "30 2 * * *", "2026-03-08T07:00:00Z"),
        ("America/New_York", "30 1 * * *", "2026-11-01T06:00:00Z"),
        ("Australia/Lord_Howe", "10 2 * * *", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T15:00:00Z"),
        ("America/St_Johns", "30 2 * * *", "2026-03-08T05:30:00Z"),
        ("America/St_Johns", "30 1 * * *", "2026-11-01T04:30:00Z"),
        ("America/Santiago", "30 0 * * *", "2026-09-06T04:00:00Z"),
        ("America/Santiago", "30 23 * * *", "2026-04-05T03:00:00Z"),
    ];
    each(&nights, |(zone, schedule, change)| {
        let merchant = merchant(zone, schedule);
        for half_hours in -3..=4 {
            let now = at(change) + TimeDelta::minutes(30 * half_hours);
            pay_and_run(&merchant, &written(now)).with_code(0);
        }
        let ids = ids(&merchant);
        assert_eq!(ids.len(), 1, "{zone} {schedule} at {change}: {ids:?}");
    });
}

// E3: the machine's own zone says nothing.
#[test]
fn e03_the_machines_zone_changes_nothing() {
    let _row = row!();
    let merchant = merchant("Africa/Douala", "0 18 * * *");
    merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(30_000)).unwrap();
    let planned = |zone: &str| {
        let mut command = merchant.command(&["plan", "--json", "--at", "2026-11-24T17:00:30Z"]);
        Ended::of(command.env("TZ", zone)).with_code(0).stdout
    };
    let in_utc = planned("UTC");
    assert!(in_utc.contains("TRD-261124170000-GABCMR-01-"), "{in_utc}");
    for zone in ["Asia/Tokyo", "America/St_Johns", "Nowhere/Land", "", ":/etc/passwd", "UTC+25"] {
        assert_eq!(planned(zone), in_utc, "TZ={zone}");
    }
}

// E4: leap second, 29 Feb, month end, ISO week 53 · one window each. (Every day from 2024 to 2040: slot's own tests.)
#[test]
fn e04_odd_days_have_one_slot_each() {
    let _row = row!();
    // With the last day of each, the day before it and the day after.
    let middles = ["2026-12-31", "2028-02-29", "2027-02-28", "2027-01-03", "2026-04-30"];
    each(&middles, |middle| {
        let merchant = merchant("UTC", "0 0 * * *");
        let middle = at(&format!("{middle}T00:00:00Z"));
        let first = middle.checked_sub_days(Days::new(1)).unwrap();
        for day in 0..3 {
            let midnight = first + TimeDelta::days(day);
            for now in [midnight, midnight + TimeDelta::hours(3), midnight + TimeDelta::hours(23)] {
                pay_and_run(&merchant, &written(now)).with_code(0);
            }
        }
        let ids = ids(&merchant);
        assert_eq!(ids.len(), 3, "{middle}: {ids:?}");
        let days: Vec<String> =
            (0..3).map(|day| (first + TimeDelta::days(day)).format("TRD-%y%m%d000000").to_string()).collect();
        assert!(ids.iter().zip(&days).all(|(id, day)| id.starts_with(day)), "{ids:?} for {days:?}");
    });
    // The leap second belongs to the minute that it ends, and opens no slot of its own.
    let merchant = merchant("UTC", "59 23 * * *");
    for now in ["2016-12-31T23:59:59Z", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"] {
        pay_and_run(&merchant, now);
    }
    assert_eq!(ids(&merchant).len(), 1);
}

// E6: send exactly on the window boundary · the id belongs to the planned window, fixed in the intent: ±1 ms sweep.
#[test]
fn e06_on_the_edge_the_id_is_that_of_the_slot_that_is_up() {
    let _row = row!();
    let edge = at("2026-11-24T18:00:00Z");
    each(&[-60_000, -1_000, -1, 0, 1, 999, 1_000], |milliseconds| {
        let merchant = merchant("UTC", "0 18 * * *");
        let now = edge + TimeDelta::milliseconds(*milliseconds);
        pay_and_run(&merchant, &written(now)).with_code(0);
        // A run that begins a moment before the edge may decide after it; never for a slot that is not up.
        let moved = ids(&merchant).len();
        assert!(
            moved <= usize::from(*milliseconds > -60_000) && (*milliseconds < 0 || moved == 1),
            "{milliseconds} ms"
        );
        // Whatever was decided before, the slot moves once.
        for later in [0, 1, 500] {
            pay_and_run(&merchant, &written(edge + TimeDelta::milliseconds(later))).with_code(0);
        }
        let ids = ids(&merchant);
        assert!(ids.len() == 1 && ids[0].starts_with("TRD-261124180000-GABCMR-01-"), "{milliseconds} ms: {ids:?}");
    });
}
