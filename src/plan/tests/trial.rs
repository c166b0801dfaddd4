//! Policies' own tests, as they are written: `at`, `rates`, `open`, reserves of some days, every kind of rule.

use crate::plan::{PolicyPlan, lane_amounts, plan_for_test};
use crate::policy::{SourceFile, parse};

const HEAD: &str = "version: 1
timezone: Africa/Douala
reserves:
  - { wallet: GAB, amount: 50_000 }
  - { wallet: GAB, amount: 250_000, during: \"24..2\" }
policies:
  - name: p
    mode: shadow
    enabled: false
";

/// What the first test of a policy gives: `due: GAB>CMR 200000; COG>CMR below_trigger`.
#[track_caller]
fn check(policy: &str, test: &str, expected: &str) {
    let rows: Vec<String> = policy.lines().map(|line| format!("    {}\n", line.trim())).collect();
    let text = format!("{HEAD}{}    tests: [ {{ name: t, expect: [], {test} }} ]\n", rows.concat());
    let set = parse(&[SourceFile { path: "p/a.yaml".into(), text }]).unwrap().set;
    let played = plan_for_test(&set, &set.policies[0], &set.policies[0].tests[0]);
    assert_eq!(shown(&played), expected, "{test}");
}

fn shown(played: &PolicyPlan) -> String {
    let moved = lane_amounts(played).into_iter().map(|(lane, amount)| format!("{lane} {amount}"));
    let skipped = played.skipped.iter().map(|skip| format!("{}>{} {}", skip.from, skip.to, skip.reason.word()));
    let due = if played.due { "due" } else { "idle" };
    format!("{due}: {}", moved.chain(skipped).collect::<Vec<_>>().join("; "))
}

const SWEEP: &str = "schedule: weekdays at 18:00
    sweep: { from: [GAB, COG], into: CMR, above: 100_000, keep: 0 }
    holidays: { GAB: [2026-11-20] }
    active: { from: 2026-11-01, until: 2026-11-30 }
    not_after: \"20:00\"
    limits: { max_per_day: 400_000 }";

#[test]
fn without_an_instant_the_slot_is_due_and_only_reserves_of_every_day_hold() {
    check(SWEEP, "balances: { GAB: 300_000, COG: 100_000 }", "due: GAB>CMR 250000; COG>CMR below_trigger");
    check(SWEEP, "balances: { GAB: 300_000 }", "due: GAB>CMR 250000; COG>CMR wallet_missing");
}

#[test]
fn at_an_instant_the_schedule_is_played() {
    let at = |instant: &str, expected: &str| {
        check(SWEEP, &format!("at: {instant}, balances: {{ GAB: 300_000, COG: 120_000 }}"), expected);
    };
    at("\"2026-11-23 18:00\"", "due: GAB>CMR 250000; COG>CMR 120000");
    at("\"2026-11-23T17:00:00Z\"", "due: GAB>CMR 250000; COG>CMR 120000");
    // The 24th: the reserve of the days of pay.
    at("\"2026-11-24 18:00\"", "due: GAB>CMR 50000; COG>CMR 120000");
    at("\"2026-11-20 18:00\"", "due: COG>CMR 120000; GAB>CMR holiday");
    at("\"2026-11-23 20:01\"", "idle: GAB>CMR missed; COG>CMR missed");
    at("\"2026-11-24 17:59\"", "idle: GAB>CMR missed; COG>CMR missed");
    at("\"2026-12-04 18:00\"", "idle: GAB>CMR inactive; COG>CMR inactive");
    at("\"2026-10-30 18:00\"", "idle: GAB>CMR inactive; COG>CMR inactive");
}

#[test]
fn open_movements_hold_their_lane_and_funds() {
    let open = "balances: { GAB: 300_000, COG: 200_000 }, open: [ { from: COG, to: CMR, amount: 50_000 } ]";
    check(SWEEP, open, "due: GAB>CMR 250000; COG>CMR lane_open");
    let elsewhere = "balances: { GAB: 300_000, COG: 200_000 }, open: [ { from: COG, to: GAB, amount: 150_000 } ]";
    check(SWEEP, elsewhere, "due: GAB>CMR 250000; COG>CMR below_trigger");
}

#[test]
fn every_kind_of_rule_is_played_at_the_rates_given() {
    let top_up = "schedule: daily at 18:00
        top_up: { wallet: SEN, below: 200_000 XOF, to: 500_000 XOF, from: [CIV, CMR] }
        fx: { allow: true, max_spread: 2% }";
    let balances = "balances: { SEN: 100_000, CIV: 100_000, CMR: 900_000 }";
    check(top_up, balances, "due: CIV>SEN 100000; CMR>SEN 300000");
    check(top_up, &format!("{balances}, rates: {{ XAF/XOF: 1.01 }}"), "due: CIV>SEN 100000; CMR>SEN 297030");
    check(
        top_up,
        &format!("{balances}, rates: {{ XAF/XOF: 0.97 }}"),
        "due: CIV>SEN 100000; CIV>SEN source_short; CMR>SEN fx_spread",
    );
    let arriving = format!("{balances}, open: [ {{ from: CMR, to: SEN, amount: 150_000 }} ]");
    check(top_up, &arriving, "due: CIV>SEN below_trigger; CMR>SEN lane_open");
    let rebalance = "schedule: daily at 18:00
        rebalance: { weights: { COG: 50%, CMR: 50% }, tolerance: 5%, base: XAF }";
    check(rebalance, "balances: { COG: 900_000, CMR: 100_000 }", "due: COG>CMR 400000; CMR>COG within_tolerance");
}
