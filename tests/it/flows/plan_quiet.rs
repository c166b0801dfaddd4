//! `plan` writes nothing and sends nothing, and says clearly what is wrong with what it was given.

use super::tools::{files_under, lanes, plan, posts};
use crate::support::{EVENING, Merchant};
use std::os::unix::fs::PermissionsExt;

const BALANCES: &str = r#"[{ "wallet": "GAB", "currency": "XAF", "available": "330000" }]"#;

#[test]
fn without_a_state_there_is_none_afterwards() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 0), ("CMR", 0)]);
    merchant.write("balances.json", BALANCES);
    let before = files_under(merchant.folder.path());
    plan(&merchant, &["--at", EVENING]);
    plan(&merchant, &["--at", EVENING, "--balances", "balances.json"]);
    assert!(!merchant.path("state").exists());
    assert_eq!(files_under(merchant.folder.path()), before);
    assert_eq!(posts(&merchant), 0);
}

#[test]
fn a_state_is_left_byte_for_byte() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 0), ("CMR", 0)]);
    merchant.write("balances.json", BALANCES);
    merchant.once().with_code(0);
    let (before, sent) = (files_under(merchant.folder.path()), posts(&merchant));
    assert!(before.len() > 3, "{:?}", before.keys());
    for args in [
        vec!["plan", "--json"],
        vec!["plan", "--at", "2026-11-25T18:00:30Z"],
        vec!["plan", "--balances", "balances.json"],
        vec!["check"],
        vec!["status", "--json"],
        vec!["transfers", "list"],
        vec!["ledger", "export", "--format", "csv"],
        vec!["ledger", "check"],
        vec!["journal", "verify"],
    ] {
        merchant.treasuryd(&args).with_code(0);
        assert!(files_under(merchant.folder.path()) == before, "{args:?} changed a file");
    }
    assert_eq!(posts(&merchant), sent);
}

/// A plan can be made from a state that one may only read.
#[test]
fn a_state_that_may_only_be_read_is_enough() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 0), ("CMR", 0)]);
    merchant.once().with_code(0);
    let state = merchant.path("state");
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o500)).unwrap();
    let made = plan(&merchant, &["--at", EVENING]);
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(lanes(&made), ["consolidate GAB>CMR already_done", "consolidate COG>CMR already_done"]);
}

/// KPay away is 75, and no plan is made up.
#[test]
fn kpay_away_is_said() {
    let mut merchant = Merchant::new(&[("GAB", 130_000)]);
    merchant.close_the_bank();
    let ended = merchant.treasuryd(&["plan", "--json"]).with_code(75);
    assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn wrong_input_is_wrong_usage() {
    let merchant = Merchant::new(&[("GAB", 130_000)]);
    let twice = r#"[{ "wallet": "GAB", "currency": "XAF", "available": "1" },
        { "wallet": "GAB", "currency": "XAF", "available": "2" }]"#;
    for (name, text) in [
        ("twice.json", twice),
        ("number.json", r#"[{ "wallet": "GAB", "currency": "XAF", "available": "1e6" }]"#),
        ("country.json", r#"[{ "wallet": "gab", "currency": "XAF", "available": "1" }]"#),
        ("cut.json", r#"[{ "wallet": "GAB", "#),
        ("empty.json", ""),
    ] {
        merchant.write(name, text);
    }
    for (args, said) in [
        (vec!["--balances", "twice.json"], "twice"),
        (vec!["--balances", "number.json"], "number.json:1:"),
        (vec!["--balances", "country.json"], "country.json:1:"),
        (vec!["--balances", "cut.json"], "cut.json:1:"),
        (vec!["--balances", "empty.json"], "empty.json:1:"),
        (vec!["--balances", "nowhere.json"], "nowhere.json"),
        (vec!["--at", "yesterday"], "2026-11-24T17:00:00Z"),
        (vec!["--policy", "consolidat"], "consolidate"),
        (vec!["--surprise"], "--surprise"),
    ] {
        let ended = merchant.treasuryd(&[vec!["plan"], args].concat()).with_code(2);
        assert!(ended.stderr.contains(said), "{said}: {ended:?}");
        assert!(ended.stdout.is_empty(), "{ended:?}");
    }
    assert_eq!(merchant.books().counters.requests, 0);
}
