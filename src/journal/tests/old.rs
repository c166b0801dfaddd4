//! Journals that older versions wrote must stay readable for ever. `tests/data/journal/format-1.jsonl` was written by
//! the first version of the format, before approvals, policy texts and what a plan was made with; it is never rewritten.

use super::fixture::{id, open};
use crate::intent::{Event, Outcome};
use crate::journal::{ReadOnly, records, verify};
use std::path::Path;

fn old_state() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journal/format-1.jsonl");
    std::fs::create_dir(home.path().join("journal")).unwrap();
    std::fs::copy(golden, home.path().join("journal/2026-11.jsonl")).unwrap();
    home
}

#[test]
fn a_journal_of_the_first_version_reads_as_it_did_then() {
    let home = old_state();
    let report = verify(home.path()).unwrap();
    assert_eq!((report.records, report.damage), (32, None));
    let (store, _) = open(home.path());
    let expected = [
        Outcome::Applied,
        Outcome::Planned,
        Outcome::Unknown,
        Outcome::Rejected,
        Outcome::Rejected,
        Outcome::Cancelled,
        Outcome::Applied,
        Outcome::Planned,
    ];
    for (n, outcome) in (0..).zip(expected) {
        assert_eq!(store.find(&id(n)).unwrap().unwrap().outcome, outcome, "intent {n}");
    }
    let state = ReadOnly::open(home.path()).unwrap().state().clone();
    assert_eq!(store.with_state(Clone::clone), state, "the lock's holder and a reader see the same");
    assert_eq!(state.standing.holds.len(), 3);
    assert_eq!(state.policy_hash, Some("ab".repeat(32)));
    assert!(!state.standing.paused_all && state.standing.paused.is_empty());
}

/// What is read and written again is, byte for byte, what stood there: no field is added to what old records say.
#[test]
fn an_old_record_written_again_is_the_same() {
    let home = old_state();
    let mut kinds = std::collections::BTreeSet::new();
    for record in records(home.path()).unwrap() {
        let record = record.unwrap();
        let json = String::from_utf8(crate::journal::event_json(&record.event).unwrap()).unwrap();
        let text = std::fs::read_to_string(home.path().join("journal/2026-11.jsonl")).unwrap();
        assert!(text.contains(&json), "record {}", record.seq);
        kinds.insert(json.split('"').nth(3).unwrap().to_owned());
        assert!(!matches!(&record.event, Event::PoliciesInForce { files, .. } if !files.is_empty()));
    }
    assert_eq!(kinds.len(), 16, "every kind of event of then is among them: {kinds:?}");
}
