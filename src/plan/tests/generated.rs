//! Random worlds: whatever they hold, the plan passes the second opinion, answers each lane once, and is the same again.

use super::scene::Scene;
use crate::policy::{Portion, Rule, Sweep};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::BTreeMap;

const COUNTRIES: [&str; 6] = ["GAB", "COG", "CMR", "SEN", "CIV", "KEN"];
/// Amounts around every boundary.
const AMOUNTS: [&str; 14] = [
    "0",
    "99",
    "100",
    "101",
    "4999.99",
    "5000",
    "250000",
    "250001",
    "9999999",
    "10000000",
    "10000001",
    "25000050",
    "990000150",
    "-3",
];

fn amount() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(&AMOUNTS[..]).prop_map(str::to_owned),
        2 => (0_u64..30_000_000, 0_u8..100).prop_map(|(whole, cents)| format!("{whole}.{cents:02}")),
    ]
}

fn country() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&COUNTRIES[..])
}

fn positive() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("100".to_owned()),
        Just("1000".to_owned()),
        (100_u64..12_000_000).prop_map(|whole| whole.to_string())
    ]
}

/// A policy's line. `index` makes its name.
fn policy(index: usize) -> impl Strategy<Value = String> {
    let sources = prop::sample::subsequence(&COUNTRIES[1..], 1..4);
    let amounts = prop::collection::vec((0_u64..300_000, 0_u64..300_000), 3);
    let limits = prop::collection::vec(prop::option::of(positive()), 5);
    (sources, amounts, limits, prop::bool::ANY, 0_u8..8, 0_u8..4).prop_map(
        move |(sources, amounts, limits, fx, mode, prio)| {
            let mut words = vec![format!("policy p{index} prio={prio}")];
            for (source, (one, other)) in sources.iter().zip(amounts) {
                words.push(format!("{source}:{}:{}", one.max(other), one.min(other)));
            }
            words.push(">GAB".to_owned());
            let limit = |(key, value): (&str, Option<String>)| value.map(|value| format!("{key}={value}"));
            words.extend(["min", "max", "slot", "day", "round"].into_iter().zip(limits).filter_map(limit));
            words.push(if fx { "fx".to_owned() } else { String::new() });
            words.push(["shadow", "off"].get(usize::from(mode)).copied().unwrap_or_default().to_owned());
            words.join(" ")
        },
    )
}

/// A policy's line of another kind: a top-up, a rebalance, a payout, or a sweep of a share or a fixed amount.
fn other_policy(index: usize) -> impl Strategy<Value = String> {
    let sources = prop::sample::subsequence(&COUNTRIES[1..], 1..4);
    let figures = (0_u64..300_000, 0_u64..300_000, 1_u64..100, 0_u64..20);
    let kind = (sources, figures, 0_u8..5).prop_map(|(sources, (one, other, percent, tolerance), kind)| {
        let each = |keep: &dyn Fn(usize) -> String| {
            sources
                .iter()
                .enumerate()
                .map(|(at, source)| format!("{source}:{}", keep(at)))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let swept = || format!("{} >GAB", each(&|_| format!("{}:{}", one.max(other), one.min(other))));
        match kind {
            0 => format!("^GAB:{}:{} {}", one.min(other), one.max(other), each(&|_| (one / 3).to_string())),
            1 => format!("share={percent}% {}", swept()),
            3 => format!(
                "{}:{}:{} >{}",
                sources[0],
                one.max(other),
                one.min(other),
                ["AIRTEL_GAB@24174345678", "ORANGE_SEN@221771234567"][usize::from(percent > 50)]
            ),
            2 => format!("fixed={} {}", one.max(100), swept()),
            _ => {
                // Weights of 100 together, the first wallet the heaviest.
                let rest: usize = (2..=sources.len()).map(|at| 40 / at).sum();
                let weights =
                    each(&|at| if at == 0 { format!("{}%", 60 - rest) } else { format!("{}%", 40 / (at + 1)) });
                format!("GAB:40% {weights} tol={tolerance}%")
            }
        }
    });
    let trust = prop::sample::select(&["", "", "shadow", "canary=1%", "canary=10%:50000", "approve=100000"][..]);
    let exchange = prop::sample::select(&["fx", "fx", "", "fx spread=1%", "fx spread=2% ref=last"][..]);
    let limits = prop::collection::vec(prop::option::of(positive()), 5);
    (kind, trust, exchange, limits, 0_u8..4).prop_map(move |(kind, trust, exchange, limits, prio)| {
        let limit = |(key, value): (&str, Option<String>)| value.map(|value| format!("{key}={value}"));
        let limits: Vec<String> =
            ["min", "max", "slot", "day", "round"].into_iter().zip(limits).filter_map(limit).collect();
        format!("policy q{index} prio={prio} {kind} {trust} {exchange} {}", limits.join(" "))
    })
}

fn line() -> impl Strategy<Value = String> {
    let found = prop_oneof![Just("moved"), Just("kept")];
    let outcome = prop_oneof![Just("planned"), Just("unknown")];
    let when = prop_oneof![Just("S-1d"), Just("S"), Just("S+1d")];
    prop_oneof![
        6 => (country(), amount()).prop_map(|(country, amount)| format!("wallets {country}={amount}")),
        1 => country().prop_map(|country| format!("wallets {country}/USD=5")),
        1 => country().prop_map(|country| format!("problem {country} illegible")),
        2 => (country(), amount()).prop_map(|(country, amount)| format!("reserve {country}={amount}")),
        2 => (country(), positive(), outcome).prop_map(|(from, amount, is)| format!("hold {from}>CMR={amount} {is}")),
        1 => (country(), positive()).prop_map(|(from, amount)| format!("hold {from}>GAB={amount} unknown")),
        1 => (country(), amount()).prop_map(|(country, amount)| format!("outflow {country}={amount} S-1h")),
        1 => (0_usize..4, when.clone()).prop_map(|(index, at)| format!("decided p{index} {at} open COG>GAB SEN>GAB")),
        1 => (country(), when, 0_usize..6, found)
            .prop_map(|(from, at, index, found)| format!("lane {from}>GAB {at} p{index} {found}")),
        1 => (0_usize..4, positive()).prop_map(|(index, used)| format!("used p{index} XAF 2026-11-24 {used}")),
        1 => positive().prop_map(|cap| format!("cap XAF={cap}")),
        1 => (0_u8..120).prop_map(|count| format!("cap hour={count}")),
        1 => (0_u8..60).prop_map(|count| format!("attempts {count} S")),
        2 => Just("rate XOF/XAF=0.9849".to_owned()),
        2 => Just("rate XAF/XOF=1.0153".to_owned()),
        1 => Just("rate XAF/KES=0.2215\nrate KES/XAF=4.4".to_owned()),
        1 => Just("applied XOF/XAF=0.99".to_owned()),
        1 => (country(), positive()).prop_map(|(from, amount)| format!("hold {from}>GAB={amount} awaiting_approval 100")),
        1 => country().prop_map(|from| format!("hold {from}>GAB=5 unknown ?")),
        1 => country().prop_map(|country| format!("inflow {country} S+1h")),
        2 => (country(), amount()).prop_map(|(country, amount)| format!("reserve {country}={amount} during 20..2")),
        1 => Just("rate KES/XAF=4.512345678901234567890123".to_owned()),
        1 => prop::sample::select(&["AIRTEL_GAB CLOSED", "ORANGE_SEN DELAYED", "ORANGE_SEN CLOSED"][..])
            .prop_map(|status| format!("operator {status}")),
        1 => (country(), positive())
            .prop_map(|(from, amount)| format!("hold {from}>ORANGE_SEN:221771234567={amount} sending")),
    ]
}

prop_compose! {
    pub(super) fn scene()(
        balances in prop::collection::vec(amount(), COUNTRIES.len()),
        policies in (policy(0), policy(1), other_policy(0), other_policy(1), other_policy(2)),
        lines in prop::collection::vec(line(), 0..8),
    ) -> String {
        let wallets: Vec<String> =
            COUNTRIES.iter().zip(balances).map(|(country, amount)| format!("{country}={amount}")).collect();
        let (one, two, three, four, five) = policies;
        let policies = [one, two, three, four, five].join("\n");
        // Rates stand before the lines, which may say others.
        format!("wallets {}\n{policies}\nrate XAF/XOF=1\nrate XOF/XAF=1\nrate KES/XAF=4.5\n{}", wallets.join(" "), lines.join("\n"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn every_plan_is_sound_and_the_same_again(text in scene()) {
        let scene = Scene::read(&text);
        let plan = scene.plan();
        scene.assert_sound(&plan);
        prop_assert_eq!(&plan, &scene.plan());
        // As `plan --json` and back.
        let json = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(&plan, &serde_json::from_str(&json).unwrap());
    }
}

/// The generator reaches what it is for: plans of every kind of rule that move, in one part and in several, that wait
/// for approval, and reasons of every rule.
#[test]
fn random_worlds_do_move_money() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..400 {
        let text = scene().new_tree(&mut runner).unwrap().current();
        let scene = Scene::read(&text);
        for entry in scene.plan().policies {
            let kind = match &scene.set.get(&entry.policy).unwrap().rule {
                Rule::Sweep(Sweep { portion: Portion::Surplus, .. }) => "surplus",
                Rule::Sweep(Sweep { portion: Portion::Fraction(_), .. }) => "share",
                Rule::Sweep(Sweep { portion: Portion::Fixed(_), .. }) => "fixed",
                Rule::TopUp(_) => "top_up",
                Rule::Rebalance(_) => "rebalance",
                Rule::Payout(_) => "payout",
            };
            let mut see = |what: &str| *seen.entry(what.to_owned()).or_default() += 1;
            if !entry.transfers.is_empty() {
                see(kind);
            }
            entry.transfers.iter().filter(|transfer| transfer.parts > 1).for_each(|_| see("parts"));
            entry.transfers.iter().filter(|transfer| transfer.needs_approval).for_each(|_| see("approval"));
            entry.skipped.iter().for_each(|skip| see(skip.reason.word()));
        }
    }
    let least = [
        ("surplus", 60),
        ("share", 10),
        ("fixed", 5),
        ("top_up", 5),
        ("rebalance", 10),
        ("payout", 5),
        ("provider_down", 2),
        ("parts", 10),
        ("approval", 10),
        ("fx_spread", 5),
        ("source_short", 10),
        ("within_tolerance", 10),
        ("awaiting_approval", 3),
        ("reserve", 5),
    ];
    for (what, least) in least {
        assert!(seen.get(what).is_some_and(|count| *count >= least), "{what}: {seen:?}");
    }
}
