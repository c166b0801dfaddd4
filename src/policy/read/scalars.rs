//! Single values that are neither money nor days: switches, numbers, names, durations, zones.

use super::walk::Field;
use crate::model::tame;
use crate::policy::Mode;
use crate::policy::findings::{Findings, quoted};
use crate::policy::keys::{LARGEST_PRIORITY, LONGEST_NAME};
use crate::policy::suggest::nearest;
use chrono::TimeDelta;
use chrono_tz::{TZ_VARIANTS, Tz};
use std::ops::RangeInclusive;

const LONGEST_TEXT: usize = 300;

impl Findings {
    pub fn flag(&mut self, field: Field<'_>) -> Option<bool> {
        let what = format!("`{}`", field.name);
        match self.plain(field.node, &what, "true or false")? {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                let message = format!("{what} must be true or false, not {}", quoted(other));
                self.error(field.node.place, "wrong-type", message, "write true or false, in small letters");
                None
            }
        }
    }

    pub fn mode(&mut self, field: Field<'_>) -> Option<Mode> {
        match self.text(field.node, "`mode`")? {
            "live" => Some(Mode::Live),
            "shadow" => Some(Mode::Shadow),
            "canary" => Some(Mode::Canary),
            other => {
                let message = format!("{} is not a mode", quoted(other));
                self.error(field.node.place, "bad-mode", message, "write shadow, canary or live");
                None
            }
        }
    }

    pub fn priority(&mut self, field: Field<'_>) -> Option<i64> {
        let text = self.plain(field.node, "`priority`", "a whole number")?;
        let canonical = |value: &i64| value.to_string() == text && (0..=LARGEST_PRIORITY).contains(value);
        let value = text.parse().ok().filter(canonical);
        if value.is_none() {
            let message = format!("{} is not a priority", quoted(text));
            let hint =
                format!("write a whole number from 0 to {LARGEST_PRIORITY}; lower goes first, the default is 100");
            self.error(field.node.place, "bad-priority", message, hint);
        }
        value
    }

    /// A policy's name: words of `a-z` and `0-9` joined by single dashes.
    pub fn name(&mut self, field: Field<'_>) -> Option<String> {
        let text = self.text(field.node, "`name`")?;
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let kebab = text.starts_with(|first: char| first.is_ascii_lowercase()) && text.split('-').all(word);
        if kebab && text.len() <= LONGEST_NAME {
            return Some(text.to_owned());
        }
        let message = format!("{} is not a policy name", quoted(text));
        let hint = format!(
            "kebab-case, a letter first, at most {LONGEST_NAME} characters: {}",
            kebab_of(text).unwrap_or_else(|| "consolidate-cemac".into())
        );
        self.error(field.node.place, "bad-name", message, hint);
        None
    }

    /// Text for people, as one tame line.
    pub fn line(&mut self, field: Field<'_>) -> Option<String> {
        let text = self.text(field.node, &format!("`{}`", field.name))?;
        let words: Vec<&str> = text.split_whitespace().collect();
        Some(tame(&words.join(" "), LONGEST_TEXT))
    }

    /// `90s`, `15m`, `6h`, in a range of seconds.
    pub fn duration(&mut self, field: Field<'_>, range: RangeInclusive<i64>, range_hint: &str) -> Option<TimeDelta> {
        let what = format!("`{}`", field.name);
        let text = self.text(field.node, &what)?;
        let Some(seconds) = seconds_of(text) else {
            let message = format!("{} is not a duration", quoted(text));
            self.error(field.node.place, "bad-duration", message, duration_hint(text));
            return None;
        };
        if !range.contains(&seconds) {
            let message = format!("{what} of {} is out of range", quoted(text));
            self.error(field.node.place, "bad-duration", message, range_hint);
            return None;
        }
        TimeDelta::try_seconds(seconds)
    }

    pub fn zone(&mut self, field: Field<'_>) -> Option<Tz> {
        let text = self.text(field.node, "`timezone`")?;
        let zone = text.parse().ok();
        if zone.is_none() {
            let message = format!("{} is not a time zone", quoted(text));
            let hint = if is_offset(text) {
                "write a place, not hours or their short name: Africa/Dakar is UTC, Africa/Douala an hour ahead of it, \
                 Africa/Kigali two, Africa/Nairobi three"
                    .to_owned()
            } else {
                zone_like(text).map_or_else(
                    || "write an IANA name, e.g. Africa/Douala or UTC".to_owned(),
                    |meant| format!("did you mean {meant}?"),
                )
            };
            self.error(field.node.place, "bad-timezone", message, hint);
        }
        zone
    }
}

/// What somebody meant by a text that is no name; `None` where nothing usable is left.
fn kebab_of(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let name = words.join("-");
    (name.starts_with(|first: char| first.is_ascii_lowercase()) && name.len() <= LONGEST_NAME).then_some(name)
}

fn seconds_of(text: &str) -> Option<i64> {
    let unit = match text.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 60 * 60,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    let digits = !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    let needless_zero = number.len() > 1 && number.starts_with('0');
    if !digits || needless_zero {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(unit)
}

/// `6 h`, `6H`, `30min`, `1d` and `1h30m` are durations elsewhere.
fn duration_hint(text: &str) -> String {
    let general = "write a whole number and s, m or h: 90s, 15m, 6h";
    let lower = text.to_ascii_lowercase();
    let number: String = lower.chars().take_while(char::is_ascii_digit).take(6).collect();
    let unit = lower.get(number.len()..).unwrap_or_default().trim();
    let (Ok(figure), Some(first)) = (number.parse::<u64>(), unit.chars().next()) else { return general.to_owned() };
    if !unit.chars().all(|character| character.is_ascii_alphabetic()) {
        return general.to_owned();
    }
    match first {
        's' | 'm' | 'h' if !unit.starts_with("mo") => format!("write {figure}{first}"),
        'd' => format!("write {}h: durations are in s, m or h", figure.saturating_mul(24)),
        _ => general.to_owned(),
    }
}

/// A zone whose city was written alone, or that is misspelt.
fn zone_like(text: &str) -> Option<&'static str> {
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |name: &&str| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text));
    names().find(city).or_else(|| nearest(text, names()))
}

/// `+01:00`, `GMT+1`, `WAT`. The name that looks most alike is another hour: `Etc/GMT+1` is an hour behind, `WET` is
/// Western Europe.
fn is_offset(text: &str) -> bool {
    let text = text.trim().to_ascii_uppercase();
    let after = ["UTC", "GMT", ""].iter().find_map(|name| text.strip_prefix(name)).unwrap_or_default();
    ["WAT", "CAT", "EAT"].contains(&text.as_str()) || after.starts_with(['+', '-'])
}
