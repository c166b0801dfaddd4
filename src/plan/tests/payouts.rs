//! Payouts: trigger, floor, parts of at most 500,000, the operator's state, and what the second opinion says of wrong ones.

use super::check;
use super::corruptions::{Corruption, set_amount};
use super::scene::Scene;
use crate::model::{Kind, OperatorStatus};
use crate::plan::{Breach, second_opinion};

const PAYS: &str = "policy pay CMR:1000000:500000 >MTN_MOMO_CMR@237653456789";

/// What the policy pays out of a wallet, with more words of its own and more lines of the scene.
#[track_caller]
fn pays(balance: &str, words: &str, lines: &str, expected: &str) {
    let expected = expected.replace('@', "CMR>MTN_MOMO_CMR:237653456789");
    check(&format!("wallets CMR={balance}\n{PAYS} {words}\n{lines}"), &format!("pay {expected}"));
}

#[test]
fn what_is_over_the_floor_is_paid_out_in_parts() {
    pays("1000000", "", "", "due: @ below_trigger");
    pays("1000000.5", "", "", "due: @ 500000");
    // Too little for a part of its own: it stays.
    pays("1000001", "", "", "due: @ 500000");
    pays("1499999", "", "", "due: @ 500000+499999");
    pays("1500050", "", "", "due: @ 500000+500000");
    pays("60000000", "", "", "due: @ 99x500000; @ limit_reached");
    pays("1300000", "", "reserve CMR=700000", "due: @ 500000+100000");
    pays("1300000", "", "reserve CMR=1300000", "due: @ reserve");
    pays("1300000", "max=300000", "", "due: @ 300000+300000+200000");
    pays("1300000", "max=9000000", "", "due: @ 500000+300000");
    pays("1300000", "slot=600000", "", "due: @ 500000+100000");
    pays("1300000", "day=600000", "used pay XAF 2026-11-24 550000", "due: @ 50000");
    pays("1300000", "round=1000 min=900000", "", "due: @ below_minimum");
    pays("1300000", "", "cap XAF=600000", "due: @ 500000+100000");
    pays("1300000", "", "cap hour=1", "due: @ 500000; @ limit_reached");
    pays("1300000", "canary=10%", "", "due: @ 80000");
    pays("1300000", "shadow", "", "due: @ shadow");
    pays("1300000", "off", "", "due: @ disabled");
    pays("1300000", "", "pause pay", "due: @ paused");
}

/// KPay takes 100 to 500,000 in one withdrawal; what is left over for a last part of less stays.
#[test]
fn parts_at_kpays_bounds() {
    let over = |surplus: u64, expected: &str| {
        let scene = format!("wallets CMR={}\npolicy pay CMR:1:1 >MTN_MOMO_CMR@237653456789", surplus + 1);
        check(&scene, &format!("pay due: CMR>MTN_MOMO_CMR:237653456789 {expected}"));
    };
    over(99, "below_minimum");
    over(100, "100");
    over(500_000, "500000");
    over(500_001, "500000");
    over(500_099, "500000");
    over(500_100, "500000+100");
    over(1_000_000, "500000+500000");
}

#[test]
fn open_payouts_hold_their_lane_and_their_funds() {
    let to = "CMR>MTN_MOMO_CMR:237653456789";
    pays("1300000", "", &format!("hold {to}=100000 sending"), "due: @ lane_open");
    pays("1300000", "", &format!("hold {to}=100000 awaiting_approval"), "due: @ awaiting_approval");
    let other = "hold CMR>ORANGE_CMR:237690000000=300000 sending";
    pays("1300000", "", other, "due: @ below_trigger");
    pays("1600000", "", other, "due: @ 500000+300000");
    pays("1300000", "", &format!("lane {to} S former moved"), "idle: @ already_done");
}

#[test]
fn an_operator_that_takes_none_leaves_the_slot_open() {
    pays("1300000", "", "operator MTN_MOMO_CMR CLOSED", "due: @ provider_down");
    pays("1300000", "", "operator MTN_MOMO_CMR DELAYED", "due: @ 500000+300000");
    pays("1300000", "", "operator MTN_MOMO_CMR OPERATIONAL", "due: @ 500000+300000");
    pays("1300000", "", "operator ORANGE_CMR CLOSED", "due: @ 500000+300000");
    pays("1300000", "", "unread no answer within 10 s", "due: @ provider_down");
    // What does not move anyway needs no operator.
    pays("300000", "", "operator MTN_MOMO_CMR CLOSED", "due: @ below_trigger");
    let wave = "wallets SEN=900000\npolicy pay SEN:500000:500000 >WAVE_SEN@221700000000";
    check(wave, "pay due: SEN>WAVE_SEN:221700000000 provider_down");
    check(&format!("{wave}\noperator WAVE_SEN DELAYED"), "pay due: SEN>WAVE_SEN:221700000000 400000");
    assert!(crate::model::Reason::ProviderDown.leaves_slot_open());
}

#[test]
fn payouts_may_cross_currencies_within_the_guard() {
    let crossing = |words: &str, lines: &str, expected: &str| {
        let scene =
            format!("wallets CMR=900000\npolicy pay CMR:500000:500000 >ORANGE_SEN@221771234567 {words}\n{lines}");
        check(&scene, &format!("pay due: CMR>ORANGE_SEN:221771234567 {expected}"));
    };
    crossing("fx", "rate XAF/XOF=1.0153", "400000");
    crossing("fx", "", "fx_rate_missing");
    crossing("", "rate XAF/XOF=1.0153", "fx_not_allowed");
    crossing("fx spread=1%", "rate XAF/XOF=1.0153", "fx_spread");
    crossing("fx spread=2%", "rate XAF/XOF=1.0153", "400000");
}

#[test]
fn policies_share_a_wallet_and_not_a_lane() {
    let two = |second: &str| format!("wallets CMR=1300000\n{PAYS} prio=1\npolicy two prio=2 {second}");
    check(
        &two("CMR:100000:100000 >MTN_MOMO_CMR@237653456789"),
        "pay due: CMR>MTN_MOMO_CMR:237653456789 500000+300000\ntwo due: CMR>MTN_MOMO_CMR:237653456789 lane_taken",
    );
    check(
        &two("CMR:100000:100000 >ORANGE_CMR@237690000000"),
        "pay due: CMR>MTN_MOMO_CMR:237653456789 500000+300000\ntwo due: CMR>ORANGE_CMR:237690000000 400000",
    );
    check(
        "wallets GAB=800000 CMR=600000\npolicy in prio=1 GAB:100000:100000 >CMR\npolicy pay prio=2 CMR:700000:700000 \
         >MTN_MOMO_CMR@237653456789",
        "in due: GAB>CMR 700000\npay due: CMR>MTN_MOMO_CMR:237653456789 below_trigger",
    );
}

#[test]
fn the_credit_is_less_kpays_fee_and_all_parts_wait_together() {
    let scene = Scene::read(&format!("wallets CMR=1300000\n{PAYS} approve=600000"));
    let transfers = scene.plan().policies.remove(0).transfers;
    let told: Vec<_> = transfers.iter().map(|it| (it.kind, it.expected_credit.unwrap().to_string())).collect();
    assert_eq!(told, [(Kind::Payout, "475000".to_owned()), (Kind::Payout, "285000".to_owned())]);
    assert!(transfers.iter().all(|it| it.needs_approval));
    let id = transfers[0].external_id.as_ref().unwrap().as_str();
    assert!(id.starts_with("TRD-261124170000-CMRPAY-01-"), "{id}");
    let crossed = "wallets CMR=900000\nrate XAF/XOF=1.0153\npolicy pay fx CMR:500000:500000 >ORANGE_SEN@221771234567";
    let credit = Scene::read(crossed).plan().policies[0].transfers[0].expected_credit;
    assert_eq!(credit.unwrap().to_string(), "385814");
}

const CORRUPTIONS: [(&str, Breach, Corruption); 13] = [
    ("over KPay's largest", Breach::OutOfBounds, |_, plan| set_amount(&mut plan.policies[0].transfers[0], "500001")),
    ("under KPay's smallest", Breach::OutOfBounds, |_, plan| set_amount(&mut plan.policies[0].transfers[1], "99")),
    ("cents", Breach::WrongUnits, |_, plan| set_amount(&mut plan.policies[0].transfers[1], "299999.5")),
    ("a credit without the fee", Breach::WrongRate, |_, plan| {
        let transfer = &mut plan.policies[0].transfers[0];
        transfer.expected_credit = Some(transfer.amount);
    }),
    ("a transfer", Breach::UnknownMove, |_, plan| plan.policies[0].transfers[0].kind = Kind::Transfer),
    ("a trigger that is not passed", Breach::NotTriggered, |scene, _| source(scene).above = "1300000".parse().unwrap()),
    ("more than is over `keep`", Breach::FloorBroken, |scene, _| source(scene).keep = "500001".parse().unwrap()),
    ("more than is over the reserve", Breach::FloorBroken, |scene, _| scene.add("reserve CMR=500001")),
    ("a closed operator", Breach::OperatorDown, |scene, _| scene.add("operator MTN_MOMO_CMR CLOSED")),
    ("operators unread", Breach::OperatorDown, |scene, _| scene.add("unread no answer")),
    ("somebody else's number", Breach::ForeignLane, |scene, _| {
        let crate::policy::Rule::Payout(payout) = &mut scene.set.policies[0].rule else { return };
        payout.to = "MTN_MOMO_CMR:237653456780".parse().unwrap();
    }),
    ("a held lane", Breach::LaneHeld, |scene, _| scene.add("hold CMR>MTN_MOMO_CMR:237653456789=100 sending")),
    ("an amount that must wait", Breach::WrongApproval, |_, plan| {
        plan.policies[0].transfers[0].needs_approval = true;
    }),
];

fn source(scene: &mut Scene) -> &mut crate::policy::Source {
    match &mut scene.set.policies[0].rule {
        crate::policy::Rule::Payout(payout) => &mut payout.source,
        other => unreachable!("the policy pays out: {other:?}"),
    }
}

#[test]
fn every_corruption_of_a_payout_is_objected_to() {
    for (name, breach, corrupt) in CORRUPTIONS {
        let mut scene = Scene::read(&format!("wallets CMR=1300000\n{PAYS}"));
        let mut plan = scene.plan();
        assert_eq!(second_opinion(&plan, &scene.inputs()), Ok(()));
        corrupt(&mut scene, &mut plan);
        let objections = second_opinion(&plan, &scene.inputs()).err().unwrap_or_default();
        assert!(objections.iter().any(|objection| objection.breach == breach), "{name}: {objections:?}");
    }
}

#[test]
fn a_wave_payout_is_objected_to_where_kpay_does_not_list_it() {
    let mut scene = Scene::read(
        "wallets SEN=900000\noperator WAVE_SEN OPERATIONAL\npolicy pay SEN:500000:500000 >WAVE_SEN@221700000000",
    );
    let plan = scene.plan();
    assert_eq!(second_opinion(&plan, &scene.inputs()), Ok(()));
    for status in [None, Some(OperatorStatus::Closed)] {
        scene.availability.payouts = status.map(|status| ("WAVE_SEN".parse().unwrap(), status)).into_iter().collect();
        let objections = second_opinion(&plan, &scene.inputs()).unwrap_err();
        assert!(objections.iter().all(|it| it.breach == Breach::OperatorDown), "{objections:?}");
    }
}
