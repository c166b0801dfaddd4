//! CSV by RFC 4180: the columns of CONTRACT 7, always a header, CRLF line ends, quotes only where needed.
//!
//! A text cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, TAB, CR or LF) gets an
//! apostrophe before it. Amounts and rates never do: `-5` stays a number.

use super::cells::{Cell, cells};
use super::entry::COLUMNS;
use super::{Entry, Export};
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
}

impl<W: Write> Export for CsvExport<W> {
    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let cells = cells(entry);
        let cells = cells.each_ref().map(shown);
        self.writer.write_record(cells.iter().map(AsRef::<str>::as_ref)).map_err(io_error)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
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

/// As a spreadsheet may read it.
fn shown<'a>(cell: &'a Cell<'_>) -> Cow<'a, str> {
    match cell {
        Cell::Text(value) => disarmed(value),
        other => other.as_text(),
    }
}

/// Text that no spreadsheet takes for a formula.
fn disarmed(value: &str) -> Cow<'_, str> {
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
            assert_eq!(shown(&Cell::Text(value)), expected, "{value:?}");
        }
        let minus: crate::money::Amount = "-5.50".parse().unwrap();
        assert_eq!(shown(&Cell::Figure(minus)), "-5.5");
    }
}
