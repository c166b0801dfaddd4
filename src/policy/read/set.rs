//! What can only be seen over all files at once: names, reserves, a set without policies.

use super::file::FileDraft;
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::findings::Place;
use crate::policy::{Diagnostic, Severity};
use std::collections::BTreeMap;
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

fn shown(file: &str, place: Place) -> String {
    format!("{file}:{}:{}", place.line, place.column)
}

fn folder_of(file: &str) -> String {
    let folder = Path::new(file).parent().map(|folder| folder.display().to_string());
    folder.filter(|folder| !folder.is_empty()).unwrap_or_else(|| ".".to_owned())
}
