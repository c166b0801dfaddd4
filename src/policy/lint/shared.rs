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
    let mut by_lane: BTreeMap<(Lane, bool), Vec<&Subject<'d>>> = BTreeMap::new();
    let mut by_wallet: BTreeMap<(WalletId, bool), Vec<&Subject<'d>>> = BTreeMap::new();
    for &subject in subjects {
        let sends = subject.policy.mode.sends();
        let mut shared: BTreeSet<(WalletId, &str)> = BTreeSet::new();
        for (lane, place) in subject.lanes {
            let others = by_lane.entry((*lane, sends)).or_default();
            for other in others.iter().filter(|other| other.may_meet(subject)) {
                shared.insert((lane.from, &other.policy.name));
            }
            if let Some(other) = others.iter().find(|other| other.may_meet(subject))
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
            others.push(subject);
        }
        let mut seen = BTreeSet::new();
        for (lane, place) in subject.lanes.iter().filter(|(lane, _)| seen.insert(lane.from)) {
            let others = by_wallet.entry((lane.from, sends)).or_default();
            let rival = |other: &&&Subject<'d>| {
                other.policy.priority == subject.policy.priority
                    && other.may_meet(subject)
                    && !shared.contains(&(lane.from, other.policy.name.as_str()))
            };
            if let Some(other) = others.iter().find(rival) {
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
            others.push(subject);
        }
    }
}

fn first_of<'n>(one: &'n Subject<'_>, other: &'n Subject<'_>) -> &'n str {
    if one.rank() < other.rank() { &one.policy.name } else { &other.policy.name }
}
