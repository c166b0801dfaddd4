//! `treasuryd ledger` from a list of records: golden files, ranges, files on disk, wrong usage.

use super::*;
use crate::books::testing::{accepted, at, less_fee, payout, requested, seed_day, seed_payouts};
use crate::intent::Event;
use clap::Parser;
use std::convert::Infallible;
use std::path::Path;

mod forms;

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    command: LedgerCommand,
}

/// As typed after `treasuryd ledger`, over the seed's day (records 1 to 8).
fn typed(arguments: &[&str]) -> Result<String, LedgerError<Infallible>> {
    typed_over(seed_day(), arguments)
}

fn typed_over(events: Vec<Event>, arguments: &[&str]) -> Result<String, LedgerError<Infallible>> {
    bytes_over(events, arguments).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn bytes_over(events: Vec<Event>, arguments: &[&str]) -> Result<Vec<u8>, LedgerError<Infallible>> {
    let line = Line::try_parse_from(["ledger"].iter().chain(arguments)).unwrap();
    let records = (1..).zip(events).map(|(seq, event)| Ok((seq, at(seq), event)));
    let mut out = Vec::new();
    run(&line.command, records, &mut out).map(|()| out)
}

/// Compares with `tests/data/books/NAME`; `UPDATE_GOLDEN=1` writes it instead.
fn golden(name: &str, events: Vec<Event>, arguments: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/books").join(name);
    let got = typed_over(events, arguments).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    assert_eq!(got, std::fs::read_to_string(&path).unwrap(), "{name}");
}

#[test]
fn the_exports_and_tables_of_the_seeds_day() {
    golden("seed.csv", seed_day(), &["export", "--format", "csv"]);
    golden("seed.jsonl", seed_day(), &["export", "--format", "jsonl"]);
    golden("seed.hledger", seed_day(), &["export", "--format", "hledger"]);
    golden("seed.beancount", seed_day(), &["export", "--format", "beancount"]);
    golden("seed.camt053.xml", seed_day(), &["export", "--format", "camt053"]);
    golden("seed-rates.txt", seed_day(), &["rates"]);
    golden("seed-rates.json", seed_day(), &["rates", "--json"]);
    golden("seed-balance.txt", seed_day(), &["balance"]);
    golden("seed-balance.json", seed_day(), &["balance", "--json"]);
    golden("seed-check.txt", seed_day(), &["check"]);
    golden("seed-check.json", seed_day(), &["check", "--json"]);
}

#[test]
fn the_exports_and_tables_of_the_seeds_payouts() {
    golden("payouts.csv", seed_payouts(), &["export", "--format", "csv"]);
    golden("payouts.jsonl", seed_payouts(), &["export", "--format", "jsonl"]);
    golden("payouts.hledger", seed_payouts(), &["export", "--format", "hledger"]);
    golden("payouts.beancount", seed_payouts(), &["export", "--format", "beancount"]);
    golden("payouts.camt053.xml", seed_payouts(), &["export", "--format", "camt053"]);
    golden("payouts.txt", seed_payouts(), &["payouts"]);
    golden("payouts.json", seed_payouts(), &["payouts", "--json"]);
    golden("payouts-balance.txt", seed_payouts(), &["balance"]);
    golden("payouts-check.txt", seed_payouts(), &["check"]);
}

/// A table of zeros beside a dozen entries would look as if the books had missed them.
#[test]
fn a_check_says_what_no_reading_has_seen_yet() {
    let said = |events: usize| {
        let text = typed_over(seed_day().into_iter().take(events).collect(), &["check"]).unwrap();
        text.lines().find(|line| line.contains("since the last reading")).map(str::to_owned)
    };
    let line = |entries| {
        Some(format!("Entries since the last reading of the wallets: {entries}. They count with the next one."))
    };
    assert_eq!([said(2), said(3), said(6)], [None, line(1), line(4)]);
    assert_eq!([said(7), said(8)], [line(4), None], "a rate that comes late moved nothing anew");
}

#[test]
fn a_payout_fits_eighty_columns() {
    let mut events = seed_payouts();
    let longest = payout("TRD-261124170000-CMRPAY-01-JS7G03CB", "CMR>AIRTEL_OAPI_UGA:256753456789", "500000", None);
    let id = longest.external_id.to_string();
    events.push(requested(vec![longest]));
    events.push(accepted(&id, less_fee("500000", "25000 XAF", "3123742.50 UGX", Some("6.5763"))));
    let text = typed_over(events, &["payouts"]).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
    let lasting = typed_over(seed_payouts(), &["payouts", "--last", "0", "--json"]).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&lasting).unwrap();
    assert_eq!(rows.iter().map(|row| &row["external_id"]).collect::<Vec<_>>(), ["PAY-4"]);
}

#[test]
fn a_rate_nobody_gave_is_listed_as_pending_however_old() {
    let line = Line::try_parse_from(["ledger", "rates", "--last", "0"]).unwrap();
    let records = (1..).zip(seed_day()).take(6).map(|(seq, event)| Ok::<_, Infallible>((seq, at(seq), event)));
    let mut out = Vec::new();
    run(&line.command, records, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
    let expected = "2026-11-24T17:00:06.000Z CMR>SEN 50 000 XAF pending pending - 1.0150 1 - - pending TRD-4";
    assert_eq!(row.join(" "), expected);
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn csv_and_jsonl_have_the_contracts_columns_and_agree() {
    let csv = typed(&["export", "--format", "csv"]).unwrap();
    let jsonl = typed(&["export", "--format", "jsonl"]).unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), crate::books::COLUMNS);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    for (row, line) in rows.iter().zip(jsonl.lines()) {
        let entry: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        assert_eq!(entry.len(), crate::books::COLUMNS.len());
        for (column, cell) in crate::books::COLUMNS.iter().zip(row) {
            let value = entry[*column].as_str().unwrap_or_default();
            assert_eq!(cell.trim_start_matches('\''), value, "{column}");
        }
    }
    assert_eq!(rows[2].get(19), Some("'=TRF-IN, \"DEF456\""));
}

#[test]
fn ranges_take_from_and_leave_to() {
    let ids = |arguments: &[&str]| -> Vec<String> {
        let csv = typed(&[&["export", "--format", "csv"], arguments].concat()).unwrap();
        csv.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["--from", "2026-11-24", "--to", "2026-11-24"]).len(), 5);
    assert_eq!(ids(&["--from", "2026-11-25"]), Vec::<String>::new());
    assert_eq!(ids(&["--to", "2026-11-23"]), Vec::<String>::new());
    assert_eq!(ids(&["--from", "2026-11-24T17:00:04Z", "--to", "2026-11-24T18:00:06+01:00"]), ["E-4", "E-5"]);
    let empty = typed(&["export", "--format", "csv", "--from", "2026-11-25", "--to", "2026-11-24"]);
    let told = "nothing lies between --from and --to, from 2026-11-25T00:00:00Z on and before 2026-11-25T00:00:00Z; \
                give an earlier --from or a later --to";
    assert_eq!(empty.unwrap_err().to_string(), told);
}

#[test]
fn an_empty_journal_gives_a_header_and_plain_words() {
    for (arguments, expected) in [
        (&["export", "--format", "csv"][..], "entry_id,booked_at,external_id,kind"),
        (&["export", "--format", "jsonl"], ""),
        (&["export", "--format", "hledger"], "; The books of treasuryd"),
        (&["export", "--format", "beancount"], "; The books of treasuryd"),
        (&["rates"], "No rate yet"),
        (&["rates", "--json"], "[]"),
        (&["payouts"], "No payout yet"),
        (&["payouts", "--json"], "[]"),
        (&["balance"], "The books are empty"),
        (&["check"], "Nothing to compare with"),
    ] {
        let line = Line::try_parse_from(["ledger"].iter().chain(arguments)).unwrap();
        let mut out = Vec::new();
        run::<Infallible>(&line.command, Vec::new(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(expected) && (expected.is_empty() == text.is_empty()), "{arguments:?}: {text:?}");
    }
}

#[test]
fn unknown_formats_and_times_are_wrong_usage() {
    for arguments in [
        &["export"][..],
        &["export", "--format", "xml"],
        &["export", "--format", "CSV"],
        &["export", "--format", "csv", "--from", "yesterday"],
        &["rates", "--last", "-1"],
        &["payouts", "--last", "all"],
        &["burn"],
    ] {
        let error = Line::try_parse_from(["ledger"].iter().chain(arguments)).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{arguments:?}");
    }
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.csv");
    let shown = path.to_str().unwrap();
    std::fs::write(&path, "before").unwrap();
    assert_eq!(typed(&["export", "--format", "csv", "-o", shown]).unwrap(), "");
    let straight = typed(&["export", "--format", "csv"]).unwrap();
    assert_eq!(typed(&["export", "--format", "csv", "-o", "-"]).unwrap(), straight, "a dash is standard output");
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, typed(&["export", "--format", "csv"]).unwrap());

    // The journal breaks off half-way: the file stays as it was, and nothing is left beside it.
    let line = Line::try_parse_from(["ledger", "export", "--format", "jsonl", "-o", shown]).unwrap();
    let broken = seed_day().into_iter().take(3).zip(1..).map(|(event, seq)| Ok((seq, at(seq), event)));
    let broken = broken.chain([Err(io::Error::other("damaged"))]);
    let failed = run(&line.command, broken, &mut Vec::new());
    assert!(matches!(failed, Err(LedgerError::Journal(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn folders_devices_and_missing_folders_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/books.csv");
    for (path, expected) in [
        (folder.path().to_str().unwrap(), "it is a folder or a device"),
        ("/dev/null", "it is a folder or a device"),
        (missing.to_str().unwrap(), "check that its folder exists"),
    ] {
        let error = typed(&["export", "--format", "csv", "-o", path]).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains(path), "{error}");
    }
}

#[test]
fn a_link_is_followed_to_the_file_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("real.csv"), folder.path().join("link.csv"));
    std::fs::write(&target, "before").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    typed(&["export", "--format", "csv", "-o", link.to_str().unwrap()]).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().starts_with("entry_id,"));
}

/// A reader that went away.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let exports =
        ["csv", "jsonl", "hledger", "beancount", "xlsx", "camt053"].map(|format| ["export", "--format", format]);
    for arguments in exports.iter().map(|arguments| &arguments[..]).chain([&["balance", "--json"][..]]) {
        let line = Line::try_parse_from(["ledger"].iter().chain(arguments)).unwrap();
        let records = (1..).zip(seed_day()).map(|(seq, event)| Ok::<_, Infallible>((seq, at(seq), event)));
        assert!(run(&line.command, records, &mut Closed).is_ok(), "{arguments:?}");
    }
}
