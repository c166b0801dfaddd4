//! Days of the month, as a range that may run over the end of a month: `24..2` is the 24th to the 2nd.

use chrono::{Datelike, NaiveDate};
use std::fmt;

/// From one day of the month to another, both included, over the month's end where the first is the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthDays {
    from: u8,
    until: u8,
}

impl MonthDays {
    /// `None` unless both are days from 1 to 31.
    #[must_use]
    pub fn new(from: u8, until: u8) -> Option<Self> {
        let is_day = |day: u8| (1..=31).contains(&day);
        (is_day(from) && is_day(until)).then_some(Self { from, until })
    }

    /// Whether a date is one of these days.
    #[must_use]
    pub fn contains(self, date: NaiveDate) -> bool {
        let day = u8::try_from(date.day()).unwrap_or(u8::MAX);
        if self.from <= self.until {
            (self.from..=self.until).contains(&day)
        } else {
            day >= self.from || day <= self.until
        }
    }

    /// Whether every date is one of these days.
    #[must_use]
    pub fn is_every_day(self) -> bool {
        (self.from == 1 && self.until == 31) || self.from == self.until.saturating_add(1)
    }

    /// The first day.
    #[must_use]
    pub fn from(self) -> u8 {
        self.from
    }

    /// The last day.
    #[must_use]
    pub fn until(self) -> u8 {
        self.until
    }
}

/// As it is written in a policy.
impl fmt::Display for MonthDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_may_run_over_the_end_of_the_month() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        let payroll = MonthDays::new(24, 2).unwrap();
        for (day, inside) in [
            ("2026-02-23", false),
            ("2026-02-24", true),
            ("2026-02-28", true),
            ("2026-03-02", true),
            ("2026-03-03", false),
        ] {
            assert_eq!(payroll.contains(date(day)), inside, "{day}");
        }
        let one = MonthDays::new(31, 31).unwrap();
        assert!(one.contains(date("2026-01-31")) && !one.contains(date("2026-02-28")));
        for (from, until, every) in [(1, 31, true), (15, 14, true), (1, 30, false), (15, 13, false), (31, 1, false)] {
            assert_eq!(MonthDays::new(from, until).unwrap().is_every_day(), every, "{from}..{until}");
        }
        assert!(MonthDays::new(0, 5).is_none() && MonthDays::new(5, 32).is_none());
    }
}
