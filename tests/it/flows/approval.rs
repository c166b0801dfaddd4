//! Amounts that wait for people: who may agree, when it is enough, and what is looked at again before the money goes.

use super::tools::{
    PATIENCE, deposit, lanes, moved, once_a_day, once_at, one_policy, only_transfer, plan, posts, states, status,
};
use crate::played::row;
use crate::support::{EVENING, Ended, Merchant, eventually};
use std::time::Duration;
use treasuryd::money::{Amount, Country};

const SWEEP: &str = "{ from: [GAB], into: CMR, above: 100_000 XAF }";
const TWO_OF_THREE: &str = "approval: { above: 200_000 XAF, approvers: 2, from: [awa, Brice, chantal] }";
const ONE: &str = "approval: { above: 200_000 XAF, approvers: 1 }";

/// Gabon has 300 000 over its floor, and the evening's slot is decided.
fn waiting(approval: &str) -> (Merchant, String) {
    let merchant = Merchant::new(&[("GAB", 400_000), ("CMR", 0)]);
    merchant.policies(&one_policy(SWEEP, approval));
    let ended = merchant.once().with_code(0);
    assert_eq!(ended.json()[0]["state"], "awaiting_approval", "{ended:?}");
    let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
    (merchant, id)
}

fn say(merchant: &Merchant, word: &str, id: &str, by: &str) -> Ended {
    merchant.treasuryd(&[word, id, "--by", by])
}

fn state(merchant: &Merchant) -> String {
    only_transfer(merchant)["state"].as_str().unwrap().to_owned()
}

fn withdraw(merchant: &Merchant, country: &str, amount: i64) {
    merchant.bank().withdraw(country.parse::<Country>().unwrap(), Amount::whole(amount)).unwrap();
}

#[test]
fn two_of_three_people_never_the_same_twice() {
    let (merchant, id) = waiting(TWO_OF_THREE);
    assert_eq!(status(&merchant)["approvals_waiting"], 1);
    let waits = &status(&merchant)["approvals"][0];
    assert_eq!((waits["amount"].as_str(), waits["needed"].as_u64()), (Some("300000"), Some(2)), "{waits}");

    merchant.treasuryd(&["approve", &id]).with_code(2);
    say(&merchant, "approve", &id, "  ").with_code(2);
    let stranger = say(&merchant, "approve", &id, "mallory").with_code(77);
    assert!(stranger.stderr.contains("awa, Brice, chantal"), "{stranger:?}");
    say(&merchant, "approve", "TRD-261124180000-GABCMR-01-NOSUCHID", "awa").with_code(1);

    let first = say(&merchant, "approve", &id, " AWA ").with_code(0);
    assert!(first.stdout.contains("1 of 2 approvals"), "{first:?}");
    for same in ["awa", "Awa", " aWa"] {
        let again = say(&merchant, "approve", &id, same).with_code(77);
        assert!(again.stderr.contains("has approved it already"), "{again:?}");
    }
    merchant.once().with_code(0);
    assert_eq!((state(&merchant).as_str(), posts(&merchant)), ("awaiting_approval", 0));

    say(&merchant, "approve", &id, "brice").with_code(0);
    assert_eq!((state(&merchant).as_str(), posts(&merchant)), ("planned", 0), "a command on the state sends nothing");
    let late = say(&merchant, "approve", &id, "chantal").with_code(77);
    assert!(late.stderr.contains("planned"), "{late:?}");

    merchant.once().with_code(0);
    assert_eq!((state(&merchant).as_str(), moved(&merchant)), ("applied", vec!["GAB>CMR 300000".to_owned()]));
    for word in ["approve", "reject"] {
        let closed = say(&merchant, word, &id, "awa").with_code(77);
        assert!(closed.stderr.contains("applied"), "{closed:?}");
    }
    let shown = merchant.treasuryd(&["transfers", "show", &id, "--json"]).with_code(0).json();
    let by: Vec<&str> =
        shown["approval"]["approved_by"].as_array().unwrap().iter().map(|it| it["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["AWA", "brice"]);
    let events: Vec<&str> =
        shown["history"].as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["decided", "approved", "approved", "attempted", "applied"]);
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
}

#[test]
fn a_small_amount_waits_for_nobody_and_exactly_the_bound_is_small() {
    let merchant = Merchant::new(&[("GAB", 300_000), ("CMR", 0)]);
    merchant.policies(&one_policy(SWEEP, ONE));
    merchant.once().with_code(0);
    assert_eq!(states(&merchant), ["GAB>CMR 200000 applied response"]);
}

#[test]
fn a_refusal_ends_it_for_good() {
    let (merchant, id) = waiting(TWO_OF_THREE);
    say(&merchant, "approve", &id, "awa").with_code(0);
    say(&merchant, "reject", &id, "mallory").with_code(77);
    merchant.treasuryd(&["reject", &id, "--by", "chantal", "--note", "too much"]).with_code(0);
    let transfer = only_transfer(&merchant);
    assert_eq!((transfer["state"].as_str(), posts(&merchant)), (Some("cancelled"), 0));
    assert!(transfer["detail"].as_str().unwrap().contains("chantal: too much"), "{transfer}");
    let closed = say(&merchant, "approve", &id, "brice").with_code(77);
    assert!(closed.stderr.contains("cancelled"), "{closed:?}");
    merchant.once().with_code(0);
    assert_eq!((merchant.transfers().len(), posts(&merchant)), (1, 0), "the slot is decided");
}

/// All parts of a lane and slot are approved or refused together, by whichever of them is named.
#[test]
fn parts_stand_and_fall_together() {
    for (word, expected) in [("approve", "applied"), ("reject", "cancelled")] {
        let merchant = Merchant::new(&[("GAB", 25_100_000), ("CMR", 0)]);
        merchant.policies(&one_policy(SWEEP, ONE));
        merchant.once().with_code(0);
        let waits = merchant.transfers();
        assert_eq!(waits.len(), 3);
        assert!(waits.iter().all(|part| part["state"] == "awaiting_approval"), "{waits:?}");
        assert_eq!(status(&merchant)["approvals"].as_array().unwrap().len(), 1, "one entry a lane and slot");
        say(&merchant, word, waits[1]["external_id"].as_str().unwrap(), "awa").with_code(0);
        merchant.once().with_code(0);
        let after = merchant.transfers();
        assert!(after.iter().all(|part| part["state"] == expected), "{word}: {after:?}");
        let sent: &[&str] =
            if word == "approve" { &["GAB>CMR 10000000", "GAB>CMR 10000000", "GAB>CMR 5000000"] } else { &[] };
        assert_eq!(moved(&merchant), sent, "{word}");
    }
}

#[test]
fn what_is_not_approved_in_time_is_cancelled() {
    for approvals in 0..=2 {
        let (merchant, id) = waiting(&TWO_OF_THREE.replace(" }", ", within: 10m }"));
        for by in ["awa", "brice"].into_iter().take(approvals) {
            say(&merchant, "approve", &id, by).with_code(0);
        }
        once_at(&merchant, "2026-11-24T18:10:01Z").with_code(0);
        let transfer = only_transfer(&merchant);
        assert_eq!((transfer["state"].as_str(), posts(&merchant)), (Some("cancelled"), 0), "{approvals}: {transfer}");
        assert!(transfer["detail"].as_str().unwrap().contains("2026-11-24T18:10:00Z"), "{transfer}");
        say(&merchant, "approve", &id, "chantal").with_code(77);
    }
}

/// The plan is made again when the money is to go: what it no longer gives is not sent, and nothing is ever changed.
#[test]
fn the_plan_is_made_again_before_it_is_sent() {
    let same = "GAB>CMR 300000 applied response";
    let gone = "GAB>CMR 300000 cancelled -";
    let policies = one_policy(SWEEP, ONE);
    let with = |more: &str| one_policy(SWEEP, &format!("{ONE}\n{more}"));
    let reserve = policies.replace("version: 1", "version: 1\nreserves: { GAB: 100_001 XAF }");
    // What Gabon gains meanwhile, and the policies by then.
    let cases = [
        ("nothing happened", 0, policies.clone(), same),
        ("more money is there", 50_000, policies.clone(), same),
        ("one franc less is there", -1, policies.clone(), gone),
        ("it is under the trigger", -350_000, policies.clone(), gone),
        ("a reserve", 0, reserve, gone),
        ("a limit", 0, with("limits: { max_per_slot: 299_999 XAF }"), gone),
        ("a wider limit", 0, with("limits: { max_per_slot: 300_000 XAF, max_per_day: 300_000 XAF }"), same),
        ("its policy is gone", 0, policies.replace("consolidate", "another"), gone),
        ("shadow", 0, with("mode: shadow"), gone),
        ("more must approve", 0, policies.replace("approvers: 1", "approvers: 2"), gone),
    ];
    for (what, gained, policies, expected) in cases {
        let (merchant, id) = waiting(ONE);
        say(&merchant, "approve", &id, "awa").with_code(0);
        match gained {
            0 => {}
            1.. => deposit(&merchant, "GAB", gained),
            ..0 => withdraw(&merchant, "GAB", -gained),
        }
        merchant.policies(&policies);
        merchant.once().with_code(0);
        let found = states(&merchant);
        assert_eq!(found[0], expected, "{what}: {}", merchant.transfers()[0]["detail"]);
        assert_eq!(posts(&merchant), u64::from(expected == same), "{what}");
    }
}

/// What waits keeps its lane and its funds, and says so to every later slot.
#[test]
fn what_waits_holds_its_lane() {
    let (merchant, _) = waiting(TWO_OF_THREE);
    deposit(&merchant, "GAB", 500_000);
    let made = plan(&merchant, &["--at", "2026-11-25T18:00:10Z"]);
    assert_eq!(lanes(&made), ["consolidate GAB>CMR awaiting_approval"]);
    assert_eq!(status(&merchant)["balances"][1]["held"], "300000");
}

/// A pause cancels what may be sent. What waits may not be sent: it waits on, and cannot be approved meanwhile.
#[test]
fn a_pause_keeps_it_waiting() {
    for what in [&["pause"][..], &["pause", "consolidate"]] {
        let (merchant, id) = waiting(ONE);
        merchant.treasuryd(what).with_code(0);
        merchant.once().with_code(0);
        assert_eq!(state(&merchant), "awaiting_approval");
        let refused = say(&merchant, "approve", &id, "awa").with_code(77);
        assert!(refused.stderr.contains("paused"), "{refused:?}");
        merchant.treasuryd(&[&["resume", "--by", "awa"], &what[1..]].concat()).with_code(0);
        say(&merchant, "approve", &id, "awa").with_code(0);
        merchant.once().with_code(0);
        assert_eq!(state(&merchant), "applied", "{what:?}");
    }
}

/// While it waits, its policy may go: then nobody need wait any longer.
#[test]
fn without_its_policy_nobody_waits() {
    let (merchant, id) = waiting(TWO_OF_THREE);
    merchant.policies(&one_policy(SWEEP, TWO_OF_THREE).replace("consolidate", "another"));
    merchant.once().with_code(0);
    let transfer = &merchant.transfers()[0];
    assert_eq!((transfer["external_id"].as_str(), transfer["state"].as_str()), (Some(id.as_str()), Some("cancelled")));
}

fn daily(approval: &str) -> Merchant {
    let merchant = Merchant::new(&[("GAB", 400_000), ("CMR", 0)]);
    merchant.policies(&once_a_day(SWEEP, approval));
    merchant
}

#[test]
fn the_daemon_sends_it_once_the_last_one_agrees() {
    let merchant = daily(TWO_OF_THREE);
    let daemon = merchant.daemon();
    eventually("it waits", PATIENCE, || {
        merchant.transfers().first().is_some_and(|it| it["state"] == "awaiting_approval")
    });
    let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
    say(&merchant, "approve", &id, "awa").with_code(0);
    say(&merchant, "approve", &id, "AWA").with_code(77);
    let scrape = daemon.get("/metrics").1;
    assert!(scrape.contains("treasuryd_approvals_waiting 1"), "{scrape}");
    assert!(daemon.get("/").1.contains("1 of 2 approvals"));
    assert_eq!(daemon.get("/readyz").0, 200);
    say(&merchant, "approve", &id, "brice").with_code(0);
    eventually("it is applied", PATIENCE, || state(&merchant) == "applied");
    assert_eq!(moved(&merchant), ["GAB>CMR 300000"]);
    assert!(daemon.get("/metrics").1.contains("treasuryd_approvals_waiting 0"));
}

/// The same person at the same moment, many times over: one of them counts.
#[test]
fn the_same_name_at_the_same_moment_counts_once() {
    let merchant = daily(TWO_OF_THREE);
    let daemon = merchant.daemon();
    eventually("it waits", PATIENCE, || {
        merchant.transfers().first().is_some_and(|it| it["state"] == "awaiting_approval")
    });
    let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
    let started: Vec<_> = (0..6)
        .map(|_| {
            merchant.command(&["approve", &id, "--by", "awa"]).stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> = started.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!((state(&merchant).as_str(), posts(&merchant)), ("awaiting_approval", 0));
    drop(daemon);
}

/// Killed between the approval and the send, it goes out once after the next start, if it still may.
#[test]
fn d01_killed_between_approval_and_send() {
    let _row = row!();
    for (fell, expected) in [(0, "applied"), (200_000, "cancelled")] {
        let merchant = daily(ONE);
        let mut daemon = merchant.daemon();
        eventually("it waits", PATIENCE, || {
            merchant.transfers().first().is_some_and(|it| it["state"] == "awaiting_approval")
        });
        let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
        merchant.bank().set_faults(&["balances:slow=5000@always"]).unwrap();
        say(&merchant, "approve", &id, "awa").with_code(0);
        daemon.signal("KILL");
        daemon.wait(Duration::from_secs(10));
        assert_eq!((state(&merchant).as_str(), posts(&merchant)), ("planned", 0));
        merchant.bank().set_faults::<&str>(&[]).unwrap();
        if fell > 0 {
            withdraw(&merchant, "GAB", fell);
        }
        let _daemon = merchant.daemon();
        eventually(expected, PATIENCE, || state(&merchant) == expected);
        assert_eq!(posts(&merchant), u64::from(fell == 0));
        assert!(merchant.books().applied_twice.is_empty());
    }
}

/// The instant it was decided for does not matter to those who approve: they have as long as the policy says.
#[test]
fn a_slot_of_another_day_can_be_approved_as_long_as_it_waits() {
    let (merchant, id) = waiting(ONE);
    say(&merchant, "approve", &id, "awa").with_code(0);
    once_at(&merchant, EVENING).with_code(0);
    assert_eq!(state(&merchant), "applied");
}

/// One lane of a slot goes at once, the other waits: what moved meanwhile is there when the plan is made again.
#[test]
fn of_several_lanes_each_waits_for_itself() {
    for (pays_in, expected) in [(0, "applied"), (1, "cancelled")] {
        let merchant = Merchant::new(&[("COG", 0), ("GAB", 100_000), ("CMR", 1_000_000)]);
        merchant.policies(&format!(
            "version: 1\npolicies:\n  - name: fill\n    schedule: \"0 18 * * *\"\n    top_up: {{ wallet: COG, below: \
             200_000 XAF, to: 500_000 XAF, from: [GAB, CMR] }}\n    {ONE}\n"
        ));
        merchant.once().with_code(0);
        assert_eq!(states(&merchant), ["GAB>COG 100000 applied response", "CMR>COG 400000 awaiting_approval -"]);
        let id = merchant.transfers()[1]["external_id"].as_str().unwrap().to_owned();
        say(&merchant, "approve", &id, "awa").with_code(0);
        if pays_in > 0 {
            deposit(&merchant, "COG", pays_in);
        }
        merchant.once().with_code(0);
        let last = merchant.transfers().remove(1);
        assert_eq!(last["state"], expected, "{last}");
    }
}
