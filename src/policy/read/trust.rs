//! How far a policy is trusted: `approval` by people, and `canary`, the small share it is tried with.

use super::amounts::{LeftOut, bare};
use super::rule::{SMALLEST_TRANSFER, source_currencies};
use super::walk::{Field, Fields};
use crate::model::{Lane, person_key, tame};
use crate::money::Amount;
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::{APPROVAL, CANARY, MOST_APPROVERS};
use crate::policy::{Approval, Canary, Mode};
use std::ops::RangeInclusive;

const LONGEST_APPROVER: usize = 64;
/// From a minute to three days, in seconds.
const WITHIN_SECONDS: RangeInclusive<i64> = 60..=72 * 60 * 60;

/// Who must agree to large amounts. `None` where something is wrong.
pub fn approval(findings: &mut Findings, field: Field<'_>, lanes: &[(Lane, Place)]) -> Option<Approval> {
    let before = findings.count_errors();
    let fields = findings.fields(field.node, &APPROVAL)?;
    let above = fields.get("above").and_then(|field| findings.amounts(field.node, "`above`"));
    let above = above.map(|above| findings.spread(&above, &source_currencies(lanes), "`above`", LeftOut::Refused));
    let approvers = fields.get("approvers").map_or(Some(1), |field| approvers(findings, field));
    let from = fields.get("from").map(|field| names(findings, field)).unwrap_or_default();
    let within = fields.get("within").map(|field| findings.duration(field, WITHIN_SECONDS, "from 1m to 72h"));
    if let (Some(approvers), Some(field)) = (approvers, fields.get("approvers").or(fields.get("from")))
        && !from.is_empty()
        && from.len() < usize::from(approvers)
        && findings.count_errors() == before
    {
        let message = format!("{approvers} must approve, but only {} may", from.len());
        let hint = "name more people under `from`, or lower `approvers`";
        findings.error(field.node.place, "too-few-approvers", message, hint);
    }
    let approval = Approval { above: bare(&above?), approvers: approvers?, from, within: within.flatten() };
    (findings.count_errors() == before).then_some(approval)
}

fn approvers(findings: &mut Findings, field: Field<'_>) -> Option<u8> {
    let text = findings.plain(field.node, "`approvers`", "a whole number")?;
    let canonical = |value: &u8| value.to_string() == text && (1..=MOST_APPROVERS).contains(value);
    let value = text.parse().ok().filter(canonical);
    if value.is_none() {
        let message = format!("{} is not a number of approvers", quoted(text));
        findings.error(
            field.node.place,
            "bad-approvers",
            message,
            format!("write a whole number from 1 to {MOST_APPROVERS}"),
        );
    }
    value
}

/// Names of people, each once: case and blanks do not make another person.
fn names(findings: &mut Findings, field: Field<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let Some(items) = findings.items(field.node, "`from`") else { return names };
    if items.is_empty() {
        let hint = "name who may approve: from: [awa, brice]; without `from` anybody may";
        findings.error(field.node.place, "empty-list", "`from` names nobody", hint);
    }
    for item in items {
        let Some(text) = findings.text(item, "a name") else { continue };
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() || name.chars().count() > LONGEST_APPROVER || tame(&name, LONGEST_APPROVER) != name {
            let message = format!("{} is not a name", quoted(text));
            let hint = format!("write the name that stands behind `--by`, at most {LONGEST_APPROVER} characters");
            findings.error(item.place, "bad-approver", message, hint);
        } else if names.iter().any(|other| person_key(other) == person_key(&name)) {
            let message = format!("{} is named twice", quoted(&name));
            findings.error(item.place, "duplicate-approver", message, "the same person approves once; name each once");
        } else {
            names.push(name);
        }
    }
    names
}

/// The canary of a policy. A policy in canary mode must have one.
pub fn canary(
    findings: &mut Findings,
    policy: &Fields<'_>,
    mode: Option<Mode>,
    lanes: &[(Lane, Place)],
) -> Option<Canary> {
    let Some(field) = policy.get("canary") else {
        if let Some(field) = policy.get("mode").filter(|_| mode == Some(Mode::Canary) && !policy.wrote("canary")) {
            let message = "`mode: canary` needs `canary`: how little moves";
            let hint = "write e.g. canary: { share: 1%, max: 50_000 XAF } beside it";
            findings.error(field.node.place, "missing-key", message, hint);
        }
        return None;
    };
    let fields = findings.fields(field.node, &CANARY)?;
    let share = fields.get("share").and_then(|field| findings.share(field.node, "`share`"));
    let max = fields.get("max").and_then(|field| findings.amounts(field.node, "`max`"));
    let max = max.map(|max| findings.spread(&max, &source_currencies(lanes), "`max`", LeftOut::Unbounded));
    let max = max.unwrap_or_default();
    let smallest = Amount::whole(SMALLEST_TRANSFER);
    for (currency, held) in max.iter().filter(|(_, held)| held.amount < smallest) {
        let amount = held.amount.grouped();
        let message =
            format!("`max` of {amount} {currency} is below KPay's smallest transfer, so nothing could ever move");
        let hint = format!("write at least {SMALLEST_TRANSFER}; `mode: shadow` sends nothing");
        findings.error_once(held.place, "limit-too-small", message, hint);
    }
    Some(Canary { share: share?, max: bare(&max) })
}
