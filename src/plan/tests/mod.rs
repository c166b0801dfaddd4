//! The room's tests: scenes in a few words, and what is planned in them. Every scene also passes the second opinion.

mod amounts;
mod corruptions;
mod exchange;
mod frozen;
mod generated;
mod payouts;
mod portions;
mod reasons;
mod rebalance;
mod rest;
mod rule_corruptions;
mod rules;
mod scene;
mod slots;
mod top_up;
mod trial;
mod why;
mod words;
mod worst_case;

use scene::Scene;

/// Plans a scene and compares: `policy due: GAB>CMR 230000; COG>CMR below_trigger`, a line a policy.
#[track_caller]
fn check(scene: &str, expected: &str) {
    let scene = Scene::read(scene);
    let plan = scene.plan();
    let lines: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(scene::shown(&plan), lines);
    scene.assert_sound(&plan);
}
