//! From files to a set of policies. Every mistake of every file is reported at once; nothing stops at the first.

mod amounts;
mod calendar;
mod cases;
mod entry;
mod expectations;
mod file;
mod fx;
mod limits;
mod money;
mod payees;
mod payout;
mod percent;
mod rates;
mod rebalance;
mod reserves;
mod rule;
mod scalars;
mod set;
mod sources;
mod sweep;
mod top_up;
mod tree;
mod trust;
mod walk;

pub(super) use entry::Places;
pub(super) use file::FileDraft;

use super::{Diagnostic, Policy, PolicySet, Severity, SourceFile, hash, lint};

/// What good files turn into.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The policies and reserves of all files.
    pub set: PolicySet,
    /// What someone should look at, by file, line and column.
    pub warnings: Vec<Diagnostic>,
}

/// Reads all files as one set of policies.
///
/// # Errors
/// Every finding of every file, errors and warnings, by file, line and column; at least one of them is an error.
pub fn parse(files: &[SourceFile]) -> Result<Parsed, Vec<Diagnostic>> {
    let mut in_order: Vec<&SourceFile> = files.iter().collect();
    in_order.sort_by(|left, right| left.path.cmp(&right.path));
    let mut drafts: Vec<file::FileDraft> = file::read_all(&in_order);
    let reserves = set::reserves(&mut drafts);
    let calendar = reserves::calendar(&mut drafts);
    calendar::close(&mut drafts);
    set::names(&mut drafts);

    let mut findings: Vec<Diagnostic> = set::no_policies(&drafts).into_iter().collect();
    findings.extend(lint::all(&drafts, &reserves, &calendar));
    let mut policies: Vec<Policy> = Vec::new();
    for draft in drafts {
        findings.extend(draft.findings.into_list());
        policies.extend(draft.policies.into_iter().filter_map(|draft| draft.policy));
    }
    findings.sort_by(|left, right| {
        (&left.file, left.line, left.column, left.code).cmp(&(&right.file, right.line, right.column, right.code))
    });
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(findings);
    }
    policies.sort_by(|left, right| left.rank().cmp(&right.rank()));
    let files = files.to_vec();
    let set = PolicySet { hash: hash(&files), policies, reserves, calendar, files };
    Ok(Parsed { set, warnings: findings })
}

#[cfg(test)]
mod tests;
