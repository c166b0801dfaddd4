//! A policy's limits before and after, currency by currency.

use super::{Effect, Sheet, currencies, falling, money, rising};
use crate::model::{Kind, largest_of};
use crate::money::{Amount, Currency};
use crate::policy::{Limits, Policy};
use std::collections::BTreeMap;

/// An upper limit: its name, the span it holds for, where it stands.
struct Cap {
    what: &'static str,
    span: &'static str,
    of: fn(&Limits) -> &BTreeMap<Currency, Amount>,
}

const CAPS: [Cap; 3] = [
    Cap { what: "max-transfer", span: "in one transfer", of: |limits| &limits.max_transfer },
    Cap { what: "max-per-slot", span: "a slot", of: |limits| &limits.max_per_slot },
    Cap { what: "max-per-day", span: "a day", of: |limits| &limits.max_per_day },
];

pub(super) fn compare(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    for currency in currencies(old, new) {
        for cap in &CAPS {
            let at = |policy: &Policy| (cap.of)(&policy.limits).get(&currency).copied();
            self::cap(sheet, cap, currency, at(old), at(new));
        }
        let min = |policy: &Policy| policy.limits.min_transfer.get(&currency).copied().unwrap_or(Amount::ZERO);
        if let Some(effect) = falling(min(old), min(new)) {
            let (was, is) = (money(min(old), currency), money(min(new), currency));
            let text = format!("{} moves sums of at least {is} instead of {was}", new.name);
            sheet.tell(effect, "min-transfer", text);
        }
        step(sheet, currency, old, new);
    }
}

/// An upper limit. One over KPay's own largest transfer is none.
fn cap(sheet: &mut Sheet<'_>, cap: &Cap, currency: Currency, old: Option<Amount>, new: Option<Amount>) {
    let largest = largest_of(sheet.policy.rule.kind());
    let has_effect = |most: &Amount| cap.what != "max-transfer" || *most < largest;
    let (old, new) = (old.filter(has_effect), new.filter(has_effect));
    let (verb, moves, span) = match sheet.policy.rule.kind() {
        Kind::Payout if cap.what == "max-transfer" => ("pays", "it pays", "in one payout"),
        Kind::Payout => ("pays", "it pays", cap.span),
        Kind::Transfer => ("moves", "moves", cap.span),
    };
    let name = &sheet.policy.name;
    let of = |amount| money(amount, currency);
    let told = match (old, new) {
        (Some(was), Some(is)) => rising(was, is)
            .map(|effect| (effect, format!("{name} {verb} up to {} {span} instead of {}", of(is), of(was)))),
        (Some(was), None) => Some((
            Effect::Loosens,
            format!("{name} has no limit of its own on what {moves} {span} in {currency}; it was {}", of(was)),
        )),
        (None, Some(is)) => {
            Some((Effect::Tightens, format!("{name} {verb} up to {} {span}; it had no such limit", of(is))))
        }
        (None, None) => None,
    };
    if let Some((effect, text)) = told {
        sheet.tell(effect, cap.what, text);
    }
}

/// The step that amounts are rounded down to. Only a multiple of the old one never lets more through.
fn step(sheet: &mut Sheet<'_>, currency: Currency, old: &Policy, new: &Policy) {
    let unit = Amount::new(rust_decimal::Decimal::new(1, currency.decimals_sent()));
    let at = |policy: &Policy| policy.limits.round_down_to.get(&currency).copied().unwrap_or(unit);
    let (was, is) = (at(old), at(new));
    if was == is {
        return;
    }
    let effect = if is.round_down_to(was) == Ok(is) { Effect::Tightens } else { Effect::Loosens };
    let text = format!("{} rounds down to {} instead of {}", new.name, money(is, currency), money(was, currency));
    sheet.tell(effect, "round-down-to", text);
}
