//! Whatever comes in: an answer, no panic, and places that exist.

use super::*;
use crate::policy::soundness::examine;
use proptest::prelude::*;

const EXAMPLES: [&str; 2] = [
    include_str!("../../../../policies/consolidate-cemac.yaml"),
    include_str!("../../../../policies/fund-senegal.yaml"),
];

/// The entry of the fuzz target.
fn check_sane(text: &str) {
    if let Err(what) = examine(text.as_bytes()) {
        panic!("{what}\nin {text:?}");
    }
}

#[test]
fn hostile_files_get_a_short_tame_answer() {
    check_sane(&plus(&format!("{}: 1", "k".repeat(900))));
    check_sane(&plus(&format!("\"\\e[31m\\u202e{}\": 1", "é".repeat(300))));
    check_sane(&plus(&format!("priority: {}", "9".repeat(500_000))));
    check_sane(&format!("version: 1\npolicies: [{}]\n", "{},".repeat(20_000)));
    check_sane(&format!("version: 1\npolicies: [{}]\n", "a: 1,".repeat(20_000)));
    let wide = format!("version: 1\nreserves: {{ {} }}\n", "A: 1, ".repeat(20_000));
    assert!(findings(&[&wide]).len() > 19_000, "every duplicate key is named");
    let file = SourceFile { path: "a\u{1b}[2J\n.yaml".into(), text: String::new() };
    assert_eq!(parse(&[file]).unwrap_err()[0].file, "a\\u{1b}[2J\\u{a}.yaml");
}

#[test]
fn many_policies_are_read_in_time_that_grows_with_them() {
    let mut text = String::from("version: 1\npolicies:\n");
    for index in 0..1_000 {
        text.push_str(
            &["  - name: p-", &index.to_string(), "\n    schedule: \"0 18 * * *\"\n    enabled: false\n"].concat(),
        );
        text.push_str("    sweep: { from: [GAB, COG], into: CMR, above: 1_000 }\n");
    }
    assert_eq!(good(&text).policies.len(), 1_000);
}

/// What the fuzzer found worth keeping, read again by the same entry.
#[test]
fn the_corpus_of_the_fuzzer_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/policy");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(examine(&bytes), Ok(()), "{}", path.display());
        count += 1;
    }
    assert!(count >= 30, "{count}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(examine(&bytes), Ok(()));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "(?s).{0,200}") {
        check_sane(&text);
    }

    #[test]
    fn text_in_the_alphabet_of_policies_never_panics(text in "[-a-z0-9_:,.#&*!|>%@`'\"\\[\\]{} \t\r\n?~A-C\u{feff}é]{0,120}") {
        check_sane(&text);
    }

    #[test]
    fn a_good_file_with_a_few_wrong_bytes_never_panics(
        which in 0_usize..2,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[-a-z0-9_:,.#&*!|>%'\"\\[\\]{} \t\n]{0,6}"), 1..6),
    ) {
        let mut text: Vec<char> = EXAMPLES[which].chars().collect();
        for (at, removed, put) in edits {
            let start = at.index(text.len() + 1);
            let end = (start + removed).min(text.len());
            text.splice(start..end, put.chars());
        }
        check_sane(&text.into_iter().collect::<String>());
    }
}
