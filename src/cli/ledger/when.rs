//! `--from` and `--to`: an instant (RFC 3339) or a day (UTC).

use crate::model::Timestamp;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};

/// The first instant inside: the instant itself, or the day's midnight.
pub(in crate::cli) fn parse_from(text: &str) -> Result<Timestamp, String> {
    instant(text).or_else(|| day(text).map(midnight)).filter(has_four_digits).ok_or_else(|| wrong("from"))
}

/// The first instant outside: the instant itself, or the midnight after the day, so that the day is included.
pub(in crate::cli) fn parse_to(text: &str) -> Result<Timestamp, String> {
    let next_midnight = || day(text)?.checked_add_days(Days::new(1)).map(midnight);
    instant(text).filter(has_four_digits).or_else(next_midnight).ok_or_else(|| wrong("to"))
}

fn instant(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc))
}

/// The year in UTC, which no format can write otherwise.
fn has_four_digits(instant: &Timestamp) -> bool {
    (0..=9999).contains(&instant.year())
}

fn day(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if shaped { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None }
}

fn midnight(day: NaiveDate) -> Timestamp {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn wrong(flag: &str) -> String {
    format!("not a time; write --{flag} 2026-11-24 (a day, UTC) or --{flag} 2026-11-24T17:00:00Z (RFC 3339)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, from: Option<&str>, to: Option<&str>) {
        let shown = |instant: Result<Timestamp, String>| instant.ok().map(|instant| instant.to_rfc3339());
        assert_eq!(shown(parse_from(text)).as_deref(), from, "--from {text}");
        assert_eq!(shown(parse_to(text)).as_deref(), to, "--to {text}");
    }

    #[test]
    fn days_are_whole_and_instants_are_exact() {
        check("2026-11-24", Some("2026-11-24T00:00:00+00:00"), Some("2026-11-25T00:00:00+00:00"));
        check("2026-12-31", Some("2026-12-31T00:00:00+00:00"), Some("2027-01-01T00:00:00+00:00"));
        check("2026-11-24T17:00:00Z", Some("2026-11-24T17:00:00+00:00"), Some("2026-11-24T17:00:00+00:00"));
        check("2026-11-24T18:00:00+01:00", Some("2026-11-24T17:00:00+00:00"), Some("2026-11-24T17:00:00+00:00"));
        check("9999-12-31", Some("9999-12-31T00:00:00+00:00"), Some("+10000-01-01T00:00:00+00:00"));
        check("9999-12-31T23:59:59-05:00", None, None);
        for wrong in ["", "today", "2026-11", "2026-02-30", "24.11.2026", "2026-1-2", "+2026-1-02", "2026-11-24T17:00"]
        {
            check(wrong, None, None);
        }
    }
}
