//! `payout`: the wallet, who receives, trigger and what stays.

use super::amounts::Held;
use super::payees::Book;
use super::rule::RuleDraft;
use super::sweep::refuse_keep;
use super::tree::Value;
use super::walk::{Field, Fields};
use crate::model::{Beneficiary, Lane, Payee, WalletId};
use crate::policy::findings::Findings;
use crate::policy::keys::PAYOUT;
use crate::policy::{Payout, Rule, Source};

pub fn read(findings: &mut Findings, field: Field<'_>, book: &Book) -> RuleDraft {
    let Some(fields) = findings.fields(field.node, &PAYOUT) else { return RuleDraft::default() };
    let before = findings.count_errors();
    let from = fields.get("from").and_then(|from| Some((findings.wallet(from.node, "`from`")?, from.node.place)));
    let to = fields.get("to").and_then(|to| receiver(findings, to, book));
    let mut draft = RuleDraft { lanes_complete: findings.count_errors() == before, ..RuleDraft::default() };
    let above = level(findings, &fields, "above", from.map(|(wallet, _)| wallet));
    let keep = level(findings, &fields, "keep", from.map(|(wallet, _)| wallet));
    let Some((wallet, place)) = from else { return draft };
    // Also where nobody can be made out to receive: one run names all that is wrong.
    if let (Some(above), Some(keep)) = (&above, &keep)
        && keep.amount > above.amount
    {
        refuse_keep(findings, keep.place, wallet, keep.amount, above.amount);
    }
    let Some((to, name)) = to else { return draft };
    let to = Payee::Phone(to);
    draft.lanes = vec![(Lane::payout(wallet, to), place)];
    let Some(above) = above else { return draft };
    let kept = keep.map_or(above.amount, |keep| keep.amount);
    let source = Source { wallet, above: above.amount, keep: kept };
    let is_whole = findings.count_errors() == before;
    draft.rule = is_whole.then_some(Rule::Payout(Payout { source, to, name }));
    draft
}

/// Operator and number as written here, or a name of `beneficiaries`.
fn receiver(findings: &mut Findings, field: Field<'_>, book: &Book) -> Option<(Beneficiary, Option<String>)> {
    if matches!(field.node.value, Value::Map(_)) {
        return Some((findings.beneficiary(field.node)?, None));
    }
    let name = findings.text(field.node, "`to`")?;
    Some((book.named(findings, name, field.node.place)?, Some(name.to_owned())))
}

fn level(findings: &mut Findings, fields: &Fields<'_>, name: &str, wallet: Option<WalletId>) -> Option<Held> {
    let field = fields.get(name)?;
    let written = findings.amount(field.node, &format!("`{name}`"))?;
    let money = findings.in_wallet(written, wallet?)?;
    Some(Held { amount: money.amount, place: written.place })
}
