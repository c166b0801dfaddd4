//! CSV by RFC 4180: the columns of CONTRACT 7, always a header, CRLF line ends, quotes only where needed.
//!
//! A text cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, TAB, CR or LF) gets an
//! apostrophe before it. Amounts and rates never do: `-5` stays a number.

use super::Entry;
use super::entry::COLUMNS;
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes entries as CSV, one at a time.
pub struct CsvExport<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> CsvExport<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(to: W) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
        writer.write_record(COLUMNS).map_err(io_error)?;
        Ok(Self { writer })
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let cells = cells(entry);
        self.writer.write_record(cells.iter().map(AsRef::<str>::as_ref)).map_err(io_error)
    }

    /// Flushes what is buffered.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The writer's own error, with its kind: a closed pipe stays a closed pipe.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("writing CSV: {other:?}")),
    }
}

/// The cells in the order of [`COLUMNS`].
fn cells(entry: &Entry) -> [Cow<'_, str>; COLUMNS.len()] {
    [
        shown(Some(entry.entry_id)),
        entry.booked_at_text().into(),
        text(Some(entry.external_id.as_str())),
        entry.kind.word().into(),
        text(entry.policy.as_deref()),
        shown(entry.source_country),
        shown(entry.source_currency),
        shown(entry.source_amount),
        shown(entry.destination_country),
        shown(entry.destination_currency),
        shown(entry.destination_amount),
        shown(entry.exchange_rate),
        shown(entry.effective_rate),
        entry.rate_source.map_or("", super::RateSource::word).into(),
        shown(entry.indicative_rate),
        shown(entry.fee_amount),
        shown(entry.fee_currency),
        text(entry.kpay_id.as_deref()),
        text(entry.source_reference.as_deref()),
        text(entry.destination_reference.as_deref()),
        text(entry.description.as_deref()),
        entry.evidence.word().into(),
        shown(entry.corrects),
    ]
}

/// Codes and figures, as they are.
fn shown(value: Option<impl ToString>) -> Cow<'static, str> {
    value.map(|value| value.to_string()).unwrap_or_default().into()
}

/// Text that may have come from outside.
fn text(value: Option<&str>) -> Cow<'_, str> {
    let value = value.unwrap_or_default();
    if value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{value}").into() } else { value.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_in_text_only() {
        for (value, expected) in [
            ("=1+1", "'=1+1"),
            ("+33", "'+33"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("a=1", "a=1"),
            ("'=1", "'=1"),
            ("", ""),
        ] {
            assert_eq!(text(Some(value)), expected, "{value:?}");
        }
        let minus: crate::money::Amount = "-5.50".parse().unwrap();
        assert_eq!(shown(Some(minus)), "-5.5");
    }
}
