//! `sweep`: sources, destination, trigger, what stays and how much of the rest goes.

use super::amounts::{Amounts, Held, LeftOut, bare};
use super::rule::{RuleDraft, SMALLEST_TRANSFER, source_currencies};
use super::sources::{self, Item};
use super::walk::{Field, Fields};
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::findings::{Findings, Place};
use crate::policy::keys::{SOURCE, SWEEP};
use crate::policy::{Portion, Rule, Source, Sweep};

/// What holds for every source that says nothing else.
struct Common {
    above: Option<Amounts>,
    keep: Option<Amounts>,
    /// Whether there is an `above` at all, readable or not.
    has_trigger: bool,
    sweep_at: Place,
}

pub fn read(findings: &mut Findings, field: Field<'_>) -> RuleDraft {
    let Some(fields) = findings.fields(field.node, &SWEEP) else { return RuleDraft::default() };
    let before = findings.count_errors();
    let into = fields.get("into").and_then(|into| findings.wallet(into.node, "`into`"));
    let from = fields.get("from").map(|from| sources::Listed {
        from,
        except: fields.get("except"),
        destination: into,
        shape: &SOURCE,
    });
    let items = from.map(|from| from.read(findings)).unwrap_or_default();
    let mut draft = RuleDraft { lanes_complete: findings.count_errors() == before, ..RuleDraft::default() };
    if let Some(into) = into {
        draft.lanes = sources::lanes(&items, into);
        sources::refuse_own_source(findings, &draft.lanes);
    }
    let common = Common {
        above: amounts(findings, &fields, "above"),
        keep: amounts(findings, &fields, "keep"),
        has_trigger: fields.wrote("above"),
        sweep_at: field.key,
    };
    let sources: Vec<Source> = items.iter().filter_map(|item| source(findings, item, &common)).collect();
    let portion = portion(findings, &fields, &draft);
    let is_whole = findings.count_errors() == before && !sources.is_empty();
    draft.rule = into.filter(|_| is_whole).map(|into| Rule::Sweep(Sweep { sources, into, portion }));
    draft
}

fn amounts(findings: &mut Findings, fields: &Fields<'_>, name: &str) -> Option<Amounts> {
    let field = fields.get(name)?;
    findings.amounts(field.node, &format!("`{name}`"))
}

/// An amount of a source's own, else the sweep's.
fn amount_of(findings: &mut Findings, item: &Item<'_>, common: Option<&Amounts>, name: &str) -> Wanted {
    let what = format!("`{name}`");
    if let Some(own) = item.own.as_ref().filter(|own| own.wrote(name)) {
        let held = own.get(name).and_then(|field| {
            let written = findings.amount(field.node, &what)?;
            let money = findings.in_wallet(written, item.wallet)?;
            Some(Held { amount: money.amount, place: written.place })
        });
        return held.map_or(Wanted::Wrong, |held| Wanted::Found { held, own: true });
    }
    match common.map(|amounts| findings.amount_for(amounts, item.wallet, &what)) {
        Some(Some(held)) => Wanted::Found { held, own: false },
        Some(None) => Wanted::Wrong,
        None => Wanted::Absent,
    }
}

/// What became of an amount that may be written in two places.
enum Wanted {
    Found { held: Held, own: bool },
    Absent,
    Wrong,
}

/// Trigger and floor of one source. Its own come first; `keep` is else the sweep's, else the same as its trigger.
fn source(findings: &mut Findings, item: &Item<'_>, common: &Common) -> Option<Source> {
    let wallet = item.wallet;
    let above = amount_of(findings, item, common.above.as_ref(), "above");
    let keep = amount_of(findings, item, common.keep.as_ref(), "keep");
    let (above, own_above) = match above {
        Wanted::Found { held, own } => (held, own),
        Wanted::Wrong => return None,
        Wanted::Absent => {
            if !common.has_trigger {
                let message = format!("the sweep has no `above`, and the source {wallet} has none of its own");
                let hint = "say above which balance money moves: above: 250_000";
                findings.error_once(common.sweep_at, "missing-key", message, hint);
            }
            return None;
        }
    };
    let (keep, own_keep) = match keep {
        Wanted::Found { held, own } => (held, own),
        Wanted::Absent => return Some(Source { wallet, above: above.amount, keep: above.amount }),
        Wanted::Wrong => return None,
    };
    if keep.amount <= above.amount {
        return Some(Source { wallet, above: above.amount, keep: keep.amount });
    }
    let at = if own_keep || !own_above { keep.place } else { above.place };
    refuse_keep(findings, at, wallet, keep.amount, above.amount);
    None
}

pub fn refuse_keep(findings: &mut Findings, at: Place, wallet: WalletId, keep: Amount, above: Amount) {
    let (keep, above) = (keep.grouped(), above.grouped());
    let message = format!("{wallet} would keep {keep} {0}, more than its trigger of {above} {0}", wallet.currency);
    let hint = "`keep` must not be over `above`: lower the one or raise the other";
    findings.error_once(at, "keep-over-above", message, hint);
}

/// All of the surplus, a share of it, or a fixed amount.
fn portion(findings: &mut Findings, fields: &Fields<'_>, draft: &RuleDraft) -> Portion {
    let fraction = fields.get("fraction");
    let share = fraction.and_then(|field| findings.share(field.node, "`fraction`"));
    let fixed = fields.get("fixed").and_then(|field| Some((field, findings.amounts(field.node, "`fixed`")?)));
    if let (Some(_), true) = (fraction, fields.wrote("fixed")) {
        let at = fields.get("fixed").map_or(fields.place, |field| field.key);
        let message = "`fraction` and `fixed` are two answers to how much is sent";
        findings.error(at, "two-portions", message, "keep one of the two");
    }
    let Some((field, amounts)) = fixed else { return share.map_or(Portion::Surplus, Portion::Fraction) };
    let held = findings.spread(&amounts, &source_currencies(&draft.lanes), "`fixed`", LeftOut::Refused);
    let smallest = Amount::whole(SMALLEST_TRANSFER);
    for (currency, one) in held.iter().filter(|(_, one)| one.amount < smallest) {
        let message =
            format!("`{}` of {} {currency} is below KPay's smallest transfer", field.name, one.amount.grouped());
        let hint = format!("write at least {SMALLEST_TRANSFER}");
        findings.error_once(one.place, "limit-too-small", message, hint);
    }
    Portion::Fixed(bare(&held))
}
