//! `top_up`: the wallet that is filled, its levels, and where the money comes from.

use super::amounts::Held;
use super::rule::RuleDraft;
use super::sources::{self, Item};
use super::walk::{Field, Fields};
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::findings::Findings;
use crate::policy::keys::{TOP_UP, TOP_UP_SOURCE};
use crate::policy::{Rule, TopUp, TopUpSource};

pub fn read(findings: &mut Findings, field: Field<'_>) -> RuleDraft {
    let Some(fields) = findings.fields(field.node, &TOP_UP) else { return RuleDraft::default() };
    let before = findings.count_errors();
    let wallet = fields.get("wallet").and_then(|field| findings.wallet(field.node, "`wallet`"));
    let from = fields.get("from").map(|from| sources::Listed {
        from,
        except: fields.get("except"),
        destination: wallet,
        shape: &TOP_UP_SOURCE,
    });
    let items = from.map(|from| from.read(findings)).unwrap_or_default();
    let mut draft = RuleDraft { lanes_complete: findings.count_errors() == before, ..RuleDraft::default() };
    let below = level(findings, &fields, "below", wallet);
    let to = level(findings, &fields, "to", wallet);
    let sources: Vec<TopUpSource> = items.iter().filter_map(|item| source(findings, item)).collect();
    let Some(wallet) = wallet else { return draft };
    draft.lanes = sources::lanes(&items, wallet);
    sources::refuse_own_source(findings, &draft.lanes);
    if let (Some(below), Some(to)) = (below, to) {
        refuse_levels(findings, wallet, below, to);
        let is_whole = findings.count_errors() == before && !sources.is_empty();
        let top_up = TopUp { wallet, below: below.amount, to: to.amount, sources };
        draft.rule = is_whole.then_some(Rule::TopUp(top_up));
    }
    draft
}

fn level(findings: &mut Findings, fields: &Fields<'_>, name: &str, wallet: Option<WalletId>) -> Option<Held> {
    let field = fields.get(name)?;
    let written = findings.amount(field.node, &format!("`{name}`"))?;
    let money = findings.in_wallet(written, wallet?)?;
    Some(Held { amount: money.amount, place: written.place })
}

fn source(findings: &mut Findings, item: &Item<'_>) -> Option<TopUpSource> {
    let Some(own) = item.own.as_ref().filter(|own| own.wrote("keep")) else {
        return Some(TopUpSource { wallet: item.wallet, keep: Amount::ZERO });
    };
    let written = findings.amount(own.get("keep")?.node, "`keep`")?;
    let keep = findings.in_wallet(written, item.wallet)?.amount;
    Some(TopUpSource { wallet: item.wallet, keep })
}

fn refuse_levels(findings: &mut Findings, wallet: WalletId, below: Held, to: Held) {
    let currency = wallet.currency;
    if to.amount < below.amount {
        let (to_shown, below_shown) = (to.amount.grouped(), below.amount.grouped());
        let message = format!(
            "{wallet} would be brought to {to_shown} {currency}, which is still below its trigger of {below_shown} \
             {currency}"
        );
        findings.error(
            to.place,
            "to-under-below",
            message,
            "`to` must not be under `below`: raise the one or lower the other",
        );
    } else if !below.amount.is_positive() {
        let message = "`below` of 0 is never reached, so nothing could ever move";
        findings.error(
            below.place,
            "limit-too-small",
            message,
            "say under which balance the wallet is filled: below: 200_000",
        );
    }
}
