//! The request budget on disk: when the last requests were sent, so that a restart loop cannot spend the budget twice.
//!
//! A fixed number of wall-clock milliseconds, each written in place before its request and again after it (a page-cache
//! write of eight bytes, no sync: after a power cut more than a minute passes anyway). A request takes the place of the
//! one that ended longest ago. Nothing here decides anything; a file that cannot be read or written costs caution, never
//! a start.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

const MAGIC: &[u8; 8] = b"TRDBUD01";
const ENTRIES_AT: usize = 16;
/// More requests than this within a minute are not remembered over a restart.
const MOST_PLACES: usize = 10_000;
/// Set in the milliseconds of a request that has begun and not ended.
const OPEN: u64 = 1 << 63;
/// No request lasts longer (`kpay.timeout` is two minutes at most, and a token may have to be fetched before).
const LONGEST_REQUEST_MS: u64 = 5 * 60_000;

/// What a file held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// When requests ended, Unix milliseconds, oldest first. One that had not ended may have reached KPay until now.
    pub(super) sent_ms: Vec<u64>,
    /// Until when everything is held; 0 for not at all.
    pub(super) held_until_ms: u64,
    /// A file was there and could not be believed.
    pub(super) damaged: bool,
}

/// The open file.
pub(super) struct BudgetFile {
    file: File,
    /// As the file has it.
    places: Vec<u64>,
}

impl BudgetFile {
    /// Reads what the file remembers at `now_ms` and lays it anew for `limit` requests a minute; what ended more than
    /// `window_ms` ago, or as far in the future, no longer matters.
    pub(super) fn open(path: &Path, limit: usize, now_ms: u64, window_ms: u64) -> io::Result<(Self, Remembered)> {
        let mut remembered = read(path)?;
        let ended = |at: u64| {
            let (at, is_open) = (at & !OPEN, at & OPEN != 0);
            let longest = if is_open { LONGEST_REQUEST_MS } else { window_ms };
            (now_ms.abs_diff(at) < longest).then_some(if is_open { now_ms } else { at })
        };
        remembered.sent_ms = remembered.sent_ms.into_iter().filter_map(ended).collect();
        remembered.sent_ms.sort_unstable();
        let capacity = limit.clamp(1, MOST_PLACES);
        let surplus = remembered.sent_ms.len().saturating_sub(capacity);
        let mut places = remembered.sent_ms.get(surplus..).unwrap_or_default().to_vec();
        places.resize(capacity, 0);
        let file = lay(path, &places, remembered.held_until_ms)?;
        Ok((Self { file, places }, remembered))
    }

    /// Notes a request that begins and says where, for [`BudgetFile::end`].
    pub(super) fn begin(&mut self, at_ms: u64) -> io::Result<usize> {
        // One that has not ended has the largest figure.
        let oldest = self.places.iter().enumerate().min_by_key(|(_, at)| **at);
        let place = oldest.map_or(0, |(place, _)| place);
        self.write(place, at_ms | OPEN)?;
        Ok(place)
    }

    /// Notes when a request ended.
    pub(super) fn end(&mut self, place: usize, at_ms: u64) -> io::Result<()> {
        self.write(place, at_ms)
    }

    fn write(&mut self, place: usize, at: u64) -> io::Result<()> {
        if let Some(noted) = self.places.get_mut(place) {
            *noted = at;
        }
        let offset = u64::try_from(ENTRIES_AT + 8 * place).map_err(io::Error::other)?;
        self.file.write_all_at(&at.to_le_bytes(), offset)
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
    let largest = ENTRIES_AT + 8 * MOST_PLACES;
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
fn lay(path: &Path, places: &[u64], held_until_ms: u64) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut bytes = Vec::with_capacity(ENTRIES_AT + 8 * places.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&held_until_ms.to_le_bytes());
    for at in places {
        bytes.extend_from_slice(&at.to_le_bytes());
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&bytes)?;
    std::fs::rename(&beside, path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_MS: u64 = 60_000;
    const NOW_MS: u64 = 1_800_000_000_000;

    fn opened(path: &Path, limit: usize, now_ms: u64) -> (BudgetFile, Remembered) {
        BudgetFile::open(path, limit, now_ms, WINDOW_MS).unwrap()
    }

    fn reopened(path: &Path, limit: usize) -> Remembered {
        opened(path, limit, NOW_MS).1
    }

    #[test]
    fn b09_what_was_sent_is_remembered_and_the_oldest_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("budget");
        let (mut file, fresh) = opened(&path, 3, NOW_MS);
        assert_eq!(fresh, Remembered::default());
        // The first lasts long, and the fourth may not take its place.
        let long = file.begin(NOW_MS - 50_000).unwrap();
        for at in [NOW_MS - 40_000, NOW_MS - 30_000, NOW_MS - 20_000] {
            let place = file.begin(at).unwrap();
            file.end(place, at + 1).unwrap();
        }
        file.end(long, NOW_MS - 10_000).unwrap();
        file.hold(99).unwrap();
        let again = reopened(&path, 3);
        let sent = [NOW_MS - 29_999, NOW_MS - 19_999, NOW_MS - 10_000];
        assert_eq!((again.sent_ms.as_slice(), again.held_until_ms), (sent.as_slice(), 99));
        assert_eq!(reopened(&path, 2).sent_ms, sent);
        assert_eq!(reopened(&path, 5).sent_ms, sent[1..]);
        assert_eq!(opened(&path, 5, NOW_MS + 45_000).1.sent_ms, sent[2..]);
    }

    #[test]
    fn b09_a_request_that_never_ended_may_have_arrived_until_now() {
        let dir = tempfile::tempdir().unwrap();
        for (ago_ms, expected) in [(0, vec![NOW_MS]), (119_000, vec![NOW_MS]), (400_000, vec![])] {
            let path = dir.path().join(ago_ms.to_string());
            opened(&path, 3, NOW_MS - ago_ms).0.begin(NOW_MS - ago_ms).unwrap();
            assert_eq!(reopened(&path, 3).sent_ms, expected, "{ago_ms} ms ago");
        }
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
        assert!(BudgetFile::open(&dir.path().join("no/such/dir"), 4, NOW_MS, WINDOW_MS).is_err());
    }
}
