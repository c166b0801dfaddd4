//! Slots: the instants a policy fires for, from cron, zone and holidays. Pure: the same asked forwards, backwards or
//! years later. Knows no clock; "now" is always a parameter.

mod schedule;

pub use schedule::{Latest, Schedule, ScheduleError};
