//! When an intent is tried or asked again: growing pauses, and an end after which a person is called.

use super::{Outcome, Tracked};
use crate::model::Timestamp;
use crate::planted::{self, Mistake};
use chrono::TimeDelta;

/// Bounds on asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryRules {
    /// An unknown outcome is asked again for so long after its first attempt (`kpay.resend_for`).
    pub resend_for: TimeDelta,
}

/// The longest pause between two attempts of one intent.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// When the next attempt may be made: 1, 2, 4, … seconds after the last event, at most five minutes. `None` for an
/// intent that is not to be attempted (sending, final, or a person's).
#[must_use]
pub fn next_ask_at(tracked: &Tracked, now: Timestamp) -> Option<Timestamp> {
    match tracked.outcome {
        Outcome::Planned | Outcome::Unknown => {}
        _ => return None,
    }
    if tracked.attempts == 0 {
        return Some(tracked.created_at.min(now));
    }
    let doublings = (tracked.attempts - 1).min(16);
    let pause = TimeDelta::seconds(1_i64 << doublings).min(LONGEST_PAUSE);
    // A clock that was ahead for a while must not keep the question waiting until it is there again.
    Some(if tracked.updated_at > now { now } else { tracked.updated_at + pause })
}

impl RetryRules {
    /// Whether an unknown intent has been asked about for long enough: from here on only a person can end it.
    #[must_use]
    pub fn is_over(&self, tracked: &Tracked, now: Timestamp) -> bool {
        tracked.outcome == Outcome::Unknown
            && !planted::is(Mistake::AskedForEver)
            && tracked.first_attempt_at.is_some_and(|first| now - first > self.resend_for)
    }
}
