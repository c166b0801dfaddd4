//! When a schedule is in use at all: active dates, and a cut-off in each day.

use chrono::{NaiveDate, NaiveTime};

/// Active dates and cut-off, both by the wall clock of the schedule's zone. Without any of them: always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first local date with slots.
    pub from: Option<NaiveDate>,
    /// The last local date with slots.
    pub until: Option<NaiveDate>,
    /// The cut-off: nothing later in its local day than this is a slot; at this very time it still is one.
    pub not_after: Option<NaiveTime>,
}

impl Window {
    /// Whether a local date is one of the active dates.
    #[must_use]
    pub fn is_active(self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| date >= from) && !self.is_over(date)
    }

    /// Whether the last active date is before this one.
    #[must_use]
    pub fn is_over(self, date: NaiveDate) -> bool {
        self.until.is_some_and(|until| date > until)
    }
}
