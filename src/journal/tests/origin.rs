//! A state that was copied, put back or moved is known as one until a start has recorded it; a restart is none.

use super::fixture::{copy, fill, open};
use crate::intent::CopySign;
use std::fs;
use std::path::Path;

const NOTE: &str = "first-segment";

fn sign_at(dir: &Path) -> Option<CopySign> {
    let (store, report) = open(dir);
    assert_eq!(store.sign_of_copy(), report.copied);
    report.copied
}

#[test]
fn d05_a_copy_is_known_whatever_became_of_the_note() {
    use CopySign::{AnotherFile, NothingRemembered};
    // What is done to the state that was filled at `home/state`, and by what it is then seen at the same place.
    type Done = fn(&Path);
    let rows: [(&str, Done, Option<CopySign>); 9] = [
        ("a restart", |_| {}, None),
        (
            "moved within the file system and back",
            |home| {
                fs::rename(home.join("state"), home.join("away")).unwrap();
                fs::rename(home.join("away"), home.join("state")).unwrap();
            },
            None,
        ),
        ("copied with the note", |home| again(home, true), Some(AnotherFile)),
        ("copied without the note", |home| again(home, false), Some(NothingRemembered)),
        ("the note deleted", |home| fs::remove_file(home.join("state").join(NOTE)).unwrap(), Some(NothingRemembered)),
        ("the note emptied", |home| fs::write(home.join("state").join(NOTE), "").unwrap(), Some(NothingRemembered)),
        (
            "the note of another format",
            |home| {
                let note = home.join("state").join(NOTE);
                let text = fs::read_to_string(&note).unwrap();
                assert!(text.contains("\"format\":1"), "{text}");
                fs::write(&note, text.replace("\"format\":1", "\"format\":2")).unwrap();
            },
            Some(NothingRemembered),
        ),
        (
            "the note a link",
            |home| {
                let note = home.join("state").join(NOTE);
                fs::rename(&note, home.join("note")).unwrap();
                std::os::unix::fs::symlink(home.join("note"), &note).unwrap();
            },
            Some(NothingRemembered),
        ),
        (
            "the same inode, born at another time",
            |home| {
                let note = home.join("state").join(NOTE);
                let text = fs::read_to_string(&note).unwrap();
                let (before, _) = text.split_once("\"born\":").unwrap();
                fs::write(&note, format!("{before}\"born\":\"2020-01-01T00:00:00Z\"}}")).unwrap();
            },
            Some(AnotherFile),
        ),
    ];
    for (name, done, sign) in rows {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("state");
        fill(&dir, 2);
        done(home.path());
        assert_eq!(sign_at(&dir), sign, "{name}");
        assert_eq!(sign_at(&dir), sign, "{name}: it is seen until somebody recorded it");
        let (store, _) = open(&dir);
        store.remember_origin().unwrap();
        drop(store);
        assert_eq!(sign_at(&dir), None, "{name}: recorded");
    }
}

/// The state in its own place again, as a copy of itself.
fn again(home: &Path, with_note: bool) {
    let (dir, old) = (home.join("state"), home.join("old"));
    fs::rename(&dir, &old).unwrap();
    copy(&old, &dir);
    if !with_note {
        fs::remove_file(dir.join(NOTE)).unwrap();
    }
}

#[test]
fn a_journal_without_a_record_is_no_copy() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("state");
    assert_eq!(sign_at(&dir), None, "nothing is there yet");
    // The process ended between the new file and its first record.
    fs::write(dir.join("journal/2026-11.jsonl"), "").unwrap();
    assert_eq!(sign_at(&dir), None);
    fill(&dir, 1);
    assert_eq!(sign_at(&dir), None);
}
