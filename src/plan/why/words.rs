//! The sentences: a rule as one line, what triggers it, which limits are used, and what would have to be different.

use super::{Change, Moves};
use crate::model::{Lane, Slot, Timestamp, WalletId};
use crate::money::{Amount, Currency, Money};
use crate::plan::{DayKey, Inputs};
use crate::policy::{Policy, Portion, Rule, schedule_in_words};
use chrono::Datelike;
use std::collections::BTreeMap;

/// The policy's rule for one lane.
pub(super) fn rule(policy: &Policy, lane: Lane) -> String {
    let Lane { from, to } = lane;
    let when = format!("{} ({})", schedule_in_words(&policy.schedule), policy.schedule.zone());
    let keep = of(policy.keep(from), from);
    match &policy.rule {
        Rule::Sweep(sweep) => {
            let what = match &sweep.portion {
                Portion::Surplus => format!("what is over {keep}"),
                Portion::Fraction(share) => format!("{share} of what is over {keep}"),
                Portion::Fixed(amounts) => match amounts.get(&from.currency) {
                    Some(amount) => format!("exactly {}", of(*amount, from)),
                    None => "nothing, for want of an amount".to_owned(),
                },
            };
            format!("{from} sends {what} to {to} when it has {}, {when}", trigger(policy, lane))
        }
        Rule::Payout(_) => {
            format!("{from} pays what is over {keep} out to {to} when it has {}, {when}", trigger(policy, lane))
        }
        Rule::TopUp(top_up) => format!(
            "{to} is brought to {} when it has {}, out of what {from} has over {keep}, {when}",
            of(top_up.to, top_up.wallet),
            trigger(policy, lane)
        ),
        Rule::Rebalance(rebalance) => {
            let weight = |wallet| rebalance.weights.iter().find(|(it, _)| *it == wallet).map(|(_, weight)| *weight);
            let share = |wallet: WalletId| match weight(wallet) {
                Some(weight) => format!("{wallet} {weight}"),
                None => wallet.to_string(),
            };
            format!(
                "{} and {} of the whole when {}, {when}",
                share(from),
                to.wallet().map(share).unwrap_or_default(),
                trigger(policy, lane)
            )
        }
    }
}

/// What must hold before anything moves.
pub(super) fn trigger(policy: &Policy, lane: Lane) -> String {
    match &policy.rule {
        Rule::Sweep(sweep) => {
            let source = sweep.sources.iter().find(|source| source.wallet == lane.from);
            source.map_or_else(String::new, |source| format!("more than {}", of(source.above, lane.from)))
        }
        Rule::Payout(payout) => format!("more than {}", of(payout.source.above, lane.from)),
        Rule::TopUp(top_up) => format!("less than {}", of(top_up.below, top_up.wallet)),
        Rule::Rebalance(rebalance) => format!("a share is off by more than {} points", rebalance.tolerance),
    }
}

/// The policy's limits for a lane, and what is used of those that are used up.
pub(super) fn limits(inputs: &Inputs<'_>, policy: &Policy, lane: Lane) -> Vec<String> {
    let (currency, limits) = (lane.from.currency, &policy.limits);
    let set = |name: &str, all: &BTreeMap<Currency, Amount>| {
        all.get(&currency).map(|amount| format!("{name} {}", of(*amount, lane.from)))
    };
    let day = limits.max_per_day.get(&currency).map(|most| {
        // The day of the slot that is up, or else of today.
        let slot = match policy.schedule.latest(inputs.now) {
            crate::slot::Latest::Slot(slot) => slot,
            _ => Slot::at(inputs.now),
        };
        let day = policy.schedule.local_date(slot);
        let key = DayKey { policy: policy.name.clone(), currency, day };
        let used = inputs.standing.day_used.get(&key).copied().unwrap_or(Amount::ZERO);
        format!("max_per_day {}, {} of it used on {day}", of(*most, lane.from), of(used, lane.from))
    });
    [
        set("min_transfer", &limits.min_transfer),
        set("max_transfer", &limits.max_transfer),
        set("round_down_to", &limits.round_down_to),
        set("max_per_slot", &limits.max_per_slot),
        day,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `moves 120 000 XAF on Monday 30 November 18:00 (Africa/Douala) if GAB still holds 370 000 XAF`.
pub(super) fn counterfactual(
    inputs: &Inputs<'_>,
    policy: &Policy,
    lane: Lane,
    change: &Change,
    moved: Moves,
) -> String {
    let when = change.at.map_or_else(|| "now".to_owned(), |at| format!("on {}", local(policy, inputs.now, at)));
    let mut conditions = Vec::new();
    if change.set.enabled == Some(true) {
        conditions.push("`enabled: true` is set".to_owned());
    }
    if let Some(mode) = &change.set.mode {
        conditions.push(format!("`mode: {mode}` is set"));
    }
    if change.set.fx_allow == Some(true) {
        conditions.push("`fx: { allow: true }` is set".to_owned());
    }
    if let Some(priority) = change.set.priority {
        conditions.push(format!("`priority: {priority}` is set"));
    }
    let reference = change.set.reference.iter();
    conditions.extend(reference.map(|(pair, rate)| format!("`fx: {{ reference: {{ {pair}: {rate} }} }}` is set")));
    conditions.extend(change.release.iter().map(|wallet| {
        format!(
            "somebody who may (`treasuryd status` says who) looks into {wallet} and releases it (`treasuryd release \
             {wallet} --by NAME --note TEXT`)"
        )
    }));
    conditions.extend(change.resume.iter().map(|what| match what.as_str() {
        super::change::EVERYTHING => "the pause of everything is ended (`treasuryd resume`)".to_owned(),
        name => format!("its pause is ended (`treasuryd resume {name}`)"),
    }));
    conditions.extend(change.settled.iter().map(|id| format!("{id} is settled by then")));
    conditions.extend(change.rates.iter().map(|(pair, rate)| format!("KPay's {pair} rate is {rate}")));
    for (country, amount) in &change.balances {
        let Some(wallet) = WalletId::of(*country) else { continue };
        conditions.push(balance(inputs, wallet, *amount));
    }
    if change.at.is_some() {
        conditions.extend(unchanged(inputs, policy, lane, change));
    }
    let approval = if moved.needs_approval { ", once it is approved," } else { "" };
    let amount = Money { amount: moved.amount, currency: moved.currency };
    if conditions.is_empty() {
        return format!("moves {amount} {when}{approval} if nothing else changes");
    }
    format!("moves {amount} {when}{approval} if {}", conditions.join(" and "))
}

/// `GAB holds at least 250 001 XAF (20 001 XAF more than now)`.
fn balance(inputs: &Inputs<'_>, wallet: WalletId, wanted: Amount) -> String {
    let Some(present) = inputs.snapshot.available(wallet) else {
        return format!("KPay shows {wallet} with {}", of(wanted, wallet));
    };
    match wanted.checked_sub(present) {
        Ok(more) if more.is_positive() => {
            format!("{wallet} holds {} ({} more than now)", of(wanted, wallet), of(more, wallet))
        }
        Ok(less) => {
            let less = Amount::new(less.decimal().abs());
            format!("{wallet} holds {} ({} less than now)", of(wanted, wallet), of(less, wallet))
        }
        Err(_) => format!("{wallet} holds {}", of(wanted, wallet)),
    }
}

/// What is still as it is now when the time comes: the balances that the lane's amount rests on.
fn unchanged(inputs: &Inputs<'_>, policy: &Policy, lane: Lane, change: &Change) -> Vec<String> {
    let wallets = match &policy.rule {
        Rule::Sweep(_) | Rule::Payout(_) => vec![lane.from],
        Rule::TopUp(_) => lane.wallets().collect(),
        Rule::Rebalance(_) => return vec!["the other balances are what they are now".to_owned()],
    };
    let same = wallets.into_iter().filter(|wallet| !change.balances.contains_key(&wallet.country));
    same.filter_map(|wallet| {
        let held = inputs.snapshot.available(wallet)?;
        let trigger = match &policy.rule {
            Rule::Sweep(sweep) => sweep.sources.iter().find(|source| source.wallet == wallet).map(|it| it.above),
            Rule::Payout(payout) => Some(payout.source.above),
            _ => None,
        };
        Some(match trigger {
            Some(above) => {
                format!("{wallet} still holds its {} (it must be over {})", of(held, wallet), of(above, wallet))
            }
            None => format!("{wallet} still holds its {}", of(held, wallet)),
        })
    })
    .collect()
}

/// `Monday 30 November 18:00 (Africa/Douala)`, with the year where it is another one than now.
fn local(policy: &Policy, now: Timestamp, at: Timestamp) -> String {
    let zone = policy.schedule.zone();
    let (now, at) = (now.with_timezone(&zone), at.with_timezone(&zone));
    let form = if now.year() == at.year() { "%A %-d %B %H:%M" } else { "%A %-d %B %Y %H:%M" };
    format!("{} ({zone})", at.format(form))
}

fn of(amount: Amount, wallet: WalletId) -> Money {
    Money { amount, currency: wallet.currency }
}
