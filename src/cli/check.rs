//! `treasuryd check`: findings for people, each under the line it is about, and for programs. Reads and decides
//! nothing itself: findings and texts come in, text goes out.

use crate::model::tame;
use crate::policy::{Diagnostic, Parsed, SourceFile};
use serde_json::{Value, json};
use std::fmt::Write;

/// How much of a long line is shown.
const LONGEST_SHOWN: usize = 120;
/// How much of it stands before the caret at most.
const BEFORE_CARET: usize = 80;

/// How many errors and warnings there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl Tally {
    /// Counts.
    #[must_use]
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics.iter().filter(|one| one.is_error()).count();
        Self { errors, warnings: diagnostics.len() - errors }
    }

    /// Whether `check` is content; with `--deny-warnings` a warning counts as an error.
    #[must_use]
    pub fn is_good(self, deny_warnings: bool) -> bool {
        self.errors == 0 && (self.warnings == 0 || !deny_warnings)
    }
}

/// Every finding as `file:line:column: error[code]: message`, the line with a caret under the place, and the hint;
/// at the end the count. Empty where there is no finding.
#[must_use]
pub fn render_text(diagnostics: &[Diagnostic], files: &[SourceFile]) -> String {
    let mut out = String::new();
    for one in diagnostics {
        let rendered = one.to_string();
        let (head, hint) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        let _ = writeln!(out, "{head}");
        if let Some(excerpt) = excerpt(one, files) {
            out.push_str(&excerpt);
        }
        if !hint.is_empty() {
            let _ = writeln!(out, "{hint}");
        }
    }
    if !diagnostics.is_empty() {
        let tally = Tally::of(diagnostics);
        let _ = writeln!(out, "{}, {}", counted(tally.errors, "error"), counted(tally.warnings, "warning"));
    }
    out
}

/// `{"errors":N,"warnings":N,"diagnostics":[…]}`.
#[must_use]
pub fn render_json(diagnostics: &[Diagnostic]) -> Value {
    let tally = Tally::of(diagnostics);
    json!({ "errors": tally.errors, "warnings": tally.warnings, "diagnostics": diagnostics })
}

/// What was found good: `2 policies and 1 reserve in 3 files, 4 tests, hash 12ab…`.
#[must_use]
pub fn summary(parsed: &Parsed, files: &[SourceFile]) -> String {
    let set = &parsed.set;
    let policies = match set.policies.len() {
        1 => "1 policy".to_owned(),
        many => format!("{many} policies"),
    };
    let tests = set.policies.iter().map(|policy| policy.tests.len()).sum();
    format!(
        "{policies} and {} in {}, {}, hash {}",
        counted(set.reserves.len(), "reserve"),
        counted(files.len(), "file"),
        counted(tests, "test"),
        set.hash
    )
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// The line a finding is about, with a caret under its column.
fn excerpt(one: &Diagnostic, files: &[SourceFile]) -> Option<String> {
    let line = files.iter().find(|file| file.shown_name() == one.file)?.line(one.line)?;
    let column = one.column.checked_sub(1)?;
    let skipped = column.saturating_sub(BEFORE_CARET);
    let shown: String = line.chars().skip(skipped).take(LONGEST_SHOWN).map(one_column).collect();
    let number = one.line.to_string();
    let margin = " ".repeat(number.len());
    let indent = " ".repeat(column - skipped);
    Some(format!("  {number} | {}\n  {margin} | {indent}^\n", shown.trim_end()))
}

/// A character that takes one column and moves nothing, so that the caret stands under the right one.
fn one_column(character: char) -> char {
    if character == '\t' {
        return ' ';
    }
    let tamed = tame(character.encode_utf8(&mut [0; 4]), 1);
    if tamed.chars().eq([character]) { character } else { '·' }
}

#[cfg(test)]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;

    fn file(text: &str) -> SourceFile {
        SourceFile { path: "policies/a.yaml".into(), text: text.into() }
    }

    fn check(text: &str, expected: &str) {
        let files = [file(text)];
        let findings = parse(&files).map_or_else(|findings| findings, |parsed| parsed.warnings);
        assert_eq!(render_text(&findings, &files), expected, "{text}");
    }

    const GOOD: &str = "version: 1\npolicies:\n  - name: a\n    schedule: \"0 18 * * *\"\n    sweep: { from: [GAB], into: CMR, above: 10_000 }\n";

    #[test]
    fn people_see_the_line_and_a_caret_under_the_place() {
        check(
            &format!("{GOOD}    limts: {{}}\n    priority: 0100\n"),
            "policies/a.yaml:6:5: error[unknown-key]: a policy has no key `limts`\n  \
               6 |     limts: {}\n    |     ^\n  hint: did you mean `limits`?\n\
             policies/a.yaml:7:15: error[bad-priority]: `0100` is not a priority\n  \
               7 |     priority: 0100\n    |               ^\n  \
               hint: write a whole number from 0 to 1000000; lower goes first, the default is 100\n\
             2 errors, 0 warnings\n",
        );
        check(GOOD, "");
    }

    #[test]
    fn the_caret_keeps_its_place_in_long_and_hostile_lines() {
        let before = "é\t\u{202e}".repeat(60);
        let text = format!("version: 1\npolicies: []\nreserves: {{ \"{before}\": 1, CMR: x }}\n");
        let files = [file(&text)];
        let findings = parse(&files).unwrap_err();
        let wrong = findings.iter().find(|one| one.code == "bad-amount").unwrap();
        let excerpt = excerpt(wrong, &files).unwrap();
        let lines: Vec<Vec<char>> = excerpt.lines().map(|line| line.chars().collect()).collect();
        let caret = lines[1].iter().position(|character| *character == '^').unwrap();
        assert_eq!(lines[0][caret], 'x', "{excerpt}");
        assert!(!excerpt.contains('\u{202e}') && !excerpt.contains('\t'), "{excerpt}");
        assert!(lines[0].len() < 140);
    }

    #[test]
    fn findings_without_a_place_have_no_excerpt() {
        let findings = parse(&[]).unwrap_err();
        assert_eq!(
            render_text(&findings, &[]),
            "policies: error[no-policies]: there is no policy file\n  \
             hint: write at least one entry under `policies:`; `enabled: false` switches one off\n\
             1 error, 0 warnings\n"
        );
    }

    #[test]
    fn programs_get_counts_and_every_field() {
        let warned = [file(&format!("{GOOD}    limits: {{ max_transfer: 20_000_000 }}\n"))];
        let parsed = parse(&warned).unwrap();
        let json = render_json(&parsed.warnings);
        assert_eq!((&json["errors"], &json["warnings"]), (&json!(0), &json!(1)));
        let first = &json["diagnostics"][0];
        assert_eq!((&first["code"], &first["severity"]), (&json!("max-transfer-over-kpay"), &json!("warning")));
        assert_eq!(
            (&first["file"], &first["line"], &first["column"]),
            (&json!("policies/a.yaml"), &json!(6), &json!(29))
        );
        let tally = Tally::of(&parsed.warnings);
        assert!(tally.is_good(false) && !tally.is_good(true));
        let summary = summary(&parsed, &warned);
        assert_eq!(summary, format!("1 policy and 0 reserves in 1 file, 0 tests, hash {}", parsed.set.hash));
    }
}
