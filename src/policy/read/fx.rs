//! `fx`: whether currencies may be crossed, how far the rate may be off, and off what.

use super::rates::Pair;
use super::tree::Value;
use super::walk::{Field, Fields};
use crate::model::Lane;
use crate::money::{Currency, Percent};
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::FX;
use crate::policy::suggest::nearest;
use crate::policy::{Fx, FxReference};
use std::collections::{BTreeMap, BTreeSet};

/// Reads `fx` and refuses what the lanes of the policy make of it. `None` where something is wrong.
pub fn read(findings: &mut Findings, policy: &Fields<'_>, lanes: &[(Lane, Place)]) -> Option<Fx> {
    let before = findings.count_errors();
    let fx = policy.get("fx").map_or(Some(Fx::default()), |field| fx(findings, field, lanes));
    if !fx.as_ref().is_some_and(|fx| fx.allow) {
        refuse_crossings(findings, lanes);
    }
    fx.filter(|_| findings.count_errors() == before)
}

fn fx(findings: &mut Findings, field: Field<'_>, lanes: &[(Lane, Place)]) -> Option<Fx> {
    let fields = findings.fields(field.node, &FX)?;
    let allow = fields.get("allow").map_or(Some(false), |field| findings.flag(field));
    let max_spread = fields.get("max_spread").and_then(|field| max_spread(findings, field));
    let reference = fields.get("reference").and_then(|field| reference(findings, field, lanes));
    if let Some(reference) = fields.get("reference")
        && !fields.wrote("max_spread")
    {
        let hint = "write `max_spread` beside it, e.g. max_spread: 1.5%, or take it out";
        findings.warning(reference.key, "reference-unused", "without `max_spread` no rate is compared", hint);
    }
    Some(Fx { allow: allow?, max_spread, reference })
}

fn max_spread(findings: &mut Findings, field: Field<'_>) -> Option<Percent> {
    let spread = findings.percent(field.node, "`max_spread`")?;
    if spread < Percent::HUNDRED {
        return Some(spread);
    }
    findings.out_of_range(field.node.place, "`max_spread`", spread, "write less than 100%: max_spread: 1.5%");
    None
}

fn reference(findings: &mut Findings, field: Field<'_>, lanes: &[(Lane, Place)]) -> Option<FxReference> {
    let node = field.node;
    let pairs: BTreeSet<Pair> = lanes.iter().map(|(lane, _)| (lane.from.currency, lane.to.currency)).collect();
    let crossed = pairs.into_iter().filter(|(from, to)| from != to);
    if matches!(node.value, Value::Map(_)) {
        return written(findings, field, crossed);
    }
    match findings.text(node, "`reference`")? {
        "peg" => {
            for (from, to) in crossed.filter(|pair| !is_pegged(*pair)) {
                let message = format!("{from} and {to} have no peg, and this policy turns the one into the other");
                let hint = format!("write reference: last, or a rate of your own: {{ {from}/{to}: 1 }}");
                findings.error_once(node.place, "no-peg", message, hint);
            }
            Some(FxReference::Peg)
        }
        "last" => Some(FxReference::Last),
        other => {
            let hint = nearest(other, ["peg", "last"]).map_or_else(
                || "write peg, last, or rates of your own: { XAF/XOF: 1 }".to_owned(),
                |meant| format!("did you mean {meant}? A reference is peg, last, or rates of your own"),
            );
            findings.error(node.place, "bad-reference", format!("{} is not a reference", quoted(other)), hint);
            None
        }
    }
}

/// Rates of the file: one for every pair the policy crosses, in the one direction or the other.
fn written(findings: &mut Findings, field: Field<'_>, crossed: impl Iterator<Item = Pair>) -> Option<FxReference> {
    let before = findings.count_errors();
    let mut rates = BTreeMap::new();
    for one in findings.rates(field.node, "`reference`") {
        let (from, to) = one.pair;
        if rates.contains_key(&(to, from)) {
            let message = format!("{from}/{to} is {to}/{from} the other way round, which is written already");
            findings.error(one.place, "duplicate-pair", message, "one of the two serves both ways; keep one");
        } else {
            rates.insert(one.pair, one.rate);
        }
    }
    if findings.count_errors() > before {
        return None;
    }
    for (from, to) in
        crossed.filter(|(from, to)| !rates.contains_key(&(*from, *to)) && !rates.contains_key(&(*to, *from)))
    {
        let message = format!("`reference` has no rate for {from}/{to}, and this policy turns the one into the other");
        findings.error_once(field.node.place, "missing-rate", message, format!("write one: {{ {from}/{to}: 1.5 }}"));
    }
    Some(FxReference::Fixed(rates))
}

/// XAF and XOF share the euro's peg (kpay-api: 655.957 of either for one euro).
fn is_pegged(pair: Pair) -> bool {
    matches!(pair, (Currency::XAF, Currency::XOF) | (Currency::XOF, Currency::XAF))
}

fn refuse_crossings(findings: &mut Findings, lanes: &[(Lane, Place)]) {
    for (lane, place) in lanes.iter().filter(|(lane, _)| lane.crosses_currencies()) {
        let (from, to) = (lane.from.currency, lane.to.currency);
        let message = format!("{lane} turns {from} into {to}, and this policy does not allow that");
        let hint = "add `fx: { allow: true }` to the policy if money may change its currency";
        findings.error_once(*place, "fx-not-allowed", message, hint);
    }
}
