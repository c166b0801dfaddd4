//! `transfer`: moves that a person asks for go through the same guards, journal and books, and never twice for one key.

use super::tools::{
    PATIENCE, csv, deposit, lose_the_state, moved, one_policy, only_transfer, posts, states, until_ready,
};
use crate::played::row;
use crate::support::{Ended, Merchant, eventually};

/// Gabon with a reserve of 30 000 XAF, whose policy moves nothing by itself.
fn gabon(more: &str) -> Merchant {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 50_000), ("CMR", 0), ("SEN", 0)]);
    let policies = one_policy("{ from: [GAB], into: CMR, above: 900_000 XAF }", more);
    merchant.policies(&format!("{policies}reserves: {{ GAB: 30_000 XAF }}\n"));
    merchant
}

fn transfer(merchant: &Merchant, args: &[&str]) -> Ended {
    merchant.treasuryd(&[&["transfer"], args, &["--yes", "--json"]].concat())
}

/// `state amount` of each part as printed.
fn shown(ended: &Ended) -> Vec<String> {
    let word = |part: &serde_json::Value, key: &str| part[key].as_str().unwrap_or("-").to_owned();
    let parts = ended.json().as_array().cloned().unwrap();
    parts.iter().map(|part| format!("{} {}", word(part, "state"), word(part, "amount"))).collect()
}

#[test]
fn a_key_moves_money_once() {
    let merchant = gabon("");
    let ended = transfer(&merchant, &["GAB", "CMR", "50_000", "--key", "rent", "--by", "Awa"]).with_code(0);
    assert_eq!(shown(&ended), ["applied 50000"]);
    assert_eq!(moved(&merchant), ["GAB>CMR 50000"]);
    let id = ended.json()[0]["external_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("TRD-M") && id.len() == 35 && id.contains("-GABCMR-01-"), "{id}");

    // The same key shows its outcome; with another amount it is refused.
    let again = transfer(&merchant, &["GAB", "CMR", "50 000 XAF", "--key", "rent"]).with_code(0);
    assert_eq!((shown(&again), again.json()[0]["external_id"].as_str().unwrap()), (shown(&ended), id.as_str()));
    assert!(again.stderr.contains("used before"), "{again:?}");
    let other = transfer(&merchant, &["GAB", "CMR", "50_001", "--key", "rent"]).with_code(77);
    assert!(other.stderr.contains("rent") && other.stderr.contains("50 000 XAF"), "{other:?}");
    assert_eq!(posts(&merchant), 1);

    let books = csv(&merchant);
    assert_eq!((books.len(), books[0]["kind"].as_str(), books[0]["policy"].as_str()), (1, "manual_transfer", ""));
    let story = merchant.treasuryd(&["transfers", "show", &id]).with_code(0).stdout;
    assert!(story.contains("by hand with key rent by Awa"), "{story}");
    merchant.treasuryd(&["ledger", "check"]).with_code(0);
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), 1);
}

#[test]
fn a_dry_run_and_nobody_to_ask_send_and_write_nothing() {
    let merchant = gabon("");
    let args = ["transfer", "GAB", "CMR", "50000", "--key", "rent"];
    let ended = merchant.treasuryd(&[&args[..], &["--dry-run", "--json"]].concat()).with_code(0);
    assert_eq!(shown(&ended), ["planned 50000"]);
    assert!(ended.stderr.contains("nothing was sent"), "{ended:?}");
    let ended_without = merchant.treasuryd(&args).with_code(2);
    assert!(ended_without.stderr.contains("--yes"), "{ended_without:?}");
    assert!(!merchant.path("state").exists() && posts(&merchant) == 0);
    // What was shown is what is sent.
    let sent = transfer(&merchant, &args[1..]).with_code(0);
    assert_eq!(sent.json()[0]["external_id"], ended.json()[0]["external_id"]);
}

/// Each refusal names its reason and moves nothing.
#[test]
fn guards_hold_for_people_too() {
    struct Case {
        args: [&'static str; 3],
        limits: &'static [&'static str],
        says: &'static [&'static str],
    }
    let cases = [
        Case { args: ["GAB", "CMR", "100_001"], limits: &[], says: &["reserve", "30 000 XAF", "100 000 XAF"] },
        Case { args: ["GAB", "CMR", "200_000"], limits: &[], says: &["source_short", "100 000 XAF"] },
        Case { args: ["BEN", "SEN", "500"], limits: &[], says: &["wallet_missing", "BEN"] },
        Case {
            args: ["GAB", "CMR", "5_000"],
            limits: &["max_per_day = { XAF = 4_000 }"],
            says: &["limit_reached", "max_per_day"],
        },
    ];
    for Case { args, limits, says } in cases {
        let mut merchant = gabon("");
        for limit in limits {
            merchant.set("limits", limit);
        }
        for more in [&["--yes"][..], &["--dry-run"]] {
            let ended = merchant.treasuryd(&[&["transfer"], &args[..], &["--key", "k"], more].concat());
            let ended = ended.with_code(77);
            assert!(says.iter().all(|word| ended.stderr.contains(word)), "{args:?} {more:?}: {ended:?}");
        }
        assert_eq!((posts(&merchant), states(&merchant).len()), (0, 0), "{args:?}");
    }
}

#[test]
fn a_pause_refuses_and_a_later_resume_lets_the_same_key_go() {
    let merchant = gabon("");
    merchant.treasuryd(&["pause"]).with_code(0);
    let args = ["GAB", "CMR", "5000", "--key", "k"];
    let ended = transfer(&merchant, &args).with_code(77);
    assert!(ended.stderr.contains("paused"), "{ended:?}");
    assert_eq!(states(&merchant).len(), 0);
    merchant.treasuryd(&["resume"]).with_code(0);
    transfer(&merchant, &args).with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 5000"]);
}

/// The policies' `max_transfer` bounds the parts, and what cannot go whole does not go.
#[test]
fn large_amounts_go_in_parts_or_not_at_all() {
    let merchant = gabon("limits: { max_transfer: 40_000 XAF }");
    let ended = transfer(&merchant, &["GAB", "CMR", "90_000", "--key", "k"]).with_code(0);
    assert_eq!(shown(&ended), ["applied 40000", "applied 40000", "applied 10000"]);
    assert_eq!(moved(&merchant), ["GAB>CMR 40000", "GAB>CMR 40000", "GAB>CMR 10000"]);
    deposit(&merchant, "GAB", 200_000);
    let ended = transfer(&merchant, &["GAB", "CMR", "80_050", "--key", "m"]).with_code(77);
    assert!(ended.stderr.contains("limit_reached") && ended.stderr.contains("50 XAF"), "{ended:?}");
    // Congo is nobody's source: KPay's own largest holds.
    let ended = transfer(&merchant, &["COG", "CMR", "45_000", "--key", "k"]).with_code(0);
    assert_eq!(shown(&ended), ["applied 45000"]);
    // A refused part ends those behind it.
    merchant.bank().set_faults(&["message=400:no"]).unwrap();
    let ended = transfer(&merchant, &["GAB", "CMR", "50_000", "--key", "n"]).with_code(0);
    assert_eq!(shown(&ended), ["rejected 40000", "cancelled 10000"]);
}

#[test]
fn nothing_gets_round_approvals_by_hand() {
    let merchant = gabon("approval: { above: 20_000 XAF, approvers: 1, from: [awa] }");
    let ended = transfer(&merchant, &["GAB", "CMR", "20_001", "--key", "k"]).with_code(0);
    assert_eq!(shown(&ended), ["awaiting_approval 20001"]);
    assert_eq!(posts(&merchant), 0);
    let second = transfer(&merchant, &["GAB", "CMR", "5_000", "--key", "l"]).with_code(77);
    assert!(second.stderr.contains("awaiting_approval"), "{second:?}");
    let id = ended.json()[0]["external_id"].as_str().unwrap().to_owned();
    merchant.treasuryd(&["approve", &id, "--by", "brice"]).with_code(77);
    merchant.treasuryd(&["approve", &id, "--by", "awa"]).with_code(0);
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 20001"]);
    // At the bound nobody is asked; where more people must agree by the time of the send, it does not go.
    transfer(&merchant, &["GAB", "CMR", "20_000", "--key", "l"]).with_code(0);
    let ended = transfer(&merchant, &["GAB", "CMR", "30_000", "--key", "m"]).with_code(0);
    let id = ended.json()[0]["external_id"].as_str().unwrap().to_owned();
    merchant.treasuryd(&["approve", &id, "--by", "awa"]).with_code(0);
    let stricter = "approval: { above: 20_000 XAF, approvers: 2 }";
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 900_000 XAF }", stricter));
    merchant.once().with_code(0);
    assert_eq!(states(&merchant).last().unwrap(), "GAB>CMR 30000 cancelled -");
}

/// A wiped state arrives at the same id, and KPay's 409 stops the second transfer.
#[test]
fn d03_by_hand_a_lost_state_moves_nothing_twice() {
    let _row = row!();
    let merchant = gabon("");
    let args = ["GAB", "CMR", "50_000", "--key", "rent"];
    transfer(&merchant, &args).with_code(0);
    lose_the_state(&merchant);
    let ended = transfer(&merchant, &args).with_code(75);
    assert_eq!(shown(&ended), ["needs_operator 50000"]);
    assert_eq!(moved(&merchant), ["GAB>CMR 50000"]);
    assert_eq!(csv(&merchant).len(), 0, "nothing is booked");
}

#[test]
fn d01_by_hand_killed_after_the_send_it_is_settled_by_the_next_run() {
    let _row = row!();
    let merchant = gabon("");
    merchant.bank().set_faults(&["http-500-after@always"]).unwrap();
    let args = ["transfer", "GAB", "CMR", "50_000", "--key", "rent", "--yes"];
    let mut command = merchant.command(&args).spawn().unwrap();
    eventually("KPay has it", PATIENCE, || !moved(&merchant).is_empty());
    command.kill().unwrap();
    command.wait().unwrap();
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 50000"]);
    assert_eq!(states(&merchant), ["GAB>CMR 50000 applied conflict"]);
    transfer(&merchant, &args[1..6]).with_code(0);
    assert_eq!(moved(&merchant).len(), 1);
}

/// A running daemon is asked, and sends it itself.
#[test]
fn a_running_daemon_does_it() {
    let merchant = gabon("");
    let daemon = merchant.daemon();
    until_ready(&daemon);
    let args = ["GAB", "CMR", "50_000", "--key", "rent"];
    let dry = merchant.treasuryd(&[&["transfer"], &args[..], &["--dry-run", "--json"]].concat()).with_code(0);
    assert_eq!((shown(&dry), posts(&merchant)), (vec!["planned 50000".to_owned()], 0));
    let ended = transfer(&merchant, &args).with_code(0);
    assert_eq!(shown(&ended), ["applied 50000"]);
    let again = transfer(&merchant, &args).with_code(0);
    assert!(again.stderr.contains("used before"), "{again:?}");
    transfer(&merchant, &["GAB", "CMR", "90_000", "--key", "other"]).with_code(77);
    assert_eq!(only_transfer(&merchant)["state"], "applied");
    assert_eq!(moved(&merchant), ["GAB>CMR 50000"]);
}

/// The person asked, so no policy has to allow it; what KPay really applied is in the books.
#[test]
fn between_currencies_the_rate_is_told() {
    let merchant = gabon("");
    let ended = transfer(&merchant, &["GAB", "SEN", "10_000", "--key", "k"]).with_code(0);
    assert_eq!(shown(&ended), ["applied 10000"]);
    let books = csv(&merchant);
    assert_eq!((books[0]["rate_source"].as_str(), books[0]["destination_currency"].as_str()), ("response", "XOF"));
}
