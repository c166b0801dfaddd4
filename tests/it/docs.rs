//! The documents tell the truth: their policies are read, their links lead somewhere, their commands and flags exist,
//! and every key, reason and exit code that the program has is told.

use crate::support::Merchant;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use treasuryd::plan::{Reason, Skip, lane_amounts, plan_for_test};
use treasuryd::policy::{Parsed, SourceFile, parse};

const README: &str = include_str!("../../README.md");
const POLICIES: &str = include_str!("../../docs/policies.md");
const METRICS: &str = include_str!("../../docs/metrics.md");
const OPERATIONS: &str = include_str!("../../docs/operations.md");
const EXAMPLE: &str = include_str!("../../systemd/treasuryd.toml.example");
const CI: &str = include_str!("../../.ci/run");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A fenced block: its info string, its text, and the line it begins at.
struct Block {
    info: String,
    text: String,
    line: usize,
}

/// The fenced blocks of a document.
fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some(Block { info: info.trim().to_owned(), text: String::new(), line: index + 1 });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn parsed(name: &str, block: &Block) -> Result<Parsed, String> {
    let file = SourceFile { path: format!("{name}, block at line {}", block.line), text: block.text.clone() };
    parse(&[file]).map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn every_policy_of_the_documents_is_read_and_every_wrong_one_refused() {
    for (name, document, fewest) in [("README.md", README, 2), ("docs/policies.md", POLICIES, 8)] {
        let mut seen = 0;
        for block in blocks(document) {
            match block.info.as_str() {
                "yaml policy" => {
                    let good = parsed(name, &block).unwrap_or_else(|found| panic!("{found}"));
                    assert!(good.warnings.is_empty(), "{name}:{}: {:?}", block.line, good.warnings);
                    tests_hold(name, &good);
                }
                "yaml wrong" => assert!(parsed(name, &block).is_err(), "{name}:{}: this is not wrong", block.line),
                info => {
                    assert!(!info.starts_with("yaml"), "{name}:{}: say `yaml policy` or `yaml wrong`", block.line);
                    continue;
                }
            }
            seen += 1;
        }
        assert!(seen >= fewest, "{name} has {seen} policies; does this test still find them?");
    }
}

/// The `tests:` of a policy in a document hold.
fn tests_hold(name: &str, good: &Parsed) {
    for policy in &good.set.policies {
        for test in &policy.tests {
            let planned = plan_for_test(&good.set, policy, test);
            let got: BTreeSet<_> =
                lane_amounts(&planned).into_iter().map(|(lane, sum)| (lane.from, lane.to, sum)).collect();
            let expected: BTreeSet<_> = test.expect.iter().map(|one| (one.from, one.to, one.amount.amount)).collect();
            assert_eq!(got, expected, "{name}: {}: {}", policy.name, test.name);
            for one in &test.refused {
                let (from, to) = (one.lane.from.country, one.lane.to.destination());
                let given = |skip: &Skip| (skip.from, skip.to, skip.reason) == (from, to, one.reason);
                assert!(planned.skipped.iter().any(given), "{name}: {}: {}", policy.name, test.name);
            }
        }
    }
}

/// The examples of the books are what the ledger prints of the seeds' payouts, which the library's own tests keep.
#[test]
fn the_books_in_their_document_are_what_the_ledger_prints() {
    let blocks = blocks(include_str!("../../docs/books.md"));
    for (info, golden) in [
        ("text payouts", include_str!("../data/books/payouts.txt")),
        ("text balance", include_str!("../data/books/payouts-balance.txt")),
        ("text check", include_str!("../data/books/payouts-check.txt")),
    ] {
        let block = blocks.iter().find(|block| block.info == info).unwrap_or_else(|| panic!("no `{info}`"));
        assert_eq!(block.text, golden, "{info}");
    }
}

#[test]
fn every_reason_is_told_with_what_to_do() {
    // Serde knows the closed list; an unknown word makes it say all of them.
    let error = serde_json::from_str::<Reason>("\"?\"").unwrap_err().to_string();
    let words: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert_eq!(words.len(), 24, "{error}");
    for word in words {
        let row = format!("| `{word}` | ");
        assert!(POLICIES.contains(&row), "docs/policies.md has no row for the reason {word}");
    }
}

#[test]
fn every_key_of_the_configuration_is_told_with_its_default() {
    let mut section = "";
    let mut told = 0;
    for line in EXAMPLE.lines() {
        let line = line.strip_prefix("#: ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name;
        } else if let Some((key, rest)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            let row = format!("| `{section}.{key}` | ");
            let row = README.lines().find(|line| line.starts_with(&row));
            let row = row.unwrap_or_else(|| panic!("README.md does not tell of {section}.{key}"));
            let default = rest.split('#').next().unwrap().trim().trim_matches('"');
            let fixed = EXAMPLE.contains(&format!("\n{line}"));
            assert!(!fixed || row.contains(default), "README.md has another default for {section}.{key}: {row}");
            told += 1;
        }
    }
    assert_eq!(told, 26, "does this test still find the keys?");
}

#[test]
fn every_metric_a_document_names_is_one() {
    let known: BTreeSet<&str> = metrics_in(METRICS).collect();
    for file in documents() {
        let text = std::fs::read_to_string(&file).unwrap();
        for name in metrics_in(&text) {
            assert!(known.contains(name), "{} names the metric {name}", file.display());
        }
    }
}

/// Names after a backtick; docs/metrics.md itself is compared with the program by the metrics' own tests.
fn metrics_in(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |character: char| character.is_ascii_lowercase() || character == '_' || character.is_ascii_digit();
    text.split('`').filter(|word| word.starts_with("treasuryd_")).map(move |word| {
        let end = word.find(|character| !is_part(character)).unwrap_or(word.len());
        &word[..end]
    })
}

#[test]
fn every_exit_code_is_told() {
    for code in ["0", "1", "2", "75", "77", "78"] {
        assert!(README.contains(&format!("\n| {code} | ")), "README.md does not tell of exit code {code}");
    }
}

/// Every document of the repository.
fn documents() -> Vec<PathBuf> {
    let mut folders = vec![root().to_owned(), root().join("docs")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && folder != root() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    assert!(found.len() >= 6, "{found:?}");
    found
}

#[test]
fn every_link_leads_somewhere() {
    for file in documents() {
        let text = std::fs::read_to_string(&file).unwrap();
        for target in links(&text) {
            if target.contains("://") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(there.exists(), "{}: {target} leads nowhere", file.display());
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&there).unwrap();
                assert!(anchors(&text).contains(anchor), "{}: {target} has no such heading", file.display());
            }
        }
    }
}

/// The targets of `[text](target)` outside of code blocks.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
        }
    }
    found
}

/// Headings as GitHub makes anchors of them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let plain = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            plain.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
        })
        .collect()
}

/// The commands in the blocks of a document, without `$ `, `sudo`, variables and comments, joined over continued lines.
fn commands(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in blocks(document) {
        let shell = block.info == "sh";
        if !shell && block.info != "console" {
            continue;
        }
        let text = block.text.replace("\\\n", " ");
        for line in text.lines() {
            let line = if shell { Some(line) } else { line.strip_prefix("$ ") };
            let Some(line) = line else { continue };
            let line = line.split(" #").next().unwrap_or_default();
            let words = line.replace("sudo -u treasuryd ", "");
            let mut words = words.split_whitespace().skip_while(|word| is_prefix(word));
            if words.next() == Some("treasuryd") {
                found.push(words.collect::<Vec<_>>().join(" "));
            }
        }
    }
    found
}

/// What may stand before the command itself.
fn is_prefix(word: &str) -> bool {
    matches!(word, "sudo" | "env") || word.contains('=')
}

#[test]
fn every_command_of_the_documents_is_in_the_help() {
    let merchant = Merchant::new(&[]);
    for (name, document, fewest) in [("README.md", README, 25), ("docs/operations.md", OPERATIONS, 8)] {
        let commands = commands(document);
        assert!(commands.len() >= fewest, "{name} has {} commands; does this test find them?", commands.len());
        for command in commands {
            check_command(&merchant, name, &command);
        }
    }
}

/// The subcommand exists, takes its flags, and has as many arguments as its usage says.
fn check_command(merchant: &Merchant, name: &str, command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    let nested = matches!(words.first(), Some(&"transfers" | &"ledger" | &"journal" | &"policies" | &"state"));
    let path = &words[..if nested { 2 } else { 1 }];
    let help = merchant.treasuryd(&[path, &["--help"]].concat());
    assert_eq!(help.code, Some(0), "{name}: `treasuryd {command}`: {}", help.stderr);
    let usage = format!("Usage: treasuryd {}", path.join(" "));
    assert!(help.stdout.contains(&usage), "{name}: `treasuryd {command}`: {}", help.stdout);
    for word in words.iter().filter(|word| word.starts_with("--")) {
        let flag = word.split('=').next().unwrap_or(word);
        let told = help.stdout.split(|letter: char| letter.is_whitespace() || letter == ',').any(|one| one == flag);
        assert!(told, "{name}: `treasuryd {command}` has a flag {flag} that the help does not know");
    }
}

#[test]
fn ci_runs_the_tests_by_the_readmes_own_command() {
    let (begin, end) = ("<!-- test command: .ci/run reads it from here -->", "<!-- end of test command -->");
    let between = README.split(begin).nth(1).and_then(|rest| rest.split(end).next()).unwrap_or_default();
    let block = blocks(between).into_iter().next().expect("a block between the markers");
    assert_eq!(block.text, "cargo test --locked\n");
    assert!(CI.contains("<!-- test command") && CI.contains("<!-- end of test command"), ".ci/run looks for them");
    assert!(CI.contains("cargo run --release --locked -- demo --for 20s"), ".ci/run plays the demo");
    let wants = "[1-9][0-9]* transfers? applied, [1-9][0-9]* payouts? completed";
    assert!(CI.contains(wants), ".ci/run wants a payout of the demo");
}
