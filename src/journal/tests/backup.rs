//! Backups: taken at any byte of a write, never over anything, and checked for what was taken.

use super::fixture::{at, fill, open, segment, segments, slot, whole_move};
use crate::intent::Event;
use crate::journal::{Comparison, StoreError, back_up, check_copy};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const NOON: &str = "2026-11-24T12:00:00Z";

fn take(dir: &Path, name: &str) -> std::path::PathBuf {
    let target = dir.join(name);
    back_up(dir, &target, at(NOON)).unwrap();
    target
}

#[test]
fn a_backup_has_what_was_whole_and_nothing_for_others_to_read() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 2);
    let (store, _) = open(home.path());
    let target = home.path().join("copy");
    let backup = back_up(home.path(), &target, at(NOON)).unwrap();
    assert_eq!((backup.records, backup.segments), (8, 1));
    assert_eq!(backup.head_hash, store.head_hash().to_string());
    assert_eq!(segments(&target)[0].1, segments(home.path())[0].1);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&target), mode(&target.join("journal"))), (0o700, 0o700));
    assert_eq!((mode(&target.join("backup.json")), mode(&segments(&target)[0].0)), (0o600, 0o600));
    let names: Vec<_> = std::fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no lock, no index, no requests: {names:?}");
}

#[test]
fn a_backup_at_any_byte_of_a_write_is_a_beginning_of_the_journal() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 1);
    let (path, bytes) = segment(home.path());
    let full = check_copy(&take(home.path(), "full"), None).unwrap().found.records;
    for cut in (0..=bytes.len()).step_by(97) {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let target = take(home.path(), &format!("cut-{cut}"));
        std::fs::write(&path, &bytes).unwrap();
        let lines = bytes[..cut].split(|byte| *byte == b'\n').count() as u64 - 1;
        let checked = check_copy(&target, Some(home.path())).unwrap();
        assert_eq!((checked.found.records, checked.found.torn_tail_bytes), (lines, 0), "{cut}");
        let expected = if lines == full { Comparison::Same } else { Comparison::Older { lacks: full - lines } };
        assert_eq!((checked.comparison, checked.broken_promise), (Some(expected), None), "{cut}");
    }
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_nothing_of_a_failed_one() {
    let home = tempfile::tempdir().unwrap();
    let there = home.path().join("there");
    assert!(matches!(back_up(home.path(), &there, at(NOON)), Err(StoreError::NoJournal { .. })));
    fill(home.path(), 1);
    std::fs::create_dir(&there).unwrap();
    std::os::unix::fs::symlink("nowhere", home.path().join("link")).unwrap();
    std::fs::write(home.path().join("file"), "").unwrap();
    for name in ["there", "link", "file", "journal/.."] {
        let refused = back_up(home.path(), &home.path().join(name), at(NOON)).unwrap_err();
        assert!(matches!(refused, StoreError::Exists { .. }) && refused.is_refusal(), "{name}: {refused}");
    }
    assert!(back_up(home.path(), &home.path().join("no/such"), at(NOON)).is_err());

    let (path, bytes) = segment(home.path());
    let mut damaged = bytes.clone();
    // Its last newline: what is behind the one before is no torn write.
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(path, damaged).unwrap();
    let before = std::fs::read_dir(home.path()).unwrap().count();
    let refused = back_up(home.path(), &home.path().join("damaged"), at(NOON)).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), before);
}

#[test]
fn what_is_missing_changed_or_parted_is_found() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 2);
    let copy = take(home.path(), "copy");
    let (path, bytes) = segment(&copy);
    let broken = |text: &[u8]| {
        std::fs::write(&path, text).unwrap();
        check_copy(&copy, Some(home.path())).unwrap()
    };

    // Cut at the end of a record: the chain is whole, but not all is there.
    let end = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let cut = broken(&bytes[..end]);
    assert!(cut.damage().is_none());
    assert_eq!(cut.broken_promise.as_deref(), Some("8 records were taken, and fewer are here"));

    let mut flipped = bytes.clone();
    flipped[end - 200] ^= 1;
    assert!(broken(&flipped).damage().is_some());

    // A restored copy goes on for itself; the journal it came from too.
    broken(&bytes);
    open(&copy).0.append_blocking(slot(9).instant(), vec![Event::Alive]).unwrap();
    let ahead = check_copy(&copy, Some(home.path())).unwrap();
    assert_eq!((ahead.comparison, ahead.broken_promise), (Some(Comparison::Newer { has_more: 1 }), None));
    open(home.path()).0.append_blocking(slot(5).instant(), whole_move(5).to_vec()).unwrap();
    let parted = check_copy(&copy, Some(home.path())).unwrap().comparison.unwrap();
    assert_eq!((parted, parted.is_good()), (Comparison::Parted { at_record: 9 }, false));
}
