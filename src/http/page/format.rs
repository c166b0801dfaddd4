//! Figures, instants and foreign text as people read them.

use crate::model::{Timestamp, tame};
use crate::money::Amount;
use chrono::{Datelike, TimeDelta, Timelike};
use chrono_tz::Tz;

/// A narrow space that does not break: between groups of digits.
const GROUP: &str = "\u{202f}";
/// As wide as a digit, and as wide as a point: what stands in for missing decimals, so that points stay in one column.
const DIGIT_WIDE: &str = "\u{2007}";
const POINT_WIDE: &str = "\u{2008}";
/// The longest text of somebody else's that is shown.
const LONGEST: usize = 600;

/// Text that did not come from this program, made safe to show on one line.
pub(super) fn outside(text: &str) -> String {
    tame(text, LONGEST)
}

/// An amount on its own.
pub(super) fn amount(amount: Amount) -> String {
    amount.grouped().replace(' ', GROUP).replace('-', "\u{2212}")
}

/// A count with its groups.
pub(super) fn count(count: u64) -> String {
    amount(Amount::new(count.into()))
}

/// A column of amounts, all with room for the decimals of the finest of them.
pub(super) struct Column {
    places: usize,
}

impl Column {
    pub(super) fn of(amounts: impl IntoIterator<Item = Amount>) -> Self {
        Self { places: amounts.into_iter().map(places).max().unwrap_or(0) }
    }

    pub(super) fn show(&self, one: Amount) -> String {
        let text = amount(one);
        let missing = self.places.saturating_sub(places(one));
        if missing == 0 {
            return text;
        }
        let point = if places(one) == 0 { POINT_WIDE } else { "" };
        format!("{text}{point}{}", DIGIT_WIDE.repeat(missing))
    }
}

fn places(amount: Amount) -> usize {
    usize::try_from(amount.decimal().normalize().scale()).unwrap_or(0)
}

/// An instant: for programs, for people in UTC, and how far from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// RFC 3339, for `datetime`.
    pub(super) iso: String,
    /// `24 Nov, 17:00 UTC`; with its year where that is not this one.
    pub(super) text: String,
    /// `41 s ago`, `in 2 h 5 min`.
    pub(super) distance: String,
}

impl Moment {
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        let day = if at.year() == now.year() { at.format("%-d %b") } else { at.format("%-d %b %Y") };
        Self {
            iso: at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: format!("{day}, {} UTC", time_of_day(&at)),
            distance: distance(at - now),
        }
    }
}

/// `18:00 in Douala`, with the date where it is another one than in UTC; `None` for UTC itself and an unknown zone.
pub(super) fn local(at: Timestamp, zone: &str) -> Option<String> {
    let tz: Tz = zone.parse().ok()?;
    let there = at.with_timezone(&tz);
    let (_, city) = zone.rsplit_once('/')?;
    let day = if there.date_naive() == at.date_naive() { String::new() } else { there.format("%-d %b, ").to_string() };
    Some(format!("{day}{} in {}", time_of_day(&there), city.replace('_', " ")))
}

/// Seconds only where there are some: schedules are mostly of whole minutes.
fn time_of_day(at: &impl Timelike) -> String {
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}

fn distance(from_now: TimeDelta) -> String {
    let seconds = from_now.num_seconds();
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {}", span(seconds)),
        _ => format!("{} ago", span(seconds.saturating_neg())),
    }
}

/// The two largest units of a number of seconds.
fn span(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let (large, unit, small, smaller) = match seconds {
        ..60 => return format!("{seconds} s"),
        60..3_600 => return format!("{minutes} min"),
        3_600..86_400 => (hours, "h", minutes % 60, "min"),
        _ => (days, "d", hours % 24, "h"),
    };
    if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {smaller}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn decimals_stay_in_one_column() {
        let figures: Vec<Amount> = ["330000.75", "90000", "-0.5"].iter().map(|text| text.parse().unwrap()).collect();
        let column = Column::of(figures.iter().copied());
        let shown: Vec<String> = figures.iter().map(|one| column.show(*one)).collect();
        assert_eq!(shown, ["330\u{202f}000.75", "90\u{202f}000\u{2008}\u{2007}\u{2007}", "\u{2212}0.5\u{2007}"]);
        assert_eq!(Column::of([]).show(Amount::ZERO), "0");
    }

    #[test]
    fn instants_say_how_far_away_they_are() {
        let now = at("2026-11-24T17:00:42Z");
        for (then, text, distance) in [
            ("2026-11-24T17:00:42.9Z", "24 Nov, 17:00:42 UTC", "now"),
            ("2026-11-24T17:00:01Z", "24 Nov, 17:00:01 UTC", "41 s ago"),
            ("2026-11-24T17:30:42Z", "24 Nov, 17:30:42 UTC", "in 30 min"),
            ("2026-11-24T08:00:00Z", "24 Nov, 08:00 UTC", "9 h ago"),
            ("2026-11-25T17:00:00Z", "25 Nov, 17:00 UTC", "in 23 h 59 min"),
            ("2025-11-22T08:00:00Z", "22 Nov 2025, 08:00 UTC", "367 d 9 h ago"),
        ] {
            let moment = Moment::of(at(then), now);
            assert_eq!((moment.text.as_str(), moment.distance.as_str()), (text, distance), "{then}");
        }
    }

    #[test]
    fn local_times_name_their_place_and_another_day() {
        let slot = at("2026-11-24T22:30:00Z");
        assert_eq!(local(slot, "Africa/Douala").as_deref(), Some("23:30 in Douala"));
        assert_eq!(local(slot, "Africa/Nairobi").as_deref(), Some("25 Nov, 01:30 in Nairobi"));
        assert_eq!(local(slot, "Africa/Porto-Novo").as_deref(), Some("23:30 in Porto-Novo"));
        assert_eq!(local(slot, "UTC"), None);
        assert_eq!(local(slot, "Nowhere/<b>"), None);
    }
}
