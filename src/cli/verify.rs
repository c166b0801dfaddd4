//! `treasuryd journal verify`: checks every record and the chain and prints the head hash. Takes no lock and changes
//! nothing, so it may run beside a daemon.

use crate::journal::{self, Damage, VerifyReport};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

/// Exit code: every record is as it was written.
const GOOD: u8 = 0;
/// Exit code: it could not be found out.
const FAILED: u8 = 1;
/// Exit code: the journal is damaged or may not be read.
const REFUSED: u8 = 77;

/// Verifies the journal of a state directory; the result goes to `out`, errors to `talk`. Returns the exit code: 0, 77
/// for damage or a directory that cannot be read, 1 for anything else.
///
/// # Errors
/// Only where `out` or `talk` cannot be written to.
pub fn verify(dir: &Path, as_json: bool, out: &mut dyn Write, talk: &mut dyn Write) -> io::Result<u8> {
    let report = match journal::verify(dir) {
        Ok(report) => report,
        Err(error) => {
            writeln!(talk, "treasuryd: {error}")?;
            return Ok(if error.is_refusal() { REFUSED } else { FAILED });
        }
    };
    if as_json {
        writeln!(out, "{:#}", as_value(&report))?;
    } else {
        write_text(&report, out)?;
    }
    let Some(damage) = &report.damage else { return Ok(GOOD) };
    if damage.is_of_another_version() {
        writeln!(talk, "treasuryd: {damage}")?;
        writeln!(talk, "  hint: nothing was changed; run the treasuryd that wrote it, or a newer one")?;
        return Ok(REFUSED);
    }
    writeln!(talk, "treasuryd: the journal is damaged: {damage}")?;
    writeln!(talk, "  hint: nothing was changed; restore the state directory from a backup")?;
    Ok(REFUSED)
}

fn write_text(report: &VerifyReport, out: &mut dyn Write) -> io::Result<()> {
    let good = if report.damage.is_some() { "before the damage" } else { "good" };
    writeln!(out, "records    {} {good}", report.records)?;
    writeln!(out, "segments   {}", report.segments)?;
    writeln!(out, "head hash  {}", report.head_hash)?;
    if report.torn_tail_bytes > 0 {
        let bytes = report.torn_tail_bytes;
        writeln!(
            out,
            "torn tail  {bytes} bytes of a write that was cut short or is under way; the next start cuts them"
        )?;
    }
    Ok(())
}

fn as_value(report: &VerifyReport) -> serde_json::Value {
    let damage = |damage: &Damage| {
        json!({
            "segment": damage.segment,
            "line": damage.line,
            "byte": damage.byte,
            "what": damage.what.to_string(),
        })
    };
    json!({
        "records": report.records,
        "segments": report.segments,
        "head_hash": report.head_hash.to_string(),
        "torn_tail_bytes": report.torn_tail_bytes,
        "damage": report.damage.as_ref().map(damage),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Event;
    use crate::journal::Store;

    fn check(dir: &Path, as_json: bool, code: u8, expected: &[&str]) {
        let (mut out, mut talk) = (Vec::new(), Vec::new());
        assert_eq!(verify(dir, as_json, &mut out, &mut talk).unwrap(), code);
        let said = String::from_utf8([out, talk].concat()).unwrap();
        for part in expected {
            assert!(said.contains(part), "{part:?} is missing from {said}");
        }
    }

    #[test]
    fn good_torn_damaged_and_missing_journals_are_told_apart() {
        let home = tempfile::tempdir().unwrap();
        check(home.path(), false, 77, &["holds no journal"]);
        let (store, _) = Store::open(home.path()).unwrap();
        let at = "2026-11-24T17:00:00Z".parse().unwrap();
        store.append_blocking(at, vec![Event::Alive, Event::Alive]).unwrap();
        let head = store.head_hash().to_string();
        check(home.path(), false, 0, &["records    2 good", &head]);
        check(home.path(), true, 0, &["\"records\": 2", "\"damage\": null", &head]);
        drop(store);

        let segment = home.path().join("journal/2026-11.jsonl");
        let text = std::fs::read_to_string(&segment).unwrap();
        std::fs::write(&segment, format!("{text}{{\"v\"")).unwrap();
        check(home.path(), false, 0, &["torn tail  4 bytes"]);
        std::fs::write(&segment, text.replace("\"seq\":2", "\"seq\":3")).unwrap();
        check(home.path(), false, 77, &["1 before the damage", "2026-11.jsonl line 2", "hint:"]);
        check(home.path(), true, 77, &["\"line\": 2"]);
    }
}
