//! Segments read in order, in pieces that end with a line, so that several threads can check pieces at once.

use super::segment::Segment;
use super::{Flaw, LONGEST_LINE, StoreError};
use std::fs::File;
use std::io::Read;

/// Bytes read at once.
pub(super) const PIECE: u64 = 256 * 1024;

/// A run of whole lines; only a segment's last piece may end in a remainder without a newline.
pub(super) struct Chunk {
    /// Position among all pieces.
    pub nth: u64,
    /// Which of the segments.
    pub segment: usize,
    /// Bytes of the segment before it.
    pub offset: u64,
    pub bytes: Vec<u8>,
    /// Whether the segment ends with it.
    pub ends_segment: bool,
}

/// The pieces of some segments.
pub(super) struct Chunks {
    segments: Vec<Segment>,
    current: usize,
    file: Option<File>,
    offset: u64,
    carry: Vec<u8>,
    nth: u64,
}

impl Chunks {
    pub fn of(segments: Vec<Segment>) -> Self {
        Self { segments, current: 0, file: None, offset: 0, carry: Vec::new(), nth: 0 }
    }

    /// The next piece; `None` after the last, and after an error.
    pub fn read(&mut self) -> Result<Option<Chunk>, StoreError> {
        let read = self.piece();
        if read.is_err() {
            self.current = self.segments.len();
        }
        read
    }

    fn piece(&mut self) -> Result<Option<Chunk>, StoreError> {
        let Some(segment) = self.segments.get(self.current) else { return Ok(None) };
        let io_error = |error: std::io::Error| StoreError::read(&segment.path, &error);
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(File::open(&segment.path).map_err(io_error)?),
        };
        let mut bytes = std::mem::take(&mut self.carry);
        let ends_segment = fill(file, &mut bytes).map_err(io_error)?;
        if !ends_segment {
            let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            self.carry = bytes.split_off(end);
            if end == 0 {
                return Err(StoreError::damaged(segment, self.offset, Flaw::TooLong));
            }
        }
        let chunk = Chunk { nth: self.nth, segment: self.current, offset: self.offset, bytes, ends_segment };
        self.nth += 1;
        self.offset += chunk.bytes.len() as u64;
        if ends_segment {
            (self.current, self.offset, self.file) = (self.current + 1, 0, None);
        }
        Ok(Some(chunk))
    }
}

/// Reads on until there is a line's end in the new bytes, the file ends (`true`), or a line is too long.
fn fill(file: &mut File, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    loop {
        let before = bytes.len();
        bytes.reserve(usize::try_from(PIECE).unwrap_or_default());
        let read = Read::by_ref(file).take(PIECE).read_to_end(bytes)?;
        if (read as u64) < PIECE {
            return Ok(true);
        }
        if bytes[before..].contains(&b'\n') || bytes.len() > LONGEST_LINE {
            return Ok(false);
        }
    }
}
