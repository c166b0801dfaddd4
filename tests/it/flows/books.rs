//! The books from outside: the exports' shape, the trial balance, the rates, and equality with KPay's own.

use super::tools::{csv, deposit, needs_a_person, once_at, one_policy, policy};
use crate::support::{EVENING, Merchant};
use serde_json::Value;
use std::collections::BTreeMap;
use treasuryd::money::{Currency, Rate};

const HEADER: &str = "entry_id,booked_at,external_id,kind,policy,source_country,source_currency,source_amount,\
destination_country,destination_currency,destination_amount,exchange_rate,effective_rate,rate_source,indicative_rate,\
fee_amount,fee_currency,kpay_id,source_reference,destination_reference,description,evidence,corrects";

/// One evening of everything: a transfer across currencies with a lost reply, then two within one currency.
pub fn an_evening() -> Merchant {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 115_000), ("CMR", 0), ("CIV", 250_000)]);
    merchant.bank().set_rate(Currency::XOF, Currency::XAF, "0.9849".parse::<Rate>().unwrap());
    let all = [
        policy("consolidate", "{ from: [GAB, COG], into: CMR, above: 100_000 XAF }", ""),
        policy("fetch", "{ from: [CIV], into: CMR, above: 200_000 XOF }", "fx: { allow: true }"),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", all.concat()));
    merchant.bank().set_faults(&["lost-after-apply"]).unwrap();
    merchant.treasuryd(&["once", "--at", EVENING, "--policy", "fetch"]).with_code(0);
    merchant.once().with_code(0);
    merchant
}

fn json(merchant: &Merchant, args: &[&str]) -> Value {
    merchant.treasuryd(&[args, &["--json"]].concat()).with_code(0).json()
}

#[test]
fn without_movements_there_is_a_header_and_nothing_else() {
    let merchant = Merchant::new(&[("GAB", 0)]);
    for made in [false, true] {
        if made {
            merchant.once().with_code(0);
        }
        let text = merchant.treasuryd(&["ledger", "export", "--format", "csv"]).with_code(0).stdout;
        assert_eq!(text.trim_end(), HEADER);
        let text = merchant.treasuryd(&["ledger", "export", "--format", "jsonl"]).with_code(0).stdout;
        assert_eq!(text, "");
        assert_eq!(json(&merchant, &["ledger", "rates"]), Value::Array(vec![]));
        assert_eq!(json(&merchant, &["ledger", "balance"])["entries"], 0);
    }
    for format in ["camt", "xml"] {
        merchant.treasuryd(&["ledger", "export", "--format", format]).with_code(2);
    }
}

/// Entry by entry, the books say what KPay's say.
#[test]
fn entries_equal_kpays_books() {
    let merchant = an_evening();
    let text = merchant.treasuryd(&["ledger", "export", "--format", "csv"]).with_code(0).stdout;
    assert_eq!(text.lines().next().unwrap(), HEADER);
    let rows = csv(&merchant);
    let theirs = merchant.books();
    assert_eq!((rows.len(), theirs.transfers.len()), (3, 3));
    let mut lost = 0;
    for row in &rows {
        let applied = theirs.applied(&row["external_id"]);
        assert_eq!(applied.len(), 1, "{row:?}");
        let applied = applied[0];
        let (from, to, amount) = (applied.from.to_string(), applied.to.to_string(), applied.amount.to_string());
        assert_eq!([&row["source_country"], &row["destination_country"], &row["source_amount"]], [&from, &to, &amount]);
        if row["evidence"] == "conflict" {
            lost += 1;
            assert_eq!((&*row["exchange_rate"], &*row["rate_source"]), ("", "pending"));
            assert!(row["kpay_id"].is_empty() && row["source_reference"].is_empty(), "nobody said them: {row:?}");
            continue;
        }
        assert_eq!(row["evidence"], "response");
        assert_eq!(row["destination_amount"], applied.credited.to_string());
        assert_eq!(row["exchange_rate"], applied.rate.to_string());
        assert_eq!(row["kpay_id"], applied.id);
        assert_eq!(row["source_reference"], applied.source_reference);
        assert_eq!(row["destination_reference"], applied.destination_reference);
    }
    assert_eq!(lost, 1, "the fault was played");
}

#[test]
fn jsonl_says_the_same_as_csv() {
    let merchant = an_evening();
    let text = merchant.treasuryd(&["ledger", "export", "--format", "jsonl"]).with_code(0).stdout;
    let rows = csv(&merchant);
    assert_eq!(text.lines().count(), rows.len());
    for (line, row) in text.lines().zip(rows) {
        let entry: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        assert_eq!(entry.keys().collect::<Vec<_>>(), row.keys().collect::<Vec<_>>());
        for (column, value) in entry {
            let shown = value.as_str().unwrap_or_default();
            assert!(value.is_string() || value.is_null(), "amounts are strings: {line}");
            assert_eq!(shown, row[&column], "{column}");
        }
    }
}

/// Every currency sums to zero, before and after a pending rate is completed.
#[test]
fn the_trial_balance_is_zero() {
    let merchant = Merchant::new(&[("CMR", 200_000), ("SEN", 0)]);
    merchant.policies(&one_policy("{ from: [CMR], into: SEN, above: 100_000 XAF }", "fx: { allow: true }"));
    merchant.bank().set_faults(&["lost-after-apply"]).unwrap();
    merchant.once().with_code(0);
    let zero = |pending: u64| {
        let report = json(&merchant, &["ledger", "balance"]);
        assert_eq!(report["pending"], pending, "{report}");
        let totals = report["totals"].as_object().unwrap();
        assert!(!totals.is_empty() && totals.values().all(|total| total == "0"), "{report}");
    };
    zero(1);
    let told = || merchant.treasuryd(&["status"]).with_code(0).stdout;
    assert!(told().contains("open transfers: 0") && told().contains("rates that nobody gave: 1"), "{}", told());
    assert!(told().contains("transfers resolve ID --applied --rate R --credited X"), "{}", told());
    let rates = json(&merchant, &["ledger", "rates"]);
    assert_eq!((&rates[0]["rate_source"], &rates[0]["exchange_rate"]), (&"pending".into(), &Value::Null));
    let id = rates[0]["external_id"].as_str().unwrap().to_owned();
    let words = ["--applied", "--rate", "1.0153", "--credited", "101530", "--by", "Ada", "--note", "dashboard"];
    merchant.treasuryd(&[&["transfers", "resolve", &id], &words[..]].concat()).with_code(0);
    zero(0);
    assert!(!told().contains("rates that nobody gave"), "{}", told());
    let rates = json(&merchant, &["ledger", "rates"]);
    assert_eq!(rates.as_array().unwrap().len(), 1);
    assert_eq!((&rates[0]["rate_source"], &rates[0]["exchange_rate"]), (&"operator".into(), &"1.0153".into()));
}

/// Opening + external − out + in = closing, wallet by wallet (I8).
#[test]
fn books_against_wallets() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 115_000), ("CMR", 0)]);
    merchant.once().with_code(0);
    deposit(&merchant, "GAB", 50_000);
    once_at(&merchant, "2026-11-25T18:00:30Z").with_code(0);
    let report = json(&merchant, &["ledger", "check"]);
    let mut seen = Vec::new();
    for row in report["wallets"].as_array().unwrap() {
        let figures = ["wallet", "opening", "own_in", "own_out", "expected", "closing", "external"];
        seen.push(figures.map(|key| row[key].as_str().unwrap().to_owned()).join(" "));
    }
    seen.sort();
    assert_eq!(
        seen,
        ["CMR 0 95000 0 95000 95000 0", "COG 115000 0 15000 100000 100000 0", "GAB 130000 0 80000 50000 100000 50000"]
    );
    for country in ["GAB", "COG", "CMR"] {
        let row = seen.iter().find(|row| row.starts_with(country)).unwrap();
        assert_eq!(row.split(' ').nth(5).unwrap(), merchant.holds(country).to_string());
    }
}

/// What nobody can answer for is in no book, and is there once a person has answered.
#[test]
fn an_open_question_is_not_booked() {
    let mut merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", ""));
    let id = needs_a_person(&mut merchant);
    assert!(csv(&merchant).is_empty());
    let words = ["--applied", "--by", "Ada", "--note", "dashboard"];
    merchant.treasuryd(&[&["transfers", "resolve", &id], &words[..]].concat()).with_code(0);
    assert_eq!(csv(&merchant).len(), 1);
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
}

#[test]
fn ranges_and_files() {
    let merchant = an_evening();
    let export = |args: &[&str]| merchant.treasuryd(&[&["ledger", "export", "--format", "csv"], args].concat());
    let all = export(&[]).with_code(0).stdout;
    assert_eq!(export(&["--to", "2001-01-01"]).with_code(0).stdout.lines().count(), 1);
    assert_eq!(export(&["--from", "2001-01-01"]).with_code(0).stdout, all);
    export(&["--from", "2026-01-02", "--to", "2026-01-01"]).with_code(2);
    export(&["--from", "soon"]).with_code(2);
    merchant.write("books.csv", "old");
    export(&["-o", "books.csv"]).with_code(0);
    assert_eq!(std::fs::read_to_string(merchant.path("books.csv")).unwrap(), all);
    export(&["-o", "nowhere/books.csv"]).with_code(1);
    export(&["-o", "state"]).with_code(1);
    let tidy = |name: &str| !name.starts_with(".treasuryd-export");
    let mut names = std::fs::read_dir(merchant.folder.path()).unwrap();
    assert!(names.all(|entry| tidy(&entry.unwrap().file_name().to_string_lossy())));
    // Made again from the same journal, the books are the same.
    assert_eq!(export(&[]).with_code(0).stdout, all);
    merchant.treasuryd(&["once", "--at", EVENING]).with_code(0);
    assert_eq!(export(&[]).with_code(0).stdout, all);
}
