//! A copy of the state, taken beside whoever writes it, and the check of one. Segments are append-only, so the bytes up to
//! the last newline are a whole beginning of the journal, whenever they are read.
//!
//! A backup is a folder with `journal/`, `policies/in-force.json` where there is one, and `backup.json`, which says how
//! much was taken: a chain that was cut at the end of a record looks whole without it. It grows under another name
//! (`.NAME.part`) and gets its own when everything in it is durable.
//!
//! Deliberately absent: `lock`, `index/` and `requests`, which a restored state makes anew; keys and configuration, which
//! are none of the state; copying what is damaged.

use super::home::{journal_of, sync_directory};
use super::{Damage, Hash, StoreError, VerifyReport, records, segment, verify};
use crate::model::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The version of `backup.json` written here, and the only one read.
const FORMAT: u32 = 1;
const NOTE: &str = "backup.json";
const POLICIES: &str = "policies/in-force.json";
/// No note of ours is longer.
const LONGEST_NOTE: u64 = 64 * 1024;

/// What a backup holds, as `backup.json` says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The version of this note.
    pub format: u32,
    /// When the copy was begun; what was recorded later may be missing.
    pub taken_at: Timestamp,
    /// Records taken.
    pub records: u64,
    /// Files of the journal.
    pub segments: usize,
    /// The last record's hash, 64 hex digits.
    pub head_hash: String,
}

/// Copies the state in `dir` into the folder `target`, which must not be there. Takes no lock; everything is durable when
/// it returns. Files get mode 0600, folders 0700.
///
/// # Errors
/// [`StoreError::NoJournal`], [`StoreError::Exists`], [`StoreError::Damaged`] where the journal is, and whatever keeps
/// files from being read or written. Nothing is left at `target` then.
pub fn back_up(dir: &Path, target: &Path, taken_at: Timestamp) -> Result<Backup, StoreError> {
    let journal = journal_of(dir);
    if !journal.is_dir() {
        return Err(StoreError::NoJournal { path: dir.to_owned() });
    }
    refuse_what_is_there(target)?;
    let part = part_of(target)?;
    refuse_what_is_there(&part)?;
    let taken = fill(dir, &part, taken_at).and_then(|backup| {
        // A folder that came there meanwhile is not overwritten, unless it is empty.
        std::fs::rename(&part, target).map_err(|error| StoreError::create(target, &error))?;
        sync_directory(parent_of(target)).map_err(|error| StoreError::create(target, &error))?;
        Ok(backup)
    });
    if taken.is_err() {
        // The first error is the one to tell; what stays is refused by name next time.
        let _ = std::fs::remove_dir_all(&part);
    }
    taken
}

fn refuse_what_is_there(path: &Path) -> Result<(), StoreError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(StoreError::Exists { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::create(path, &error)),
    }
}

/// `/srv/.tuesday.part` for `/srv/tuesday`.
fn part_of(target: &Path) -> Result<PathBuf, StoreError> {
    let Some(name) = target.file_name() else { return Err(StoreError::Exists { path: target.to_owned() }) };
    let mut part = std::ffi::OsString::from(".");
    part.push(name);
    part.push(".part");
    Ok(target.with_file_name(part))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

fn fill(dir: &Path, part: &Path, taken_at: Timestamp) -> Result<Backup, StoreError> {
    let folder = |path: &Path| {
        DirBuilder::new().mode(0o700).create(path).map_err(|error| StoreError::create(path, &error))?;
        sync_directory(parent_of(path)).map_err(|error| StoreError::create(path, &error))
    };
    folder(part)?;
    folder(&journal_of(part))?;
    for segment in segment::list(&journal_of(dir))? {
        copy_file(&segment.path, &journal_of(part).join(segment.month.file_name()))?;
    }
    let texts = dir.join(POLICIES);
    if std::fs::symlink_metadata(&texts).is_ok_and(|found| found.is_file()) {
        folder(&part.join("policies"))?;
        copy_file(&texts, &part.join(POLICIES))?;
    }
    let found = verify(part)?;
    if let Some(damage) = found.damage {
        return Err(StoreError::Damaged(damage));
    }
    let VerifyReport { records, segments, head_hash, torn_tail_bytes, .. } = found;
    // Looked at before it is cut: a newline that was changed hides a record, which is damage and no torn tail.
    if let Some(last) = segment::list(&journal_of(part))?.last().filter(|_| torn_tail_bytes > 0) {
        leave_out(torn_tail_bytes, &last.path).map_err(|error| StoreError::write(part, &error))?;
    }
    let backup = Backup { format: FORMAT, taken_at, records, segments, head_hash: head_hash.to_string() };
    write_note(&part.join(NOTE), &backup).map_err(|error| StoreError::write(part, &error))?;
    for folder in [journal_of(part), part.join("policies"), part.to_owned()] {
        match sync_directory(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::write(&folder, &error)),
            _ => {}
        }
    }
    Ok(backup)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn write_note(path: &Path, backup: &Backup) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(&serde_json::to_vec_pretty(backup)?)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Copies what a file holds at this moment.
fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(|error| StoreError::read(from, &error))?;
    let wrong = |error: io::Error| StoreError::write(parent_of(to), &error);
    let mut copy = create(to).map_err(wrong)?;
    io::copy(&mut source, &mut copy).map_err(wrong)?;
    copy.sync_all().map_err(wrong)
}

/// Leaves out the bytes of a write that was under way, durably.
fn leave_out(bytes: u64, last: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(last)?;
    file.set_len(file.metadata()?.len().saturating_sub(bytes))?;
    file.sync_all()
}

/// How a copy stands to the journal it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Record for record the same.
    Same,
    /// The journal went on after the copy was taken.
    Older {
        /// Records that the copy lacks.
        lacks: u64,
    },
    /// The journal lacks what the copy has: it was set back, or lost.
    Newer {
        /// Records that the journal lacks.
        has_more: u64,
    },
    /// They parted: from this record on they tell different stories.
    Parted {
        /// The first record that differs.
        at_record: u64,
    },
}

impl Comparison {
    /// Whether the copy is a beginning of the journal.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Same | Self::Older { .. })
    }
}

/// What the check of a copy found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Records and chain.
    pub found: VerifyReport,
    /// What `backup.json` says; `None` for a copy made by other means.
    pub backup: Option<Backup>,
    /// Why the journal is not the one that `backup.json` tells of.
    pub broken_promise: Option<String>,
    /// How it stands to the journal it was compared with.
    pub comparison: Option<Comparison>,
}

impl Checked {
    /// The first damage.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.found.damage.as_ref()
    }
}

/// Checks every record, the chain, that each event can follow what was before it, and that all is there that was taken.
/// With `against` it is also compared with the journal of that state directory. Takes no lock, writes nothing.
///
/// # Errors
/// [`StoreError`] where something cannot be read, and for damage in the journal compared with. What is wrong with the
/// copy is in the result.
pub fn check_copy(copy: &Path, against: Option<&Path>) -> Result<Checked, StoreError> {
    let found = verify(copy)?;
    let backup = read_note(&copy.join(NOTE))?;
    let mut checked = Checked { found, backup, broken_promise: None, comparison: None };
    if checked.found.damage.is_some() {
        return Ok(checked);
    }
    checked.broken_promise = match &checked.backup {
        Some(backup) => broken_promise(copy, backup)?,
        None => None,
    };
    checked.comparison = against.map(|live| compare(copy, live)).transpose()?;
    Ok(checked)
}

fn read_note(path: &Path) -> Result<Option<Backup>, StoreError> {
    let why = |error: io::Error| StoreError::read(path, &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(why(error)),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST_NOTE).read_to_end(&mut bytes).map_err(why)?;
    let backup: Backup = serde_json::from_slice(&bytes).map_err(|error| why(error.into()))?;
    if backup.format == FORMAT { Ok(Some(backup)) } else { Err(why(io::Error::other("it has another format"))) }
}

/// A restored backup goes on, so that more records than promised are good.
fn broken_promise(copy: &Path, backup: &Backup) -> Result<Option<String>, StoreError> {
    if backup.records == 0 {
        return Ok(None);
    }
    for record in records(copy)? {
        let record = record?;
        if record.seq == backup.records {
            let same = record.hash.to_string() == backup.head_hash;
            return Ok((!same).then(|| format!("record {} is not the one that was taken", record.seq)));
        }
    }
    Ok(Some(format!("{} records were taken, and fewer are here", backup.records)))
}

fn compare(copy: &Path, live: &Path) -> Result<Comparison, StoreError> {
    if !journal_of(live).is_dir() {
        return Err(StoreError::NoJournal { path: live.to_owned() });
    }
    let (mut ours, mut theirs) = (records(copy)?, records(live)?);
    let mut at_record = 0;
    loop {
        at_record += 1;
        let next: (Option<Hash>, Option<Hash>) =
            (hash_of(ours.next().transpose()?), hash_of(theirs.next().transpose()?));
        match next {
            (Some(ours), Some(theirs)) if ours == theirs => {}
            (Some(_), Some(_)) => return Ok(Comparison::Parted { at_record }),
            (None, None) => return Ok(Comparison::Same),
            (None, Some(_)) => return Ok(Comparison::Older { lacks: 1 + count(theirs)? }),
            (Some(_), None) => return Ok(Comparison::Newer { has_more: 1 + count(ours)? }),
        }
    }
}

fn hash_of(record: Option<super::Record>) -> Option<Hash> {
    record.map(|record| record.hash)
}

fn count(rest: super::Records) -> Result<u64, StoreError> {
    rest.into_iter().try_fold(0, |count, record| record.map(|_| count + 1))
}
