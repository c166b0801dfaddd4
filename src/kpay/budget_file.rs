//! The request budget on disk: when the last requests were sent, so that a restart loop cannot spend the budget twice.
//!
//! A fixed-size ring of wall-clock milliseconds, each written in place before its request (a page-cache write of eight
//! bytes, no sync: after a power cut more than a minute passes anyway). Nothing here decides anything; a file that
//! cannot be read or written costs caution, never a start.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

const MAGIC: &[u8; 8] = b"TRDBUD01";
const ENTRIES_AT: usize = 16;
/// More requests than this within a minute are not remembered over a restart.
const LARGEST_RING: usize = 10_000;

/// What a file held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// When requests were sent, Unix milliseconds, in no order.
    pub(super) sent_ms: Vec<u64>,
    /// Until when everything is held; 0 for not at all.
    pub(super) held_until_ms: u64,
    /// A file was there and could not be believed.
    pub(super) damaged: bool,
}

/// The open file.
pub(super) struct BudgetFile {
    file: File,
    capacity: usize,
    next: usize,
}

impl BudgetFile {
    /// Reads what the file remembers and lays it anew for `limit` requests a minute; `recent` says which entries still
    /// matter.
    pub(super) fn open(path: &Path, limit: usize, recent: impl Fn(u64) -> bool) -> io::Result<(Self, Remembered)> {
        let mut remembered = read(path)?;
        remembered.sent_ms.retain(|&at| recent(at));
        remembered.sent_ms.sort_unstable();
        let capacity = limit.clamp(1, LARGEST_RING);
        let surplus = remembered.sent_ms.len().saturating_sub(capacity);
        let kept = remembered.sent_ms.get(surplus..).unwrap_or_default();
        let file = lay(path, kept, remembered.held_until_ms, capacity)?;
        Ok((Self { file, capacity, next: kept.len() % capacity }, remembered))
    }

    /// Notes a request and says where, for [`BudgetFile::correct`].
    pub(super) fn note(&mut self, at_ms: u64) -> io::Result<usize> {
        let place = self.next;
        self.next = (place + 1) % self.capacity;
        self.correct(place, at_ms)?;
        Ok(place)
    }

    /// Moves a noted request to when it ended.
    pub(super) fn correct(&self, place: usize, at_ms: u64) -> io::Result<()> {
        let offset = u64::try_from(ENTRIES_AT + 8 * place).map_err(io::Error::other)?;
        self.file.write_all_at(&at_ms.to_le_bytes(), offset)
    }

    /// Notes a running Retry-After.
    pub(super) fn hold(&self, until_ms: u64) -> io::Result<()> {
        self.file.write_all_at(&until_ms.to_le_bytes(), 8)
    }
}

fn read(path: &Path) -> io::Result<Remembered> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Remembered::default()),
        Err(error) => return Err(error),
    };
    let largest = ENTRIES_AT + 8 * LARGEST_RING;
    let (words, rest) = bytes.as_chunks::<8>();
    let believable = bytes.len() <= largest && rest.is_empty() && words.first() == Some(MAGIC) && words.len() > 2;
    if !believable {
        return Ok(Remembered { damaged: true, ..Remembered::default() });
    }
    let mut numbers = words.iter().skip(1).map(|word| u64::from_le_bytes(*word));
    let held_until_ms = numbers.next().unwrap_or(0);
    Ok(Remembered { sent_ms: numbers.filter(|&at| at > 0).collect(), held_until_ms, damaged: false })
}

/// Writes beside the old file and renames, so that a crash leaves one or the other.
fn lay(path: &Path, kept: &[u64], held_until_ms: u64, capacity: usize) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut bytes = Vec::with_capacity(ENTRIES_AT + 8 * capacity);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&held_until_ms.to_le_bytes());
    for at in kept {
        bytes.extend_from_slice(&at.to_le_bytes());
    }
    bytes.resize(ENTRIES_AT + 8 * capacity, 0);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&bytes)?;
    std::fs::rename(&beside, path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reopened(path: &Path, limit: usize) -> Remembered {
        BudgetFile::open(path, limit, |_| true).unwrap().1
    }

    #[test]
    fn b09_what_was_sent_is_remembered_and_the_ring_turns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("budget");
        let (mut file, fresh) = BudgetFile::open(&path, 3, |_| true).unwrap();
        assert_eq!(fresh, Remembered::default());
        for at in [10, 20, 30, 40] {
            let place = file.note(at).unwrap();
            file.correct(place, at + 1).unwrap();
        }
        file.hold(99).unwrap();
        let again = reopened(&path, 3);
        assert_eq!((again.sent_ms.as_slice(), again.held_until_ms), ([21, 31, 41].as_slice(), 99));
        assert_eq!(reopened(&path, 2).sent_ms, [21, 31, 41]);
        assert_eq!(reopened(&path, 5).sent_ms, [31, 41]);
        let recent = BudgetFile::open(&path, 5, |at| at > 35).unwrap().1;
        assert_eq!(recent.sent_ms, [41]);
    }

    #[test]
    fn b09_a_damaged_file_is_noticed_and_laid_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("budget");
        for content in [b"".to_vec(), b"x".to_vec(), b"TRDBUD01".to_vec(), vec![7; 4096], vec![0; 100_000]] {
            std::fs::write(&path, &content).unwrap();
            assert!(reopened(&path, 4).damaged, "{} bytes", content.len());
            assert!(!reopened(&path, 4).damaged);
        }
        assert!(BudgetFile::open(&dir.path().join("no/such/dir"), 4, |_| true).is_err());
    }
}
