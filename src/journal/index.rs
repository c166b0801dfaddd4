//! The derived index: the state as of one record (the anchor), and in sled the catalog up to it. Never the truth: it says
//! what the journal already says, only faster, and any trouble with it ends in a rebuild.
//!
//! sled 0.34 panics on damaged files, so every call is caught; `flush_async` deadlocks and is never called; one batch
//! per checkpoint keeps anchor and catalog together. The state, which changes as a whole, is a file of its own beside
//! sled's: sled keeps hundreds of copies of a big value. The anchor names it by its hash, and it stands under its second
//! name before the anchor is written, so that one of the two names always has it.

use super::frame::Head;
use super::hash::Hash;
use super::lookup::Catalog;
use super::segment::Place;
use crate::intent::State;
use crate::model::ExternalId;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Changes whenever what is stored changes: raise the number with every change of the shape or the meaning of `State` and
/// `Standing`, also within one version of the program. The version is part of it as well.
const FORMAT: &str = concat!("treasuryd-index/12 ", env!("CARGO_PKG_VERSION"));
/// sled's page cache, in bytes: start and `find` are its only readers.
const CACHE: u64 = 2 * 1024 * 1024;
/// While an index is built: pages are filled many times over.
const BUILDING_CACHE: u64 = 64 * 1024 * 1024;
/// How often, and how far apart, a lock on sled's file is tried again.
const LOCK_TRIES: usize = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);
/// Decisions in one entry: they are only ever read from the newest on.
const RUN: usize = 256;
/// Entries of one batch while rebuilding.
const BATCH: usize = 20_000;

const ANCHOR: &[u8] = b"anchor";
const INTENT: u8 = b'i';
const DECISIONS: u8 = b'd';
/// The state's file.
const STATE: &str = "state.json";
/// The same until the anchor names it.
const NEW_STATE: &str = "state.json.new";

/// The record up to which the index speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anchor {
    pub head: Head,
    pub place: Place,
}

/// An open index.
#[derive(Debug)]
pub(super) struct Index {
    dir: PathBuf,
    db: sled::Db,
}

/// Runs one piece of work on sled; a panic inside becomes an error like any other.
fn caught<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, String> {
    match std::panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("sled panicked".to_owned()),
    }
}

impl Index {
    /// Opens or makes the index.
    pub fn open(dir: &Path) -> Result<Self, String> {
        Self::open_with(dir, CACHE)
    }

    /// The same for a rebuild; to be opened anew when it is done.
    pub fn open_to_build(dir: &Path) -> Result<Self, String> {
        Self::open_with(dir, BUILDING_CACHE)
    }

    #[allow(clippy::disallowed_methods, reason = "half a second at most, before anything else has begun")]
    fn open_with(dir: &Path, cache: u64) -> Result<Self, String> {
        let config = sled::Config::new().path(dir).cache_capacity(cache).flush_every_ms(None);
        for _ in 0..LOCK_TRIES {
            match caught(|| config.open()) {
                Ok(db) => return Ok(Self { dir: dir.to_owned(), db }),
                Err(error) if !error.contains("could not acquire lock") => return Err(error),
                // The state is ours alone: it is sled's own file, closed just now, that some child of ours has open until it
                // runs its program.
                Err(_) => std::thread::sleep(LOCK_PAUSE),
            }
        }
        caught(|| config.open()).map(|db| Self { dir: dir.to_owned(), db })
    }

    /// The anchor and the state at it; `None` in a new index, one of another version, or one without its state.
    pub fn load(&self) -> Result<Option<(Anchor, State)>, String> {
        let Some(anchor) = caught(|| self.db.get(ANCHOR))? else { return Ok(None) };
        let anchor = std::str::from_utf8(&anchor).map_err(|error| error.to_string())?;
        for name in [STATE, NEW_STATE] {
            let Ok(state) = std::fs::read(self.dir.join(name)) else { continue };
            let Some(anchor) = read_anchor(anchor, &state) else { continue };
            let state = serde_json::from_slice(&state).map_err(|error| error.to_string())?;
            return Ok(Some((anchor, state)));
        }
        Ok(None)
    }

    /// Saves a checkpoint: everything up to `anchor`, of which `catalog` is what is new.
    pub fn save(&self, anchor: Anchor, state: &State, catalog: &Catalog) -> Result<(), String> {
        let state = serde_json::to_vec(state).map_err(|error| error.to_string())?;
        let mut batch = self.batch_of(catalog)?;
        batch.insert(ANCHOR, written_anchor(anchor, &state).as_bytes());
        let told = |error: io::Error| format!("writing the state into the index failed: {error}");
        let new = self.dir.join(NEW_STATE);
        write(&new, &state).map_err(told)?;
        caught(|| self.db.apply_batch(batch).and_then(|()| self.db.flush()))?;
        std::fs::rename(&new, self.dir.join(STATE)).map_err(told)
    }

    /// Adds to the catalog without moving the anchor: for a rebuild, where there is none until the end.
    pub fn add(&self, catalog: &Catalog) -> Result<(), String> {
        let batch = self.batch_of(catalog)?;
        caught(|| self.db.apply_batch(batch))
    }

    /// Whether a rebuild has enough for a batch.
    pub fn is_batch(catalog: &Catalog) -> bool {
        catalog.places.len() >= BATCH
    }

    fn batch_of(&self, catalog: &Catalog) -> Result<sled::Batch, String> {
        let mut batch = sled::Batch::default();
        for (id, places) in &catalog.places {
            let key = key(INTENT, id.as_str().as_bytes());
            let mut value = caught(|| self.db.get(&key))?.map(|known| known.to_vec()).unwrap_or_default();
            value.extend(places.iter().flat_map(|place| place.to_bytes()));
            batch.insert(key, value);
        }
        let decided: Vec<_> = catalog.decided.iter().collect();
        for run in decided.chunks(RUN) {
            let Some((first, _)) = run.first() else { continue };
            let ids: Vec<_> = run.iter().flat_map(|(_, ids)| ids.iter().map(ExternalId::as_str)).collect();
            batch.insert(key(DECISIONS, &first.to_bytes()), ids.join("\n").into_bytes());
        }
        Ok(batch)
    }

    /// Where the records about an intent stand.
    pub fn places(&self, id: &ExternalId) -> Result<Vec<Place>, String> {
        let value = caught(|| self.db.get(key(INTENT, id.as_str().as_bytes())))?;
        let bytes = value.unwrap_or_default();
        let places: Option<Vec<_>> = bytes.chunks(Place::BYTES).map(Place::from_bytes).collect();
        places.ok_or_else(|| "an entry of the index is cut short".to_owned())
    }

    /// The intents of the newest decisions, newest first; at least `limit` where there are so many.
    pub fn newest(&self, limit: usize) -> Result<Vec<ExternalId>, String> {
        let mut newest = Vec::new();
        let mut decisions = self.db.scan_prefix([DECISIONS]).rev();
        while newest.len() < limit {
            let Some((_, ids)) = caught(|| decisions.next().transpose())? else { break };
            let ids = std::str::from_utf8(&ids).map_err(|error| error.to_string())?;
            newest.extend(ids.rsplit('\n').map(ExternalId::from_text));
        }
        Ok(newest)
    }
}

/// Writes a file anew, synced when it returns.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn key(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(rest);
    key
}

/// `format⏎seq⏎hash⏎place⏎hash of the state`
fn written_anchor(anchor: Anchor, state: &[u8]) -> String {
    let place: Vec<_> = anchor.place.to_bytes().iter().map(u8::to_string).collect();
    format!("{FORMAT}\n{}\n{}\n{}\n{}", anchor.head.seq, anchor.head.hash, place.join("."), Hash::of(state))
}

fn read_anchor(text: &str, state: &[u8]) -> Option<Anchor> {
    let [format, seq, hash, place, state_hash] = text.split('\n').collect::<Vec<_>>().try_into().ok()?;
    if format != FORMAT || state_hash.as_bytes() != Hash::of(state).as_bytes() {
        return None;
    }
    let place: Vec<u8> = place.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let head = Head { seq: seq.parse().ok()?, hash: Hash::read(hash.as_bytes())? };
    Some(Anchor { head, place: Place::from_bytes(&place)? })
}
