//! `payout`: withdrawals that a person asks for go through the same guards, journal and books, and never twice for one key.

use super::tools::{PATIENCE, csv, lose_the_state, until_ready};
use crate::support::{Ended, Merchant, eventually, wallets_of};
use std::time::Duration;
use treasuryd::sandbox::{OperatorStatus, SandboxSettings};

const COMPLETED: &str = "237653456789";

/// Cameroon with a reserve of 30 000 XAF, whose policy moves nothing by itself.
fn cameroon(more: &str) -> Merchant {
    let merchant = Merchant::with(SandboxSettings {
        wallets: wallets_of(&[("CMR", 900_000), ("GAB", 0)]),
        payout_processing_after: Duration::from_millis(100),
        payout_ends_after: Duration::from_millis(300),
        ..SandboxSettings::default()
    });
    let policies = super::tools::one_policy("{ from: [CMR], into: GAB, above: 900_000 XAF }", more);
    merchant.policies(&format!("{policies}reserves: {{ CMR: 30_000 XAF }}\n"));
    merchant
}

fn pay(merchant: &Merchant, phone: &str, amount: &str, key: &str, more: &[&str]) -> Ended {
    let args = ["payout", "CMR", amount, "--provider", "MTN_MOMO_CMR", "--phone", phone, "--key", key, "--json"];
    merchant.treasuryd(&[&args[..], more].concat())
}

/// `state amount` of each part as printed.
fn shown(ended: &Ended) -> Vec<String> {
    let word = |part: &serde_json::Value, key: &str| part[key].as_str().unwrap_or("-").to_owned();
    let parts = ended.json().as_array().cloned().unwrap();
    parts.iter().map(|part| format!("{} {}", word(part, "state"), word(part, "amount"))).collect()
}

/// `status amount` of everything that the bank took in hand.
fn taken(merchant: &Merchant) -> Vec<String> {
    let books = merchant.books();
    assert_eq!(books.wrong, None);
    books.withdrawals.iter().map(|one| format!("{:?} {}", one.status, one.amount)).collect()
}

#[test]
fn a_key_pays_once_and_waits_for_its_end() {
    let merchant = cameroon("");
    let dry = pay(&merchant, COMPLETED, "50_000", "rent", &["--dry-run"]).with_code(0);
    assert_eq!((shown(&dry), merchant.path("state").exists()), (vec!["planned 50000".to_owned()], false));
    let ended = pay(&merchant, COMPLETED, "50_000", "rent", &["--yes", "--wait"]).with_code(0);
    assert_eq!(shown(&ended), ["applied 50000"]);
    assert_eq!(ended.json()[0]["external_id"], dry.json()[0]["external_id"]);
    assert!(ended.json()[0]["external_id"].as_str().unwrap().contains("-CMRPAY-01-"), "{ended:?}");
    let again = pay(&merchant, COMPLETED, "50_000", "rent", &["--yes"]).with_code(0);
    assert!(again.stderr.contains("used before"), "{again:?}");
    pay(&merchant, COMPLETED, "50_001", "rent", &["--yes"]).with_code(77);
    assert_eq!(taken(&merchant), ["Completed 50000"]);
    assert_eq!(csv(&merchant)[0]["kind"], "manual_payout");
    // A wiped state arrives at the same id.
    lose_the_state(&merchant);
    let lost = pay(&merchant, COMPLETED, "50_000", "rent", &["--yes"]).with_code(75);
    assert_eq!(shown(&lost), ["needs_operator 50000"]);
    assert_eq!(taken(&merchant), ["Completed 50000"]);
}

#[test]
fn guards_hold_and_large_amounts_go_in_parts() {
    let merchant = cameroon("approval: { above: 700_000 XAF, approvers: 1 }");
    let short = pay(&merchant, COMPLETED, "870_001", "k", &["--yes"]).with_code(77);
    assert!(short.stderr.contains("reserve"), "{short:?}");
    let waits = pay(&merchant, COMPLETED, "700_001", "k", &["--yes", "--wait"]).with_code(0);
    assert_eq!(shown(&waits), ["awaiting_approval 500000", "awaiting_approval 200001"]);
    let id = waits.json()[0]["external_id"].as_str().unwrap().to_owned();
    merchant.treasuryd(&["reject", &id, "--by", "awa"]).with_code(0);
    merchant.treasuryd(&["pause"]).with_code(0);
    let paused = pay(&merchant, COMPLETED, "5_000", "l", &["--yes"]).with_code(77);
    assert!(paused.stderr.contains("paused"), "{paused:?}");
    merchant.treasuryd(&["resume"]).with_code(0);
    assert_eq!(taken(&merchant).len(), 0);
    let parts = pay(&merchant, COMPLETED, "600_000", "m", &["--yes", "--wait"]).with_code(0);
    assert_eq!(shown(&parts), ["applied 500000", "applied 100000"]);
}

#[test]
fn a_running_daemon_does_it_and_is_waited_for() {
    let merchant = cameroon("");
    let daemon = merchant.daemon();
    until_ready(&daemon);
    let ended = pay(&merchant, COMPLETED, "50_000", "k", &["--yes", "--wait"]).with_code(0);
    assert_eq!(shown(&ended), ["applied 50000"]);
    let failed = pay(&merchant, "237653456089", "5_000", "l", &["--yes", "--wait"]).with_code(0);
    assert_eq!(shown(&failed), ["rejected 5000"]);
    assert_eq!(taken(&merchant).len(), 2);
}

#[test]
fn a_lost_reply_pays_once_and_calls_a_person_where_kpay_has_it() {
    for (fault, state, code) in
        [("withdraw:lost-after-apply=1", "needs_operator", 75), ("withdraw:lost-before=1", "applied", 0)]
    {
        let merchant = cameroon("");
        merchant.bank().set_faults(&[fault]).unwrap();
        let ended = pay(&merchant, COMPLETED, "50_000", "k", &["--yes", "--wait"]).with_code(code);
        assert_eq!(shown(&ended), [format!("{state} 50000")], "{fault}");
        assert_eq!(taken(&merchant).len(), 1, "{fault}");
    }
}

#[test]
fn killed_after_the_send_it_is_followed_and_not_sent_again() {
    let merchant = cameroon("");
    let args =
        ["payout", "CMR", "5000", "--provider", "MTN_MOMO_CMR", "--phone", "237653456129", "--key", "k", "--yes"];
    let mut command = merchant.command(&[&args[..], &["--wait"]].concat()).spawn().unwrap();
    eventually("KPay has it in hand", PATIENCE, || merchant.transfers().iter().any(|one| one["kpay_id"].is_string()));
    command.kill().unwrap();
    command.wait().unwrap();
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    assert!(merchant.bank().end_withdrawal(&id, None));
    merchant.treasuryd(&[&args[..], &["--wait"]].concat()).with_code(0);
    assert_eq!(taken(&merchant), ["Completed 5000"]);
}

/// Nothing is decided, by hand or in a trial, for an operator that takes none.
#[test]
fn a_closed_operator_refuses_at_once() {
    for with_daemon in [false, true] {
        let merchant = cameroon("");
        merchant.bank().set_operator("MTN_MOMO_CMR", OperatorStatus::Closed);
        let daemon = with_daemon.then(|| {
            let daemon = merchant.daemon();
            until_ready(&daemon);
            daemon
        });
        for mode in ["--dry-run", "--yes"] {
            let ended = pay(&merchant, COMPLETED, "5_000", "k", &[mode]).with_code(77);
            assert!(ended.stderr.contains("provider_down") && ended.stderr.contains("CLOSED"), "{mode}: {ended:?}");
            let wave =
                ["payout", "CMR", "5000", "--provider", "WAVE_SEN", "--phone", "221763456789", "--key", "w", mode];
            let ended = merchant.treasuryd(&wave).with_code(77);
            assert!(ended.stderr.contains("suspended"), "{mode}: {ended:?}");
        }
        assert_eq!((merchant.transfers().len(), taken(&merchant).len()), (0, 0));
        drop(daemon);
        // Open again, the same key pays.
        merchant.bank().set_operator("MTN_MOMO_CMR", OperatorStatus::Delayed);
        pay(&merchant, COMPLETED, "5_000", "k", &["--yes", "--wait"]).with_code(0);
        assert_eq!(taken(&merchant), ["Completed 5000"]);
    }
}

#[test]
fn an_operator_that_nobody_knows_is_wrong_input() {
    for with_daemon in [false, true] {
        let merchant = cameroon("");
        let daemon = with_daemon.then(|| {
            let daemon = merchant.daemon();
            until_ready(&daemon);
            daemon
        });
        for mode in ["--dry-run", "--yes"] {
            let args =
                ["payout", "CMR", "5000", "--provider", "MTM_MOMO_CMR", "--phone", COMPLETED, "--key", "k", mode];
            let ended = merchant.treasuryd(&args).with_code(2);
            let says = "MTM_MOMO_CMR is no operator of KPay's; those of CMR are MTN_MOMO_CMR, ORANGE_CMR";
            assert!(ended.stderr.contains(says), "{mode}: {ended:?}");
        }
        assert_eq!((merchant.transfers().len(), taken(&merchant).len()), (0, 0));
        drop(daemon);
    }
}

/// KPay's own example of a payout to another country names an operator that its catalogue lacks.
#[test]
fn the_operator_of_kpays_own_example_is_paid() {
    let merchant = cameroon("");
    let to = ["--provider", "ORANGE_GAB", "--phone", "237653456789"];
    let args = [&["payout", "CMR", "10_000"][..], &to, &["--key", "PAYOUT-CROSS-001", "--yes", "--wait"]].concat();
    let ended = merchant.treasuryd(&args).with_code(0);
    assert!(ended.stdout.contains("9 500 XAF arrived"), "{ended:?}");
    assert_eq!(taken(&merchant), ["Completed 10000"]);
}

/// The page's address is for the one who asked: it is printed, and is in no file of the state and no other output.
#[test]
fn the_hosted_page_is_shown_to_the_asker_only() {
    for with_daemon in [false, true] {
        let merchant = cameroon("");
        let daemon = with_daemon.then(|| {
            let daemon = merchant.daemon();
            until_ready(&daemon);
            daemon
        });
        let args = ["payout", "CMR", "5000", "--gateway", "--return-url", "https://shop.example/back", "--key", "k"];
        let ended = merchant.treasuryd(&[&args[..], &["--yes", "--json"]].concat()).with_code(75);
        let url = ended.json()[0]["gateway_url"].as_str().unwrap().to_owned();
        assert!(url.contains("/gateway/") && ended.json()[0]["gateway_expires_at"].is_string(), "{ended:?}");
        assert!(!ended.stderr.contains(&url), "{ended:?}");
        let id = ended.json()[0]["external_id"].as_str().unwrap().to_owned();
        let again = merchant.treasuryd(&[&args[..], &["--yes"]].concat()).with_code(75).stdout;
        assert!(again.contains("4 750 XAF to arrive") && !again.contains("arrived"), "nobody has it yet: {again}");
        for other in [&["status"][..], &["transfers", "show", &id], &["transfers", "list", "--json"]] {
            let ended = merchant.treasuryd(other);
            assert!(!ended.stdout.contains("/gateway/") && !ended.stderr.contains("/gateway/"), "{ended:?}");
        }
        drop(daemon);
        let segments = std::fs::read_dir(merchant.path("state/journal")).unwrap();
        for segment in segments {
            let text = std::fs::read_to_string(segment.unwrap().path()).unwrap();
            assert!(text.contains("shop.example") && !text.contains("/gateway/"));
        }
        assert_eq!(taken(&merchant), ["Pending 5000"]);
    }
}
