//! From what is on disk to the present: from the index's anchor on where the journal agrees with it, else from the first
//! record; a torn tail is cut, damage refuses.

use super::checkpoint::Source;
use super::frame::Head;
use super::home::Home;
use super::index::{Anchor, Index};
use super::lookup::{Catalog, Shelf};
use super::scan::{Outcome, Scan, all_processors};
use super::segment::{self, Place, Segment};
use super::shared::{Core, Recent};
use super::{Damage, Flaw, StoreError, checkpoint, home, origin};
use crate::intent::{CopySign, State};
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// Records in the journal.
    pub records: u64,
    /// A write cut short by a crash or power cut, now removed. Nobody was told that it was durable.
    pub torn: Option<Torn>,
    /// Where the index came from.
    pub index: IndexFate,
    /// The index had seen this many records, more than the journal holds: somebody restored an older journal, or the disk
    /// lost what it had promised to keep. Worth an alarm.
    pub index_had_seen: Option<u64>,
    /// By what the state is seen to be a copy, or to be put back or moved to another disk.
    pub copied: Option<CopySign>,
}

/// A torn tail that was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file's name.
    pub segment: String,
    /// Bytes that were cut.
    pub bytes: u64,
}

/// Where the index came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexFate {
    /// It agreed with the journal.
    Current {
        /// Records that were newer than it.
        behind_by: u64,
    },
    /// It was made from the whole journal.
    Rebuilt {
        /// Why.
        why: String,
    },
    /// sled does not work here; intents are found through a catalog in memory.
    InMemory {
        /// Why.
        why: String,
    },
}

/// A state directory, recovered.
pub(super) struct Recovered {
    pub core: Core,
    pub source: Source,
    /// The last record in the index.
    pub saved: u64,
    pub current: Option<Segment>,
    /// The segment with the first record.
    pub first: Option<Segment>,
    /// Segments that were not read, to be verified in the background, and the head they must end in.
    pub older: (Vec<Segment>, Head),
    pub report: OpenReport,
}

/// Reads the journal into the present.
pub(super) fn recover(home: &Home) -> Result<Recovered, StoreError> {
    let mut recovered = read(home)?;
    let report = &mut recovered.report;
    match &recovered.first {
        // Its first write never came about: nothing could have been copied.
        Some(first) if report.records == 0 => {
            origin::remember(home, &first.path).map_err(|error| StoreError::write(home.dir(), &error))?;
        }
        Some(first) => {
            let older = report.index_had_seen.map(|_| CopySign::BehindItsIndex);
            report.copied = origin::sign_of_copy(home, first)?.or(older);
        }
        None => {}
    }
    Ok(recovered)
}

fn read(home: &Home) -> Result<Recovered, StoreError> {
    let journal = home.journal();
    let segments = segment::list(&journal)?;
    let index_dir = home.dir().join("index");
    match open_index(&index_dir) {
        Ok(Some((index, anchor, state))) => match resume(&journal, &segments, anchor, state)? {
            Ok((core, outcome, first)) => finish(segments, core, &outcome, first, Ok((index, anchor))),
            Err(why) => {
                drop(index);
                set_aside(home.dir());
                rebuild(home, segments, why, Some(anchor))
            }
        },
        Ok(None) => {
            // New, or its first checkpoint never came: nothing in it is of use. What cannot be removed fails below.
            let _ = std::fs::remove_dir_all(&index_dir);
            rebuild(home, segments, "there was none".to_owned(), None)
        }
        Err(why) => {
            set_aside(home.dir());
            rebuild(home, segments, why, None)
        }
    }
}

/// The index with its anchor; `None` where it has none.
fn open_index(dir: &Path) -> Result<Option<(Index, Anchor, State)>, String> {
    match std::fs::symlink_metadata(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(found) if !found.is_dir() => return Err("it was no directory".to_owned()),
        _ => {}
    }
    let index = Index::open(dir)?;
    Ok(index.load()?.map(|(anchor, state)| (index, anchor, state)))
}

type Resumed = (Core, Outcome, usize);

/// Reads on from the anchor; the inner error says why the index is of no use.
fn resume(
    journal: &Path,
    segments: &[Segment],
    anchor: Anchor,
    state: State,
) -> Result<Result<Resumed, String>, StoreError> {
    let agrees = Shelf::of(journal)
        .read(anchor.place)
        .is_ok_and(|record| Head { seq: record.seq, hash: record.hash } == anchor.head);
    let first = segments.iter().position(|segment| segment.month == anchor.place.month);
    let (true, Some(first)) = (agrees, first) else {
        return Ok(Err("it did not match the journal".to_owned()));
    };
    let mut core = empty_core(state);
    core.last = Some(anchor.place);
    let before = (first == 0).then_some(Head::GENESIS);
    match scan(&segments[first..], before, anchor.head.seq, &mut |place, record| core.replay(place, &record)) {
        Ok(outcome) => Ok(Ok((core, outcome, first))),
        // The journal is whole but does not go with the index's state: the index is wrong, or the journal will say so.
        Err(StoreError::Damaged(Damage { what: Flaw::Illegal(why), .. })) => Ok(Err(why)),
        Err(error) => Err(error),
    }
}

fn scan(
    segments: &[Segment],
    before: Option<Head>,
    after: u64,
    sink: &mut dyn FnMut(Place, super::Record) -> Result<(), Flaw>,
) -> Result<Outcome, StoreError> {
    let never = AtomicBool::new(false);
    Scan { segments, before, after, threads: all_processors(), stop: &never }.run(sink)
}

pub(super) fn empty_core(state: State) -> Core {
    let recent = Recent::default();
    Core { state, head: Head::GENESIS, last: None, month: None, end: 0, recent, being_saved: None, refusal: None }
}

/// Reads everything and makes a new index of it.
fn rebuild(home: &Home, segments: Vec<Segment>, why: String, old: Option<Anchor>) -> Result<Recovered, StoreError> {
    let mut core = empty_core(State::default());
    let mut builder = Builder::new(&home.dir().join("index"));
    let outcome = scan(&segments, Some(Head::GENESIS), 0, &mut |place, record| {
        core.state.apply(record.at, &record.event).map_err(|illegal| Flaw::Illegal(illegal.to_string()))?;
        core.last = Some(place);
        builder.take(place, &record.event);
        Ok(())
    })?;
    let head = outcome.head;
    let source = builder.finish(&core, head, &home.journal())?;
    let mut recovered = finish(segments, core, &outcome, 0, Err((source, why)))?;
    recovered.report.index_had_seen = old.map(|old| old.head.seq).filter(|seen| *seen > head.seq);
    Ok(recovered)
}

type Origin = Result<(Index, Anchor), ((Source, Option<String>), String)>;

fn finish(
    mut segments: Vec<Segment>,
    mut core: Core,
    outcome: &Outcome,
    first: usize,
    origin: Origin,
) -> Result<Recovered, StoreError> {
    let torn = match (segments.last(), &outcome.torn) {
        (Some(segment), Some(torn)) => {
            cut(segment, torn.at).map_err(|error| StoreError::write(&segment.path, &error))?;
            Some(Torn { segment: segment.month.file_name(), bytes: torn.bytes })
        }
        _ => None,
    };
    core.head = outcome.head;
    core.month = segments.last().map(|segment| segment.month);
    core.end = outcome.end;
    let records = outcome.head.seq;
    let (source, saved, index) = match origin {
        Ok((index, anchor)) => {
            let behind_by = records.saturating_sub(anchor.head.seq);
            (Source::Sled(index), anchor.head.seq, IndexFate::Current { behind_by })
        }
        Err(((source, None), why)) => (source, records, IndexFate::Rebuilt { why }),
        Err(((source, Some(why)), _)) => (source, records, IndexFate::InMemory { why }),
    };
    let report = OpenReport { records, torn, index, index_had_seen: None, copied: None };
    let (earliest, current) = (segments.first().cloned(), segments.last().cloned());
    segments.truncate(first);
    Ok(Recovered { core, source, saved, current, first: earliest, older: (segments, outcome.before), report })
}

/// Cuts a torn tail, durably.
fn cut(segment: &Segment, at: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(&segment.path)?;
    file.set_len(at)?;
    file.sync_all()
}

/// A new index while it is being filled.
struct Builder {
    dir: PathBuf,
    index: Result<Index, String>,
    part: Catalog,
}

impl Builder {
    fn new(dir: &Path) -> Self {
        let made = home::ensure_directory(dir).map_err(|error| error.to_string());
        let index = made.and_then(|()| Index::open_to_build(dir));
        Self { dir: dir.to_owned(), index, part: Catalog::default() }
    }

    fn take(&mut self, place: Place, event: &crate::intent::Event) {
        let Ok(index) = &self.index else { return };
        self.part.note(place, event);
        if Index::is_batch(&self.part)
            && let Err(why) = index.add(&std::mem::take(&mut self.part))
        {
            self.index = Err(why);
        }
    }

    /// The finished index, or the catalog in memory and why.
    fn finish(self, core: &Core, head: Head, journal: &Path) -> Result<(Source, Option<String>), StoreError> {
        let saved = self.index.and_then(|index| match core.last {
            Some(place) => index.save(Anchor { head, place }, &core.state, &self.part),
            None => Ok(()),
        });
        match saved.and_then(|()| Index::open(&self.dir)) {
            Ok(index) => Ok((Source::Sled(index), None)),
            Err(why) => Ok((Source::Memory(checkpoint::read_catalog(journal)?), Some(why))),
        }
    }
}

/// Moves a useless index out of the way, to be looked at; only the newest such folder is kept.
fn set_aside(dir: &Path) {
    let old: Vec<_> = damaged_folders(dir).unwrap_or_default();
    let number = old.iter().map(|(number, _)| number + 1).max().unwrap_or(1);
    let index = dir.join("index");
    let moved = std::fs::rename(&index, dir.join(format!("index.damaged-{number}")));
    if let Err(error) = moved {
        tracing::warn!(%error, "damaged index could not be set aside, removing it");
        remove(&index);
    }
    for (_, path) in old {
        remove(&path);
    }
}

/// Removes a folder or file of the index. Whatever stays in the way makes opening a new index fail, with its reason.
fn remove(path: &Path) {
    let _ = std::fs::remove_dir_all(path).or_else(|_| std::fs::remove_file(path));
}

fn damaged_folders(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("index.damaged-"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((number, entry.path()));
        }
    }
    Ok(found)
}
