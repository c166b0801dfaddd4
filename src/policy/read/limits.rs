//! `limits`: amounts expanded over the currencies of the policy's sources, and bounds that would move nothing at all.

use super::walk::{Field, Fields};
use crate::model::Lane;
use crate::money::{Amount, Currency, Money};
use crate::policy::Limits;
use crate::policy::findings::{Findings, Place};
use crate::policy::keys::LIMITS;
use std::collections::{BTreeMap, BTreeSet};

/// KPay's smallest transfer, in the source's currency (kpay-api: amounts, limits, fees).
const SMALLEST_TRANSFER: i64 = 100;
/// KPay's largest transfer, in the source's currency.
const LARGEST_TRANSFER: i64 = 10_000_000;

/// One bound, with its place.
#[derive(Debug, Default)]
struct Bound {
    name: &'static str,
    place: Place,
    by_currency: BTreeMap<Currency, Amount>,
}

pub fn read(findings: &mut Findings, field: Field<'_>, lanes: &[(Lane, Place)]) -> Limits {
    let Some(fields) = findings.fields(field.node, &LIMITS) else { return Limits::default() };
    let currencies: BTreeSet<Currency> = lanes.iter().map(|(lane, _)| lane.from.currency).collect();
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
    for max in [&max_per_slot, &max_per_day] {
        refuse_over(findings, &min_transfer, max, "min-over-max");
    }
    check_step(findings, &round_down_to);
    warn_over_largest(findings, &max_transfer);
    Limits {
        min_transfer: min_transfer.by_currency,
        max_transfer: max_transfer.by_currency,
        max_per_slot: max_per_slot.by_currency,
        max_per_day: max_per_day.by_currency,
        round_down_to: round_down_to.by_currency,
    }
}

fn bound(findings: &mut Findings, fields: &Fields<'_>, name: &'static str, currencies: &BTreeSet<Currency>) -> Bound {
    let mut bound = Bound { name, ..Bound::default() };
    let Some(field) = fields.get(name) else { return bound };
    let Some(written) = findings.amount(field.node, &format!("`{name}`")) else { return bound };
    bound.place = written.place;
    let given = written.amount.currency;
    if let Some(given) = given.filter(|_| !currencies.is_empty())
        && !is_shared(findings, given, currencies, written.place)
    {
        return bound;
    }
    for currency in currencies {
        let money = Money { amount: written.amount.amount, currency: *currency };
        if let Some(money) = findings.sendable(money, written.place) {
            bound.by_currency.insert(money.currency, money.amount);
        }
    }
    bound
}

/// An amount with a currency bounds a policy whose sources all hold that currency.
fn is_shared(findings: &mut Findings, given: Currency, currencies: &BTreeSet<Currency>, place: Place) -> bool {
    let held = currencies.iter().map(Currency::code).collect::<Vec<_>>().join(", ");
    if !currencies.contains(&given) {
        let message = format!("the limit is in {given}, but the sources of this policy hold {held}");
        findings.error(place, "wrong-currency", message, "limits are counted in the sources' currency");
        return false;
    }
    if currencies.len() > 1 {
        let message = format!("the limit is in {given}, but the sources of this policy hold {held}");
        let hint = "leave the currency out (it then holds for each of them in its own), or write one policy a currency";
        findings.error(place, "mixed-currencies", message, hint);
        return false;
    }
    true
}

fn refuse_below_smallest(findings: &mut Findings, bound: &Bound) {
    let smallest = Amount::whole(SMALLEST_TRANSFER);
    for (currency, amount) in bound.by_currency.iter().filter(|(_, amount)| **amount < smallest) {
        let message = format!(
            "`{}` of {} {currency} is below KPay's smallest transfer, so nothing could ever move",
            bound.name,
            amount.grouped()
        );
        let hint = format!("write at least {SMALLEST_TRANSFER}; `enabled: false` switches the policy off");
        findings.error_once(bound.place, "limit-too-small", message, hint);
    }
}

/// `low` must not be over `high`, or nothing could ever move.
fn refuse_over(findings: &mut Findings, low: &Bound, high: &Bound, code: &'static str) {
    for (currency, amount) in &low.by_currency {
        let Some(most) = high.by_currency.get(currency).filter(|most| amount > *most) else { continue };
        let (amount, most) = (amount.grouped(), most.grouped());
        let message = format!(
            "`{}` of {amount} {currency} is over `{}` of {most} {currency}, so nothing could ever move",
            low.name, high.name
        );
        findings.error_once(low.place, code, message, format!("lower `{}` or raise `{}`", low.name, high.name));
    }
}

fn check_step(findings: &mut Findings, step: &Bound) {
    let largest = Amount::whole(LARGEST_TRANSFER);
    for (currency, amount) in &step.by_currency {
        if !amount.is_positive() {
            let message = "`round_down_to` of 0 rounds every amount down to nothing";
            findings.error_once(
                step.place,
                "limit-too-small",
                message,
                "write a step such as 1_000, or take the key out",
            );
        } else if *amount > largest {
            let message = format!(
                "`round_down_to` of {} {currency} is over KPay's largest transfer, so nothing could ever move",
                amount.grouped()
            );
            findings.error_once(step.place, "round-over-max", message, "write a step of at most 10_000_000");
        }
    }
}

fn warn_over_largest(findings: &mut Findings, max: &Bound) {
    let largest = Amount::whole(LARGEST_TRANSFER);
    for (currency, amount) in max.by_currency.iter().filter(|(_, amount)| **amount > largest) {
        let message = format!(
            "`max_transfer` of {} {currency} is over KPay's own largest transfer of {}",
            amount.grouped(),
            largest.grouped()
        );
        findings.warning(max.place, "max-transfer-over-kpay", message, "it has no effect; write at most 10_000_000");
    }
}
