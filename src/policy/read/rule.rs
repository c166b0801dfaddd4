//! What a policy does: exactly one of the kinds.

use super::payees::Book;
use super::walk::Fields;
use super::{payout, rebalance, sweep, top_up};
use crate::model::Lane;
use crate::money::Currency;
use crate::policy::Rule;
use crate::policy::findings::{Findings, Place, one_of};
use crate::policy::keys::{Need, POLICY};
use std::collections::BTreeSet;

/// KPay's smallest transfer, in the source's currency (kpay-api: amounts, limits, fees).
pub const SMALLEST_TRANSFER: i64 = 100;

/// A rule as far as it could be read.
#[derive(Debug, Default)]
pub struct RuleDraft {
    /// `None` where something in it is wrong.
    pub rule: Option<Rule>,
    /// Its lanes, even where an amount is wrong, so that they can be checked all the same.
    pub lanes: Vec<(Lane, Place)>,
    /// Whether `lanes` is the whole of them.
    pub lanes_complete: bool,
}

/// The rule. A policy without any kind, or with two, is reported once.
pub fn read(findings: &mut Findings, fields: &Fields<'_>, book: &Book) -> RuleDraft {
    let kinds = || POLICY.keys.iter().filter(|key| key.need == Need::Kind).map(|key| key.name);
    let written: Vec<&str> = kinds().filter(|kind| fields.wrote(kind)).collect();
    if written.is_empty() {
        let kinds = one_of(kinds().map(|kind| format!("`{kind}`")));
        let hint = "say what it does: sweep: { from: [GAB], into: CMR, above: 250_000 }";
        findings.error(fields.place, "missing-key", format!("a policy needs {kinds}"), hint);
    }
    let mut drafts = Vec::new();
    for kind in written {
        let Some(field) = fields.get(kind) else { continue };
        if !drafts.is_empty() {
            let message = format!("`{kind}` is a second answer to what this policy does");
            findings.error(field.key, "two-kinds", message, "write one policy for each of them");
        }
        drafts.push(match kind {
            "sweep" => sweep::read(findings, field),
            "top_up" => top_up::read(findings, field),
            "payout" => payout::read(findings, field, book),
            _ => rebalance::read(findings, field),
        });
    }
    let is_single = drafts.len() == 1;
    // The lanes of the first are enough to check the rest of the policy.
    let first = drafts.into_iter().next().unwrap_or_default();
    if is_single { first } else { RuleDraft { rule: None, lanes_complete: false, ..first } }
}

/// The currencies that the sources of a policy hold.
pub fn source_currencies(lanes: &[(Lane, Place)]) -> BTreeSet<Currency> {
    lanes.iter().map(|(lane, _)| lane.from.currency).collect()
}
