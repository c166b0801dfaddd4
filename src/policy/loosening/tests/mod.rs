//! One table row a guard, both ways; and, over random tightenings, that tighter is never looser.

mod order;
mod payouts;
mod rows;

use super::*;
use crate::model::WalletId;
use crate::money::{Country, Percent, Rate};
use crate::policy::{
    Approval, CalendarReserve, Canary, FxReference, Limits, Mode, Portion, Rebalance, Rule, Source, Sweep, TopUp,
    TopUpSource,
};
use crate::slot::{MonthDays, Schedule, Window};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn wallet(code: &str) -> WalletId {
    WalletId::of(code.parse::<Country>().unwrap()).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn percent(text: &str) -> Percent {
    text.parse().unwrap()
}

fn per<const N: usize>(amounts: [(Currency, &str); N]) -> BTreeMap<Currency, Amount> {
    amounts.into_iter().map(|(currency, text)| (currency, amount(text))).collect()
}

fn daily() -> Schedule {
    Schedule::new("0 18 * * *", chrono_tz::Africa::Douala, BTreeSet::new()).unwrap()
}

fn source(code: &str, above: &str, keep: &str) -> Source {
    Source { wallet: wallet(code), above: amount(above), keep: amount(keep) }
}

fn sweep() -> Policy {
    let sources = vec![source("GAB", "250000", "100000"), source("COG", "150000", "100000")];
    let rule = Rule::Sweep(Sweep { sources, into: wallet("CMR"), portion: Portion::Surplus });
    let mut policy = Policy::bare("consolidate-cemac", daily(), rule);
    policy.limits = Limits {
        min_transfer: per([(Currency::XAF, "5000")]),
        max_transfer: per([(Currency::XAF, "5000000")]),
        max_per_slot: per([(Currency::XAF, "10000000")]),
        max_per_day: per([(Currency::XAF, "20000000")]),
        round_down_to: per([(Currency::XAF, "1000")]),
    };
    policy.approval = Some(Approval {
        above: per([(Currency::XAF, "5000000")]),
        approvers: 2,
        from: vec!["awa".into(), "brice".into()],
        within: Some(TimeDelta::hours(12)),
    });
    policy
}

fn top_up() -> Policy {
    let rule = Rule::TopUp(TopUp {
        wallet: wallet("SEN"),
        below: amount("200000"),
        to: amount("500000"),
        sources: vec![
            TopUpSource { wallet: wallet("CIV"), keep: Amount::ZERO },
            TopUpSource { wallet: wallet("CMR"), keep: amount("1000000") },
        ],
    });
    let mut policy = Policy::bare("fund-senegal", daily(), rule);
    policy.fx.allow = true;
    policy.fx.max_spread = Some(percent("1.5%"));
    policy
}

fn rebalance() -> Policy {
    let weights = [("CMR", "50%"), ("GAB", "30%"), ("COG", "20%")];
    let weights = weights.iter().map(|(code, share)| (wallet(code), percent(share))).collect();
    let rule = Rule::Rebalance(Rebalance { weights, tolerance: percent("5%"), base: Currency::XAF });
    Policy::bare("balance-cemac", daily(), rule)
}

fn set() -> PolicySet {
    let mut reserves = BTreeMap::new();
    reserves.insert(wallet("CMR"), amount("500000"));
    PolicySet { policies: vec![sweep(), top_up(), rebalance()], reserves, ..PolicySet::default() }
}

fn payroll(amount: &str, from: u8, until: u8) -> CalendarReserve {
    CalendarReserve {
        wallet: wallet("CMR"),
        amount: self::amount(amount),
        during: MonthDays::new(from, until).unwrap(),
        zone: chrono_tz::Africa::Douala,
    }
}

fn lines(list: &[Loosening]) -> Vec<String> {
    list.iter().map(|it| format!("{}: {}", it.what, it.text)).collect()
}

/// What a change is told as, as a loosening; the way back must be none.
#[track_caller]
fn check(change: fn(&mut PolicySet), expected: &[&str]) {
    check_from(|_| {}, change, expected);
}

#[track_caller]
fn check_from(first: fn(&mut PolicySet), change: fn(&mut PolicySet), expected: &[&str]) {
    check_both(first, change, expected);
}

#[track_caller]
fn check_both(first: impl Fn(&mut PolicySet), change: impl Fn(&mut PolicySet), expected: &[&str]) {
    let mut old = set();
    first(&mut old);
    let mut new = old.clone();
    change(&mut new);
    assert_eq!(lines(&loosenings(&old, &new)), expected);
    assert_eq!(lines(&loosenings(&new, &old)), Vec::<String>::new(), "the way back");
    assert_eq!(lines(&loosenings(&new, &new)), Vec::<String>::new());
    let back = differences(&new, &old);
    let told = |it: &Difference| it.effect == Effect::Tightens || it.what == "schedule";
    assert!(back.iter().any(told), "the way back is told");
}

fn the_sweep(set: &mut PolicySet) -> &mut Sweep {
    match &mut set.policies[0].rule {
        Rule::Sweep(sweep) => sweep,
        other => panic!("{other:?}"),
    }
}

fn the_top_up(set: &mut PolicySet) -> &mut TopUp {
    match &mut set.policies[1].rule {
        Rule::TopUp(top_up) => top_up,
        other => panic!("{other:?}"),
    }
}

fn the_rebalance(set: &mut PolicySet) -> &mut Rebalance {
    match &mut set.policies[2].rule {
        Rule::Rebalance(rebalance) => rebalance,
        other => panic!("{other:?}"),
    }
}

fn the_approval(set: &mut PolicySet) -> &mut Approval {
    set.policies[0].approval.as_mut().unwrap()
}

/// Ways to tighten a set: each lets less through, the more the larger `by` (1 to 99) is.
fn tighten(set: &mut PolicySet, way: u8, by: i64) {
    let less = |amount: &mut Amount| *amount = amount.checked_sub(Amount::whole(by)).unwrap();
    let more = |amount: &mut Amount| *amount = amount.checked_add(Amount::whole(by)).unwrap();
    let limits = &mut set.policies[0].limits;
    match way {
        0 => limits.max_per_day.values_mut().for_each(less),
        1 => limits.max_per_slot.values_mut().for_each(less),
        2 => limits.max_transfer.values_mut().for_each(less),
        3 => limits.min_transfer.values_mut().for_each(more),
        4 => set.reserves.values_mut().for_each(more),
        5 => the_sweep(set).sources.iter_mut().for_each(|it| more(&mut it.keep)),
        6 => the_sweep(set).sources.iter_mut().for_each(|it| more(&mut it.above)),
        7 => drop(the_sweep(set).sources.pop()),
        8 => less(&mut the_top_up(set).below),
        9 => less(&mut the_top_up(set).to),
        10 => the_top_up(set).sources.iter_mut().for_each(|it| more(&mut it.keep)),
        11 => the_rebalance(set).tolerance = percent(&format!("{}%", 5 + by)),
        12 => set.policies[1].fx.max_spread = Some(percent("1%")),
        13 => set.policies[1].fx.allow = false,
        14 => the_approval(set).above.values_mut().for_each(less),
        15 => the_approval(set).approvers += 1,
        16 => drop(the_approval(set).from.pop()),
        17 => the_approval(set).within = Some(TimeDelta::minutes(720 - by)),
        18 => set.policies[1].approval = set.policies[0].approval.clone(),
        19 => set.policies[2].catch_up = TimeDelta::minutes(360 - by),
        20 => set.policies[2].enabled = false,
        21 => set.policies[2].mode = Mode::Shadow,
        22 => drop(set.policies.pop()),
        23 => set.calendar.push(payroll(&(600_000 + by).to_string(), 24, 2)),
        24 => drop(set.policies[1].closed.insert(Country::SEN, [NaiveDate::MIN].into())),
        25 => {
            let not_after = NaiveTime::from_num_seconds_from_midnight_opt(64_800 + u32::try_from(by).unwrap(), 0);
            set.policies[1].schedule = daily().with_window(Window { not_after, ..Window::default() });
        }
        _ => the_sweep(set).portion = Portion::Fraction(percent(&format!("{by}%"))),
    }
}

proptest! {
    #[test]
    fn what_is_tighter_is_never_looser_and_its_reverse_always_is(
        ways in prop::collection::btree_map(0_u8..27, 1_i64..100, 1..6)
    ) {
        let old = set();
        let mut new = old.clone();
        // The one that takes a policy away comes last: the others need it.
        let (last, first): (Vec<_>, Vec<_>) = ways.iter().partition(|(way, _)| **way == 22);
        first.into_iter().chain(last).for_each(|(way, by)| tighten(&mut new, *way, *by));
        prop_assert_eq!(lines(&loosenings(&old, &new)), Vec::<String>::new());
        prop_assert!(!loosenings(&new, &old).is_empty());
        prop_assert_eq!(differences(&new, &new), vec![]);
    }
}
