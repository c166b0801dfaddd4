//! Checkpoints: the thread that brings the index up to date behind the journal, and the finder that reads it.
//!
//! The index never runs ahead of what is durable, and trouble with it never stops recording: the catalog is then read
//! from the journal and kept in memory until the next start builds a new index.

use super::index::{Anchor, Index};
use super::lookup::{Catalog, Shelf};
use super::scan::{Scan, all_processors};
use super::segment::Place;
use super::shared::{Recent, Shared};
use super::{Head, StoreError, segment};
use crate::intent::State;
use crate::model::ExternalId;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Records after which a checkpoint is made at once.
const RECORDS: u64 = 4096;
/// How long fewer records wait for one. After a crash they are read again, which takes less than a millisecond for each
/// hundred; each checkpoint writes the whole state, which has hundreds of KiB where much moves.
const PACE: Duration = Duration::from_secs(10);

/// Where intents are found that are neither open nor recent.
#[derive(Debug)]
pub(super) enum Source {
    Sled(Index),
    Memory(Catalog),
    Closed,
}

/// The source, and how to replace it when sled fails.
#[derive(Debug)]
pub(super) struct Finder {
    journal: PathBuf,
    source: Mutex<Source>,
}

impl Finder {
    pub fn new(journal: PathBuf, source: Source) -> Self {
        Self { journal, source: Mutex::new(source) }
    }

    pub fn shelf(&self) -> Shelf {
        Shelf::of(&self.journal)
    }

    /// Where the records about an intent stand, as of the last checkpoint.
    pub fn places(&self, id: &ExternalId) -> Result<Vec<Place>, StoreError> {
        self.ask(|index| index.places(id), |catalog| catalog.places(id))
    }

    /// The newest intents as of the last checkpoint, newest first.
    pub fn newest(&self, limit: usize) -> Result<Vec<ExternalId>, StoreError> {
        self.ask(|index| index.newest(limit), |catalog| catalog.newest(limit))
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T>(
        &self,
        sled: impl FnOnce(&Index) -> Result<T, String>,
        memory: impl Fn(&Catalog) -> T,
    ) -> Result<T, StoreError> {
        let mut source = self.source();
        match &*source {
            Source::Closed => return Err(StoreError::Closed),
            Source::Memory(catalog) => return Ok(memory(catalog)),
            Source::Sled(index) => match sled(index) {
                Ok(found) => return Ok(found),
                Err(why) => tracing::warn!(why, "index failed, reading the journal instead"),
            },
        }
        let catalog = read_catalog(&self.journal)?;
        let found = memory(&catalog);
        *source = Source::Memory(catalog);
        Ok(found)
    }

    fn save(&self, anchor: Anchor, state: &State, recent: &Catalog) -> Result<(), StoreError> {
        let mut source = self.source();
        match &mut *source {
            Source::Memory(catalog) => {
                catalog.merge(recent);
                return Ok(());
            }
            Source::Closed => return Err(StoreError::Closed),
            Source::Sled(index) => match index.save(anchor, state, recent) {
                Ok(()) => return Ok(()),
                Err(why) => tracing::warn!(why, "index failed, reading the journal instead"),
            },
        }
        // Everything up to the anchor is in the journal by now.
        *source = Source::Memory(read_catalog(&self.journal)?);
        Ok(())
    }

    /// Lets go of sled, so that somebody else can open it.
    pub fn close(&self) {
        *self.source() = Source::Closed;
    }
}

/// The whole catalog from the journal. A tail that is being written at this moment is left out.
pub(super) fn read_catalog(journal: &Path) -> Result<Catalog, StoreError> {
    let mut catalog = Catalog::default();
    let segments = segment::list(journal)?;
    let never = AtomicBool::new(false);
    let scan =
        Scan { segments: &segments, before: Some(Head::GENESIS), after: 0, threads: all_processors(), stop: &never };
    scan.run(&mut |place, record| {
        catalog.note(place, &record.event);
        Ok(())
    })?;
    Ok(catalog)
}

/// The thread's work.
pub(super) struct Checkpoints {
    pub shared: Arc<Shared>,
    pub finder: Arc<Finder>,
    /// The last record in the index.
    pub saved: u64,
    /// The last durable record.
    pub synced: u64,
}

impl Checkpoints {
    /// Works until the writer is gone, and saves once more then.
    pub fn run(mut self, synced: &Receiver<u64>) {
        while let Ok(seq) = synced.recv() {
            self.synced = seq;
            let is_over = self.gather(synced);
            self.save(synced);
            if is_over {
                break;
            }
        }
        self.save(synced);
    }

    /// Waits for more records for a while; `true` when the writer is gone.
    fn gather(&mut self, synced: &Receiver<u64>) -> bool {
        let deadline = Instant::now() + PACE;
        while self.synced - self.saved < RECORDS {
            match synced.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(seq) => self.synced = seq,
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
        false
    }

    fn save(&mut self, synced: &Receiver<u64>) {
        let Some((anchor, state, recent)) = self.snapshot() else { return };
        while self.synced < anchor.head.seq {
            // The writer failed: what is not durable must not be in the index.
            let Ok(seq) = synced.recv() else { return };
            self.synced = seq;
        }
        match self.finder.save(anchor, &state, &recent.catalog) {
            Ok(()) => self.saved = anchor.head.seq,
            // The index is gone and the journal cannot be read either: no more is recorded.
            Err(error) => self.shared.refuse(error),
        }
        self.shared.core().being_saved = None;
    }

    /// The present, where it is newer than the index; what is recent begins anew.
    fn snapshot(&self) -> Option<(Anchor, State, Arc<Recent>)> {
        let mut core = self.shared.core();
        let place = core.last.filter(|_| core.head.seq > self.saved)?;
        let recent = Arc::new(std::mem::take(&mut core.recent));
        core.being_saved = Some(Arc::clone(&recent));
        Some((Anchor { head: core.head, place }, core.state.clone(), recent))
    }
}
