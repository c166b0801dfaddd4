//! What every export format is: entries in, bytes out.

use super::Entry;
use std::io;

/// One format's writer. Entries come in the journal's order.
pub trait Export {
    /// Takes in an entry from before the span that was asked for: it is not written, and only a format that opens with a
    /// balance wants it.
    ///
    /// # Errors
    /// Where its figures have no room.
    fn pass(&mut self, _entry: &Entry) -> io::Result<()> {
        Ok(())
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// Those of the writer, and [`io::ErrorKind::Other`] where the format has no room for the entry.
    fn write(&mut self, entry: &Entry) -> io::Result<()>;

    /// Writes what is left, and flushes.
    ///
    /// # Errors
    /// As [`Self::write`].
    fn finish(self: Box<Self>) -> io::Result<()>;
}
