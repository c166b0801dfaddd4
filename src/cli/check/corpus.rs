//! Files as finance gets them wrong, each with everything that `check` says of it, as text and as JSON.
//!
//! `tests/data/policies/wrong` holds a file, or a folder of files that are one set, beside what is expected. After a
//! change that is meant, `UPDATE_GOLDEN=1 cargo test --lib corpus` rewrites it: read the difference like a treasurer.

use super::{render_json, render_text};
use crate::policy::{CODES, Diagnostic, SourceFile, parse};
use crate::settings::read_policy_files;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What `check` says of more than the policy files: no wrong file alone brings it about.
const ELSEWHERE: [&str; 8] = [
    "exposure-over-ceiling", // needs a signed-off ceiling beside the files
    // What KPay says, asked by `check --online`.
    "wallet-missing",
    "wallet-unreadable",
    "operator-closed",
    "operator-delayed",
    "operator-differs",
    "number-unrecognised",
    "kpay-figures-differ",
];

const DIAGNOSTICS: &str = include_str!("../../../docs/diagnostics.md");
const POLICIES: &str = include_str!("../../../docs/policies.md");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/policies/wrong")
}

/// The cases: files and folders, without what is expected of them.
fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> =
        entries.filter(|path| path.is_dir() || path.extension().is_some_and(|it| it == "yaml")).collect();
    cases.sort();
    cases
}

/// The files of a case, named as if `check` ran in the folder of the corpus.
fn files(case: &Path) -> Vec<SourceFile> {
    let root = format!("{}/", folder().display());
    let read = read_policy_files(case).unwrap_or_else(|error| panic!("{error}"));
    read.into_iter().map(|(path, text)| SourceFile { path: path.replace(&root, ""), text }).collect()
}

fn findings(files: &[SourceFile]) -> Vec<Diagnostic> {
    parse(files).map_or_else(|findings| findings, |parsed| parsed.warnings)
}

fn compare(path: &Path, now: &str) -> Option<String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, now).unwrap();
    }
    let golden = fs::read_to_string(path).unwrap_or_default();
    (golden != now).then(|| format!("{}\n--- expected\n{golden}\n--- found\n{now}", path.display()))
}

#[test]
fn every_wrong_file_is_met_with_what_is_written_beside_it() {
    let mut differ = Vec::new();
    for case in cases() {
        let files = files(&case);
        let findings = findings(&files);
        assert!(!findings.is_empty(), "{} is not wrong", case.display());
        let json = serde_json::to_string_pretty(&render_json(&findings)).unwrap();
        differ.extend(compare(&case.with_extension("txt"), &render_text(&findings, &files)));
        differ.extend(compare(&case.with_extension("json"), &format!("{json}\n")));
    }
    assert!(differ.is_empty(), "{}\n\nif that is meant: UPDATE_GOLDEN=1", differ.join("\n\n"));
    assert!(cases().len() >= 60, "{} cases", cases().len());
}

#[test]
fn what_is_expected_belongs_to_a_case() {
    let cases: BTreeSet<PathBuf> = cases().iter().map(|case| case.with_extension("")).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path().with_extension("");
        assert!(cases.contains(&path), "{} belongs to nothing", path.display());
    }
}

/// The codes of what is readable and still wrong or odd.
fn lints() -> Vec<&'static str> {
    let parts = ["Money that could be lost", "Odd, and probably not meant", "Payouts that somebody"];
    let sections = DIAGNOSTICS.split("\n## ").filter(|section| parts.iter().any(|part| section.starts_with(part)));
    sections
        .flat_map(|section| section.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')))
        .collect()
}

#[test]
fn every_code_is_met_in_the_corpus_and_explained() {
    let met: BTreeSet<&str> =
        cases().iter().flat_map(|case| findings(&files(case))).map(|finding| finding.code).collect();
    let known: BTreeSet<&str> = CODES.iter().copied().collect();
    assert_eq!(met, known, "the left met in the corpus, the right in `policy::CODES`");
    for code in CODES.iter().chain(&ELSEWHERE) {
        assert!(DIAGNOSTICS.contains(&format!("\n### `{code}`\n")), "docs/diagnostics.md does not explain {code}");
    }
    for code in lints() {
        assert!(POLICIES.contains(&format!("(diagnostics.md#{code})")), "docs/policies.md does not lead to {code}");
    }
    let explained = DIAGNOSTICS.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    for code in explained {
        assert!(
            known.contains(code) || ELSEWHERE.contains(&code),
            "docs/diagnostics.md explains {code}, which nothing reports"
        );
    }
}
