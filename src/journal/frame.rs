//! One record as one line, and a run of lines as records, a remainder, or a flaw. Pure: no disk, no clock.
//!
//! ```text
//! {"v":1,"seq":7,"at":"2026-11-24T17:00:00.000Z","prev":"<64 hex>","event":{…},"hash":"<64 hex>"}⏎
//! ```
//! `hash` is the SHA-256 of the line's bytes before `,"hash":`; `prev` is the hash of the record before, 64 zeros in the
//! first. The frame is matched byte for byte, not as JSON: no other spelling of the same record is a record. So is the
//! event's name, which comes first in it: `{"type":"alive"}`, `{"type":"cancelled","external_id":…}`.

use super::Hash;
use crate::intent::Event;
use crate::model::{Timestamp, tame};
use crate::planted::{self, Mistake};
use chrono::{DateTime, SecondsFormat, Utc};
use std::io::BufRead;

/// The version of the record line written here, and the only one read.
pub const VERSION: u64 = 1;

/// The longest line, its newline included, in bytes.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;

const EVENT_KEY: &[u8] = b"{\"type\":";
const UNNAMED: &str = "it does not begin with its name";
const HASH_KEY: &[u8] = b",\"hash\":\"";
const CLOSE: &[u8] = b"\"}";
const TAIL: usize = HASH_KEY.len() + Hash::DIGITS + CLOSE.len();

/// Where a chain ends: the last record's sequence number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 where there is none yet.
    pub seq: u64,
    /// Its hash; zeros where there is none yet.
    pub hash: Hash,
}

impl Head {
    /// Before the first record.
    pub const GENESIS: Self = Self { seq: 0, hash: Hash::ZERO };

    /// Whether a record with `seq` and `prev` comes right after this one.
    ///
    /// # Errors
    /// [`Flaw::Sequence`] or [`Flaw::Chain`].
    pub fn is_before(self, seq: u64, prev: Hash) -> Result<(), Flaw> {
        let expected = self.seq.saturating_add(1);
        if seq != expected {
            return Err(Flaw::Sequence { expected, found: seq });
        }
        if prev == self.hash { Ok(()) } else { Err(Flaw::Chain) }
    }
}

/// Why bytes are not the record that belongs there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The line was written in another format.
    #[error("the record has format version {0}, and this treasuryd reads version {VERSION} only")]
    Version(u64),
    /// The line is not framed as a record.
    #[error("the line is not a record")]
    Shape,
    /// The line's bytes are not the ones that were written.
    #[error("the record's bytes do not match its hash")]
    Hash,
    /// A record is missing, doubled, or out of order.
    #[error("record {expected} should stand here, and {found} does")]
    Sequence {
        /// The number that follows the record before.
        expected: u64,
        /// The number in the line.
        found: u64,
    },
    /// The record before is not the one this was written after.
    #[error("the record does not follow the one before it (its `prev` is another hash)")]
    Chain,
    /// An intact line whose event is not known here.
    #[error("the record's event cannot be read: {0}")]
    Event(String),
    /// An event that cannot follow what was before it.
    #[error("the record cannot follow what was before it: {0}")]
    Illegal(String),
    /// Bytes without a newline where a line must have one.
    #[error("a record ends without its newline")]
    Unterminated,
    /// More than [`LONGEST_LINE`] bytes without a newline.
    #[error("a line is longer than {LONGEST_LINE} bytes")]
    TooLong,
}

/// One record, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// 1-based position in the journal.
    pub seq: u64,
    /// When it was recorded, to the millisecond.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// Its own hash.
    pub hash: Hash,
}

/// A record and where it starts in the bytes that were scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// Bytes before it.
    pub offset: usize,
    /// The record.
    pub record: Record,
}

/// The event as it stands in the line.
///
/// # Errors
/// [`Flaw::TooLong`] where no line could hold it; [`Flaw::Event`] where it cannot be written as JSON.
pub fn event_json(event: &Event) -> Result<Vec<u8>, Flaw> {
    const FRAME_AT_MOST: usize = 512;
    let json = serde_json::to_vec(event).map_err(|error| Flaw::Event(error.to_string()))?;
    // `{"name":{fields}}`, or `"name"` where there are no fields.
    let mut tagged = Vec::with_capacity(json.len() + EVENT_KEY.len());
    tagged.extend_from_slice(EVENT_KEY);
    if let Some((name, fields)) = json.strip_prefix(b"{").and_then(split_name) {
        tagged.extend_from_slice(name);
        tagged.push(b',');
        tagged.extend_from_slice(fields.strip_prefix(b":{").and_then(|it| it.strip_suffix(b"}")).unwrap_or(fields));
    } else {
        tagged.extend_from_slice(&json);
        tagged.push(b'}');
    }
    if tagged.len() > LONGEST_LINE - FRAME_AT_MOST { Err(Flaw::TooLong) } else { Ok(tagged) }
}

/// Reads what [`event_json`] writes.
///
/// # Errors
/// [`Flaw::Event`]; what serde says of it.
pub fn read_event(json: &[u8]) -> Result<Event, Flaw> {
    let said = |error: serde_json::Error| Flaw::Event(tame(&error.to_string(), 200));
    let (name, rest) =
        json.strip_prefix(EVENT_KEY).and_then(split_name).ok_or_else(|| Flaw::Event(UNNAMED.to_owned()))?;
    let Some(fields) = rest.strip_prefix(b",") else {
        return if rest == b"}" {
            serde_json::from_slice(name).map_err(said)
        } else {
            Err(Flaw::Event(UNNAMED.to_owned()))
        };
    };
    let untagged = [b"{", name, b":{", fields, b"}"].concat();
    serde_json::from_slice(&untagged).map_err(said)
}

/// A name in its quotes at the start, and what is behind it.
fn split_name(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = json.strip_prefix(b"\"")?;
    let length = name.iter().position(|byte| !matches!(byte, b'a'..=b'z' | b'_'))?;
    name.get(length..)?.starts_with(b"\"").then(|| json.split_at(length + 2))
}

/// Writes the record after `head` to the end of `out`, newline included; returns the new head.
pub fn encode(head: Head, at: Timestamp, event_json: &[u8], out: &mut Vec<u8>) -> Head {
    let start = out.len();
    let seq = head.seq + 1;
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let opening = format!("{{\"v\":{VERSION},\"seq\":{seq},\"at\":\"{at}\",\"prev\":\"{}\",\"event\":", head.hash);
    out.extend_from_slice(opening.as_bytes());
    out.extend_from_slice(event_json);
    let hash = Hash::of(&out[start..]);
    out.extend_from_slice(HASH_KEY);
    out.extend_from_slice(hash.as_bytes());
    out.extend_from_slice(CLOSE);
    out.push(b'\n');
    Head { seq, hash }
}

/// A line whose frame and hash are right; its event is not read yet.
pub(super) struct Line<'a> {
    pub seq: u64,
    at: &'a [u8],
    pub prev: Hash,
    event: &'a [u8],
    pub hash: Hash,
}

impl<'a> Line<'a> {
    /// Checks frame and hash of a line without its newline.
    pub fn check(line: &'a [u8]) -> Result<Self, Flaw> {
        let (version, rest) = line.strip_prefix(b"{\"v\":").and_then(number).ok_or(Flaw::Shape)?;
        if version != VERSION {
            return Err(Flaw::Version(version));
        }
        let (hashed, tail) = line.split_at_checked(line.len().saturating_sub(TAIL)).ok_or(Flaw::Shape)?;
        let digits = tail.strip_prefix(HASH_KEY).and_then(|tail| tail.strip_suffix(CLOSE)).ok_or(Flaw::Shape)?;
        let hash = Hash::read(digits).ok_or(Flaw::Shape)?;
        if Hash::of(hashed) != hash && !planted::is(Mistake::HashNotChecked) {
            return Err(Flaw::Hash);
        }
        let rest = rest.strip_suffix(tail).ok_or(Flaw::Shape)?;
        Self::fields(rest, hash).ok_or(Flaw::Shape)
    }

    fn fields(rest: &'a [u8], hash: Hash) -> Option<Self> {
        let (seq, rest) = number(rest.strip_prefix(b",\"seq\":")?)?;
        let rest = rest.strip_prefix(b",\"at\":\"")?;
        let (at, rest) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'"')?)?;
        let (prev, rest) = rest.strip_prefix(b"\",\"prev\":\"")?.split_at_checked(Hash::DIGITS)?;
        let event = rest.strip_prefix(b"\",\"event\":")?;
        Some(Self { seq, at, prev: Hash::read(prev)?, event, hash })
    }

    /// Reads instant and event.
    pub fn record(&self) -> Result<Record, Flaw> {
        let at = std::str::from_utf8(self.at).ok().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let at = at.ok_or(Flaw::Shape)?.with_timezone(&Utc);
        let event = read_event(self.event)?;
        Ok(Record { seq: self.seq, at, event, hash: self.hash })
    }
}

/// A run of digits at the start, as a number, and what is behind it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(bytes.iter().position(|byte| !byte.is_ascii_digit())?)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// What a run of lines holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scanned {
    /// Number and `prev` of the first line: to be held against the head of what was before.
    pub first: Option<(u64, Hash)>,
    /// The last line's end of the chain.
    pub head: Option<Head>,
    /// The records that were asked for.
    pub records: Vec<Framed>,
    /// Bytes in whole, good lines. What is behind them is a remainder without a newline, or the flaw.
    pub end: usize,
    /// What is wrong with the line at `end`.
    pub flaw: Option<Flaw>,
}

/// Reads lines until the bytes, or the good ones among them, end. Frame, hash and chain of every line are checked;
/// events are read only from records numbered above `after`.
#[must_use]
pub fn scan(bytes: &[u8], after: u64) -> Scanned {
    let mut scanned = Scanned::default();
    while scanned.flaw.is_none() {
        let mut rest = bytes.get(scanned.end..).unwrap_or_default();
        let line = rest;
        let length = rest.skip_until(b'\n').unwrap_or_default();
        let Some((b'\n', line)) = line.get(..length).and_then(<[u8]>::split_last) else { break };
        scanned.flaw = scanned.take(line, after).err();
        if scanned.flaw.is_none() {
            scanned.end += length;
        }
    }
    scanned
}

impl Scanned {
    fn take(&mut self, line: &[u8], after: u64) -> Result<(), Flaw> {
        if line.len() >= LONGEST_LINE {
            return Err(Flaw::TooLong);
        }
        let line = Line::check(line)?;
        if let Some(head) = self.head {
            head.is_before(line.seq, line.prev)?;
        }
        if line.seq > after {
            self.records.push(Framed { offset: self.end, record: line.record()? });
        }
        self.first.get_or_insert((line.seq, line.prev));
        self.head = Some(Head { seq: line.seq, hash: line.hash });
        Ok(())
    }
}

/// Whether bytes without a newline begin with a whole record and go on: no torn write looks like that, so a newline was
/// changed into something else.
#[must_use]
pub(super) fn hides_a_record(remainder: &[u8]) -> bool {
    let closes = |at: &usize| remainder[*at..].starts_with(HASH_KEY);
    let whole = |at: usize| remainder.get(..at + TAIL).is_some_and(|line| Line::check(line).is_ok());
    (0..remainder.len().saturating_sub(TAIL)).filter(closes).any(whole)
}
