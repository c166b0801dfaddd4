//! Which new policy continues which old one: by name, and, since a new name must be no way round, by lane.

use crate::model::Lane;
use crate::policy::{Policy, PolicySet};
use std::collections::BTreeSet;

/// The policies of two sets, matched.
pub(super) struct Pairs<'a> {
    /// Every new policy, in order, with the old one that it continues.
    pub(super) kept: Vec<(&'a Policy, Option<&'a Policy>)>,
    /// Old policies that nothing continues.
    pub(super) gone: Vec<&'a Policy>,
}

/// Matches each old policy with at most one new one: the same name first where they share a lane, then whatever shares
/// the most lanes, then the same name alone.
pub(super) fn of<'a>(old: &'a PolicySet, new: &'a PolicySet) -> Pairs<'a> {
    let mut left: Vec<&Policy> = old.policies.iter().collect();
    let mut kept: Vec<(&Policy, Option<&Policy>)> = new.policies.iter().map(|policy| (policy, None)).collect();
    let rounds: [fn(&Policy, &Policy) -> usize; 3] = [
        |old, new| if old.name == new.name { shared(old, new) } else { 0 },
        shared,
        |old, new| usize::from(old.name == new.name),
    ];
    for likeness in rounds {
        for (policy, before) in kept.iter_mut().filter(|(_, before)| before.is_none()) {
            let best = (0..left.len()).max_by_key(|index| (likeness(left[*index], policy), usize::MAX - index));
            if let Some(index) = best.filter(|index| likeness(left[*index], policy) > 0) {
                *before = Some(left.remove(index));
            }
        }
    }
    Pairs { kept, gone: left }
}

fn shared(old: &Policy, new: &Policy) -> usize {
    let before: BTreeSet<Lane> = old.lanes().into_iter().collect();
    new.lanes().iter().filter(|lane| before.contains(lane)).count()
}
