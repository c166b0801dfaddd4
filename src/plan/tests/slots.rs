//! When a slot is up: schedule, holidays, `catch_up`, and what is decided already.

use super::check;
use super::scene::Scene;
use crate::plan::Reason;

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
fn nothing_fires_outside_the_active_dates_or_late_in_the_day() {
    let with = |words: &str, expected: &str| {
        check(&format!("wallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR {words}"), &format!("p {expected}"));
    };
    with("from=2026-11-24 until=2026-11-24", "due: GAB>CMR 9000");
    with("from=2026-11-25", "idle: GAB>CMR inactive");
    with("until=2026-11-23", "idle: GAB>CMR inactive");
    with("until=2026-11-23 off", "idle: GAB>CMR disabled");
    with("after=18.00\nat S", "due: GAB>CMR 9000");
    with("after=17.59", "idle: GAB>CMR inactive");
}

#[test]
fn a_slot_is_missed_after_the_cut_off_or_catch_up_whichever_comes_first() {
    let at = |now: &str, words: &str, expected: &str| {
        let scene = format!("at {now}\nwallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR {words}");
        check(&scene, &format!("p {expected}"));
    };
    at("S+3600s", "after=19.00", "due: GAB>CMR 9000");
    at("S+3601s", "after=19.00", "idle: GAB>CMR missed");
    at("S+61s", "after=19.00 catch=1", "idle: GAB>CMR missed");
    // The cut-off is that of the slot's own day, not of the next one.
    at("S+7h", "after=19.00 catch=1440", "idle: GAB>CMR missed");
    at("S+4h", "after=23.59 catch=1440", "due: GAB>CMR 9000");
    let detail = |words: &str| {
        let scene = format!("at S+7h\nwallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR {words}");
        Scene::read(&scene).plan().policies[0].skipped[0].detail.clone()
    };
    assert!(detail("after=19.00").contains("until 19:00 on 2026-11-24 (`not_after`)"));
    assert!(detail("after=23.59 catch=60").contains("`catch_up` allows 1h"));
}

#[test]
fn a_holiday_at_either_end_rests_the_lane_and_only_that() {
    let scene = "wallets GAB=9000 COG=8000 CMR=0\npolicy p GAB:0:0 COG:0:0 >CMR";
    let with = |words: &str, expected: &str| check(&format!("{scene} {words}"), &format!("p {expected}"));
    with("closed=GAB@2026-11-24", "due: COG>CMR 8000; GAB>CMR holiday");
    with("closed=GAB@2026-11-25", "due: GAB>CMR 9000; COG>CMR 8000");
    with("closed=TCD@2026-11-24", "due: GAB>CMR 9000; COG>CMR 8000");
    // With every lane at rest nothing is due, and nothing is recorded.
    with("closed=CMR@2026-11-24", "idle: GAB>CMR holiday; COG>CMR holiday");
    with("closed=GAB@2026-11-24 closed=COG@2026-11-24", "idle: GAB>CMR holiday; COG>CMR holiday");
    // Decided for the policy is decided for the lane that rested.
    with("closed=GAB@2026-11-24\ndecided p S", "idle: GAB>CMR already_done; COG>CMR already_done");
    with("closed=GAB@2026-11-24\ndecided p S open COG>CMR", "due: COG>CMR 8000; GAB>CMR already_done");
    // The next slot that is named is one on which the lane does not rest.
    let plan = Scene::read(&format!("{scene} closed=GAB@2026-11-24 closed=CMR@2026-11-25")).plan();
    let skip = plan.policies[0].skipped.iter().find(|skip| skip.reason == Reason::Holiday).unwrap();
    assert_eq!(skip.detail, "2026-11-24 is a holiday in GAB, so GAB>CMR rests");
    assert_eq!(skip.would_move_if, "the next slot, 2026-11-26T17:00:00Z, comes");
}

#[test]
fn a_policy_that_is_over_says_what_would_bring_it_back() {
    let plan = Scene::read("wallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR from=2026-11-01 until=2026-11-23").plan();
    let skip = &plan.policies[0].skipped[0];
    assert_eq!(skip.detail, "2026-11-24 is after the policy's last active date, 2026-11-23");
    assert_eq!(skip.would_move_if, "`active` is extended: no slot is left until 2026-11-23");
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
