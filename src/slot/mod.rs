//! Slots: the instants a policy fires for, from cron, zone and holidays. Pure: the same asked forwards, backwards or
//! years later. Knows no clock; "now" is always a parameter, and tokio-cron-scheduler has no say in it.

mod expression;
mod firing;
mod month_days;
mod schedule;

pub use month_days::MonthDays;
pub use schedule::{Latest, Schedule, ScheduleError};

#[cfg(test)]
mod tests;
