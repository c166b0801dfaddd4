//! Movements: the open ones as cards that say what to do, the final ones as rows of a statement.

use super::format::{Column, Figure, Moment, amount, outside};
use super::words::{Badge, evidence, meaning, outcome};
use crate::daemon::view::TransferView;
use crate::model::Timestamp;
use crate::money::Currency;

/// Open outcomes, most urgent first, each with what the top of the page says of it: one, or many of them.
const URGENCY: [(&str, &str, &str); 3] = [
    ("needs_operator", "movement needs a person", "movements need a person"),
    ("unknown", "movement’s outcome is unknown", "movements’ outcomes are unknown"),
    ("awaiting_approval", "movement waits for approval", "movements wait for approval"),
];

/// An open movement.
pub(super) struct OpenCard {
    pub(super) id: String,
    pub(super) amount: String,
    pub(super) currency: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) badge: Badge,
    pub(super) meaning: &'static str,
    pub(super) steps: Vec<Step>,
    pub(super) origin: String,
    pub(super) attempts: u32,
    pub(super) since: Moment,
    pub(super) touched: Moment,
    pub(super) detail: String,
}

/// Something a person can do.
pub(super) struct Step {
    pub(super) when: &'static str,
    pub(super) command: String,
}

/// A final movement.
pub(super) struct TransferRow {
    pub(super) when: Moment,
    pub(super) id: String,
    pub(super) origin: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) amount: Figure,
    pub(super) currency: String,
    pub(super) fee: Option<String>,
    pub(super) credited: Option<Figure>,
    pub(super) credited_currency: String,
    pub(super) rate: Option<String>,
    /// Applied, but nobody gave the rate or the credit yet.
    pub(super) pending: bool,
    pub(super) badge: Badge,
    pub(super) evidence: Option<String>,
    pub(super) detail: String,
}

/// What of the open movements a person should know at the top of the page.
pub(super) fn attention(open: &[TransferView]) -> Vec<String> {
    let line = |(state, one, many): &(&str, &str, &str)| match open.iter().filter(|each| each.state == *state).count() {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    URGENCY.iter().filter_map(line).collect()
}

/// The most urgent first, then the oldest, and last those that are over but for their rate; `most` of them at most.
pub(super) fn open_cards(open: &[TransferView], now: Timestamp, most: usize) -> Vec<OpenCard> {
    let urgency = |transfer: &TransferView| {
        let urgent = URGENCY.iter().position(|(state, ..)| *state == transfer.state);
        urgent.unwrap_or(URGENCY.len() + usize::from(transfer.state == "applied"))
    };
    let mut sorted: Vec<&TransferView> = open.iter().collect();
    sorted.sort_by_key(|transfer| (urgency(transfer), transfer.created_at));
    sorted.into_iter().take(most).map(|transfer| open_card(transfer, now)).collect()
}

fn open_card(transfer: &TransferView, now: Timestamp) -> OpenCard {
    let id = outside(&transfer.external_id);
    OpenCard {
        amount: amount(transfer.amount),
        currency: transfer.currency.to_string(),
        from: transfer.from.name().to_owned(),
        to: destination(transfer),
        badge: outcome(&transfer.state),
        meaning: meaning(&transfer.state),
        steps: steps(&transfer.state, &id),
        origin: origin(transfer),
        attempts: transfer.attempts,
        since: Moment::of(transfer.created_at, now),
        touched: Moment::of(transfer.updated_at, now),
        detail: outside(&transfer.detail),
        id,
    }
}

fn steps(state: &str, id: &str) -> Vec<Step> {
    let step = |when, rest: &str| Step { when, command: format!("treasuryd {}", rest.replace("ID", id)) };
    match state {
        "needs_operator" => vec![
            step(
                "Look for this id in KPay’s dashboard. If money moved:",
                "transfers resolve ID --applied --amount AMOUNT --by NAME --note TEXT",
            ),
            step("If it certainly did not:", "transfers resolve ID --not-applied --by NAME --note TEXT"),
        ],
        "awaiting_approval" => {
            vec![step("To let it go:", "approve ID --by NAME"), step("To stop it:", "reject ID --by NAME")]
        }
        "applied" => vec![step(
            "Look for this id in KPay’s dashboard, then:",
            "transfers resolve ID --applied --rate RATE --credited AMOUNT --by NAME --note TEXT",
        )],
        _ => Vec::new(),
    }
}

/// One row each, amounts aligned by their decimals.
pub(super) fn rows(transfers: &[TransferView], now: Timestamp) -> Vec<TransferRow> {
    let amounts = Column::of(transfers.iter().map(|transfer| transfer.amount));
    let credits = Column::of(transfers.iter().filter_map(|transfer| transfer.credited));
    transfers.iter().map(|transfer| row(transfer, now, &amounts, &credits)).collect()
}

fn row(transfer: &TransferView, now: Timestamp, amounts: &Column, credits: &Column) -> TransferRow {
    let applied = transfer.state == "applied";
    let crosses = transfer.to.currency().is_some_and(|currency| currency != transfer.currency);
    TransferRow {
        when: Moment::of(transfer.updated_at, now),
        id: outside(&transfer.external_id),
        origin: origin(transfer),
        from: transfer.from.name().to_owned(),
        to: destination(transfer),
        amount: amounts.show(transfer.amount),
        currency: transfer.currency.to_string(),
        fee: transfer.fee.map(amount),
        credited: transfer.credited.map(|credit| credits.show(credit)),
        credited_currency: transfer.credited_currency.as_ref().map_or_else(String::new, Currency::to_string),
        rate: transfer.exchange_rate.map(|rate| rate.to_string()),
        pending: applied && crosses && (transfer.exchange_rate.is_none() || transfer.credited.is_none()),
        badge: outcome(&transfer.state),
        evidence: transfer.evidence.as_deref().map(evidence),
        detail: if applied { String::new() } else { outside(&transfer.detail) },
    }
}

/// A payout leaves KPay: its country is not the wallet that is credited.
fn destination(transfer: &TransferView) -> String {
    match transfer.kind.as_str() {
        "payout" => format!("payout, {}", transfer.to.name()),
        _ => transfer.to.name(),
    }
}

fn origin(transfer: &TransferView) -> String {
    transfer.policy.as_deref().map_or_else(|| "by hand".to_owned(), outside)
}
