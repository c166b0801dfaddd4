//! d10: torn writes are cut and reported; everything else that is not what was written is refused.

use super::fixture::{applied, at, attempted, decided, fill, id, open, opened, segment, segments, slot, whole_move};
use crate::intent::Outcome;
use crate::journal::frame::hides_a_record;
use crate::journal::{Flaw, ReadOnly, Store, StoreError, records, scan, verify};
use std::fs;
use std::path::Path;

fn without_index(dir: &Path) {
    fs::remove_dir_all(dir.join("index")).unwrap();
}

fn flaw_of(result: Result<(Store, crate::journal::OpenReport), StoreError>) -> Flaw {
    match result {
        Err(StoreError::Damaged(damage) | StoreError::Version(damage)) => damage.what,
        other => panic!("damage was not noticed: {other:?}"),
    }
}

#[test]
fn d10_a_last_record_torn_at_any_byte_is_cut_and_reported() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 1);
    let (path, whole) = segment(home.path());
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in last..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let report = verify(home.path()).unwrap();
        assert_eq!((report.records, report.damage), (4, None), "cut at {cut}");
        assert_eq!(report.torn_tail_bytes, (cut - last) as u64, "cut at {cut}");
        // A start takes a hundred times as long; some will do.
        if cut % 61 == 0 || cut == whole.len() - 1 {
            check_that_opening_cuts(home.path(), last, cut);
        }
    }
    // What was cut can be recorded again, to the same bytes.
    let (store, _) = open(home.path());
    store.append_blocking(slot(1).instant(), vec![decided(1)]).unwrap();
    drop(store);
    assert_eq!(fs::read(&path).unwrap(), whole);
}

fn check_that_opening_cuts(dir: &Path, last: usize, cut: usize) {
    // Every other time with the index, which may be ahead of the journal.
    if cut.is_multiple_of(2) {
        without_index(dir);
    }
    let (path, torn) = segment(dir);
    let (store, report) = open(dir);
    assert_eq!(report.records, 4, "cut at {cut}");
    assert_eq!(report.torn.map_or(0, |torn| torn.bytes), (cut - last) as u64, "cut at {cut}");
    assert_eq!(store.find(&id(1)).unwrap(), None, "cut at {cut}");
    drop(store);
    assert_eq!(fs::read(&path).unwrap(), torn[..last], "cut at {cut}");
}

#[test]
fn d10_every_flipped_bit_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 0);
    let (path, whole) = segment(home.path());
    for index in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[index] ^= 1 << bit;
            let scanned = scan(&flipped, 0);
            let is_noticed = scanned.flaw.is_some() || hides_a_record(&flipped[scanned.end..]);
            assert!(is_noticed, "byte {index} bit {bit}");
            if (index * 8 + bit) % 61 == 0 || index == whole.len() - 1 {
                fs::write(&path, &flipped).unwrap();
                flaw_of(Store::open(home.path()));
                assert_eq!(fs::read(&path).unwrap(), flipped, "damage must be left as it is");
                assert!(verify(home.path()).unwrap().damage.is_some(), "byte {index} bit {bit}");
                assert!(records(home.path()).unwrap().any(|record| record.is_err()), "byte {index} bit {bit}");
            }
        }
    }
}

#[test]
fn d10_damage_is_placed_and_can_be_looked_at() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 1);
    let (path, whole) = segment(home.path());
    let text = String::from_utf8(whole).unwrap().replacen("\"attempt\":1", "\"attempt\":2", 1);
    fs::write(&path, &text).unwrap();
    let Err(StoreError::Damaged(damage)) = Store::open(home.path()) else { panic!("must be refused") };
    let start = text.lines().take(2).map(|line| line.len() + 1).sum::<usize>();
    assert_eq!((damage.line, damage.byte, &damage.what), (3, start as u64, &Flaw::Hash));
    assert_eq!(damage.segment, "2026-11.jsonl");
    let (read, error) = ReadOnly::open_damaged(home.path());
    assert_eq!((read.records(), error), (2, Some(StoreError::Damaged(damage.clone()))));
    assert_eq!(read.find(&id(0)).unwrap().unwrap().outcome, Outcome::Planned);
    assert_eq!(verify(home.path()).unwrap().damage, Some(damage));
}

/// Three segments of one move each.
fn three_months(dir: &Path) {
    let (store, _) = open(dir);
    store.append_blocking(at("2026-09-01T00:00:00Z"), vec![opened()]).unwrap();
    for (n, month) in ["2026-09", "2026-10", "2026-11"].into_iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        store.append_blocking(at(&format!("{month}-15T12:00:00Z")), whole_move(n).to_vec()).unwrap();
    }
}

#[test]
fn d10_a_missing_swapped_or_shortened_segment_is_noticed() {
    type Change = fn(&[(std::path::PathBuf, Vec<u8>)]);
    let changes: [(&str, Change); 5] = [
        ("first missing", |all| fs::remove_file(&all[0].0).unwrap()),
        ("middle missing", |all| fs::remove_file(&all[1].0).unwrap()),
        ("middle emptied", |all| fs::write(&all[1].0, b"").unwrap()),
        ("swapped", |all| {
            fs::write(&all[0].0, &all[1].1).unwrap();
            fs::write(&all[1].0, &all[0].1).unwrap();
        }),
        ("middle torn", |all| fs::write(&all[1].0, &all[1].1[..all[1].1.len() - 5]).unwrap()),
    ];
    for (name, change) in changes {
        let home = tempfile::tempdir().unwrap();
        three_months(home.path());
        let all = segments(home.path());
        assert_eq!(all.len(), 3);
        change(&all);
        assert!(verify(home.path()).unwrap().damage.is_some(), "{name}");
        // With the index only the current segment is read at first; the others are verified behind it.
        let (store, _) = open(home.path());
        wait_until(|| store.is_read_only().is_some());
        let refused = store.append_blocking(at("2026-11-16T12:00:00Z"), vec![decided(9)]);
        assert!(matches!(refused, Err(StoreError::Damaged(_))), "{name}: {refused:?}");
        drop(store);
        without_index(home.path());
        flaw_of(Store::open(home.path()));
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited for five seconds");
}

#[test]
fn d12_another_format_is_refused_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 0);
    let (path, whole) = segment(home.path());
    fs::write(&path, String::from_utf8(whole).unwrap().replace("\"v\":1", "\"v\":2")).unwrap();
    let error = Store::open(home.path()).unwrap_err();
    assert!(matches!(error, StoreError::Version(_)) && error.is_refusal());
    assert!(error.to_string().contains("version 2") && error.to_string().contains("newer"), "{error}");
}

#[test]
fn d01_a_copy_taken_at_any_moment_opens() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 2);
    let (path, whole) = segment(home.path());
    let lines =
        |bytes: &[u8]| bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).count() as u64;
    for cut in (0..whole.len()).step_by(41) {
        let copy = tempfile::tempdir().unwrap();
        let journal = copy.path().join("journal");
        fs::create_dir(&journal).unwrap();
        fs::write(journal.join(path.file_name().unwrap()), &whole[..cut]).unwrap();
        let (_, report) = open(copy.path());
        assert_eq!(report.records, lines(&whole[..cut]), "cut at {cut}");
    }
}

#[test]
fn an_event_that_cannot_follow_is_damage_in_a_file_and_ends_recording_in_a_store() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 0);
    let (store, _) = open(home.path());
    let refused = store.append_blocking(slot(0).instant(), vec![applied(0)]);
    assert!(matches!(refused, Err(StoreError::Illegal(_))), "{refused:?}");
    let refused = store.append_blocking(slot(0).instant(), vec![attempted(0)]);
    assert!(matches!(refused, Err(StoreError::Illegal(_))), "{refused:?}");
    drop(store);
    assert_eq!(open(home.path()).1.records, 2);

    let (path, mut whole) = segment(home.path());
    let head = crate::journal::scan(&whole, 0).head.unwrap();
    let json = crate::journal::event_json(&applied(0)).unwrap();
    crate::journal::encode(head, slot(0).instant(), &json, &mut whole);
    fs::write(path, whole).unwrap();
    assert!(matches!(flaw_of(Store::open(home.path())), Flaw::Illegal(_)));
    let (read, error) = ReadOnly::open_damaged(home.path());
    assert!(error.is_some());
    assert_eq!((read.records(), read.state().open.len()), (2, 1));
}
