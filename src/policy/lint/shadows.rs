//! A policy that another always shadows: at each of its slots an earlier one takes every lane that it would move over.
//!
//! Only what is certain: a schedule with every slot of the later one, rules of the same kind that the earlier one answers at
//! least as early and as fully, and no bound by which the earlier one could stand back where the later would not. A warning, because pausing
//! the earlier policy lets the later one through.

use super::{Report, Subject};
use crate::model::{Lane, WalletId};
use crate::money::Percent;
use crate::policy::{Limits, Policy, Portion, Rebalance, Rule, Source, Sweep, TopUp};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of names: who shadows whom.
pub(super) struct Shadows<'d>(BTreeSet<(&'d str, &'d str)>);

impl Shadows<'_> {
    /// Whether one of the two shadows the other.
    pub(super) fn contains(&self, one: &Subject<'_>, other: &Subject<'_>) -> bool {
        let (one, other) = (one.policy.name.as_str(), other.policy.name.as_str());
        self.0.contains(&(one, other)) || self.0.contains(&(other, one))
    }
}

pub(super) fn find<'d>(report: &mut Report<'d>, subjects: &[&Subject<'d>]) -> Shadows<'d> {
    let mut in_order = subjects.to_vec();
    in_order.sort_by(|left, right| left.policy.rank().cmp(&right.policy.rank()));
    let mut earlier: BTreeMap<Lane, Vec<&Subject<'d>>> = BTreeMap::new();
    let mut shadows = Shadows(BTreeSet::new());
    for subject in in_order {
        let rivals = subject.lanes.first().and_then(|(lane, _)| earlier.get(lane));
        if let Some(other) = rivals.into_iter().flatten().find(|other| shadowed(other.policy, subject.policy)) {
            let name = &other.policy.name;
            let message =
                format!("`{}` never gets a lane: `{name}` goes first and takes all of them", subject.policy.name);
            let hint = format!("take one of the two out, give them other hours, or let this one go before `{name}`");
            report.warning(subject, subject.name_at, "shadowed", message, hint);
            shadows.0.insert((name, &subject.policy.name));
        }
        for (lane, _) in subject.lanes {
            earlier.entry(*lane).or_default().push(subject);
        }
    }
    shadows
}

/// Whether `first` moves over a lane whenever `later`, which comes after it, would.
fn shadowed(first: &Policy, later: &Policy) -> bool {
    same_slots(first, later)
        && first.mode.sends() == later.mode.sends()
        && first.canary.is_none()
        && never_stands_back(first, later)
        && match (&first.rule, &later.rule) {
            (Rule::Sweep(first), Rule::Sweep(later)) => sweeps_all(first, later),
            (Rule::TopUp(first), Rule::TopUp(later)) => fills_all(first, later),
            (Rule::Payout(first), Rule::Payout(later)) => {
                first.to == later.to
                    && first.source.wallet == later.source.wallet
                    && is_as_early(&first.source, &later.source)
            }
            (Rule::Rebalance(first), Rule::Rebalance(later)) => levels_all(first, later),
            _ => false,
        }
}

/// Whether the first has every slot of the later.
fn same_slots(first: &Policy, later: &Policy) -> bool {
    let (one, other) = (&first.schedule, &later.schedule);
    let (narrow, wide) = (other.window(), one.window());
    let from_holds = wide.from.is_none_or(|from| narrow.from.is_some_and(|it| it >= from));
    let until_holds = wide.until.is_none_or(|until| narrow.until.is_some_and(|it| it <= until));
    let cut_off_holds = wide.not_after.is_none_or(|time| narrow.not_after.is_some_and(|it| it <= time));
    let rests = |country, dates: &BTreeSet<_>| later.closed.get(country).is_some_and(|it| it.is_superset(dates));
    from_holds
        && until_holds
        && cut_off_holds
        && one.holidays().is_subset(other.holidays())
        && first.closed.iter().all(|(country, dates)| rests(country, dates))
        && first.catch_up >= later.catch_up
        && one.covers(other)
}

/// Whether nothing but the balances keeps the first from moving, or keeps the later as well.
fn never_stands_back(first: &Policy, later: &Policy) -> bool {
    let (one, other): (&Limits, &Limits) = (&first.limits, &later.limits);
    one.max_per_slot.is_empty()
        && one.max_per_day.is_empty()
        && (one.round_down_to.is_empty() || one.round_down_to == other.round_down_to)
        && (one.max_transfer.is_empty() || one.max_transfer == other.max_transfer)
        && one
            .min_transfer
            .iter()
            .all(|(currency, least)| other.min_transfer.get(currency).is_some_and(|it| it >= least))
        && (first.fx.max_spread.is_none() || first.fx == later.fx)
}

fn sweeps_all(first: &Sweep, later: &Sweep) -> bool {
    is_as_much(&first.portion, &later.portion)
        && first.into == later.into
        && later.sources.iter().all(|source| {
            let same = first.sources.iter().find(|it| it.wallet == source.wallet);
            same.is_some_and(|it| is_as_early(it, source))
        })
}

fn is_as_early(first: &Source, later: &Source) -> bool {
    first.above <= later.above && first.keep <= later.keep
}

/// Whether the first portion is something that KPay sends whenever the later one is.
fn is_as_much(first: &Portion, later: &Portion) -> bool {
    match (first, later) {
        (Portion::Surplus, _) => true,
        (Portion::Fraction(first), Portion::Fraction(later)) => first >= later,
        (Portion::Fixed(first), Portion::Fixed(later)) => {
            later.iter().all(|(currency, most)| first.get(currency).is_some_and(|fixed| fixed <= most))
        }
        _ => false,
    }
}

/// The same weights, and at least as early.
fn levels_all(first: &Rebalance, later: &Rebalance) -> bool {
    let weights = |it: &Rebalance| -> BTreeMap<WalletId, Percent> { it.weights.iter().copied().collect() };
    first.base == later.base && first.tolerance <= later.tolerance && weights(first) == weights(later)
}

fn fills_all(first: &TopUp, later: &TopUp) -> bool {
    first.wallet == later.wallet
        && first.below >= later.below
        && first.to >= later.to
        && later.sources.iter().all(|source| {
            let same = first.sources.iter().find(|it| it.wallet == source.wallet);
            same.is_some_and(|it| it.keep <= source.keep)
        })
}
