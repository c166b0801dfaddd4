//! Money that goes round: policies that take back what another one brings.
//!
//! A circle of lanes is harmless where it has a break: a wallet that is filled by a top-up and left by a rule which
//! neither takes it below the top-up's trigger nor starts at the level it is filled to. Then neither of the two ever
//! wakes the other. A rebalance goes both ways by its nature and stops at its weights, so it is no circle by itself; but
//! it is one with another rule that moves money between its wallets.

use super::{Report, Reserves, Subject};
use crate::model::{Lane, WalletId};
use crate::money::{Amount, Percent};
use crate::policy::Rule;
use crate::policy::findings::Place;
use std::collections::{BTreeMap, BTreeSet};

/// More circles than this are not told at once: each is one mistake, and mending one mends others.
const MOST_TOLD: usize = 20;

/// One lane of one policy.
struct Way<'s, 'd> {
    lane: Lane,
    place: Place,
    subject: &'s Subject<'d>,
    /// The trigger and the level, where the lane tops its destination up.
    fills: Option<(Amount, Amount)>,
    /// What it leaves in its source.
    floor: Amount,
    /// Over which balance of its source it moves, where that is more than the floor.
    above: Option<Amount>,
}

impl<'s, 'd> Way<'s, 'd> {
    fn of(subject: &'s Subject<'d>, lane: Lane, place: Place, reserves: &Reserves<'_>) -> Self {
        let fills = match &subject.policy.rule {
            Rule::TopUp(top_up) => Some((top_up.below, top_up.to)),
            Rule::Sweep(_) | Rule::Rebalance(_) | Rule::Payout(_) => None,
        };
        let above = match &subject.policy.rule {
            Rule::Sweep(sweep) => sweep.sources.iter().find(|it| it.wallet == lane.from).map(|it| it.above),
            Rule::Payout(payout) => Some(payout.source.above),
            Rule::TopUp(_) | Rule::Rebalance(_) => None,
        };
        let floor = subject.policy.keep(lane.from).max(reserves.always(lane.from));
        Self { lane, place, subject, fills, floor, above }
    }

    /// Whether what this lane brings may go on over the other.
    fn wakes(&self, next: &Self) -> bool {
        if self.lane.to != next.lane.from || !self.subject.may_meet(next.subject) || same_weights(self, next) {
            return false;
        }
        self.fills.is_none_or(|(below, to)| next.floor < below || next.above.is_some_and(|above| to > above))
    }
}

/// Lanes of one rebalance, or of two with the same goal, do not undo each other.
fn same_weights(one: &Way<'_, '_>, other: &Way<'_, '_>) -> bool {
    let (Rule::Rebalance(left), Rule::Rebalance(right)) = (&one.subject.policy.rule, &other.subject.policy.rule) else {
        return false;
    };
    let weights = |list: &[(WalletId, Percent)]| -> BTreeMap<WalletId, Percent> { list.iter().copied().collect() };
    weights(&left.weights) == weights(&right.weights)
}

/// Reports each circle at the lane that closes it, in the order of the files.
pub(super) fn find<'d>(report: &mut Report<'d>, subjects: &[&Subject<'d>], reserves: &Reserves<'_>) {
    let ways: Vec<Way<'_, 'd>> = subjects
        .iter()
        .flat_map(|subject| subject.lanes.iter().map(|(lane, place)| Way::of(subject, *lane, *place, reserves)))
        .collect();
    let ways = in_circles(ways);
    let mut closed: BTreeSet<(&str, Place)> = BTreeSet::new();
    for (index, closing) in ways.iter().enumerate() {
        let Some(back) = way_back(closing, ways.get(..index).unwrap_or_default()) else { continue };
        if closed.len() == MOST_TOLD || !closed.insert((closing.subject.file, closing.place)) {
            continue;
        }
        let shown: Vec<String> =
            back.iter().map(|way| format!("{} of `{}`", way.lane, way.subject.policy.name)).collect();
        let message = format!("{} closes a circle: {} brings the money back", closing.lane, shown.join(", "));
        let is_sweep = |way: &&Way<'_, '_>| matches!(way.subject.policy.rule, Rule::Sweep(_));
        let hint = if back.iter().copied().chain([closing]).all(|way| is_sweep(&way)) {
            "money would go round and round; take one of the lanes out"
        } else if back.iter().copied().chain([closing]).any(|way| way.fills.is_some()) {
            "money would go back and forth: let what takes from the topped-up wallet keep at least its `below`, and a \
             sweep start at its `to` or higher; or take one of the lanes out"
        } else {
            "money would go back and forth; take a wallet out of `weights`, or one of the lanes"
        };
        report.error(closing.subject, closing.place, "cycle", message, hint);
    }
}

/// Only the ways that others lead to for ever: what is left of a set without circles is nothing.
fn in_circles<'s, 'd>(ways: Vec<Way<'s, 'd>>) -> Vec<Way<'s, 'd>> {
    let mut leaving: BTreeMap<WalletId, Vec<usize>> = BTreeMap::new();
    for (index, way) in ways.iter().enumerate() {
        leaving.entry(way.lane.from).or_default().push(index);
    }
    let next = |way: &Way<'s, 'd>| -> Vec<usize> {
        let onward = way.lane.to.wallet().and_then(|wallet| leaving.get(&wallet)).into_iter().flatten().copied();
        onward.filter(|index| ways.get(*index).is_some_and(|next| way.wakes(next))).collect()
    };
    let mut woken_by = vec![0_usize; ways.len()];
    for index in ways.iter().flat_map(&next) {
        if let Some(count) = woken_by.get_mut(index) {
            *count = count.saturating_add(1);
        }
    }
    let mut is_out = vec![false; ways.len()];
    let mut quiet: Vec<usize> = (0..ways.len()).filter(|index| woken_by.get(*index) == Some(&0)).collect();
    while let Some(index) = quiet.pop() {
        let (Some(way), Some(out)) = (ways.get(index), is_out.get_mut(index)) else { continue };
        *out = true;
        for index in next(way) {
            let Some(count) = woken_by.get_mut(index) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 {
                quiet.push(index);
            }
        }
    }
    ways.into_iter().zip(is_out).filter(|(_, out)| !out).map(|(way, _)| way).collect()
}

/// The shortest way from where a lane ends to where it begins, over the ways before it; breadth first.
fn way_back<'w, 's, 'd>(closing: &Way<'s, 'd>, before: &'w [Way<'s, 'd>]) -> Option<Vec<&'w Way<'s, 'd>>> {
    let mut came_from: BTreeMap<usize, Option<usize>> = BTreeMap::new();
    let mut queue: Vec<usize> = Vec::new();
    for (index, way) in before.iter().enumerate().filter(|(_, way)| closing.wakes(way)) {
        came_from.insert(index, None);
        queue.push(index);
        if way.lane.to == closing.lane.from && way.wakes(closing) {
            return Some(vec![way]);
        }
    }
    let mut next = 0;
    while let Some((at, way)) = queue.get(next).and_then(|index| Some((*index, before.get(*index)?))) {
        next += 1;
        if way.wakes(closing) {
            let steps = std::iter::successors(Some(at), |index| came_from.get(index).copied().flatten());
            let mut back: Vec<&Way<'s, 'd>> = steps.filter_map(|index| before.get(index)).collect();
            back.reverse();
            return Some(back);
        }
        for (index, _) in before.iter().enumerate().filter(|(_, onward)| way.wakes(onward)) {
            if let std::collections::btree_map::Entry::Vacant(new) = came_from.entry(index) {
                new.insert(Some(at));
                queue.push(index);
            }
        }
    }
    None
}
