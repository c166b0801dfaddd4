//! Whether a state directory is still the one it was: beside the journal, `first-segment` remembers which file its first
//! segment is, by inode number and birth time. A copy, a backup put back and a move to another disk make a new file, and
//! the note of another one, or none, tells so.
//!
//! Where the file system keeps no birth time there is nothing to compare. A whole disk or machine put back brings the
//! same file with it, and is not seen; who deletes the note says himself that it is a copy.

use super::StoreError;
use super::home::{Home, sync_directory};
use super::segment::Segment;
use crate::intent::CopySign;
use crate::model::Timestamp;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The note's name in the state directory.
const NOTE: &str = "first-segment";
/// No note of ours is longer.
const LONGEST: u64 = 1024;
const FORMAT: u32 = 1;

/// Which file a journal begins in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    format: u32,
    inode: u64,
    /// `None` where the file system does not say.
    born: Option<Timestamp>,
}

impl Origin {
    fn of(first: &Path) -> io::Result<Self> {
        let metadata = std::fs::symlink_metadata(first)?;
        // Some file systems answer with the epoch for "not known".
        let born = metadata.created().ok().map(Timestamp::from).filter(|born| *born > DateTime::UNIX_EPOCH);
        Ok(Self { format: FORMAT, inode: metadata.ino(), born })
    }

    fn is_other_than(&self, here: &Self) -> bool {
        let has_births = self.born.is_some() || here.born.is_some();
        has_births && (self.inode, self.born) != (here.inode, here.born)
    }
}

/// By what a journal with records is seen to be a copy; `None` where it is the one it was.
pub(super) fn sign_of_copy(home: &Home, first: &Segment) -> Result<Option<CopySign>, StoreError> {
    let here = Origin::of(&first.path).map_err(|error| StoreError::read(&first.path, &error))?;
    Ok(match read(&home.dir().join(NOTE)) {
        None => Some(CopySign::NothingRemembered),
        Some(known) => known.is_other_than(&here).then_some(CopySign::AnotherFile),
    })
}

/// Writes which file the journal begins in from now on; durable when it returns.
pub(super) fn remember(home: &Home, first: &Path) -> io::Result<()> {
    let note = home.dir().join(NOTE);
    let draft = home.dir().join("first-segment.new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut text = serde_json::to_vec(&Origin::of(first)?)?;
    text.push(b'\n');
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(&draft, &note)?;
    sync_directory(home.dir())
}

/// A note that cannot be read is none.
fn read(path: &Path) -> Option<Origin> {
    if !std::fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok().filter(|origin: &Origin| origin.format == FORMAT)
}
