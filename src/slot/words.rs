//! Schedules in words, turned into the cron expressions they mean: `daily at 09:00 and 18:00`, `weekdays at 18:00`,
//! `mondays and thursdays at 9:00`, `monthly on the 25th at 09:00`, `monthly on the last day at 17:30`,
//! `every 15 minutes`. Case and the number of blanks do not matter. Only intervals that divide the hour or the day evenly.

use super::ScheduleError;
use crate::model::{listed, tame};
use chrono::{NaiveTime, Timelike};
use std::collections::{BTreeMap, BTreeSet};

/// A form to point at: the words that look like it, an example, and the same in cron.
struct Form {
    words: &'static [&'static str],
    example: &'static str,
    cron: &'static str,
}

const FORMS: [Form; 6] = [
    Form { words: &["daily", "day", "nightly", "everyday"], example: "daily at 18:00", cron: "0 18 * * *" },
    Form { words: &["weekdays", "workdays", "business"], example: "weekdays at 18:00", cron: "0 18 * * MON-FRI" },
    Form { words: &["weekends"], example: "weekends at 10:00", cron: "0 10 * * SAT,SUN" },
    Form {
        words: &["mondays", "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays", "sundays", "weekly"],
        example: "mondays and thursdays at 09:00",
        cron: "0 9 * * MON,THU",
    },
    Form { words: &["monthly", "on"], example: "monthly on the 25th at 09:00", cron: "0 9 25 * *" },
    Form {
        words: &["every", "hourly", "minutes", "seconds", "each"],
        example: "every 15 minutes",
        cron: "*/15 * * * *",
    },
];

/// The words for days of the week, and what cron calls them.
const DAYS: [(&str, &[&str]); 9] = [
    ("mondays", &["MON"]),
    ("tuesdays", &["TUE"]),
    ("wednesdays", &["WED"]),
    ("thursdays", &["THU"]),
    ("fridays", &["FRI"]),
    ("saturdays", &["SAT"]),
    ("sundays", &["SUN"]),
    ("weekdays", &["MON", "TUE", "WED", "THU", "FRI"]),
    ("weekends", &["SAT", "SUN"]),
];

/// What could not be understood, and the word that decides which form is pointed at.
struct Misread {
    why: String,
    word: String,
}

fn misread<T>(word: &str, why: impl Into<String>) -> Result<T, Misread> {
    Err(Misread { why: why.into(), word: word.to_owned() })
}

/// Whether a text is meant as words: cron begins with a minute or a second.
pub(super) fn is_words(text: &str) -> bool {
    text.trim_start().starts_with(|first: char| first.is_ascii_alphabetic()) && !text.contains('*')
}

/// The cron expressions that together say the same; they have no instant in common.
pub(super) fn read(text: &str) -> Result<Vec<String>, ScheduleError> {
    let lower = text.to_ascii_lowercase().replace(',', " and ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    crons(&words).map_err(|Misread { why, word }| {
        let form = nearest(&word);
        let shown = tame(text.trim(), 40);
        let what = format!(
            "the schedule `{shown}` cannot be read: {why}; write for example `{}`, or in cron `{}`",
            form.example, form.cron
        );
        ScheduleError { what }
    })
}

fn crons(words: &[&str]) -> Result<Vec<String>, Misread> {
    let first = words.first().copied().unwrap_or_default();
    if first == "every" {
        return every(words.get(1..).unwrap_or_default()).map(|cron| vec![cron]);
    }
    let at = words.iter().position(|word| *word == "at");
    let (days, times) = match at.and_then(|at| words.split_at_checked(at)) {
        Some((days, times)) => (days, times.get(1..).unwrap_or_default()),
        None => (words, &[][..]),
    };
    let (month_days, week_days) = match days {
        ["daily"] => ("*".to_owned(), "*".to_owned()),
        ["monthly", "on", rest @ ..] => (days_of_month(rest)?, "*".to_owned()),
        ["monthly", ..] => return misread("monthly", "it does not say on which day of the month"),
        _ => ("*".to_owned(), days_of_week(days)?),
    };
    if at.is_none() {
        return misread(first, "`at` and a time of day are missing");
    }
    let mut by_minute: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for item in items(times, first, "a time of day")? {
        let time = item.as_slice().first().filter(|_| item.len() == 1).and_then(|word| time_of_day(word));
        let Some(time) = time else {
            return misread(first, format!("`{}` is not a time of day such as 18:00", tame(&item.join(" "), 20)));
        };
        by_minute.entry(time.minute()).or_default().insert(time.hour());
    }
    let cron = |(minute, hours): (u32, BTreeSet<u32>)| {
        format!("{minute} {} {month_days} * {week_days}", joined(hours.iter().map(u32::to_string)))
    };
    Ok(by_minute.into_iter().map(cron).collect())
}

/// `15 minutes`, `hour`.
fn every(words: &[&str]) -> Result<String, Misread> {
    let (count, unit) = match words {
        [unit] => (1, *unit),
        [count, unit] => match count.parse::<u32>() {
            Ok(count) => (count, *unit),
            Err(_) => return misread(count, format!("`{}` is not a whole number", tame(count, 20))),
        },
        _ => return misread(words.first().copied().unwrap_or("every"), "`every` takes a number and a unit, no time"),
    };
    let (whole, plural, next) = match unit {
        "second" | "seconds" => (60, "seconds", "every minute"),
        "minute" | "minutes" => (60, "minutes", "every hour"),
        "hour" | "hours" => (24, "hours", "daily at 00:00"),
        other => return misread(other, format!("`{}` is not seconds, minutes or hours", tame(other, 20))),
    };
    if count == whole {
        return misread("every", format!("{count} {plural} are `{next}`"));
    }
    if count == 0 || !whole.is_multiple_of(count) {
        let others = neighbours(count, whole);
        return misread("every", format!("{count} {plural} do not go evenly into {whole}; take {others}"));
    }
    Ok(match (plural, count) {
        ("seconds", 1) => "* * * * * *".to_owned(),
        ("seconds", count) => format!("*/{count} * * * * *"),
        ("minutes", 1) => "* * * * *".to_owned(),
        ("minutes", count) => format!("*/{count} * * * *"),
        (_, 1) => "0 * * * *".to_owned(),
        (_, count) => format!("0 */{count} * * *"),
    })
}

/// The intervals beside one that is not even: `5, 6 or 10`.
fn neighbours(count: u32, whole: u32) -> String {
    let even: Vec<u32> = (1..whole).filter(|other| whole.is_multiple_of(*other)).collect();
    let smaller = even.iter().filter(|other| **other < count).count();
    let near = even.iter().skip(smaller.saturating_sub(2)).take(smaller.min(2) + 1);
    let near: Vec<String> = near.map(u32::to_string).collect();
    listed(&near, "or")
}

/// `mondays and thursdays`.
fn days_of_week(words: &[&str]) -> Result<String, Misread> {
    let mut days: Vec<&str> = Vec::new();
    for item in items(words, words.first().copied().unwrap_or_default(), "a day")? {
        let known = DAYS.iter().find(|(word, _)| item.as_slice() == [*word]);
        let Some((_, names)) = known else {
            let word = item.first().copied().unwrap_or_default();
            return misread(word, format!("`{}` is not known here", tame(&item.join(" "), 20)));
        };
        for name in *names {
            if !days.contains(name) {
                days.push(*name);
            }
        }
    }
    Ok(joined(days))
}

/// `the 1st and the 15th`, `the last day`.
fn days_of_month(words: &[&str]) -> Result<String, Misread> {
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "the").collect();
    let mut days = BTreeSet::new();
    let mut last = false;
    for item in items(&words, "monthly", "a day of the month")? {
        match item.as_slice() {
            ["last", "day"] => last = true,
            [word] if ordinal(word).is_some() => days.extend(ordinal(word)),
            _ => {
                let shown = tame(&item.join(" "), 20);
                return misread("monthly", format!("`{shown}` is no day of the month such as `25th` or `last day`"));
            }
        }
    }
    let last = last.then(|| "L".to_owned());
    Ok(joined(days.iter().map(u32::to_string).chain(last)))
}

/// `1st` to `31st`, each with its own ending.
fn ordinal(word: &str) -> Option<u32> {
    let (digits, ending) = word.split_at_checked(word.len().checked_sub(2)?)?;
    let day = digits.parse::<u32>().ok().filter(|day| (1..=31).contains(day) && day.to_string() == digits)?;
    let right = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    (ending == right).then_some(day)
}

/// `9:00` or `09:00`, on the clock of 24 hours.
fn time_of_day(word: &str) -> Option<NaiveTime> {
    let (hour, minute) = word.split_once(':')?;
    let digits = |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return None;
    }
    NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)
}

/// A list whose entries are parted by `and`; none may be empty.
fn items<'w>(words: &[&'w str], first: &str, what: &str) -> Result<Vec<Vec<&'w str>>, Misread> {
    let items: Vec<Vec<&str>> = words.split(|word| *word == "and").map(<[&str]>::to_vec).collect();
    if items.iter().any(Vec::is_empty) { misread(first, format!("{what} is missing")) } else { Ok(items) }
}

fn joined<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| word.as_ref().to_owned()).collect::<Vec<_>>().join(",")
}

/// The form that has the very word that was written, else the one whose words share the longest beginning with it;
/// daily where none does.
fn nearest(word: &str) -> &'static Form {
    let shared = |known: &str| known.bytes().zip(word.bytes()).take_while(|(one, other)| one == other).count();
    let score = |form: &Form| {
        let longest = form.words.iter().map(|known| (shared(known), *known == word)).max();
        longest.filter(|(length, _)| *length >= 2).unwrap_or_default()
    };
    let [daily, rest @ ..] = &FORMS;
    rest.iter().fold(daily, |best, form| if score(form) > score(best) { form } else { best })
}
