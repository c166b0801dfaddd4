//! `Retry-After` in both of its forms (RFC 9110 §10.2.3), and what to do with everything that is neither.

use std::time::{Duration, SystemTime};

/// Shorter waits are not believed.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longer ones neither: nobody may switch us off for a day with one header.
const LONGEST: Duration = Duration::from_mins(15);
/// The longest of the pauses that grow by themselves.
const LONGEST_GROWN: u64 = 60;

/// How long to wait, 1 s to 15 min; `None` where nothing legible stands. Of several headers the longest wait counts.
///
/// A date is read against the reply's own `Date`, because only the server's clock knows what it meant; `wall_now` stands
/// in where there is none. Fractions of a second, which RFC 9110 does not know, are rounded up.
pub(super) fn read_retry_after(values: &[String], date: Option<&str>, wall_now: SystemTime) -> Option<Duration> {
    let server_now = date.and_then(|text| httpdate::parse_http_date(text.trim()).ok()).unwrap_or(wall_now);
    let longest = values.iter().filter_map(|value| read_one(value.trim(), server_now)).max()?;
    Some(longest.clamp(SHORTEST, LONGEST))
}

/// What to wait after the `streak`-th 429 in a row without a legible header: 1, 2, 4 … 60 s.
pub(super) fn grown_pause(streak: u32) -> Duration {
    let doublings = streak.saturating_sub(1).min(6);
    Duration::from_secs((1_u64 << doublings).min(LONGEST_GROWN))
}

fn read_one(text: &str, server_now: SystemTime) -> Option<Duration> {
    if let Some(seconds) = read_seconds(text) {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(server_now).unwrap_or(Duration::ZERO))
}

fn read_seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let begun = u64::from(fraction.bytes().any(|byte| byte != b'0'));
    // Digits that no u64 holds mean "very long", which is clamped anyway.
    Some(whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(begun))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sat, 21 Nov 2026 22:00:00 GMT";

    fn check(values: &[&str], date: Option<&str>, expected_seconds: Option<u64>) {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        let wall_now = httpdate::parse_http_date("Sat, 21 Nov 2026 21:59:00 GMT").unwrap();
        let got = read_retry_after(&values, date, wall_now);
        assert_eq!(got, expected_seconds.map(Duration::from_secs), "{values:?} at {date:?}");
    }

    #[test]
    fn b02_retry_after_in_every_form() {
        let plain: [(&str, Option<u64>); 29] = [
            ("1", Some(1)),
            ("7", Some(7)),
            ("007", Some(7)),
            (" 7 ", Some(7)),
            ("60", Some(60)),
            ("899", Some(899)),
            ("900", Some(900)),
            ("901", Some(900)),
            ("0", Some(1)),
            ("0.2", Some(1)),
            ("1.5", Some(2)),
            ("2.0", Some(2)),
            ("1000000000000", Some(900)),
            ("99999999999999999999999999", Some(900)),
            ("-5", None),
            ("+5", None),
            ("", None),
            ("5.", None),
            (".5", None),
            ("5s", None),
            ("1e3", None),
            ("0x10", None),
            ("1,5", None),
            ("5, 6", None),
            ("NaN", None),
            ("inf", None),
            ("soon", None),
            ("\u{663}", None),
            ("5 6", None),
        ];
        for (value, expected) in plain {
            check(&[value], Some(DATE), expected);
        }
    }

    #[test]
    fn b02_dates_count_from_the_servers_own_date() {
        check(&["Sat, 21 Nov 2026 22:00:30 GMT"], Some(DATE), Some(30));
        check(&["Saturday, 21-Nov-26 22:00:30 GMT"], Some(DATE), Some(30));
        check(&["Sat Nov 21 22:00:30 2026"], Some(DATE), Some(30));
        check(&["Sat, 21 Nov 2026 21:00:00 GMT"], Some(DATE), Some(1));
        check(&["Thu, 01 Jan 1970 00:00:00 GMT"], Some(DATE), Some(1));
        check(&["Fri, 01 Jan 2100 00:00:00 GMT"], Some(DATE), Some(900));
        check(&["Sat, 21 Nov 2026 22:00:30 GMT"], None, Some(90));
        check(&["Sat, 21 Nov 2026 22:00:30 GMT"], Some("yesterday"), Some(90));
        check(&["Sat, 31 Feb 2026 25:00:30 GMT"], Some(DATE), None);
        check(&["2026-11-21T22:00:30Z"], Some(DATE), None);
    }

    #[test]
    fn b02_twice_or_absent() {
        check(&["5", "20"], Some(DATE), Some(20));
        check(&["20", "garbage"], Some(DATE), Some(20));
        check(&["garbage", "rubbish"], Some(DATE), None);
        check(&[], Some(DATE), None);
    }

    #[test]
    fn b01_pauses_grow_to_a_minute_and_no_further() {
        let seconds: Vec<u64> = (0..10).map(|streak| grown_pause(streak).as_secs()).collect();
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(grown_pause(u32::MAX).as_secs(), 60);
    }
}
