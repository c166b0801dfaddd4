//! What an answer to a transfer proves. Pure: (intent, status, body) → [`Reply`].
//!
//! Only two things prove anything: a complete reply that matches the intent in every field, and KPay's documented
//! refusals with a JSON body. Everything else is [`Reply::Lost`]: nobody knows whether money moved. 401 is not judged
//! here; it says nothing about the transfer and costs a new token first.

use super::strict::{message_of, shown};
use super::wire::{TransferReply, TransferSide};
use crate::intent::{AppliedFacts, Reply};
use crate::model::{Intent, tame};
use crate::money::{Amount, Money, Number, Rate};
use crate::planted::{self, Mistake};
use rust_decimal::Decimal;

/// The longest id or reference of KPay's that is kept, in characters.
const LONGEST_REFERENCE: usize = 100;

/// Sorts a whole answer to a transfer.
#[must_use]
pub fn judge(intent: &Intent, status: u16, body: &[u8]) -> Reply {
    sort(status, body, |body| read_applied(intent, body).map(Reply::Applied))
}

/// Sorts the whole answer to a request that moves money; `success` reads what came with a 200, 201 or 202.
pub(super) fn sort(status: u16, body: &[u8], success: impl FnOnce(&[u8]) -> Result<Reply, String>) -> Reply {
    let lost = |what: String| Reply::Lost { detail: format!("KPay answered {status}: {what}") };
    if is_planted_refusal(status, body) {
        return Reply::Refused { detail: shown(body) };
    }
    match status {
        200..=202 => success(body).unwrap_or_else(lost),
        409 if is_html(body) => lost(format!("from a gateway, {}", shown(body))),
        409 => Reply::Conflict {
            detail: format!("KPay answered 409: {}", message_of(body).unwrap_or_else(|| shown(body))),
        },
        400 | 403 | 404 | 422 => match message_of(body) {
            Some(message) => Reply::Refused { detail: format!("KPay answered {status}: {message}") },
            None => lost(format!("not in KPay's form, {}", shown(body))),
        },
        300..=399 => lost("a redirect, which is not followed".to_owned()),
        429 => lost("too many requests, which a gateway may say after the transfer".to_owned()),
        _ => lost(message_of(body).unwrap_or_else(|| shown(body))),
    }
}

/// A gateway's page. KPay's own 409 may carry any body, but not that one.
fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn read_applied(intent: &Intent, body: &[u8]) -> Result<AppliedFacts, String> {
    let reply: TransferReply =
        serde_json::from_slice(body).map_err(|error| format!("{}, {}", tame(&error.to_string(), 120), shown(body)))?;
    if let Some(what) = difference(intent, &reply) {
        return Err(what);
    }
    let rate =
        reply.exchange_rate.map(|Number(rate)| Rate::new(rate)).transpose().map_err(|error| error.to_string())?;
    let rate = if planted::is(Mistake::PlannedRateIsBooked) { intent.indicative_rate } else { rate };
    let amount = Amount::new(reply.source_transaction.amount.0);
    Ok(AppliedFacts {
        amount: if planted::is(Mistake::ReplyNotCompared) { amount } else { intent.amount },
        kpay_id: reference(reply.id.as_deref()),
        source_reference: reference(reply.source_transaction.reference.as_deref()),
        destination_reference: reference(reply.destination_transaction.reference.as_deref()),
        exchange_rate: if intent.lane.crosses_currencies() { rate } else { Some(rate.unwrap_or(Rate::ONE)) },
        credited: Some(Money {
            amount: Amount::new(reply.destination_transaction.amount.0),
            currency: intent.lane.to.currency,
        }),
        fee: None,
    })
}

/// An id or reference of KPay's as it is kept.
pub(super) fn reference(text: Option<&str>) -> Option<String> {
    text.map(|text| tame(text, LONGEST_REFERENCE))
}

/// The first thing in the reply that is not what was sent.
fn difference(intent: &Intent, reply: &TransferReply) -> Option<String> {
    let (from, to) = (intent.lane.from, intent.lane.to);
    let same_currency = !intent.lane.crosses_currencies();
    if planted::is(Mistake::ReplyNotCompared) {
        return None;
    }
    let (source, destination) = (&reply.source_transaction, &reply.destination_transaction);
    text_differs("externalId", reply.external_id.as_deref().unwrap_or_default(), intent.external_id.as_str())
        .or_else(|| side_differs("sourceTransaction", source, from.country.code(), from.currency.code()))
        .or_else(|| side_differs("destinationTransaction", destination, to.country.code(), to.currency.code()))
        .or_else(|| type_differs("sourceTransaction", source, "WALLET_TRANSFER_OUT"))
        .or_else(|| type_differs("destinationTransaction", destination, "WALLET_TRANSFER_IN"))
        .or_else(|| amount_differs("sourceTransaction", source.amount, intent.amount))
        .or_else(|| credit_differs(intent, destination.amount))
        .or_else(|| rate_differs(reply.exchange_rate, same_currency))
        .or_else(|| status_differs(reply.status.as_deref()))
}

/// Says so where a field is not what was sent.
pub(super) fn text_differs(field: &str, told: &str, sent: &str) -> Option<String> {
    (told != sent).then(|| format!("its {field} is `{}`, not `{sent}`", tame(told, 60)))
}

fn side_differs(side: &str, told: &TransferSide, country: &str, currency: &str) -> Option<String> {
    text_differs(&format!("{side}.country"), &told.country, country)
        .or_else(|| text_differs(&format!("{side}.currency"), &told.currency, currency))
}

fn type_differs(side: &str, told: &TransferSide, expected: &str) -> Option<String> {
    text_differs(&format!("{side}.type"), told.side_type.as_deref()?, expected)
}

fn amount_differs(side: &str, told: Number, sent: Amount) -> Option<String> {
    (told.0 != sent.decimal()).then(|| format!("its {side}.amount is {}, not {sent}", told.0))
}

/// KPay's figure is taken as it is, but not a credit of nothing, nor within one currency (1:1) one above the debit.
fn credit_differs(intent: &Intent, told: Number) -> Option<String> {
    let gained = !intent.lane.crosses_currencies() && told.0 > intent.amount.decimal();
    (told.0 <= Decimal::ZERO || gained)
        .then(|| format!("its destinationTransaction.amount is {}, for {} sent", told.0, intent.amount))
}

fn rate_differs(told: Option<Number>, same_currency: bool) -> Option<String> {
    let Number(rate) = told?;
    let wrong = rate <= Decimal::ZERO || (same_currency && rate != Decimal::ONE);
    wrong.then(|| format!("its exchangeRate is {rate}"))
}

fn status_differs(told: Option<&str>) -> Option<String> {
    let told = told?;
    let success = ["COMPLETED", "SUCCESS", "SUCCESSFUL"].iter().any(|word| told.eq_ignore_ascii_case(word));
    (!success).then(|| format!("its status is `{}`", tame(told, 40)))
}

/// What tests let pass for a refusal ([`planted`]).
fn is_planted_refusal(status: u16, body: &[u8]) -> bool {
    let mistake = match status {
        500..=599 => Mistake::ServerErrorIsRefusal,
        429 => Mistake::TooManyRequestsIsRefusal,
        400 | 403 | 404 | 422 if is_html(body) => Mistake::GatewayPageIsRefusal,
        _ => return false,
    };
    planted::is(mistake)
}
