//! What a set of policies on disk is compared with, where the journal does not simply have it.

use super::*;
use crate::daemon::{Judged, judge};
use crate::intent::PolicyText;
use crate::policy::{PolicySet, hash};

const LOOSER: &str = "version: 1
policies:
  - name: evening
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 50_000 XAF }
";

fn source(text: &str) -> SourceFile {
    SourceFile { path: "p.yaml".to_owned(), text: text.to_owned() }
}

fn set(text: &str) -> Arc<PolicySet> {
    Arc::new(parse(&[source(text)]).unwrap().set)
}

/// What becomes of the looser set where `text` was last in force, and the record has it or not: `passes`, `waits` or
/// `waits alone`, without knowing what to go on with.
fn judged(text: &str, recorded: bool) -> (&'static str, String) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("state");
    let (store, _) = Store::open(&dir).unwrap();
    let last = hash(&[source(text)]);
    let file = PolicyText { name: "p.yaml".to_owned(), text: text.to_owned() };
    let files = recorded.then_some(file).into_iter().collect();
    let event = Event::PoliciesInForce { hash: last.clone(), count: 1, files };
    store.append_blocking("2026-11-24T17:00:00Z".parse().unwrap(), vec![event]).unwrap();
    match judge(&dir, Some(&last), &set(LOOSER)).unwrap() {
        Judged::Passes => ("passes", String::new()),
        Judged::Waits(held, Some(before)) => {
            assert_eq!(before.hash, last);
            ("waits", held.sentence())
        }
        Judged::Waits(held, None) => ("waits alone", held.sentence()),
    }
}

#[test]
fn what_cannot_be_compared_waits() {
    assert_eq!(judged(LOOSER, true).0, "passes");
    assert_eq!(judged(LOOSER, false).0, "passes", "the same hash needs no text");
    let (what, why) = judged(POLICY, true);
    assert!(what == "waits" && why.contains("50 000") && why.contains("100 000"), "{what}: {why}");
    // Records of older versions have no texts.
    let (what, why) = judged(POLICY, false);
    assert!(what == "waits alone" && why.contains("is not in the journal"), "{what}: {why}");
    // What an older version took may be refused by a newer one.
    let (what, why) = judged("version: 1\npolicies:\n  - name: evening\n    teleport: GAB\n", true);
    assert!(what == "waits alone" && why.contains("cannot be read any more"), "{what}: {why}");
    assert!(
        matches!(judge(std::path::Path::new("/nonexistent"), None, &set(LOOSER)), Ok(Judged::Passes)),
        "nothing yet"
    );
}
