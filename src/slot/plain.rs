//! A schedule read for people: what of it can be said in a few words, whether it was written as cron or in words.

use super::firing::Pattern;
use chrono::{NaiveTime, Weekday};
use croner::CronComponent;

/// More times of day than this are no longer listed in a sentence.
const MOST_TIMES: usize = 6;

/// A schedule in the shape of a sentence. Times are by the wall clock of the schedule's zone, in the order of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlainSchedule {
    /// Every day at these times.
    Daily {
        /// One or more.
        times: Vec<NaiveTime>,
    },
    /// At even steps through the whole day, each day: every 15 minutes.
    Every {
        /// How many units; 1 or more.
        count: u32,
        /// Of what.
        unit: Unit,
    },
    /// On some days of the week.
    Weekdays {
        /// From Monday on; at least one, not all seven.
        days: Vec<Weekday>,
        /// One or more.
        times: Vec<NaiveTime>,
    },
    /// On some days of each month. A month without such a day has none.
    MonthDays {
        /// In order; may be empty where `last` is set.
        days: Vec<u8>,
        /// On the last day of the month too.
        last: bool,
        /// One or more.
        times: Vec<NaiveTime>,
    },
}

/// A unit of [`PlainSchedule::Every`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours; midnight is one of them.
    Hour,
}

#[derive(PartialEq)]
enum Days {
    All,
    Week(Vec<Weekday>),
    Month(Vec<u8>, bool),
}

/// `None` where the patterns are too odd to say.
pub(super) fn plain(patterns: &[Pattern]) -> Option<PlainSchedule> {
    let [first, rest @ ..] = patterns else { return None };
    let days = days(first)?;
    if days == Days::All
        && rest.is_empty()
        && let Some((count, unit)) = interval(first)
    {
        return Some(PlainSchedule::Every { count, unit });
    }
    if rest.iter().any(|pattern| self::days(pattern).is_none_or(|other| other != days)) {
        return None;
    }
    let mut times = Vec::new();
    for pattern in patterns {
        times.extend(times_of_day(pattern)?);
    }
    times.sort_unstable();
    times.dedup();
    (times.len() <= MOST_TIMES).then_some(match days {
        Days::All => PlainSchedule::Daily { times },
        Days::Week(days) => PlainSchedule::Weekdays { days, times },
        Days::Month(days, last) => PlainSchedule::MonthDays { days, last, times },
    })
}

fn days(pattern: &Pattern) -> Option<Days> {
    let fields = &pattern.cron.pattern;
    let (month, week) = (&fields.days, &fields.days_of_week);
    if fields.months.values().len() != 12 || week.has_modifiers() {
        return None;
    }
    let whole_week = week.values().len() == 7;
    match (fields.is_dom_wildcard(), fields.is_dow_wildcard()) {
        (true, true) => Some(Days::All),
        (true, false) if whole_week => Some(Days::All),
        (true, false) => Some(Days::Week(week_days(week))),
        (false, true) if month.values().len() == 31 && !month.has_modifiers() => Some(Days::All),
        (false, true) => Some(Days::Month(narrow(month), last_day(fields.as_str(), month)?)),
        (false, false) => None,
    }
}

/// Whether the last day of the month is meant too; `None` where it is the weekday near a date, `15W`. croner does not
/// tell the two apart, so the field is looked at.
fn last_day(expression: &str, month: &CronComponent) -> Option<bool> {
    if !month.has_modifiers() {
        return Some(false);
    }
    let field = expression.split_whitespace().nth(3)?;
    let has_near_weekday = field.contains(['W', 'w']);
    (!has_near_weekday).then(|| field.split(',').any(|entry| entry.eq_ignore_ascii_case("L")))
}

fn week_days(week: &CronComponent) -> Vec<Weekday> {
    // Cron counts from Sunday.
    let from_monday =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    let values = week.values();
    let is_on = |day: &Weekday| values.contains(&u16::try_from(day.num_days_from_sunday()).unwrap_or(u16::MAX));
    from_monday.into_iter().filter(is_on).collect()
}

fn narrow(field: &CronComponent) -> Vec<u8> {
    field.values().into_iter().filter_map(|value| u8::try_from(value).ok()).collect()
}

/// Even steps through the whole day. Two steps or one are times of day.
fn interval(pattern: &Pattern) -> Option<(u32, Unit)> {
    let fields = &pattern.cron.pattern;
    let (hours, minutes, seconds) = (fields.hours.values(), fields.minutes.values(), fields.seconds.values());
    let zero = |values: &[u16]| values == [0];
    if hours.len() == 24 && minutes.len() == 60 && !zero(&seconds) {
        Some((step(&seconds, 60)?, Unit::Second))
    } else if hours.len() == 24 && zero(&seconds) && !zero(&minutes) {
        Some((step(&minutes, 60)?, Unit::Minute))
    } else if zero(&seconds) && zero(&minutes) && hours.len() > 2 {
        Some((step(&hours, 24)?, Unit::Hour))
    } else {
        None
    }
}

/// The step of `0, n, 2n, …` up to `whole`, where it goes evenly into it.
fn step(values: &[u16], whole: u16) -> Option<u32> {
    let step = values.get(1).copied()?;
    let even = whole.checked_rem(step) == Some(0) && values.iter().copied().eq((0..whole).step_by(usize::from(step)));
    even.then(|| u32::from(step))
}

/// On whole minutes only.
fn times_of_day(pattern: &Pattern) -> Option<Vec<NaiveTime>> {
    let fields = &pattern.cron.pattern;
    if fields.seconds.values() != [0] {
        return None;
    }
    let (hours, minutes) = (fields.hours.values(), fields.minutes.values());
    let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (u32::from(*hour), u32::from(*minute))));
    times.map(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0)).collect()
}
