//! Places and findings: problems are pushed, never thrown, so that all of them are told at once.

use crate::model::tame;
use crate::policy::{Diagnostic, Severity};
use std::path::Path;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, `environment`, `flags` or `defaults`.
    pub file: String,
    /// 1-based; 0 where there is none.
    pub line: usize,
    /// 1-based, in characters; 0 where there is none.
    pub column: usize,
}

impl Place {
    /// A whole file or layer.
    pub fn whole(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0 }
    }

    /// A whole file.
    pub fn path(path: &Path) -> Self {
        Self::whole(shown(path))
    }
}

/// A path as it may be shown: one line, short.
pub(super) fn shown(path: &Path) -> String {
    tame(&path.display().to_string(), 200)
}

/// Everything found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Diagnostic>,
    denied: bool,
}

impl Findings {
    /// Notes something that makes the configuration unusable.
    pub fn error(&mut self, place: &Place, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.push(place, Severity::Error, code, message.into(), hint.into());
    }

    /// Notes something that someone should look at.
    pub fn warning(&mut self, place: &Place, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.push(place, Severity::Warning, code, message.into(), hint.into());
    }

    /// Notes an error of the operating system; a refusal for want of permission is remembered as such
    /// and has its own hint.
    pub fn io(&mut self, place: &Place, code: &'static str, doing: &str, error: &std::io::Error, otherwise: &str) {
        let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
        self.denied |= denied;
        let hint = if denied { "let the user that treasuryd runs as read it" } else { otherwise };
        self.error(place, code, format!("{doing}: {error}"), hint);
    }

    /// Whether there is an error among the findings.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(Diagnostic::is_error)
    }

    /// Whether a finding has this code.
    pub fn has(&self, code: &str) -> bool {
        self.list.iter().any(|finding| finding.code == code)
    }

    /// The findings in the order of their places.
    pub fn into_list(mut self) -> Vec<Diagnostic> {
        self.list.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        self.list
    }

    /// The findings as the reason to go no further.
    pub fn into_error(self) -> SettingsError {
        if self.denied { SettingsError::Denied(self.into_list()) } else { SettingsError::Unusable(self.into_list()) }
    }

    fn push(&mut self, place: &Place, severity: Severity, code: &'static str, message: String, hint: String) {
        let Place { file, line, column } = place.clone();
        self.list.push(Diagnostic { file, line, column, severity, code, message, hint });
    }
}

/// Why configuration, keys or policy files cannot be used: every finding, in the order of their places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// At least one file may not be read (exit code 77).
    #[error("no permission to read the configuration:\n{}", lines(.0))]
    Denied(Vec<Diagnostic>),
    /// Wrong or missing (exit code 78).
    #[error("the configuration cannot be used:\n{}", lines(.0))]
    Unusable(Vec<Diagnostic>),
}

impl SettingsError {
    /// The findings, warnings included.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Denied(list) | Self::Unusable(list) => list,
        }
    }
}

fn lines(list: &[Diagnostic]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn want_of_permission_is_told_from_everything_else() {
        for (kind, denied) in [(ErrorKind::PermissionDenied, true), (ErrorKind::NotFound, false)] {
            let mut findings = Findings::default();
            findings.io(&Place::whole("a"), "x", "reading", &Error::from(ErrorKind::NotFound), "look");
            findings.io(&Place::whole("b"), "x", "reading", &Error::from(kind), "look");
            let error = findings.into_error();
            assert_eq!(matches!(error, SettingsError::Denied(_)), denied, "{error}");
            assert_eq!(error.diagnostics().len(), 2);
        }
    }
}
