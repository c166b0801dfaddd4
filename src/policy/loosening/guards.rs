//! The guards around a policy, before and after: name, mode, exchange rates, approval, time.

use super::rules::crossings;
use super::timing::span;
use super::{Effect, Sheet, common_lanes, currencies, falling, money, rising};
use crate::model::person_key;
use crate::money::{Amount, Currency, Percent};
use crate::policy::compared::Compared;
use crate::policy::{Approval, Mode, Policy};
use std::collections::BTreeSet;

/// A pause and the day's use of `max_per_day` are kept under the policy's name: a new name is without them.
pub(super) fn name(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    if old.name != new.name {
        let text = format!(
            "{} was called {}: a pause, and what it has moved today, do not follow to a new name",
            new.name, old.name
        );
        sheet.tell(Effect::Loosens, "name", text);
    }
}

/// On or off, and how much of it is real.
pub(super) fn switched(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = &new.name;
    match (old.enabled, new.enabled) {
        (false, true) => sheet.tell(Effect::Loosens, "enabled", format!("{name} is switched on; it was off")),
        (true, false) => sheet.tell(Effect::Tightens, "enabled", format!("{name} is switched off; it was on")),
        _ => {}
    }
    if let Some(effect) = rising(old.mode, new.mode) {
        let is = match new.mode {
            Mode::Live => "sends for real",
            Mode::Canary => "sends a small share for real",
            Mode::Shadow => "sends nothing any more and only reports",
        };
        let was = match old.mode {
            Mode::Live => "it was live",
            Mode::Canary => "it was a canary",
            Mode::Shadow => "it was in shadow",
        };
        sheet.tell(effect, "mode", format!("{name} {is}; {was}"));
    }
    if (old.mode, new.mode) == (Mode::Canary, Mode::Canary) {
        canary(sheet, old, new);
    }
}

fn canary(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = &new.name;
    let share = |policy: &Policy| policy.canary.as_ref().map_or(Percent::ZERO, |it| it.share);
    if let Some(effect) = rising(share(old), share(new)) {
        let text = format!("{name} sends {} of the whole instead of {}", share(new), share(old));
        sheet.tell(effect, "canary", text);
    }
    for currency in currencies(old, new) {
        let max = |policy: &Policy| policy.canary.as_ref().and_then(|it| it.max.get(&currency)).copied();
        let of = |amount| money(amount, currency);
        let told = match (max(old), max(new)) {
            (Some(was), Some(is)) => rising(was, is)
                .map(|effect| (effect, format!("{name} sends up to {} as a canary instead of {}", of(is), of(was)))),
            (Some(was), None) => Some((
                Effect::Loosens,
                format!("{name} has no largest amount as a canary in {currency}; it was {}", of(was)),
            )),
            (None, Some(is)) => {
                Some((Effect::Tightens, format!("{name} sends up to {} as a canary; it had no such limit", of(is))))
            }
            (None, None) => None,
        };
        if let Some((effect, text)) = told {
            sheet.tell(effect, "canary", text);
        }
    }
}

pub(super) fn fx(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = &new.name;
    let (was, is) = (&old.fx, &new.fx);
    if was.allow != is.allow {
        let (effect, word) =
            if is.allow { (Effect::Loosens, "may change") } else { (Effect::Tightens, "may no longer change") };
        let before = if was.allow { "it could" } else { "it could not" };
        sheet.tell(effect, "fx-allow", format!("{name} {word} money from one currency into another; {before}"));
    }
    if !(was.allow && is.allow) {
        return;
    }
    let told = match (was.max_spread, is.max_spread) {
        (Some(was), Some(is)) => rising(was, is)
            .map(|effect| (effect, format!("{name} accepts rates up to {is} off the reference instead of {was}"))),
        (Some(was), None) => {
            Some((Effect::Loosens, format!("{name} accepts any exchange rate; it was at most {was} off the reference")))
        }
        (None, Some(is)) => Some((
            Effect::Tightens,
            format!("{name} accepts rates up to {is} off the reference; it accepted any exchange rate"),
        )),
        (None, None) => None,
    };
    if let Some((effect, text)) = told {
        sheet.tell(effect, "fx-spread", text);
    }
    if was.max_spread.is_none() || is.max_spread.is_none() {
        return;
    }
    for pair in crossings(&common_lanes(old, new)) {
        let (was, is) = (Compared::of(was, pair), Compared::of(is, pair));
        if was != is {
            let text =
                format!("{name} compares the rate {}/{} with {} instead of {}", pair.0, pair.1, words(is), words(was));
            sheet.tell(Effect::Loosens, "fx-reference", text);
        }
    }
}

pub(super) fn approval(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = &new.name;
    for currency in currencies(old, new) {
        let above = |policy: &Policy| approval_above(policy.approval.as_ref(), currency);
        let of = |amount| money(amount, currency);
        let told = match (above(old), above(new)) {
            (Some(was), Some(is)) => rising(was, is)
                .map(|effect| (effect, format!("{name} asks for approval above {} instead of {}", of(is), of(was)))),
            (Some(was), None) => Some((
                Effect::Loosens,
                format!("{name} asks for no approval in {currency} any more; it did above {}", of(was)),
            )),
            (None, Some(is)) => {
                Some((Effect::Tightens, format!("{name} asks for approval above {}; it asked for none", of(is))))
            }
            (None, None) => None,
        };
        if let Some((effect, text)) = told {
            sheet.tell(effect, "approval", text);
        }
    }
    if let (Some(was), Some(is)) = (&old.approval, &new.approval) {
        approvers(sheet, was, is);
        let deadline = |policy: &Policy, it: &Approval| it.within.unwrap_or(policy.catch_up);
        // Where neither says its own, it is `catch_up` that differs, which is told for itself.
        let own = was.within.is_some() || is.within.is_some();
        let (was, is) = (deadline(old, was), deadline(new, is));
        if let Some(effect) = rising(was, is).filter(|_| own) {
            let text = format!("{} may be approved for {} instead of {}", new.name, span(is), span(was));
            sheet.tell(effect, "approval-within", text);
        }
    }
}

fn approval_above(approval: Option<&Approval>, currency: Currency) -> Option<Amount> {
    approval.and_then(|it| it.above.get(&currency)).copied()
}

fn approvers(sheet: &mut Sheet<'_>, old: &Approval, new: &Approval) {
    let name = sheet.policy.name.clone();
    if let Some(effect) = falling(old.approvers, new.approvers) {
        let text = format!("{name} needs {} to approve instead of {}", people(new.approvers), old.approvers);
        sheet.tell(effect, "approvers", text);
    }
    let names = |it: &Approval| it.from.iter().map(|name| person_key(name)).collect::<BTreeSet<_>>();
    let (was, is) = (names(old), names(new));
    let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    match (was.is_empty(), is.is_empty()) {
        (false, true) => {
            let text = format!("anybody may approve {name}; it was only {}", list(was));
            sheet.tell(Effect::Loosens, "approval-from", text);
        }
        (true, false) => {
            let text = format!("only {} may approve {name}; it was anybody", list(is));
            sheet.tell(Effect::Tightens, "approval-from", text);
        }
        _ => {
            let more: BTreeSet<String> = is.difference(&was).cloned().collect();
            let fewer: BTreeSet<String> = was.difference(&is).cloned().collect();
            if !more.is_empty() {
                let text = format!("{} may approve {name} as well", list(more));
                sheet.tell(Effect::Loosens, "approval-from", text);
            }
            if !fewer.is_empty() {
                let text = format!("{} may not approve {name} any more", list(fewer));
                sheet.tell(Effect::Tightens, "approval-from", text);
            }
        }
    }
}

fn people(count: u8) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

fn words(compared: Compared) -> String {
    match compared {
        Compared::Peg => "the euro's peg".to_owned(),
        Compared::Written(rate) => format!("the written {rate}"),
        Compared::WrittenInverse(rate) => format!("the written {rate} of the other direction"),
        Compared::Last => "the last applied one".to_owned(),
        Compared::Nothing => "nothing".to_owned(),
    }
}
