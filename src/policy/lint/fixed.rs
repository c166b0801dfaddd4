//! A fixed amount moves as a whole or not at all, so everything that would cut it keeps it from ever moving.

use super::{Report, Subject, money};
use crate::money::{Amount, Currency};
use crate::policy::{Limits, Portion, Rule};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// KPay's smallest and largest transfer, in the source's currency.
const BOUNDS: (i64, i64) = (100, 10_000_000);
/// The most transfers of a lane in a slot.
const MOST_PARTS: i64 = 99;

pub(super) fn check<'d>(report: &mut Report<'d>, subject: &Subject<'d>) {
    let Rule::Sweep(sweep) = &subject.policy.rule else { return };
    let Portion::Fixed(amounts) = &sweep.portion else { return };
    let limits = &subject.policy.limits;
    for (currency, fixed) in amounts {
        let bound = |amounts: &BTreeMap<Currency, Amount>| amounts.get(currency).copied();
        if let Some(least) = bound(&limits.min_transfer).filter(|least| least > fixed) {
            let (least, fixed) = (money(least, *currency), money(*fixed, *currency));
            let message = format!("`min_transfer` of {least} is over `fixed` of {fixed}, so nothing could ever move");
            let at = subject.places.key("limits.min_transfer");
            report.error(subject, at, "min-over-max", message, "lower `min_transfer` or raise `fixed`");
        }
        if let Some((why, hint)) = never_fits(limits, *currency, *fixed) {
            let shown = money(*fixed, *currency);
            let message = format!("`fixed` of {shown} moves as a whole or not at all, and {why}");
            report.error(subject, subject.places.key("sweep.fixed"), "fixed-never-fits", message, hint);
        }
    }
}

/// Why an amount can never move as a whole, and what to do.
fn never_fits(limits: &Limits, currency: Currency, fixed: Amount) -> Option<(String, &'static str)> {
    let bound = |amounts: &BTreeMap<Currency, Amount>| amounts.get(&currency).copied();
    for (name, most) in [("max_per_slot", bound(&limits.max_per_slot)), ("max_per_day", bound(&limits.max_per_day))] {
        if let Some(most) = most.filter(|most| *most < fixed) {
            return Some((format!("`{name}` is {}", money(most, currency)), "raise the limit, or lower `fixed`"));
        }
    }
    let step = bound(&limits.round_down_to);
    if let Some(step) = step.filter(|step| fixed.round_down_to(*step).is_ok_and(|rounded| rounded != fixed)) {
        let why = format!("it is no multiple of the {} of `round_down_to`", money(step, currency));
        return Some((why, "write a multiple, or take `round_down_to` out"));
    }
    let largest = bound(&limits.max_transfer).unwrap_or_else(|| Amount::whole(BOUNDS.1)).min(Amount::whole(BOUNDS.1));
    let largest = step.map_or(largest, |step| largest.round_down_to(step).unwrap_or(largest));
    if largest < Amount::whole(BOUNDS.0) {
        return None; // nothing of this currency moves, fixed or not
    }
    let shown = money(largest, currency);
    if largest.checked_mul(Decimal::from(MOST_PARTS)).is_ok_and(|most| most < fixed) {
        return Some((
            format!("{MOST_PARTS} transfers of {shown} are the most"),
            "raise `max_transfer`, or lower `fixed`",
        ));
    }
    let rest = largest_rest(fixed, largest)?;
    (rest.is_positive() && rest < Amount::whole(BOUNDS.0)).then(|| {
        let why = format!("in transfers of {shown} it leaves {}, too little for KPay", money(rest, currency));
        (why, "let the last transfer be nothing, or at least 100")
    })
}

/// What is left of an amount after full transfers.
fn largest_rest(fixed: Amount, largest: Amount) -> Option<Amount> {
    fixed.checked_sub(fixed.round_down_to(largest).ok()?).ok()
}
