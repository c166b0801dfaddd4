//! The guard on exchange rates at the moment of sending, and what is told of the applied rate afterwards.

use super::tools::{lanes, moved, once_at, one_policy, only_transfer, plan, posts, states};
use crate::support::{EVENING, Ended, Merchant, wallets_of};
use serde_json::Value;
use std::time::Duration;
use treasuryd::money::Currency;
use treasuryd::sandbox::{AppliedRate, SandboxSettings};

const DAKAR: &str = "{ from: [CMR], into: SEN, above: 100_000 XAF }";
const SPREAD: &str = "fx: { allow: true, max_spread: 1.5% }";
const ONE: &str = "approval: { above: 200_000 XAF, approvers: 1 }";

/// Cameroon has 300 000 over its floor; KPay shows a rate that moves at once.
fn merchant(rate: &str, policy: &str) -> Merchant {
    let rates = [((Currency::XAF, Currency::XOF), rate.parse().unwrap())].into();
    let wallets = wallets_of(&[("CMR", 400_000), ("SEN", 0)]);
    let rate_cache = Duration::ZERO;
    let applied_rate = AppliedRate::Live;
    let settings = SandboxSettings { wallets, rates, rate_cache, applied_rate, ..SandboxSettings::default() };
    let merchant = Merchant::with(settings);
    merchant.policies(&one_policy(DAKAR, policy));
    merchant
}

fn moves_to(merchant: &Merchant, rate: &str) {
    merchant.bank().set_rate(Currency::XAF, Currency::XOF, rate.parse().unwrap());
}

/// Decided at 1.01 and approved.
fn approved() -> (Merchant, String) {
    let merchant = merchant("1.01", &format!("{SPREAD}\n{ONE}"));
    merchant.once().with_code(0);
    let id = only_transfer(&merchant)["external_id"].as_str().unwrap().to_owned();
    merchant.treasuryd(&["approve", &id, "--by", "awa"]).with_code(0);
    (merchant, id)
}

/// Between XAF and XOF the reference is the peg: exactly 1.5 % off it, either way, still goes.
#[test]
fn the_rate_is_compared_again_before_it_is_sent() {
    for (rate, goes) in [("1.01", true), ("1.015", true), ("1.0151", false), ("0.985", true), ("0.9849", false)] {
        let (merchant, _) = approved();
        moves_to(&merchant, rate);
        merchant.once().with_code(0);
        let transfer = only_transfer(&merchant);
        assert_eq!(posts(&merchant), u64::from(goes), "{rate}: {transfer}");
        if goes {
            assert_eq!(moved(&merchant), ["CMR>SEN 300000"], "{rate}");
        } else {
            let detail = transfer["detail"].as_str().unwrap();
            assert!(detail.starts_with("fx_spread: ") && detail.contains(rate), "{detail}");
            assert_eq!(transfer["state"], "cancelled");
        }
    }
}

#[test]
fn without_a_rate_it_waits() {
    let (merchant, _) = approved();
    merchant.bank().set_faults(&["no-rate@always"]).unwrap();
    once_at(&merchant, "2026-11-24T18:00:40Z").with_code(75);
    assert_eq!(states(&merchant), ["CMR>SEN 300000 planned -"]);
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    once_at(&merchant, "2026-11-24T18:00:50Z").with_code(0);
    assert_eq!(states(&merchant), ["CMR>SEN 300000 applied response"]);
}

fn shown(merchant: &Merchant) -> (Value, Value) {
    let id = only_transfer(merchant)["external_id"].as_str().unwrap().to_owned();
    let story = merchant.treasuryd(&["transfers", "show", &id, "--json"]).with_code(0).json();
    let rates = merchant.treasuryd(&["ledger", "rates", "--json"]).with_code(0).json();
    (story["fx"].clone(), rates[0].clone())
}

/// KPay may apply another rate than it showed: that is told in basis points, and over the spread it is a problem.
#[test]
fn the_applied_rate_is_told_beside_its_reference() {
    for (applied, reference, indicative, over) in
        [("1.0100", "100", "0", false), ("1.0201", "201", "100", true), ("0.9999", "-1", "-100", false)]
    {
        let merchant = merchant("1.01", SPREAD);
        merchant.bank().set_faults(&[format!("rate-moves={applied}")]).unwrap();
        let ended: Ended = merchant.once().with_code(0);
        assert_eq!(ended.stderr.contains("max_spread"), over, "{ended:?}");
        let (fx, row) = shown(&merchant);
        for told in [&fx, &row] {
            assert_eq!(told["off_reference_bp"], reference, "{told}");
            assert_eq!(told["off_indicative_bp"], indicative, "{told}");
        }
        assert_eq!((fx["applied"].as_str(), fx["over_max_spread"].as_bool()), (Some(applied), Some(over)));
        assert_eq!(fx["reference"], "1 (the peg to the euro)");
        let text = merchant.treasuryd(&["ledger", "rates"]).with_code(0).stdout;
        assert!(text.contains("OFF REFERENCE") && text.contains(&format!("{reference} bp")), "{text}");
    }
}

/// KPay may know the rate of one direction alone: it is enough to compare the wallets, and for the lane that it is of.
#[test]
fn a_rebalance_needs_the_rate_of_the_lane_that_moves() {
    let policies = "version: 1\npolicies:\n  - name: level\n    schedule: \"0 18 * * *\"\n    rebalance: { weights: { CMR: 50%, \
                    SEN: 50% }, tolerance: 5%, base: XAF }\n    fx: { allow: true, max_spread: 2% }\n";
    for (wallets, moves) in
        [(&[("CMR", 400_000), ("SEN", 200_000)], &["CMR>SEN 101506"][..]), (&[("CMR", 200_000), ("SEN", 400_000)], &[])]
    {
        let rates = [((Currency::XAF, Currency::XOF), "1.0153".parse().unwrap())].into();
        let settings = SandboxSettings { wallets: wallets_of(wallets), rates, ..SandboxSettings::default() };
        let merchant = Merchant::with(settings);
        merchant.policies(policies);
        let ended = merchant.once().with_code(0);
        assert_eq!(moved(&merchant), moves, "{ended:?}");
        let skipped = plan(&merchant, &["--at", EVENING]);
        let waits = lanes(&skipped).contains(&"level SEN>CMR fx_rate_missing".to_owned());
        assert_eq!(waits, moves.is_empty(), "the slot stays open for the lane that lacks its rate: {skipped}");
    }
}
