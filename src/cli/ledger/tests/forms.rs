//! What each of the forms that are not lines of text says: a workbook read back, statements over spans.

use super::*;
use crate::books::testing::{applied, decided, facts, intent};
use crate::intent::Evidence;
use calamine::{Data, Range, Reader, Xlsx};

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
        assert_eq!(sheet.height(), rows.len());
        for (line, (got, row)) in sheet.rows().zip(&rows).enumerate() {
            for (column, (cell, expected)) in got.iter().zip(row).enumerate() {
                let name = crate::books::COLUMNS[column];
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

/// What a spreadsheet's number cannot keep is text, digit for digit; the same books give the same bytes.
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
    let bytes = || bytes_over(seed_payouts(), &["export", "--format", "xlsx"]).unwrap();
    assert!(bytes() == bytes());
}

/// A statement opens with what was moved before its span and closes with what was moved in it, and with nothing after.
#[test]
fn a_statement_opens_where_the_one_before_closed() {
    let balances = |arguments: &[&str]| -> Vec<String> {
        let xml = typed(&[&["export", "--format", "camt053"], arguments].concat()).unwrap();
        let mut told = Vec::new();
        for statement in xml.split("<Stmt>").skip(1) {
            let inner = |from: &str, until: &str| {
                let rest = &statement[statement.find(from).unwrap() + from.len()..];
                rest[..rest.find(until).unwrap()].to_owned()
            };
            let balance = |code: &str| {
                let rest = &statement[statement.find(&format!("<Cd>{code}</Cd>")).unwrap()..];
                let amount = rest.split("<Amt").nth(1).unwrap().split(['>', '<']).nth(1).unwrap();
                let sign = if rest.split("<CdtDbtInd>").nth(1).unwrap().starts_with("DBIT") { "-" } else { "" };
                format!("{sign}{amount}")
            };
            let entries = statement.matches("<Ntry>").count();
            let wallet = inner("<Id>KPay-", "</Id>");
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
    assert!(!told.contains("<AcctSvcrRef>") && told.contains(&format!("; reference {long}</AddtlNtryInf>")), "{told}");
    for amount in ["0.000001", "1234567890123456789"] {
        let error = moved(amount, "R").unwrap_err().to_string();
        assert!(error.contains(&format!("camt053 has no room for {amount} XAF")), "{error}");
    }
}
