//! `transfers list|show|resolve`: what an operator sees, what a finding needs, and what it can never do (H4).

use super::tools::{csv, deposit, lose_the_state, moved, needs_a_person, once_at, one_policy, only_transfer, posts};
use crate::played::row;
use crate::support::{Ended, Merchant};
use serde_json::Value;

const BY: [&str; 4] = ["--by", "Ada", "--note", "seen in the dashboard"];

fn gabon() -> Merchant {
    let merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", ""));
    merchant
}

/// `transfers resolve ID ARGS`.
fn resolve(merchant: &Merchant, id: &str, args: &[&str]) -> Ended {
    merchant.treasuryd(&[&["transfers", "resolve", id], args].concat())
}

/// Each line is one wish on the same transfer, with its exit code and something it must say.
fn check(merchant: &Merchant, id: &str, wishes: &[(&[&str], bool, i32, &str)]) {
    for (args, signed, code, said) in wishes {
        let before = merchant.transfers();
        let signature: &[&str] = if *signed { &BY } else { &[] };
        let ended = resolve(merchant, id, &[args, signature].concat()).with_code(*code);
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert!(all.contains(said), "{args:?} should say {said}: {all}");
        assert_eq!(*code == 0, merchant.transfers() != before, "{args:?} changes something exactly when it is done");
    }
}

#[test]
fn a_list_has_every_field_of_the_contract() {
    let merchant = gabon();
    assert_eq!(merchant.treasuryd(&["transfers", "list", "--json"]).with_code(0).json(), Value::Array(vec![]));
    assert!(!merchant.path("state").exists(), "looking makes no state");
    merchant.once().with_code(0);
    let transfer = only_transfer(&merchant);
    let theirs = merchant.books().transfers.remove(0);
    let expected = serde_json::json!({
        "external_id": theirs.external_id,
        "kind": "transfer",
        "policy": "consolidate",
        "slot": "2026-11-24T18:00:00Z",
        "from": "GAB",
        "to": "CMR",
        "amount": "30000",
        "currency": "XAF",
        "state": "applied",
        "evidence": "response",
        "attempts": 1,
        "kpay_id": theirs.id,
        "reference": theirs.source_reference,
        "exchange_rate": "1",
        "credited": "30000",
        "credited_currency": "XAF",
        "fee": null,
        "created_at": transfer["created_at"],
        "updated_at": transfer["updated_at"],
        "detail": transfer["detail"],
    });
    assert_eq!(transfer, expected);
    for time in ["created_at", "updated_at"] {
        let text = transfer[time].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(text).is_ok() && text.ends_with('Z'), "{time}: {text}");
    }
    assert!(transfer["detail"].is_string());
}

#[test]
fn show_tells_the_history() {
    let merchant = gabon();
    merchant.bank().set_faults(&["lost-after-apply"]).unwrap();
    merchant.once().with_code(0);
    let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
    let story = merchant.treasuryd(&["transfers", "show", &id, "--json"]).with_code(0).json();
    assert_eq!(story["transfer"], only_transfer(&merchant));
    let events: Vec<&str> =
        story["history"].as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["decided", "attempted", "unknown", "attempted", "applied"]);
    let text = merchant.treasuryd(&["transfers", "show", &id]).with_code(0).stdout;
    assert!(text.contains(&id) && text.contains("attempt 2"), "{text}");
    let ended = merchant.treasuryd(&["transfers", "show", "TRD-nothing"]).with_code(1);
    assert!(ended.stderr.contains("TRD-nothing"), "{ended:?}");
}

/// Neither name nor note is ever guessed, and a wish says exactly one thing.
#[test]
fn h04_what_a_finding_needs() {
    let _row = row!();
    let mut merchant = gabon();
    let id = needs_a_person(&mut merchant);
    let nothing: &[&str] = &[];
    check(
        &merchant,
        &id,
        &[
            (nothing, true, 2, "--applied"),
            (&["--applied", "--not-applied"], true, 2, "--not-applied"),
            (&["--applied"], false, 2, "--by"),
            (&["--applied", "--by", "Ada"], false, 2, "--note"),
            (&["--applied", "--note", "x"], false, 2, "--by"),
            (&["--applied", "--by", " ", "--note", "x"], false, 2, "--by"),
            (&["--not-applied", "--amount", "30000"], true, 2, "--amount"),
            (&["--not-applied", "--reference", "R"], true, 2, "--reference"),
            (&["--applied", "--rate", "1"], true, 2, "--credited"),
            (&["--applied", "--credited", "1"], true, 2, "--rate"),
            (&["--applied", "--amount", "30000", "--fee", "1"], true, 2, "--fee"),
            (&["--not-applied", "--fee", "1"], true, 2, "--fee"),
            (&["--applied", "--amount", "0"], true, 2, "--amount"),
            (&["--applied", "--amount", "-1"], true, 2, "--amount"),
            (&["--applied", "--amount", "1e4"], true, 2, "--amount"),
        ],
    );
    for id in ["TRD-261124180000-GABCMR-01-AAAAAAAA", "x", ""] {
        resolve(&merchant, id, &[&["--applied"], &BY[..]].concat()).with_code(1);
    }
    assert!(csv(&merchant).is_empty());
}

/// A finding that nothing moved frees lane and funds, and never reopens the slot.
#[test]
fn h04_not_applied() {
    let _row = row!();
    let mut merchant = gabon();
    let id = needs_a_person(&mut merchant);
    check(
        &merchant,
        &id,
        &[
            (&["--not-applied"], true, 0, "rejected"),
            (&["--not-applied"], true, 77, "closed already"),
            (&["--applied"], true, 77, "closed already"),
        ],
    );
    let sent = posts(&merchant);
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), sent, "the slot is over");
    assert!(csv(&merchant).is_empty());
    once_at(&merchant, "2026-11-25T18:00:30Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    let story = merchant.treasuryd(&["transfers", "show", &id]).with_code(0).stdout;
    assert!(story.contains("by Ada: seen in the dashboard"), "{story}");
}

/// An unknown that nobody answered for was ours alone, so our amount is the one that moved.
#[test]
fn h04_applied_with_our_amount() {
    let _row = row!();
    let mut merchant = gabon();
    let id = needs_a_person(&mut merchant);
    let reference: &[&str] = &["--applied", "--reference", "TRF-OUT-7"];
    check(&merchant, &id, &[(reference, true, 0, "applied"), (reference, true, 77, "applied already")]);
    let transfer = only_transfer(&merchant);
    let shown = ["state", "evidence", "amount", "reference", "credited"].map(|key| transfer[key].clone());
    assert_eq!(shown, ["applied", "operator", "30000", "TRF-OUT-7", "30000"].map(Value::from));
    let rows = csv(&merchant);
    assert_eq!(rows.len(), 1);
    let cells = ["kind", "source_amount", "rate_source", "evidence"].map(|column| rows[0][column].as_str());
    assert_eq!(cells, ["transfer", "30000", "same_currency", "operator"]);
}

/// After a 409 on a first attempt no amount of ours is proven: it must be said.
#[test]
fn h04_applied_after_a_foreign_conflict() {
    let _row = row!();
    let merchant = gabon();
    merchant.once().with_code(0);
    lose_the_state(&merchant);
    deposit(&merchant, "GAB", 70_000);
    merchant.once().with_code(75);
    let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
    check(
        &merchant,
        &id,
        &[
            (&["--applied"], true, 2, "--amount"),
            (&["--applied", "--amount", "30000"], true, 0, "applied"),
            (&["--applied", "--amount", "30000"], true, 77, "applied already"),
        ],
    );
    assert_eq!(only_transfer(&merchant)["amount"], "30000", "what really moved, not what was planned");
    assert_eq!(csv(&merchant)[0]["source_amount"], "30000");
    merchant.once().with_code(0);
}

/// A lost reply across currencies is applied with its rate pending; a person completes it, once, by a new entry.
#[test]
fn h04_a_pending_rate_is_completed_once() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 200_000), ("SEN", 0)]);
    merchant.policies(&one_policy("{ from: [CMR], into: SEN, above: 100_000 XAF }", "fx: { allow: true }"));
    merchant.bank().set_faults(&["lost-after-apply"]).unwrap();
    merchant.once().with_code(0);
    let transfer = only_transfer(&merchant);
    assert_eq!((&transfer["state"], &transfer["evidence"]), (&"applied".into(), &"conflict".into()));
    assert_eq!((&transfer["exchange_rate"], &transfer["credited"]), (&Value::Null, &Value::Null));
    let id = transfer["external_id"].as_str().unwrap().to_owned();
    let complete: &[&str] = &["--applied", "--rate", "1.01530", "--credited", "101_530"];
    let pending = "its rate is pending";
    for shown in [&["transfers", "list"][..], &["transfers", "show", &id], &["status"]] {
        assert!(merchant.treasuryd(shown).stdout.contains(pending), "{shown:?}");
    }
    check(
        &merchant,
        &id,
        &[
            (&["--applied"], true, 2, "--rate"),
            (&["--not-applied"], true, 77, "only its rate and what arrived can be told"),
            (&["--applied", "--rate", "1.0153", "--credited", "101530 XOF"], true, 2, "leave XOF out"),
            (&["--applied", "--rate", "1.0153", "--credited", "101530", "--amount", "99"], true, 77, "100000"),
            (&["--applied", "--rate", "1.0153", "--credited", "-101530"], true, 2, "is negative"),
            (&["--applied", "--rate", "1.0153", "--credited", "0"], true, 2, "above zero"),
            (&["--applied", "--rate", "1.0153", "--credited", "1015300"], true, 2, "far from 1015300"),
            (complete, true, 0, "applied"),
            (complete, true, 77, "applied already"),
        ],
    );
    assert!(!merchant.treasuryd(&["transfers", "list"]).stdout.contains(pending));
    let rows = csv(&merchant);
    let cells =
        |row: usize| ["kind", "exchange_rate", "rate_source", "destination_amount"].map(|c| rows[row][c].clone());
    assert_eq!(cells(0), ["transfer", "", "pending", ""], "the first entry is never changed");
    assert_eq!(cells(1), ["correction", "1.01530", "operator", "101530"]);
    assert_eq!((&rows[1]["corrects"], &rows[1]["external_id"]), (&rows[0]["entry_id"], &rows[0]["external_id"]));
    assert_eq!(only_transfer(&merchant)["exchange_rate"], "1.01530", "digit for digit");
}

/// What is applied by KPay's own word is nobody's to find.
#[test]
fn h04_a_good_transfer_is_not_resolved() {
    let _row = row!();
    let merchant = gabon();
    merchant.once().with_code(0);
    let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
    let amount: &[&str] = &["--applied", "--amount", "5"];
    check(&merchant, &id, &[(amount, true, 77, "applied already"), (&["--not-applied"], true, 77, "applied already")]);
}
