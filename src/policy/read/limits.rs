//! `limits`: amounts expanded over the currencies of the policy's sources, and bounds that would move nothing at all.

use super::amounts::{Held, LeftOut, bare};
use super::rule::{SMALLEST_TRANSFER, source_currencies};
use super::walk::{Field, Fields};
use crate::model::{Kind, Lane, MOST_PARTS, largest_of};
use crate::money::{Amount, Currency};
use crate::policy::Limits;
use crate::policy::findings::{Findings, Place};
use crate::policy::keys::LIMITS;
use std::collections::{BTreeMap, BTreeSet};

/// One bound, with its places.
#[derive(Debug)]
struct Bound {
    name: &'static str,
    held: BTreeMap<Currency, Held>,
}

pub fn read(findings: &mut Findings, field: Field<'_>, lanes: &[(Lane, Place)]) -> Limits {
    let Some(fields) = findings.fields(field.node, &LIMITS) else { return Limits::default() };
    let currencies = source_currencies(lanes);
    let mut bound = |name| bound(findings, &fields, name, &currencies);
    let min_transfer = bound("min_transfer");
    let max_transfer = bound("max_transfer");
    let max_per_slot = bound("max_per_slot");
    let max_per_day = bound("max_per_day");
    let round_down_to = bound("round_down_to");

    for max in [&max_transfer, &max_per_slot, &max_per_day] {
        refuse_below_smallest(findings, max);
        refuse_over(findings, &round_down_to, max, "round-over-max");
    }
    let kind = lanes.first().map_or(Kind::Transfer, |(lane, _)| lane.kind());
    check_step(findings, &round_down_to, kind);
    warn_over_largest(findings, &max_transfer, kind);
    check_minimum(findings, &min_transfer, &[&max_per_slot, &max_per_day], &max_transfer, &round_down_to, kind);
    Limits {
        min_transfer: bare(&min_transfer.held),
        max_transfer: bare(&max_transfer.held),
        max_per_slot: bare(&max_per_slot.held),
        max_per_day: bare(&max_per_day.held),
        round_down_to: bare(&round_down_to.held),
    }
}

fn bound(findings: &mut Findings, fields: &Fields<'_>, name: &'static str, currencies: &BTreeSet<Currency>) -> Bound {
    let what = format!("`{name}`");
    let amounts = fields.get(name).and_then(|field| findings.amounts(field.node, &what));
    let held = amounts.map(|amounts| findings.spread(&amounts, currencies, &what, LeftOut::Unbounded));
    Bound { name, held: held.unwrap_or_default() }
}

fn refuse_below_smallest(findings: &mut Findings, bound: &Bound) {
    let smallest = Amount::whole(SMALLEST_TRANSFER);
    for (currency, held) in bound.held.iter().filter(|(_, held)| held.amount < smallest) {
        let message = format!(
            "`{}` of {} {currency} is below KPay's smallest transfer, so nothing could ever move",
            bound.name,
            held.amount.grouped()
        );
        let hint = format!("write at least {SMALLEST_TRANSFER}; `enabled: false` switches the policy off");
        findings.error_once(held.place, "limit-too-small", message, hint);
    }
}

/// `low` must not be over `high`, or nothing could ever move.
fn refuse_over(findings: &mut Findings, low: &Bound, high: &Bound, code: &'static str) {
    for (currency, held) in &low.held {
        let Some(most) = high.held.get(currency).filter(|most| held.amount > most.amount) else { continue };
        let (amount, most) = (held.amount.grouped(), most.amount.grouped());
        let message = format!(
            "`{}` of {amount} {currency} is over `{}` of {most} {currency}, so nothing could ever move",
            low.name, high.name
        );
        findings.error_once(held.place, code, message, format!("lower `{}` or raise `{}`", low.name, high.name));
    }
}

fn check_step(findings: &mut Findings, step: &Bound, kind: Kind) {
    let (largest, what) = (largest_of(kind), kind.word());
    for (currency, held) in &step.held {
        if !held.amount.is_positive() {
            let message = "`round_down_to` of 0 rounds every amount down to nothing";
            findings.error_once(
                held.place,
                "limit-too-small",
                message,
                "write a step such as 1_000, or take the key out",
            );
        } else if held.amount > largest {
            let message = format!(
                "`round_down_to` of {} {currency} is over KPay's largest {what}, so nothing could ever move",
                held.amount.grouped()
            );
            let hint = format!("write a step of at most {}", underscored(largest));
            findings.error_once(held.place, "round-over-max", message, hint);
        }
    }
}

fn warn_over_largest(findings: &mut Findings, max: &Bound, kind: Kind) {
    let (largest, what) = (largest_of(kind), kind.word());
    for (currency, held) in max.held.iter().filter(|(_, held)| held.amount > largest) {
        let message = format!(
            "`max_transfer` of {} {currency} is over KPay's own largest {what} of {}",
            held.amount.grouped(),
            largest.grouped()
        );
        let hint = format!("it has no effect; write at most {}", underscored(largest));
        findings.warning(held.place, "max-transfer-over-kpay", message, hint);
    }
}

/// `min_transfer` is of a lane's whole amount in a slot. Over what can ever move, nothing does; over `max_transfer`,
/// whatever moves goes in several parts, which is seldom meant.
fn check_minimum(
    findings: &mut Findings,
    min: &Bound,
    wholes: &[&Bound],
    max_transfer: &Bound,
    step: &Bound,
    kind: Kind,
) {
    for (currency, held) in &min.held {
        let step = step.held.get(currency).map(|step| step.amount).filter(|step| step.is_positive());
        let rounded = |amount: Amount| step.and_then(|step| amount.round_down_to(step).ok()).unwrap_or(amount);
        let shown = |amount: Amount| {
            let exact = format!("{} {currency}", amount.grouped());
            let sent = rounded(amount);
            if sent == amount { exact } else { format!("{exact}, rounded down to {}", sent.grouped()) }
        };
        let minimum = held.amount.grouped();
        let whole = wholes.iter().find_map(|whole| {
            let most = whole.held.get(currency)?.amount;
            (held.amount > rounded(most)).then_some((whole.name, most))
        });
        if let Some((name, most)) = whole {
            let most = shown(most);
            let message = format!(
                "`min_transfer` of {minimum} {currency} is over `{name}` of {most}, so nothing could ever move"
            );
            let hint = format!("lower `min_transfer` or raise `{name}`");
            findings.error_once(held.place, "min-over-max", message, hint);
            continue;
        }
        let written = max_transfer.held.get(currency).map(|max| max.amount);
        let largest = rounded(written.map_or(largest_of(kind), |max| max.min(largest_of(kind))));
        let all = largest.checked_mul(rust_decimal::Decimal::from(MOST_PARTS)).unwrap_or(held.amount);
        if held.amount > all {
            let what = kind.word();
            let message = format!(
                "`min_transfer` of {minimum} {currency} is over the {} {currency} of {MOST_PARTS} {what}s, so nothing \
                 could ever move",
                all.grouped()
            );
            let hint = if largest < largest_of(kind) {
                "lower `min_transfer` or raise `max_transfer`"
            } else {
                "lower `min_transfer`"
            };
            findings.error_once(held.place, "min-over-max", message, hint);
        } else if let Some(most) = written.filter(|most| held.amount > *most) {
            let message = format!(
                "`min_transfer` of {minimum} {currency} is over `max_transfer` of {}: less never moves, and what moves \
                 goes in several transfers",
                shown(most)
            );
            let hint = "`min_transfer` is of a lane's whole amount in a slot; lower it or raise `max_transfer`";
            findings.warning_once(held.place, "min-over-max", message, hint);
        }
    }
}

/// As a policy file groups digits: `10_000_000`.
fn underscored(amount: Amount) -> String {
    amount.grouped().replace(|character: char| !character.is_ascii_digit(), "_")
}
