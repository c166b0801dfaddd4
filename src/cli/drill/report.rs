//! The report of a drill: what was played, what was expected, what happened, and whether it held.

use crate::cli::exit::{CliError, Exit};
use crate::model::Timestamp;
use chrono::SecondsFormat;
use serde_json::json;
use std::time::Duration;

/// Width of the lines for people.
const COLUMNS: usize = 80;

/// One row that was played.
pub(super) struct Played {
    /// Of the fault catalogue, e.g. `a01`.
    pub(super) row: &'static str,
    /// The fault.
    pub(super) fault: &'static str,
    /// What has to become of it.
    pub(super) expected: &'static str,
    /// What became of it, or what was wrong.
    pub(super) happened: String,
    /// Whether it is what was expected.
    pub(super) held: bool,
    /// From an empty folder to the verdict.
    pub(super) took: Duration,
}

/// All of them.
pub(super) struct Report {
    /// When the drill began.
    pub(super) began: Timestamp,
    /// On which machine: name and kernel.
    pub(super) machine: String,
    /// How long it took.
    pub(super) took: Duration,
    /// How many rows were to be played.
    pub(super) of: usize,
    /// Those that were.
    pub(super) rows: Vec<Played>,
}

impl Report {
    fn held(&self) -> usize {
        self.rows.iter().filter(|row| row.held).count()
    }

    /// Whether every row was played and held; none at all proves nothing.
    fn is_good(&self) -> bool {
        self.of > 0 && self.held() == self.of
    }

    /// The exit code that goes with it.
    fn exit(&self) -> u8 {
        let exit = if self.is_good() { Exit::Done } else { Exit::Failed };
        exit.code()
    }

    /// What to say where it is not good.
    pub(super) fn complaint(&self) -> Option<String> {
        if self.is_good() {
            return None;
        }
        let broken: Vec<&str> = self.rows.iter().filter(|row| !row.held).map(|row| row.row).collect();
        if broken.is_empty() {
            return Some(format!("the drill was interrupted after {} of {} rows", self.rows.len(), self.of));
        }
        let rows = broken.join(", ");
        Some(format!("did not hold: {rows}; play it again with --rows, and do not use this machine until it holds"))
    }

    /// For people: a block for each row.
    pub(super) fn text(&self) -> String {
        let began = self.began.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut text = format!("treasuryd {} drill, begun {began}\n", env!("CARGO_PKG_VERSION"));
        text.push_str(&wrapped("on ", &self.machine));
        text.push('\n');
        text.push_str("row  result     took  what was played\n");
        for row in &self.rows {
            let result = if row.held { "held" } else { "BROKEN" };
            let head = format!("{:<5}{result:<7}{:>6} s  ", row.row, seconds(row.took));
            text.push_str(&wrapped(&head, row.fault));
            text.push_str(&wrapped("  expected  ", row.expected));
            text.push_str(&wrapped("  happened  ", &row.happened));
        }
        let all = format!(
            "\n{} of {} rows held, in {} s; exit code {}",
            self.held(),
            self.of,
            seconds(self.took),
            self.exit()
        );
        text.push_str(&all);
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> Result<String, CliError> {
        let row = |row: &Played| {
            json!({
                "row": row.row, "played": row.fault, "expected": row.expected, "happened": row.happened,
                "held": row.held, "seconds": seconds(row.took),
            })
        };
        let report = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "machine": self.machine,
            "began": self.began.to_rfc3339_opts(SecondsFormat::Secs, true),
            "seconds": seconds(self.took),
            "held": self.held(),
            "of": self.of,
            "ok": self.is_good(),
            "exit_code": self.exit(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        });
        serde_json::to_string_pretty(&report).map_err(|error| CliError::new(Exit::Failed, error))
    }
}

/// `3.4`.
fn seconds(time: Duration) -> String {
    format!("{}.{}", time.as_secs(), time.subsec_millis() / 100)
}

/// A sentence beside its head, in lines of [`COLUMNS`].
fn wrapped(head: &str, text: &str) -> String {
    let mut out = String::new();
    let mut line = head.to_owned();
    let mut is_new = true;
    for word in text.split_whitespace() {
        if !is_new && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(head.chars().count());
            is_new = true;
        }
        if !is_new {
            line.push(' ');
        }
        line.push_str(word);
        is_new = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn report(of: usize, held: &[bool]) -> Report {
        let row = |held: &bool| Played {
            row: if *held { "a01" } else { "d07" },
            fault: "the reply is lost",
            expected: "asked again with the same bytes, and moved once, whatever comes back and however often it is lost",
            happened: "applied".to_owned(),
            held: *held,
            took: Duration::from_millis(1_250),
        };
        let began = Utc.with_ymd_and_hms(2026, 11, 26, 10, 0, 0).unwrap();
        let machine = "box, Linux 6.1.0".to_owned();
        Report { began, machine, took: Duration::from_secs(3), of, rows: held.iter().map(row).collect() }
    }

    fn check(of: usize, held: &[bool], says: Option<&str>, last_line: &str) {
        let report = report(of, held);
        let complaint = report.complaint();
        assert_eq!(complaint.is_some(), says.is_some(), "{complaint:?}");
        assert!(complaint.unwrap_or_default().contains(says.unwrap_or_default()));
        let text = report.text();
        assert_eq!(text.lines().last(), Some(last_line));
        assert_eq!(text.contains("BROKEN"), held.contains(&false));
        let read: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(read["ok"], says.is_none());
        assert_eq!(read["rows"].as_array().unwrap().len(), held.len());
    }

    #[test]
    fn only_a_whole_drill_that_held_is_good() {
        check(2, &[true, true], None, "2 of 2 rows held, in 3.0 s; exit code 0");
        check(2, &[true, false], Some("did not hold: d07;"), "1 of 2 rows held, in 3.0 s; exit code 1");
        check(3, &[true, false], Some("did not hold: d07;"), "1 of 3 rows held, in 3.0 s; exit code 1");
        check(3, &[true, true], Some("interrupted after 2 of 3"), "2 of 3 rows held, in 3.0 s; exit code 1");
        check(0, &[], Some("interrupted after 0 of 0"), "0 of 0 rows held, in 3.0 s; exit code 1");
    }

    #[test]
    fn its_lines_fit_a_terminal() {
        let text = report(2, &[true, false]).text();
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        let block: Vec<&str> = text.lines().skip(3).take(5).collect();
        let wanted = [
            "row  result     took  what was played",
            "a01  held      1.2 s  the reply is lost",
            "  expected  asked again with the same bytes, and moved once, whatever comes back",
            "            and however often it is lost",
            "  happened  applied",
        ];
        assert_eq!(block, wanted);
    }
}
