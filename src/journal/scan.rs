//! Many lines at once: pieces are checked by several threads and handed on in order, the chain held across pieces and
//! segments.

use super::chunks::{Chunk, Chunks, PIECE};
use super::frame::{self, Head, Record, Scanned};
use super::segment::{Place, Segment};
use super::{Flaw, StoreError};
use crate::planted::{self, Mistake};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

/// What is to be scanned, and how.
pub(super) struct Scan<'a> {
    /// In order.
    pub segments: &'a [Segment],
    /// The chain's end before the first of them; `None` takes the first record's word for it.
    pub before: Option<Head>,
    /// Events are read from the records after this number.
    pub after: u64,
    /// Threads that check.
    pub threads: usize,
    /// Set from outside to give up early.
    pub stop: &'a AtomicBool,
}

/// A write that was cut short at the journal's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TornTail {
    /// Where the last whole record ends.
    pub at: u64,
    /// Bytes behind it.
    pub bytes: u64,
}

/// Where a scan came to.
pub(super) struct Outcome {
    /// What the first record names as the one before it.
    pub before: Head,
    /// The chain's end.
    pub head: Head,
    /// Bytes in whole records of the last segment.
    pub end: u64,
    pub torn: Option<TornTail>,
}

/// As many as there are processors.
pub(super) fn all_processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

impl Scan<'_> {
    /// Scans; `sink` gets every record whose event was asked for, in order.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Version`], [`StoreError::Read`], or [`StoreError::Closed`] when told to stop.
    pub fn run(&self, sink: &mut dyn FnMut(Place, Record) -> Result<(), Flaw>) -> Result<Outcome, StoreError> {
        let chunks = Mutex::new(Chunks::of(self.segments.to_vec()));
        let mut walk = Walk::new(self, sink);
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(2 * self.threads);
            for _ in 0..self.threads_worth_their_while() {
                let (sender, chunks) = (sender.clone(), &chunks);
                scope.spawn(move || self.check_pieces(chunks, &sender));
            }
            drop(sender);
            walk.in_order(&receiver)
        })?;
        if self.stop.load(Ordering::Relaxed) {
            return Err(StoreError::Closed);
        }
        Ok(walk.outcome())
    }

    /// [`Scan::run`] over pieces that are at hand, without a thread of its own.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] or [`StoreError::Version`].
    pub fn run_over(
        &self,
        chunks: impl IntoIterator<Item = Chunk>,
        sink: &mut dyn FnMut(Place, Record) -> Result<(), Flaw>,
    ) -> Result<Outcome, StoreError> {
        let mut walk = Walk::new(self, sink);
        for chunk in chunks {
            walk.take(self.check(chunk))?;
        }
        Ok(walk.outcome())
    }

    /// No more threads than there are pieces.
    fn threads_worth_their_while(&self) -> usize {
        let length = |segment: &Segment| std::fs::metadata(&segment.path).map_or(0, |found| found.len());
        let pieces = 1 + self.segments.iter().map(length).sum::<u64>() / PIECE;
        self.threads.min(usize::try_from(pieces).unwrap_or(usize::MAX)).max(1)
    }

    fn check_pieces(&self, chunks: &Mutex<Chunks>, results: &mpsc::SyncSender<Result<Checked, StoreError>>) {
        while !self.stop.load(Ordering::Relaxed) {
            // A piece that cannot be read ends the scan: nobody reads on after an error.
            let read = chunks.lock().unwrap_or_else(PoisonError::into_inner).read();
            let Some(result) = read.map(|chunk| chunk.map(|chunk| self.check(chunk))).transpose() else { return };
            let is_error = result.is_err();
            if results.send(result).is_err() || is_error {
                return;
            }
        }
    }

    fn check(&self, mut chunk: Chunk) -> Checked {
        let scanned = frame::scan(&chunk.bytes, self.after);
        let remainder = chunk.bytes.get(scanned.end..).unwrap_or_default();
        let hides_a_record = scanned.flaw.is_none() && frame::hides_a_record(remainder);
        let remainder = remainder.len() as u64;
        // Checked bytes are of no more use; pieces may wait for their turn.
        chunk.bytes = Vec::new();
        Checked { chunk, scanned, remainder, hides_a_record }
    }
}

struct Checked {
    chunk: Chunk,
    scanned: Scanned,
    remainder: u64,
    hides_a_record: bool,
}

struct Walk<'a, 'b> {
    scan: &'a Scan<'a>,
    sink: &'b mut dyn FnMut(Place, Record) -> Result<(), Flaw>,
    before: Option<Head>,
    head: Option<Head>,
    end: u64,
    torn: Option<TornTail>,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn new(scan: &'a Scan<'a>, sink: &'b mut dyn FnMut(Place, Record) -> Result<(), Flaw>) -> Self {
        Self { scan, sink, before: scan.before, head: scan.before, end: 0, torn: None }
    }

    fn outcome(self) -> Outcome {
        let before = self.before.unwrap_or(Head::GENESIS);
        Outcome { before, head: self.head.unwrap_or(before), end: self.end, torn: self.torn }
    }

    fn in_order(&mut self, results: &mpsc::Receiver<Result<Checked, StoreError>>) -> Result<(), StoreError> {
        let mut early = BTreeMap::new();
        let mut failed = None;
        let mut next = 0;
        for result in results {
            match result {
                Ok(checked) => {
                    early.insert(checked.chunk.nth, checked);
                }
                // Damage in an earlier piece, still being checked, is the better answer.
                Err(error) => failed = Some(error),
            }
            while let Some(checked) = early.remove(&next) {
                self.take(checked)?;
                next += 1;
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn take(&mut self, checked: Checked) -> Result<(), StoreError> {
        let Checked { chunk, scanned, remainder, hides_a_record } = checked;
        let Some(segment) = self.scan.segments.get(chunk.segment) else { return Ok(()) };
        let damaged = |offset: usize, flaw| StoreError::damaged(segment, chunk.offset + offset as u64, flaw);
        if let Some((seq, prev)) = scanned.first {
            let before = self.head.unwrap_or(Head { seq: seq.saturating_sub(1), hash: prev });
            before.is_before(seq, prev).map_err(|flaw| damaged(0, flaw))?;
            self.before.get_or_insert(before);
        }
        self.head = scanned.head.or(self.head);
        for framed in scanned.records {
            let place = Place { month: segment.month, offset: chunk.offset + framed.offset as u64 };
            (self.sink)(place, framed.record).map_err(|flaw| damaged(framed.offset, flaw))?;
        }
        if let Some(flaw) = scanned.flaw.filter(|_| !planted::is(Mistake::DamageIsATornTail)) {
            return Err(damaged(scanned.end, flaw));
        }
        self.end = chunk.offset + scanned.end as u64;
        if remainder == 0 {
            return Ok(());
        }
        let is_last = chunk.ends_segment && chunk.segment + 1 == self.scan.segments.len();
        if !is_last || hides_a_record {
            return Err(damaged(scanned.end, Flaw::Unterminated));
        }
        self.torn = Some(TornTail { at: self.end, bytes: remainder });
        Ok(())
    }
}
