//! Guards that an audit found wanting, each with its case: caps after vain attempts, questions after restarts, findings
//! of a person, and a pause that KPay's absence must not undo.

use super::tools::{moved, posts};
use crate::support::{CONSOLIDATE, EVENING, Merchant, eventually, wallets_of};
use std::process::Stdio;
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

const NEXT_EVENING: &str = "2026-11-25T18:00:30Z";

fn faults(merchant: &Merchant, rules: &[&str]) {
    merchant.bank().set_faults(rules).unwrap();
}

/// An intent counts once in the caps, at its first attempt; trying again after a vain one is no second transfer.
#[test]
fn a_cap_counts_an_intent_once_however_often_it_is_tried() {
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.set("limits", "max_transfers_per_hour = 1");
    faults(&merchant, &["401@2"]);
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant).len(), 1, "{:?}", merchant.transfers());
    assert_eq!(merchant.transfers()[0]["state"], "applied");
}

/// `once` asks every open intent, however long the pause that its attempts have grown.
#[test]
fn once_asks_again_however_long_the_pause_has_grown() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    faults(&merchant, &["http-503-before=always"]);
    merchant.once().with_code(75);
    let asked = posts(&merchant);
    assert!(asked >= 3, "asked {asked} times");
    merchant.once().with_code(75);
    assert!(posts(&merchant) > asked, "the second once did not ask");
    faults(&merchant, &[]);
    merchant.once().with_code(0);
    assert_eq!(merchant.transfers()[0]["state"], "applied");
}

/// A person's finding on an earlier transfer's id says nothing about today's balance.
#[test]
fn a_foreign_transfer_settled_by_a_person_does_not_freeze_the_wallet() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 330_000)]);
    merchant.once().with_code(0);
    merchant.bank().deposit("GAB".parse().unwrap(), "250000".parse().unwrap()).unwrap();
    std::fs::remove_dir_all(merchant.path("state")).unwrap();
    merchant.once().with_code(75);
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    let finding = ["--applied", "--amount", "230000", "--by", "Ada", "--note", "seen at KPay"];
    merchant.treasuryd(&[&["transfers", "resolve", &id], &finding[..]].concat()).with_code(0);
    merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 2, "{:?}", merchant.transfers());
}

/// A crash cut the attempt short and no daemon runs: a person may still say what happened.
#[test]
fn an_attempt_cut_short_can_be_settled_without_a_daemon() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    faults(&merchant, &["hang"]);
    let mut once = merchant.command(&["once", "--at", EVENING]).stderr(Stdio::null()).spawn().unwrap();
    eventually("the transfer arrives", Duration::from_secs(20), || posts(&merchant) == 1);
    once.kill().unwrap();
    once.wait().unwrap();
    let sending = merchant.transfers().remove(0);
    assert_eq!(sending["state"], "sending");
    let id = sending["external_id"].as_str().unwrap();
    let finding = ["--applied", "--by", "Ada", "--note", "seen at KPay"];
    merchant.treasuryd(&[&["transfers", "resolve", id], &finding[..]].concat()).with_code(0);
    assert_eq!(merchant.transfers()[0]["state"], "applied");
}

/// An empty journal has to ask KPay whose money it is before it can record a pause; the pause holds meanwhile.
#[test]
fn a_pause_holds_in_the_daemon_before_kpay_has_answered() {
    let mut merchant = Merchant::without_a_bank();
    merchant.policies(&CONSOLIDATE.replace("0 18 * * *", "*/2 * * * * *"));
    let daemon = merchant.daemon();
    let paused = merchant.treasuryd(&["pause", "--by", "Ada"]).with_code(0);
    assert!(paused.stdout.contains("once KPay has answered"), "{paused:?}");
    let wallets = wallets_of(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.open_the_bank(SandboxSettings { wallets, ..SandboxSettings::default() });
    eventually("balances are read", Duration::from_secs(30), || daemon.get("/readyz").0 == 200);
    eventually("the pause is in the journal", Duration::from_secs(10), || {
        merchant.treasuryd(&["status", "--json"]).with_code(0).json()["paused"] == true
    });
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(posts(&merchant), 0);
    merchant.treasuryd(&["resume", "--by", "Ada"]).with_code(0);
    eventually("it goes on", Duration::from_secs(20), || moved(&merchant).len() == 1);
}

/// Without a daemon there is nobody whom a pause could hold: it says so and fails.
#[test]
fn a_pause_that_cannot_be_recorded_is_no_pause() {
    let merchant = Merchant::without_a_bank();
    let ended = merchant.treasuryd(&["pause"]).with_code(75);
    assert!(ended.stdout.is_empty(), "{ended:?}");
}
