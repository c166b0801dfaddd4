//! Who comes first.

use super::*;

fn told(old: &PolicySet, new: &PolicySet) -> Vec<String> {
    differences(old, new).into_iter().map(|it| format!("{:?} {}: {}", it.effect, it.what, it.text)).collect()
}

/// The wallets keep their floors, but another one gives first: it is told, and nobody need look at it.
#[test]
fn the_sources_of_a_policy() {
    let old = set();
    let mut new = old.clone();
    the_top_up(&mut new).sources.reverse();
    let text = "fund-senegal takes from CMR, CIV in this order instead of CIV, CMR";
    assert_eq!(told(&old, &new), [format!("Neutral order: {text}")]);
    let mut new = old.clone();
    the_sweep(&mut new).sources.insert(1, source("KEN", "5", "5"));
    assert!(!told(&old, &new).iter().any(|it| it.contains("order")), "another source alone changes no places");
    let mut new = old.clone();
    the_rebalance(&mut new).weights.reverse();
    assert_eq!(told(&old, &new), [""; 0], "the order of weights decides nothing");
}

/// The first over a lane has it: whoever comes first now passes by the limits and approvals of the other.
#[test]
fn policies_over_one_lane() {
    let with = |priorities: [i64; 2], change: fn(&mut Policy)| {
        let mut set = PolicySet { policies: vec![sweep(), sweep()], ..PolicySet::default() };
        set.policies[1].name = "quickly".into();
        set.policies[1].approval = None;
        change(&mut set.policies[1]);
        for (policy, priority) in set.policies.iter_mut().zip(priorities) {
            policy.priority = priority;
        }
        set
    };
    let as_it_is = |_: &mut Policy| {};
    let over = "over COG>CMR, GAB>CMR; it went after it";
    assert_eq!(
        told(&with([1, 2], as_it_is), &with([2, 1], as_it_is)),
        [format!("Loosens priority: quickly goes before consolidate-cemac {over}")]
    );
    assert_eq!(
        told(&with([2, 1], as_it_is), &with([1, 2], as_it_is)),
        [format!("Loosens priority: consolidate-cemac goes before quickly {over}")]
    );
    // Of one priority the name decides.
    let first = "quickly goes before consolidate-cemac";
    assert_eq!(told(&with([5, 5], as_it_is), &with([5, 4], as_it_is)), [format!("Loosens priority: {first} {over}")]);
    assert_eq!(told(&with([1, 2], as_it_is), &with([7, 8], as_it_is)), [""; 0]);
    // Who sends nothing passes by nobody.
    let shadow = |policy: &mut Policy| policy.mode = Mode::Shadow;
    assert_eq!(told(&with([1, 2], shadow), &with([2, 1], shadow)), [""; 0]);
    let elsewhere = |policy: &mut Policy| {
        let Rule::Sweep(sweep) = &mut policy.rule else { panic!("{policy:?}") };
        sweep.into = wallet("BEN");
        policy.fx.allow = true;
    };
    let money = "to the money of COG, GAB; it went after it";
    assert_eq!(
        told(&with([1, 2], elsewhere), &with([2, 1], elsewhere)),
        [format!("Neutral priority: {first} {money}")]
    );
}
