//! The reasons that need a past: a decision, a pause, an open transfer, a reading that lags behind, a lane that moved.

use super::tools::{deposit, lanes, moved, needs_a_person, once_at, one_policy, plan, policy, posts};
use crate::support::{EVENING, Merchant, eventually};
use std::time::Duration;

const NEXT: &str = "2026-11-25T18:00:30Z";

fn gabon() -> Merchant {
    let merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", ""));
    merchant
}

#[test]
fn already_done_and_missed_after_a_decision() {
    let merchant = gabon();
    merchant.once().with_code(0);
    deposit(&merchant, "GAB", 50_000);
    assert_eq!(lanes(&plan(&merchant, &["--at", EVENING])), ["consolidate GAB>CMR already_done"]);
    assert_eq!(lanes(&plan(&merchant, &["--at", "2026-11-23T18:00:30Z"])), ["consolidate GAB>CMR missed"]);
    assert_eq!(lanes(&plan(&merchant, &["--at", NEXT])), ["consolidate GAB>CMR 50000"]);
    let made = plan(&merchant, &["--at", EVENING]);
    assert_eq!(
        (&made["policies"][0]["due"], &made["policies"][0]["slot"]),
        (&false.into(), &"2026-11-24T18:00:00Z".into())
    );
}

#[test]
fn paused_by_a_person() {
    let merchant = gabon();
    merchant.treasuryd(&["pause", "consolidate", "--by", "Ada"]).with_code(0);
    assert_eq!(lanes(&plan(&merchant, &["--at", EVENING])), ["consolidate GAB>CMR paused"]);
    merchant.treasuryd(&["resume", "consolidate", "--by", "Ada"]).with_code(0);
    assert_eq!(lanes(&plan(&merchant, &["--at", EVENING])), ["consolidate GAB>CMR 30000"]);
}

/// A transfer nobody can answer for holds its lane and its funds, in later slots too.
#[test]
fn lane_open_while_a_transfer_is_unsettled() {
    let mut merchant = gabon();
    let both = [
        policy("consolidate", "{ from: [GAB], into: CMR, above: 100_000 XAF }", ""),
        policy("send-on", "{ from: [GAB], into: COG, above: 100_000 XAF }", "enabled: false"),
    ]
    .concat();
    merchant.policies(&format!("version: 1\npolicies:\n{both}"));
    let id = needs_a_person(&mut merchant);
    deposit(&merchant, "GAB", 20_000);
    merchant.policies(&format!("version: 1\npolicies:\n{}", both.replace("    enabled: false\n", "")));
    // 150,000 less the 30,000 that may be on their way.
    let made = plan(&merchant, &["--at", NEXT]);
    assert_eq!(lanes(&made), ["consolidate GAB>CMR lane_open", "send-on GAB>COG 20000"]);
    let detail = made["policies"][0]["skipped"][0]["detail"].as_str().unwrap();
    assert!(detail.contains(&id), "{detail}");
    let sent = posts(&merchant);
    once_at(&merchant, NEXT).with_code(75);
    assert_eq!(posts(&merchant), sent + 1);
    assert_eq!(moved(&merchant), ["GAB>COG 20000"]);
}

/// A reading that still shows what was there before our own move is no basis for another one; the slot stays open.
#[test]
fn balance_stale_leaves_the_slot_open() {
    let merchant = gabon();
    merchant.bank().set_faults(&["balances:ok=1", "stale-balance=1@always"]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    merchant.bank().set_faults(&["bad-balance=GAB:130000@always"]).unwrap();
    assert_eq!(lanes(&plan(&merchant, &["--at", NEXT])), ["consolidate GAB>CMR balance_stale"]);
    once_at(&merchant, NEXT).with_code(0);
    assert_eq!(moved(&merchant).len(), 1, "nothing moves on a stale reading");
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    deposit(&merchant, "GAB", 7_000);
    once_at(&merchant, NEXT).with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000", "GAB>CMR 7000"], "the slot was still open");
}

#[test]
fn a_rate_that_cannot_be_had_leaves_the_slot_open() {
    let merchant = Merchant::new(&[("CMR", 200_000), ("SEN", 0)]);
    merchant.policies(&one_policy("{ from: [CMR], into: SEN, above: 100_000 XAF }", "fx: { allow: true }"));
    merchant.bank().set_faults(&["no-rate@always"]).unwrap();
    assert_eq!(lanes(&plan(&merchant, &["--at", EVENING])), ["consolidate CMR>SEN fx_rate_missing"]);
    merchant.once();
    assert_eq!(posts(&merchant), 0);
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["CMR>SEN 100000"]);
}

/// A second policy that comes into force after the first has moved its lane for this very slot.
#[test]
fn lane_taken_by_an_earlier_decision() {
    let merchant = gabon();
    merchant.once().with_code(0);
    deposit(&merchant, "GAB", 50_000);
    let lane = "{ from: [GAB], into: CMR, above: 100_000 XAF }";
    let both = [policy("consolidate", lane, ""), policy("newcomer", lane, "priority: 200")].concat();
    merchant.policies(&format!("version: 1\npolicies:\n{both}"));
    let made = plan(&merchant, &["--at", EVENING]);
    assert_eq!(lanes(&made), ["consolidate GAB>CMR already_done", "newcomer GAB>CMR lane_taken"]);
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    // Renamed, it is the same decision.
    merchant.policies(&format!("version: 1\npolicies:\n{}", policy("renamed", lane, "")));
    assert_eq!(lanes(&plan(&merchant, &["--at", EVENING])), ["renamed GAB>CMR already_done"]);
}

/// Beside a running daemon the plan comes from it, pauses included.
#[test]
fn a_running_daemon_tells_its_plan() {
    let merchant = gabon();
    merchant.treasuryd(&["pause"]).with_code(0);
    let daemon = merchant.daemon();
    eventually("ready", Duration::from_secs(20), || daemon.get("/readyz").0 == 200);
    let made = plan(&merchant, &["--at", EVENING]);
    assert_eq!(lanes(&made), ["consolidate GAB>CMR paused"]);
    assert_eq!(made["balances"].as_array().unwrap().len(), 2);
}
