//! When a slot is up: schedule, holidays, `catch_up`, and what is decided already.

use super::check;
use super::scene::Scene;

/// One sweep of GAB into CMR in a scene with these lines.
#[track_caller]
fn sweep(lines: &str, expected: &str) {
    check(&format!("wallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR\n{lines}"), expected);
}

#[test]
fn a_slot_is_decided_once() {
    sweep("", "p due: GAB>CMR 9000");
    sweep("decided p S", "p idle: GAB>CMR already_done");
    sweep("decided p S-1d", "p due: GAB>CMR 9000");
    sweep("decided p S open GAB>CMR", "p due: GAB>CMR 9000");
    sweep("decided p S open COG>CMR", "p idle: GAB>CMR already_done");
    // A step back of the clock reopens nothing.
    sweep("decided p S+1d", "p idle: GAB>CMR missed");
    sweep("lane GAB>CMR S+1d other moved", "p idle: GAB>CMR missed");
    sweep("lane GAB>CMR S+1d p kept", "p idle: GAB>CMR missed");
    sweep("lane GAB>CMR S-1d p moved", "p due: GAB>CMR 9000");
}

#[test]
fn a_lane_has_one_decision_a_slot_whatever_the_policy_is_called() {
    sweep("lane GAB>CMR S p moved", "p idle: GAB>CMR already_done");
    sweep("lane GAB>CMR S p kept", "p idle: GAB>CMR already_done");
    // Renamed: the policy that decided is no longer there.
    sweep("lane GAB>CMR S former-name moved", "p idle: GAB>CMR already_done");
    sweep("lane GAB>CMR S former-name kept", "p idle: GAB>CMR already_done");
    let with_other = |found: &str| {
        format!(
            "wallets GAB=9000 CMR=0
             policy first prio=1 GAB:0:0 >CMR
             policy second prio=2 GAB:0:0 >CMR
             decided first S
             lane GAB>CMR S first {found}"
        )
    };
    check(&with_other("moved"), "first idle: GAB>CMR already_done\nsecond due: GAB>CMR lane_taken");
    check(&with_other("kept"), "first idle: GAB>CMR already_done\nsecond due: GAB>CMR 9000");
}

#[test]
fn a_slot_older_than_catch_up_is_missed() {
    sweep("at S+6h", "p due: GAB>CMR 9000");
    sweep("at S+21601s", "p idle: GAB>CMR missed");
    check("at S+61s\nwallets GAB=9000\npolicy p GAB:0:0 >CMR catch=1", "p idle: GAB>CMR missed");
    check("at S\nwallets GAB=9000\npolicy p GAB:0:0 >CMR", "p due: GAB>CMR 9000");
    check("at S-1s\nwallets GAB=9000\npolicy p GAB:0:0 >CMR", "p idle: GAB>CMR missed");
    // E5: days down, then one slot, not many.
    check("at S+5d\nwallets GAB=9000\npolicy p GAB:0:0 >CMR\ndecided p S-1d", "p due: GAB>CMR 9000");
}

#[test]
fn nothing_fires_on_a_holiday_or_before_the_first_slot() {
    let scene = "wallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR";
    check(&format!("{scene} holiday=2026-11-24"), "p idle: GAB>CMR holiday");
    check(&format!("{scene} holiday=2026-11-25"), "p due: GAB>CMR 9000");
    check(&format!("{scene} cron=0_0_29_2_+MON"), "p idle: GAB>CMR not_due");
    let slot = |line: &str| Scene::read(line).plan().policies[0].slot.map(|slot| slot.to_string());
    assert_eq!(slot(&format!("{scene} holiday=2026-11-24")).as_deref(), Some("2026-11-24T17:00:00Z"));
    assert_eq!(slot(&format!("{scene} cron=0_0_29_2_+MON")), None);
}

#[test]
fn a_silenced_policy_says_so_and_its_slot_is_still_up() {
    let scene = "wallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR";
    check(&format!("{scene} off"), "p due: GAB>CMR disabled");
    check(&format!("{scene} off\npause"), "p due: GAB>CMR disabled");
    check(&format!("{scene} off\ndecided p S"), "p idle: GAB>CMR disabled");
    check(&format!("{scene}\npause"), "p due: GAB>CMR paused");
    check(&format!("{scene}\npause p"), "p due: GAB>CMR paused");
    check(&format!("{scene}\npause q"), "p due: GAB>CMR 9000");
    check(&format!("{scene} holiday=2026-11-24\npause"), "p idle: GAB>CMR paused");
}

#[test]
fn one_policy_alone_or_all_by_priority_and_name() {
    let scene = "wallets GAB=9000 CMR=0
        policy b prio=1 GAB:0:0 >CMR
        policy a prio=1 GAB:0:0 >CMR
        policy c prio=0 COG:0:0 >CMR";
    check(scene, "c due: COG>CMR wallet_missing\na due: GAB>CMR 9000\nb due: GAB>CMR lane_taken");
    check(&format!("{scene}\nonly b"), "b due: GAB>CMR 9000");
    check(&format!("{scene}\nonly nobody"), "");
}
