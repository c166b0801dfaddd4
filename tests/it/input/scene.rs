//! One way to run a command that must be refused, and everything that must hold when it was.

use crate::support::{Ended, Merchant};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use treasuryd::sandbox::SandboxSettings;

/// A merchant with something to move, and a sandbox that counts no requests.
pub fn merchant() -> Merchant {
    let wallets = crate::support::wallets_of(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    Merchant::with(SandboxSettings { wallets, requests_per_minute: 0, ..SandboxSettings::default() })
}

/// How a command must be refused.
pub struct Refusal<'a> {
    /// What is typed behind `treasuryd`.
    pub args: &'a [&'a str],
    /// Variables beside the usual ones.
    pub env: &'a [(&'a str, &'a str)],
    /// The contract's exit code.
    pub code: i32,
    /// Words that standard error holds, in any case.
    pub says: &'a [&'a str],
    /// Whether KPay may be asked (never sent to).
    pub may_ask: bool,
}

impl Refusal<'_> {
    /// Runs it and holds it to all of that.
    pub fn check(&self, merchant: &Merchant) -> Ended {
        let mut command = merchant.command(self.args);
        command.envs(self.env.iter().copied());
        self.check_command(merchant, command)
    }

    /// The same for a command made elsewhere.
    pub fn check_command(&self, merchant: &Merchant, command: Command) -> Ended {
        let seen = || {
            // The journal is the truth; what is derived from it may be written anew at any opening.
            let journal = files(&merchant.path("state/journal"));
            (journal, merchant.bank().requests().len(), merchant.books().transfers.len())
        };
        let before = seen();
        let ended = run(command);
        let after = seen();
        let what = self.args;
        assert_eq!(ended.code, Some(self.code), "{what:?}: {ended:?}");
        assert!(ended.stdout.is_empty(), "{what:?}: {ended:?}");
        says(&ended.stderr, self.says);
        is_fit_to_read(&ended.stderr);
        assert!(before.0 == after.0, "{what:?} touched the journal: {ended:?}");
        assert_eq!(before.2, after.2, "{what:?} moved money");
        assert!(self.may_ask || before.1 == after.1, "{what:?} asked KPay: {:?}", merchant.bank().requests().last());
        ended
    }
}

/// Runs a command to its end.
pub fn run(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

/// Standard error holds these words, whatever their case, and begins with something worth reading.
pub fn says(stderr: &str, words: &[&str]) {
    let first = stderr.lines().next().unwrap_or_default();
    assert!(first.len() > 15, "the first line says nothing: {stderr:?}");
    let lower = stderr.to_lowercase();
    for word in words {
        assert!(lower.contains(&word.to_lowercase()), "{word:?} is missing from {stderr}");
    }
}

/// No panic, no `Debug` of ours, no raw control character but the line end, no line without an end in sight.
pub fn is_fit_to_read(text: &str) {
    for leak in ["panicked", "RUST_BACKTRACE", "Some(", "Err(", "Ok(", "CliError", "StoreError", "PathBuf"] {
        assert!(!text.contains(leak), "{leak} in {text}");
    }
    is_clean(text);
    for line in text.lines() {
        assert!(line.chars().count() < 1_500, "a line of {} characters: {line}", line.chars().count());
    }
}

/// Nothing that moves a cursor, hides text or breaks a line.
pub fn is_clean(text: &str) {
    let odd = text.chars().find(|character| {
        (character.is_control() && *character != '\n')
            || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{feff}')
    });
    assert_eq!(odd, None, "a raw {odd:?} in {text:?}");
}

/// Every file below, with its bytes. The request budget is no part of the books.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            found.insert(path, bytes);
        }
    }
    found
}
