//! The texts of policies in force are found again: by the copy where it is whole, else by the journal.

use super::fixture::{at, open, opened};
use crate::intent::{Event, PolicyText};
use crate::journal::policy_texts;
use crate::policy::{SourceFile, hash};
use std::path::Path;

fn texts(text: &str) -> (Vec<PolicyText>, String) {
    let files = vec![SourceFile { path: "a.yaml".to_owned(), text: text.to_owned() }];
    (vec![PolicyText { name: "a.yaml".to_owned(), text: text.to_owned() }], hash(&files))
}

/// What somebody does to the copy.
type Tamper<'a> = &'a dyn Fn(&Path);

#[test]
fn the_copy_is_believed_only_where_it_is_the_one_asked_for() {
    let (old, old_hash) = texts("old");
    let (new, new_hash) = texts("new");
    // What stands in the copy's place.
    let cases: [(&str, Tamper<'_>); 6] = [
        ("as written", &|_| {}),
        ("missing", &|copy| std::fs::remove_file(copy).unwrap()),
        ("cut", &|copy| std::fs::write(copy, "[{\"name\":\"a.y").unwrap()),
        ("another text", &|copy| std::fs::write(copy, r#"[{"name":"a.yaml","text":"neu"}]"#).unwrap()),
        ("empty", &|copy| std::fs::write(copy, "").unwrap()),
        ("a link", &|copy| {
            std::fs::remove_file(copy).unwrap();
            std::os::unix::fs::symlink("/dev/zero", copy).unwrap();
        }),
    ];
    for (what, tamper) in cases {
        let home = tempfile::tempdir().unwrap();
        let (store, _) = open(home.path());
        for (files, hash) in [(&old, &old_hash), (&new, &new_hash)] {
            store.keep_policy_texts(files).unwrap();
            let event = Event::PoliciesInForce { hash: hash.clone(), count: 1, files: files.clone() };
            store.append_blocking(at("2026-11-24T17:00:00Z"), vec![opened(), event]).unwrap();
        }
        tamper(&home.path().join("policies/in-force.json"));
        for hash in [&old_hash, &new_hash] {
            let texts = policy_texts(home.path(), hash).unwrap();
            assert!(texts.is_some_and(|files| crate::policy::hash(&files) == *hash), "{what}");
        }
        assert_eq!(policy_texts(home.path(), &"00".repeat(32)).unwrap(), None, "{what}");
        store.keep_policy_texts(&new).unwrap();
    }
}

#[test]
fn d04_a_directory_that_is_gone_is_not_made_again() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("state");
    let (store, _) = open(&dir);
    std::fs::rename(&dir, home.path().join("elsewhere")).unwrap();
    assert!(store.keep_policy_texts(&texts("new").0).is_err());
    assert!(!dir.exists());
}
