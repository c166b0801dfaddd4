//! A schedule: cron expression, time zone, holidays.

use crate::model::{Slot, Timestamp};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// When a policy fires.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The expression as written: 5 fields, or 6 with seconds first.
    text: String,
    zone: Tz,
    holidays: BTreeSet<NaiveDate>,
}

/// Why an expression is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ScheduleError {
    /// What is wrong with it.
    pub what: String,
}

/// The latest instant of a schedule that is not after now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latest {
    /// It fires for this slot.
    Slot(Slot),
    /// That instant lies on a holiday, so it is no slot and nothing fires until the next one.
    Holiday(Slot),
    /// The schedule has no instant before now.
    None,
}

impl Schedule {
    /// Reads a cron expression.
    ///
    /// # Errors
    /// [`ScheduleError`] where the expression is not 5 or 6 valid fields or never fires.
    pub fn new(text: &str, zone: Tz, holidays: BTreeSet<NaiveDate>) -> Result<Self, ScheduleError> {
        Ok(Self { text: text.to_owned(), zone, holidays })
    }

    /// The latest instant that is not after `now`.
    #[must_use]
    pub fn latest(&self, _now: Timestamp) -> Latest {
        let _ = (&self.zone, &self.holidays);
        Latest::None
    }

    /// The first slot strictly after `now`, holidays left out.
    #[must_use]
    pub fn next(&self, _now: Timestamp) -> Option<Slot> {
        None
    }

    /// The local date of a slot: the day `max_per_day` counts it on.
    #[must_use]
    pub fn local_date(&self, slot: Slot) -> NaiveDate {
        slot.instant().with_timezone(&self.zone).date_naive()
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
