//! How far our clock is from KPay's, by the `Date` of its replies (RFC 9110 §6.6.1).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What the last reply with a legible `Date` told.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<i64>>);

impl ServerClock {
    /// Takes in a reply that came whole at `received` and was `elapsed` in coming; nothing where its `Date` is absent or
    /// illegible.
    pub(super) fn hear(&self, date: Option<&str>, received: SystemTime, elapsed: Duration) {
        let Some(date) = date.and_then(|text| httpdate::parse_http_date(text.trim()).ok()) else { return };
        let gap = gap_seconds(date, received, elapsed);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(gap);
    }

    /// By how many seconds our clock is ahead of KPay's, negative where it is behind; `None` where no reply told.
    pub(super) fn ahead_seconds(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Zero where the date may have been written at any moment between the request and the end of its reply: a slow reply is
/// no wrong clock.
fn gap_seconds(date: SystemTime, received: SystemTime, elapsed: Duration) -> i64 {
    let asked = received.checked_sub(elapsed).unwrap_or(received);
    let seconds = |gap: Duration| i64::try_from(gap.as_secs()).unwrap_or(i64::MAX);
    if let Ok(ahead) = asked.duration_since(date) {
        return seconds(ahead);
    }
    date.duration_since(received).map_or(0, |behind| -seconds(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ours: &str, elapsed_seconds: u64, theirs: &str, expected: Option<i64>) {
        let clock = ServerClock::default();
        let received = httpdate::parse_http_date(ours).unwrap();
        clock.hear(Some(theirs), received, Duration::from_secs(elapsed_seconds));
        assert_eq!(clock.ahead_seconds(), expected, "{ours} against {theirs}");
    }

    const NOON: &str = "Sat, 21 Nov 2026 12:00:00 GMT";

    #[test]
    fn e01_the_gap_is_what_no_delay_explains() {
        check(NOON, 0, NOON, Some(0));
        check(NOON, 0, "Sat, 21 Nov 2026 11:59:58 GMT", Some(2));
        check(NOON, 0, "Sat, 21 Nov 2026 12:00:03 GMT", Some(-3));
        check(NOON, 10, "Sat, 21 Nov 2026 11:59:51 GMT", Some(0));
        check(NOON, 10, "Sat, 21 Nov 2026 11:59:45 GMT", Some(5));
        check(NOON, 0, "Fri, 20 Nov 2026 12:00:00 GMT", Some(86_400));
        check(NOON, 0, "Fri, 21 Nov 2036 12:00:00 GMT", Some(-315_619_200));
        check("Thu, 01 Jan 1970 00:00:05 GMT", 60, NOON, Some(-1_795_262_395));
        for illegible in ["", "yesterday", "2026-11-21T12:00:00Z", "Sat, 31 Feb 2026 25:00:00 GMT"] {
            check(NOON, 0, illegible, None);
        }
    }

    #[test]
    fn e01_a_reply_without_a_date_changes_nothing() {
        let clock = ServerClock::default();
        let noon = httpdate::parse_http_date(NOON).unwrap();
        clock.hear(None, noon, Duration::ZERO);
        assert_eq!(clock.ahead_seconds(), None);
        clock.hear(Some("Sat, 21 Nov 2026 11:00:00 GMT"), noon, Duration::ZERO);
        clock.hear(None, noon, Duration::ZERO);
        clock.hear(Some("soon"), noon, Duration::ZERO);
        assert_eq!(clock.ahead_seconds(), Some(3_600));
    }
}
