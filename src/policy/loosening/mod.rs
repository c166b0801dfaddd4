//! Two sets of policies side by side, in finance's words: what the new one does differently, and which of that loosens
//! a guard (CONTRACT 4). Compares what is in force, not how it is written: the order of policies in their files, comments,
//! descriptions and tests are no difference. Decides nothing about what has to happen then.

mod guards;
mod limits;
mod order;
mod pairs;
mod reserves;
mod rules;
mod timing;
mod worst_case;
#[cfg(test)]
mod tests;

use super::{Policy, PolicySet};
use crate::model::{End, Kind, Lane};
use crate::money::{Amount, Currency, Money};
use serde::Serialize;
use std::collections::BTreeSet;

/// What a difference does to the guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// More can move, sooner, elsewhere, or past fewer eyes.
    Loosens,
    /// Less can move.
    Tightens,
    /// Neither.
    Neutral,
}

/// One difference between two sets of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The new name of the policy it is about; `None` for what holds for all, such as a reserve.
    pub policy: Option<String>,
    /// What differs: a stable, kebab-case word, e.g. `keep`, `max-per-day`, `mode`.
    pub what: &'static str,
    /// Looser, tighter or neither.
    pub effect: Effect,
    /// One sentence with both figures, without a full stop.
    pub text: String,
}

/// One guard that the new set loosens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loosening {
    /// The new name of the policy it is about; `None` for what holds for all, such as a reserve.
    pub policy: Option<String>,
    /// What is looser: a stable, kebab-case word, e.g. `keep`, `max-per-day`, `mode`.
    pub what: &'static str,
    /// One sentence with both figures, without a full stop.
    pub text: String,
}

/// Every guard that `new` loosens; empty where nothing needs a second look.
#[must_use]
pub fn loosenings(old: &PolicySet, new: &PolicySet) -> Vec<Loosening> {
    let looser = differences(old, new).into_iter().filter(|it| it.effect == Effect::Loosens);
    looser.map(|Difference { policy, what, text, .. }| Loosening { policy, what, text }).collect()
}

/// Everything that `new` does differently: reserves first, then policy by policy in the new order, then what is gone.
#[must_use]
pub fn differences(old: &PolicySet, new: &PolicySet) -> Vec<Difference> {
    let mut list = reserves::compare(old, new);
    let pairs = pairs::of(old, new);
    for (policy, before) in &pairs.kept {
        let mut sheet = Sheet::of(policy);
        match before {
            Some(before) => compare(&mut sheet, before, policy, old),
            None => appeared(&mut sheet, policy, old),
        }
        list.append(&mut sheet.list);
    }
    for gone in &pairs.gone {
        let mut sheet = Sheet::of(gone);
        sheet.tell(Effect::Tightens, "policy", format!("{} is gone", gone.name));
        list.append(&mut sheet.list);
    }
    list.extend(order::policies(&pairs));
    let risen = worst_case::compare(old, new, &list);
    list.extend(risen);
    list
}

/// One policy before and after. A policy that sends nothing may change as it likes: what counts is the day it sends.
fn compare(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy, before: &PolicySet) {
    guards::name(sheet, old, new);
    guards::switched(sheet, old, new);
    rules::compare(sheet, old, new, before);
    order::sources(sheet, old, new);
    limits::compare(sheet, old, new);
    guards::fx(sheet, old, new);
    guards::approval(sheet, old, new);
    timing::compare(sheet, old, new);
    if !sends(new) {
        sheet.nothing_moves();
    }
}

/// A policy that was not there before, under no name.
fn appeared(sheet: &mut Sheet<'_>, policy: &Policy, before: &PolicySet) {
    let name = &policy.name;
    if !sends(policy) {
        sheet.tell(Effect::Neutral, "policy", format!("{name} is new and sends nothing"));
        return;
    }
    let lanes = policy.lanes();
    let list = |ends: BTreeSet<End>| ends.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let from = list(lanes.iter().map(|lane| lane.from.into()).collect());
    let to = list(lanes.iter().map(|lane| lane.to).collect());
    let does = if lanes.iter().any(|lane| lane.kind() == Kind::Payout) {
        format!("pays {to} out of {from}")
    } else {
        format!("sends money from {from} to {to}")
    };
    sheet.tell(Effect::Loosens, "policy", format!("{name} is new and {does}"));
    rules::new_destinations(sheet, policy, before);
}

/// Whether a policy moves real money.
fn sends(policy: &Policy) -> bool {
    policy.enabled && policy.mode.sends()
}

/// The differences of one policy.
struct Sheet<'a> {
    policy: &'a Policy,
    list: Vec<Difference>,
}

impl<'a> Sheet<'a> {
    fn of(policy: &'a Policy) -> Self {
        Self { policy, list: Vec::new() }
    }

    fn tell(&mut self, effect: Effect, what: &'static str, text: String) {
        self.list.push(Difference { policy: Some(self.policy.name.clone()), what, effect, text });
    }

    fn nothing_moves(&mut self) {
        for one in self.list.iter_mut().filter(|it| it.effect == Effect::Loosens) {
            one.effect = Effect::Neutral;
        }
    }
}

/// Where more of something is looser.
fn rising<T: PartialOrd + Copy>(old: T, new: T) -> Option<Effect> {
    match old.partial_cmp(&new)? {
        std::cmp::Ordering::Less => Some(Effect::Loosens),
        std::cmp::Ordering::Greater => Some(Effect::Tightens),
        std::cmp::Ordering::Equal => None,
    }
}

/// Where less of something is looser.
fn falling<T: PartialOrd + Copy>(old: T, new: T) -> Option<Effect> {
    rising(new, old)
}

/// The currencies that a policy takes money in, of those that both know: what is new is told as a new lane.
fn currencies(old: &Policy, new: &Policy) -> BTreeSet<Currency> {
    let of = |policy: &Policy| policy.lanes().iter().map(|lane| lane.from.currency).collect::<BTreeSet<_>>();
    of(old).intersection(&of(new)).copied().collect()
}

/// The lanes that both have.
fn common_lanes(old: &Policy, new: &Policy) -> Vec<Lane> {
    let before = old.lanes();
    new.lanes().into_iter().filter(|lane| before.contains(lane)).collect()
}

fn money(amount: Amount, currency: Currency) -> Money {
    Money { amount, currency }
}
