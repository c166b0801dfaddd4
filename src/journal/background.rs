//! Verification of the segments that a start from the index did not read. Damage there ends recording.

use super::frame::Head;
use super::scan::Scan;
use super::segment::Segment;
use super::shared::Shared;
use super::{Flaw, StoreError};
use std::sync::atomic::AtomicBool;

/// Checks every record of `older` and that its chain leads to `end`.
pub(super) fn verify(older: &[Segment], end: Head, stop: &AtomicBool) -> Result<(), StoreError> {
    let scan = Scan { segments: older, before: Some(Head::GENESIS), after: u64::MAX, threads: 1, stop };
    let outcome = scan.run(&mut |_, _| Ok(()))?;
    let Some(last) = older.last() else { return Ok(()) };
    if outcome.torn.is_some() {
        return Err(StoreError::damaged(last, outcome.end, Flaw::Unterminated));
    }
    let leads_on = outcome.head.is_before(end.seq.saturating_add(1), end.hash);
    leads_on.map_err(|flaw| StoreError::damaged(last, outcome.end, flaw))
}

/// The thread's work.
pub(super) fn run(older: &[Segment], end: Head, stop: &AtomicBool, shared: &Shared) {
    match verify(older, end, stop) {
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => shared.refuse(error),
    }
}
