//! `pause` and `resume`, for everything and for one policy, over restarts.

use super::tools::{PATIENCE, deposit, moved, moved_sorted, once_at, policy, posts};
use crate::support::{EVENING, Merchant, eventually};

const NEXT: &str = "2026-11-25T18:00:30Z";

fn two_policies() -> Merchant {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 115_000), ("CMR", 0)]);
    let both = [
        policy("gabon", "{ from: [GAB], into: CMR, above: 100_000 XAF }", ""),
        policy("congo", "{ from: [COG], into: CMR, above: 100_000 XAF }", ""),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", both.concat()));
    merchant
}

/// Each command opens the state anew: a pause is in the journal and nowhere else.
#[test]
fn everything_over_restarts() {
    let merchant = two_policies();
    let said = merchant.treasuryd(&["pause", "--by", "Ada"]).with_code(0).stdout;
    assert!(said.contains("everything is paused"), "{said}");
    merchant.once().with_code(0);
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), 0);
    assert_eq!(merchant.treasuryd(&["status", "--json"]).json()["paused"], true);
    let said = merchant.treasuryd(&["resume", "--by", "Ada"]).with_code(0).stdout;
    assert!(said.contains("everything goes on"), "{said}");
    assert_eq!(merchant.treasuryd(&["status", "--json"]).json()["paused"], false);
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), 0, "the pause closed the evening's slot");
    once_at(&merchant, NEXT).with_code(0);
    assert_eq!(moved_sorted(&merchant), ["COG>CMR 15000", "GAB>CMR 30000"]);
}

#[test]
fn one_policy_and_the_other_goes_on() {
    let merchant = two_policies();
    merchant.treasuryd(&["pause", "gabon"]).with_code(0);
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["COG>CMR 15000"]);
    deposit(&merchant, "COG", 5_000);
    // Ending the pause of everything leaves the one by name, and says so.
    let said = merchant.treasuryd(&["resume"]).with_code(0).stdout;
    assert!(said.contains("gabon"), "{said}");
    once_at(&merchant, NEXT).with_code(0);
    assert_eq!(moved(&merchant), ["COG>CMR 15000", "COG>CMR 5000"]);
    merchant.treasuryd(&["resume", "gabon"]).with_code(0);
    once_at(&merchant, "2026-11-26T18:00:30Z").with_code(0);
    assert_eq!(moved(&merchant).last().unwrap(), "GAB>CMR 30000");
}

/// The two kinds of pause are independent.
#[test]
fn a_policys_resume_does_not_end_the_pause_of_everything() {
    let merchant = two_policies();
    merchant.treasuryd(&["pause"]).with_code(0);
    merchant.treasuryd(&["pause", "gabon"]).with_code(0);
    merchant.treasuryd(&["resume", "gabon"]).with_code(0);
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), 0);
}

#[test]
fn an_unknown_policy_is_named_with_those_there_are() {
    let merchant = two_policies();
    for command in ["pause", "resume"] {
        let ended = merchant.treasuryd(&[command, "gabun"]).with_code(2);
        assert!(ended.stderr.contains("`gabun`") && ended.stderr.contains("congo, gabon"), "{ended:?}");
    }
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), 2, "nothing was paused");
}

/// An open question is not asked again while the pause lasts; reading goes on.
#[test]
fn a_pause_stops_resends_too() {
    let merchant = two_policies();
    merchant.bank().set_faults(&["http-500-before@always"]).unwrap();
    let mut once = merchant.command(&["once", "--at", EVENING, "--policy", "gabon"]).spawn().unwrap();
    eventually("its outcome is unknown", PATIENCE, || {
        merchant.transfers().first().is_some_and(|transfer| transfer["state"] == "unknown")
    });
    once.kill().unwrap();
    once.wait().unwrap();
    merchant.treasuryd(&["pause"]).with_code(0);
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    let (sent, asked) = (posts(&merchant), merchant.books().counters.requests);
    merchant.once().with_code(75);
    assert_eq!(posts(&merchant), sent, "not asked again");
    assert!(merchant.books().counters.requests > asked, "balances are read all the same");
    merchant.treasuryd(&["resume"]).with_code(0);
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"], "the same transfer, once");
}

/// With KPay away an empty journal has no owner yet, so there is nothing to pause in; once it has one, there is.
#[test]
fn a_pause_needs_kpay_only_for_an_empty_journal() {
    let mut merchant = two_policies();
    merchant.once().with_code(0);
    merchant.close_the_bank();
    merchant.treasuryd(&["pause"]).with_code(0);
    assert_eq!(merchant.treasuryd(&["status", "--json"]).json()["paused"], true);
    super::tools::lose_the_state(&merchant);
    let ended = merchant.treasuryd(&["pause"]);
    assert!(matches!(ended.code, Some(75 | 77)) && !ended.stderr.is_empty(), "{ended:?}");
}
