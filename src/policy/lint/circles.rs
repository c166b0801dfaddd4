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
    /// The policy's number among all.
    number: usize,
    /// Which weights it moves to, where it rebalances; the same number for the same weights.
    goal: Option<usize>,
    /// The trigger and the level, where the lane tops its destination up.
    fills: Option<(Amount, Amount)>,
    /// What it leaves in its source.
    floor: Amount,
    /// Over which balance of its source it moves, where that is more than the floor.
    above: Option<Amount>,
}

impl<'s, 'd> Way<'s, 'd> {
    fn of(
        (number, subject, goal): (usize, &'s Subject<'d>, Option<usize>),
        (lane, place): (Lane, Place),
        reserves: &Reserves<'_>,
    ) -> Self {
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
        Self { lane, place, subject, number, goal, fills, floor, above }
    }

    /// Whether what this lane brings may go on over the other. Lanes of one rebalance, or of two with the same goal, do
    /// not undo each other.
    fn wakes(&self, next: &Self) -> bool {
        if self.lane.to != next.lane.from || (self.goal.is_some() && self.goal == next.goal) {
            return false;
        }
        self.subject.may_meet(next.subject)
            && self.fills.is_none_or(|(below, to)| next.floor < below || next.above.is_some_and(|above| to > above))
    }
}

/// Numbers for the weights of rebalances, the same for the same weights in whatever order.
fn goals(subjects: &[&Subject<'_>]) -> Vec<Option<usize>> {
    let mut known: BTreeMap<BTreeMap<WalletId, Percent>, usize> = BTreeMap::new();
    let mut goal = |subject: &&Subject<'_>| {
        let Rule::Rebalance(rebalance) = &subject.policy.rule else { return None };
        let next = known.len();
        Some(*known.entry(rebalance.weights.iter().copied().collect()).or_insert(next))
    };
    subjects.iter().map(&mut goal).collect()
}

/// Reports each circle at the lane that closes it, in the order of the files.
pub(super) fn find<'d>(report: &mut Report<'d>, subjects: &[&Subject<'d>], reserves: &Reserves<'_>) {
    let ways: Vec<Way<'_, 'd>> = subjects
        .iter()
        .enumerate()
        .zip(goals(subjects))
        .flat_map(|((number, subject), goal)| {
            subject.lanes.iter().map(move |lane| Way::of((number, subject, goal), *lane, reserves))
        })
        .collect();
    let ways = in_circles(ways);
    let leaving = leaving(&ways);
    let mut closed: BTreeSet<(&str, Place)> = BTreeSet::new();
    for (index, closing) in ways.iter().enumerate() {
        if closed.len() == MOST_TOLD {
            break;
        }
        if closed.contains(&(closing.subject.file, closing.place)) {
            continue;
        }
        let Some(back) = way_back(closing, ways.get(..index).unwrap_or_default(), &leaving) else { continue };
        closed.insert((closing.subject.file, closing.place));
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

/// The ways that leave each wallet, by their place in the list, in order.
fn leaving(ways: &[Way<'_, '_>]) -> BTreeMap<WalletId, Vec<usize>> {
    let mut leaving: BTreeMap<WalletId, Vec<usize>> = BTreeMap::new();
    for (index, way) in ways.iter().enumerate() {
        leaving.entry(way.lane.from).or_default().push(index);
    }
    leaving
}

/// Only the ways that others lead to for ever, and that lead to others for ever: what is left of a set without circles
/// is nothing.
fn in_circles<'s, 'd>(ways: Vec<Way<'s, 'd>>) -> Vec<Way<'s, 'd>> {
    let ports = Ports::of(&ways);
    let led_to = ports.for_ever(Ports::back, Ports::onward);
    let leads = ports.for_ever(Ports::onward, Ports::back);
    let stays = |port: usize| led_to.get(port) == Some(&true) && leads.get(port) == Some(&true);
    let is_in: Vec<bool> =
        ports.ends.iter().map(|(taken, brought)| stays(*taken) && brought.is_some_and(stays)).collect();
    ways.into_iter().zip(is_in).filter(|(_, is_in)| *is_in).map(|(way, _)| way).collect()
}

/// Where a policy brings money to a wallet, or takes it from there, numbered. It does so over all of its lanes there
/// alike, so policies are compared at each wallet once and not lane by lane.
struct Ports<'w, 's, 'd> {
    list: Vec<Port<'w, 's, 'd>>,
    /// Of each way: where it takes, and where it brings.
    ends: Vec<(usize, Option<usize>)>,
    /// Those that bring to each wallet, and those that take from it.
    at: BTreeMap<WalletId, (Vec<usize>, Vec<usize>)>,
}

struct Port<'w, 's, 'd> {
    wallet: WalletId,
    brings: bool,
    /// One of its lanes, for all.
    way: &'w Way<'s, 'd>,
    /// The other ends of its lanes.
    others: Vec<usize>,
}

impl<'w, 's, 'd> Ports<'w, 's, 'd> {
    fn of(ways: &'w [Way<'s, 'd>]) -> Self {
        let mut ports = Self { list: Vec::new(), ends: Vec::new(), at: BTreeMap::new() };
        let mut numbers: BTreeMap<(usize, WalletId, bool), usize> = BTreeMap::new();
        for way in ways {
            let mut number = |wallet, brings| {
                *numbers.entry((way.number, wallet, brings)).or_insert_with(|| ports.add(wallet, brings, way))
            };
            let (taken, brought) = (number(way.lane.from, false), way.lane.to.wallet().map(|to| number(to, true)));
            ports.ends.push((taken, brought));
            for (one, other) in brought.into_iter().flat_map(|brought| [(taken, brought), (brought, taken)]) {
                if let Some(port) = ports.list.get_mut(one) {
                    port.others.push(other);
                }
            }
        }
        ports
    }

    fn add(&mut self, wallet: WalletId, brings: bool, way: &'w Way<'s, 'd>) -> usize {
        let number = self.list.len();
        self.list.push(Port { wallet, brings, way, others: Vec::new() });
        let (bring, take) = self.at.entry(wallet).or_default();
        let ports = if brings { bring } else { take };
        ports.push(number);
        number
    }

    /// Where money goes from here.
    fn onward(&self, port: &Port<'w, 's, 'd>) -> Vec<usize> {
        let Some((_, take)) = self.at.get(&port.wallet).filter(|_| port.brings) else { return port.others.clone() };
        take.iter().copied().filter(|it| self.list.get(*it).is_some_and(|next| port.way.wakes(next.way))).collect()
    }

    /// Where money comes from to here.
    fn back(&self, port: &Port<'w, 's, 'd>) -> Vec<usize> {
        let Some((bring, _)) = self.at.get(&port.wallet).filter(|_| !port.brings) else { return port.others.clone() };
        bring.iter().copied().filter(|it| self.list.get(*it).is_some_and(|one| one.way.wakes(port.way))).collect()
    }

    /// Which have a neighbour that has one, and so on without end: the others are taken away one after the other. `of`
    /// says whose neighbour a port is.
    fn for_ever(&self, neighbours: Neighbours<'w, 's, 'd>, of: Neighbours<'w, 's, 'd>) -> Vec<bool> {
        let mut left: Vec<usize> = self.list.iter().map(|port| neighbours(self, port).len()).collect();
        let mut stays = vec![true; left.len()];
        let mut ended: Vec<usize> = (0..left.len()).filter(|index| left.get(*index) == Some(&0)).collect();
        while let Some(index) = ended.pop() {
            let (Some(stays), Some(port)) = (stays.get_mut(index), self.list.get(index)) else { continue };
            *stays = false;
            for other in of(self, port) {
                let Some(count) = left.get_mut(other) else { continue };
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ended.push(other);
                }
            }
        }
        stays
    }
}

type Neighbours<'w, 's, 'd> = fn(&Ports<'w, 's, 'd>, &Port<'w, 's, 'd>) -> Vec<usize>;

/// The shortest way from where a lane ends to where it begins, over the ways before it; breadth first.
fn way_back<'w, 's, 'd>(
    closing: &Way<'s, 'd>,
    before: &'w [Way<'s, 'd>],
    leaving: &BTreeMap<WalletId, Vec<usize>>,
) -> Option<Vec<&'w Way<'s, 'd>>> {
    let after = |way: &Way<'s, 'd>| -> Vec<usize> {
        let onward = way.lane.to.wallet().and_then(|wallet| leaving.get(&wallet)).into_iter().flatten().copied();
        onward
            .take_while(|index| *index < before.len())
            .filter(|index| before.get(*index).is_some_and(|next| way.wakes(next)))
            .collect()
    };
    let mut came_from: BTreeMap<usize, Option<usize>> = BTreeMap::new();
    let mut queue: Vec<usize> = after(closing);
    came_from.extend(queue.iter().map(|index| (*index, None)));
    let mut next = 0;
    while let Some((at, way)) = queue.get(next).and_then(|index| Some((*index, before.get(*index)?))) {
        next += 1;
        if way.wakes(closing) {
            let steps = std::iter::successors(Some(at), |index| came_from.get(index).copied().flatten());
            let mut back: Vec<&Way<'s, 'd>> = steps.filter_map(|index| before.get(index)).collect();
            back.reverse();
            return Some(back);
        }
        for index in after(way) {
            if let std::collections::btree_map::Entry::Vacant(new) = came_from.entry(index) {
                new.insert(Some(at));
                queue.push(index);
            }
        }
    }
    None
}
