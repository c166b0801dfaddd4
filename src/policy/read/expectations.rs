//! `expect`: every transfer that a test wants, and the lanes that must get nothing, each with its reason.

use super::cases::Known;
use super::money::Written;
use super::payees::Book;
use super::tree::{Node, Value};
use super::walk::{Field, Fields};
use crate::model::{Lane, Payee, Reason, WalletId};
use crate::money::Money;
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::EXPECT;
use crate::policy::suggest::nearest;
use crate::policy::{ExpectedMove, ExpectedReason};

/// One entry of `expect`.
enum Expected {
    Move(ExpectedMove),
    Refused(ExpectedReason),
}

impl Expected {
    fn lane(&self) -> Lane {
        match self {
            Self::Move(one) => Lane { from: one.from, to: one.to },
            Self::Refused(one) => one.lane,
        }
    }
}

/// The transfers and the reasons. A lane may have one of each: what was short may have moved in part.
pub fn read(findings: &mut Findings, field: Field<'_>, known: &Known<'_>) -> (Vec<ExpectedMove>, Vec<ExpectedReason>) {
    let (mut moves, mut refused): (Vec<ExpectedMove>, Vec<ExpectedReason>) = (Vec::new(), Vec::new());
    for item in findings.items(field.node, "`expect`").unwrap_or_default() {
        let Some((expected, place)) = expectation(findings, item, known.book) else { continue };
        let lane = expected.lane();
        if known.lanes.is_some_and(|lanes| !lanes.iter().any(|(known, _)| *known == lane)) {
            let message = format!("this policy never moves money over {lane}");
            findings.error(place, "unknown-lane", message, "expect something of the policy's own wallets only");
            continue;
        }
        let is_known = match &expected {
            Expected::Move(_) => moves.iter().any(|other| (other.from, other.to) == (lane.from, lane.to)),
            Expected::Refused(_) => refused.iter().any(|other| other.lane == lane),
        };
        if is_known {
            let message = format!("{lane} is expected twice");
            let hint = "write one line a lane with the amount of all parts together, and at most one with a reason";
            findings.error(place, "duplicate-lane", message, hint);
            continue;
        }
        match expected {
            Expected::Move(one) => moves.push(one),
            Expected::Refused(one) => refused.push(one),
        }
    }
    (moves, refused)
}

fn expectation(findings: &mut Findings, node: &Node, book: &Book) -> Option<(Expected, Place)> {
    let fields = findings.fields(node, &EXPECT)?;
    let ends = ends(findings, &fields, book);
    let amount = fields.get("amount").map(|field| findings.amount(field.node, "`amount`"));
    let reason = fields.get("reason").map(|field| reason(findings, field));
    match (fields.wrote("amount"), fields.wrote("reason")) {
        (false, false) => {
            let hint = "write the amount that leaves the source, or reason: below_trigger where nothing may";
            findings.error(node.place, "missing-key", "an expectation needs `amount` or `reason`", hint);
            return None;
        }
        (true, true) => {
            let at = fields.get("reason").map_or(node.place, |field| field.key);
            let hint = "write two lines; only a lane that moves in part has both";
            findings.error(at, "amount-and-reason", "an expectation has an `amount` or a `reason`, not both", hint);
            return None;
        }
        _ => {}
    }
    let (lane, place) = ends?;
    if let Some(reason) = reason {
        return Some((Expected::Refused(ExpectedReason { lane, reason: reason? }), place));
    }
    let amount = moved(findings, amount??, lane.from)?;
    Some((Expected::Move(ExpectedMove { from: lane.from, to: lane.to, amount }), place))
}

/// `from` and `to`, with the place of `from`. `to` is a wallet, a beneficiary as plans show them, or a beneficiary's name.
pub fn ends(findings: &mut Findings, fields: &Fields<'_>, book: &Book) -> Option<(Lane, Place)> {
    let from = fields.get("from");
    let from = from.and_then(|field| Some((findings.wallet(field.node, "`from`")?, field.node.place)));
    let to = fields.get("to");
    let paid = to.and_then(|field| {
        let Value::Scalar(text) = &field.node.value else { return None };
        book.get(text).map(Payee::Phone).or_else(|| text.parse().ok())
    });
    if let Some(payee) = paid {
        let (from, place) = from?;
        return Some((Lane::payout(from, payee), place));
    }
    let to = to.and_then(|field| findings.wallet(field.node, "`to`"));
    let (from, place) = from?;
    Some((Lane::between(from, to?), place))
}

/// An amount that really moves.
pub fn moved(findings: &mut Findings, written: Written, from: WalletId) -> Option<Money> {
    let money = findings.in_wallet(written, from)?;
    let money = findings.sendable(money, written.place)?;
    if money.amount.is_positive() {
        return Some(money);
    }
    let hint = "a lane that moves nothing is left out, or has a `reason`; `expect: []` means that nothing moves";
    findings.error(written.place, "bad-amount", "a transfer of 0 is none", hint);
    None
}

fn reason(findings: &mut Findings, field: Field<'_>) -> Option<Reason> {
    let text = findings.text(field.node, "`reason`")?;
    let reason = Reason::of_word(text);
    if reason.is_none() {
        let words = || Reason::ALL.into_iter().map(Reason::word);
        let hint = nearest(text, words()).map_or_else(
            || format!("the reasons are {}", words().collect::<Vec<_>>().join(", ")),
            |meant| format!("did you mean {meant}?"),
        );
        findings.error(field.node.place, "bad-reason", format!("{} is not a reason", quoted(text)), hint);
    }
    reason
}
