//! The index says nothing of its own: without it, with a wrong one, with an old one, everything is the same.

use super::fixture::{applied, attempted, copy, decided, fill, id, open, opened, slot};
use crate::intent::{Outcome, State, Tracked};
use crate::journal::{IndexFate, ReadOnly};
use std::fs;
use std::path::Path;

const MOVES: i64 = 5;

/// Everything that can be asked of a store.
fn all_answers(dir: &Path) -> (State, Vec<Tracked>, Vec<Option<Tracked>>, u64) {
    let (store, _) = open(dir);
    let found = (0..MOVES + 2).map(|n| store.find(&id(n)).unwrap()).collect();
    (store.with_state(State::clone), store.history(None).unwrap(), found, store.records())
}

#[test]
fn reopening_gives_the_same_state_as_living_through_it() {
    let home = tempfile::tempdir().unwrap();
    let (store, _) = open(home.path());
    store.append_blocking(slot(0).instant(), vec![opened(), decided(0), attempted(0), applied(0)]).unwrap();
    store.append_blocking(slot(1).instant(), vec![decided(1), attempted(1)]).unwrap();
    let (state, head) = (store.with_state(State::clone), store.head_hash());
    assert_eq!(store.find(&id(0)).unwrap().map(|tracked| tracked.outcome), Some(Outcome::Applied));
    let history = store.history(None).unwrap();
    drop(store);
    let (again, report) = open(home.path());
    assert_eq!(report.index, IndexFate::Current { behind_by: 0 });
    assert_eq!((again.with_state(State::clone), again.head_hash(), again.records()), (state, head, 6));
    assert_eq!(again.history(None).unwrap(), history);
    assert_eq!(history.iter().map(|tracked| tracked.outcome).collect::<Vec<_>>(), [Outcome::Sending, Outcome::Applied]);
    assert_eq!(again.history(Some(1)).unwrap(), history[..1]);
    assert_eq!(ReadOnly::open(home.path()).unwrap().history(Some(1)).unwrap(), history[..1]);
}

#[test]
fn deleting_or_spoiling_the_index_changes_nothing() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 10] = [
        ("deleted", |index| fs::remove_dir_all(index).unwrap()),
        ("a file in its place", |index| {
            fs::remove_dir_all(index).unwrap();
            fs::write(index, b"garbage").unwrap();
        }),
        ("garbage in it", |index| {
            for file in ["db", "conf"] {
                fs::write(index.join(file), vec![0x5a; 70_000]).unwrap();
            }
        }),
        ("cut short", |index| fs::OpenOptions::new().write(true).open(index.join("db")).unwrap().set_len(100).unwrap()),
        ("a leftover of sled's", |index| fs::write(index.join("snap.0000000000000001.generating"), b"x").unwrap()),
        ("flipped bits", |index| {
            let mut bytes = fs::read(index.join("db")).unwrap();
            bytes.iter_mut().step_by(101).for_each(|byte| *byte ^= 0x10);
            fs::write(index.join("db"), bytes).unwrap();
        }),
        ("no state", |index| fs::remove_file(index.join("state.json")).unwrap()),
        ("a state cut short", |index| fs::write(index.join("state.json"), b"{\"identity\":").unwrap()),
        ("another state", |index| {
            let state = fs::read_to_string(index.join("state.json")).unwrap();
            fs::write(index.join("state.json"), state.replace("230000", "1")).unwrap();
        }),
        ("a folder in the state's place", |index| {
            fs::remove_file(index.join("state.json")).unwrap();
            fs::create_dir(index.join("state.json")).unwrap();
        }),
    ];
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), MOVES);
    let expected = all_answers(home.path());
    assert_eq!((expected.1.len(), expected.3), (6, 17));
    for (name, change) in changes {
        change(&home.path().join("index"));
        assert_eq!(all_answers(home.path()), expected, "{name}");
        let (_, report) = open(home.path());
        assert_eq!(report.index, IndexFate::Current { behind_by: 0 }, "{name}: rebuilt, and good at the next start");
    }
    let kept = fs::read_dir(home.path()).unwrap();
    let kept = kept.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("damaged"));
    assert!(kept.count() <= 1, "only one damaged index is kept");
}

/// What a crash leaves within one checkpoint.
#[test]
fn a_checkpoint_cut_short_at_any_point_costs_nothing() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 3] = [
        ("the state half written, the anchor still the old one", |index| {
            fs::write(index.join("state.json.new"), b"{\"identity\":").unwrap();
        }),
        ("a newer state written, the anchor still the old one", |index| {
            fs::write(index.join("state.json.new"), serde_json::to_vec(&State::default()).unwrap()).unwrap();
        }),
        ("the anchor written, the state still under its second name", |index| {
            fs::rename(index.join("state.json"), index.join("state.json.new")).unwrap();
            fs::write(index.join("state.json"), serde_json::to_vec(&State::default()).unwrap()).unwrap();
        }),
    ];
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), MOVES);
    let expected = all_answers(home.path());
    for (name, change) in changes {
        change(&home.path().join("index"));
        let (store, report) = open(home.path());
        assert_eq!(report.index, IndexFate::Current { behind_by: 0 }, "{name}");
        drop(store);
        assert_eq!(all_answers(home.path()), expected, "{name}");
    }
}

#[test]
fn an_index_behind_the_journal_is_caught_up() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 2);
    let old = home.path().join("index.old");
    copy(&home.path().join("index"), &old);
    let (store, _) = open(home.path());
    store.append_blocking(slot(2).instant(), vec![attempted(2), applied(2), decided(3)]).unwrap();
    drop(store);
    let expected = all_answers(home.path());
    fs::remove_dir_all(home.path().join("index")).unwrap();
    fs::rename(&old, home.path().join("index")).unwrap();
    let (store, report) = open(home.path());
    assert_eq!(report.index, IndexFate::Current { behind_by: 3 });
    assert_eq!(store.find(&id(2)).unwrap().map(|tracked| tracked.outcome), Some(Outcome::Applied));
    drop(store);
    assert_eq!(all_answers(home.path()), expected);
}

#[test]
fn an_index_of_another_journal_is_not_believed() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(home.path(), MOVES);
    let expected = all_answers(home.path());
    let (store, _) = open(other.path());
    store.append_blocking(slot(0).instant(), vec![opened(), decided(100), attempted(100)]).unwrap();
    drop(store);
    fs::remove_dir_all(home.path().join("index")).unwrap();
    copy(&other.path().join("index"), &home.path().join("index"));
    assert_eq!(all_answers(home.path()), expected);
}

#[test]
fn d05_an_older_copy_opens_and_says_what_is_missing_when_only_the_journal_is_old() {
    let (home, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(home.path(), 2);
    copy(home.path(), backup.path());
    let expected = all_answers(backup.path());
    let (store, _) = open(home.path());
    store.append_blocking(slot(2).instant(), vec![attempted(2), applied(2)]).unwrap();
    drop(store);
    assert_eq!(all_answers(backup.path()), expected);

    fs::remove_dir_all(home.path().join("journal")).unwrap();
    copy(&backup.path().join("journal"), &home.path().join("journal"));
    let (_, report) = open(home.path());
    assert_eq!((report.records, report.index_had_seen), (8, Some(10)));
    assert!(report.copied.is_some(), "{report:?}");
}

#[test]
fn an_index_of_an_older_shape_is_built_anew() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), MOVES);
    let expected = all_answers(home.path());
    let index = sled::open(home.path().join("index")).unwrap();
    let anchor = String::from_utf8(index.get("anchor").unwrap().unwrap().to_vec()).unwrap();
    let (format, rest) = anchor.split_once(' ').unwrap();
    assert_eq!(format, "treasuryd-index/12", "raised with every change of the shape of what is stored");
    index.insert("anchor", format!("treasuryd-index/5 {rest}").as_bytes()).unwrap();
    index.flush().unwrap();
    drop(index);
    let (store, report) = open(home.path());
    assert!(matches!(report.index, IndexFate::Rebuilt { .. }), "{report:?}");
    drop(store);
    assert_eq!(all_answers(home.path()), expected);
}
