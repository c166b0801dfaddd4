//! The second opinion catches what a wrong planner could do with each kind of rule: a good plan, one corruption, the
//! objection to it.

use super::corruptions::{Corruption, set_amount};
use super::scene::{Scene, lane, slot};
use crate::model::{ExternalId, IdParts, Kind, Lane, Moment};
use crate::money::{Amount, Currency, Rate};
use crate::plan::{Breach, Plan, PlannedTransfer, Reason, Skip, second_opinion};

/// Every other rule: a top-up over two currencies, a share, a fixed amount, a canary, an approval, a spread.
const RULES: &str = "
    wallets SEN=100000 CIV=300000 BEN=0 CMR=9000000 GAB=500000 COG=900000 KEN=80000 UGA=400000
    rate XAF/XOF=1.01
    policy a prio=1 fx spread=1.5% ^SEN:200000:500000 CIV:100000 CMR:1000000 approve=198020
    policy b prio=2 share=50% GAB:0:100000 >COG
    policy c prio=3 fixed=400000 COG:0:500000 >CMR
    policy d prio=4 canary=10%:100000 slot=900000 CMR:0:0 >GAB
    policy e prio=5 canary=1% fx ^BEN:1:100000 CMR:0";

/// Corruptions of the other rules.
const OF_RULES: [(&str, Breach, Corruption); 23] = [
    ("a top-up not triggered", Breach::NotTriggered, |scene, plan| {
        scene.add("wallets SEN=200000");
        plan.balances = scene.snapshot.rows();
    }),
    ("a top-up that is on its way", Breach::NotTriggered, |scene, _| scene.add("hold BEN>SEN=100000 planned")),
    ("a need that may be filled on KPay's side", Breach::UnknownLevel, |scene, _| scene.add("hold BEN>SEN=1 unknown")),
    ("a top-up of an unknown need", Breach::Uncountable, |scene, _| scene.add("hold COG>SEN=5 planned ?")),
    ("a need that may be filled already", Breach::Stale, |scene, _| scene.add("inflow SEN S+6s")),
    ("a need of a stale reading", Breach::Stale, |scene, _| scene.add("outflow SEN=100000 S-1d")),
    ("a unit too much", Breach::Overfilled, |_, plan| set_amount(&mut plan.policies[0].transfers[1], "198021")),
    ("an earlier source fills it", Breach::Overfilled, |_, plan| {
        set_amount(&mut plan.policies[0].transfers[0], "200001");
    }),
    ("a source under what it keeps", Breach::FloorBroken, |_, plan| {
        set_amount(&mut plan.policies[0].transfers[0], "200001");
    }),
    ("a source under its reserve", Breach::FloorBroken, |scene, _| scene.add("reserve CIV=100001")),
    ("a source under its reserve of the day", Breach::FloorBroken, |scene, _| {
        scene.add("reserve CIV=100001 during 24..2");
    }),
    ("a spread too wide", Breach::SpreadTooWide, |scene, _| {
        scene.set.policies[0].fx.max_spread = Some("0.99%".parse().unwrap());
    }),
    ("a spread from another reference", Breach::SpreadTooWide, |scene, _| {
        scene.set.policies[0].fx.reference = Some(crate::policy::FxReference::Last);
        scene.add("applied XAF/XOF=1.03");
    }),
    ("no reference", Breach::SpreadTooWide, |scene, _| {
        scene.set.policies[0].fx.reference = Some(crate::policy::FxReference::Last);
    }),
    ("an approval left out", Breach::WrongApproval, |_, plan| plan.policies[0].transfers[0].needs_approval = false),
    ("an approval not asked for", Breach::WrongApproval, |_, plan| plan.policies[0].transfers[1].needs_approval = true),
    ("more than the share", Breach::NotTheAmount, |_, plan| set_amount(&mut plan.policies[1].transfers[0], "200001")),
    ("more than the fixed amount", Breach::NotTheAmount, |_, plan| {
        set_amount(&mut plan.policies[2].transfers[0], "400001");
    }),
    ("less than the fixed amount", Breach::NotTheAmount, |_, plan| {
        set_amount(&mut plan.policies[2].transfers[0], "399999");
    }),
    ("a canary over its share of a limit", Breach::CanaryTooLarge, |_, plan| {
        set_amount(&mut plan.policies[3].transfers[0], "90001");
    }),
    ("a canary over its maximum", Breach::CanaryTooLarge, |scene, _| {
        let canary = scene.set.policies[3].canary.as_mut().unwrap();
        canary.max.insert(Currency::XAF, Amount::whole(89_999));
    }),
    ("a canary without bounds", Breach::CanaryTooLarge, |scene, _| scene.set.policies[3].canary = None),
    ("a canary over its share of a need", Breach::CanaryTooLarge, |_, plan| {
        set_amount(&mut plan.policies[4].transfers[0], "992");
    }),
];

#[test]
fn the_good_plan_of_all_rules_passes() {
    let scene = Scene::read(RULES);
    let plan = scene.plan();
    scene.assert_sound(&plan);
    let expected = [
        "a due: CIV>SEN 200000; CMR>SEN 198020",
        "b due: GAB>COG 200000",
        "c due: COG>CMR 400000",
        "d due: CMR>GAB 90000",
        "e due: CMR>BEN 990",
    ];
    assert_eq!(super::scene::shown(&plan), expected);
}

#[test]
fn every_corruption_of_the_rules_is_caught() {
    for (name, breach, corrupt) in OF_RULES {
        let mut scene = Scene::read(RULES);
        let mut plan = scene.plan();
        corrupt(&mut scene, &mut plan);
        assert_objected(name, &scene, &plan, breach);
    }
}

#[track_caller]
fn assert_objected(name: &str, scene: &Scene, plan: &Plan, breach: Breach) {
    let objections = second_opinion(plan, &scene.inputs()).err().unwrap_or_default();
    assert!(objections.iter().any(|objection| objection.breach == breach), "{name}: {objections:?}");
}

/// Rebalances written by hand, whatever the planner would do: what moves, and what is wrong with it.
#[test]
fn a_rebalance_goes_from_over_to_under_and_crosses_no_weight() {
    let scene = "wallets CMR=1000000 GAB=0 COG=200000\npolicy p CMR:50% GAB:30% COG:20% tol=5%";
    let good = ["CMR>GAB=360000", "CMR>COG=40000"];
    let crossed = "wallets CMR=1000000 SEN=0\npolicy p CMR:50% SEN:50% tol=5% fx\nrate XAF/XOF=1.25\nrate XOF/XAF=0.8";
    let cases: [(&str, &str, &[&str], Option<Breach>); 16] = [
        (scene, "", &good, None),
        (scene, "", &["CMR>GAB=100"], None),
        (scene, "", &["CMR>GAB=360002"], Some(Breach::OutOfBalance)),
        (scene, "", &["CMR>GAB=360000", "CMR>COG=40002"], Some(Breach::OutOfBalance)),
        (scene, "", &["COG>GAB=100"], Some(Breach::OutOfBalance)),
        (scene, "", &["CMR>GAB=360000", "GAB>COG=100"], Some(Breach::OutOfBalance)),
        (scene, "wallets CMR=650000 GAB=350000 COG=300000", &["COG>GAB=100"], Some(Breach::NotTriggered)),
        (scene, "hold BEN>GAB=360001 planned", &["CMR>GAB=360000"], Some(Breach::OutOfBalance)),
        (scene, "hold GAB>BEN=1 planned ?", &good, None),
        (scene, "hold COG>BEN=1 sending", &good, Some(Breach::UnknownLevel)),
        (scene, "hold BEN>GAB=100 planned ?", &good, Some(Breach::Uncountable)),
        (scene, "reserve CMR=600001", &good, Some(Breach::FloorBroken)),
        (scene, "inflow GAB S+6s", &good, Some(Breach::Stale)),
        (crossed, "", &["CMR>SEN=500000"], None),
        (crossed, "", &["CMR>SEN=500002"], Some(Breach::OutOfBalance)),
        (crossed, "rate XOF/XAF=0.9", &["CMR>SEN=500000"], Some(Breach::OutOfBalance)),
    ];
    for (world, line, moves, breach) in cases {
        let scene = Scene::read(&format!("{world}\n{line}"));
        let mut plan = scene.plan();
        by_hand(&scene, &mut plan, moves);
        let name = format!("{line} {moves:?}");
        match breach {
            None => assert_eq!(second_opinion(&plan, &scene.inputs()), Ok(()), "{name}"),
            Some(breach) => assert_objected(&name, &scene, &plan, breach),
        }
    }
}

/// Puts these moves in the place of the only policy's own.
fn by_hand(scene: &Scene, plan: &mut Plan, moves: &[&str]) {
    let moves: Vec<(Lane, Amount)> = moves
        .iter()
        .map(|word| word.split_once('=').unwrap())
        .map(|(on, amount)| (lane(on), amount.parse().unwrap()))
        .collect();
    let entry = &mut plan.policies[0];
    entry.skipped = scene.set.policies[0]
        .lanes()
        .into_iter()
        .filter(|lane| moves.iter().all(|(moved, _)| moved != lane))
        .map(|lane| Skip {
            from: lane.from.country,
            to: lane.to.country.into(),
            reason: Reason::WithinTolerance,
            detail: String::new(),
            would_move_if: String::new(),
        })
        .collect();
    entry.transfers = moves
        .into_iter()
        .map(|(lane, amount)| {
            let rate = if lane.crosses_currencies() {
                scene.rates[&(lane.from.currency, lane.to.currency)]
            } else {
                Rate::ONE
            };
            PlannedTransfer {
                external_id: Some(ExternalId::derive(&IdParts {
                    identity: scene.identity.as_ref().unwrap(),
                    kind: Kind::Transfer,
                    source: lane.from.country.code(),
                    destination: lane.to.country.code(),
                    moment: Moment::Slot(slot("S")),
                    part: 1,
                })),
                kind: Kind::Transfer,
                from: lane.from.country,
                to: lane.to.country.into(),
                amount,
                currency: lane.from.currency,
                part: 1,
                parts: 1,
                expected_rate: Some(rate),
                expected_credit: None,
                credit_currency: lane.to.currency,
                needs_approval: false,
            }
        })
        .collect();
}
