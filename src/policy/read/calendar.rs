//! Days and times of day: holidays, active dates, the cut-off, days of the month.

use super::file::FileDraft;
use super::tree::{Node, Value};
use super::walk::{Field, Fields};
use crate::money::Country;
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::ACTIVE;
use crate::slot::MonthDays;
use chrono::{NaiveDate, NaiveTime};
use std::collections::{BTreeMap, BTreeSet};

/// Days on which the lanes from and to a country rest.
pub type Closed = BTreeMap<Country, BTreeSet<NaiveDate>>;

/// Days on which the lanes of one country rest, and where the country is named.
pub type Rest = (Country, Place, BTreeSet<NaiveDate>);

/// The holidays of one policy: days without a slot, and days on which only some lanes rest.
#[derive(Debug, Default)]
pub struct Holidays {
    pub of_all: BTreeSet<NaiveDate>,
    pub by_country: Vec<Rest>,
}

impl Findings {
    /// A list of dates, or a map of lists by country.
    pub fn holidays(&mut self, field: Field<'_>) -> Holidays {
        if matches!(field.node.value, Value::Map(_)) {
            return Holidays { by_country: self.holidays_by_country(field), ..Holidays::default() };
        }
        if let Value::Scalar(text) = &field.node.value
            && [".yaml", ".yml"].iter().any(|end| text.ends_with(end))
        {
            let message = format!("`holidays` takes dates, not the name of a file: {}", quoted(text));
            let hint = "a file with `version: 1` and `holidays: { CMR: [2026-12-25] }` in the folder of the policies holds \
                        for all of them, without being named";
            self.error(field.node.place, "wrong-type", message, hint);
            return Holidays::default();
        }
        Holidays { of_all: self.dates(field.node, "`holidays`"), ..Holidays::default() }
    }

    /// `{ CMR: [2026-05-20] }`.
    pub fn holidays_by_country(&mut self, field: Field<'_>) -> Vec<Rest> {
        if matches!(field.node.value, Value::List(_)) {
            let hint = "write them by country: holidays: { CMR: [2026-05-20] }; a list stands in a policy";
            let message = "the `holidays` of a file are a map of countries, not a list";
            self.error(field.node.place, "wrong-type", message, hint);
            return Vec::new();
        }
        let mut closed = Vec::new();
        for entry in self.entries(field.node, "`holidays`").unwrap_or_default() {
            let wallet = self.wallet_named(&entry.key, entry.place);
            if wallet.is_none() && entry.node.is_empty_value() {
                continue; // no country without dates, but a word that is neither
            }
            let dates = self.dates(&entry.node, &format!("the holidays of {}", quoted(&entry.key)));
            closed.extend(wallet.map(|wallet| (wallet.country, entry.place, dates)));
        }
        closed
    }

    fn dates(&mut self, node: &Node, what: &str) -> BTreeSet<NaiveDate> {
        let mut dates = BTreeSet::new();
        for item in self.items(node, what).unwrap_or_default() {
            let Some(date) = self.date(item, "a holiday") else { continue };
            if !dates.insert(date) {
                let message = format!("{date} is listed twice");
                self.warning(item.place, "duplicate-holiday", message, "take one of the two out");
            }
        }
        dates
    }

    fn date(&mut self, node: &Node, what: &str) -> Option<NaiveDate> {
        let text = self.text(node, what)?;
        let date = read_date(text);
        if date.is_none() {
            self.error(node.place, "bad-date", format!("{} is not a date", quoted(text)), date_hint(text));
        }
        date
    }

    /// From when until when a policy is active, both days included.
    pub fn active(&mut self, field: Field<'_>) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let Some(fields) = self.fields(field.node, &ACTIVE) else { return (None, None) };
        if !fields.wrote("from") && !fields.wrote("until") {
            let hint = "write from, until or both: active: { from: 2026-12-01, until: 2026-12-31 }";
            self.error(field.node.place, "empty-map", "`active` says neither from when nor until when", hint);
        }
        let from = self.end(&fields, "from");
        let until = self.end(&fields, "until");
        if let (Some((from, place)), Some((until, _))) = (from, until)
            && from > until
        {
            let message = format!("the policy would be active from {from} until {until}, which is before that");
            self.error(place, "from-after-until", message, "swap the two, or correct the year");
        }
        (from.map(|(date, _)| date), until.map(|(date, _)| date))
    }

    fn end(&mut self, fields: &Fields<'_>, name: &str) -> Option<(NaiveDate, Place)> {
        let field = fields.get(name)?;
        Some((self.date(field.node, &format!("`{name}`"))?, field.node.place))
    }

    /// `16:30`, on the clock of 24 hours.
    pub fn time_of_day(&mut self, field: Field<'_>) -> Option<NaiveTime> {
        let text = self.text(field.node, &format!("`{}`", field.name))?;
        let time = read_time(text);
        if time.is_none() {
            self.error(field.node.place, "bad-time", format!("{} is not a time of day", quoted(text)), time_hint(text));
        }
        time
    }

    /// `24..2`: days of the month, over its end where the first is the later one.
    pub fn month_days(&mut self, field: Field<'_>) -> Option<MonthDays> {
        let text = self.text(field.node, &format!("`{}`", field.name))?;
        let days = read_days(text);
        if days.is_none() {
            let message = format!("{} is not a range of days of the month", quoted(text));
            self.error(field.node.place, "bad-days", message, days_hint(text));
        }
        days
    }
}

/// The holidays of all files rest the lanes of every policy; the policies' own rest theirs.
pub fn close(files: &mut [FileDraft]) {
    let mut of_all = Closed::new();
    for (country, dates) in files.iter().flat_map(|file| &file.closed) {
        of_all.entry(*country).or_default().extend(dates);
    }
    for policy in files.iter_mut().flat_map(|file| &mut file.policies).filter_map(|draft| draft.policy.as_mut()) {
        let touched: BTreeSet<Country> =
            policy.lanes().iter().flat_map(|lane| [lane.from.country, lane.to.country]).collect();
        for (country, dates) in of_all.iter().filter(|(country, _)| touched.contains(country)) {
            policy.closed.entry(*country).or_default().extend(dates);
        }
    }
}

/// `YYYY-MM-DD`, and a day of the calendar.
pub fn read_date(text: &str) -> Option<NaiveDate> {
    let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    shape.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

/// Two digits, a colon, two digits.
pub fn read_time(text: &str) -> Option<NaiveTime> {
    let shape = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    shape.then(|| NaiveTime::parse_from_str(text, "%H:%M").ok()).flatten()
}

fn read_days(text: &str) -> Option<MonthDays> {
    let (from, until) = text.split_once("..")?;
    let day = |text: &str| text.parse::<u8>().ok().filter(|day| day.to_string() == text);
    MonthDays::new(day(from)?, day(until)?)
}

/// The runs of digits of a text, at most `most` of them; `None` where there are more or one is too long to mean anything.
fn figures(text: &str, most: usize) -> Option<Vec<u32>> {
    let runs = text.split(|character: char| !character.is_ascii_digit()).filter(|run| !run.is_empty());
    let figures: Option<Vec<u32>> = runs.take(most + 1).map(|run| run.parse().ok()).collect();
    figures.filter(|figures| figures.len() <= most)
}

/// `25/12/2026`, `25.12.2026`, `2026/12/25` and `2026-1-1` are dates elsewhere.
fn date_hint(text: &str) -> String {
    let date = |year: u32, month: u32, day: u32| NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day);
    let year_like = |figure: u32| (1_900..=2_999).contains(&figure);
    let general = || "write a day of the calendar as YYYY-MM-DD, e.g. 2026-12-25".to_owned();
    let Some(figures) = figures(text, 3) else { return general() };
    let meant: Vec<NaiveDate> = match figures[..] {
        [year, month, day] if year_like(year) => date(year, month, day).into_iter().collect(),
        // Day first in most of the world, month first in some.
        [first, second, year] if year_like(year) && first != second => {
            [date(year, second, first), date(year, first, second)].into_iter().flatten().collect()
        }
        [day, month, year] if year_like(year) => date(year, month, day).into_iter().collect(),
        _ => Vec::new(),
    };
    match meant[..] {
        [one] => format!("write {one}"),
        [one, other] => format!("write {one} or {other}, whichever is meant: year, month, day"),
        _ => general(),
    }
}

/// `16h30`, `16.30`, `9:30`, `4:30 pm` and `1630` are times elsewhere.
fn time_hint(text: &str) -> String {
    let general = || "write hours and minutes on the clock of 24 hours: \"16:30\"".to_owned();
    let lower = text.trim().to_ascii_lowercase();
    let (clock, afternoon) = match (lower.strip_suffix("pm"), lower.strip_suffix("am")) {
        (Some(clock), _) => (clock, Some(true)),
        (_, Some(clock)) => (clock, Some(false)),
        _ => (lower.as_str(), None),
    };
    let Some(figures) = figures(clock, 3) else { return general() };
    let (hour, minute) = match figures[..] {
        [joined] if clock.trim().len() == 4 => (joined / 100, joined % 100),
        [hour] => (hour, 0),
        [hour, minute] | [hour, minute, 0] => (hour, minute),
        _ => return general(),
    };
    let hour = match afternoon {
        Some(true) if hour < 12 => hour + 12,
        Some(false) if hour == 12 => 0,
        _ => hour,
    };
    NaiveTime::from_hms_opt(hour, minute, 0).map_or_else(general, |time| format!("write \"{}\"", time.format("%H:%M")))
}

/// `24-2`, `24 to 2`, `24...2` and a single `24`.
fn days_hint(text: &str) -> String {
    let meant = |from: u32, until: u32| MonthDays::new(u8::try_from(from).ok()?, u8::try_from(until).ok()?);
    let general = || "write the first and the last day, from 1 to 31, with two points between: \"24..2\"".to_owned();
    match figures(text, 2).unwrap_or_default()[..] {
        [from, until] => meant(from, until).map_or_else(general, |days| format!("write \"{days}\"")),
        [day] => meant(day, day).map_or_else(general, |days| format!("one day is \"{days}\", a range \"24..2\"")),
        _ => general(),
    }
}
