//! Figures, instants and foreign text as people read them.

use crate::model::{Timestamp, tame};
use crate::money::Amount;
use chrono::{Datelike, TimeDelta, Timelike};
use chrono_tz::Tz;

/// A narrow space that does not break: between groups of digits.
const GROUP: char = '\u{202f}';
/// The longest text of somebody else's that is shown.
const LONGEST: usize = 600;

/// Text that did not come from this page, made safe to show on one line; the groups of its figures stay together.
pub(super) fn outside(text: &str) -> String {
    let tamed = tame(text, LONGEST);
    let mut out = String::with_capacity(tamed.len());
    for (index, character) in tamed.char_indices() {
        let is_group =
            character == ' ' && out.ends_with(|c: char| c.is_ascii_digit()) && starts_group(&tamed[index + 1..]);
        out.push(if is_group { GROUP } else { character });
    }
    out
}

/// Exactly three digits, then something else.
fn starts_group(text: &str) -> bool {
    text.bytes().take_while(u8::is_ascii_digit).count() == 3
}

/// An amount on its own.
pub(super) fn amount(amount: Amount) -> String {
    amount.grouped().replace(' ', &GROUP.to_string()).replace('-', "\u{2212}")
}

/// A count with its groups.
pub(super) fn count(count: u64) -> String {
    amount(Amount::new(count.into()))
}

/// A figure of a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Figure {
    /// The amount, or a dash.
    pub(super) text: String,
    /// Decimals that are not there; shown invisibly, so that points stand in one line whatever the font.
    pub(super) blank: String,
    /// Whether it is a dash.
    pub(super) none: bool,
}

/// A column of amounts, all with room for the decimals of the finest of them.
pub(super) struct Column {
    places: usize,
}

impl Column {
    pub(super) fn of(amounts: impl IntoIterator<Item = Amount>) -> Self {
        Self { places: amounts.into_iter().map(places).max().unwrap_or(0) }
    }

    pub(super) fn show(&self, one: Amount) -> Figure {
        let zeros = match places(one) {
            0 => return Figure { text: amount(one), blank: self.blank(), none: false },
            some => "0".repeat(self.places.saturating_sub(some)),
        };
        Figure { text: format!("{}{zeros}", amount(one)), blank: String::new(), none: false }
    }

    /// The amount, or a dash where there is none.
    pub(super) fn show_some(&self, one: Option<Amount>) -> Figure {
        one.map_or_else(
            || Figure { text: "\u{2013}".to_owned(), blank: self.blank(), none: true },
            |one| self.show(one),
        )
    }

    fn blank(&self) -> String {
        if self.places == 0 { String::new() } else { format!(".{}", "0".repeat(self.places)) }
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
        let figures = ["330000.75", "90000", "-0.5"].map(|text| text.parse::<Amount>().unwrap());
        let column = Column::of(figures);
        let shown = figures.map(|one| column.show(one)).map(|figure| (figure.text, figure.blank));
        let expected = [("330\u{202f}000.75", ""), ("90\u{202f}000", ".00"), ("\u{2212}0.50", "")];
        assert_eq!(shown, expected.map(|(text, blank)| (text.to_owned(), blank.to_owned())));
        assert_eq!(column.show_some(None), Figure { text: "\u{2013}".to_owned(), blank: ".00".to_owned(), none: true });
        assert_eq!(Column::of([]).show(Amount::ZERO).text, "0");
    }

    #[test]
    fn figures_in_a_sentence_do_not_break() {
        for (text, shown) in [
            ("holds 1 250 000 XAF", "holds 1\u{202f}250\u{202f}000 XAF"),
            ("in 4 s, 2 of 1000", "in 4 s, 2 of 1000"),
            ("a\nb", "a\\u{a}b"),
            ("à 5 000\u{202e}", "à 5\u{202f}000\\u{202e}"),
        ] {
            assert_eq!(outside(text), shown);
        }
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
