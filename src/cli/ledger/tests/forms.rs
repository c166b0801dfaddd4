//! What each of the forms that are not lines of text says: a workbook read back, statements over spans.

use super::*;
use crate::books::testing::{applied, decided, facts, found, intent};
use crate::intent::Evidence;
use calamine::{Data, DataType, Range, Reader, Xlsx};

/// What stands between the first `from` and the next `until`.
fn between<'a>(text: &'a str, from: &str, until: &str) -> &'a str {
    text.split_once(from).unwrap().1.split_once(until).unwrap().0
}

fn workbook(events: Vec<Event>) -> Xlsx<std::io::Cursor<Vec<u8>>> {
    let bytes = bytes_over(events, &["export", "--format", "xlsx"]).unwrap();
    calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap()
}

fn sheet(events: Vec<Event>, name: &str) -> Range<Data> {
    workbook(events).worksheet_range(name).unwrap()
}

/// Cell by cell, the sheet says what the CSV says; its figures can be added up, and nothing is a formula.
#[test]
fn the_workbook_says_what_the_csv_says() {
    for events in [seed_day(), seed_payouts()] {
        let csv = typed_over(events.clone(), &["export", "--format", "csv"]).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let sheet = sheet(events, "entries");
        assert_eq!((sheet.height(), sheet.width()), (rows.len(), crate::books::COLUMNS.len()));
        for (line, (got, row)) in sheet.rows().zip(&rows).enumerate() {
            for (column, (cell, expected)) in got.iter().zip(row).enumerate() {
                let name = crate::books::COLUMNS[column];
                if line > 0 && name == "booked_at" {
                    let at = cell.as_datetime().unwrap().and_utc();
                    assert_eq!(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true), expected);
                    continue;
                }
                let is_figure = line > 0 && name.ends_with("_amount") && !expected.is_empty();
                assert_eq!(matches!(cell, Data::Float(_)), is_figure, "{name}: {cell:?}");
                assert_eq!(cell.to_string(), expected.trim_start_matches('\''), "{name} of line {line}");
            }
        }
    }
    let mut formulas = workbook(seed_day()).worksheet_formula("entries").unwrap();
    assert!(formulas.used_cells().next().is_none(), "=TRF-IN is text");
    formulas = workbook(seed_day()).worksheet_formula("postings").unwrap();
    assert!(formulas.used_cells().next().is_none());
}

#[test]
fn the_workbooks_postings_sum_to_zero() {
    let sheet = sheet(seed_payouts(), "postings");
    let mut sums: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
    for row in sheet.rows().skip(1) {
        let hundredths: crate::money::Amount = row[4].to_string().parse().unwrap();
        let hundredths = hundredths.decimal() * rust_decimal::Decimal::ONE_HUNDRED;
        *sums.entry(row[5].to_string()).or_default() += i64::try_from(hundredths).unwrap();
    }
    assert_eq!(sums.into_iter().collect::<Vec<_>>(), [("XAF".to_owned(), 0), ("XOF".to_owned(), 0)]);
}

/// What a spreadsheet's number cannot keep is text, digit for digit.
#[test]
fn no_digit_is_lost_in_a_workbook() {
    let moved = |amount: &str| {
        let moved = facts(amount, Some(&format!("{amount} XAF")), Some("1"));
        vec![decided(vec![intent("TRD-1", "GAB>CMR", amount, None)]), applied("TRD-1", Evidence::Response, moved)]
    };
    for (amount, expected) in [
        ("123456789012.345", Data::Float("123456789012.345".parse().unwrap())),
        ("999999999999999", Data::Float("999999999999999".parse().unwrap())),
        ("0.1", Data::Float("0.1".parse().unwrap())),
        ("48211.75", Data::Float("48211.75".parse().unwrap())),
        ("1.00000000000001", Data::Float("1.00000000000001".parse().unwrap())),
        ("0.000000123456789", Data::Float("0.000000123456789".parse().unwrap())),
        ("98765.4321098765", Data::Float("98765.4321098765".parse().unwrap())),
        ("0.0000000000000001", Data::String("0.0000000000000001".to_owned())),
        ("1234567890123.456", Data::String("1234567890123.456".to_owned())),
        ("9007199254740993", Data::String("9007199254740993".to_owned())),
    ] {
        assert_eq!(sheet(moved(amount), "entries").get((1, 7)), Some(&expected));
    }
}

/// The same books give the same bytes, whenever they are asked for.
#[test]
fn a_workbook_is_as_old_as_its_last_entry() {
    let bytes = bytes_over(seed_payouts(), &["export", "--format", "xlsx"]).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let core = std::io::read_to_string(archive.by_name("docProps/core.xml").unwrap()).unwrap();
    // Record 12 is the last that books something.
    assert_eq!(core.matches(">2026-11-24T17:00:12Z<").count(), 2, "{core}");
    assert!((0..archive.len()).all(|index| {
        let written = archive.by_index(index).unwrap().last_modified().unwrap();
        (written.year(), written.month(), written.day()) == (1980, 1, 1)
    }));
}

/// Both plain-text formats post the same figures to the same accounts.
#[test]
fn hledger_and_beancount_get_the_same_postings() {
    for events in [seed_day(), seed_payouts()] {
        let postings = |format| -> Vec<String> {
            let text = typed_over(events.clone(), &["export", "--format", format]).unwrap();
            let kinds = ["    Assets:", "    Expenses:", "    Equity:"];
            text.lines().filter(|line| kinds.iter().any(|kind| line.starts_with(kind))).map(str::to_owned).collect()
        };
        assert!(postings("hledger").len() >= 12);
        assert_eq!(postings("hledger"), postings("beancount"));
    }
}

/// A statement opens with what was moved before its span and closes with what was moved in it, and with nothing after.
#[test]
fn a_statement_opens_where_the_one_before_closed() {
    let balances = |arguments: &[&str]| -> Vec<String> {
        let xml = typed(&[&["export", "--format", "camt053"], arguments].concat()).unwrap();
        let mut told = Vec::new();
        for statement in xml.split("<Stmt>").skip(1) {
            let balance = |code: &str| {
                let balance = between(statement, &format!("<Cd>{code}</Cd>"), "<Dt>");
                let amount = between(between(balance, "<Amt", "/Amt>"), ">", "<");
                let sign = if between(balance, "<CdtDbtInd>", "</") == "DBIT" { "-" } else { "" };
                format!("{sign}{amount}")
            };
            let entries = statement.matches("<Ntry>").count();
            let wallet = between(statement, "<Id>KPay-", "</Id>");
            told.push(format!("{wallet} {} {entries} {}", balance("OPBD"), balance("CLBD")));
        }
        told
    };
    assert_eq!(
        balances(&[]),
        ["CMR-XAF 0 4 -105000", "COG-XAF 0 1 -15000", "GAB-XAF 0 1 -30000", "SEN-XOF 0 2 152295"]
    );
    // Entries 3 to 7 are booked at 17:00:03 to 17:00:07.
    assert_eq!(
        balances(&["--to", "2026-11-24T17:00:05Z"]),
        ["CMR-XAF 0 2 45000", "COG-XAF 0 1 -15000", "GAB-XAF 0 1 -30000"]
    );
    assert_eq!(
        balances(&["--from", "2026-11-24T17:00:05Z", "--to", "2026-11-24T17:00:06Z"]),
        ["CMR-XAF 45000 1 -55000", "COG-XAF -15000 0 -15000", "GAB-XAF -30000 0 -30000", "SEN-XOF 0 1 101530"]
    );
    assert_eq!(
        balances(&["--from", "2026-11-24T17:00:06Z"]),
        ["CMR-XAF -55000 1 -105000", "COG-XAF -15000 0 -15000", "GAB-XAF -30000 0 -30000", "SEN-XOF 101530 1 152295"]
    );
}

/// Text from outside stays text, and a figure that the format has no room for is said, not cut.
#[test]
fn a_statement_holds_what_it_can_and_says_what_it_cannot() {
    let moved = |amount: &str, reference: &str| {
        let mut moved = facts(amount, Some(&format!("{amount} XAF")), Some("1"));
        moved.source_reference = Some(reference.to_owned());
        moved.kpay_id = Some("910a2dec-8902-4cc1-beeb-8da1658eec67".to_owned());
        let events =
            vec![decided(vec![intent("TRD-1", "GAB>CMR", amount, None)]), applied("TRD-1", Evidence::Response, moved)];
        typed_over(events, &["export", "--format", "camt053"])
    };
    let told = moved("1.00001", "</Refs>&\u{1}<Ntry>").unwrap();
    // Control characters are tamed where KPay's text comes in.
    assert!(told.contains("<AcctSvcrRef>&lt;/Refs&gt;&amp;\\u{1}&lt;Ntry&gt;</AcctSvcrRef>"), "{told}");
    assert!(told.contains("<Amt Ccy=\"XAF\">1.00001</Amt>"), "{told}");
    let long = "R".repeat(36);
    let told = moved("1", &long).unwrap();
    let further = format!("; reference {long}; KPay id 910a2dec-8902-4cc1-beeb-8da1658eec67</AddtlNtryInf>");
    assert!(!told.contains("<AcctSvcrRef>") && !told.contains("<TxId>") && told.contains(&further), "{told}");
    for amount in ["0.000001", "1234567890123456789"] {
        let error = moved(amount, "R").unwrap_err();
        assert!(matches!(error, LedgerError::Format(_)), "no fault of the disk's: {error:?}");
        let told = format!("camt053 has no room for {amount} XAF of the balance of CMR at 2026-11-24T17:00:02.000Z");
        assert!(error.to_string().contains(&told), "{error}");
    }
}

/// A correction is found again without the entry that it corrects: route, rate, and the reference of the side it is on.
#[test]
fn a_corrections_line_says_what_it_is_about() {
    let lost = facts("1000", None, None);
    let mut found_later = facts("900", Some("913.77 XOF"), Some("1.0153"));
    found_later.source_reference = Some("OUT-1".to_owned());
    found_later.destination_reference = Some("IN-1".to_owned());
    let events = vec![
        decided(vec![intent("TRD-1", "CMR>SEN", "1000", None)]),
        applied("TRD-1", Evidence::Conflict, lost),
        found("TRD-1", found_later),
    ];
    let xml = typed_over(events, &["export", "--format", "camt053"]).unwrap();
    let lines: Vec<&str> = xml.split("<Ntry>").skip(1).collect();
    assert_eq!(lines.len(), 3, "{xml}");
    let told = "<AddtlNtryInf>correction of E-2, CMR&gt;SEN; rate 1.0153</AddtlNtryInf>";
    for (line, reference, amount) in [(lines[1], "OUT-1", "100"), (lines[2], "IN-1", "913.77")] {
        assert!(
            line.contains(&format!("<AcctSvcrRef>{reference}<")) && line.contains(&format!(">{amount}<")),
            "{line}"
        );
        assert!(line.contains(told), "{line}");
    }
    let payouts = typed_over(seed_payouts(), &["export", "--format", "camt053"]).unwrap();
    let back = payouts.split("<Ntry>").find(|line| line.contains("<RvslInd>true</RvslInd>")).unwrap();
    assert!(back.contains("<NtryRef>E-12</NtryRef>") && back.contains("<CdtDbtInd>CRDT</CdtDbtInd>"), "{back}");
    assert_eq!(payouts.matches("RvslInd").count(), 2, "only what came back: {payouts}");
}

/// Programs that read statements leave out those whose id they know: another span or another entry is another id.
#[test]
fn statements_of_other_contents_have_other_ids() {
    let ids = |events: usize, arguments: &[&str]| -> Vec<String> {
        let events = seed_day().into_iter().take(events).collect();
        let xml = typed_over(events, &[&["export", "--format", "camt053"], arguments].concat()).unwrap();
        let statement = between(between(&xml, "<Stmt>", "<CreDtTm>"), "<Id>", "</Id>");
        assert!(statement.starts_with("CMR-XAF-202611") && statement.len() <= 35, "{statement}");
        vec![between(&xml, "<MsgId>", "</MsgId>").to_owned(), statement.to_owned()]
    };
    let day = ["--from", "2026-11-24", "--to", "2026-11-30"];
    let all = ids(7, &day);
    assert_eq!(ids(7, &day), all);
    for other in [ids(5, &day), ids(7, &["--to", "2026-11-30"]), ids(7, &["--from", "2026-11-24"])] {
        assert!(other[0] != all[0] && other[1] != all[1], "{other:?} {all:?}");
    }
}

/// A file without a statement is none that a program would read.
#[test]
fn nothing_booked_is_no_statement() {
    for arguments in [&["--to", "2026-11-23"][..], &["--to", "2026-11-24T17:00:03Z"]] {
        let error = typed(&[&["export", "--format", "camt053"], arguments].concat()).unwrap_err().to_string();
        assert!(error.contains("up to the end of the span nothing was booked"), "{error}");
    }
    let after = typed(&["export", "--format", "camt053", "--from", "2027-01-01"]).unwrap();
    let instants = ["FrDtTm", "ToDtTm"].map(|name| format!("<{name}>2027-01-01T00:00:00.000Z</{name}>"));
    assert!(instants.iter().all(|instant| after.matches(instant.as_str()).count() == 4), "{after}");
}
