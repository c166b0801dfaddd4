//! The page `docs/reliability.md`: every row of the fault catalogue with the tests that play it and what came of them, made
//! from the records of a run ([`crate::played`]); where a row is not played, why.
//!
//! ```sh
//! RELIABILITY_REPORT=$PWD/target/reliability cargo test --test it
//! RELIABILITY_REPORT=$PWD/target/reliability UPDATE_RELIABILITY=1 cargo test --test it reliability::
//! ```

mod not_played;
mod page;
mod rows;

use not_played::NOT_PLAYED;
use page::{PAGE, render};
use rows::{catalogue, tests_of_rows};
use std::collections::BTreeSet;

/// With the variable set the page is written anew from the records; else it only has to be complete.
#[test]
fn the_page_has_every_row_with_its_tests_or_the_reason_why_there_is_none() {
    if std::env::var_os("UPDATE_RELIABILITY").is_some() {
        std::fs::write(PAGE, render(&page::records())).unwrap();
    }
    let text = std::fs::read_to_string(PAGE).unwrap();
    let tests = tests_of_rows("tests");
    let sentences: BTreeSet<String> = tests.iter().map(|test| page::sentence(&test.name)).collect();
    for row in catalogue() {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(&format!("| {} | ", row.id))).collect();
        assert!(!lines.is_empty(), "{PAGE} lacks {}", row.id);
        let reason = NOT_PLAYED.iter().find(|(id, _)| *id == row.id).map(|(_, why)| *why);
        if let Some(why) = reason {
            assert!(
                lines.iter().any(|line| line.contains(why)),
                "{}: not played, and the page does not say why",
                row.id
            );
            continue;
        }
        assert!(tests.iter().any(|test| test.rows.contains(&row.id)), "{} has neither a test nor a reason", row.id);
        for line in &lines {
            let played = line.split(" | ").nth(2).unwrap();
            assert!(sentences.contains(played), "{PAGE}: no test plays `{played}`; make the page again");
            assert!(!line.contains("| FAILED"), "{line}");
        }
    }
}

#[test]
fn a_row_is_either_played_or_has_its_reason() {
    let tests = tests_of_rows("tests");
    let known: BTreeSet<String> = catalogue().into_iter().map(|row| row.id).collect();
    assert_eq!(known.len(), 103);
    for (id, why) in NOT_PLAYED {
        assert!(known.contains(*id), "{id} is no row");
        assert!(why.len() > 40, "{id}: `{why}` is no reason");
        assert!(tests.iter().all(|test| !test.rows.contains(&(*id).to_owned())), "{id} is played after all");
    }
    for test in tests.iter().chain(&tests_of_rows("src")) {
        for row in &test.rows {
            assert!(known.contains(row), "{} plays {row}, which is no row", test.name);
        }
    }
}
