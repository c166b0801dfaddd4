//! Slots: the instants a policy fires for, from cron or words, zone, holidays and window. Pure: the same asked forwards, backwards or
//! years later. Knows no clock; "now" is always a parameter, and tokio-cron-scheduler has no say in it.

mod busiest;
mod expression;
mod firing;
mod month_days;
mod plain;
mod schedule;
mod window;
mod words;

pub use month_days::MonthDays;
pub use plain::{PlainSchedule, Unit};
pub use schedule::{Latest, Schedule, ScheduleError};
pub use window::Window;

#[cfg(test)]
mod tests;
