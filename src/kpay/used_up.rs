//! The words for a minute whose requests are used up.

use crate::model::Timestamp;
use chrono::{DurationRound, TimeDelta};
use std::fmt;
use std::time::Duration;

/// Since when no request may be sent, and from when on one may again, both in UTC and whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedUp {
    per_minute: usize,
    since: Timestamp,
    until: Timestamp,
}

impl UsedUp {
    /// Seen at `now`: the last request was over `since` before, and the next may go after `left`, rounded up.
    #[must_use]
    pub fn at(now: Timestamp, per_minute: usize, since: Duration, left: Duration) -> Self {
        let second = TimeDelta::seconds(1);
        let whole = |at: Timestamp| at.duration_trunc(second).unwrap_or(at);
        let until = now + TimeDelta::from_std(left).unwrap_or_default();
        let rounded = if whole(until) == until { until } else { whole(until) + second };
        Self { per_minute, since: whole(now - TimeDelta::from_std(since).unwrap_or_default()), until: rounded }
    }
}

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_minute, since, until } = self;
        let instant = |at: &Timestamp| at.format("%Y-%m-%dT%H:%M:%SZ");
        write!(
            f,
            "what kpay.requests_per_minute allows ({per_minute} a minute, commands before on the same state counted) is \
             used up since {}; the next may go at {}: try again then",
            instant(since),
            instant(until)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_rounded_up_so_that_it_is_over_then() {
        let now: Timestamp = "2026-11-24T17:00:10.400Z".parse().unwrap();
        for (since_ms, left_ms, words) in [
            (0, 60_500, "since 2026-11-24T17:00:10Z; the next may go at 2026-11-24T17:01:11Z"),
            (2_500, 600, "since 2026-11-24T17:00:07Z; the next may go at 2026-11-24T17:00:11Z"),
            (20_000, 601, "since 2026-11-24T16:59:50Z; the next may go at 2026-11-24T17:00:12Z"),
        ] {
            let at = UsedUp::at(now, 100, Duration::from_millis(since_ms), Duration::from_millis(left_ms));
            assert!(at.to_string().contains(words), "{at}");
        }
    }
}
