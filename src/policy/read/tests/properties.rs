//! What is written is what is read: single values, and whole policies written out from the model.

use super::*;
use crate::model::WalletId;
use crate::money::{Country, Money, Percent, Rate};
use crate::policy::{
    Approval, Canary, ExpectedMove, Fx, FxReference, Limits, Mode, Payout, Policy, PolicyTest, Portion, Rebalance,
    Rule, Source, Sweep, TopUp, TopUpSource,
};
use crate::slot::Schedule;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What `lint` refuses although every value is right.
const NEVER_ACTS: [&str; 5] =
    ["fixed-never-fits", "min-over-max", "round-over-max", "canary-too-small", "tolerance-too-wide"];

fn percent(hundredths: i64) -> Percent {
    Percent::new(Decimal::new(hundredths, 2)).unwrap()
}

fn date() -> impl Strategy<Value = NaiveDate> {
    (1_970_i32..2_100, 1_u32..=366).prop_filter_map("no such day", |(year, day)| NaiveDate::from_yo_opt(year, day))
}

/// Wallets of the table, each at most once, in any order.
fn wallets(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<WalletId>> {
    Just(Country::ALL.to_vec()).prop_shuffle().prop_flat_map(move |all| {
        (count.start..count.end)
            .prop_map(move |count| all.iter().take(count).filter_map(|country| WalletId::of(*country)).collect())
    })
}

/// Amounts that KPay could send in any currency, large enough for every rule.
fn amount() -> impl Strategy<Value = Amount> {
    (100_i64..=9_999_999).prop_map(Amount::whole)
}

fn rule() -> impl Strategy<Value = Rule> {
    let levels = || (amount(), amount()).prop_map(|(one, other)| (one.max(other), one.min(other)));
    let sweep = (wallets(2..6), proptest::collection::vec(levels(), 5), 0_u8..3, 1_i64..=10_000, amount()).prop_map(
        |(mut wallets, levels, portion, share, fixed)| {
            let into = wallets.remove(0);
            let source =
                |(wallet, (above, keep)): (&WalletId, (Amount, Amount))| Source { wallet: *wallet, above, keep };
            let portion = match portion {
                0 => Portion::Surplus,
                1 => Portion::Fraction(percent(share)),
                _ => Portion::Fixed(wallets.iter().map(|wallet| (wallet.currency, fixed)).collect()),
            };
            Rule::Sweep(Sweep { sources: wallets.iter().zip(levels).map(source).collect(), into, portion })
        },
    );
    let top_up = (wallets(2..6), proptest::collection::vec(amount(), 5), levels()).prop_map(
        |(mut wallets, keeps, (to, below))| {
            let wallet = wallets.remove(0);
            let source = |(wallet, keep): (&WalletId, Amount)| TopUpSource { wallet: *wallet, keep };
            Rule::TopUp(TopUp { wallet, below, to, sources: wallets.iter().zip(keeps).map(source).collect() })
        },
    );
    let rebalance = (wallets(2..8), proptest::collection::vec(1_i64..=1_000, 8), 1_i64..10_000, 0_usize..6).prop_map(
        |(wallets, shares, tolerance, base)| {
            // The first has what the others leave, which is never nothing.
            let others: i64 = shares.iter().skip(1).take(wallets.len() - 1).sum();
            let shares = std::iter::once(10_000 - others).chain(shares.into_iter().skip(1)).map(percent);
            let weights = wallets.into_iter().zip(shares).collect();
            Rule::Rebalance(Rebalance { weights, tolerance: percent(tolerance), base: Currency::ALL[base] })
        },
    );
    let who = ["MTN_MOMO_CMR:237653456789", "ORANGE_SEN:221771234567", "MPESA_KEN:254712345678"];
    let payout =
        (wallets(1..2), levels(), prop::sample::select(who.to_vec())).prop_map(|(from, (above, keep), who)| {
            let source = Source { wallet: from[0], above, keep };
            Rule::Payout(Payout { source, to: who.parse().unwrap(), name: None })
        });
    prop_oneof![sweep, top_up, rebalance, payout]
}

/// One amount for each currency that the rule takes from.
fn amounts(rule: &Rule, amount: Amount) -> BTreeMap<Currency, Amount> {
    rule.lanes().iter().map(|lane| (lane.from.currency, amount)).collect()
}

fn policy() -> impl Strategy<Value = Policy> {
    let guards = (
        proptest::option::of(0_i64..10_000),
        0_u8..4,
        1_i64..99_999,
        proptest::option::of((amount(), 1_u8..=3, 60_i64..=259_200)),
        proptest::option::of((1_i64..=10_000, amount())),
    );
    let plain =
        (0_u8..3, any::<bool>(), 0_i64..=1_000_000, 1_i64..=86_400, proptest::collection::btree_set(date(), 0..4));
    (rule(), guards, plain, amount()).prop_map(|(rule, guards, plain, bound)| {
        let (spread, reference, rate, approval, canary) = guards;
        let (mode, enabled, priority, catch_up, closed) = plain;
        let pairs: BTreeSet<_> = rule.lanes().iter().map(|lane| (lane.from.currency, lane.to.currency)).collect();
        let crossed = || pairs.iter().filter(|(from, to)| from < to || (from != to && !pairs.contains(&(*to, *from))));
        let rate: Rate = Rate::new(Decimal::new(rate, 4)).unwrap();
        let reference = match (spread, reference) {
            (Some(_), 1) => Some(FxReference::Last),
            (Some(_), 2) if crossed().next().is_some() => {
                Some(FxReference::Fixed(crossed().map(|pair| (*pair, rate)).collect()))
            }
            _ => None,
        };
        let mode = match (mode, &canary) {
            (0, _) => Mode::Shadow,
            (1, Some(_)) => Mode::Canary,
            _ => Mode::Live,
        };
        let lane = rule.lanes()[0];
        let test = PolicyTest {
            name: "one".into(),
            line: 0,
            at: None,
            balances: lane.wallets().map(|wallet| (wallet, bound)).collect(),
            rates: BTreeMap::new(),
            open: Vec::new(),
            expect: vec![ExpectedMove {
                from: lane.from,
                to: lane.to,
                amount: Money { amount: bound, currency: lane.from.currency },
            }],
            refused: Vec::new(),
        };
        let schedule = Schedule::new("0 18 * * *", chrono_tz::Tz::UTC, BTreeSet::new()).unwrap();
        Policy {
            limits: Limits { max_per_day: amounts(&rule, bound), ..Limits::default() },
            fx: Fx { allow: true, max_spread: spread.map(percent), reference },
            approval: approval.map(|(above, approvers, within)| Approval {
                above: amounts(&rule, above),
                approvers,
                from: ["awa", "brice", "chantal"].map(str::to_owned).to_vec(),
                within: Some(TimeDelta::seconds(within)),
            }),
            canary: canary.map(|(share, max)| Canary { share: percent(share), max: amounts(&rule, max) }),
            mode,
            enabled,
            priority,
            catch_up: TimeDelta::seconds(catch_up),
            closed: if closed.is_empty() { BTreeMap::new() } else { [(lane.from.country, closed)].into() },
            tests: vec![test],
            ..Policy::bare("a", schedule, rule)
        }
    })
}

fn joined<T>(items: impl IntoIterator<Item = T>, shown: impl Fn(T) -> String) -> String {
    items.into_iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn by_currency(amounts: &BTreeMap<Currency, Amount>) -> String {
    format!("{{ {} }}", joined(amounts, |(currency, amount)| format!("{currency}: {amount} {currency}")))
}

/// The policy as a treasurer would write it.
fn written(policy: &Policy) -> String {
    let mut text = format!(
        "version: 1\npolicies:\n  - name: {}\n    schedule: \"{}\"\n    mode: {}\n    enabled: {}\n    priority: {}\n    \
         catch_up: {}s\n",
        policy.name,
        policy.schedule.text(),
        policy.mode.word(),
        policy.enabled,
        policy.priority,
        policy.catch_up.num_seconds(),
    );
    let mut line = |key: &str, value: String| text.extend(["    ", key, ": ", &value, "\n"]);
    match &policy.rule {
        Rule::Sweep(sweep) => {
            let from = joined(&sweep.sources, |one| {
                format!("{{ wallet: {}, above: {}, keep: {} }}", one.wallet, one.above, one.keep)
            });
            let portion = match &sweep.portion {
                Portion::Surplus => String::new(),
                Portion::Fraction(share) => format!(", fraction: {share}"),
                Portion::Fixed(amounts) => format!(", fixed: {}", by_currency(amounts)),
            };
            line("sweep", format!("{{ from: [{from}], into: {}{portion} }}", sweep.into));
        }
        Rule::TopUp(top_up) => {
            let from = joined(&top_up.sources, |one| format!("{{ wallet: {}, keep: {} }}", one.wallet, one.keep));
            let TopUp { wallet, below, to, .. } = top_up;
            line("top_up", format!("{{ wallet: {wallet}, below: {below}, to: {to}, from: [{from}] }}"));
        }
        Rule::Payout(payout) => {
            let Source { wallet, above, keep } = &payout.source;
            let to = payout.to.to_string();
            let (provider, phone) = to.split_once(':').unwrap();
            let to = format!("{{ provider: {provider}, phone: \"{phone}\" }}");
            line("payout", format!("{{ from: {wallet}, to: {to}, above: {above}, keep: {keep} }}"));
        }
        Rule::Rebalance(Rebalance { weights, tolerance, base }) => {
            let weights = joined(weights, |(wallet, share)| format!("{wallet}: {share}"));
            line("rebalance", format!("{{ weights: {{ {weights} }}, tolerance: {tolerance}, base: {base} }}"));
        }
    }
    line("limits", format!("{{ max_per_day: {} }}", by_currency(&policy.limits.max_per_day)));
    let spread = policy.fx.max_spread.map(|spread| format!(", max_spread: {spread}")).unwrap_or_default();
    let reference = match &policy.fx.reference {
        None => String::new(),
        Some(FxReference::Peg) => ", reference: peg".to_owned(),
        Some(FxReference::Last) => ", reference: last".to_owned(),
        Some(FxReference::Fixed(rates)) => {
            format!(", reference: {{ {} }}", joined(rates, |((from, to), rate)| format!("{from}/{to}: {rate}")))
        }
    };
    line("fx", format!("{{ allow: true{spread}{reference} }}"));
    if let Some(approval) = &policy.approval {
        let within = approval.within.unwrap().num_seconds();
        let (above, from) = (by_currency(&approval.above), approval.from.join(", "));
        let approvers = approval.approvers;
        line("approval", format!("{{ above: {above}, approvers: {approvers}, from: [{from}], within: {within}s }}"));
    }
    if let Some(canary) = &policy.canary {
        line("canary", format!("{{ share: {}, max: {} }}", canary.share, by_currency(&canary.max)));
    }
    for (country, dates) in &policy.closed {
        line("holidays", format!("{{ {country}: [{}] }}", joined(dates, NaiveDate::to_string)));
    }
    for test in &policy.tests {
        let balances = joined(&test.balances, |(wallet, amount)| format!("{wallet}: {amount}"));
        let expect =
            joined(&test.expect, |one| format!("{{ from: {}, to: {}, amount: {} }}", one.from, one.to, one.amount));
        line("tests", format!("[{{ name: {}, balances: {{ {balances} }}, expect: [{expect}] }}]", test.name));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_policy_written_out_is_read_back(policy in policy()) {
        let text = written(&policy);
        let parsed = parse(&files(&[&text]));
        let mut read = match parsed {
            Ok(mut parsed) => parsed.set.policies.remove(0),
            // It was read well, and could never do anything.
            Err(found) => {
                let never = |one: &Diagnostic| !one.is_error() || NEVER_ACTS.contains(&one.code);
                prop_assert!(found.iter().all(never), "{found:#?}\n{text}");
                return Ok(());
            }
        };
        // Where it stands is the file's, not the model's.
        read.file.clear();
        read.line = policy.line;
        read.tests[0].line = policy.tests[0].line;
        prop_assert_eq!(format!("{read:?}"), format!("{policy:?}"), "{}", text);
    }

    #[test]
    fn a_percentage_is_read_as_written(whole in 1_u32..100, decimals in "[0-9]{0,6}") {
        let point = if decimals.is_empty() { "" } else { "." };
        let share = format!("{whole}{point}{decimals}");
        let set = good(&sweep(&format!("{{ from: [GAB], into: CMR, above: 1, fraction: {share}% }}")));
        let Rule::Sweep(Sweep { portion: Portion::Fraction(read), .. }) = &set.policies[0].rule else {
            panic!("a fraction")
        };
        prop_assert_eq!(read.percent(), share.parse::<Decimal>().unwrap());
    }

    #[test]
    fn dates_times_days_and_durations_are_read_as_written(
        date in date(),
        minute in 0_u32..24 * 60,
        days in (1_u8..=31, 1_u8..=31),
        duration in prop_oneof![
            (1_i64..=86_400).prop_map(|seconds| (format!("{seconds}s"), seconds)),
            (1_i64..=1_440).prop_map(|minutes| (format!("{minutes}m"), minutes * 60)),
            (1_i64..=24).prop_map(|hours| (format!("{hours}h"), hours * 3_600)),
        ],
    ) {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap();
        let until = date.succ_opt().unwrap(); // the first day is a holiday
        let text = plus(&format!(
            "holidays: {{ GAB: [{date}] }}\nactive: {{ from: {date}, until: {until} }}\nnot_after: \"{}\"\ncatch_up: {}",
            time.format("%H:%M"),
            duration.0,
        ));
        let text = text.replace("0 18 * * *", "0 0 * * *"); // before every cut-off
        let days = format!("{}..{}", days.0, days.1);
        let set = good(&format!("reserves: [{{ wallet: CMR, amount: 5, during: \"{days}\" }}]\n{text}"));
        let policy = &set.policies[0];
        prop_assert_eq!(policy.catch_up, TimeDelta::seconds(duration.1));
        prop_assert_eq!(&policy.closed, &BTreeMap::from([(Country::GAB, BTreeSet::from([date]))]));
        let window = policy.schedule.window();
        prop_assert_eq!((window.from, window.until, window.not_after), (Some(date), Some(until), Some(time)));
        prop_assert_eq!(set.calendar[0].during.to_string(), days);
    }
}
