//! Hostile bytes from outside the program: what the fuzz targets ask (`fuzz/`) is asked with every test run too, of the
//! corpus, of random bytes, and of corpus files with a few wrong bytes. The policies' own are in `policy::read`.

use crate::intent::Event;
use crate::journal::read_event;
use crate::{books, kpay, settings};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

type Examine = fn(&[u8]) -> Result<(), String>;

/// Target by target: the folder of its corpus, its entry, and the fewest files there.
const TARGETS: [(&str, Examine, usize); 5] = [
    ("replies", kpay::soundness::replies, 30),
    ("token", kpay::soundness::token, 10),
    ("retry_after", kpay::soundness::retry_after, 10),
    ("journal", books::soundness::examine, 15),
    ("config", settings::soundness::examine, 8),
];

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn the_corpora_of_the_fuzzer_hold() {
    for (name, examine, fewest) in TARGETS {
        let files = corpus(name);
        assert!(files.len() >= fewest, "{name}: {}", files.len());
        for bytes in files {
            assert_eq!(examine(&bytes), Ok(()), "{name}: {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}

/// The kinds of events, and the place of each: a new kind does not compile until it has one here, and is missed in the
/// corpus until a journal there has it.
fn kind(event: &Event) -> (usize, usize) {
    let place = match event {
        Event::Opened { .. } => 0,
        Event::Started { .. } => 1,
        Event::Copied { .. } => 2,
        Event::Alive => 3,
        Event::Observed { .. } => 4,
        Event::Fell { .. } => 5,
        Event::Breached { .. } => 6,
        Event::Rose { .. } => 7,
        Event::CameBack { .. } => 8,
        Event::Released { .. } => 9,
        Event::PoliciesInForce { .. } => 10,
        Event::PoliciesAccepted { .. } => 11,
        Event::Decided { .. } => 12,
        Event::Requested { .. } => 13,
        Event::Attempted { .. } => 14,
        Event::NotSent { .. } => 15,
        Event::Unknown { .. } => 16,
        Event::Accepted { .. } => 17,
        Event::Followed { .. } => 18,
        Event::Returned { .. } => 19,
        Event::Applied { .. } => 20,
        Event::Rejected { .. } => 21,
        Event::NeedsOperator { .. } => 22,
        Event::Cancelled { .. } => 23,
        Event::Approved { .. } => 24,
        Event::Declined { .. } => 25,
        Event::Resolved { .. } => 26,
        Event::Paused { .. } => 27,
        Event::Resumed { .. } => 28,
    };
    (place, 29)
}

/// A fuzzer does not invent the names of events: what no journal of its corpus holds it never tries.
#[test]
fn the_journals_of_the_corpus_hold_every_kind_of_event() {
    let files = corpus("journal");
    let events = files.iter().flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
    let events = events.filter_map(|line| read_event(line).ok());
    let (mut seen, mut kinds) = (BTreeSet::new(), 1);
    for event in events {
        let (place, of) = kind(&event);
        seen.insert(place);
        kinds = of;
    }
    let missed: Vec<_> = (0..kinds).filter(|place| !seen.contains(place)).collect();
    assert_eq!(missed, Vec::<usize>::new());
}

#[test]
fn arbitrary_bytes_hold() {
    for (name, examine, _) in TARGETS {
        let mut runner =
            TestRunner::new(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() });
        let done = runner.run(&proptest::collection::vec(any::<u8>(), 0..300), |bytes| {
            prop_assert_eq!(examine(&bytes), Ok(()));
            Ok(())
        });
        assert!(done.is_ok(), "{name}: {done:?}");
    }
}

#[test]
fn good_ones_with_a_few_wrong_bytes_hold() {
    for (name, examine, _) in TARGETS {
        let files = corpus(name);
        let mut runner =
            TestRunner::new(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() });
        let edits = (any::<prop::sample::Index>(), 0_usize..9, "[-a-z0-9_:,.\"\\[\\]{}=\\\\ \t\n]{0,6}");
        let changed = (any::<prop::sample::Index>(), proptest::collection::vec(edits, 1..5));
        let done = runner.run(&changed, |(which, edits)| {
            let mut bytes = which.get(&files).clone();
            for (at, removed, put) in edits {
                let start = at.index(bytes.len() + 1);
                let end = (start + removed).min(bytes.len());
                bytes.splice(start..end, put.into_bytes());
            }
            prop_assert_eq!(examine(&bytes), Ok(()));
            Ok(())
        });
        assert!(done.is_ok(), "{name}: {done:?}");
    }
}
