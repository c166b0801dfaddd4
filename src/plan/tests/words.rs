//! What people read: for each reason that applies today, the figures and what would change it.

use super::scene::Scene;
use crate::plan::Reason;
use std::collections::BTreeSet;

const SWEEP: &str = "wallets GAB=330000 CMR=0\npolicy p GAB:250000:100000 >CMR";

/// Scene, reason, detail, `would_move_if`.
const CASES: [(&str, Reason, &str, &str); 0] = [];

#[test]
fn every_reason_says_its_figures_and_its_remedy() {
    for (lines, reason, detail, would_move_if) in CASES {
        let scene = Scene::read(&lines.replace("SWEEP", SWEEP));
        let plan = scene.plan();
        scene.assert_sound(&plan);
        let skip = plan.policies.iter().flat_map(|policy| &policy.skipped).next_back().unwrap();
        assert_eq!(skip.reason, reason, "{lines}");
        assert_eq!((skip.detail.as_str(), skip.would_move_if.as_str()), (detail, would_move_if), "{lines}");
    }
}

/// The reasons that the present policies and the present records can give.
#[test]
fn every_reason_that_applies_has_a_case() {
    let told: BTreeSet<&str> = CASES.iter().map(|(_, reason, _, _)| reason.word()).collect();
    let applying = [
        "already_done",
        "balance_stale",
        "below_minimum",
        "below_trigger",
        "disabled",
        "fx_not_allowed",
        "fx_rate_missing",
        "holiday",
        "lane_open",
        "lane_taken",
        "limit_reached",
        "missed",
        "not_due",
        "paused",
        "reserve",
        "shadow",
        "wallet_frozen",
        "wallet_missing",
    ];
    assert_eq!(told.into_iter().collect::<Vec<_>>(), applying);
}
