//! The sandbox's clock: the machine's, plus an offset that drills and tests push forward. It is never set back.

use super::SandboxError;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// UTC instants as this room passes them around.
pub(super) type Instant = DateTime<Utc>;

/// The longest step and the longest duration accepted: ten years.
const LONGEST_SECONDS: u64 = 10 * 366 * 24 * 3600;

#[derive(Default)]
pub(super) struct Clock {
    offset_millis: AtomicI64,
}

impl Clock {
    pub(super) fn now(&self) -> Instant {
        #[allow(clippy::disallowed_methods, reason = "the sandbox's one look at the machine's clock")]
        let machine = Utc::now();
        machine + TimeDelta::milliseconds(self.offset_millis.load(Ordering::SeqCst))
    }

    /// Pushes the clock forward.
    pub(super) fn advance(&self, by: Duration) {
        self.offset_millis.fetch_add(millis(by).num_milliseconds(), Ordering::SeqCst);
    }
}

/// A duration as chrono counts; past ten years it stays at ten years.
pub(super) fn millis(duration: Duration) -> TimeDelta {
    let longest = Duration::from_secs(LONGEST_SECONDS);
    TimeDelta::from_std(duration.min(longest)).unwrap_or(TimeDelta::MAX)
}

/// Reads `250ms`, `30s`, `5m`, `1h` or `2d`.
///
/// # Errors
/// [`SandboxError::Setting`] for anything else, or more than ten years.
pub fn parse_duration(text: &str) -> Result<Duration, SandboxError> {
    let refuse = || {
        let shown = text.chars().take(40).collect::<String>();
        SandboxError::Setting(format!("`{}` is not a duration (250ms, 30s, 5m, 1h, 2d)", shown.escape_debug()))
    };
    let split = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(refuse)?;
    let (digits, unit) = text.split_at(split);
    let count: u64 = digits.parse().map_err(|_| refuse())?;
    let scale = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(refuse()),
    };
    let total = count.checked_mul(scale).filter(|total| *total <= LONGEST_SECONDS * 1_000).ok_or_else(refuse)?;
    Ok(Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_or_refused() {
        for (text, expected) in [("250ms", Some(250)), ("30s", Some(30_000)), ("1h", Some(3_600_000)), ("0s", Some(0))]
        {
            assert_eq!(parse_duration(text).ok().map(|read| read.as_millis()), expected, "{text}");
        }
        for wrong in ["", "5", "h", "-1s", "1.5h", "1 h", "99999999999d", "18446744073709551615d", "1w"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_clock_goes_forward_by_what_it_is_told() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(Duration::from_hours(1));
        assert!(clock.now() - before >= TimeDelta::hours(1));
    }
}
