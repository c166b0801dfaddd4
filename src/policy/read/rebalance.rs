//! `rebalance`: the wallets' shares of the whole, how far they may be off, and the currency they are compared in.

use super::rule::RuleDraft;
use super::walk::Field;
use crate::model::{Lane, WalletId};
use crate::money::Percent;
use crate::policy::findings::{Findings, Place};
use crate::policy::keys::REBALANCE;
use crate::policy::{Rebalance, Rule};
use rust_decimal::Decimal;

/// One wallet's share as written.
struct Weight {
    wallet: WalletId,
    place: Place,
    share: Option<Percent>,
}

pub fn read(findings: &mut Findings, field: Field<'_>) -> RuleDraft {
    let Some(fields) = findings.fields(field.node, &REBALANCE) else { return RuleDraft::default() };
    let before = findings.count_errors();
    let weights = fields.get("weights").map(|field| weights(findings, field)).unwrap_or_default();
    let lanes_complete = findings.count_errors() == before;
    let tolerance = fields.get("tolerance").and_then(|field| tolerance(findings, field));
    let base = fields.get("base").and_then(|field| {
        let text = findings.text(field.node, "`base`")?;
        findings.currency_named(text, field.node.place)
    });
    let mut draft = RuleDraft { lanes: lanes(&weights), lanes_complete, rule: None };
    let shares: Option<Vec<(WalletId, Percent)>> = weights.iter().map(|one| Some((one.wallet, one.share?))).collect();
    if let (Some(weights), Some(tolerance), Some(base)) = (shares, tolerance, base)
        && findings.count_errors() == before
        && fields.get("weights").is_some()
    {
        draft.rule = Some(Rule::Rebalance(Rebalance { weights, tolerance, base }));
    }
    draft
}

fn weights(findings: &mut Findings, field: Field<'_>) -> Vec<Weight> {
    let Some(entries) = findings.entries(field.node, "`weights`") else { return Vec::new() };
    let before = findings.count_errors();
    let mut weights = Vec::new();
    for entry in entries {
        let wallet = findings.wallet_named(&entry.key, entry.place);
        if wallet.is_none() && entry.node.is_empty_value() {
            continue; // not a wallet without a share, but a word that is neither
        }
        let share =
            findings.share(&entry.node, &format!("the share of {}", crate::policy::findings::quoted(&entry.key)));
        weights.extend(wallet.map(|wallet| Weight { wallet, place: entry.place, share }));
    }
    if findings.count_errors() > before {
        return weights;
    }
    if weights.len() < 2 {
        let message = "`weights` needs two wallets or more: one alone has all there is";
        findings.error(field.node.place, "too-few-weights", message, "write e.g. weights: { CMR: 60%, GAB: 40% }");
    } else {
        refuse_sum(findings, field.node.place, &weights);
    }
    weights
}

/// The shares must be the whole, to the last digit.
fn refuse_sum(findings: &mut Findings, at: Place, weights: &[Weight]) {
    let mut shares = weights.iter().filter_map(|one| one.share).map(Percent::percent);
    let sum = shares.try_fold(Decimal::ZERO, Decimal::checked_add);
    if sum == Some(Decimal::ONE_HUNDRED) {
        return;
    }
    let shown = sum.map_or_else(|| "more than 100%".to_owned(), |sum| format!("{}%", sum.normalize()));
    let hint = match sum.and_then(|sum| Decimal::ONE_HUNDRED.checked_sub(sum)) {
        Some(rest) if rest > Decimal::ZERO => format!("{}% is missing", rest.normalize()),
        Some(rest) => format!("{}% is too much", rest.abs().normalize()),
        None => "write shares that make 100%".to_owned(),
    };
    findings.error(at, "weights-not-whole", format!("the weights are {shown} together, not 100%"), hint);
}

fn tolerance(findings: &mut Findings, field: Field<'_>) -> Option<Percent> {
    let tolerance = findings.percent(field.node, "`tolerance`")?;
    if tolerance > Percent::ZERO && tolerance < Percent::HUNDRED {
        return Some(tolerance);
    }
    let hint = "write how many points a share may be off, more than 0% and less than 100%: tolerance: 5%, or 0.1% for nearly none";
    findings.out_of_range(field.node.place, "`tolerance`", tolerance, hint);
    None
}

/// From every wallet to every other.
fn lanes(weights: &[Weight]) -> Vec<(Lane, Place)> {
    let from_each = weights.iter().flat_map(|from| weights.iter().map(move |to| (from, to)));
    let lanes = from_each.map(|(from, to)| (Lane::between(from.wallet, to.wallet), from.place));
    lanes.filter(|(lane, _)| lane.from != lane.to).collect()
}
