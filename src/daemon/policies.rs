//! Policies from disk, all or nothing.

use crate::policy::{Diagnostic, PolicySet, SourceFile, parse};
use crate::settings::read_policy_files;
use std::path::Path;
use std::sync::Arc;

/// What a reading of the policy files came to.
pub enum Loaded {
    /// All valid.
    Good {
        /// The policies.
        set: Arc<PolicySet>,
        /// What someone should look at all the same.
        warnings: Vec<Diagnostic>,
    },
    /// There are files, and they are wrong: what was in force before stays in force.
    Bad(Vec<Diagnostic>),
    /// There is nothing to read: missing, unreadable or empty. No new slot is decided until there is.
    Gone(Vec<Diagnostic>),
}

/// Reads and checks the policies at `path`, a file or a folder.
#[must_use]
pub fn load(path: &Path) -> Loaded {
    let files = match read_policy_files(path) {
        Ok(files) => files,
        Err(error) => return Loaded::Gone(error.diagnostics().to_vec()),
    };
    let files: Vec<SourceFile> = files.into_iter().map(|(path, text)| SourceFile { path, text }).collect();
    let all_blank = files.iter().all(|file| file.text.trim().is_empty());
    match parse(&files) {
        Ok(parsed) => Loaded::Good { set: Arc::new(parsed.set), warnings: parsed.warnings },
        Err(diagnostics) if all_blank => Loaded::Gone(diagnostics),
        Err(diagnostics) => Loaded::Bad(diagnostics),
    }
}

/// A fingerprint of the files' present content; `None` where they cannot be read.
#[must_use]
pub fn fingerprint(path: &Path) -> Option<String> {
    let files = read_policy_files(path).ok()?;
    let files: Vec<SourceFile> = files.into_iter().map(|(path, text)| SourceFile { path, text }).collect();
    Some(crate::policy::hash(&files))
}
