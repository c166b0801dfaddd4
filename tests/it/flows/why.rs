//! `why`: what it says would make a lane move does make it move, on the built binary; and what was decided is told.

use super::tools::{once_at, one_policy, plan, until_ready};
use crate::support::{EVENING, Merchant};
use serde_json::Value;
use treasuryd::money::{Amount, Country};

const SWEEP: &str = "{ from: [GAB], into: CMR, above: 250_000 XAF, keep: 100_000 XAF }";

fn why(merchant: &Merchant, args: &[&str]) -> Value {
    let ended = merchant.treasuryd(&[&["why", "GAB>CMR", "--json"], args].concat()).with_code(0);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn balances(gab: &str) -> String {
    let row = |wallet: &str, available: &str| {
        format!("{{ \"wallet\": \"{wallet}\", \"currency\": \"XAF\", \"available\": \"{available}\" }}")
    };
    format!("[{}, {}]", row("GAB", gab), row("CMR", "0"))
}

/// The change that is stated is made to the file of balances and the instant, and `plan` moves what was said.
#[test]
fn the_stated_change_makes_it_move() {
    let merchant = Merchant::without_a_bank();
    merchant.policies(&one_policy(SWEEP, "limits: { round_down_to: 1_000 XAF }"));
    // Due, with too little; missed, with enough; missed, with too little.
    for (held, at) in [("220000", EVENING), ("370000", "2026-11-25T00:00:01Z"), ("99999", "2026-11-25T00:00:01Z")] {
        merchant.write("balances.json", &balances(held));
        let answer = why(&merchant, &["--at", at, "--balances", "balances.json"]);
        let found = &answer["lanes"][0]["counterfactual"];
        let changed = found["change"]["balances"]["GAB"].as_str().unwrap_or(held);
        merchant.write("changed.json", &balances(changed));
        let at = found["change"]["at"].as_str().unwrap_or(at);
        let made = plan(&merchant, &["--at", at, "--balances", "changed.json"]);
        let transfer = &made["policies"][0]["transfers"][0];
        assert!(transfer["amount"].is_string(), "{answer:#}");
        assert_eq!(transfer["amount"], found["moves"]["amount"], "{answer:#}");
        let sentence = found["sentence"].as_str().unwrap();
        let text = merchant.treasuryd(&["why", "GAB", "--at", at, "--balances", "balances.json"]).with_code(0).stdout;
        assert!(sentence.starts_with("moves ") && text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

/// A running daemon answers with its own state, and as the command does by itself.
#[test]
fn a_running_daemon_answers() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 0), ("CMR", 0)]);
    // The daemon must not take up the slot of the evening that it runs in.
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", "catch_up: 1m"));
    merchant.once().with_code(0);
    let alone = why(&merchant, &["--at", EVENING]);
    let daemon = merchant.daemon();
    until_ready(&daemon);
    let answer = why(&merchant, &["--at", EVENING]);
    assert_eq!(answer["lanes"], alone["lanes"]);
    assert_eq!(answer["lanes"][0]["decided"]["transfers"][0]["outcome"], "applied");
}

/// What the journal says of a slot that is over.
#[test]
fn what_was_decided_is_told() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 0), ("CMR", 0)]);
    merchant.once().with_code(0);
    let answer = why(&merchant, &["--at", EVENING]);
    let lane = &answer["lanes"][0];
    assert_eq!(lane["skipped"][0]["reason"], "already_done");
    assert_eq!(lane["decided"]["transfers"][0]["outcome"], "applied", "{answer:#}");
    assert_eq!(lane["decided"]["transfers"][0]["amount"], "30000");
    let text = merchant.treasuryd(&["why", "COG", "--at", EVENING]).with_code(0).stdout;
    assert!(text.contains("nothing moved, below_trigger: COG has 0 XAF"), "{text}");
}

#[test]
fn what_nobody_knows_is_wrong_usage() {
    let merchant = Merchant::new(&[("GAB", 130_000)]);
    for (args, said) in [
        (vec!["SEN"], "CMR, COG, GAB"),
        (vec!["CMR>GAB"], "COG>CMR, GAB>CMR"),
        (vec!["gabon"], "neither a wallet (GAB) nor a lane"),
        (vec!["GAB", "--policy", "consolidat"], "consolidate"),
        (vec![], "WALLET|LANE"),
    ] {
        let ended = merchant.treasuryd(&[vec!["why"], args].concat()).with_code(2);
        assert!(ended.stderr.contains(said) && ended.stdout.is_empty(), "{said}: {ended:?}");
    }
    assert_eq!(merchant.books().counters.requests, 0);
}

/// A slot decided ahead of its day leaves the day's own one missed: it is told what was decided instead, and that nothing leaves
/// the wallet at all by now, whatever becomes of slots.
#[test]
fn a_frozen_wallet_is_told_also_where_its_slot_was_missed() {
    let mut merchant = Merchant::new(&[("GAB", 130_000), ("COG", 0), ("CMR", 0)]);
    merchant.set("conservation", "mode = \"freeze\"");
    let tomorrow = "2026-11-25T18:00:30Z";
    once_at(&merchant, tomorrow).with_code(0);
    // 30 000 of it might be that move of ours, seen late.
    merchant.bank().withdraw(Country::GAB, Amount::whole(50_000)).unwrap();
    once_at(&merchant, tomorrow).with_code(0);
    let answer = why(&merchant, &["--at", EVENING]);
    let lane = &answer["lanes"][0];
    assert_eq!(lane["skipped"][0]["reason"], "missed", "{answer:#}");
    assert_eq!(lane["decided"]["slot"], "2026-11-25T18:00:00Z");
    let frozen = lane["inputs"]["from"]["frozen"].as_str().unwrap();
    assert!(frozen.starts_with("GAB is frozen since") && frozen.contains("20 000 XAF more"), "{frozen}");
    let text = merchant.treasuryd(&["why", "GAB>CMR", "--at", EVENING]).with_code(0).stdout;
    for words in ["frozen  GAB is frozen since", "for slot 2026-11-25T18:00:00Z: 30 000 XAF (applied"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Where that is the reason, it is said once.
    let text = merchant.treasuryd(&["why", "GAB>CMR", "--at", "2026-11-26T18:00:30Z"]).with_code(0).stdout;
    assert!(text.contains("stays   wallet_frozen") && text.matches("GAB is frozen since").count() == 1, "{text}");
    // Into it money may come; the other wallets are as they were.
    let answer = why(&merchant, &["--at", EVENING, "--policy", "consolidate"]);
    assert_eq!(answer["lanes"][0]["inputs"]["to"].get("frozen"), None, "{answer:#}");
}
