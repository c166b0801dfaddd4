//! No history of balances moves more than `exposure` says: random policies of every kind, days of random balances and
//! rates through the planner, and the sums of what it moved.

use crate::model::{Environment, Lane, Reading, Slot, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, Currency, Percent, Rate};
use crate::plan::{Caps, DayKey, Decided, Inputs, LaneDecision, Plan, Reason, Standing, plan};
use crate::policy::{
    Canary, Exposure, Limits, Mode, Payout, Policy, PolicySet, Portion, Rebalance, Rule, Source, Sweep, TopUp,
    TopUpSource, exposure,
};
use crate::slot::{Schedule, Window};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::{BTreeMap, BTreeSet};

const COUNTRIES: [&str; 6] = ["GAB", "COG", "CMR", "SEN", "CIV", "KEN"];
const PAYEES: [&str; 2] = ["MTN_MOMO_CMR:237653456789", "ORANGE_SEN:221771234567"];
const CRONS: [&str; 7] =
    ["0 18 * * *", "0 6,18 * * *", "0 */4 * * *", "30 7 * * *", "0 0 * * *", "30 2,23 * * *", "0 * * * *"];
const ZONES: [chrono_tz::Tz; 5] = [
    chrono_tz::Africa::Douala,
    chrono_tz::Africa::Nairobi,
    chrono_tz::UTC,
    chrono_tz::Europe::Paris,
    chrono_tz::America::Nuuk,
];
/// Days without a change of any clock, and days with one: forward in Nuuk at midnight, back in Paris.
const STARTS: [&str; 3] = ["2026-11-24T00:00:00Z", "2026-03-28T00:00:00Z", "2026-10-24T00:00:00Z"];

fn wallet(code: &str) -> WalletId {
    super::scene::wallet(code)
}

fn whole(amount: u64) -> Amount {
    Amount::whole(i64::try_from(amount).unwrap())
}

/// A limit that bites, one that hardly does, or none.
fn bound() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![2 => Just(None), 2 => (100_u64..5_000).prop_map(Some), 2 => (5_000_u64..30_000_000).prop_map(Some)]
}

fn by_currency(amount: u64) -> BTreeMap<Currency, Amount> {
    Currency::ALL.into_iter().map(|currency| (currency, whole(amount))).collect()
}

fn limits() -> impl Strategy<Value = Limits> {
    prop::collection::vec(bound(), 4).prop_flat_map(|bounds| {
        prop::option::of(prop::sample::select(vec![1_u64, 100, 250, 1_000])).prop_map(move |step| {
            let of = |amount: Option<u64>| amount.map(by_currency).unwrap_or_default();
            Limits {
                min_transfer: BTreeMap::new(),
                max_transfer: of(bounds[0]),
                max_per_slot: of(bounds[1]),
                max_per_day: of(bounds[2]),
                round_down_to: of(step),
            }
        })
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let amounts = (0_u64..400_000, 0_u64..400_000, 100_u64..3_000_000, 0_u8..5, 1_u8..100);
    (prop::sample::subsequence(&COUNTRIES[..], 2..5), amounts).prop_flat_map(|(chosen, amounts)| {
        Just(chosen).prop_shuffle().prop_map(move |chosen| {
            let (one, other, sum, kind, share) = amounts;
            let share: Percent = format!("{share}%").parse().unwrap();
            let (into, sources) = (wallet(chosen[0]), chosen[1..].iter().map(|code| wallet(code)));
            match kind {
                0 | 1 => {
                    let (above, keep) = (whole(one.max(other)), whole(one.min(other)));
                    let portion = match (kind, sum % 3) {
                        (0, _) | (_, 0) => Portion::Surplus,
                        (_, 1) => Portion::Fraction(share),
                        _ => Portion::Fixed(by_currency(sum)),
                    };
                    let sources = sources.map(|wallet| Source { wallet, above, keep }).collect();
                    Rule::Sweep(Sweep { sources, into, portion })
                }
                2 => {
                    let sources = sources.map(|wallet| TopUpSource { wallet, keep: whole(one) }).collect();
                    Rule::TopUp(TopUp { wallet: into, below: whole(sum / 2), to: whole(sum), sources })
                }
                3 => {
                    let source = Source { wallet: into, above: whole(one.max(other)), keep: whole(one.min(other)) };
                    let to = PAYEES[usize::from(sum % 2 == 0)].parse().unwrap();
                    Rule::Payout(Payout { source, to, name: None })
                }
                _ => {
                    let count = chosen.len();
                    let even = Percent::new(rust_decimal::Decimal::from(100 / count)).unwrap();
                    let rest = Percent::new(rust_decimal::Decimal::from(100 - 100 / count * (count - 1))).unwrap();
                    let shares = std::iter::once(rest).chain(std::iter::repeat(even));
                    let weights = chosen.iter().map(|code| wallet(code)).zip(shares).collect();
                    Rule::Rebalance(Rebalance { weights, tolerance: "2%".parse().unwrap(), base: Currency::XAF })
                }
            }
        })
    })
}

fn policy(index: usize) -> impl Strategy<Value = Policy> {
    let cut_off = prop::option::weighted(0.3, 1_u32..24);
    let switches = (0..CRONS.len(), 0..ZONES.len(), 0_u8..8, prop::bool::weighted(0.8), 1_u8..30, cut_off);
    (rule(), limits(), switches, bound()).prop_map(
        move |(rule, limits, (cron, zone, mode, fx, share, cut_off), max)| {
            let not_after = cut_off.and_then(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
            let schedule = Schedule::new(CRONS[cron], ZONES[zone], BTreeSet::new()).unwrap();
            let schedule = schedule.with_window(Window { not_after, ..Window::default() });
            let mut policy = Policy::bare(&format!("p{index}"), schedule, rule);
            policy.limits = limits;
            policy.fx.allow = fx;
            policy.mode =
                [Mode::Shadow, Mode::Canary, Mode::Canary].get(usize::from(mode)).copied().unwrap_or(Mode::Live);
            let max = max.map(by_currency).unwrap_or_default();
            policy.canary = Some(Canary { share: format!("{share}%").parse().unwrap(), max });
            policy.priority = i64::from(share);
            policy
        },
    )
}

/// Balances of one moment, some of them below zero; and whether the rates are known.
fn moment() -> impl Strategy<Value = (Vec<i64>, bool)> {
    let balance = prop_oneof![
        2 => -2_000_000_i64..1_000_000,
        3 => 0_i64..3_000_000,
        2 => 0_i64..3_000_000_000,
    ];
    (prop::collection::vec(balance, COUNTRIES.len()), prop::bool::weighted(0.7))
}

/// A set of policies, the first day, and the moments that come round and round.
type Story = (PolicySet, &'static str, Vec<(Vec<i64>, bool)>);

fn story() -> impl Strategy<Value = Story> {
    let start = prop::sample::select(STARTS.to_vec());
    ((policy(0), policy(1), policy(2)), start, prop::collection::vec(moment(), 2..6)).prop_map(
        |((one, two, three), start, moments)| {
            (PolicySet { policies: vec![one, two, three], ..PolicySet::default() }, start, moments)
        },
    )
}

/// What moved, summed up.
#[derive(Default)]
struct Sums {
    lane_slot: BTreeMap<(Lane, Slot), Amount>,
    lane_day: BTreeMap<(Lane, NaiveDate), Amount>,
    wallet_slot: BTreeMap<(WalletId, Slot), Amount>,
    wallet_day: BTreeMap<(WalletId, NaiveDate), Amount>,
    largest: BTreeMap<Lane, Amount>,
}

fn add<K: Ord>(sums: &mut BTreeMap<K, Amount>, key: K, amount: Amount) {
    let sum = sums.entry(key).or_default();
    *sum = sum.checked_add(amount).unwrap();
}

/// Every slot of two days, each looked at again soon, as what the first look left open is up again, and as late as a slot
/// may be caught up with. Some slots are not looked at in time at all.
fn instants(set: &PolicySet, start: &str) -> BTreeSet<Timestamp> {
    let start = DateTime::parse_from_rfc3339(start).unwrap().to_utc();
    let end = start + TimeDelta::days(2);
    let mut instants = BTreeSet::new();
    for policy in &set.policies {
        let mut now = start - TimeDelta::seconds(1);
        while let Some(slot) = policy.schedule.next(now).filter(|slot| slot.instant() <= end) {
            now = slot.instant();
            let looks = [TimeDelta::zero(), TimeDelta::minutes(7), TimeDelta::minutes(353)];
            let in_time = now.timestamp() / 60 % 7 != 0;
            instants.extend(looks.into_iter().skip(if in_time { 0 } else { 2 }).map(|late| now + late));
        }
    }
    instants
}

/// Plays the days and sums up what moved.
fn play((set, start, moments): &Story) -> Sums {
    let caps = Caps { max_transfers_per_hour: u32::MAX, max_per_day: BTreeMap::new() };
    let mut standing = Standing::default();
    let mut sums = Sums::default();
    for (now, (balances, with_rates)) in instants(set, start).into_iter().zip(moments.iter().cycle()) {
        let reading = |balance: &i64| Reading { available: Amount::whole(*balance), balance: None };
        let readings = COUNTRIES.iter().map(|code| wallet(code)).zip(balances.iter().map(reading)).collect();
        let snapshot = Snapshot { taken_at: now, readings, problems: Vec::new() };
        let rates = if *with_rates { rates() } else { BTreeMap::new() };
        let inputs = Inputs {
            availability: crate::model::Availability::unasked(),
            policies: set,
            snapshot: &snapshot,
            standing: &standing,
            caps: &caps,
            rates: &rates,
            identity: None,
            environment: Environment::Sandbox,
            now,
            clock: now,
            only: None,
        };
        let plan = plan(&inputs);
        carry_out(set, &plan, &mut standing, &mut sums);
    }
    sums
}

fn rates() -> BTreeMap<(Currency, Currency), Rate> {
    let pairs = [("XAF", "XOF", "0.98"), ("XOF", "XAF", "1.01"), ("XAF", "KES", "0.2"), ("KES", "XAF", "4.5")];
    let all = pairs.into_iter().chain([("XOF", "KES", "0.21"), ("KES", "XOF", "4.4")]);
    all.map(|(from, to, rate)| ((from.parse().unwrap(), to.parse().unwrap()), rate.parse().unwrap())).collect()
}

/// Everything planned is applied at once, and the slots are decided, as the journal's fold keeps it.
fn carry_out(set: &PolicySet, plan: &Plan, standing: &mut Standing, sums: &mut Sums) {
    for planned in plan.policies.iter().filter(|planned| planned.due) {
        let policy = set.get(&planned.policy).unwrap();
        let slot = planned.slot.unwrap();
        let day = policy.schedule.local_date(slot);
        let moved: BTreeSet<Lane> = planned.transfers.iter().map(crate::plan::PlannedTransfer::lane).collect();
        let mut left_open = BTreeSet::new();
        for lane in policy.lanes() {
            let of_lane = |from, to| (from, to) == (lane.from.country, lane.to.destination());
            let reason = planned.skipped.iter().find(|skip| of_lane(skip.from, skip.to)).map(|skip| skip.reason);
            if reason.is_some_and(Reason::leaves_slot_open) && !moved.contains(&lane) {
                left_open.insert(lane);
                continue;
            }
            let decision = LaneDecision { slot, policy: planned.policy.clone(), moved: moved.contains(&lane) };
            let earlier = standing.lanes.get(&lane);
            if earlier.is_none_or(|earlier| earlier.slot < slot || (earlier.slot == slot && !earlier.moved)) {
                standing.lanes.insert(lane, decision);
            }
        }
        standing.decided.insert(planned.policy.clone(), Decided { slot, left_open });
        for transfer in &planned.transfers {
            let (lane, amount) = (transfer.lane(), transfer.amount);
            let key = DayKey { policy: planned.policy.clone(), currency: transfer.currency, day };
            add(&mut standing.day_used, key, amount);
            add(&mut sums.lane_slot, (lane, slot), amount);
            add(&mut sums.lane_day, (lane, day), amount);
            add(&mut sums.wallet_slot, (lane.from, slot), amount);
            add(&mut sums.wallet_day, (lane.from, day), amount);
            let largest = sums.largest.entry(lane).or_default();
            *largest = (*largest).max(amount);
        }
    }
}

/// The first sum that is over what the exposure says.
fn over(sums: &Sums, said: &Exposure) -> Option<String> {
    let lane = |lane: Lane| {
        let mut found = said.lanes.iter();
        found.find(|it| (it.from, it.to) == (lane.from.country, lane.to.destination())).map(|it| it.most.clone())
    };
    let of = |wallet: WalletId| said.wallets.iter().find(|it| it.wallet == wallet.country).map(|it| it.most.clone());
    let is_over = |moved: &Amount, most: Option<Amount>| most.is_none_or(|most| *moved > most);
    let lane_slot = sums.lane_slot.iter().filter(|((it, _), sum)| is_over(sum, lane(*it).map(|most| most.per_slot)));
    let lane_day = sums.lane_day.iter().filter(|((it, _), sum)| is_over(sum, lane(*it).map(|most| most.per_day)));
    let slot = sums.wallet_slot.iter().filter(|((it, _), sum)| is_over(sum, of(*it).map(|most| most.per_slot)));
    let day = sums.wallet_day.iter().filter(|((it, _), sum)| is_over(sum, of(*it).map(|most| most.per_day)));
    let largest = sums.largest.iter().filter(|(it, sum)| {
        is_over(sum, lane(**it).map(|most| most.per_transfer))
            || is_over(sum, of(it.from).map(|most| most.per_transfer))
    });
    let told = lane_slot.map(|it| format!("{it:?}")).chain(lane_day.map(|it| format!("{it:?}")));
    let told = told.chain(slot.map(|it| format!("{it:?}"))).chain(day.map(|it| format!("{it:?}")));
    told.chain(largest.map(|it| format!("{it:?}"))).next()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn no_history_of_balances_moves_more_than_exposure_says(story in story()) {
        let said = exposure(&story.0);
        let over = over(&play(&story), &said);
        prop_assert!(over.is_none(), "{} is over what was said:\n{said:#?}", over.unwrap_or_default());
    }
}

/// The stories do reach the bounds, so that a bound that is too low would be seen.
#[test]
fn random_histories_come_up_to_the_worst_case() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut lanes_at_the_bound, mut days_at_the_bound, mut payouts_at_the_bound) = (0, 0, 0);
    for _ in 0..60 {
        let story = story().new_tree(&mut runner).unwrap().current();
        let said = exposure(&story.0);
        let sums = play(&story);
        for it in &said.lanes {
            let is_it = |lane: &Lane| (lane.from.country, lane.to.destination()) == (it.from, it.to);
            let at_it = |((lane, _), sum): (&(Lane, Slot), &Amount)| is_it(lane) && *sum == it.most.per_slot;
            let slots = usize::from(sums.lane_slot.iter().any(at_it));
            lanes_at_the_bound += slots;
            payouts_at_the_bound += if PAYEES.contains(&it.to.to_string().as_str()) { slots } else { 0 };
            days_at_the_bound +=
                usize::from(sums.lane_day.iter().any(|((lane, _), sum)| is_it(lane) && *sum == it.most.per_day));
        }
    }
    assert!(lanes_at_the_bound > 40 && days_at_the_bound > 20, "{lanes_at_the_bound} slots, {days_at_the_bound} days");
    assert!(payouts_at_the_bound > 3, "{payouts_at_the_bound} of payouts");
}
