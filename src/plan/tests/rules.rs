//! Policies in a few words, for scenes.
//!
//! What it does: `GAB:250000:100000 >CMR` sweeps (source, `above`, `keep`); `^SEN:200000:500000 CIV:0 CMR:1000` tops up
//! (wallet, `below`, `to`; source, `keep`); `CMR:50% GAB:50% tol=5%` rebalances, in XAF;
//! `CMR:900:500 >MTN_MOMO_CMR@237653456789` pays out (source, `above`, `keep`). Then flags and `key=value`; amounts hold for
//! the currency of every source.

#![allow(clippy::panic, reason = "a scene that cannot be read fails its test")]

use super::scene::wallet;
use crate::model::WalletId;
use crate::money::{Amount, Currency, Percent};
use crate::policy::{
    Approval, Canary, FxReference, Limits, Mode, Payout, Policy, Portion, Rebalance, Rule, Source, Sweep, TopUp,
    TopUpSource,
};
use crate::slot::{Schedule, Window};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// The policy that these words say.
pub(super) fn policy(name: &str, words: &[&str]) -> Policy {
    let value = |key: &str| words.iter().filter_map(|word| word.split_once('=')).find(|(it, _)| *it == key);
    let value = |key| value(key).map(|(_, value)| value);
    let holidays = value("holiday").map(|date| date.parse().unwrap()).into_iter().collect::<BTreeSet<_>>();
    let cron = value("cron").map_or("0 18 * * *".to_owned(), |cron| cron.replace('_', " "));
    let window = Window {
        from: value("from").map(|date| date.parse().unwrap()),
        until: value("until").map(|date| date.parse().unwrap()),
        // `16.30`: a colon would make it a source.
        not_after: value("after").map(|time| time.replace('.', ":").parse().unwrap()),
    };
    let schedule = Schedule::new(&cron, chrono_tz::Africa::Douala, holidays).unwrap().with_window(window);
    let mut policy = Policy::bare(name, schedule, rule(words));
    let currencies: BTreeSet<Currency> = policy.lanes().iter().map(|lane| lane.from.currency).collect();
    let each = |amount: &str| currencies.iter().map(|currency| (*currency, amount.parse().unwrap())).collect();
    for word in words {
        match (*word, word.split_once('=')) {
            ("shadow", _) => policy.mode = Mode::Shadow,
            ("off", _) => policy.enabled = false,
            ("fx", _) => policy.fx.allow = true,
            (_, Some(("share", share))) => portion(&mut policy, Portion::Fraction(share.parse().unwrap())),
            (_, Some(("fixed", amount))) => portion(&mut policy, Portion::Fixed(each(amount))),
            (_, Some(("prio", number))) => policy.priority = number.parse().unwrap(),
            (_, Some(("catch", minutes))) => policy.catch_up = TimeDelta::minutes(minutes.parse().unwrap()),
            (_, Some(("spread", percent))) => policy.fx.max_spread = Some(percent.parse().unwrap()),
            (_, Some(("ref", reference))) => policy.fx.reference = Some(self::reference(reference)),
            (_, Some(("approve", amount))) => {
                policy.approval = Some(Approval { above: each(amount), approvers: 1, from: vec![], within: None });
            }
            (_, Some(("canary", bounds))) => {
                let (share, most) = bounds.split_once(':').map_or((bounds, None), |(share, most)| (share, Some(most)));
                let max = most.map(&each).unwrap_or_default();
                policy.canary = Some(Canary { share: share.parse().unwrap(), max });
                policy.mode = Mode::Canary;
            }
            (_, Some(("closed", rest))) => {
                let (country, date) = rest.split_once('@').unwrap();
                policy.closed.entry(country.parse().unwrap()).or_default().insert(date.parse().unwrap());
            }
            (_, Some(("from" | "until" | "after" | "holiday" | "cron" | "tol" | "base", _)) | None) => {}
            (_, Some((key, amount))) => *limit(&mut policy.limits, key) = each(amount),
        }
    }
    policy
}

fn rule(words: &[&str]) -> Rule {
    let (mut sources, mut fills, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let (mut into, mut filled, mut payee) = (None, None, None);
    for word in words {
        let figures: Vec<&str> = word.split(':').collect();
        match figures.as_slice() {
            [first, below, to] if first.starts_with('^') => {
                filled = Some((wallet(&first[1..]), amount(below), amount(to)));
            }
            [source, above, keep] if !word.contains('=') => {
                sources.push(Source { wallet: wallet(source), above: amount(above), keep: amount(keep) });
            }
            [name, share] if share.ends_with('%') && !name.contains('=') => {
                weights.push((wallet(name), share.parse().unwrap()));
            }
            [source, keep] if !word.contains('=') => {
                fills.push(TopUpSource { wallet: wallet(source), keep: amount(keep) });
            }
            [name] if name.starts_with('>') && name.contains('@') => {
                payee = Some(name[1..].replace('@', ":").parse().unwrap());
            }
            [name] if name.starts_with('>') => into = Some(wallet(&name[1..])),
            _ => {}
        }
    }
    if let (Some(to), [source]) = (payee, sources.as_slice()) {
        return Rule::Payout(Payout { source: source.clone(), to, name: None });
    }
    match (into, filled) {
        (Some(into), None) => Rule::Sweep(Sweep { sources, into, portion: Portion::Surplus }),
        (None, Some((wallet, below, to))) => Rule::TopUp(TopUp { wallet, below, to, sources: fills }),
        (None, None) => Rule::Rebalance(rebalance(words, weights)),
        both => panic!("a policy does one thing: {both:?}"),
    }
}

fn rebalance(words: &[&str], weights: Vec<(WalletId, Percent)>) -> Rebalance {
    let value = |key| words.iter().find_map(|word| word.strip_prefix(key));
    let tolerance = value("tol=").unwrap().parse().unwrap();
    Rebalance { weights, tolerance, base: value("base=").map_or(Currency::XAF, |base| base.parse().unwrap()) }
}

fn portion(policy: &mut Policy, portion: Portion) {
    let Rule::Sweep(sweep) = &mut policy.rule else { panic!("only a sweep sends a share") };
    sweep.portion = portion;
}

/// `peg`, `last` or `XAF/XOF:1.01`.
fn reference(word: &str) -> FxReference {
    match word.split_once(':') {
        Some((pair, rate)) => {
            let (from, to) = pair.split_once('/').unwrap();
            FxReference::Fixed([((from.parse().unwrap(), to.parse().unwrap()), rate.parse().unwrap())].into())
        }
        None if word == "peg" => FxReference::Peg,
        None => FxReference::Last,
    }
}

fn limit<'l>(limits: &'l mut Limits, key: &str) -> &'l mut BTreeMap<Currency, Amount> {
    match key {
        "min" => &mut limits.min_transfer,
        "max" => &mut limits.max_transfer,
        "slot" => &mut limits.max_per_slot,
        "day" => &mut limits.max_per_day,
        "round" => &mut limits.round_down_to,
        other => panic!("no such limit: {other}"),
    }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}
