//! The journal from its beginning, record by record: for the books and for whoever wants to read it all. Takes no lock,
//! writes nothing, works beside a running daemon; a torn tail is not read.

use super::chunks::Chunks;
use super::frame::{self, Head, Record};
use super::segment::{self, Segment};
use super::{Flaw, StoreError};
use std::path::Path;

/// All records in order; ends after the first error.
pub struct Records {
    segments: Vec<Segment>,
    chunks: Chunks,
    ready: std::vec::IntoIter<frame::Framed>,
    flaw: Option<StoreError>,
    head: Head,
    is_over: bool,
}

/// The records of a state directory, checked as they are read. A directory without a journal has none.
///
/// # Errors
/// [`StoreError::Read`] where the directory cannot be listed; later errors come from the iterator.
pub fn records(dir: &Path) -> Result<Records, StoreError> {
    let segments = segment::list(&super::home::journal_of(dir))?;
    let chunks = Chunks::of(segments.clone());
    let ready = Vec::new().into_iter();
    Ok(Records { segments, chunks, ready, flaw: None, head: Head::GENESIS, is_over: false })
}

impl Records {
    /// Reads on; `false` at the end.
    fn refill(&mut self) -> Result<bool, StoreError> {
        let Some(chunk) = self.chunks.read()? else { return Ok(false) };
        let Some(segment) = self.segments.get(chunk.segment) else { return Ok(false) };
        let scanned = frame::scan(&chunk.bytes, 0);
        let damaged = |offset: usize, flaw| StoreError::damaged(segment, chunk.offset + offset as u64, flaw);
        if let Some((seq, prev)) = scanned.first {
            self.head.is_before(seq, prev).map_err(|flaw| damaged(0, flaw))?;
        }
        let remainder = chunk.bytes.get(scanned.end..).unwrap_or_default();
        let is_last = chunk.segment + 1 == self.segments.len();
        let is_torn = scanned.flaw.is_none() && !remainder.is_empty();
        let is_damage = is_torn && (!is_last || frame::hides_a_record(remainder));
        let flaw = if is_damage { Some(Flaw::Unterminated) } else { scanned.flaw };
        self.flaw = flaw.map(|flaw| damaged(scanned.end, flaw));
        self.head = scanned.head.unwrap_or(self.head);
        self.ready = scanned.records.into_iter();
        Ok(true)
    }

    fn read(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            if let Some(framed) = self.ready.next() {
                return Ok(Some(framed.record));
            }
            if let Some(error) = self.flaw.take() {
                return Err(error);
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read();
        self.is_over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}
