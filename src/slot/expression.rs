//! Cron text to a checked pattern. Stricter than croner: exactly 5 or 6 fields, names only in their own fields, no
//! nicknames, no empty list entries; and every refusal names the field.

use super::ScheduleError;
use crate::model::tame;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

/// One field of an expression: its name, what it takes, and the words that may stand in it.
struct Field {
    name: &'static str,
    takes: &'static str,
    words: &'static [&'static str],
}

const FIELDS: [Field; 6] = [
    Field { name: "second", takes: "0-59", words: &[] },
    Field { name: "minute", takes: "0-59", words: &[] },
    Field { name: "hour", takes: "0-23", words: &[] },
    Field { name: "day-of-month", takes: "1-31, L (last day) or W (nearest weekday)", words: &["L", "W", "LW"] },
    Field {
        name: "month",
        takes: "1-12 or JAN-DEC",
        words: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    },
    Field {
        name: "day-of-week",
        takes: "0-7 (0 and 7 are Sunday) or SUN-SAT",
        words: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "L"],
    },
];

/// What to write instead of a nickname.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The longest expression that is looked at.
const LONGEST: usize = 200;

/// What holds for every schedule, cron or words: short, and plain ASCII.
pub(super) fn check_text(text: &str) -> Result<(), ScheduleError> {
    let shown = tame(text, 60);
    if text.len() > LONGEST {
        return refuse(format!("the schedule `{shown}` is longer than {LONGEST} characters"));
    }
    let plain = |character: &char| character.is_ascii_graphic() || matches!(character, ' ' | '\t');
    match text.chars().find(|character| !plain(character)) {
        Some(strange) => {
            refuse(format!("the schedule `{shown}` holds `{}`; write plain ASCII", strange.escape_unicode()))
        }
        None => Ok(()),
    }
}

/// Reads an expression that [`check_text`] let pass, and makes sure that it fires at all.
pub(super) fn read(text: &str) -> Result<Cron, ScheduleError> {
    let shown = tame(text, 60);
    if text.contains('@') {
        return refuse(nickname_hint(text, &shown));
    }
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    match fields.len() {
        5 => fields.insert(0, "0"),
        6 => {}
        count => {
            return refuse(format!(
                "the schedule `{shown}` has {count} fields; write 5 (minute hour day-of-month month day-of-week), or 6 \
                 with seconds first"
            ));
        }
    }
    for (field, text) in FIELDS.iter().zip(&fields) {
        check_words(field, text)?;
    }
    let cron = parse(&fields.join(" ")).map_err(|error| {
        // Reading a field alone costs as much as reading them all, so it is done for the refusal only.
        let blamed =
            FIELDS.iter().zip(&fields).enumerate().find_map(|(index, (field, text))| blame(index, field, text));
        blamed.unwrap_or_else(|| ScheduleError {
            what: format!("the schedule `{shown}` cannot be read: {}", reason(&error)),
        })
    })?;
    if !fires_at_all(&cron) {
        return refuse(format!("the schedule `{shown}` never fires: no date fits it"));
    }
    Ok(cron)
}

fn refuse<T>(what: String) -> Result<T, ScheduleError> {
    Err(ScheduleError { what })
}

fn nickname_hint(text: &str, shown: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    match NICKNAMES.iter().find(|(nickname, _)| *nickname == lower) {
        Some((nickname, fields)) => {
            format!("the nickname `{nickname}` is not taken as a schedule; write its fields: `{fields}`")
        }
        None => format!("the schedule `{shown}` uses a nickname; write 5 fields, such as `0 18 * * MON-FRI`"),
    }
}

/// What is wrong with a field in words of ours.
fn wrong(field: &Field, text: &str, why: &str) -> ScheduleError {
    let (name, takes) = (field.name, field.takes);
    let text = tame(text, 40);
    ScheduleError {
        what: format!("the {name} field `{text}` is wrong: {why}; it takes {takes}, `*`, lists, ranges, steps"),
    }
}

/// Only words that belong into the field, and no empty list entry.
fn check_words(field: &Field, text: &str) -> Result<(), ScheduleError> {
    if text.split(',').any(str::is_empty) {
        return Err(wrong(field, text, "a list entry is empty"));
    }
    let words = text.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty());
    for word in words {
        if !field.words.contains(&word.to_ascii_uppercase().as_str()) {
            return Err(wrong(field, text, &format!("`{}` has no meaning there", tame(word, 20))));
        }
    }
    Ok(())
}

/// What is wrong with one field, read alone; `None` if nothing is.
fn blame(index: usize, field: &Field, text: &str) -> Option<ScheduleError> {
    let mut alone = ["*"; FIELDS.len()];
    alone[index] = text;
    parse(&alone.join(" ")).err().map(|error| wrong(field, text, &reason(&error)))
}

fn parse(fields: &str) -> Result<Cron, CronError> {
    CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build().parse(fields)
}

/// croner's message without its prefix and full stop.
fn reason(error: &CronError) -> String {
    let text = match error {
        CronError::InvalidPattern(text) | CronError::IllegalCharacters(text) | CronError::ComponentError(text) => {
            text.clone()
        }
        other => other.to_string(),
    };
    let text = tame(text.trim_end_matches('.'), 160);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Whether a date of the calendar fits. The calendar repeats every 400 years; croner's search ends by itself.
fn fires_at_all(cron: &Cron) -> bool {
    let start = NaiveDate::from_ymd_opt(2000, 1, 1).map(|date| NaiveDateTime::new(date, NaiveTime::MIN));
    start.is_some_and(|start| cron.find_next_occurrence(&start, true).is_ok())
}
