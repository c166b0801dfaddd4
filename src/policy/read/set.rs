//! What can only be seen over all files at once: names, reserves, money going in circles, lanes with two masters.

use super::entry::PolicyDraft;
use super::file::FileDraft;
use crate::model::{Lane, WalletId};
use crate::money::Amount;
use crate::policy::findings::Place;
use crate::policy::{Diagnostic, Mode, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reserves of all files; one wallet in two of them is an error.
pub fn reserves(files: &mut [FileDraft]) -> BTreeMap<WalletId, Amount> {
    let mut reserves = BTreeMap::new();
    let mut first_at: BTreeMap<WalletId, String> = BTreeMap::new();
    for file in files {
        for (wallet, amount, place) in &file.reserves {
            if let Some(first) = first_at.get(wallet) {
                let message = format!("{wallet} has a reserve already");
                let hint = format!("it is set at {first}; keep one of the two");
                file.findings.error(*place, "reserve-twice", message, hint);
                continue;
            }
            first_at.insert(*wallet, shown(file.findings.file(), *place));
            reserves.insert(*wallet, *amount);
        }
    }
    reserves
}

pub fn names(files: &mut [FileDraft]) {
    let mut first_at: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        for (name, place) in file.policies.iter().filter_map(|draft| draft.name.as_ref()) {
            if let Some(first) = first_at.get(name) {
                let message = format!("a policy is already called `{name}`");
                let hint = format!("it is at {first}; names are unique over all files");
                file.findings.error(*place, "duplicate-name", message, hint);
                continue;
            }
            first_at.insert(name.clone(), shown(file.findings.file(), *place));
        }
    }
}

/// Enabled policies that send money round in a circle. Reported at the lane that closes it. A rebalance goes both ways by
/// its nature and stops at its weights.
pub fn cycles(files: &mut [FileDraft]) {
    let mut lanes: BTreeMap<Lane, String> = BTreeMap::new();
    for file in files {
        for draft in file.policies.iter().filter(|draft| draft.enabled && !draft.rebalances) {
            for (lane, place) in &draft.lanes {
                if let Some(back) = path(&lanes, lane.to, lane.from).filter(|_| lane.from != lane.to) {
                    let way: Vec<String> = back.iter().map(|lane| named(*lane, lanes.get(lane))).collect();
                    let message = format!("{lane} closes a circle: {} brings the money back", way.join(", "));
                    let hint = "money would go round and round; take one of the lanes out";
                    file.findings.error(*place, "cycle", message, hint);
                }
                lanes.entry(*lane).or_insert_with(|| name_of(draft));
            }
        }
    }
}

/// Lanes that two enabled policies of the same mode share. A shadow policy beside a live one is how a rule is tried.
pub fn shared_lanes(files: &mut [FileDraft]) {
    let mut first: BTreeMap<(Lane, bool), String> = BTreeMap::new();
    for file in files {
        for draft in file.policies.iter().filter(|draft| draft.enabled) {
            for (lane, place) in &draft.lanes {
                let key = (*lane, draft.mode == Mode::Live);
                let Some(other) = first.get(&key) else {
                    first.insert(key, name_of(draft));
                    continue;
                };
                let message = format!("{lane} belongs to the policy `{other}` too");
                let hint = "a lane moves at most once a slot: at a common slot the first by priority has it";
                file.findings.warning(*place, "lane-shared", message, hint);
            }
        }
    }
}

/// An error where all files together hold no policy. Silent where a file could not be read as far as that.
pub fn no_policies(files: &[FileDraft]) -> Option<Diagnostic> {
    let known = files.iter().all(|file| file.was_counted);
    if !known || files.iter().any(|file| file.entries > 0) {
        return None;
    }
    let (file, place, what) = match files {
        [] => ("policies".to_owned(), Place::default(), "there is no policy file"),
        [only] => {
            let place = only.policies_at.unwrap_or(Place::START);
            (only.findings.file().to_owned(), place, "the file holds no policy")
        }
        [first, ..] => (folder_of(first.findings.file()), Place::default(), "none of the files holds a policy"),
    };
    Some(Diagnostic {
        file,
        line: place.line,
        column: place.column,
        severity: Severity::Error,
        code: "no-policies",
        message: what.to_owned(),
        hint: "write at least one entry under `policies:`; `enabled: false` switches one off".to_owned(),
    })
}

/// A way over known lanes; breadth first over at most ten wallets.
fn path(lanes: &BTreeMap<Lane, String>, from: WalletId, to: WalletId) -> Option<Vec<Lane>> {
    let mut ways: Vec<(WalletId, Vec<Lane>)> = vec![(from, Vec::new())];
    let mut seen = BTreeSet::from([from]);
    let mut next = 0;
    while let Some((at, way)) = ways.get(next).cloned() {
        next += 1;
        if at == to {
            return Some(way);
        }
        for lane in lanes.keys().filter(|lane| lane.from == at) {
            if seen.insert(lane.to) {
                let mut longer = way.clone();
                longer.push(*lane);
                ways.push((lane.to, longer));
            }
        }
    }
    None
}

fn named(lane: Lane, policy: Option<&String>) -> String {
    policy.map_or_else(|| lane.to_string(), |policy| format!("{lane} of `{policy}`"))
}

fn name_of(draft: &PolicyDraft) -> String {
    draft.name.as_ref().map_or_else(|| "?".to_owned(), |(name, _)| name.clone())
}

fn shown(file: &str, place: Place) -> String {
    format!("{file}:{}:{}", place.line, place.column)
}

fn folder_of(file: &str) -> String {
    let folder = Path::new(file).parent().map(|folder| folder.display().to_string());
    folder.filter(|folder| !folder.is_empty()).unwrap_or_else(|| ".".to_owned())
}
