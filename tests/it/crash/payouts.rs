//! D1, D3 and D13 for payouts: killed before each step and at each request, while KPay has one in hand, and asked to end
//! meanwhile. Never is one paid twice; each ends as KPay says, or is a person's, with a reason.

use super::agreement::{assert_books_agree, assert_payouts_agree, look_up_payout};
use super::steps::{kill_at_each_request, kill_before_each};
use super::{daily_policies, deposit};
use crate::played::{Tally, lacks, row};
use crate::support::{Merchant, eventually, wallets_of};
use std::fs;
use std::time::Duration;
use treasuryd::sandbox::{RequestRecord, SandboxSettings};

const PATIENCE: Duration = Duration::from_secs(30);

/// Steps that matter, with the fewest that must have been met.
const STEPS: [(&str, usize); 3] = [("fdatasync", 6), ("write", 6), ("connect", 1)];

/// 50,000 of Cameroon's 150,000 to be paid out, with the bank's answer to this number.
fn payout_to(phone: &str) -> String {
    format!(
        "    payout:\n      from: CMR\n      to: {{ provider: MTN_MOMO_CMR, phone: \"{phone}\" }}\n      above: 100_000 XAF\n"
    )
}

fn bank() -> Merchant {
    Merchant::with(SandboxSettings {
        wallets: wallets_of(&[("CMR", 150_000), ("GAB", 0)]),
        payout_processing_after: Duration::from_millis(100),
        payout_ends_after: Duration::from_millis(300),
        ..SandboxSettings::default()
    })
}

/// The evening's payout, which is completed.
fn merchant() -> Merchant {
    let merchant = bank();
    let payout = payout_to("237653456789");
    merchant.policies(&format!("version: 1\npolicies:\n  - name: pay\n    schedule: \"0 18 * * *\"\n{payout}"));
    merchant
}

/// A payout that is due now, and stays with the operator until somebody ends it.
fn pending() -> Merchant {
    let merchant = bank();
    merchant.policies(&daily_policies(&payout_to("237653456129")));
    merchant
}

/// Requests that would pay out, as they came in.
fn posts(merchant: &Merchant) -> Vec<RequestRecord> {
    merchant.bank().requests().into_iter().filter(|request| request.path.ends_with("/payments/withdraw")).collect()
}

/// State, id and reason of the one payout there is.
fn the_one(merchant: &Merchant) -> (String, String, String) {
    let all = merchant.transfers();
    let [one] = &all[..] else { panic!("{all:#?}") };
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("external_id"), text("detail"))
}

fn kill_before_every_step(then: impl Fn(&Merchant, &str) + Sync) {
    let tally = &Tally::current();
    std::thread::scope(|scope| {
        let then = &then;
        for fault in ["hang", "hang-before"] {
            scope.spawn(move || {
                Tally::work_for(tally.clone());
                let met =
                    kill_at_each_request(fault, merchant, |merchant, nth| then(merchant, &format!("{fault} {nth}")));
                assert!(met >= 6, "only {met} requests");
            });
        }
        let steps = if lacks("strace") { &[][..] } else { &STEPS };
        for (call, fewest) in steps.iter().copied() {
            scope.spawn(move || {
                Tally::work_for(tally.clone());
                let met = kill_before_each(call, merchant, |merchant, nth| then(merchant, &format!("{call} {nth}")));
                assert!(met >= fewest, "only {met} of {call}");
            });
        }
    });
}

#[test]
fn d01_a_payout_killed_before_any_step_is_paid_once_and_ends_or_is_a_persons() {
    let _row = row!();
    kill_before_every_step(|merchant, step| {
        let ended = merchant.once();
        assert_payouts_agree(merchant);
        let (state, id, why) = the_one(merchant);
        assert_eq!(merchant.books().withdrawn(&id).len(), 1, "{step}: {ended:?}");
        let called = match state.as_str() {
            "applied" => false,
            "needs_operator" => {
                assert!(why.contains("an attempt before arrived"), "{step}: {why}");
                eventually("the withdrawal is over", PATIENCE, || look_up_payout(merchant, &id));
                true
            }
            _ => panic!("{step}: {state} {why}, {ended:?}"),
        };
        assert_eq!(ended.code, Some(if called { 75 } else { 0 }), "{step}: {ended:?}");
        assert_eq!(assert_books_agree(merchant).completed, 1, "{step}");
        assert_eq!(merchant.holds("CMR"), treasuryd::money::Amount::whole(100_000), "{step}");
    });
}

#[test]
fn d03_a_payout_killed_before_any_step_and_wiped_is_not_paid_twice() {
    let _row = row!();
    kill_before_every_step(|merchant, step| {
        fs::remove_dir_all(merchant.path("state")).unwrap_or_default();
        // Fresh money, so that the lost slot is tempting again, with another amount.
        deposit(merchant, "CMR", 7_000);
        let before = merchant.books().withdrawals.len();
        let ended = merchant.once();
        let paid = merchant.books().withdrawals;
        assert_eq!(paid.len(), 1, "{step}: one a lane and slot, {ended:?}");
        let (state, _, why) = the_one(merchant);
        let expected = if before == 0 { ("applied", 0) } else { ("needs_operator", 75) };
        assert_eq!((state.as_str(), ended.code), (expected.0, Some(expected.1)), "{step}: {why}, {ended:?}");
        assert_payouts_agree(merchant);
        let again = merchant.once();
        assert_eq!((again.code, merchant.books().withdrawals.len()), (ended.code, 1), "{step}: {again:?}");
    });
}

#[test]
fn d01_killed_while_kpay_is_asked_how_it_stands_it_is_asked_again_and_not_sent_again() {
    let _row = row!();
    for (reason, state) in [(None, "applied"), (Some("RECIPIENT_NOT_FOUND"), "rejected")] {
        let merchant = pending();
        merchant.bank().set_faults(&["withdrawal:hang=always"]).unwrap();
        let daemon = merchant.daemon();
        eventually("KPay is asked", PATIENCE, || merchant.books().faults[0].1 > 0);
        drop(daemon);
        merchant.bank().set_faults::<&str>(&[]).unwrap();
        let (_, id, _) = the_one(&merchant);
        assert!(merchant.bank().end_withdrawal(&id, reason));
        let mut daemon = merchant.daemon();
        eventually("it is over", PATIENCE, || the_one(&merchant).0 == state);
        daemon.signal("TERM");
        assert_eq!(daemon.wait(PATIENCE), Some(0));
        assert_eq!(posts(&merchant).len(), 1, "{state}");
        assert_eq!(assert_books_agree(&merchant).completed, usize::from(reason.is_none()));
    }
}

#[test]
fn d13_a_daemon_that_is_to_end_does_not_wait_for_kpay_to_finish_a_payout() {
    let _row = row!();
    let merchant = pending();
    merchant.bank().set_faults(&["withdraw:slow=1000"]).unwrap();
    let mut daemon = merchant.daemon();
    eventually("the request is under way", PATIENCE, || !posts(&merchant).is_empty());
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0), "{:#?}", daemon.said());
    let (state, id, why) = the_one(&merchant);
    assert_eq!(state, "sending", "its reply was waited for: {why}");
    assert!(why.contains("KPay says PENDING"), "{why}");
    assert_payouts_agree(&merchant);
    assert!(merchant.bank().end_withdrawal(&id, None));
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!((the_one(&merchant).0.as_str(), posts(&merchant).len()), ("applied", 1));
    assert_eq!(assert_books_agree(&merchant).completed, 1);
}
