//! Finding an intent again: a catalog says where the records about it stand, and folding them gives its story.

use super::frame::{Line, Record};
use super::segment::{Month, Place, Segment};
use super::{Flaw, LONGEST_LINE, StoreError};
use crate::intent::{Event, State, Tracked};
use crate::model::ExternalId;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Where the records about each intent stand, and which intents each decision made.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// Places in order, by intent.
    pub places: BTreeMap<ExternalId, Vec<Place>>,
    /// Intents in order, by the decision's place.
    pub decided: BTreeMap<Place, Vec<ExternalId>>,
}

impl Catalog {
    /// Takes in one record.
    pub fn note(&mut self, place: Place, event: &Event) {
        if let Some(id) = event.external_id() {
            self.places.entry(id.clone()).or_default().push(place);
        }
        let (Event::Decided { intents, .. } | Event::Requested { intents, .. }) = event else { return };
        if intents.is_empty() {
            return;
        }
        let ids: Vec<_> = intents.iter().map(|intent| intent.external_id.clone()).collect();
        for id in &ids {
            self.places.entry(id.clone()).or_default().push(place);
        }
        self.decided.insert(place, ids);
    }

    /// Takes in what came later.
    pub fn merge(&mut self, later: &Self) {
        for (id, places) in &later.places {
            self.places.entry(id.clone()).or_default().extend(places);
        }
        self.decided.extend(later.decided.iter().map(|(place, ids)| (*place, ids.clone())));
    }

    /// Where the records about an intent stand.
    pub fn places(&self, id: &ExternalId) -> Vec<Place> {
        self.places.get(id).cloned().unwrap_or_default()
    }

    /// The intents of the newest decisions, newest first; at least `limit` where there are so many.
    pub fn newest(&self, limit: usize) -> Vec<ExternalId> {
        let mut newest = Vec::new();
        for ids in self.decided.values().rev() {
            if newest.len() >= limit {
                break;
            }
            newest.extend(ids.iter().rev().cloned());
        }
        newest
    }
}

/// Reads single records by their place.
pub(super) struct Shelf {
    journal: PathBuf,
    open: BTreeMap<Month, File>,
}

/// Bytes read at first; most records fit.
const FIRST_READ: usize = 4096;

impl Shelf {
    pub fn of(journal: &Path) -> Self {
        Self { journal: journal.to_owned(), open: BTreeMap::new() }
    }

    /// The record at a place.
    pub fn read(&mut self, place: Place) -> Result<Record, StoreError> {
        let segment = Segment::new(&self.journal, place.month);
        let line = self.line(&segment, place).map_err(|error| StoreError::read(&segment.path, &error))?;
        let record = line.ok_or(Flaw::Unterminated).and_then(|line| Line::check(&line)?.record());
        record.map_err(|flaw| StoreError::damaged(&segment, place.offset, flaw))
    }

    fn line(&mut self, segment: &Segment, place: Place) -> std::io::Result<Option<Vec<u8>>> {
        let file = match self.open.entry(place.month) {
            std::collections::btree_map::Entry::Occupied(file) => file.into_mut(),
            std::collections::btree_map::Entry::Vacant(gap) => gap.insert(File::open(&segment.path)?),
        };
        let mut line = vec![0; FIRST_READ];
        let mut filled = 0;
        loop {
            let read = file.read_at(&mut line[filled..], place.offset + filled as u64)?;
            if let Some(end) = line[filled..filled + read].iter().position(|byte| *byte == b'\n') {
                line.truncate(filled + end);
                return Ok(Some(line));
            }
            filled += read;
            if read == 0 || filled >= LONGEST_LINE {
                return Ok(None);
            }
            if filled == line.len() {
                line.resize((2 * filled).min(LONGEST_LINE), 0);
            }
        }
    }

    /// An intent's story from the records about it; `None` where there are none.
    pub fn story(&mut self, id: &ExternalId, mut places: Vec<Place>) -> Result<Option<Tracked>, StoreError> {
        places.sort_unstable();
        places.dedup();
        // What happens to one intent depends on nothing else, so an empty state serves.
        let mut state = State::default();
        let mut story = None;
        for place in places {
            let record = self.read(place)?;
            let changed = state.apply(record.at, &record.event).map_err(|illegal| {
                let segment = Segment::new(&self.journal, place.month);
                StoreError::damaged(&segment, place.offset, Flaw::Illegal(illegal.to_string()))
            })?;
            story = changed.into_iter().find(|tracked| tracked.intent.external_id == *id).or(story);
        }
        Ok(story)
    }
}
