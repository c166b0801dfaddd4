//! The door for everybody who only looks: no lock, no write, beside a running daemon or on a damaged disk's copy. The
//! index is left alone (sled serves one process); everything is read from the journal.

use super::frame::Head;
use super::lookup::{Catalog, Shelf};
use super::scan::{Outcome, Scan, all_processors};
use super::segment;
use super::{Damage, Flaw, Hash, StoreError, home};
use crate::intent::{State, Tracked};
use crate::model::ExternalId;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// The state as the journal has it at this moment. A directory without a journal has an empty one.
#[derive(Debug)]
pub struct ReadOnly {
    journal: PathBuf,
    state: State,
    catalog: Catalog,
    head: Head,
}

impl ReadOnly {
    /// Reads the journal. A tail that is torn, or being written at this moment, is not read.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Version`], [`StoreError::Read`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let (read, outcome) = Self::read(dir);
        outcome.map(|_| read)
    }

    /// Reads the journal up to its first damage, so that it can be looked at all the same; the second value is what
    /// stopped the reading.
    #[must_use]
    pub fn open_damaged(dir: &Path) -> (Self, Option<StoreError>) {
        let (read, outcome) = Self::read(dir);
        (read, outcome.err())
    }

    fn read(dir: &Path) -> (Self, Result<Outcome, StoreError>) {
        let journal = home::journal_of(dir);
        let empty = || Self {
            journal: journal.clone(),
            state: State::default(),
            catalog: Catalog::default(),
            head: Head::GENESIS,
        };
        let mut read = empty();
        let outcome = read.replay(u64::MAX);
        if let Err(StoreError::Damaged(Damage { what: Flaw::Illegal(_), .. })) = &outcome {
            // The event left the state half changed: once more, without it.
            let good = read.head.seq;
            read = empty();
            // What stopped the first reading is the answer.
            let _ = read.replay(good);
        }
        (read, outcome)
    }

    /// Takes in the records up to a number.
    fn replay(&mut self, last: u64) -> Result<Outcome, StoreError> {
        let segments = segment::list(&self.journal)?;
        let never = AtomicBool::new(false);
        let before = Some(Head::GENESIS);
        let scan = Scan { segments: &segments, before, after: 0, threads: all_processors(), stop: &never };
        scan.run(&mut |place, record| {
            if record.seq > last {
                return Ok(());
            }
            self.state.apply(record.at, &record.event).map_err(|illegal| Flaw::Illegal(illegal.to_string()))?;
            self.catalog.note(place, &record.event);
            self.head = Head { seq: record.seq, hash: record.hash };
            Ok(())
        })
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// An intent, open or long done; `None` where the journal never heard of it.
    ///
    /// # Errors
    /// As [`ReadOnly::open`].
    pub fn find(&self, id: &ExternalId) -> Result<Option<Tracked>, StoreError> {
        Shelf::of(&self.journal).story(id, self.catalog.places(id))
    }

    /// The intents decided last, newest first; all of them without a limit.
    ///
    /// # Errors
    /// As [`ReadOnly::open`].
    pub fn history(&self, limit: Option<usize>) -> Result<Vec<Tracked>, StoreError> {
        let limit = limit.unwrap_or(usize::MAX);
        let mut reader = Shelf::of(&self.journal);
        let stories = self.catalog.newest(limit).into_iter().take(limit);
        stories.filter_map(|id| reader.story(&id, self.catalog.places(&id)).transpose()).collect()
    }

    /// Records in the journal.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.head.seq
    }

    /// The last record's hash.
    #[must_use]
    pub fn head_hash(&self) -> Hash {
        self.head.hash
    }
}

/// What checking the whole journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// Good records, up to the damage if there is any.
    pub records: u64,
    /// Files.
    pub segments: usize,
    /// The last good record's hash; write it down elsewhere to prove later that nothing before it changed.
    pub head_hash: Hash,
    /// Bytes of a write that was cut short, or is under way; the next start cuts them.
    pub torn_tail_bytes: u64,
    /// The first place that is not what was written.
    pub damage: Option<Damage>,
}

/// Checks every record, the chain, and that each event can follow what was before it. Takes no lock, writes nothing.
///
/// # Errors
/// [`StoreError::NoJournal`] where there is none, [`StoreError::Read`] where it cannot be read. Damage is in the report.
pub fn verify(dir: &Path) -> Result<VerifyReport, StoreError> {
    let journal = home::journal_of(dir);
    if !journal.is_dir() {
        return Err(StoreError::NoJournal { path: dir.to_owned() });
    }
    let segments = segment::list(&journal)?.len();
    let (read, outcome) = ReadOnly::read(dir);
    let (torn_tail_bytes, damage) = match outcome {
        Ok(outcome) => (outcome.torn.map_or(0, |torn| torn.bytes), None),
        Err(StoreError::Damaged(damage) | StoreError::Version(damage)) => (0, Some(damage)),
        Err(error) => return Err(error),
    };
    Ok(VerifyReport { records: read.records(), segments, head_hash: read.head_hash(), torn_tail_bytes, damage })
}
