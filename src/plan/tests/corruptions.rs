//! The second opinion catches what a wrong planner could do: a good plan, one corruption, the objection to it.

use super::scene::{Scene, instant, slot, wallet};
use crate::model::{ExternalId, Kind};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::{Breach, Plan, PlannedTransfer, Reason, Skip, second_opinion};
use crate::slot::Window;
use chrono::NaiveTime;

/// Two live policies: parts, limits, another currency, a lane that is skipped.
const GOOD: &str = "
    wallets GAB=25100000 COG=9000 CMR=500000 SEN=0
    rate XAF/XOF=1.0153
    reserve CMR=100000
    policy cemac prio=1 GAB:250000:100000 COG:10000:0 >CMR min=5000 round=1000 slot=30000000 day=40000000
    policy supply prio=2 fx CMR:200000:200000 >SEN
    used cemac XAF 2026-11-24 10000000
    cap XAF=30000000
    cap hour=10";

pub(super) type Corruption = fn(&mut Scene, &mut Plan);

fn first(plan: &mut Plan) -> &mut PlannedTransfer {
    &mut plan.policies[0].transfers[0]
}

fn last(plan: &mut Plan) -> &mut PlannedTransfer {
    &mut plan.policies[1].transfers[0]
}

/// A holiday in a country on the slot's day.
fn rest(scene: &mut Scene, country: Country) {
    for policy in &mut scene.set.policies {
        policy.closed.entry(country).or_default().insert("2026-11-24".parse().unwrap());
    }
}

/// A wrong amount, with the credit that belongs to it, so that the amount alone is wrong.
pub(super) fn set_amount(transfer: &mut PlannedTransfer, amount: &str) {
    transfer.amount = amount.parse().unwrap();
    transfer.expected_credit = transfer.amount.checked_mul(transfer.expected_rate.unwrap().decimal()).ok();
}

const CORRUPTIONS: [(&str, Breach, Corruption); 51] = [
    ("another instant", Breach::OtherInputs, |_, plan| plan.at = instant("S+6s")),
    ("another balance", Breach::OtherInputs, |_, plan| plan.balances[0].available = Amount::ZERO),
    ("a policy left out", Breach::OtherInputs, |_, plan| drop(plan.policies.pop())),
    ("an unknown policy", Breach::UnknownPolicy, |_, plan| plan.policies[0].policy = "nobody".to_owned()),
    ("a policy twice", Breach::PolicyTwice, |_, plan| plan.policies.push(plan.policies[1].clone())),
    ("a lane twice", Breach::LaneTwice, |_, plan| plan.policies.push(plan.policies[1].clone())),
    ("a disabled policy", Breach::Silenced, |scene, _| scene.set.policies[0].enabled = false),
    ("a shadow policy", Breach::Silenced, |scene, _| scene.set.policies[0].mode = crate::policy::Mode::Shadow),
    ("everything paused", Breach::Silenced, |scene, _| scene.standing.paused_all = true),
    ("the policy paused", Breach::Silenced, |scene, _| scene.add("pause supply")),
    ("no slot", Breach::WrongSlot, |_, plan| plan.policies[0].slot = None),
    ("yesterday's slot", Breach::WrongSlot, |_, plan| plan.policies[0].slot = Some(slot("S-1d"))),
    ("not due", Breach::WrongSlot, |_, plan| plan.policies[0].due = false),
    ("a slot past catch_up", Breach::TooOld, |scene, _| {
        scene.set.policies[0].catch_up = chrono::TimeDelta::seconds(4);
    }),
    ("after the cut-off", Breach::PastCutOff, |scene, _| {
        let policy = &mut scene.set.policies[0];
        let window = Window { not_after: NaiveTime::from_hms_opt(18, 0, 0), ..Window::default() };
        policy.schedule = policy.schedule.clone().with_window(window);
    }),
    ("a holiday of the source", Breach::LaneRests, |scene, _| rest(scene, Country::GAB)),
    ("a holiday of the destination", Breach::LaneRests, |scene, _| rest(scene, Country::SEN)),
    ("a slot the policy decided", Breach::AlreadyDecided, |scene, _| scene.add("decided cemac S")),
    ("a slot before the policy's last", Breach::AlreadyDecided, |scene, _| scene.add("decided cemac S+1d")),
    ("a slot the lane moved for", Breach::AlreadyDecided, |scene, _| scene.add("lane GAB>CMR S supply moved")),
    ("a slot a renamed policy decided", Breach::AlreadyDecided, |scene, _| scene.add("lane GAB>CMR S former kept")),
    ("a slot before the lane's last", Breach::AlreadyDecided, |scene, _| scene.add("lane GAB>CMR S+1d former kept")),
    ("a lane without an answer", Breach::Unaccounted, |_, plan| drop(plan.policies[0].skipped.pop())),
    ("a lane with two answers", Breach::Unaccounted, |_, plan| {
        let skip = plan.policies[0].skipped[0].clone();
        plan.policies[0].skipped.push(skip);
    }),
    ("a moving lane with a reason", Breach::Unaccounted, |_, plan| {
        plan.policies[0].skipped.push(Skip {
            from: Country::GAB,
            to: Country::CMR.into(),
            reason: Reason::Reserve,
            detail: String::new(),
            would_move_if: String::new(),
        });
    }),
    ("a lane of no policy", Breach::ForeignLane, |_, plan| last(plan).to = Country::BEN.into()),
    ("into itself", Breach::SameWallet, |_, plan| last(plan).to = Country::CMR.into()),
    ("a wrong source currency", Breach::WrongCurrency, |_, plan| first(plan).currency = Currency::XOF),
    ("a wrong credit currency", Breach::WrongCurrency, |_, plan| last(plan).credit_currency = Currency::KES),
    ("a held lane", Breach::LaneHeld, |scene, _| scene.add("hold GAB>CMR=1 unknown")),
    ("a source not read", Breach::NotRead, |scene, plan| {
        scene.snapshot.readings.remove(&wallet("GAB"));
        plan.balances.retain(|row| row.wallet != Country::GAB);
    }),
    ("an illegible destination", Breach::NotRead, |scene, _| scene.add("problem SEN balance is NaN")),
    ("a destination in another currency", Breach::NotRead, |scene, plan| {
        scene.snapshot.readings.remove(&wallet("SEN"));
        scene.add("wallets SEN/XAF=0");
        plan.balances = scene.snapshot.rows();
    }),
    ("a frozen source", Breach::Frozen, |scene, _| scene.add("frozen GAB=1 S-1h")),
    ("a stale reading", Breach::Stale, |scene, _| scene.add("outflow GAB=25100000 S-1d")),
    ("an old reading", Breach::Stale, |scene, _| scene.add("outflow GAB=1 S+6s")),
    ("over the largest transfer", Breach::OutOfBounds, |_, plan| set_amount(first(plan), "10000001")),
    ("under the smallest", Breach::OutOfBounds, |_, plan| set_amount(last(plan), "99")),
    ("over max_transfer", Breach::OutOfBounds, |scene, _| {
        scene.set.policies[0].limits.max_transfer.insert(Currency::XAF, Amount::whole(9_999_999));
    }),
    ("fractions of a franc", Breach::WrongUnits, |_, plan| set_amount(last(plan), "299999.5")),
    ("no multiple of round_down_to", Breach::WrongUnits, |_, plan| set_amount(first(plan), "9999500")),
    ("under min_transfer", Breach::UnderMinimum, |scene, _| {
        scene.set.policies[0].limits.min_transfer.insert(Currency::XAF, Amount::whole(25_000_001));
    }),
    ("a part missing", Breach::BrokenParts, |_, plan| drop(plan.policies[0].transfers.remove(1))),
    ("an id of another part", Breach::WrongId, |_, plan| {
        plan.policies[0].transfers[1].external_id = plan.policies[0].transfers[0].external_id.clone();
    }),
    ("an id out of thin air", Breach::WrongId, |_, plan| {
        first(plan).external_id = Some(ExternalId::from_text("TRD-X"));
    }),
    ("no id", Breach::WrongId, |_, plan| last(plan).external_id = None),
    ("a trigger not passed", Breach::NotTriggered, |scene, _| scene.add("hold CMR>GAB=300000 unknown")),
    ("a floor broken", Breach::FloorBroken, |scene, _| scene.add("reserve GAB=100001")),
    ("a rate not given", Breach::WrongRate, |_, plan| last(plan).expected_rate = Some(Rate::ONE)),
    ("a credit made up", Breach::WrongRate, |_, plan| last(plan).expected_credit = Some(Amount::whole(1))),
    ("a payout", Breach::UnknownMove, |_, plan| first(plan).kind = Kind::Payout),
];

/// Corruptions of limits, each by lowering it just under what the plan takes.
const LIMITS: [(&str, Breach, Corruption); 8] = [
    ("max_per_slot", Breach::OverSlotLimit, |scene, _| {
        scene.set.policies[0].limits.max_per_slot.insert(Currency::XAF, Amount::whole(24_999_999));
    }),
    ("max_per_slot, decided again", Breach::OverSlotLimit, |scene, _| {
        scene.add("decided cemac S open GAB>CMR");
    }),
    ("max_per_day", Breach::OverDayLimit, |scene, _| scene.add("used cemac XAF 2026-11-24 15000001")),
    ("the day's cap", Breach::OverDayCap, |scene, _| scene.add("capused XAF 2026-11-24 4700001")),
    ("the day's cap with what waits", Breach::OverDayCap, |scene, _| scene.add("hold BEN/XAF>SEN=4700001 planned")),
    ("the hour's cap", Breach::OverHourCap, |scene, _| scene.add("attempts 7 S")),
    ("fx not allowed", Breach::FxRefused, |scene, _| scene.set.policies[1].fx.allow = false),
    ("no rate", Breach::FxRefused, |scene, _| scene.rates.clear()),
];

#[test]
fn the_good_plan_passes() {
    let scene = Scene::read(GOOD);
    let plan = scene.plan();
    let shown = super::scene::shown(&plan);
    assert_eq!(
        shown,
        ["cemac due: GAB>CMR 10000000+10000000+5000000; COG>CMR below_trigger", "supply due: CMR>SEN 300000"]
    );
    scene.assert_sound(&plan);
}

#[test]
fn every_corruption_is_caught() {
    for (name, breach, corrupt) in CORRUPTIONS.into_iter().chain(LIMITS) {
        let mut scene = Scene::read(GOOD);
        let mut plan = scene.plan();
        corrupt(&mut scene, &mut plan);
        let objections = second_opinion(&plan, &scene.inputs()).unwrap_err();
        assert!(objections.iter().any(|objection| objection.breach == breach), "{name}: {objections:?}");
    }
}

#[test]
fn money_on_its_way_in_or_taken_by_another_policy_is_not_there() {
    // By hand: CMR sends on what it only gets in this plan.
    let scene = Scene::read(
        "wallets GAB=9000 CMR=0
         policy a prio=1 GAB:0:0 >CMR
         policy b prio=2 CMR:0:0 >COG",
    );
    let mut plan = scene.plan();
    let other = Scene::read("wallets CMR=9000\npolicy b CMR:0:0 >COG").plan();
    plan.policies[1] = other.policies[0].clone();
    let breaches: Vec<Breach> =
        second_opinion(&plan, &scene.inputs()).unwrap_err().iter().map(|objection| objection.breach).collect();
    assert_eq!(breaches, [Breach::NotTriggered, Breach::FloorBroken]);
}

#[test]
fn an_objection_names_policy_lane_and_rule() {
    let mut scene = Scene::read(GOOD);
    let plan = scene.plan();
    scene.standing.paused_all = true;
    let objections = second_opinion(&plan, &scene.inputs()).unwrap_err();
    assert_eq!(
        objections[0].to_string(),
        "policy `cemac`: the policy must not send: it is disabled, paused or in shadow mode"
    );
    scene.add("hold CMR>SEN=1 unknown");
    let last = second_opinion(&plan, &scene.inputs()).unwrap_err().pop().unwrap();
    assert_eq!((last.policy.as_str(), last.lane.map(|lane| lane.to_string()).as_deref()), ("supply", Some("CMR>SEN")));
}
