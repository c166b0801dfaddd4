//! The exports for other programs, judged by those programs: hledger, beancount, and each format as a file and a stream.

use super::books::an_evening;
use crate::played::lacks;
use crate::support::Merchant;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program of the machine says of a file; it must be content with it.
fn judged(program: &str, arguments: &[&str]) -> String {
    // hledger reads UTF-8 only where the locale is one.
    let output = Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{program} {arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

fn exported(merchant: &Merchant, format: &str) -> String {
    let file = format!("books.{format}");
    merchant.treasuryd(&["ledger", "export", "--format", format, "-o", &file]).with_code(0);
    merchant.path(&file).to_str().unwrap().to_owned()
}

/// The golden files of `tests/data/books`: a day of transfers, one of payouts, with odd references.
fn kept(extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/books");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    paths
}

#[test]
fn hledger_checks_strictly_and_adds_up_as_the_trial_balance_does() {
    if lacks("hledger") {
        return;
    }
    for path in kept("hledger") {
        judged("hledger", &["-f", path.to_str().unwrap(), "check", "--strict"]);
    }
    let merchant = an_evening_with_a_payout();
    let path = exported(&merchant, "hledger");
    judged("hledger", &["-f", &path, "check", "--strict"]);
    let table = judged("hledger", &["-f", &path, "balance", "--flat", "-N", "--layout=bare", "-O", "csv"]);
    let mut theirs: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in csv::Reader::from_reader(table.as_bytes()).records() {
        let row = row.unwrap();
        let twice = theirs.insert(format!("{} {}", &row[0], &row[1]), row[2].replace(',', "").parse().unwrap());
        assert_eq!(twice, None, "{table}");
    }
    let report = merchant.treasuryd(&["ledger", "balance", "--json"]).with_code(0).json();
    let mut ours: BTreeMap<String, Decimal> = BTreeMap::new();
    for account in report["accounts"].as_array().unwrap() {
        let word = |key: &str| account[key].as_str().unwrap();
        ours.insert(format!("{} {}", their_name(word("account")), word("currency")), word("balance").parse().unwrap());
    }
    ours.retain(|_, balance| !balance.is_zero());
    assert!(ours.len() >= 6 && ours.keys().any(|name| name.starts_with("Expenses:Fees")), "{ours:?}");
    assert_eq!(theirs, ours, "{table}");
}

/// docs/books.md, "For other programs".
fn their_name(account: &str) -> String {
    let parents = [
        ("wallet:", "Assets:KPay:Wallet:"),
        ("in-transit:", "Assets:KPay:In-Transit:"),
        ("paid-out:", "Expenses:Paid-Out:"),
        ("fx-clearing:", "Equity:FX-Clearing:"),
        ("fx-residue:", "Expenses:FX-Residue:"),
    ];
    if account == "fees:kpay" {
        return "Expenses:Fees:KPay".to_owned();
    }
    let find = |(ours, theirs): &(&str, &str)| account.strip_prefix(ours).map(|rest| format!("{theirs}{rest}"));
    parents.iter().find_map(find).unwrap()
}

fn an_evening_with_a_payout() -> Merchant {
    let merchant = an_evening();
    let payout = ["payout", "CMR", "5000", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789", "--key", "rent"];
    merchant.treasuryd(&[&payout[..], &["--yes", "--wait"]].concat()).with_code(0);
    merchant
}

#[test]
fn bean_check_finds_nothing_wrong() {
    if lacks("bean-check") {
        return;
    }
    for path in kept("beancount") {
        judged("bean-check", &[path.to_str().unwrap()]);
    }
    let merchant = an_evening_with_a_payout();
    judged("bean-check", &[&exported(&merchant, "beancount")]);
}

/// A file holds what standard output shows, byte for byte, and the same books give the same bytes again.
#[test]
fn every_format_is_the_same_in_a_file_and_twice() {
    let merchant = an_evening_with_a_payout();
    for format in ["csv", "jsonl", "hledger", "beancount", "xlsx", "camt053"] {
        let path = exported(&merchant, format);
        let streamed = merchant.command(&["ledger", "export", "--format", format]).output().unwrap();
        assert!(streamed.status.success() && !streamed.stdout.is_empty(), "{format}");
        assert!(std::fs::read(&path).unwrap() == streamed.stdout, "{format}");
    }
}
