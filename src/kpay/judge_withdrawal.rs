//! What an answer about a withdrawal proves. Pure: (intent, environment, status, body) → [`Reply`] or [`Withdrawal`].
//!
//! As for transfers only a complete reply that fits the intent, or a documented refusal, proves anything. The reply may
//! hold the address of KPay's hosted page and the beneficiary's number, so that nothing of it is ever shown.

use super::judge::{reference, sort, text_differs};
use super::wire::WithdrawReply;
use crate::intent::{AppliedFacts, Reply, Withdrawal};
use crate::model::{Environment, Intent, Payee, is_plain_id, tame};
use crate::money::{Amount, Currency, Money, Number, Rate};
use crate::planted::{self, Mistake};
use rust_decimal::Decimal;
use std::borrow::Cow;

/// Fewer digits are no number of anybody's, and may stand in any text.
const SHORTEST_NATIONAL: usize = 7;

/// What KPay said, and what of it must not be kept.
pub(super) struct Said {
    pub(super) withdrawal: Withdrawal,
    pub(super) gateway_url: Option<String>,
    pub(super) expires_at: Option<String>,
}

/// Sorts a whole answer to the request; with it the address of the hosted page and its end.
pub(super) fn judge(
    intent: &Intent,
    environment: Environment,
    status: u16,
    body: &[u8],
) -> (Reply, Option<(String, Option<String>)>) {
    let mut page = None;
    let body = if (200..300).contains(&status) { Cow::Borrowed(body) } else { Cow::Owned(masked(intent, body)) };
    let reply = sort(status, &body, |body| {
        let said = read(intent, environment, body)?;
        page = said.gateway_url.map(|url| (url, said.expires_at));
        Ok(Reply::Accepted(said.withdrawal))
    });
    (without_urls_in(reply), page)
}

/// `judge` without the hosted page.
#[must_use]
pub fn judge_reply(intent: &Intent, environment: Environment, status: u16, body: &[u8]) -> Reply {
    judge(intent, environment, status, body).0
}

/// What a whole answer to the question says of a withdrawal.
///
/// # Errors
/// In words, what in it cannot be about the intent.
pub fn judge_status(intent: &Intent, environment: Environment, body: &[u8]) -> Result<Withdrawal, String> {
    read(intent, environment, body).map(|said| said.withdrawal)
}

/// Reads a withdrawal and compares it with the intent.
pub(super) fn read(intent: &Intent, environment: Environment, body: &[u8]) -> Result<Said, String> {
    let reply: WithdrawReply = serde_json::from_slice(body).map_err(|error| {
        format!("no withdrawal ({:?} at column {} of {} bytes)", error.classify(), error.column(), body.len())
    })?;
    if let Some(what) = difference(intent, environment, &reply) {
        return Err(without_urls(&what));
    }
    let (facts, strange) = facts(intent, &reply);
    let why = reply.failure_reason.as_deref().map(|why| tame(&without_number(intent, why), 100));
    let failure = why.map(|why| without_urls(&why)).unwrap_or_default();
    let (status, strange) = (without_urls(&reply.status).into(), strange.map(|it| without_urls(&it)));
    Ok(Said {
        withdrawal: Withdrawal { kpay_id: reply.id, status, facts, failure, strange },
        gateway_url: reply.gateway_url,
        expires_at: reply.expires_at,
    })
}

/// An answer that is no success, with the beneficiary's number masked wherever KPay repeats it: its words go to logs,
/// which more people read than may know the number. Done before anything is shortened, so that no half of it is left.
///
/// Byte for byte: what is no UTF-8 is no JSON of KPay's either, and must not become so by being repaired.
pub(super) fn masked(intent: &Intent, body: &[u8]) -> Vec<u8> {
    let Some(Payee::Phone(payee)) = intent.lane.to.payee else { return body.to_vec() };
    let (digits, masked) = (payee.phone.digits(), payee.phone.masked());
    let body = replaced(body, digits, &masked);
    let code = payee.provider.country().calling_code().unwrap_or_default();
    let national = digits.strip_prefix(code).filter(|it| it.len() >= SHORTEST_NATIONAL);
    national.map_or_else(|| body.clone(), |national| replaced(&body, national, &masked))
}

/// Each `old` in `body` replaced; `old` is not empty.
fn replaced(body: &[u8], old: &str, new: &str) -> Vec<u8> {
    let mut done = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old.as_bytes()) {
        let (before, after) = rest.split_at(at);
        done.extend_from_slice(before);
        done.extend_from_slice(new.as_bytes());
        rest = after.get(old.len()..).unwrap_or_default();
    }
    done.extend_from_slice(rest);
    done
}

/// A text of KPay's with the number of the intent masked, also where it stands without its country's code.
fn without_number(intent: &Intent, text: &str) -> String {
    String::from_utf8_lossy(&masked(intent, text.as_bytes())).into_owned()
}

/// A text of KPay's without the addresses in it: one of them may be that of a hosted page.
pub(super) fn without_urls(text: &str) -> String {
    let mut rest = text;
    let mut clean = String::new();
    while let Some(start) = rest.to_ascii_lowercase().find("http") {
        let (before, url) = rest.split_at(start);
        let end = url.find(|it: char| it.is_whitespace() || matches!(it, '"' | '\'' | '`' | '<' | '>'));
        let (_, after) = url.split_at(end.unwrap_or(url.len()));
        clean.push_str(before);
        clean.push_str("(an address)");
        rest = after;
    }
    clean + rest
}

fn without_urls_in(reply: Reply) -> Reply {
    match reply {
        Reply::Lost { detail } => Reply::Lost { detail: without_urls(&detail) },
        Reply::Conflict { detail } => Reply::Conflict { detail: without_urls(&detail) },
        Reply::Refused { detail } => Reply::Refused { detail: without_urls(&detail) },
        other => other,
    }
}

/// The first thing in the reply that cannot be about what was sent.
fn difference(intent: &Intent, environment: Environment, reply: &WithdrawReply) -> Option<String> {
    let echo = |field, told: &Option<String>, sent: &str| text_differs(field, told.as_deref()?, sent);
    let (from, to) = (intent.lane.from.currency, intent.lane.to.currency);
    if planted::is(Mistake::WebhookBelieved) {
        return None;
    }
    if !is_plain_id(&reply.id) {
        return Some(format!("its id is `{}`, which is no id", tame(&reply.id, 60)));
    }
    let payee = match intent.lane.to.payee {
        Some(Payee::Phone(payee)) => {
            let phone = reply.phone_number.as_deref().map(|told| told.strip_prefix('+').unwrap_or(told));
            let other_phone = phone.is_some_and(|told| told != payee.phone.digits());
            echo("provider", &reply.provider, payee.provider.code())
                .or_else(|| other_phone.then(|| "its phoneNumber is another one".to_owned()))
                .or_else(|| (reply.mode.as_deref() == Some("GATEWAY")).then(|| "its mode is `GATEWAY`".to_owned()))
        }
        // What the beneficiary enters on the page is not known before.
        _ => None,
    };
    let is_test = environment == Environment::Sandbox;
    payee
        .or_else(|| echo("externalId", &reply.external_id, intent.external_id.as_str()))
        .or_else(|| {
            (reply.amount.0 != intent.amount.decimal())
                .then(|| format!("its amount is {}, not {}", reply.amount.0, intent.amount))
        })
        .or_else(|| {
            let known = reply.currency == from.code() || reply.currency == to.code();
            (!known).then(|| format!("its currency is `{}`, not {from}", tame(&reply.currency, 20)))
        })
        .or_else(|| {
            let told = reply.is_test.filter(|told| *told != is_test)?;
            Some(format!("its isTest is {told}, in the environment {environment}"))
        })
}

/// KPay's figures as it gave them, and what among them cannot be.
fn facts(intent: &Intent, reply: &WithdrawReply) -> (AppliedFacts, Option<String>) {
    let (from, to) = (intent.lane.from.currency, intent.lane.to.currency);
    let in_source = reply.currency == from.code() || is_in_source_after_all(reply, to);
    let rate = reply.exchange_rate.map(|Number(rate)| Rate::new(rate));
    let money = |Number(told): Number, currency| Money { amount: Amount::new(told), currency };
    let crosses = intent.lane.crosses_currencies();
    let net = reply.net_amount.filter(|_| !crosses || !in_source);
    let facts = AppliedFacts {
        amount: intent.amount,
        kpay_id: Some(reply.id.clone()),
        source_reference: reference(reply.reference.as_deref()).map(|it| without_urls(&it)),
        destination_reference: reference(reply.provider_reference.as_deref()).map(|it| without_urls(&it)),
        exchange_rate: rate.clone().and_then(Result::ok).filter(|_| crosses),
        credited: reply.payout_amount.or(net).map(|told| money(told, to)),
        fee: reply.fee_amount.map(|told| money(told, if in_source { from } else { to })),
    };
    let strange = (!in_source)
        .then(|| format!("its figures are in {to}, not in {from}: what left the wallet is not known"))
        .or_else(|| rate.and_then(Result::err).map(|error| format!("its exchangeRate cannot be: {error}")))
        .or_else(|| figures_differ(reply, to, crosses));
    (facts, strange)
}

/// The withdrawal's own page calls `currency` the operator's where the cross-border page has the wallet's: the amount paid
/// out shows which of them the other figures are in. It is rounded somehow (the seed's own sample is 0.75 off).
fn is_in_source_after_all(reply: &WithdrawReply, to: Currency) -> bool {
    let (Some(Number(net)), Some(Number(paid)), Some(Number(rate))) =
        (reply.net_amount, reply.payout_amount, reply.exchange_rate)
    else {
        return false;
    };
    let converted = net.checked_mul(rate).and_then(|converted| converted.checked_sub(paid));
    let fits = converted.is_some_and(|off| off.abs() <= Decimal::ONE);
    fits && net != paid && reply.payout_currency.as_deref() == Some(to.code())
}

/// KPay's figures are taken as they are, also where fee and net do not add up: the books show what is left over. Only what
/// cannot be is told.
fn figures_differ(reply: &WithdrawReply, to: Currency, crosses: bool) -> Option<String> {
    let amount = reply.amount.0;
    let out_of_range = |name: &str, told: Option<Number>, least_above_zero: bool| {
        let Number(told) = told?;
        let wrong = told < Decimal::ZERO || told > amount || (least_above_zero && told == Decimal::ZERO);
        wrong.then(|| format!("its {name} is {told}, of {amount}"))
    };
    let currency = || text_differs("payoutCurrency", reply.payout_currency.as_deref()?, to.code());
    let paid = || {
        let Number(paid) = reply.payout_amount?;
        (paid <= Decimal::ZERO || (!crosses && paid > amount))
            .then(|| format!("its payoutAmount is {paid}, of {amount}"))
    };
    let rate = || {
        let Number(rate) = reply.exchange_rate.filter(|_| !crosses)?;
        (rate != Decimal::ONE).then(|| format!("its exchangeRate is {rate}, within one currency"))
    };
    out_of_range("netAmount", reply.net_amount, true)
        .or_else(|| out_of_range("feeAmount", reply.fee_amount, false))
        .or_else(currency)
        .or_else(paid)
        .or_else(rate)
}
