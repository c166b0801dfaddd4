//! Rebalancing: when it moves, what it moves, and that it comes to rest.

use super::scene::{Scene, shown, wallet};
use crate::model::{Lane, Reading, WalletId};
use crate::money::{Amount, Currency, Rate};
use crate::plan::{LaneDecision, Reason, lane_amounts};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

fn scene(words: &str, lines: &str) -> Scene {
    Scene::read(&format!("policy p {words}\n{lines}"))
}

/// The lanes that move and, of the others, those whose reason is not the plain one: `GAB>CMR 500; COG>CMR source_short`.
#[track_caller]
fn check(words: &str, lines: &str, expected: &str) {
    let scene = scene(words, lines);
    let plan = scene.plan();
    scene.assert_sound(&plan);
    let line = shown(&plan).remove(0);
    let told = line.strip_prefix("p due: ").unwrap().split("; ").filter(|item| !item.ends_with("within_tolerance"));
    assert_eq!(told.collect::<Vec<_>>().join("; "), expected);
}

const THREE: &str = "CMR:50% GAB:30% COG:20% tol=5%";

#[test]
fn it_moves_when_a_share_is_off_by_more_than_the_tolerance() {
    check(THREE, "wallets CMR=500000 GAB=300000 COG=200000", "");
    // Exactly five points off, and a franc more.
    check(THREE, "wallets CMR=550000 GAB=250000 COG=200000", "");
    check(THREE, "wallets CMR=550001 GAB=249999 COG=200000", "CMR>GAB 50001");
    check(THREE, "wallets CMR=200000 GAB=500000 COG=300000", "GAB>CMR 200000; COG>CMR 100000");
    check("CMR:100% GAB:0% tol=0%", "wallets CMR=5 GAB=7000", "GAB>CMR 7000");
    // Two pairs that balance each other: two transfers, not three.
    check(
        "CMR:25% GAB:25% COG:25% SEN:25% tol=1% fx",
        "wallets CMR=350000 GAB=310000 COG=190000 SEN=150000
         rate XAF/XOF=1\nrate XOF/XAF=1",
        "CMR>SEN 100000; GAB>COG 60000",
    );
    // Nothing, or less than nothing, cannot be shared out.
    check(THREE, "wallets CMR=0 GAB=0 COG=0", "");
    check(THREE, "wallets CMR=-900 GAB=400 COG=400", "");
}

#[test]
fn money_under_way_counts_for_the_shares_and_is_not_spent() {
    // 200 000 on its way into CMR: everything is in place.
    check(THREE, "wallets CMR=300000 GAB=500000 COG=200000\nhold GAB>CMR=200000 planned", "GAB>CMR lane_open");
    // CMR will have too much, but has only 50 000 to send.
    check(
        THREE,
        "wallets CMR=50000 GAB=1200000 COG=0\nhold GAB>CMR=1000000 planned",
        "CMR>COG 50000; CMR>GAB source_short; CMR>COG source_short; GAB>CMR lane_open",
    );
}

/// What was sent may be in a balance as read or not: no share is known then, and money could go the wrong way.
#[test]
fn shares_are_not_judged_while_something_sent_is_not_settled() {
    let stale = "CMR>GAB balance_stale; CMR>COG balance_stale; GAB>CMR balance_stale; GAB>COG balance_stale; \
                 COG>CMR balance_stale; COG>GAB balance_stale";
    for outcome in ["sending", "unknown", "needs_operator"] {
        let wallets = "wallets CMR=500000 GAB=100000 COG=0";
        check(THREE, &format!("{wallets}\nhold GAB>BEN=100 {outcome}"), stale);
        check(THREE, &format!("{wallets}\nhold BEN>CMR=100 {outcome} ?"), stale);
        let own = stale.replace("GAB>CMR balance_stale", "GAB>CMR lane_open");
        check(THREE, &format!("{wallets}\nhold GAB>CMR=100 {outcome}"), &own);
        // It touches none of the wallets.
        check(THREE, &format!("{wallets}\nhold BEN>SEN=100 {outcome}"), "CMR>GAB 80000; CMR>COG 120000");
    }
}

#[test]
fn reserves_hold_and_the_largest_need_comes_first() {
    let wallets = "wallets CMR=1000000 GAB=0 COG=0";
    check(THREE, wallets, "CMR>GAB 300000; CMR>COG 200000");
    check(THREE, &format!("{wallets}\nreserve CMR=600000"), "CMR>GAB 300000; CMR>COG 100000; CMR>COG source_short");
    check(THREE, &format!("{wallets}\nreserve CMR=700000"), "CMR>GAB 300000; CMR>COG source_short");
    check(THREE, &format!("{wallets}\nreserve CMR=1000000"), "CMR>GAB reserve; CMR>COG reserve");
}

#[test]
fn limits_cut_each_lane_and_small_amounts_stay() {
    let wallets = "wallets CMR=1000000 GAB=0 COG=0";
    check(&format!("{THREE} slot=350000"), wallets, "CMR>GAB 300000; CMR>COG 50000");
    check(&format!("{THREE} slot=300000"), wallets, "CMR>GAB 300000; CMR>COG limit_reached");
    check(&format!("{THREE} min=250000"), wallets, "CMR>GAB 300000; CMR>COG below_minimum");
    check(&format!("{THREE} round=7000"), wallets, "CMR>GAB 294000; CMR>COG 196000");
    check("CMR:50% GAB:50% tol=0%", "wallets CMR=198 GAB=0", "CMR>GAB below_minimum");
    check("CMR:50% GAB:50% tol=0%", "wallets CMR=200 GAB=0", "CMR>GAB 100");
}

#[test]
fn what_cannot_be_known_holds_all_lanes() {
    let all = |reason: &str| {
        let lanes = ["CMR>GAB", "CMR>SEN", "GAB>CMR", "GAB>SEN", "SEN>CMR", "SEN>GAB"];
        lanes.map(|lane| format!("{lane} {reason}")).join("; ")
    };
    let weights = "CMR:50% GAB:30% SEN:20% tol=5%";
    let rates = "rate XAF/XOF=1\nrate XOF/XAF=1";
    let wallets = "wallets CMR=1000000 GAB=0 SEN=0";
    check(&format!("{weights} fx"), &format!("{wallets}\n{rates}"), "CMR>GAB 300000; CMR>SEN 200000");
    check(&format!("{weights} fx"), &format!("wallets CMR=1000000 GAB=0\n{rates}"), &all("wallet_missing"));
    check(&format!("{weights} fx"), &format!("{wallets}\n{rates}\nproblem GAB is odd"), &all("wallet_missing"));
    check(&format!("{weights} fx"), wallets, &all("fx_rate_missing"));
    check(weights, &format!("{wallets}\n{rates}"), &all("fx_not_allowed"));
    check(&format!("{weights} fx"), &format!("{wallets}\n{rates}\noutflow CMR=1000000 S-1h"), &all("balance_stale"));
    // The rate that wallets are compared at is off its reference; then the rate of one lane alone.
    check(
        &format!("{weights} fx spread=1.5%"),
        &format!("{wallets}\nrate XAF/XOF=1\nrate XOF/XAF=0.9"),
        &all("fx_spread"),
    );
    check(
        &format!("{weights} fx spread=1.5%"),
        &format!("{wallets}\nrate XAF/XOF=1.1\nrate XOF/XAF=1"),
        "CMR>GAB 300000; CMR>SEN fx_spread",
    );
    // The base is the currency of none of the wallets: what they are compared at is guarded too.
    let abroad = "CMR:50% SEN:50% tol=5% base=KES fx spread=1.5%";
    let far = "wallets CMR=1000000 SEN=0\nrate XAF/XOF=1\nrate XOF/XAF=1\nrate XAF/KES=0.2\nrate XOF/KES=0.2";
    let both = |reason: &str| format!("CMR>SEN {reason}; SEN>CMR {reason}");
    check(abroad, far, &both("fx_rate_missing"));
    check(abroad, &format!("{far}\napplied XAF/KES=0.2\napplied XOF/KES=0.21"), &both("fx_spread"));
    check(abroad, &format!("{far}\napplied XAF/KES=0.2\napplied XOF/KES=0.2"), "CMR>SEN 500000");
    // Within one currency no rate matters, whatever the base.
    check("SEN:50% CIV:50% tol=5% base=XAF", "wallets SEN=1000 CIV=0", "SEN>CIV 500");
}

/// One rate between a wallet's currency and the base is enough to compare them, in either direction; what moves needs the
/// rate of its own lane, and no other lane waits for it.
#[test]
fn a_rate_of_one_direction_is_enough_to_compare() {
    let weights = "CMR:50% SEN:50% tol=5% fx";
    let there = "wallets CMR=400000 SEN=200000";
    // 200 000 XOF are 196 986.1125… XAF at 1.0153: 101 506.9 too many in Cameroon.
    check(weights, &format!("{there}\nrate XAF/XOF=1.0153"), "CMR>SEN 101506");
    check(weights, &format!("{there}\nrate XOF/XAF=0.98493056"), "CMR>SEN fx_rate_missing");
    check(weights, "wallets CMR=200000 SEN=400000\nrate XAF/XOF=1.0153", "SEN>CMR fx_rate_missing");
    check(weights, "wallets CMR=200000 SEN=203060\nrate XAF/XOF=1.0153", "");
    check(
        "CMR:50% GAB:30% SEN:20% tol=5% fx",
        "wallets CMR=1000000 GAB=0 SEN=0\nrate XOF/XAF=1",
        "CMR>GAB 300000; CMR>SEN fx_rate_missing",
    );
    // The direction that serves is guarded like any other.
    let guarded = format!("{weights} spread=1.5%");
    check(&guarded, &format!("{there}\nrate XAF/XOF=1.01"), "CMR>SEN 100990");
    check(&guarded, &format!("{there}\nrate XAF/XOF=1.02"), "CMR>SEN fx_spread; SEN>CMR fx_spread");
    let last = format!("{guarded} ref=last");
    check(&last, &format!("{there}\nrate XAF/XOF=1.01"), "CMR>SEN fx_rate_missing; SEN>CMR fx_rate_missing");
    check(&last, &format!("{there}\nrate XAF/XOF=1.01\napplied XAF/XOF=1.01"), "CMR>SEN 100990");
}

/// KPay may write rates with as many digits as a binary fraction has, and credit as many: large wallets are shared all the
/// same.
#[test]
fn long_rates_and_long_balances_are_compared() {
    check(
        "CMR:33.33% SEN:33.33% KEN:33.34% tol=5% fx",
        "wallets CMR=29000000.123456789012345678 SEN=200000.413844120960791092 KEN=1234.560000000000000001
         rate XAF/XOF=1.015312345678901234\nrate XOF/XAF=0.98493056239535112
         rate XAF/KES=0.22151234567890123\nrate KES/XAF=4.51467268623024831
         rate XOF/KES=0.21817428347\nrate KES/XOF=4.583492847592847",
        "CMR>SEN 9536110; CMR>KEN 9730017",
    );
    check("CMR:50% GAB:50% tol=5%", "wallets CMR=19000000.123456789012345678 GAB=0.5", "CMR>GAB 9499999");
}

#[test]
fn amounts_are_in_the_sources_currency() {
    // 1 000 000 XAF and 1 015 300 XOF worth 999 969 XAF: a third more than its share is in SEN.
    check(
        "CMR:75% SEN:25% tol=5% fx",
        "wallets CMR=1000000 SEN=1015300\nrate XAF/XOF=1.0153\nrate XOF/XAF=0.9849",
        "SEN>CMR 507642",
    );
    // The base is the currency of neither: 1 000 KES are 4 500 XAF or 100 UGX less.
    check(
        "CMR:50% KEN:50% tol=5% base=UGX fx",
        "wallets CMR=100000 KEN=0\nrate XAF/KES=0.22\nrate KES/XAF=4.5\nrate XAF/UGX=6.1\nrate KES/UGX=27.7",
        "CMR>KEN 50000",
    );
}

#[test]
fn small_differences_do_not_go_back_the_way_they_came() {
    let weights = "CMR:25% GAB:25% COG:25% BEN:25% tol=5% fx";
    let wallets = "wallets CMR=350000 GAB=152000 COG=252000 BEN=246000\nrate XAF/XOF=1\nrate XOF/XAF=1";
    check(weights, wallets, "CMR>GAB 98000; CMR>BEN 2000; COG>BEN 2000");
    check(weights, &format!("{wallets}\nlane BEN>COG S-1d p moved"), "CMR>GAB 98000; CMR>BEN 2000");
    check(weights, &format!("{wallets}\nlane BEN>COG S-1d p kept"), "CMR>GAB 98000; CMR>BEN 2000; COG>BEN 2000");
    // Over more than the tolerance they do.
    check(weights, &format!("{wallets}\nlane GAB>CMR S-1d p moved"), "CMR>GAB 98000; CMR>BEN 2000; COG>BEN 2000");
}

/// Into how many groups that sum to zero all figures can be put, tried figure by figure.
fn most_groups(figures: &[i64], sums: &mut Vec<i64>) -> usize {
    let Some((first, rest)) = figures.split_first() else {
        return if sums.iter().all(|sum| *sum == 0) { sums.len() } else { 0 };
    };
    let mut most = 0;
    for place in 0..sums.len() {
        sums[place] += first;
        most = most.max(most_groups(rest, sums));
        sums[place] -= first;
    }
    sums.push(*first);
    most = most.max(most_groups(rest, sums));
    sums.pop();
    most
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// From the file's weights and KPay's balances to the plan: `n` wallets that are off their weights in `k` groups that
    /// balance take `n - k` transfers, and no plan takes fewer. Up to eight wallets, in four currencies of one worth.
    #[test]
    fn no_plan_with_fewer_transfers_reaches_the_weights(
        parts in prop::collection::vec(1_i64..=20, 2..=8),
        off in prop::collection::vec(-6_i64..=6, 7),
    ) {
        let names = ["CMR", "GAB", "COG", "SEN", "CIV", "BEN", "UGA", "RWA"];
        let (count, whole) = (parts.len(), 1_000_000_000_i64);
        let sum: i64 = parts.iter().sum();
        let mut weights: Vec<i64> = parts.iter().map(|part| part * 100 / sum).collect();
        weights[0] += 100 - weights.iter().sum::<i64>();
        prop_assume!(weights.iter().all(|weight| *weight > 0));
        let mut off: Vec<i64> = off.into_iter().take(count - 1).collect();
        off.push(-off.iter().sum::<i64>());
        let held = |place: usize| weights[place] * whole / 100 + off[place] * 10_000;
        let words: Vec<String> = (0..count).map(|place| format!("{}:{}%", names[place], weights[place])).collect();
        let wallets: Vec<String> = (0..count).map(|place| format!("{}={}", names[place], held(place))).collect();
        let currencies = ["XAF", "XOF", "UGX", "RWF"];
        let pairs = currencies.iter().flat_map(|from| currencies.iter().map(move |to| (from, to)));
        let rates: Vec<String> =
            pairs.filter(|(from, to)| from != to).map(|(from, to)| format!("rate {from}/{to}=1")).collect();
        let rates = rates.join("\n");
        // A thousandth of a point is 10 000 of the whole: whoever is off at all is off by that, and one by more.
        let scene = scene(&format!("{} tol=0.0009% fx", words.join(" ")), &format!("wallets {}\n{rates}", wallets.join(" ")));
        let plan = scene.plan();
        scene.assert_sound(&plan);
        let figures: Vec<i64> = off.iter().copied().filter(|figure| *figure != 0).collect();
        let fewest = figures.len() - most_groups(&figures, &mut Vec::new());
        let moved = lane_amounts(&plan.policies[0]);
        prop_assert_eq!(moved.len(), fewest, "{:?} {:?}", off, moved);
        for (place, name) in names.iter().enumerate().take(count) {
            let wallet = wallet(name);
            let sum = |lanes: &dyn Fn(&Lane) -> bool| -> Decimal {
                moved.iter().filter(|(lane, _)| lanes(lane)).map(|(_, amount)| amount.decimal()).sum()
            };
            let after = Decimal::from(held(place)) - sum(&|lane| lane.from == wallet) + sum(&|lane| lane.to.wallet() == Some(wallet));
            prop_assert_eq!(after, Decimal::from(weights[place] * whole / 100), "{}", name);
        }
    }
}

/// A rebalance over and over: balances move by themselves, rates change, and each run's transfers arrive.
struct Story {
    scene: Scene,
    /// What one unit of each currency is worth, in millionths of the base.
    worth: BTreeMap<Currency, i64>,
    /// What KPay keeps of what is changed, in millionths.
    cost: i64,
}

const WALLETS: [&str; 6] = ["CMR", "GAB", "SEN", "CIV", "KEN", "COG"];

/// How a story begins.
#[derive(Debug, Clone)]
struct Start {
    /// By wallet: what it holds at first and its weight in parts of the whole.
    wallets: Vec<(i64, i64)>,
    tolerance_tenths: i64,
    cost: i64,
}

fn start() -> impl Strategy<Value = Start> {
    (prop::collection::vec((0_i64..40_000_000, 1_i64..6), 2..=6), 10_i64..80, 0_i64..4_000)
        .prop_map(|(wallets, tolerance_tenths, cost)| Start { wallets, tolerance_tenths, cost })
}

impl Start {
    fn story(&self, words: &str) -> Story {
        let parts: i64 = self.wallets.iter().map(|(_, part)| part).sum();
        // In thousandths of a percent, the last one what is missing to the whole.
        let mut weights: Vec<i64> = self.wallets.iter().map(|(_, part)| part * 100_000 / parts).collect();
        *weights.last_mut().unwrap() += 100_000 - weights.iter().sum::<i64>();
        let weight = |(name, weight): (&&str, &i64)| format!("{name}:{}%", Decimal::new(*weight, 3));
        let weights: Vec<String> = WALLETS.iter().zip(&weights).map(weight).collect();
        let tolerance = Decimal::new(self.tolerance_tenths, 1);
        let mut scene = scene(&format!("{} tol={tolerance}% fx {words}", weights.join(" ")), "cap hour=1000");
        for (name, (held, _)) in WALLETS.iter().zip(&self.wallets) {
            let available = Amount::whole(*held);
            scene.snapshot.readings.insert(wallet(name), Reading { available, balance: None });
        }
        let worth =
            BTreeMap::from([(Currency::XAF, 1_000_000), (Currency::XOF, 1_000_000), (Currency::KES, 4_500_000)]);
        let mut story = Story { scene, worth, cost: self.cost };
        story.quote();
        story
    }
}

impl Story {
    /// KPay's rates, from what the currencies are worth and what it keeps.
    fn quote(&mut self) {
        let pairs = self.worth.keys().flat_map(|from| self.worth.keys().map(move |to| (*from, *to)));
        for (from, to) in pairs.filter(|(from, to)| from != to) {
            let rate = Decimal::from(self.worth[&from]) / Decimal::from(self.worth[&to]);
            let kept = rate * Decimal::new(1_000_000 - self.cost, 6);
            self.scene.rates.insert((from, to), Rate::new(kept.round_dp(7)).unwrap());
        }
    }

    /// The shares of the wallets as the policy sees them, and the whole.
    fn shares(&self) -> (BTreeMap<WalletId, Decimal>, Decimal) {
        let value = |(wallet, reading): (&WalletId, &Reading)| {
            let rate =
                self.scene.rates.get(&(wallet.currency, Currency::XAF)).map_or(Decimal::ONE, |rate| rate.decimal());
            (*wallet, reading.available.decimal() * rate)
        };
        let values: BTreeMap<WalletId, Decimal> = self.scene.snapshot.readings.iter().map(value).collect();
        let total: Decimal = values.values().sum();
        let total = if total.is_zero() { Decimal::ONE } else { total };
        (values.into_iter().map(|(wallet, value)| (wallet, value * Decimal::ONE_HUNDRED / total)).collect(), total)
    }

    fn flow(&mut self, wallet: WalletId, amount: i64) {
        let reading = self.scene.snapshot.readings.get_mut(&wallet).unwrap();
        let available = reading.available.checked_add(Amount::whole(amount)).unwrap();
        reading.available = available.max(Amount::ZERO);
    }

    /// One slot: what is planned arrives at once, at the indicative rates. The lanes that moved, and every reason.
    fn run(&mut self, day: i64) -> (BTreeSet<Lane>, Vec<Reason>) {
        self.scene.add(&format!("at S+{day}d"));
        let plan = self.scene.plan();
        self.scene.assert_sound(&plan);
        let policy = &plan.policies[0];
        let readings = &mut self.scene.snapshot.readings;
        for transfer in &policy.transfers {
            let lane = transfer.lane();
            let leave =
                |reading: &mut Reading| reading.available = reading.available.checked_sub(transfer.amount).unwrap();
            readings.entry(lane.from).and_modify(leave);
            let credit = transfer.expected_credit.unwrap();
            let arrive = |reading: &mut Reading| reading.available = reading.available.checked_add(credit).unwrap();
            readings.entry(lane.to.wallet().unwrap()).and_modify(arrive);
        }
        let moved: BTreeSet<Lane> = lane_amounts(policy).into_iter().map(|(lane, _)| lane).collect();
        for lane in self.scene.set.policies[0].lanes() {
            let decision =
                LaneDecision { slot: policy.slot.unwrap(), policy: "p".to_owned(), moved: moved.contains(&lane) };
            self.scene.standing.lanes.insert(lane, decision);
        }
        (moved, policy.skipped.iter().map(|skip| skip.reason).collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn after_a_run_the_next_one_is_quiet_and_nothing_is_lost_but_the_cost(start in start()) {
        let mut story = start.story("");
        prop_assume!(start.wallets.iter().map(|(held, _)| held).sum::<i64>() > 1_000_000);
        let (_, before) = story.shares();
        story.run(0);
        let (shares, after) = story.shares();
        // A sum over all wallets, each moved at most once, at a cost of so many millionths either way.
        let most = before * Decimal::new(2 * start.cost + 10, 6);
        prop_assert!((before - after).abs() <= most, "{before} to {after}");
        let (moved, reasons) = story.run(1);
        prop_assert!(moved.is_empty(), "{moved:?} after {shares:?}");
        prop_assert!(reasons.iter().all(|reason| *reason == Reason::WithinTolerance));
    }

    #[test]
    fn money_goes_back_only_where_a_share_moved_by_more_than_the_tolerance(
        start in start(),
        words in prop::sample::select(vec!["", "slot=3000000", "min=500000", "round=10000"]),
        reserved in prop::collection::vec((0_usize..6, 0_i64..20_000_000), 0..3),
        days in prop::collection::vec((prop::collection::vec(-4_000_000_i64..4_000_000, 6), -60_i64..60, -60_i64..60), 1..6),
    ) {
        let mut story = start.story(words);
        for (place, amount) in reserved {
            story.scene.set.reserves.insert(wallet(WALLETS[place]), Amount::whole(amount));
        }
        let (mut before, _) = story.run(0);
        let wallets: Vec<WalletId> = story.scene.snapshot.readings.keys().copied().collect();
        for (day, (flows, xof, kes)) in (1..).zip(days) {
            let (left, _) = story.shares();
            for (wallet, flow) in wallets.iter().zip(flows) {
                story.flow(*wallet, flow);
            }
            *story.worth.get_mut(&Currency::XOF).unwrap() += xof * 1_000;
            *story.worth.get_mut(&Currency::KES).unwrap() += kes * 5_000;
            story.quote();
            prop_assume!(story.shares().1 > Decimal::from(1_000_000));
            let (found, _) = story.shares();
            let (moved, _) = story.run(day);
            for lane in &moved {
                let back = Lane::between(lane.to.wallet().unwrap(), lane.from);
                prop_assert!(!moved.contains(&back), "{lane} to and fro in one run");
                let shift = [lane.from, lane.to.wallet().unwrap()].map(|wallet| (found[&wallet] - left[&wallet]).abs());
                // What it cost to change money makes the whole, and so every share, a little smaller.
                let slack = Decimal::new(2 * start.cost + 1, 4);
                let most = Decimal::new(start.tolerance_tenths, 1) - slack;
                prop_assert!(!before.contains(&back) || shift.into_iter().max() > Some(most), "{lane}: {shift:?} of {most}");
            }
            before = moved;
        }
    }
}
