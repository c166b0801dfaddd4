//! JSON Lines: one entry a line, the keys of CONTRACT 7 in its order, amounts and rates as decimal strings, what is
//! empty as null. Text stays as it is: the guard against formulas belongs to spreadsheets.

use super::{Entry, Export};
use std::io::{self, Write};

/// Writes entries as JSON Lines, one at a time. Buffering is the caller's.
pub struct JsonlExport<W: Write> {
    to: W,
}

impl<W: Write> JsonlExport<W> {
    /// Writes nothing yet: this format has no header.
    pub fn new(to: W) -> Self {
        Self { to }
    }
}

impl<W: Write> Export for JsonlExport<W> {
    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        serde_json::to_writer(&mut self.to, entry).map_err(io::Error::from)?;
        self.to.write_all(b"\n")
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.to.flush()
    }
}
