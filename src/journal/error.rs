//! What can be wrong with a state directory, said with what to do about it.

use super::Flaw;
use super::segment::Segment;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

/// Why the state cannot be opened, read or written. Cloned to everybody who waits for the same sync.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The directory, or something in it, cannot be made.
    #[error("cannot create {path}: {why}; create it, or set state.path to a directory this user may write to")]
    Create {
        /// What was to be made.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// A link stands where a file or directory of ours must be.
    #[error("{path} is a symbolic link or no regular file; set state.path to the real directory")]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Something else stands where the directory must be.
    #[error("{path} is not a directory; set state.path to one")]
    NotADirectory {
        /// What is there.
        path: PathBuf,
    },
    /// The directory belongs to somebody else.
    #[error("{path} belongs to user {owner}, and this is user {ours}; run as its owner, or chown it to this user")]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Its owner's id.
        owner: u32,
        /// Ours.
        ours: u32,
    },
    /// Anybody may write to the directory.
    #[error("{path} may be written to by everybody (mode {mode:03o}); run `chmod 700` on it")]
    WorldWritable {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// We may not write there.
    #[error("cannot write to {path}: {why}; make it writable for this user")]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The disk is full.
    #[error("cannot write to {path}: {why}; free some space, nothing is lost")]
    NoSpace {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Something stands where a backup is to be put.
    #[error("{path} is there already, and a backup overwrites nothing; name a folder that does not exist yet")]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// Another treasuryd works on this state.
    #[error("{path} is in use by another treasuryd ({}); stop it, or use another state.path", holder(*.pid))]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The holder, where it is legible.
        pid: Option<u32>,
    },
    /// The journal holds a record of another format, or an event that is not known here.
    #[error("{0}; run the treasuryd that wrote it, or a newer one")]
    Version(Damage),
    /// The journal is damaged.
    #[error(
        "the journal is damaged: {0}; nothing was changed: restore the state directory from a backup (`treasuryd journal verify` says how far it is good)"
    )]
    Damaged(Damage),
    /// A file of ours cannot be read.
    #[error("cannot read {path}: {why}; check state.path, and that this user may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// There is no journal to look at.
    #[error("{path} holds no journal; check state.path")]
    NoJournal {
        /// The directory.
        path: PathBuf,
    },
    /// A record that cannot be written.
    #[error("cannot record this: {0}; nothing was recorded")]
    Unwritable(Flaw),
    /// An event that cannot follow what was before it: the program is wrong.
    #[error("an event was refused ({0}) and nothing more is recorded; restart, and report this as a bug")]
    Illegal(String),
    /// Writing or syncing failed. What was not acknowledged may or may not be there after a restart.
    #[error("the journal stopped: {0}; nothing more is recorded or sent until a restart")]
    Stopped(String),
    /// The directory or the segment under our hands is no longer the one that was opened.
    #[error(
        "{path} was deleted, replaced or changed by somebody else while it was in use; nothing more is recorded or \
         sent: put the right state back, then restart"
    )]
    Replaced {
        /// The state directory.
        path: PathBuf,
    },
    /// The store was closed.
    #[error("the journal is closed")]
    Closed,
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "its process id is not legible".to_owned(), |pid| format!("process {pid}"))
}

impl StoreError {
    /// Whether it is a refusal (exit code 77: permission, locked or damaged state) and not a failure (exit code 1).
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Unwritable(_) | Self::Illegal(_) | Self::Stopped(_) | Self::Closed | Self::NoSpace { .. })
    }

    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        Self::Read { path: path.to_owned(), why: error.to_string() }
    }

    pub(super) fn create(path: &Path, error: &io::Error) -> Self {
        Self::Create { path: path.to_owned(), why: error.to_string() }
    }

    /// A failed write into a directory, by its cause.
    pub(super) fn write(path: &Path, error: &io::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path, why },
            _ => Self::NotWritable { path, why },
        }
    }

    pub(super) fn damaged(segment: &Segment, byte: u64, what: Flaw) -> Self {
        let line = line_at(&segment.path, byte).unwrap_or_default();
        let damage = Damage { segment: segment.month.file_name(), line, byte, what };
        if damage.is_of_another_version() { Self::Version(damage) } else { Self::Damaged(damage) }
    }
}

/// One place where the journal is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file's name.
    pub segment: String,
    /// 1-based line; 0 where it could not be counted.
    pub line: u64,
    /// Bytes before that line.
    pub byte: u64,
    /// What is wrong there.
    pub what: Flaw,
}

impl Damage {
    /// Whether the record is whole, and of a kind that is not known here: another version wrote it.
    #[must_use]
    pub fn is_of_another_version(&self) -> bool {
        matches!(self.what, Flaw::Version(_) | Flaw::Event(_))
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {} (byte {}): {}", self.segment, self.line, self.byte, self.what)
    }
}

/// The number of the line that begins after `byte` bytes.
fn line_at(path: &Path, byte: u64) -> io::Result<u64> {
    let mut before = io::BufReader::new(std::fs::File::open(path)?.take(byte));
    let mut line = 1;
    while before.skip_until(b'\n')? > 0 {
        line += 1;
    }
    Ok(line)
}
