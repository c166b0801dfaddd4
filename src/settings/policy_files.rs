//! Policy files from disk, all or none. Their text is the `policy` room's business.

use super::disk::{self, Unread};
use super::finding::{Findings, Place, SettingsError, shown};
use std::path::{Path, PathBuf};

/// The largest policy file.
const MOST_BYTES: u32 = 1 << 20;
/// What to do where there is nothing to read.
const HINT: &str = "check `policies.path`: a YAML file, or a folder of them";

/// The policies at `path`: a file, or a folder's `*.yaml` and `*.yml` (not hidden, not below it) in the order of
/// their names. Pairs of path and text.
///
/// # Errors
/// [`SettingsError`] with every problem: missing, no policy in the folder, unreadable, no regular file, over 1 MiB, not
/// UTF-8, or writable by others.
pub fn read_policy_files(path: &Path) -> Result<Vec<(String, String)>, SettingsError> {
    let mut findings = Findings::default();
    let files = list(path, &mut findings);
    let read: Vec<_> = files.iter().filter_map(|file| read(file, &mut findings)).collect();
    if findings.has_errors() { Err(findings.into_error()) } else { Ok(read) }
}

fn list(path: &Path, findings: &mut Findings) -> Vec<PathBuf> {
    let place = Place::path(path);
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            findings.io(&place, "policies-unreadable", "the policies cannot be read", &error, HINT);
            return Vec::new();
        }
    };
    if !metadata.is_dir() {
        return vec![path.to_path_buf()];
    }
    if disk::writable_by_others(&metadata) {
        refuse_writable(&place, "anyone may add a policy to this folder", findings);
    }
    let files = match policy_names(path) {
        Ok(files) => files,
        Err(error) => {
            findings.io(&place, "policies-unreadable", "the folder of policies cannot be read", &error, HINT);
            return Vec::new();
        }
    };
    if files.is_empty() {
        let hint = "put a *.yaml file there, or set `policies.path`";
        findings.error(&place, "no-policy", "the folder holds no policy file", hint);
    }
    files
}

fn policy_names(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|file| is_policy(file)).collect();
    files.sort();
    Ok(files)
}

/// Back-ups and lock files of editors end otherwise (`a.yaml~`, `a.yaml.bak`) or are hidden (`.a.yaml.swp`, `.#a.yaml`).
fn is_policy(file: &Path) -> bool {
    let hidden = file.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(file: &Path, findings: &mut Findings) -> Option<(String, String)> {
    let place = Place::path(file);
    let (bytes, metadata) = match disk::read_regular(file, MOST_BYTES) {
        Ok(read) => read,
        Err(Unread::Io(error)) => {
            findings.io(&place, "policies-unreadable", "the policy file cannot be read", &error, HINT);
            return None;
        }
        Err(Unread::Unfit(what)) => {
            findings.error(&place, "policy-file", format!("the policy file {what}"), "a policy is a small YAML file");
            return None;
        }
    };
    if disk::writable_by_others(&metadata) {
        refuse_writable(&place, "anyone may change this policy", findings);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some((shown(file), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            findings.error(&place, "not-utf8", format!("byte {at} is not UTF-8"), "save the file as UTF-8");
            None
        }
    }
}

fn refuse_writable(place: &Place, message: &str, findings: &mut Findings) {
    findings.error(place, "writable-by-others", message, "take the right from others: chmod o-w");
}
