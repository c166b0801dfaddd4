//! Segments: one file a month, named by the UTC month of the records' time, and places inside them.

use super::StoreError;
use crate::model::Timestamp;
use chrono::Datelike;
use std::fmt;
use std::path::{Path, PathBuf};

/// Months since January of the year 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(u32);

impl Month {
    /// The month of an instant. Years outside 0 to 9999 count as the nearest one inside.
    pub fn of(at: Timestamp) -> Self {
        let year = u32::try_from(at.year().clamp(0, 9999)).unwrap_or_default();
        Self(year * 12 + at.month0())
    }

    /// The month in a segment's file name; `None` for any other file.
    pub fn of_file(name: &str) -> Option<Self> {
        let (year, month) = name.strip_suffix(".jsonl")?.split_once('-')?;
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then(|| Self(year * 12 + month - 1))
    }

    /// `2026-11.jsonl`
    pub fn file_name(self) -> String {
        format!("{self:?}.jsonl")
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

/// Where a record begins. Ordered as the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The segment.
    pub month: Month,
    /// Bytes before the record.
    pub offset: u64,
}

impl Place {
    /// Bytes of the written form.
    pub const BYTES: usize = 12;

    /// Big-endian, so that places sort as their bytes do.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.month.0.to_be_bytes());
        bytes[4..].copy_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    /// The reverse; `None` unless there are exactly as many bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (month, offset) = bytes.split_at_checked(4)?;
        let month = Month(u32::from_be_bytes(month.try_into().ok()?));
        Some(Self { month, offset: u64::from_be_bytes(offset.try_into().ok()?) })
    }
}

/// One file of the journal.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub month: Month,
    pub path: PathBuf,
}

impl Segment {
    pub fn new(journal: &Path, month: Month) -> Self {
        Self { month, path: journal.join(month.file_name()) }
    }
}

/// The segments of a journal directory in order. Files with other names are none of ours; a missing directory has none.
///
/// # Errors
/// [`StoreError::Read`], and [`StoreError::Symlink`] for a segment that is a link.
pub(super) fn list(journal: &Path) -> Result<Vec<Segment>, StoreError> {
    let entries = match std::fs::read_dir(journal) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::read(journal, &error)),
    };
    let mut segments = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::read(journal, &error))?;
        let Some(month) = entry.file_name().to_str().and_then(Month::of_file) else { continue };
        if entry.file_type().is_ok_and(|kind| !kind.is_file()) {
            return Err(StoreError::Symlink { path: entry.path() });
        }
        segments.push(Segment::new(journal, month));
    }
    segments.sort_by_key(|segment| segment.month);
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_segments() {
        for (name, month) in [("2026-11.jsonl", Some("2026-11")), ("0000-01.jsonl", Some("0000-01"))] {
            assert_eq!(Month::of_file(name).map(|month| format!("{month:?}")).as_deref(), month, "{name}");
        }
        for name in ["2026-13.jsonl", "2026-00.jsonl", "26-11.jsonl", "2026-1.jsonl", "2026-11.jsonl~", "+026-11.jsonl"]
        {
            assert!(Month::of_file(name).is_none(), "{name}");
        }
    }

    #[test]
    fn places_sort_as_their_bytes_do_and_come_back() {
        let month = |at: &str| Month::of(at.parse().unwrap());
        let early = Place { month: month("2026-11-30T23:59:59Z"), offset: 70_000 };
        let late = Place { month: month("2026-12-01T00:00:00Z"), offset: 3 };
        assert!(early < late && early.to_bytes() < late.to_bytes());
        assert_eq!(Place::from_bytes(&early.to_bytes()), Some(early));
        assert_eq!(Place::from_bytes(&early.to_bytes()[1..]), None);
    }
}
