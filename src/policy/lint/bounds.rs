//! Bounds that leave nothing to move, or that nothing ever reaches.

use super::{Report, Subject, money};
use crate::model::MOST_PARTS;
use crate::money::{Amount, Currency, Percent};
use crate::policy::{Mode, Portion, Rebalance, Rule};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// KPay's smallest transfer, in the source's currency.
const SMALLEST: i64 = 100;

pub(super) fn check<'d>(report: &mut Report<'d>, subject: &Subject<'d>) {
    for currency in subject.currencies() {
        level(report, subject, currency);
        canary(report, subject, currency);
        approval(report, subject, currency);
        unused(report, subject, currency);
    }
    if let Rule::Rebalance(rebalance) = &subject.policy.rule {
        tolerance(report, subject, rebalance);
    }
}

fn of(amounts: &BTreeMap<Currency, Amount>, currency: Currency) -> Option<Amount> {
    amounts.get(&currency).copied()
}

/// The level of a top-up in one currency is the most that it ever moves.
fn level<'d>(report: &mut Report<'d>, subject: &Subject<'d>, currency: Currency) {
    let Rule::TopUp(top_up) = &subject.policy.rule else { return };
    if top_up.wallet.currency != currency {
        return;
    }
    let (to, limits) = (top_up.to, &subject.policy.limits);
    let shown = money(to, currency);
    if to < Amount::whole(SMALLEST) {
        let message = format!("`to` of {shown} is below KPay's smallest transfer, so nothing could ever move");
        let hint = format!("write at least {SMALLEST}; `enabled: false` switches the policy off");
        report.error(subject, subject.places.key("top_up.to"), "limit-too-small", message, hint);
    }
    for (name, bound, code) in [
        ("min_transfer", of(&limits.min_transfer, currency), "min-over-max"),
        ("round_down_to", of(&limits.round_down_to, currency), "round-over-max"),
    ] {
        let Some(bound) = bound.filter(|bound| *bound > to) else { continue };
        let message =
            format!("`{name}` of {} is over `to` of {shown}, so nothing could ever move", money(bound, currency));
        let at = subject.places.key(&format!("limits.{name}"));
        report.error(subject, at, code, message, format!("lower `{name}` or raise `to`"));
    }
}

/// The most that a lane moves in a slot, whatever the balances, and what says so.
fn most(subject: &Subject<'_>, currency: Currency) -> Option<(Amount, &'static str)> {
    let policy = subject.policy;
    let written = match &policy.rule {
        Rule::Sweep(sweep) => match &sweep.portion {
            Portion::Fixed(amounts) => of(amounts, currency).map(|amount| (amount, "fixed")),
            Portion::Surplus | Portion::Fraction(_) => None,
        },
        Rule::TopUp(top_up) => (top_up.wallet.currency == currency).then_some((top_up.to, "to")),
        Rule::Rebalance(_) | Rule::Payout(_) => None,
    };
    let per_slot = of(&policy.limits.max_per_slot, currency).map(|amount| (amount, "max_per_slot"));
    let per_day = of(&policy.limits.max_per_day, currency).map(|amount| (amount, "max_per_day"));
    let in_parts =
        of(&policy.limits.max_transfer, currency).and_then(|amount| amount.checked_mul(Decimal::from(MOST_PARTS)).ok());
    let in_parts = in_parts.map(|amount| (amount, "max_transfer"));
    [written, per_slot, per_day, in_parts].into_iter().flatten().min_by_key(|(amount, _)| *amount)
}

/// A canary so small that even its share of the most that could move is nothing that KPay sends.
fn canary<'d>(report: &mut Report<'d>, subject: &Subject<'d>, currency: Currency) {
    let policy = subject.policy;
    let Some(canary) = policy.canary.as_ref().filter(|_| policy.mode == Mode::Canary) else { return };
    let step = of(&policy.limits.round_down_to, currency).unwrap_or(Amount::ZERO);
    let least = step.max(Amount::whole(SMALLEST));
    let needs = if step > Amount::whole(SMALLEST) {
        format!("the {} of `round_down_to`", money(step, currency))
    } else {
        format!("KPay's smallest transfer of {}", money(least, currency))
    };
    let max = of(&canary.max, currency);
    if max.is_some_and(|max| max < Amount::whole(SMALLEST)) {
        return; // told where it stands
    }
    if let Some(max) = max.filter(|max| *max < least) {
        let message = format!("`max` of {} is less than {needs}, so nothing could ever move", money(max, currency));
        let hint = "raise `max`, or lower `round_down_to`";
        report.error(subject, subject.places.key("canary.max"), "canary-too-small", message, hint);
        return;
    }
    let share = |most: Amount| canary.share.factor().ok().and_then(|factor| most.checked_mul(factor).ok());
    if let Some((most, name)) = most(subject, currency)
        && let Some(moved) = share(most).filter(|moved| *moved < least)
    {
        let (share, most) = (canary.share, money(most, currency));
        let moved = money(moved.normalized(), currency);
        let message =
            format!("{share} of the {most} of `{name}` is {moved}, less than {needs}, so nothing could ever move");
        report.error(subject, subject.places.key("canary.share"), "canary-too-small", message, "raise `share`");
    }
}

/// An approval that no amount ever needs guards nothing.
fn approval<'d>(report: &mut Report<'d>, subject: &Subject<'d>, currency: Currency) {
    let Some(above) = subject.policy.approval.as_ref().and_then(|it| of(&it.above, currency)) else { return };
    let Some((most, name)) = most(subject, currency).filter(|(most, _)| *most <= above) else { return };
    let message = format!(
        "nobody is ever asked: `approval` begins above {}, and `{name}` lets a lane move at most {}",
        money(above, currency),
        money(most, currency)
    );
    let hint = format!("lower `above` under `{name}`, or take the approval out");
    report.warning(subject, subject.places.key("approval.above"), "approval-unused", message, hint);
}

/// Limits that a smaller one makes pointless.
fn unused<'d>(report: &mut Report<'d>, subject: &Subject<'d>, currency: Currency) {
    let limits = &subject.policy.limits;
    let (per_slot, per_day) = (of(&limits.max_per_slot, currency), of(&limits.max_per_day, currency));
    let largest = of(&limits.max_transfer, currency);
    for (name, wide, other, narrow) in [
        ("max_transfer", largest, "max_per_slot", per_slot),
        ("max_transfer", largest, "max_per_day", per_day),
        ("max_per_slot", per_slot, "max_per_day", per_day),
    ] {
        if let (Some(wide), Some(narrow)) = (wide, narrow)
            && wide > narrow
            && narrow >= Amount::whole(SMALLEST)
        {
            let message = format!(
                "`{name}` of {} has no effect: `{other}` is {}",
                money(wide, currency),
                money(narrow, currency)
            );
            let at = subject.places.key(&format!("limits.{name}"));
            report.warning(
                subject,
                at,
                "limit-unused",
                message,
                format!("lower `{name}`, raise `{other}`, or take it out"),
            );
        }
    }
}

/// A share lies between nothing and all, so it is never off by more than the weight or what is missing of the whole.
fn tolerance<'d>(report: &mut Report<'d>, subject: &Subject<'d>, rebalance: &Rebalance) {
    let hundred = Percent::HUNDRED.percent();
    let reach = |weight: Percent| {
        let weight = weight.percent();
        hundred.checked_sub(weight).map_or(weight, |rest| rest.max(weight))
    };
    let Some(furthest) = rebalance.weights.iter().map(|(_, weight)| reach(*weight)).max() else { return };
    if rebalance.tolerance.percent() < furthest {
        return;
    }
    let message = format!(
        "no share can be off by more than {}%, and `tolerance` is {}, so nothing could ever move",
        furthest.normalize(),
        rebalance.tolerance
    );
    let at = subject.places.key("rebalance.tolerance");
    report.error(subject, at, "tolerance-too-wide", message, "write a few points: tolerance: 5%");
}
