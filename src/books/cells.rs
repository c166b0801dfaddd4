//! An entry's columns as text, for every export that has cells.

use super::Entry;
use super::entry::{COLUMNS, RateSource, in_words};
use crate::model::Timestamp;
use crate::money::Amount;
use std::borrow::Cow;

/// What stands in one column of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// Nothing was given, or it did not change.
    Empty,
    /// In major units of the currency beside it.
    Figure(Amount),
    /// When, to the millisecond.
    Time(Timestamp),
    /// A code, a word of ours, or a rate digit for digit.
    Word(Cow<'a, str>),
    /// Text that may have come from outside.
    Text(&'a str),
}

impl Cell<'_> {
    /// As it is; empty where there is nothing.
    pub(super) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Figure(amount) => amount.to_string().into(),
            Self::Time(at) => in_words(*at).into(),
            Self::Word(text) => Cow::Borrowed(text),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

/// The cells in the order of [`COLUMNS`].
pub(super) fn cells(entry: &Entry) -> [Cell<'_>; COLUMNS.len()] {
    [
        word(Some(entry.entry_id)),
        Cell::Time(entry.booked_at),
        Cell::Text(entry.external_id.as_str()),
        Cell::Word(entry.kind.word().into()),
        text(entry.policy.as_deref()),
        word(entry.source_country),
        word(entry.source_currency),
        figure(entry.source_amount),
        word(entry.destination_country),
        word(entry.destination_currency),
        figure(entry.destination_amount),
        word(entry.exchange_rate),
        word(entry.effective_rate),
        word(entry.rate_source.map(RateSource::word)),
        word(entry.indicative_rate),
        figure(entry.fee_amount),
        word(entry.fee_currency),
        text(entry.kpay_id.as_deref()),
        text(entry.source_reference.as_deref()),
        text(entry.destination_reference.as_deref()),
        text(entry.description.as_deref()),
        Cell::Word(entry.evidence.word().into()),
        word(entry.corrects),
    ]
}

/// Text for formats of lines and elements: a line break, another control character, and what XML has no character for, is
/// a space.
pub(super) fn on_one_line(text: &str) -> String {
    let has_none = |char: char| char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|char| if has_none(char) { ' ' } else { char }).collect()
}

fn word(value: Option<impl ToString>) -> Cell<'static> {
    value.map_or(Cell::Empty, |value| Cell::Word(value.to_string().into()))
}

fn figure(value: Option<Amount>) -> Cell<'static> {
    value.map_or(Cell::Empty, Cell::Figure)
}

fn text(value: Option<&str>) -> Cell<'_> {
    value.map_or(Cell::Empty, Cell::Text)
}
