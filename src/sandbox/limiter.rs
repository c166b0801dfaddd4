//! The rate limit: so many accepted requests per key in any sliding minute.

use super::clock::Instant;
use chrono::TimeDelta;
use std::collections::{BTreeMap, VecDeque};

const WINDOW: TimeDelta = TimeDelta::seconds(60);

pub(super) struct Limiter {
    per_minute: usize,
    accepted: BTreeMap<String, VecDeque<Instant>>,
}

impl Limiter {
    /// `per_minute` of 0 switches the limit off.
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute: usize::try_from(per_minute).unwrap_or(usize::MAX), accepted: BTreeMap::new() }
    }

    /// Counts a request of `key`, or says after how many whole seconds (at least 1) there is room again.
    pub(super) fn take(&mut self, key: &str, now: Instant) -> Result<(), u64> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let recent = self.accepted.entry(key.to_owned()).or_default();
        while recent.front().is_some_and(|at| *at + WINDOW <= now) {
            recent.pop_front();
        }
        match recent.front() {
            Some(oldest) if recent.len() >= self.per_minute => Err(seconds_until(*oldest + WINDOW, now)),
            _ => {
                recent.push_back(now);
                Ok(())
            }
        }
    }
}

/// Whole seconds, rounded up.
fn seconds_until(then: Instant, now: Instant) -> u64 {
    let millis = u64::try_from((then - now).num_milliseconds()).unwrap_or_default();
    millis.div_ceil(1_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    #[test]
    fn any_sliding_minute_holds_and_keys_are_apart() {
        let (mut limiter, start) = (Limiter::new(2), Utc::now());
        let after = |seconds| start + TimeDelta::seconds(seconds);
        assert_eq!(limiter.take("a", start), Ok(()));
        assert_eq!(limiter.take("a", after(30)), Ok(()));
        assert_eq!(limiter.take("a", after(31)), Err(29));
        assert_eq!(limiter.take("b", after(31)), Ok(()));
        assert_eq!(limiter.take("a", after(60)), Ok(()));
        assert_eq!(limiter.take("a", after(61)), Err(29));
        let mut off = Limiter::new(0);
        assert!((0..1_000).all(|_| off.take("a", start).is_ok()));
    }
}
