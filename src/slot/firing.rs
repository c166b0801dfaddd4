//! The instants that patterns fire at in a zone, forwards and backwards, through the hours that a clock change skips or
//! repeats. Holidays and cut-offs are not its business.
//!
//! Two kinds of schedules, told apart by the hour field:
//!
//! - **By the wall clock** (the hour field leaves some hour out, `0 18 * * *`, `0 */6 * * *`): each time of day fires
//!   once, at the first instant at which the zone's wall clock has reached it. In a repeated hour that is the first
//!   pass; a time that is skipped fires when the clock jumps over it (02:30 fires at 03:00). Several times that are
//!   skipped together are one instant, so they fire once.
//! - **By the hour** (every hour fires, `*/15 * * * *`): every instant whose wall clock fits fires. The repeated hour
//!   fires again, because its instants are new ones; what is skipped never happens, and the next one is not late.
//!
//! croner does the calendar. Its own rule for zones counts `0 2,14 * * *` among the intervals and would fire it twice
//! in a repeated hour, so the wall clock kind is mapped to instants here.

use crate::model::Timestamp;
use chrono::{Datelike, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::{GapInfo, Tz};
use croner::Cron;

/// Instants outside these years are not searched: the calendar's ends are far, and every step stays in range.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2400;

/// One or more patterns in a zone; it fires where any of them does.
#[derive(Debug, Clone)]
pub(super) struct Firing {
    patterns: Vec<Pattern>,
    zone: Tz,
}

/// One cron expression and which of the two kinds it is.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) cron: Cron,
    pub(super) every_hour: bool,
    times: Times,
}

/// The times of day and the months of a pattern, a bit for each value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    seconds: u64,
    minutes: u64,
    hours: u64,
    months: u64,
}

impl Times {
    fn of(cron: &Cron) -> Self {
        let bits =
            |values: Vec<u16>| values.into_iter().filter(|it| *it < 64).fold(0, |bits, value| bits | (1_u64 << value));
        let fields = &cron.pattern;
        Self {
            seconds: bits(fields.seconds.values()),
            minutes: bits(fields.minutes.values()),
            hours: bits(fields.hours.values()),
            months: bits(fields.months.values()),
        }
    }

    fn holds(self, other: Self) -> bool {
        let all = |one: u64, other: u64| other & !one == 0;
        all(self.seconds, other.seconds)
            && all(self.minutes, other.minutes)
            && all(self.hours, other.hours)
            && all(self.months, other.months)
    }
}

impl Pattern {
    fn new(cron: Cron) -> Self {
        Self { every_hour: cron.pattern.hours.values().len() == 24, times: Times::of(&cron), cron }
    }

    /// Whether it fires whenever another does, in any zone. The two kinds go through clock changes differently.
    fn covers(&self, other: &Self) -> bool {
        self.every_hour == other.every_hour && self.times.holds(other.times) && self.has_days_of(other)
    }

    fn has_days_of(&self, other: &Self) -> bool {
        let (one, other) = (&self.cron.pattern, &other.cron.pattern);
        if one.is_dom_wildcard() && one.is_dow_wildcard() {
            return true;
        }
        let days = |text: &str| {
            let mut fields = text.split_whitespace().skip(3);
            let month = fields.next().map(str::to_ascii_uppercase);
            (month, fields.nth(1).map(str::to_ascii_uppercase))
        };
        let plain_weeks = one.is_dom_wildcard()
            && other.is_dom_wildcard()
            && !one.days_of_week.has_modifiers()
            && !other.days_of_week.has_modifiers();
        let weekdays = one.days_of_week.values();
        days(one.as_str()) == days(other.as_str())
            || (plain_weeks && other.days_of_week.values().iter().all(|day| weekdays.contains(day)))
    }
}

impl Firing {
    pub(super) fn new(crons: impl IntoIterator<Item = Cron>, zone: Tz) -> Self {
        Self { patterns: crons.into_iter().map(Pattern::new).collect(), zone }
    }

    pub(super) fn zone(&self) -> Tz {
        self.zone
    }

    pub(super) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Whether one of its patterns covers each of the other's, in the same zone.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.patterns.iter().all(|late| self.patterns.iter().any(|early| early.covers(late)))
    }

    /// The first instant strictly after `now`, which is whole seconds.
    pub(super) fn after(&self, now: Timestamp) -> Option<Timestamp> {
        self.patterns.iter().filter_map(|pattern| self.pattern_after(pattern, now)).min()
    }

    /// The last instant not after `now`, which is whole seconds.
    pub(super) fn at_or_before(&self, now: Timestamp) -> Option<Timestamp> {
        self.patterns.iter().filter_map(|pattern| self.pattern_at_or_before(pattern, now)).max()
    }

    fn pattern_after(&self, pattern: &Pattern, now: Timestamp) -> Option<Timestamp> {
        let local = self.local(now)?;
        if pattern.every_hour {
            let found = pattern.cron.find_next_occurrence(&now.with_timezone(&self.zone), false).ok()?;
            return Some(found.to_utc());
        }
        // Times of day up to the wall clock's own have fired; in the second pass of a repeated hour, so have those up
        // to its end. Each step is later than the one before, so this ends.
        let mut civil = local;
        loop {
            civil = pattern.cron.find_next_occurrence(&civil, false).ok()?;
            let instant = self.reached(civil)?;
            if instant > now {
                return Some(instant);
            }
        }
    }

    fn pattern_at_or_before(&self, pattern: &Pattern, now: Timestamp) -> Option<Timestamp> {
        let local = self.local(now)?;
        if pattern.every_hour {
            let found = pattern.cron.find_previous_occurrence(&now.with_timezone(&self.zone), true).ok()?;
            return Some(found.to_utc());
        }
        let mut civil = local + self.already_passed(local, now);
        let mut inclusive = true;
        loop {
            civil = pattern.cron.find_previous_occurrence(&civil, inclusive).ok()?;
            let instant = self.reached(civil)?;
            if instant <= now {
                return Some(instant);
            }
            inclusive = false;
        }
    }

    /// The first instant at which the wall clock has reached `civil`.
    pub(super) fn reached(&self, civil: NaiveDateTime) -> Option<Timestamp> {
        match self.zone.from_local_datetime(&civil) {
            MappedLocalTime::Single(instant) => Some(instant.to_utc()),
            MappedLocalTime::Ambiguous(one, other) => Some(one.min(other).to_utc()),
            MappedLocalTime::None => GapInfo::new(&civil, &self.zone)?.end.map(|end| end.to_utc()),
        }
    }

    /// The wall clock at `now`; `None` outside the years that are searched.
    fn local(&self, now: Timestamp) -> Option<NaiveDateTime> {
        YEARS.contains(&now.year()).then(|| now.with_timezone(&self.zone).naive_local())
    }

    /// How far ahead of its present reading the wall clock has been before: the length of a repeated stretch during its
    /// second pass, else nothing.
    fn already_passed(&self, local: NaiveDateTime, now: Timestamp) -> TimeDelta {
        match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Ambiguous(one, other) if now >= one.max(other) => (one - other).abs(),
            _ => TimeDelta::zero(),
        }
    }
}
