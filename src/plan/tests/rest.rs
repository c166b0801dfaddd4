//! Runs one after another with nothing coming from outside: they come to rest, and no policy sends money back over the
//! way it came.

use super::scene::{Scene, instant, wallet};
use crate::model::{Lane, Reading, WalletId};
use crate::money::Amount;
use crate::plan::Plan;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A day's plan, carried out at the indicative rates; the next day begins.
fn run(scene: &mut Scene, day: usize) -> Plan {
    let at = instant(&format!("S+{day}d"));
    (scene.now, scene.clock, scene.snapshot.taken_at) = (at, at, at);
    let plan = scene.plan();
    scene.assert_sound(&plan);
    for transfer in plan.policies.iter().flat_map(|policy| &policy.transfers) {
        let lane = transfer.lane();
        add(scene, lane.from, Amount::ZERO.checked_sub(transfer.amount).unwrap());
        add(scene, lane.to.wallet().unwrap(), transfer.expected_credit.unwrap());
    }
    plan
}

fn add(scene: &mut Scene, wallet: WalletId, amount: Amount) {
    let before = scene.snapshot.readings.get(&wallet).map_or(Amount::ZERO, |reading| reading.available);
    let available = before.checked_add(amount).unwrap();
    scene.snapshot.readings.insert(wallet, Reading { available, balance: None });
}

fn rule() -> impl Strategy<Value = String> {
    let wallets = prop::sample::subsequence(&["CMR", "GAB", "SEN", "CIV"][..], 2..=4).prop_shuffle();
    (wallets, 0_u64..400_000, 0_u64..400_000, 0_u8..3).prop_map(|(wallets, one, other, kind)| {
        let (first, rest) = (wallets[0], &wallets[1..]);
        let (low, high) = (one.min(other), one.max(other));
        let each = |figures: String| rest.iter().map(|it| format!("{it}:{figures}")).collect::<Vec<_>>().join(" ");
        match kind {
            0 => format!("{} >{first}", each(format!("{high}:{low}"))),
            1 => format!("^{first}:{low}:{high} {}", each("1000".to_owned())),
            _ => format!("{} >{first} share=50%", each(format!("{high}:{low}"))),
        }
    })
}

fn world() -> impl Strategy<Value = String> {
    (prop::array::uniform4(0_u64..1_000_000), 9_000_u64..11_000).prop_map(|([cmr, gab, sen, civ], rate)| {
        let rate = format!("{}.{:04}", rate / 10_000, rate % 10_000);
        format!("wallets CMR={cmr} GAB={gab} SEN={sen} CIV={civ}\nrate XAF/XOF={rate}\nrate XOF/XAF={rate}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// One policy that moves all it wants has nothing left to do the next day.
    #[test]
    fn a_policy_alone_comes_to_rest(world in world(), rule in rule()) {
        prop_assume!(!rule.contains("share"));
        let mut scene = Scene::read(&format!("{world}\npolicy p fx {rule}"));
        run(&mut scene, 0);
        let again = run(&mut scene, 1);
        prop_assert!(again.policies[0].transfers.is_empty(), "{again:?}");
    }

    /// Whatever several policies do to each other's wallets: none sends over a lane and over its way back.
    #[test]
    fn no_policy_sends_money_back_the_way_it_came(
        world in world(), rules in prop::collection::vec(rule(), 2..4),
    ) {
        let lines: Vec<String> = rules.iter().enumerate().map(|(at, rule)| format!("policy p{at} fx {rule}")).collect();
        let mut scene = Scene::read(&format!("{world}\n{}", lines.join("\n")));
        let mut used: BTreeSet<(String, Lane)> = BTreeSet::new();
        for day in 0..6 {
            for entry in run(&mut scene, day).policies {
                for transfer in &entry.transfers {
                    let Lane { from, to } = transfer.lane();
                    let way_back = (entry.policy.clone(), Lane::between(to.wallet().unwrap(), from));
                    prop_assert!(!used.contains(&way_back), "{}", entry.policy);
                    used.insert((entry.policy.clone(), Lane::between(from, to.wallet().unwrap())));
                }
            }
        }
    }
}

/// A top-up and a sweep whose levels leave room between them do not pass money to and fro.
#[test]
fn a_band_between_two_policies_keeps_them_quiet() {
    let mut scene = Scene::read(
        "wallets CMR=2000000 SEN=0
         rate XAF/XOF=1
         rate XOF/XAF=1
         policy fill prio=1 fx ^SEN:200000:500000 CMR:100000
         policy clear prio=2 fx SEN:600000:500000 >CMR",
    );
    let moved: Vec<usize> =
        (0..5).map(|day| run(&mut scene, day).policies.iter().map(|it| it.transfers.len()).sum()).collect();
    assert_eq!(moved, [1, 0, 0, 0, 0]);
    assert_eq!(scene.snapshot.available(wallet("SEN")), Some(Amount::whole(500_000)));
}
