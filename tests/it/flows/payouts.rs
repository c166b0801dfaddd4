//! Payouts by policy, over real HTTP: taken in hand, followed to their end, booked, and never twice.

use super::tools::{PATIENCE, csv};
use crate::played::row;
use crate::support::{Merchant, eventually};
use treasuryd::sandbox::SandboxSettings;

/// Cameroon with 150 000 XAF of which 50 000 are to be paid out to a number whose last digits say how it ends.
fn cameroon(phone: &str, faults: &[&str]) -> Merchant {
    let settings = SandboxSettings {
        wallets: crate::support::wallets_of(&[("CMR", 150_000), ("GAB", 0)]),
        payout_processing_after: std::time::Duration::from_millis(200),
        payout_ends_after: std::time::Duration::from_millis(600),
        ..SandboxSettings::default()
    };
    let merchant = Merchant::with(settings);
    merchant.policies(&format!(
        "version: 1\npolicies:\n  - name: pay-out\n    schedule: \"0 0 * * *\"\n    catch_up: 24h\n    payout:\n      from: CMR\n      \
         to: {{ provider: MTN_MOMO_CMR, phone: \"{phone}\" }}\n      above: 100_000 XAF\n"
    ));
    if !faults.is_empty() {
        merchant.bank().set_faults(faults).unwrap();
    }
    merchant
}

/// `once`, for the day that it is: a slot of its own for each minute would come between two of these.
fn now(merchant: &Merchant, code: i32) {
    merchant.treasuryd(&["once"]).with_code(code);
}

fn states(merchant: &Merchant) -> Vec<String> {
    let word = |one: &serde_json::Value| one["state"].as_str().unwrap().to_owned();
    merchant.transfers().iter().map(word).collect()
}

/// `status amount` of everything that the bank took in hand, and what CMR has left.
fn taken(merchant: &Merchant) -> (Vec<String>, String) {
    let books = merchant.books();
    assert_eq!(books.wrong, None);
    let shown = books.withdrawals.iter().map(|one| format!("{:?} {}", one.status, one.amount)).collect();
    (shown, merchant.holds("CMR").to_string())
}

#[test]
fn a_completed_payout_is_booked_with_gross_fee_and_net() {
    let merchant = cameroon("237653456789", &[]);
    now(&merchant, 0);
    assert_eq!(states(&merchant), ["applied"]);
    let shown = merchant.transfers();
    let word = |key: &str| shown[0][key].as_str().unwrap_or_default().to_owned();
    assert_eq!((word("kind"), word("to")), ("payout".to_owned(), "MTN_MOMO_CMR:237653456789".to_owned()));
    assert_eq!((word("evidence"), word("credited"), word("fee")), ("status".into(), "47500".into(), "2500".into()));
    assert_eq!(word("exchange_rate"), "1", "within one currency, as in the books");
    assert!(word("external_id").contains("-CMRPAY-01-"), "{shown:?}");
    let books = csv(&merchant);
    let row = |index: usize, key: &str| books[index][key].clone();
    assert_eq!((row(0, "kind"), row(0, "source_amount")), ("payout".into(), "50000".into()));
    assert_eq!((row(0, "fee_amount"), row(0, "destination_amount")), ("2500".into(), "47500".into()));
    assert_eq!((row(1, "kind"), row(1, "corrects")), ("correction".into(), row(0, "entry_id")));
    assert_eq!(taken(&merchant), (vec!["Completed 50000".to_owned()], "100000".to_owned()));
    let check = merchant.treasuryd(&["ledger", "check", "--json"]).with_code(0);
    assert_eq!(check.json()["wallets"][0]["external"], "0", "{check:?}");
    let story = merchant.treasuryd(&["transfers", "show", &word("external_id")]).with_code(0).stdout;
    for text in ["accepted  KPay has it in hand (wdr_", "applied  known by status", "fee 2 500 XAF, 47 500 XAF arrived"]
    {
        assert!(story.contains(text), "{text}: {story}");
    }
    // The slot is decided.
    now(&merchant, 0);
    assert_eq!(taken(&merchant).0.len(), 1);
}

#[test]
fn a_failed_payout_is_rejected_and_reversed() {
    let merchant = cameroon("237653456089", &[]);
    now(&merchant, 0);
    assert_eq!(states(&merchant), ["rejected"]);
    assert!(merchant.transfers()[0]["detail"].as_str().unwrap().contains("RECIPIENT_NOT_FOUND"));
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    let story = merchant.treasuryd(&["transfers", "show", &id]).with_code(0).stdout;
    let returned = story.lines().find(|line| line.contains("  returned  "));
    assert!(returned.is_some_and(|line| line.contains("RECIPIENT_NOT_FOUND")), "{story}");
    assert_eq!(taken(&merchant).1, "150000");
    let books = csv(&merchant);
    assert_eq!((books.len(), books[1]["kind"].as_str(), books[1]["source_amount"].as_str()), (2, "correction", "0"));
    // Its id is free at KPay again, and is not used again.
    now(&merchant, 0);
    assert_eq!(taken(&merchant).0.len(), 1);
}

#[test]
fn one_that_stays_pending_holds_its_money_and_is_75() {
    let merchant = cameroon("237653456129", &[]);
    now(&merchant, 75);
    assert_eq!(states(&merchant), ["sending"]);
    let balance = merchant.treasuryd(&["ledger", "balance"]).with_code(0);
    assert!(balance.stdout.contains("in-transit:XAF") && balance.stdout.contains("50 000"), "{balance:?}");
    let said = merchant.treasuryd(&["once"]).with_code(75).stderr;
    assert!(said.contains("1 payout(s) are in KPay's hands") && !said.contains("nobody knows"), "{said}");
    assert_eq!(taken(&merchant), (vec!["Pending 50000".to_owned()], "150000".to_owned()));
    // Weeks later the operator has done it after all.
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    assert!(merchant.bank().end_withdrawal(&id, None));
    now(&merchant, 0);
    assert_eq!(states(&merchant), ["applied"]);
}

#[test]
fn a_lost_reply_is_asked_again_with_the_same_bytes_and_calls_a_person_where_kpay_has_it() {
    for (fault, state, code) in
        [("withdraw:lost-after-apply=1", "needs_operator", 75), ("withdraw:lost-before=1", "applied", 0)]
    {
        let merchant = cameroon("237653456789", &[fault]);
        now(&merchant, code);
        assert_eq!(states(&merchant), [state], "{fault}");
        assert_eq!(taken(&merchant).0, ["Completed 50000"], "{fault}");
        now(&merchant, code);
        assert_eq!(taken(&merchant).0.len(), 1, "{fault}");
    }
}

#[test]
fn d01_killed_while_kpay_has_it_in_hand_it_is_followed_and_not_sent_again() {
    let _row = row!();
    let merchant = cameroon("237653456129", &[]);
    let daemon = merchant.daemon();
    eventually("KPay has it in hand", PATIENCE, || merchant.transfers().iter().any(|one| one["kpay_id"].is_string()));
    drop(daemon);
    assert_eq!(states(&merchant), ["sending"]);
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    assert!(merchant.bank().end_withdrawal(&id, None));
    let daemon = merchant.daemon();
    eventually("it is over", PATIENCE, || states(&merchant) == ["applied"]);
    drop(daemon);
    assert_eq!(taken(&merchant).0, ["Completed 50000"]);
}

#[test]
fn an_operator_that_takes_none_leaves_the_slot_open() {
    let merchant = cameroon("237653456789", &[]);
    merchant.bank().set_operator("MTN_MOMO_CMR", treasuryd::sandbox::OperatorStatus::Closed);
    now(&merchant, 0);
    let plan = merchant.treasuryd(&["plan", "--json"]).with_code(0).json();
    assert_eq!(plan["policies"][0]["skipped"][0]["reason"], "provider_down", "{plan}");
    assert_eq!((states(&merchant).len(), taken(&merchant).0.len()), (0, 0));
    merchant.bank().set_operator("MTN_MOMO_CMR", treasuryd::sandbox::OperatorStatus::Operational);
    now(&merchant, 0);
    assert_eq!(states(&merchant), ["applied"]);
}
