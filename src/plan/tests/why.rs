//! Why a lane moves or does not: whatever is said to make it move is done, and it moves as said.

use super::generated;
use super::scene::Scene;
use crate::model::{Reading, Timestamp, WalletId};
use crate::money::Amount;
use crate::plan::why::{Answer, Decisions, LaneAnswer, Subject, why};
use crate::plan::{Plan, PlannedTransfer};
use crate::policy::{FxReference, Mode};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

fn ask(scene: &Scene, subject: &str) -> Answer {
    why(&scene.inputs(), Subject::read(subject).unwrap(), &Decisions::new())
}

/// Does what the JSON of a change says, without the code that found it.
fn carry_out(scene: &mut Scene, policy: &str, change: &Value) {
    let texts = |key: &str| change[key].as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned());
    let pairs =
        |key: &str| change[key].as_object().into_iter().flatten().map(|(key, it)| (key.clone(), it.as_str().unwrap()));
    if let Some(at) = change["at"].as_str() {
        let at: Timestamp = at.parse().unwrap();
        (scene.now, scene.clock) = (at, scene.clock.max(at));
        scene.snapshot.taken_at = scene.snapshot.taken_at.max(at);
    }
    for (country, amount) in pairs("balances") {
        let country = country.parse().unwrap();
        let reading = Reading { available: amount.parse().unwrap(), balance: None };
        scene.snapshot.readings.insert(WalletId::of(country).unwrap(), reading);
        scene.snapshot.problems.retain(|problem| problem.country != Some(country));
    }
    for (pair, rate) in pairs("rates") {
        scene.add(&format!("rate {pair}={rate}"));
    }
    for what in texts("resume") {
        scene.standing.paused_all &= what != "everything";
        scene.standing.paused.remove(&what);
    }
    for country in texts("release") {
        scene.standing.frozen.retain(|wallet, _| wallet.country.code() != country);
    }
    for id in texts("settled") {
        scene.standing.holds.retain(|_, hold| hold.external_id.as_str() != id);
    }
    let policy = scene.set.policies.iter_mut().find(|it| it.name == policy).unwrap();
    let set = &change["set"];
    policy.enabled |= set["enabled"].as_bool().unwrap_or_default();
    policy.fx.allow |= set["fx_allow"].as_bool().unwrap_or_default();
    policy.priority = set["priority"].as_i64().unwrap_or(policy.priority);
    if let Some(reference) = set["reference"].as_object() {
        let rate = |(pair, rate): (&String, &Value)| {
            let (from, to) = pair.split_once('/').unwrap();
            ((from.parse().unwrap(), to.parse().unwrap()), rate.as_str().unwrap().parse().unwrap())
        };
        policy.fx.reference = Some(FxReference::Fixed(reference.iter().map(rate).collect()));
    }
    match set["mode"].as_str() {
        None => {}
        Some("live") => policy.mode = Mode::Live,
        Some(other) => panic!("{other}"),
    }
    scene.set.policies.sort_by(|left, right| (left.priority, &left.name).cmp(&(right.priority, &right.name)));
}

fn moved(plan: &Plan, lane: &LaneAnswer) -> Amount {
    let entry = plan.policies.iter().find(|entry| entry.policy == lane.policy).unwrap();
    let of_lane = |it: &&PlannedTransfer| (it.from, it.to) == (lane.from, lane.to);
    let amounts = entry.transfers.iter().filter(of_lane).map(|it| it.amount);
    amounts.fold(Amount::ZERO, |sum, amount| sum.checked_add(amount).unwrap())
}

/// Each lane either moves, or is said to move by a change and does so when it is made, or has something in its way.
/// How many lanes there are of the second kind, and of the third.
#[track_caller]
fn check_all(text: &str, subject: &str) -> (usize, usize) {
    let scene = Scene::read(text);
    let plan = scene.plan();
    let answer = ask(&scene, subject);
    // As `why --json` and back.
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(serde_json::from_value::<Answer>(json.clone()).unwrap(), answer);
    let (mut could, mut cannot) = (0, 0);
    for (lane, json) in answer.lanes.iter().zip(json["lanes"].as_array().unwrap()) {
        let now = moved(&plan, lane);
        match (&lane.counterfactual, &lane.in_the_way) {
            (None, None) => assert!(now.is_positive(), "{lane:?}"),
            (Some(found), None) => {
                assert_eq!(now, Amount::ZERO, "{lane:?}");
                let mut changed = Scene::read(text);
                carry_out(&mut changed, &lane.policy, &json["counterfactual"]["change"]);
                let plan = changed.plan();
                changed.assert_sound(&plan);
                assert!(found.moves.amount.is_positive());
                assert_eq!(moved(&plan, lane), found.moves.amount, "{}\n{text}", found.sentence);
                could += 1;
            }
            (None, Some(what)) => {
                assert!(now == Amount::ZERO && what.len() > 10, "{lane:?}");
                cannot += 1;
            }
            (Some(_), Some(_)) => panic!("{lane:?}"),
        }
    }
    (could, cannot)
}

/// A random world, with a top-up and a rebalance in it.
fn world() -> impl Strategy<Value = (String, &'static str)> {
    let more = "policy t ^CIV:200000:500000 GAB:1000 SEN:0 prio=9 fx\npolicy r GAB:40% CMR:35% COG:25% tol=5% prio=9";
    let subject = prop::sample::select(vec!["GAB", "COG>GAB", "SEN>GAB", "KEN>GAB", "CIV", "CMR"]);
    (generated::scene(), subject).prop_map(move |(scene, subject)| (format!("{scene}\n{more}"), subject))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_stated_change_makes_it_move((text, subject) in world()) {
        check_all(&text, subject);
    }
}

#[test]
fn most_lanes_of_random_worlds_can_be_made_to_move() {
    let mut runner = TestRunner::deterministic();
    let (mut could, mut cannot) = (0, 0);
    for _ in 0..20 {
        let (text, subject) = world().new_tree(&mut runner).unwrap().current();
        let found = check_all(&text, subject);
        (could, cannot) = (could + found.0, cannot + found.1);
    }
    assert!(could > 30 && cannot > 0, "{could} could move, {cannot} could not");
}

/// The sentence for the one lane asked about.
#[track_caller]
fn check(text: &str, subject: &str, expected: &str) {
    check_all(text, subject);
    let answer = ask(&Scene::read(text), subject);
    let [lane] = answer.lanes.as_slice() else { panic!("{answer:?}") };
    let said = lane.counterfactual.as_ref().map(|it| it.sentence.as_str()).or(lane.in_the_way.as_deref());
    assert_eq!(said, Some(expected));
}

const SWEEP: &str = "policy p GAB:250000:100000 >CMR";

#[test]
fn what_would_change_it_is_said_as_a_treasurer_says_it() {
    let wallets = "wallets GAB=220000 CMR=0";
    let full = "wallets GAB=370000 CMR=0";
    for (lines, expected) in [
        (format!("{SWEEP}\n{wallets}"), "moves 150 001 XAF now if GAB holds 250 001 XAF (30 001 XAF more than now)"),
        (
            format!("{SWEEP}\n{full}\ndecided p S"),
            "moves 270 000 XAF on Wednesday 25 November 18:00 (Africa/Douala) if GAB still holds its 370 000 XAF \
             (it must be over 250 000 XAF)",
        ),
        (
            format!("{SWEEP}\n{wallets}\ndecided p S"),
            "moves 150 001 XAF on Wednesday 25 November 18:00 (Africa/Douala) if GAB holds 250 001 XAF \
             (30 001 XAF more than now)",
        ),
        (
            format!("{SWEEP} off\n{full}\npause"),
            "moves 270 000 XAF now if `enabled: true` is set and the pause of everything is ended (`treasuryd resume`)",
        ),
        (
            format!("{SWEEP}\n{full}\nfrozen GAB=5 S-1h"),
            "moves 270 000 XAF now if somebody who may (`treasuryd status` says who) looks into GAB and releases it \
             (`treasuryd release GAB --by NAME --note TEXT`)",
        ),
        (format!("{SWEEP} shadow\n{full}"), "moves 270 000 XAF now if `mode: live` is set"),
        (format!("{SWEEP}\n{full}\npause p"), "moves 270 000 XAF now if its pause is ended (`treasuryd resume p`)"),
        (
            format!("{SWEEP} day=270000\n{full}\nused p XAF 2026-11-24 270000"),
            "moves 270 000 XAF on Wednesday 25 November 18:00 (Africa/Douala) if GAB still holds its 370 000 XAF \
             (it must be over 250 000 XAF)",
        ),
        (format!("{SWEEP}\nwallets CMR=0"), "moves 150 001 XAF now if KPay shows GAB with 250 001 XAF"),
        (
            format!("{SWEEP}\n{full}\nhold GAB>CMR=100 unknown"),
            "moves 270 000 XAF now if TRD-HOLD-0 is settled by then",
        ),
    ] {
        check(&lines, "GAB>CMR", expected);
    }
}

#[test]
fn other_rules_and_what_nothing_can_move() {
    let top_up = "policy p ^SEN:200000:500000 CMR:1000 fx";
    let rates = "rate XAF/XOF=1\nrate XOF/XAF=1";
    check(
        &format!("{top_up}\nwallets SEN=200000 CMR=900000\n{rates}"),
        "CMR>SEN",
        "moves 300 001 XAF now if SEN holds 199 999 XOF (1 XOF less than now)",
    );
    check(
        &format!("{top_up}\nwallets SEN=100 CMR=1000\n{rates}"),
        "CMR>SEN",
        "moves 100 XAF now if CMR holds 1 100 XAF (100 XAF more than now)",
    );
    check(
        &format!("{top_up} spread=1%\nwallets SEN=100 CMR=901000\nrate XAF/XOF=1.05"),
        "CMR>SEN",
        "moves 499 900 XAF now if KPay's XAF/XOF rate is 1",
    );
    check(
        "policy p ^SEN:200000:500000 CMR:1000\nwallets SEN=100 CMR=901000",
        "CMR>SEN",
        "moves 499 900 XAF now if `fx: { allow: true }` is set and KPay's XAF/XOF rate is 1",
    );
    check(
        "policy p CMR:50% GAB:50% tol=5%\nwallets CMR=100000 GAB=100000",
        "CMR>GAB",
        "moves 11 111 XAF now if CMR holds 122 223 XAF (22 223 XAF more than now)",
    );
    check(
        "policy p GAB:0:0 >CMR round=0.5\nwallets GAB=5000 CMR=0",
        "GAB>CMR",
        "KPay does not send multiples of the 0.5 XAF of `round_down_to`",
    );
}

/// Two things at once, or something of another wallet or policy, or a day further off than the next few slots.
#[test]
fn what_takes_more_than_one_change() {
    let top_up = "policy p ^SEN:200000:500000 CIV:0 CMR:1000 fx";
    let rates = "rate XAF/XOF=1\nrate XOF/XAF=1";
    check(
        &format!("{top_up}\nwallets SEN=200000 CIV=0 CMR=0\n{rates}"),
        "CIV>SEN",
        "moves 100 XOF now if CIV holds 100 XOF (100 XOF more than now) and SEN holds 199 999 XOF (1 XOF less than now)",
    );
    check(
        &format!("{top_up}\nwallets SEN=100000 CIV=900000 CMR=500000\n{rates}"),
        "CMR>SEN",
        "moves 100 XAF now if CIV holds 399 900 XOF (500 100 XOF less than now)",
    );
    check(
        &format!("{top_up}\nwallets SEN=200000 CIV=900000 CMR=500000\n{rates}"),
        "CMR>SEN",
        "moves 100 XAF now if CIV holds 299 901 XOF (600 099 XOF less than now) and SEN holds 199 999 XOF (1 XOF less than now)",
    );
    check(
        "wallets KEN=330000 CMR=0\npolicy p KEN:100:100 >CMR fx spread=1%\nrate KES/XAF=4.3",
        "KEN>CMR",
        "moves 329 900 KES now if `fx: { reference: { KES/XAF: 4.3 } }` is set",
    );
    check(
        &format!("{SWEEP} cron=*/15_*_*_*_*\nwallets GAB=370000 CMR=0\nreserve GAB=900000 during 24..2"),
        "GAB>CMR",
        "moves 270 000 XAF on Thursday 3 December 00:00 (Africa/Douala) if GAB still holds its 370 000 XAF (it must be over \
         250 000 XAF)",
    );
    let first = format!("{SWEEP}\npolicy q GAB:1000:1000 >CMR prio=200\nwallets GAB=370000 CMR=0");
    let answer = ask(&Scene::read(&first), "GAB>CMR");
    check_all(&first, "GAB>CMR");
    let said: Vec<_> = answer.lanes.iter().filter_map(|it| it.counterfactual.as_ref()).collect();
    let [it] = said.as_slice() else { panic!("{answer:?}") };
    assert_eq!(it.sentence, "moves 369 000 XAF now if `priority: 99` is set");
}

/// A payout that does not move, by every reason, and what would change it. Where the operator is closed nothing of ours does.
#[test]
fn payouts() {
    let lane = "CMR>MTN_MOMO_CMR:237653456789";
    let pays = |words: &str, lines: &str, expected: &str| {
        check(&format!("policy pay CMR:1000000:500000 >MTN_MOMO_CMR@237653456789 {words}\n{lines}"), lane, expected);
    };
    let full = |words: &str, line: &str, expected: &str| pays(words, &format!("wallets CMR=1300000\n{line}"), expected);
    let tomorrow = "on Wednesday 25 November 18:00 (Africa/Douala) if CMR still holds its 1 300 000 XAF (it must be over \
                    1 000 000 XAF)";
    pays("", "wallets CMR=900000", "moves 500 000 XAF now if CMR holds 1 000 001 XAF (100 001 XAF more than now)");
    pays("", "problem CMR no answer", "moves 500 000 XAF now if KPay shows CMR with 1 000 001 XAF");
    full("", "reserve CMR=1300000", "moves 100 XAF now if CMR holds 1 300 100 XAF (100 XAF more than now)");
    full("off", "", "moves 800 000 XAF now if `enabled: true` is set");
    full("shadow", "", "moves 800 000 XAF now if `mode: live` is set");
    full("", "pause pay", "moves 800 000 XAF now if its pause is ended (`treasuryd resume pay`)");
    full("", "pause", "moves 800 000 XAF now if the pause of everything is ended (`treasuryd resume`)");
    for state in ["sending", "awaiting_approval"] {
        let open = format!("hold {lane}=100000 {state}");
        full("", &open, "moves 800 000 XAF now if TRD-HOLD-0 is settled by then");
    }
    full("day=600000", "used pay XAF 2026-11-24 600000", &format!("moves 600 000 XAF {tomorrow}"));
    full("", "decided pay S", &format!("moves 800 000 XAF {tomorrow}"));
    full("", "operator MTN_MOMO_CMR CLOSED", "KPay says that MTN_MOMO_CMR takes no payouts now (CLOSED)");
    let unread = "whether MTN_MOMO_CMR takes payouts could not be read: no answer within 10 s";
    full("", "unread no answer within 10 s", unread);
}

#[test]
fn a_subject_is_a_wallet_or_a_lane() {
    for (text, found) in
        [("GAB", true), ("GAB>CMR", true), ("GAB > CMR", true), ("gab", false), (">", false), ("", false)]
    {
        assert_eq!(Subject::read(text).is_some(), found, "{text}");
    }
    let scene = Scene::read("policy p GAB:0:0 COG:0:0 >CMR\npolicy q CMR:0:0 >GAB\nwallets GAB=5 COG=5 CMR=5");
    let lanes = |subject| ask(&scene, subject).lanes.len();
    assert_eq!((lanes("GAB"), lanes("COG"), lanes("CMR"), lanes("CMR>GAB")), (2, 1, 3, 1));
}
