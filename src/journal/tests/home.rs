//! Whose directory it is: d03, d04, d07, d11.

use super::fixture::{decided, fill, id, open, opened, slot};
use crate::journal::{ReadOnly, Store, StoreError, records, verify};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

fn refusal(dir: &Path) -> StoreError {
    let error = Store::open(dir).unwrap_err();
    assert!(error.is_refusal(), "{error}");
    error
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_missing_directory_is_made_and_closed_to_others() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("var/lib/treasuryd");
    fill(&dir, 0);
    for folder in ["", "journal", "index"] {
        assert_eq!(mode(&dir.join(folder)), 0o700, "{folder}");
    }
    assert_eq!(mode(&dir.join("lock")), 0o600);
    assert_eq!(mode(&dir.join("journal/2026-11.jsonl")), 0o600);
}

#[test]
fn d03_a_wiped_directory_begins_anew() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 1);
    for entry in fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)).unwrap();
    }
    let (store, report) = open(home.path());
    assert_eq!((report.records, store.identity(), store.find(&id(0)).unwrap()), (0, None, None));
}

#[test]
fn d07_a_second_opening_is_refused_and_names_the_holder() {
    let home = tempfile::tempdir().unwrap();
    let (store, _) = open(home.path());
    let error = refusal(home.path());
    assert_eq!(error, StoreError::Locked { path: home.path().to_owned(), pid: Some(std::process::id()) });
    // The lock is our own file's: without the index it holds all the same.
    fs::remove_dir_all(home.path().join("index")).unwrap();
    assert!(matches!(refusal(home.path()), StoreError::Locked { .. }));
    drop(store);
    open(home.path());
}

#[test]
fn d07_another_process_that_holds_the_lock_is_named() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()));
    let lock = home.path().join("lock");
    let script = format!("exec 9<>'{0}'; flock -n 9; echo $$ >'{0}'; echo held; read -r _", lock.display());
    let mut holder = std::process::Command::new("sh")
        .args(["-c", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    let error = refusal(home.path());
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(error, StoreError::Locked { path: home.path().to_owned(), pid: Some(holder.id()) });
    open(home.path());
}

#[test]
fn d04_a_directory_replaced_while_running_ends_recording() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 6] = [
        ("deleted", |dir| fs::remove_dir_all(dir).unwrap()),
        ("moved away", |dir| fs::rename(dir, dir.with_extension("old")).unwrap()),
        ("swapped for another", |dir| {
            fs::rename(dir, dir.with_extension("old")).unwrap();
            fill(dir, 1);
        }),
        ("segment deleted", |dir| fs::remove_file(dir.join("journal/2026-11.jsonl")).unwrap()),
        ("lock deleted", |dir| fs::remove_file(dir.join("lock")).unwrap()),
        ("segment written to", |dir| {
            let mut bytes = fs::read(dir.join("journal/2026-11.jsonl")).unwrap();
            bytes.extend_from_slice(b"{}\n");
            fs::write(dir.join("journal/2026-11.jsonl"), bytes).unwrap();
        }),
    ];
    for (name, change) in changes {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("state");
        let (store, _) = open(&dir);
        store.append_blocking(slot(0).instant(), vec![opened()]).unwrap();
        change(&dir);
        for _ in 0..2 {
            let error = store.append_blocking(slot(0).instant(), vec![decided(0)]).unwrap_err();
            assert!(matches!(error, StoreError::Replaced { .. }) && error.is_refusal(), "{name}: {error}");
            assert!(error.to_string().contains("was deleted, replaced or changed"), "{name}: {error}");
        }
        assert!(store.is_read_only().is_some(), "{name}");
    }
}

#[test]
fn d11_links_strangers_and_open_doors_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let real = home.path().join("real");
    fill(&real, 0);
    let link = home.path().join("link");
    symlink(&real, &link).unwrap();
    assert!(matches!(refusal(&link), StoreError::Symlink { .. }));
    assert!(matches!(refusal(&link.join("")), StoreError::Symlink { .. }), "a trailing slash must not hide it");

    let file = home.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(refusal(&file), StoreError::NotADirectory { .. }));
    assert!(matches!(refusal(&file.join("below")), StoreError::Create { .. }));

    for (bits, expected) in [(0o777, "chmod 700"), (0o702, "chmod 700"), (0o500, "mode is 500")] {
        fs::set_permissions(&real, fs::Permissions::from_mode(bits)).unwrap();
        let error = refusal(&real);
        assert!(error.to_string().contains(expected), "{bits:o}: {error}");
    }
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
    open(&real);
}

#[test]
fn d11_a_directory_of_another_user_is_refused() {
    let home = tempfile::tempdir().unwrap();
    // Only root can give a directory away; anybody else sees the refusal with a directory of root's.
    let is_root = std::os::unix::fs::chown(home.path(), Some(12_345), None).is_ok();
    let (dir, owner) = if is_root { (home.path(), 12_345) } else { (Path::new("/usr"), 0) };
    assert!(matches!(refusal(dir), StoreError::Owner { owner: found, .. } if found == owner));
}

#[test]
fn d11_links_inside_are_refused_too() {
    for inside in ["journal", "lock"] {
        let home = tempfile::tempdir().unwrap();
        let (dir, elsewhere) = (home.path().join("state"), home.path().join("elsewhere"));
        fill(&dir, 0);
        fs::rename(dir.join(inside), &elsewhere).unwrap();
        symlink(&elsewhere, dir.join(inside)).unwrap();
        assert!(matches!(refusal(&dir), StoreError::Symlink { .. }), "{inside}");
    }
    let home = tempfile::tempdir().unwrap();
    let (dir, elsewhere) = (home.path().join("state"), home.path().join("elsewhere"));
    fill(&dir, 0);
    fs::rename(dir.join("journal/2026-11.jsonl"), &elsewhere).unwrap();
    symlink(&elsewhere, dir.join("journal/2026-11.jsonl")).unwrap();
    assert!(matches!(refusal(&dir), StoreError::Symlink { .. }));
}

#[test]
fn looking_takes_no_lock_and_writes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("state");
    assert_eq!(ReadOnly::open(&dir).unwrap().records(), 0);
    assert_eq!(records(&dir).unwrap().count(), 0);
    assert!(matches!(verify(&dir), Err(StoreError::NoJournal { .. })));
    assert!(!dir.exists());
    let (store, _) = open(&dir);
    store.append_blocking(slot(0).instant(), vec![opened(), decided(0)]).unwrap();
    let looking = ReadOnly::open(&dir).unwrap();
    assert_eq!(looking.records(), 2);
    store.with_state(|state| assert_eq!(state, looking.state()));
    assert_eq!(looking.history(None).unwrap(), store.history(None).unwrap());
}
