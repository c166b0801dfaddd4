//! Limits of policies and of the configuration, over several runs: every run opens the state anew.

use super::tools::{deposit, lanes, moved, moved_sorted, once_at, one_policy, plan, posts};
use crate::support::Merchant;

fn merchant(limits: &str, wallets: &[(&str, i64)]) -> Merchant {
    let merchant = Merchant::new(wallets);
    merchant.policies(&one_policy(
        "{ from: [GAB, COG], into: CMR, above: 100_000 XAF }",
        &format!("schedule: \"0 10,18 * * *\"\n{limits}"),
    ));
    merchant
}

#[test]
fn per_slot_over_all_lanes() {
    let merchant = merchant("limits: { max_per_slot: 40_000 XAF }", &[("GAB", 130_000), ("COG", 190_000), ("CMR", 0)]);
    once_at(&merchant, "2026-11-24T10:00:00Z").with_code(0);
    assert_eq!(moved_sorted(&merchant), ["COG>CMR 10000", "GAB>CMR 30000"]);
    // What is left goes in the next slot, with a limit of its own.
    once_at(&merchant, "2026-11-24T18:00:00Z").with_code(0);
    assert_eq!(moved(&merchant).last().unwrap(), "COG>CMR 40000");
}

#[test]
fn per_day_over_slots_and_restarts() {
    let merchant = merchant("limits: { max_per_day: 50_000 XAF }", &[("GAB", 130_000), ("COG", 0), ("CMR", 0)]);
    once_at(&merchant, "2026-11-24T10:00:00Z").with_code(0);
    deposit(&merchant, "GAB", 100_000);
    once_at(&merchant, "2026-11-24T18:00:00Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000", "GAB>CMR 20000"]);
    once_at(&merchant, "2026-11-25T10:00:00Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000", "GAB>CMR 20000", "GAB>CMR 50000"]);
    let made = plan(&merchant, &["--at", "2026-11-25T18:00:00Z"]);
    assert_eq!(lanes(&made), ["consolidate GAB>CMR limit_reached", "consolidate COG>CMR below_trigger"]);
}

/// The day is the slot's local one: 23:30 in Douala is another day than 00:30, though both are one day in UTC.
#[test]
fn the_day_is_the_slots_local_one() {
    let merchant = Merchant::new(&[("GAB", 150_000), ("CMR", 0)]);
    let rest = one_policy(
        "{ from: [GAB], into: CMR, above: 100_000 XAF }",
        "schedule: \"30 0,23 * * *\"\nlimits: { max_per_day: 20_000 XAF }",
    );
    merchant.policies(&rest.replace("version: 1\n", "version: 1\ntimezone: Africa/Douala\n"));
    // 23:30 on the 23rd and 00:30 on the 24th, Douala time; then 23:30 on the 24th, which is used up.
    for (at, total) in [("2026-11-23T22:30:00Z", 1), ("2026-11-23T23:30:00Z", 2), ("2026-11-24T22:30:00Z", 2)] {
        once_at(&merchant, at).with_code(0);
        assert_eq!(moved(&merchant).len(), total, "{at}");
    }
    assert_eq!(moved(&merchant), ["GAB>CMR 20000", "GAB>CMR 20000"]);
}

/// A transfer that was refused gives its part of the day back; one that nobody can answer for does not.
#[test]
fn unknown_outcomes_count_and_refusals_do_not() {
    for (fault, gabon) in [("message=400:no", "40000"), ("http-500-before=always", "lane_open")] {
        let mut merchant =
            merchant("limits: { max_per_day: 40_000 XAF }", &[("GAB", 150_000), ("COG", 150_000), ("CMR", 0)]);
        merchant.set("kpay", "resend_for = \"1s\"");
        merchant.bank().set_faults(&[fault]).unwrap();
        once_at(&merchant, "2026-11-24T10:00:00Z");
        let made = plan(&merchant, &["--at", "2026-11-24T18:00:00Z"]);
        let gabon = format!("consolidate GAB>CMR {gabon}");
        assert_eq!(lanes(&made), [gabon.as_str(), "consolidate COG>CMR limit_reached"], "{fault}");
    }
}

/// The configuration's cap on transfers an hour goes by the machine's clock, whatever `--at` says.
#[test]
fn transfers_an_hour_over_runs() {
    let mut merchant = merchant("", &[("GAB", 130_000), ("COG", 115_000), ("CMR", 0)]);
    merchant.set("limits", "max_transfers_per_hour = 3");
    once_at(&merchant, "2026-11-24T10:00:00Z").with_code(0);
    deposit(&merchant, "GAB", 9_000);
    deposit(&merchant, "COG", 8_000);
    once_at(&merchant, "2026-11-24T18:00:00Z").with_code(0);
    assert_eq!(moved(&merchant).last().unwrap(), "GAB>CMR 9000");
    assert_eq!(posts(&merchant), 3);
    once_at(&merchant, "2026-11-26T18:00:00Z").with_code(0);
    assert_eq!(posts(&merchant), 3);
    let made = plan(&merchant, &["--at", "2026-11-27T18:00:00Z"]);
    assert_eq!(lanes(&made), ["consolidate GAB>CMR below_trigger", "consolidate COG>CMR limit_reached"]);
}

#[test]
fn the_configurations_cap_on_a_days_money() {
    let mut merchant = merchant("", &[("GAB", 130_000), ("COG", 115_000), ("CMR", 0)]);
    merchant.set("limits", "max_per_day = { XAF = 40_000 }");
    once_at(&merchant, "2026-11-24T10:00:00Z").with_code(0);
    assert_eq!(moved_sorted(&merchant), ["COG>CMR 10000", "GAB>CMR 30000"]);
    deposit(&merchant, "GAB", 50_000);
    once_at(&merchant, "2026-11-24T18:00:00Z").with_code(0);
    assert_eq!(posts(&merchant), 2);
    once_at(&merchant, "2026-11-25T10:00:00Z").with_code(0);
    assert_eq!(moved(&merchant).last().unwrap(), "GAB>CMR 40000");
}
