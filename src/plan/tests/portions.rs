//! Sweeps of a share or of a fixed amount, floors by the calendar, and how far a policy is trusted.

use super::check;
use super::scene::{Scene, shown};

/// One sweep of GAB into CMR, with these words in its policy and these lines in its scene.
#[track_caller]
fn sweep(gabon: &str, words: &str, lines: &str, expected: &str) {
    check(
        &format!("wallets GAB={gabon} COG=900000 CMR=0\npolicy p {words} >CMR\n{lines}"),
        &format!("p due: {expected}"),
    );
}

#[test]
fn a_share_is_of_what_is_over_the_floor_rounded_down() {
    sweep("330000", "GAB:250000:100000 share=50%", "", "GAB>CMR 115000");
    sweep("330001", "GAB:250000:100000 share=50%", "", "GAB>CMR 115000");
    sweep("330003", "GAB:250000:100000 share=33.3%", "", "GAB>CMR 76590");
    sweep("330000", "GAB:250000:100000 share=100%", "", "GAB>CMR 230000");
    sweep("250000", "GAB:250000:100000 share=50%", "", "GAB>CMR below_trigger");
    sweep("330000", "GAB:250000:100000 share=50%", "reserve GAB=300000", "GAB>CMR 15000");
    sweep("330000", "GAB:250000:100000 share=50%", "reserve GAB=330000", "GAB>CMR reserve");
    sweep("330000", "GAB:250000:100000 share=50% min=115001", "", "GAB>CMR below_minimum");
    sweep("330000", "GAB:250000:100000 share=50% round=1000", "", "GAB>CMR 115000");
    sweep("330000", "GAB:250000:100000 share=50% slot=100000", "", "GAB>CMR 100000");
    sweep("100199", "GAB:0:100000 share=50%", "", "GAB>CMR below_minimum");
    sweep("100200", "GAB:0:100000 share=50%", "", "GAB>CMR 100");
}

#[test]
fn a_fixed_amount_moves_exactly_or_not_at_all() {
    sweep("330000", "GAB:250000:100000 fixed=100000", "", "GAB>CMR 100000");
    sweep("330000", "GAB:250000:100000 fixed=230000", "", "GAB>CMR 230000");
    sweep("330000", "GAB:250000:100000 fixed=230001", "", "GAB>CMR source_short");
    sweep("250000", "GAB:250000:100000 fixed=100000", "", "GAB>CMR below_trigger");
    sweep("330000", "GAB:250000:100000 fixed=100000", "reserve GAB=230001", "GAB>CMR source_short");
    sweep("330000", "GAB:250000:100000 fixed=100000", "reserve GAB=330000", "GAB>CMR reserve");
    sweep("330000", "GAB:250000:100000 fixed=100000 slot=99999", "", "GAB>CMR limit_reached");
    sweep("330000", "GAB:250000:100000 fixed=100000", "cap XAF=99999", "GAB>CMR limit_reached");
    sweep("330000", "GAB:250000:100000 fixed=100000 max=30000", "", "GAB>CMR 30000+30000+30000+10000");
    sweep("330000", "GAB:250000:100000 fixed=100000 max=30000", "cap hour=3", "GAB>CMR limit_reached");
    sweep("330000", "GAB:250000:100000 fixed=100000 min=100001", "", "GAB>CMR below_minimum");
    // Not to the last unit: a step that does not fit, fractions of a franc, a crumb behind the last full part.
    sweep("330000", "GAB:250000:100000 fixed=100000 round=3000", "", "GAB>CMR below_minimum");
    sweep("330000", "GAB:250000:100000 fixed=100000.5", "", "GAB>CMR below_minimum");
    sweep("330000", "GAB:250000:100000 fixed=60050 max=30000", "", "GAB>CMR below_minimum");
    sweep("330000", "GAB:250000:100000 COG:0:0 fixed=100000 slot=150000", "", "GAB>CMR 100000; COG>CMR limit_reached");
}

/// 24 November in Douala; the reserve holds from the 24th to the 2nd.
#[test]
fn a_reserve_of_the_calendar_holds_on_its_days() {
    let payroll = "reserve GAB=300000 during 24..2";
    sweep("330000", "GAB:250000:100000", payroll, "GAB>CMR 30000");
    sweep("330000", "GAB:250000:100000", "reserve GAB=300000 during 25..2", "GAB>CMR 230000");
    // The largest that holds.
    sweep("330000", "GAB:250000:100000", &format!("{payroll}\nreserve GAB=200000"), "GAB>CMR 30000");
    sweep("330000", "GAB:250000:100000", &format!("{payroll}\nreserve GAB=320000"), "GAB>CMR 10000");
    // The days are local: 23:00 UTC of the 23rd is midnight in Douala.
    let at = |when: &str| {
        shown(
            &Scene::read(&format!(
                "at {when}\nwallets GAB=330000 CMR=0\npolicy p GAB:250000:100000 >CMR cron=30_*_*_*_*\n{payroll}"
            ))
            .plan(),
        )
    };
    assert_eq!(at("S-64801s"), ["p due: GAB>CMR 230000"]);
    assert_eq!(at("S-64800s"), ["p due: GAB>CMR 30000"]);
}

#[test]
fn a_canary_moves_its_small_share() {
    let words = "GAB:250000:100000";
    sweep("330000", &format!("{words} canary=1%"), "", "GAB>CMR 2300");
    sweep("330050", &format!("{words} canary=1%"), "", "GAB>CMR 2300");
    sweep("330000", &format!("{words} canary=10%:5000"), "", "GAB>CMR 5000");
    sweep("330000", &format!("{words} canary=1%:5000"), "", "GAB>CMR 2300");
    sweep("330000", &format!("{words} canary=100%"), "", "GAB>CMR 230000");
    // The minimum is judged on what would move if it were live, limits included.
    sweep("330000", &format!("{words} canary=1% min=230000"), "", "GAB>CMR 2300");
    sweep("330000", &format!("{words} canary=1% min=230001"), "", "GAB>CMR below_minimum");
    sweep("330000", &format!("{words} canary=1% slot=50000"), "", "GAB>CMR 500");
    sweep("330000", &format!("{words} canary=1% round=1000"), "", "GAB>CMR 2000");
    sweep("330000", &format!("{words} canary=1% round=5000"), "", "GAB>CMR below_minimum");
    sweep("109999", "GAB:0:100000 canary=1%", "", "GAB>CMR below_minimum");
    sweep("110000", "GAB:0:100000 canary=1%", "", "GAB>CMR 100");
    sweep("330000", &format!("{words} canary=1% fixed=100000"), "", "GAB>CMR 1000");
    sweep("330000", &format!("{words} canary=1% share=50%"), "", "GAB>CMR 1150");
    sweep("330000", &format!("{words} canary=10% max=10000"), "", "GAB>CMR 10000+10000+3000");
    // Two lanes share a limit as they would if the policy were live.
    sweep("330000", &format!("{words} COG:0:0 canary=1% slot=300000"), "", "GAB>CMR 2300; COG>CMR 700");
}

/// Over all decisions of a slot, and all slots of a day, it is the share of the limit, not the share each time.
#[test]
fn a_canary_counts_what_it_sent_before() {
    let words = "GAB:250000:100000 canary=1%";
    let again = "decided p S open GAB>CMR\nused p XAF 2026-11-24 300";
    sweep("330000", &format!("{words} slot=50000"), again, "GAB>CMR 200");
    sweep("330000", &format!("{words} slot=50000"), "used p XAF 2026-11-24 300", "GAB>CMR 500");
    sweep("330000", &format!("{words} day=50000"), "used p XAF 2026-11-24 300", "GAB>CMR 200");
    sweep("330000", &format!("{words} day=50000"), "used p XAF 2026-11-24 450", "GAB>CMR below_minimum");
    sweep("330000", &format!("{words} day=50000"), "used p XAF 2026-11-23 450", "GAB>CMR 500");
}

/// What a canary would move beside its share is there for others; its share is not.
#[test]
fn a_canary_takes_only_what_it_sends() {
    check(
        "wallets GAB=330000 CMR=0 COG=0
         policy a prio=1 canary=10% GAB:0:0 >CMR
         policy b prio=2 GAB:0:0 >COG",
        "a due: GAB>CMR 33000
         b due: GAB>COG 297000",
    );
    // The second source gives its share of what it would give after the first one's whole amount.
    check(
        "wallets SEN=0 CIV=300000 BEN=900000
         policy a canary=10% ^SEN:200000:500000 CIV:0 BEN:0",
        "a due: CIV>SEN 30000; BEN>SEN 20000",
    );
}

#[test]
fn a_lane_over_the_bound_waits_for_approval_in_all_its_parts() {
    let waiting = |gabon: &str, words: &str| {
        let scene = Scene::read(&format!("wallets GAB={gabon} CMR=0\npolicy p GAB:0:0 >CMR {words}"));
        let plan = scene.plan();
        scene.assert_sound(&plan);
        plan.policies[0].transfers.iter().map(|transfer| transfer.needs_approval).collect::<Vec<_>>()
    };
    assert_eq!(waiting("5000000", "approve=5000000"), [false]);
    assert_eq!(waiting("5000001", "approve=5000000"), [true]);
    assert_eq!(waiting("5000000.99", "approve=5000000"), [false], "what moves counts");
    assert_eq!(waiting("15000000", "approve=10000000"), [true, true]);
    assert_eq!(waiting("9000000", "max=5000000 approve=5000000"), [true, true], "all parts together");
    assert_eq!(waiting("9000000", "slot=5000000 approve=5000000"), [false]);
    assert_eq!(waiting("9000000", "canary=1% approve=5000000"), [false], "the canary's own amount counts");
    assert_eq!(waiting("9000000", "canary=1% approve=89999"), [true]);
    assert_eq!(waiting("9000000", ""), [false]);
}
