//! `sweep`: sources, destination, trigger and what stays.

use super::money::Written;
use super::tree::{Node, Value};
use super::walk::{Field, Fields};
use crate::model::{Lane, WalletId};
use crate::money::Amount;
use crate::policy::findings::{Findings, Place};
use crate::policy::keys::{SOURCE, SWEEP};
use crate::policy::{Portion, Source, Sweep};

/// A sweep as far as it could be read.
#[derive(Debug, Default)]
pub struct SweepDraft {
    /// `None` where something in it is wrong.
    pub sweep: Option<Sweep>,
    /// Its wallets, even where an amount is wrong, so that lanes can be checked all the same.
    pub lanes: Vec<(Lane, Place)>,
    /// Whether `lanes` is the whole of them.
    pub lanes_complete: bool,
}

/// What holds for every source that says nothing else.
struct Common {
    above: Option<Written>,
    keep: Option<Written>,
}

struct SourceDraft {
    wallet: WalletId,
    place: Place,
    above: Option<Written>,
    keep: Option<Written>,
}

pub fn read(findings: &mut Findings, field: Field<'_>) -> SweepDraft {
    let Some(fields) = findings.fields(field.node, &SWEEP) else { return SweepDraft::default() };
    let before = findings.count_errors();
    let common = Common { above: amount(findings, &fields, "above"), keep: amount(findings, &fields, "keep") };
    let into = fields.get("into").and_then(|into| Some((findings.wallet(into.node, "`into`")?, into.node.place)));
    let drafts = fields.get("from").map(|from| sources(findings, from)).unwrap_or_default();
    let mut draft = SweepDraft { lanes_complete: findings.count_errors() == before, ..SweepDraft::default() };
    if let Some((into, _)) = into {
        draft.lanes = drafts.iter().map(|one| (Lane { from: one.wallet, to: into }, one.place)).collect();
        refuse_own_source(findings, &draft.lanes);
    }
    let has_trigger = fields.get("above").is_some();
    let sources: Vec<Source> =
        drafts.iter().filter_map(|one| amounts(findings, one, &common, has_trigger, field.key)).collect();
    let is_whole = findings.count_errors() == before && !sources.is_empty();
    draft.sweep = into.filter(|_| is_whole).map(|(into, _)| Sweep { sources, into, portion: Portion::default() });
    draft
}

fn amount(findings: &mut Findings, fields: &Fields<'_>, name: &str) -> Option<Written> {
    let field = fields.get(name)?;
    findings.amount(field.node, &format!("`{name}`"))
}

fn sources(findings: &mut Findings, from: Field<'_>) -> Vec<SourceDraft> {
    if let Value::Scalar(text) = &from.node.value {
        let hint = format!("write a list, even for one wallet: from: [{}]", crate::model::tame(text, 20));
        findings.error(from.node.place, "wrong-type", "`from` must be a list of wallets, not a single value", hint);
        return Vec::new();
    }
    let Some(items) = findings.items(from.node, "`from`") else { return Vec::new() };
    if items.is_empty() {
        findings.error(from.node.place, "empty-list", "`from` names no wallet", "name at least one: from: [GAB]");
    }
    let mut drafts: Vec<SourceDraft> = Vec::new();
    for item in items {
        let Some(draft) = source(findings, item) else { continue };
        if drafts.iter().any(|other| other.wallet == draft.wallet) {
            let message = format!("{} is a source of this sweep already", draft.wallet);
            findings.error(draft.place, "duplicate-source", message, "name each wallet once; take one of the two out");
            continue;
        }
        drafts.push(draft);
    }
    drafts
}

/// A bare code, or `{ wallet, above, keep }`.
fn source(findings: &mut Findings, node: &Node) -> Option<SourceDraft> {
    if !matches!(node.value, Value::Map(_)) {
        let wallet = findings.wallet(node, "a source")?;
        return Some(SourceDraft { wallet, place: node.place, above: None, keep: None });
    }
    let fields = findings.fields(node, &SOURCE)?;
    let (above, keep) = (amount(findings, &fields, "above"), amount(findings, &fields, "keep"));
    let named = fields.get("wallet")?;
    let wallet = findings.wallet(named.node, "`wallet`")?;
    Some(SourceDraft { wallet, place: named.node.place, above, keep })
}

fn refuse_own_source(findings: &mut Findings, lanes: &[(Lane, Place)]) {
    for (lane, place) in lanes.iter().filter(|(lane, _)| lane.from == lane.to) {
        let message = format!("{} is source and destination of this sweep", lane.from);
        findings.error(*place, "same-wallet", message, "take it out of `from`, or sweep into another wallet");
    }
}

/// Trigger and floor of one source. Its own come first; `keep` is else the sweep's, else the same as its trigger.
fn amounts(
    findings: &mut Findings,
    draft: &SourceDraft,
    common: &Common,
    has_trigger: bool,
    sweep_at: Place,
) -> Option<Source> {
    let wallet = draft.wallet;
    let Some(trigger) = draft.above.or(common.above) else {
        if !has_trigger {
            let message = format!("the sweep has no `above`, and the source {wallet} has none of its own");
            findings.error_once(
                sweep_at,
                "missing-key",
                message,
                "say above which balance money moves: above: 250_000",
            );
        }
        return None;
    };
    let above = findings.in_wallet(trigger, wallet)?.amount;
    let Some(floor) = draft.keep.or(common.keep) else { return Some(Source { wallet, above, keep: above }) };
    let keep = findings.in_wallet(floor, wallet)?.amount;
    if keep <= above {
        return Some(Source { wallet, above, keep });
    }
    let at = if draft.keep.is_some() || draft.above.is_none() { floor.place } else { trigger.place };
    refuse_keep(findings, at, wallet, keep, above);
    None
}

fn refuse_keep(findings: &mut Findings, at: Place, wallet: WalletId, keep: Amount, above: Amount) {
    let (keep, above) = (keep.grouped(), above.grouped());
    let message = format!("{wallet} would keep {keep} {0}, more than its trigger of {above} {0}", wallet.currency);
    let hint = "`keep` must not be over `above`: lower the one or raise the other";
    findings.error_once(at, "keep-over-above", message, hint);
}
