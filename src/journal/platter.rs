//! A journal that is on no disk of the machine's: the same store over something else that holds segments, without
//! threads, without an index, for the simulator. What is written and when is up to whoever holds the [`Scribe`].

use super::checkpoint::{Finder, Source};
use super::chunks::Chunk;
use super::frame::Head;
use super::lookup::Catalog;
use super::recovery::{IndexFate, OpenReport, Torn, empty_core};
use super::scan::Scan;
use super::segment::{Month, Segment};
use super::writer::{Medium, Order, Writer};
use super::{Flaw, Store, StoreError};
use crate::intent::{CopySign, Event, PolicyText, State};
use crate::planted::{self, Mistake};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

/// What holds the segments.
pub trait Platter: Send {
    /// Takes what the lock file is on a disk of the machine's: one holder at a time, until that process ends.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process has it.
    fn lock(&mut self) -> Result<(), StoreError>;

    /// Name and bytes of each segment as they would be read now; other names than `2026-11.jsonl` are passed over.
    fn segments(&mut self) -> Vec<(String, Vec<u8>)>;

    /// Whether the segments were copied here and no record says so yet.
    fn is_copy(&mut self) -> bool {
        false
    }

    /// Cuts a segment's tail off, durably.
    ///
    /// # Errors
    /// Its own; the journal is not opened then.
    fn cut(&mut self, segment: &str, at: u64) -> io::Result<()>;

    /// Writes to a segment's end, makes the segment where there is none, and makes all of it durable.
    ///
    /// # Errors
    /// Its own; some of the bytes may be there, and nothing more is ever written.
    fn commit(&mut self, segment: &str, bytes: &[u8]) -> io::Result<()>;
}

/// Writes what is queued, when it is told to.
pub struct Scribe {
    writer: Writer,
    orders: mpsc::Receiver<Order>,
    /// Nobody makes checkpoints, but the writer tells what it synced.
    _heard: mpsc::Receiver<u64>,
}

impl Scribe {
    /// Writes all that is queued and answers whoever waits for it; `false` where nothing is queued.
    pub fn turn(&mut self) -> bool {
        let Ok(order) = self.orders.try_recv() else { return false };
        self.writer.turn(order, &self.orders);
        true
    }
}

impl Store {
    /// As [`Store::open`] does, in its order: takes the lock, reads the journal into the present, cuts a torn tail, and
    /// refuses damage. The store, and who writes for it.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Damaged`], [`StoreError::Version`], or [`StoreError::Stopped`] where the tail
    /// cannot be cut.
    pub fn on_platter(mut platter: Box<dyn Platter>) -> Result<(Self, Scribe, OpenReport), StoreError> {
        let folder = Path::new("platter");
        if !planted::is(Mistake::LockIgnored) {
            platter.lock()?;
        }
        let (mut segments, mut chunks) = (Vec::new(), Vec::new());
        for (name, bytes) in platter.segments() {
            let Some(month) = Month::of_file(&name) else { continue };
            let segment = segments.len();
            chunks.push(Chunk { nth: segment as u64, segment, offset: 0, bytes, ends_segment: true });
            segments.push(Segment::new(folder, month));
        }
        let mut core = empty_core(State::default());
        let mut texts: Vec<PolicyText> = Vec::new();
        let scan = Scan {
            segments: &segments,
            before: Some(Head::GENESIS),
            after: 0,
            threads: 1,
            stop: &AtomicBool::new(false),
        };
        let outcome = scan.run_over(chunks, &mut |place, record| {
            core.replay(place, &record)?;
            if let Event::PoliciesInForce { files, .. } = record.event {
                texts = files;
            }
            Ok::<_, Flaw>(())
        })?;
        let mut torn = None;
        let tail = outcome.torn.as_ref().filter(|_| !planted::is(Mistake::TornTailKept));
        if let (Some(segment), Some(tail)) = (segments.last(), tail) {
            let name = segment.month.file_name();
            let failed = |error| StoreError::Stopped(format!("cutting {name} failed: {error}"));
            platter.cut(&name, tail.at).map_err(failed)?;
            torn = Some(Torn { segment: name, bytes: tail.bytes });
        }
        core.head = outcome.head;
        core.month = segments.last().map(|segment| segment.month);
        core.end = outcome.end;
        let why = "there is no disk for one".to_owned();
        let copied = platter.is_copy().then_some(CopySign::AnotherFile);
        let report = OpenReport {
            records: outcome.head.seq,
            torn,
            index: IndexFate::InMemory { why },
            index_had_seen: None,
            copied,
        };
        let finder = Finder::new(folder.to_owned(), Source::Memory(Catalog::default()));
        let (mut store, orders) = Self::assemble(folder.to_owned(), core, finder);
        store.copied = copied;
        let (writer, heard) = store.writer(Medium::Platter(platter));
        *store.texts.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = texts;
        Ok((store, Scribe { writer, orders, _heard: heard }, report))
    }
}
