//! How much moves: trigger, floor, rounding, limits, parts.

use super::check;
use super::scene::Scene;
use crate::money::Amount;

/// One sweep of GAB into CMR, with these words in its policy and these lines in its scene.
#[track_caller]
fn sweep(wallets: &str, words: &str, lines: &str, expected: &str) {
    check(&format!("wallets {wallets} CMR=0\npolicy p {words} >CMR\n{lines}"), &format!("p due: {expected}"));
}

#[test]
fn the_seeds_consolidation_and_its_crossing_of_currencies() {
    check(
        "wallets GAB=30000 COG=15000 CMR=0
         policy all GAB:0:0 COG:0:0 >CMR",
        "all due: GAB>CMR 30000; COG>CMR 15000",
    );
    let scene = Scene::read(
        "wallets CMR=100000 SEN=0
         rate XAF/XOF=1.0153
         policy supply CMR:0:0 >SEN fx",
    );
    let plan = scene.plan();
    scene.assert_sound(&plan);
    let transfer = &plan.policies[0].transfers[0];
    assert_eq!(transfer.expected_rate.unwrap().to_string(), "1.0153");
    assert_eq!(transfer.expected_credit, Some(Amount::whole(101_530)));
    assert_eq!(transfer.external_id.as_ref().unwrap().as_str().len(), 35);
}

#[test]
fn the_trigger_is_strictly_more_and_the_larger_floor_stays() {
    sweep("GAB=250000", "GAB:250000:100000", "", "GAB>CMR below_trigger");
    sweep("GAB=250000.01", "GAB:250000:100000", "", "GAB>CMR 150000");
    sweep("GAB=330000", "GAB:250000:100000", "", "GAB>CMR 230000");
    sweep("GAB=330000", "GAB:250000:100000", "reserve GAB=300000", "GAB>CMR 30000");
    sweep("GAB=330000", "GAB:250000:100000", "reserve GAB=330000", "GAB>CMR reserve");
    sweep("GAB=330000", "GAB:250000:100000", "reserve GAB=50000", "GAB>CMR 230000");
    // C1: a negative balance is never a source.
    sweep("GAB=-5", "GAB:0:0", "", "GAB>CMR below_trigger");
}

#[test]
fn amounts_are_rounded_down_to_what_can_be_sent() {
    sweep("GAB=1000.99", "GAB:0:0", "", "GAB>CMR 1000");
    sweep("GAB=329999", "GAB:0:0 round=1000", "", "GAB>CMR 329000");
    check(
        "wallets KEN=1000.999 CMR=0
         rate KES/XAF=4.5
         policy p KEN:0:0 >CMR fx",
        "p due: KEN>CMR 1000.99",
    );
    sweep("GAB=330000", "GAB:0:0 round=0.5", "", "GAB>CMR wallet_frozen");
    sweep("GAB=330000", "GAB:0:0 round=0", "", "GAB>CMR wallet_frozen");
}

/// C13: the smallest transfer, exactly.
#[test]
fn c13_99_stays_and_100_moves() {
    for (balance, expected) in
        [("99", "below_minimum"), ("99.99", "below_minimum"), ("100", "100"), ("100.99", "100"), ("101", "101")]
    {
        sweep(&format!("GAB={balance}"), "GAB:0:0", "", &format!("GAB>CMR {expected}"));
    }
    sweep("GAB=4999", "GAB:0:0 min=5000", "", "GAB>CMR below_minimum");
    sweep("GAB=5000", "GAB:0:0 min=5000", "", "GAB>CMR 5000");
    sweep("GAB=5999", "GAB:0:0 min=5500 round=1000", "", "GAB>CMR below_minimum");
    sweep("GAB=6000", "GAB:0:0 min=5500 round=1000", "", "GAB>CMR 6000");
    sweep("GAB=999", "GAB:0:0 round=1000", "", "GAB>CMR below_minimum");
}

/// C13: the largest transfer, and a remainder under the smallest.
#[test]
fn c13_10_000_000_is_one_part_and_crumbs_stay() {
    for (balance, expected) in [
        ("9999999", "9999999"),
        ("10000000", "10000000"),
        ("10000001", "10000000"),
        ("10000099", "10000000"),
        ("10000100", "10000000+100"),
        ("20000000", "10000000+10000000"),
        ("25000000", "10000000+10000000+5000000"),
    ] {
        sweep(&format!("GAB={balance}"), "GAB:0:0", "", &format!("GAB>CMR {expected}"));
    }
    sweep("GAB=12000", "GAB:0:0 max=5000", "", "GAB>CMR 5000+5000+2000");
    sweep("GAB=12000", "GAB:0:0 max=5999 round=1000", "", "GAB>CMR 5000+5000+2000");
    sweep("GAB=12000", "GAB:0:0 max=99", "", "GAB>CMR limit_reached");
    sweep("GAB=12000", "GAB:0:0 max=999 round=1000", "", "GAB>CMR limit_reached");
    // The crumb would have been needed for the minimum.
    sweep("GAB=10050", "GAB:0:0 max=10000 min=10020", "", "GAB>CMR below_minimum");
}

#[test]
fn c13_at_most_99_parts_and_the_rest_is_named() {
    sweep("GAB=990000000", "GAB:0:0", "", "GAB>CMR 99x10000000");
    sweep("GAB=990000099", "GAB:0:0", "", "GAB>CMR 99x10000000");
    sweep("GAB=990000100", "GAB:0:0", "", "GAB>CMR 99x10000000; GAB>CMR limit_reached");
}

#[test]
fn parts_are_numbered_and_each_has_its_id() {
    let scene = Scene::read("wallets GAB=25000000 CMR=0\npolicy p GAB:0:0 >CMR");
    let plan = scene.plan();
    let transfers = &plan.policies[0].transfers;
    let numbers: Vec<(u8, u8)> = transfers.iter().map(|transfer| (transfer.part, transfer.parts)).collect();
    assert_eq!(numbers, [(1, 3), (2, 3), (3, 3)]);
    let ids: Vec<&str> = transfers.iter().map(|transfer| transfer.external_id.as_ref().unwrap().as_str()).collect();
    assert!(ids[0].starts_with("TRD-261124170000-GABCMR-01-") && ids[2].starts_with("TRD-261124170000-GABCMR-03-"));
    let without = Scene::read("wallets GAB=25000000 CMR=0\npolicy p GAB:0:0 >CMR\nnoid").plan();
    assert!(without.policies[0].transfers.iter().all(|transfer| transfer.external_id.is_none()));
}

#[test]
fn limits_of_the_policy_bound_the_slot_and_the_day() {
    let both = "wallets GAB=9000 COG=9000 CMR=0\npolicy p GAB:0:0 COG:0:0 >CMR";
    check(&format!("{both} slot=10000"), "p due: GAB>CMR 9000; COG>CMR 1000");
    check(&format!("{both} slot=9000"), "p due: GAB>CMR 9000; COG>CMR limit_reached");
    check(&format!("{both} slot=9099"), "p due: GAB>CMR 9000; COG>CMR limit_reached");
    check(&format!("{both} slot=9999 round=1000"), "p due: GAB>CMR 9000; COG>CMR limit_reached");
    check(&format!("{both} day=20000\nused p XAF 2026-11-24 12000"), "p due: GAB>CMR 8000; COG>CMR limit_reached");
    check(&format!("{both} day=20000\nused p XAF 2026-11-23 12000"), "p due: GAB>CMR 9000; COG>CMR 9000");
    check(&format!("{both} day=20000\nused q XAF 2026-11-24 12000"), "p due: GAB>CMR 9000; COG>CMR 9000");
    check(
        &format!("{both} day=20000\nused p XAF 2026-11-24 30000"),
        "p due: GAB>CMR limit_reached; COG>CMR limit_reached",
    );
    // A slot that is decided again for a lane left open counts what it may have moved before.
    check(
        &format!("{both} slot=10000\nused p XAF 2026-11-24 9000\ndecided p S open COG>CMR"),
        "p due: COG>CMR 1000; GAB>CMR already_done",
    );
    sweep("GAB=9000", "GAB:0:0 slot=4999 min=5000", "", "GAB>CMR limit_reached");
}

#[test]
fn caps_of_the_configuration_bound_all_policies_together() {
    let two = "wallets GAB=9000 COG=9000 CMR=0\npolicy a GAB:0:0 >CMR\npolicy b COG:0:0 >CMR";
    check(&format!("{two}\ncap XAF=10000"), "a due: GAB>CMR 9000\nb due: COG>CMR 1000");
    check(
        &format!("{two}\ncap XAF=10000\ncapused XAF 2026-11-24 5000"),
        "a due: GAB>CMR 5000\nb due: COG>CMR limit_reached",
    );
    check(&format!("{two}\ncap XAF=10000\ncapused XAF 2026-11-23 5000"), "a due: GAB>CMR 9000\nb due: COG>CMR 1000");
    check(&format!("{two}\ncap XAF=10000\nhold BEN>CMR=1000 planned"), "a due: GAB>CMR 9000\nb due: COG>CMR 1000");
    check(
        &format!("{two}\ncap XAF=10000\nhold CMR>GAB=1000 planned\nhold CMR>COG=500 unknown"),
        "a due: GAB>CMR 9000\nb due: COG>CMR limit_reached",
    );
    check(&format!("{two}\ncap XOF=1"), "a due: GAB>CMR 9000\nb due: COG>CMR 9000");
    check(&format!("{two}\ncap hour=1"), "a due: GAB>CMR 9000\nb due: COG>CMR limit_reached");
    check(&format!("{two}\ncap hour=2\nattempts 1 S-3594s"), "a due: GAB>CMR 9000\nb due: COG>CMR limit_reached");
    check(&format!("{two}\ncap hour=2\nattempts 1 S-3595s"), "a due: GAB>CMR 9000\nb due: COG>CMR 9000");
    check(&format!("{two}\ncap hour=2\nhold CMR>GAB=1 planned"), "a due: GAB>CMR 9000\nb due: COG>CMR limit_reached");
    // What waits for people may wait for days: the hour does not count it, the day's cap does.
    check(&format!("{two}\ncap hour=2\nhold CMR>GAB=1 awaiting_approval"), "a due: GAB>CMR 9000\nb due: COG>CMR 9000");
    check(
        &format!("{two}\ncap XAF=10000\nhold CMR>GAB=500 awaiting_approval"),
        "a due: GAB>CMR 9000\nb due: COG>CMR 500",
    );
    check(&format!("{two}\ncap hour=2\nhold CMR>GAB=1 unknown"), "a due: GAB>CMR 9000\nb due: COG>CMR 9000");
    sweep("GAB=25000000", "GAB:0:0", "cap hour=2", "GAB>CMR 10000000+10000000; GAB>CMR limit_reached");
    sweep("GAB=25000000", "GAB:0:0", "cap hour=3", "GAB>CMR 10000000+10000000+5000000");
    sweep("GAB=25000000", "GAB:0:0 min=15000000", "cap hour=1", "GAB>CMR limit_reached");
}

#[test]
fn what_is_held_or_taken_is_not_there() {
    sweep("GAB=330000", "GAB:250000:100000", "hold GAB>SEN=79999 unknown", "GAB>CMR 150001");
    sweep("GAB=330000", "GAB:250000:100000", "hold GAB>SEN=80000 unknown", "GAB>CMR below_trigger");
    // F9: two policies drain one wallet; the second sees what is left, and the floor of each holds.
    check(
        "wallets GAB=330000 CMR=0 COG=0
         policy a prio=1 GAB:250000:200000 >CMR
         policy b prio=2 GAB:100000:50000 >COG
         policy c prio=3 GAB:40000:0 >SEN fx
         rate XAF/XOF=1",
        "a due: GAB>CMR 130000
         b due: GAB>COG 150000
         c due: GAB>SEN 50000",
    );
    // Money on its way in is never spent in the same plan.
    check(
        "wallets GAB=330000 CMR=0
         policy a prio=1 GAB:0:0 >CMR
         policy b prio=2 CMR:0:0 >COG",
        "a due: GAB>CMR 330000
         b due: CMR>COG below_trigger",
    );
}

#[test]
fn a_shadow_policy_is_told_and_takes_nothing() {
    check(
        "wallets GAB=9000 COG=9000 CMR=0
         cap XAF=18000
         policy ghost prio=1 shadow GAB:0:0 COG:0:0 >CMR slot=10000
         policy live prio=2 GAB:0:0 COG:0:0 >CMR",
        "ghost due: GAB>CMR shadow; COG>CMR shadow
         live due: GAB>CMR 9000; COG>CMR 9000",
    );
}

#[test]
fn figures_that_do_not_fit_stand_still() {
    let huge = "79228162514264337593543950335";
    let held = format!("hold GAB>SEN={huge} unknown\nhold GAB>BEN={huge} unknown");
    sweep("GAB=330000", "GAB:0:0", &held, "GAB>CMR wallet_frozen");
    sweep(&format!("GAB=-{huge}"), "GAB:0:0", "hold GAB>SEN=5 unknown", "GAB>CMR wallet_frozen");
    sweep(&format!("GAB={huge}"), "GAB:0:0", "", "GAB>CMR 99x10000000; GAB>CMR limit_reached");
    sweep("GAB=9000", "GAB:0:0 day=1", &format!("used p XAF 2026-11-24 -{huge}"), "GAB>CMR wallet_frozen");
}
