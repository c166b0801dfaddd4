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

/// The policy files as read once: what is looked at is what comes into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(Result<Vec<SourceFile>, Vec<Diagnostic>>);

impl Content {
    /// Reads the files at `path`, a file or a folder.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let files = read_policy_files(path).map_err(|error| error.diagnostics().to_vec());
        Self(files.map(|files| files.into_iter().map(|(path, text)| SourceFile { path, text }).collect()))
    }

    /// The hash that policies made of it have; `None` where it could not be read.
    #[must_use]
    pub fn hash(&self) -> Option<String> {
        self.0.as_ref().ok().map(|files| crate::policy::hash(files))
    }

    /// Checks it.
    #[must_use]
    pub fn check(self) -> Loaded {
        let files = match self.0 {
            Ok(files) => files,
            Err(diagnostics) => return Loaded::Gone(diagnostics),
        };
        let all_blank = files.iter().all(|file| file.text.trim().is_empty());
        match parse(&files) {
            Ok(parsed) => Loaded::Good { set: Arc::new(parsed.set), warnings: parsed.warnings },
            Err(diagnostics) if all_blank => Loaded::Gone(diagnostics),
            Err(diagnostics) => Loaded::Bad(diagnostics),
        }
    }
}

/// Reads and checks the policies at `path`.
#[must_use]
pub fn load(path: &Path) -> Loaded {
    Content::read(path).check()
}
