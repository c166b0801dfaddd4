//! What must hold whatever a journal's bytes are: one entry for the fuzz target (`fuzz/`) and for the property tests.
//!
//! Not part of the program: it is there for tests and fuzzing only.

use super::{Books, BooksError, Payouts, Rates, TrialBalance};
use crate::intent::State;
use crate::journal::{Head, Record, encode, scan};
use crate::model::Timestamp;
use crate::policy::soundness::hold;
use chrono::{DateTime, TimeDelta};

/// Reads any bytes as a journal, and each of their lines as the event of a record that is framed as it should be.
///
/// # Errors
/// What does not hold.
pub fn examine(bytes: &[u8]) -> Result<(), String> {
    let raw = scan(bytes, 0);
    hold(raw.end <= bytes.len(), || format!("{} of {} bytes are good", raw.end, bytes.len()))?;
    let again = scan(&bytes[..raw.end], 0);
    hold(again.records == raw.records && again.flaw.is_none(), || "what is good is not good alone".to_owned())?;

    let (journal, starts) = framed(bytes);
    let whole = scan(&journal, 0);
    in_their_places(&whole.records.iter().map(|framed| framed.offset).collect::<Vec<_>>(), &starts)?;
    // Where the bytes themselves say, so that the fuzzer decides.
    let place = bytes.iter().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    cut(&journal, &starts, place)?;
    changed(&journal, &starts, place)?;
    retold(&whole.records.into_iter().map(|framed| framed.record).collect::<Vec<_>>())
}

/// A journal with each line as an event, and where its records begin.
fn framed(bytes: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut journal, mut starts, mut head) = (Vec::new(), Vec::new(), Head::GENESIS);
    let mut at: Timestamp = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        starts.push(journal.len());
        head = encode(head, at, line, &mut journal);
        at += TimeDelta::seconds(30);
    }
    (journal, starts)
}

fn in_their_places(offsets: &[usize], starts: &[usize]) -> Result<(), String> {
    hold(starts.starts_with(offsets), || format!("records at {offsets:?}, written at {starts:?}"))
}

/// A torn write: what is whole is read, and nothing else.
fn cut(journal: &[u8], starts: &[usize], place: usize) -> Result<(), String> {
    let cut = place % (journal.len() + 1);
    let scanned = scan(&journal[..cut], 0);
    hold(scanned.end <= cut, || format!("cut at {cut}, good up to {}", scanned.end))?;
    let whole = starts.iter().skip(1).filter(|start| **start <= cut).count() + usize::from(cut == journal.len());
    hold(scanned.records.len() <= whole, || format!("cut at {cut}: {} records of {whole}", scanned.records.len()))
}

/// A flipped bit: the record it is in, and whatever follows, is not believed.
fn changed(journal: &[u8], starts: &[usize], place: usize) -> Result<(), String> {
    let Some(at) = place.checked_rem(journal.len()) else { return Ok(()) };
    let mut journal = journal.to_vec();
    journal[at] ^= 1 << (place / journal.len() % 8);
    let before = starts.iter().filter(|start| **start <= at).count() - 1;
    let believed = scan(&journal, 0).records.len();
    hold(believed <= before, || format!("bit {at} flipped in record {before}, and {believed} were believed"))
}

/// The state and the books are made from what was read, or say that they cannot be.
fn retold(records: &[Record]) -> Result<(), String> {
    let (mut state, mut books, mut balance) = (State::default(), Books::new(), TrialBalance::new());
    let (mut rates, mut payouts) = (Rates::new(10), Payouts::new(10));
    let mut told = 0;
    for record in records {
        if state.apply(record.at, &record.event).is_err() {
            break;
        }
        match books.apply(record.seq, record.at, &record.event) {
            Ok(()) => {}
            // The amounts of a journal that nobody wrote need not be ones that can be reckoned with.
            Err(BooksError::Money { .. }) => break,
            Err(error) => return Err(format!("the state takes record {} and the books do not: {error}", record.seq)),
        }
        payouts.observe(&record.event);
        for entry in &books.entries()[told..] {
            if balance.add(entry).is_err() {
                return Ok(());
            }
            rates.add(entry);
            payouts.add(entry);
        }
        told = books.entries().len();
        match balance.totals() {
            Ok(_) | Err(BooksError::Money { .. }) => {}
            Err(error) => return Err(format!("after record {}: {error}", record.seq)),
        }
    }
    let kept = rates.newest_first().len();
    hold(kept <= 10 + rates.pending(), || format!("{kept} rates are kept"))?;
    let open = payouts.newest_first().iter().filter(|row| row.ended_at.is_none()).count();
    let kept = payouts.newest_first().len();
    hold(kept <= 10 + open, || format!("{kept} payouts are kept, {open} of them open"))
}
