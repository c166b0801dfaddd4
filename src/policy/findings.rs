//! Where findings are gathered: pushed, never thrown, so that one reading reports every mistake.

use super::{Diagnostic, Severity};
use crate::model::{listed, tame};

/// A place in a file: 1-based line and column (in characters); `0:0` is the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// The findings of one file.
#[derive(Debug)]
pub(super) struct Findings {
    file: String,
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Findings {
    /// None yet, for the file shown under this name.
    pub fn of(file: String) -> Self {
        Self { file, list: Vec::new(), errors: 0 }
    }

    /// The file's name as shown.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn error(&mut self, at: Place, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.errors += 1;
        self.push(at, Severity::Error, code, message.into(), hint.into());
    }

    /// An error that several wallets or currencies may have in common: the amount that is wrong for all of them is
    /// still one mistake, and is reported once at its place.
    pub fn error_once(&mut self, at: Place, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        if self.is_told(at, code) {
            self.errors += 1;
        } else {
            self.error(at, code, message, hint);
        }
    }

    pub fn warning(&mut self, at: Place, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.push(at, Severity::Warning, code, message.into(), hint.into());
    }

    /// The same for a warning.
    pub fn warning_once(&mut self, at: Place, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        if !self.is_told(at, code) {
            self.warning(at, code, message, hint);
        }
    }

    /// How many errors so far: unchanged over a reading means that the reading went well.
    pub fn count_errors(&self) -> usize {
        self.errors
    }

    pub fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }

    fn is_told(&self, at: Place, code: &str) -> bool {
        let known = |old: &Diagnostic| (old.line, old.column, old.code) == (at.line, at.column, code);
        self.list.iter().rev().take(32).any(known)
    }

    fn push(&mut self, at: Place, severity: Severity, code: &'static str, message: String, hint: String) {
        let file = self.file.clone();
        self.list.push(Diagnostic { file, line: at.line, column: at.column, severity, code, message, hint });
    }
}

/// A word from a file as messages quote it: tamed, short, in back-ticks.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", tame(text, 60))
}

/// `a, b or c`.
pub(super) fn one_of<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    listed(&words, "or")
}
