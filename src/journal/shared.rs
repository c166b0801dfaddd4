//! What the store, its writer and its checkpoints share under one lock: the present state and where the journal ends.

use super::frame::{self, Head, Record};
use super::lookup::Catalog;
use super::segment::{Month, Place};
use super::{Flaw, StoreError};
use crate::intent::{Event, State, Tracked};
use crate::model::{ExternalId, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happened to intents since a checkpoint.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Where their records are.
    pub catalog: Catalog,
    /// How they stand.
    pub latest: BTreeMap<ExternalId, Tracked>,
}

/// The present, and the journal's end as it will be once everything queued is written.
#[derive(Debug)]
pub(super) struct Core {
    pub state: State,
    pub head: Head,
    /// Where the record of `head` begins.
    pub last: Option<Place>,
    /// The current segment; never goes back, whatever the clock does.
    pub month: Option<Month>,
    /// Its length.
    pub end: u64,
    /// Since the last checkpoint began.
    pub recent: Recent,
    /// Of a checkpoint that is under way.
    pub being_saved: Option<Arc<Recent>>,
    /// Why nothing more is recorded.
    pub refusal: Option<StoreError>,
}

/// Lines ready to be written into one segment.
pub(super) struct Lines {
    pub month: Month,
    pub bytes: Vec<u8>,
    pub head: Head,
}

impl Core {
    /// Applies events and frames them as the next records. After an illegal event nothing more is recorded: the state
    /// may be half changed.
    pub fn record(&mut self, at: Timestamp, events: &[(Event, Vec<u8>)]) -> Result<(Lines, Vec<Tracked>), StoreError> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let month = self.month.map_or(Month::of(at), |month| month.max(Month::of(at)));
        if self.month != Some(month) {
            (self.month, self.end) = (Some(month), 0);
        }
        let mut lines = Lines { month, bytes: Vec::new(), head: self.head };
        let mut changed = Vec::new();
        for (event, json) in events {
            let place = Place { month, offset: self.end + lines.bytes.len() as u64 };
            changed.extend(self.apply(place, at, event)?);
            lines.head = frame::encode(lines.head, at, json, &mut lines.bytes);
            self.last = Some(place);
        }
        self.head = lines.head;
        self.end += lines.bytes.len() as u64;
        Ok((lines, changed))
    }

    /// The newest intents since the last checkpoint, newest first.
    pub fn newest(&self, limit: usize) -> Vec<ExternalId> {
        let mut newest = self.recent.catalog.newest(limit);
        if let Some(saving) = &self.being_saved {
            newest.extend(saving.catalog.newest(limit));
        }
        newest
    }

    /// Takes in a record that is in the journal already.
    pub fn replay(&mut self, place: Place, record: &Record) -> Result<(), Flaw> {
        self.apply(place, record.at, &record.event).map_err(|error| Flaw::Illegal(error.to_string()))?;
        self.last = Some(place);
        Ok(())
    }

    fn apply(&mut self, place: Place, at: Timestamp, event: &Event) -> Result<Vec<Tracked>, StoreError> {
        let changed = self.state.apply(at, event).map_err(|illegal| {
            let refusal = StoreError::Illegal(illegal.to_string());
            self.refusal = Some(refusal.clone());
            refusal
        })?;
        self.recent.catalog.note(place, event);
        for tracked in &changed {
            self.recent.latest.insert(tracked.intent.external_id.clone(), tracked.clone());
        }
        Ok(changed)
    }

    /// An intent as it stands, where the present or the records since the last checkpoint know it.
    pub fn find(&self, id: &ExternalId) -> Option<&Tracked> {
        let saving = || self.being_saved.as_ref().and_then(|recent| recent.latest.get(id));
        self.state.tracked(id).or_else(|| self.recent.latest.get(id)).or_else(saving)
    }
}

/// [`Core`] behind its lock.
#[derive(Debug)]
pub(super) struct Shared(Mutex<Core>);

impl Shared {
    pub fn new(core: Core) -> Self {
        Self(Mutex::new(core))
    }

    /// The core. A panic while it was being changed leaves it in doubt: from then on nothing is recorded.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        self.0.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            let mut core = poisoned.into_inner();
            let refusal = || StoreError::Stopped("a panic left the state in doubt".to_owned());
            core.refusal.get_or_insert_with(refusal);
            core
        })
    }

    /// Ends recording, for good; the first reason stays.
    pub fn refuse(&self, refusal: StoreError) {
        self.core().refusal.get_or_insert(refusal);
    }
}

/// Events with their JSON, made before the lock is taken.
pub(super) fn with_json(events: Vec<Event>) -> Result<Vec<(Event, Vec<u8>)>, StoreError> {
    let with_json = |event: Event| frame::event_json(&event).map(|json| (event, json));
    events.into_iter().map(with_json).collect::<Result<_, Flaw>>().map_err(StoreError::Unwritable)
}
