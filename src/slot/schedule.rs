//! A schedule: cron expression, time zone, holidays, active dates and cut-off.

use super::{PlainSchedule, Window, busiest, expression, firing::Firing, plain, words};
use crate::model::{Slot, Timestamp};
use chrono::{NaiveDate, NaiveTime, SubsecRound, TimeDelta};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// How far a search looks, back or ahead: the longest pause between two leap days.
const LONGEST_SEARCH: TimeDelta = TimeDelta::days(8 * 365 + 2);

/// When a policy fires.
///
/// Clock changes: a schedule that leaves some hour of the day out goes by the wall clock; each of its times fires once,
/// the first time the clock has reached it (a skipped 02:30 fires at 03:00, a repeated one on the first pass only). A
/// schedule that fires in every hour fires at every instant that fits, in a repeated hour too.
///
/// As in every cron, a restricted day of the month and a restricted day of the week fire on either; a `+` before the
/// day of the week asks for both.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// As written: cron, 5 fields or 6 with seconds first; or words.
    text: String,
    firing: Firing,
    holidays: BTreeSet<NaiveDate>,
    window: Window,
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
    /// That instant lies outside the active dates or after the cut-off, so it is no slot.
    Inactive(Slot),
    /// The schedule has no instant in the eight years before now.
    None,
}

impl Schedule {
    /// Reads a cron expression, or words such as `daily at 18:00` (all forms: `slot/words.rs`).
    ///
    /// # Errors
    /// [`ScheduleError`] where it is neither 5 or 6 valid fields nor known words, or never fires.
    pub fn new(text: &str, zone: Tz, holidays: BTreeSet<NaiveDate>) -> Result<Self, ScheduleError> {
        expression::check_text(text)?;
        let crons = if words::is_words(text) { words::read(text)? } else { vec![text.to_owned()] };
        let crons: Vec<_> = crons.iter().map(|cron| expression::read(cron)).collect::<Result<_, _>>()?;
        let firing = Firing::new(crons, zone);
        Ok(Self { text: text.to_owned(), firing, holidays, window: Window::default() })
    }

    /// The same schedule within active dates and before a cut-off.
    #[must_use]
    pub fn with_window(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// The latest instant that is not after `now`. On a holiday, outside the active dates and after the cut-off nothing
    /// fires, and an older slot is not made up for. Where several hold, the window is named before the holiday.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Latest {
        let now = now.trunc_subsecs(0);
        let Some(instant) = self.firing.at_or_before(now).filter(|instant| now - *instant <= LONGEST_SEARCH) else {
            return Latest::None;
        };
        let slot = Slot::at(instant);
        if self.is_inactive(slot) {
            Latest::Inactive(slot)
        } else if self.holidays.contains(&self.local_date(slot)) {
            Latest::Holiday(slot)
        } else {
            Latest::Slot(slot)
        }
    }

    /// The first slot strictly after `now`, without what lies on holidays or outside the window; `None` where the next
    /// eight years have none, or the last active date is over.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<Slot> {
        self.next_on(now, |_| true)
    }

    /// The same, on local dates that serve only.
    #[must_use]
    pub fn next_on(&self, now: Timestamp, serves: impl Fn(NaiveDate) -> bool) -> Option<Slot> {
        let now = now.trunc_subsecs(0);
        let mut from = now;
        loop {
            let instant = self.firing.after(from).filter(|instant| *instant - now <= LONGEST_SEARCH)?;
            let slot = Slot::at(instant);
            let date = self.local_date(slot);
            if serves(date) && !self.holidays.contains(&date) && !self.is_inactive(slot) {
                return Some(slot);
            }
            if self.window.is_over(date) {
                return None;
            }
            // On to the next day, or to the first active one; never behind the instant just found, so this moves on.
            let onward = self.window.from.max(date.succ_opt())?;
            let midnight = self.firing.reached(onward.and_time(NaiveTime::MIN))?;
            from = instant.max(midnight - TimeDelta::seconds(1));
        }
    }

    /// The cut-off of a slot: the first instant of its local day at which the wall clock has reached `not_after`.
    /// Nothing is decided or first sent for the slot after it. `None` where the schedule has no cut-off.
    #[must_use]
    pub fn closes_at(&self, slot: Slot) -> Option<Timestamp> {
        self.firing.reached(self.local_date(slot).and_time(self.window.not_after?))
    }

    /// The most slots on any local day: an upper bound that leaves holidays and active dates aside. It is reached by
    /// every schedule that fires on the day a clock is put back, or whose zone never does that.
    #[must_use]
    pub fn busiest_day(&self) -> u32 {
        busiest::most_in_a_day(&self.firing, self.window.not_after)
    }

    /// Whether it has every instant of another schedule, holidays and windows left aside. `false` where that is not
    /// certain: not in two zones, and in patterns too odd to compare.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.zone() == other.zone() && (self.text == other.text || self.firing.covers(&other.firing))
    }

    fn is_inactive(&self, slot: Slot) -> bool {
        !self.window.is_active(self.local_date(slot)) || self.closes_at(slot).is_some_and(|end| slot.instant() > end)
    }

    /// The local date of a slot: the day `max_per_day` counts it on.
    #[must_use]
    pub fn local_date(&self, slot: Slot) -> NaiveDate {
        slot.instant().with_timezone(&self.zone()).date_naive()
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.firing.zone()
    }

    /// The local dates without slots that the policy itself lists.
    #[must_use]
    pub fn holidays(&self) -> &BTreeSet<NaiveDate> {
        &self.holidays
    }

    /// Active dates and cut-off.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// What can be said of it in a sentence, holidays and window left aside; the same for words and for cron that means
    /// the same. `None` where it is too odd for that.
    #[must_use]
    pub fn plain(&self) -> Option<PlainSchedule> {
        plain::plain(self.firing.patterns())
    }

    /// The schedule as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
