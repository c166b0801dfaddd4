//! Schedules in words: the slots of their cron, the sentence that both give, and refusals that say what to write.

use super::{at, forwards, schedule};
use crate::slot::{PlainSchedule, Schedule, Unit};
use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// Words, the cron that means the same, and what it is in a sentence.
const SAME: [(&str, &str, &str); 20] = [
    ("daily at 18:00", "0 18 * * *", "daily 18:00"),
    ("Daily   AT  9:05", "5 9 * * *", "daily 09:05"),
    ("daily at 09:00 and 18:00", "0 9,18 * * *", "daily 09:00 18:00"),
    ("daily at 18:00, 9:00 and 12:00", "0 9,12,18 * * *", "daily 09:00 12:00 18:00"),
    ("every 15 minutes", "*/15 * * * *", "every 15 Minute"),
    ("every minute", "* * * * *", "every 1 Minute"),
    ("every hour", "0 * * * *", "every 1 Hour"),
    ("every 2 hours", "0 */2 * * *", "every 2 Hour"),
    ("every 12 hours", "0 0,12 * * *", "daily 00:00 12:00"),
    ("every 30 seconds", "*/30 * * * * *", "every 30 Second"),
    ("weekdays at 18:00", "0 18 * * MON-FRI", "Mon Tue Wed Thu Fri 18:00"),
    ("weekends at 10:00", "0 10 * * 0,6", "Sat Sun 10:00"),
    ("mondays at 09:00", "0 9 * * MON", "Mon 09:00"),
    ("mondays and thursdays at 9:00", "0 9 * * 1,4", "Mon Thu 09:00"),
    ("weekdays, saturdays and sundays at 9:00", "0 9 * * 0-6", "daily 09:00"),
    ("monthly on the 25th at 09:00", "0 9 25 * *", "25 09:00"),
    ("monthly on the 1st and the 15th at 09:00", "0 9 1,15 * *", "1 15 09:00"),
    ("monthly on the last day at 17:30", "30 17 L * *", "last 17:30"),
    ("monthly on the 15th and the last day at 17:30", "30 17 15,L * *", "15 last 17:30"),
    ("fridays at 02:30", "30 2 * * FRI", "Fri 02:30"),
];

fn sentence(plain: Option<PlainSchedule>) -> String {
    let Some(plain) = plain else { return "too odd".to_owned() };
    let with = |words: Vec<String>, times: Vec<NaiveTime>| {
        let times = times.iter().map(|time| time.format("%H:%M").to_string());
        words.into_iter().chain(times).collect::<Vec<_>>().join(" ")
    };
    match plain {
        PlainSchedule::Daily { times } => with(vec!["daily".to_owned()], times),
        PlainSchedule::Every { count, unit } => format!("every {count} {unit:?}"),
        PlainSchedule::Weekdays { days, times } => with(days.iter().map(Weekday::to_string).collect(), times),
        PlainSchedule::MonthDays { days, last, times } => {
            let last = last.then(|| "last".to_owned());
            with(days.iter().map(u8::to_string).chain(last).collect(), times)
        }
    }
}

#[test]
fn words_have_the_slots_and_the_sentence_of_their_cron() {
    for (words, cron, expected) in SAME {
        for (zone, day) in
            [("Africa/Douala", "2026-11-24"), ("Europe/Paris", "2026-03-27"), ("Europe/Paris", "2026-10-23")]
        {
            let (one, other) = (schedule(words, zone, &[]), schedule(cron, zone, &[]));
            let start = at(&format!("{day}T00:00:00Z"));
            let days = if words.starts_with("every") { 3 } else { 62 };
            let end = start + chrono::TimeDelta::days(days);
            let slots = forwards(&one, start, end);
            assert_eq!(slots, forwards(&other, start, end), "{words} in {zone}");
            assert!(!slots.is_empty(), "{words}");
            assert_eq!(one.text(), words);
            assert_eq!(one.busiest_day(), other.busiest_day(), "{words} in {zone}");
        }
        for text in [words, cron] {
            assert_eq!(sentence(schedule(text, "UTC", &[]).plain()), expected, "{text}");
        }
    }
}

/// Times of different minutes are several expressions: their slots are those of each, and a skipped pair fires once.
#[test]
fn several_times_are_the_slots_of_each() {
    let (start, end) = (at("2026-01-01T00:00:00Z"), at("2026-12-31T23:59:59Z"));
    for zone in ["Africa/Douala", "Europe/Paris", "Australia/Lord_Howe"] {
        let both = schedule("daily at 02:15 and 2:45 and 18:00", zone, &[]);
        let each =
            ["15 2 * * *", "45 2 * * *", "0 18 * * *"].map(|cron| forwards(&schedule(cron, zone, &[]), start, end));
        let expected: BTreeSet<_> = each.into_iter().flatten().collect();
        let slots = forwards(&both, start, end);
        assert!(slots.iter().eq(&expected), "{zone}");
        assert_eq!(super::backwards(&both, start, end), slots, "{zone}: backwards");
        assert_eq!(both.busiest_day(), 3);
        assert_eq!(sentence(both.plain()), "daily 02:15 02:45 18:00");
    }
}

#[test]
fn what_is_too_odd_for_a_sentence_is_left_as_written() {
    for cron in [
        "*/15 8-17 * * MON-FRI",
        "0 18 1 * MON",
        "0 18 15W * *",
        "0 18 LW * *",
        "0 18 * JAN *",
        "0 18 * * FRI#1",
        "0 18 * * FRI#L",
        "7 * * * *",
        "5 0 18 * * *",
        "0,1,2,3,4,5,6 18 * * *",
    ] {
        assert_eq!(sentence(schedule(cron, "UTC", &[]).plain()), "too odd", "{cron}");
    }
    assert_eq!(schedule("0 * * * *", "UTC", &[]).plain(), Some(PlainSchedule::Every { count: 1, unit: Unit::Hour }));
    assert_eq!(sentence(schedule("0 18 1-31 * *", "UTC", &[]).plain()), "daily 18:00");
    assert_eq!(sentence(schedule("0 0 18 * * *", "UTC", &[]).plain()), "daily 18:00");
}

#[test]
fn words_that_are_not_known_are_met_with_the_nearest_form() {
    for (wrong, says) in [
        ("dayly at 18:00", "`dayly` is not known here; write for example `daily at 18:00`, or in cron `0 18 * * *`"),
        ("daily", "`at` and a time of day are missing; write for example `daily at 18:00`"),
        ("daily at", "a time of day is missing"),
        ("daily at 18h", "`18h` is not a time of day such as 18:00"),
        ("daily at 24:00", "`24:00` is not a time of day"),
        ("daily at 18:00:30", "`18:00:30` is not a time of day"),
        ("daily at 18:00 and", "a time of day is missing"),
        ("weekday at 18:00", "`weekday` is not known here; write for example `weekdays at 18:00`"),
        ("monday at 18:00", "write for example `mondays and thursdays at 09:00`"),
        ("every monday at 9:00", "write for example `mondays and thursdays at 09:00`"),
        ("every day at 9:00", "write for example `daily at 18:00`"),
        (
            "every 7 minutes",
            "7 minutes do not go evenly into 60; take 5, 6 or 10; write for example `every 15 minutes`",
        ),
        ("every 45 minutes", "take 20 or 30"),
        ("every 5 hours", "5 hours do not go evenly into 24; take 3, 4 or 6"),
        ("every 0 minutes", "take 1"),
        ("every 60 minutes", "60 minutes are `every hour`"),
        ("every 24 hours", "24 hours are `daily at 00:00`"),
        ("every two hours", "`two` is not a whole number"),
        ("every 2 weeks", "`weeks` is not seconds, minutes or hours"),
        ("every", "`every` takes a number and a unit"),
        ("monthly at 9:00", "it does not say on which day of the month"),
        ("monthly on the 32nd at 9:00", "`32nd` is no day of the month such as `25th` or `last day`"),
        ("monthly on the 22th at 9:00", "`22th` is no day of the month"),
        ("monthly on the 25 at 9:00", "`25` is no day of the month"),
        ("hourly", "or in cron `*/15 * * * *`"),
        ("soon", "or in cron `0 18 * * *`"),
    ] {
        let error = Schedule::new(wrong, Tz::UTC, BTreeSet::new()).unwrap_err().to_string();
        assert!(error.contains(says), "{wrong:?} says {error:?}, not {says:?}");
        assert!(error.len() <= 200, "{error}");
    }
    for (count, whole, unit) in [(60, 60, "seconds"), (60, 60, "minutes"), (24, 24, "hours")] {
        for interval in 2..count {
            let text = format!("every {interval} {unit}");
            assert_eq!(Schedule::new(&text, Tz::UTC, BTreeSet::new()).is_ok(), whole % interval == 0, "{text}");
        }
    }
}
