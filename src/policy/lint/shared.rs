//! Two policies after the same lane, or after the money of the same wallet: who goes first.
//!
//! A shadow policy beside a live one is how a rule is tried, so only policies that send are compared with each other,
//! and only shadows with shadows. Where different priorities are written, it is said who goes first for the money of a
//! wallet, and there is nothing to find.

use super::shadows::Shadows;
use super::{Report, Subject};
use crate::model::{Lane, WalletId};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn find<'d>(report: &mut Report<'d>, subjects: &[&Subject<'d>], shadows: &Shadows<'d>) {
    let mut by_lane: BTreeMap<(Lane, bool), Vec<Numbered<'_, 'd>>> = BTreeMap::new();
    let mut by_wallet: BTreeMap<(WalletId, bool), Vec<Numbered<'_, 'd>>> = BTreeMap::new();
    // For each wallet and policy the last later one that has a lane from there in common with it.
    let mut in_common: BTreeMap<WalletId, Vec<Option<usize>>> = BTreeMap::new();
    for (number, &subject) in subjects.iter().enumerate() {
        let sends = subject.policy.mode.sends();
        for (lane, place) in subject.lanes {
            let others = by_lane.entry((*lane, sends)).or_default();
            let common = in_common.entry(lane.from).or_insert_with(|| vec![None; subjects.len()]);
            for (other, _) in &*others {
                if let Some(last) = common.get_mut(*other) {
                    *last = Some(number);
                }
            }
            if let Some((_, other)) = others.iter().find(|(_, other)| other.may_meet(subject))
                && !shadows.contains(other, subject)
            {
                let name = &other.policy.name;
                let message = format!("{lane} belongs to the policy `{name}` too");
                let first = first_of(subject, other);
                let hint = format!(
                    "a lane moves at most once a slot: at a common slot `{first}` has it, and the other only where \
                     `{first}` moves nothing"
                );
                report.warning(subject, *place, "lane-shared", message, hint);
            }
            others.push((number, subject));
        }
        let mut seen = BTreeSet::new();
        for (lane, place) in subject.lanes.iter().filter(|(lane, _)| seen.insert(lane.from)) {
            let others = by_wallet.entry((lane.from, sends)).or_default();
            let common = in_common.get(&lane.from);
            let rival = |(index, other): &&Numbered<'_, 'd>| {
                other.policy.priority == subject.policy.priority
                    && common.and_then(|last| last.get(*index).copied().flatten()) != Some(number)
                    && other.may_meet(subject)
            };
            if let Some((_, other)) = others.iter().find(rival) {
                let (name, priority) = (&other.policy.name, subject.policy.priority);
                let message =
                    format!("{} pays for the policy `{name}` too, and both have the priority {priority}", lane.from);
                let first = first_of(subject, other);
                let hint = format!(
                    "at a common slot `{first}` goes first, by its name alone; give the one that matters more a lower \
                     `priority`"
                );
                report.warning(subject, *place, "money-shared", message, hint);
            }
            others.push((number, subject));
        }
    }
}

/// A policy and its number among all.
type Numbered<'s, 'd> = (usize, &'s Subject<'d>);

fn first_of<'n>(one: &'n Subject<'_>, other: &'n Subject<'_>) -> &'n str {
    if one.policy.rank() < other.policy.rank() { &one.policy.name } else { &other.policy.name }
}
