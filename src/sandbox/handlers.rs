//! The endpoints, each answered from the world as KPay's pages say; a fault may change what they show.

use super::endpoint::Endpoint;
use super::faults::Fault;
use super::identity::Caller;
use super::reply::{JSON, Reply};
use super::transfer::{Order, Terms};
use super::{AppliedTransfer, clock::Instant, withdrawal, world::World};
use crate::kpay::wire::{ExchangeRate, Me, Named, TransferReply, TransferSide};
use crate::money::{Amount, Currency, Number};
use chrono::SecondsFormat;
use rust_decimal::Decimal;

/// What the application is called, to its clients and on the hosted page.
pub(super) const APPLICATION_NAME: &str = "Sandbox application";

/// One accepted request.
pub(super) struct Call<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) caller: &'a Caller,
    /// The bearer token, where one came.
    pub(super) bearer: Option<&'a str>,
    /// `from` and `to` of the query.
    pub(super) pair: (Option<&'a str>, Option<&'a str>),
    pub(super) path: &'a str,
    pub(super) body: &'a [u8],
    /// Number in the log.
    pub(super) number: u64,
    pub(super) now: Instant,
}

/// Processes a request.
pub(super) fn handle(world: &mut World, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    match call.endpoint {
        Endpoint::Me => me(world, call, fault),
        Endpoint::Token => token(world, call, fault),
        Endpoint::Balance => world.balance_reply(call.caller.mode, fault),
        Endpoint::Overview => world.overview_reply(call.caller.mode, fault),
        Endpoint::ExchangeRate => exchange_rate(world, call, fault),
        Endpoint::Transfer => transfer(world, call, fault),
        Endpoint::Withdraw => withdrawal::withdraw(world, call, fault),
        Endpoint::Withdrawal => withdrawal::withdrawal(world, call, fault),
        Endpoint::Availability => withdrawal::availability(world),
        Endpoint::Predict => withdrawal::predict(call),
    }
}

fn shown_environment(call: &Call<'_>, fault: Option<&Fault>) -> &'static str {
    let mode = call.caller.mode;
    if matches!(fault, Some(Fault::EnvFlip)) { mode.other().word() } else { mode.word() }
}

fn me(world: &World, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    let named = |id: &str, name: &str| Named { id: id.to_owned(), name: Some(name.to_owned()) };
    let me = Me {
        application: named(&world.settings.application_id, APPLICATION_NAME),
        company: Some(named(&world.settings.company_id, "Sandbox company")),
        environment: shown_environment(call, fault).to_owned(),
    };
    Reply::json(200, &me)
}

fn token(world: &mut World, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    let lifetime = world.settings.token_lifetime;
    let token = world.tokens.issue(call.caller, call.now, lifetime);
    world.log.counters.tokens += 1;
    let seconds = lifetime.as_secs();
    let documented =
        if seconds.is_multiple_of(60) { format!("\"{}m\"", seconds / 60) } else { format!("\"{seconds}s\"") };
    let expires_in = if let Some(Fault::ExpiresIn(raw)) = fault { raw } else { &documented };
    let environment = shown_environment(call, fault);
    let body = format!(r#"{{"accessToken":"{token}","expiresIn":{expires_in},"environment":"{environment}"}}"#);
    Reply::new(201, JSON, body)
}

fn exchange_rate(world: &mut World, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    let read = |text: Option<&str>| text.and_then(|text| text.parse::<Currency>().ok());
    let (Some(from), Some(to)) = (read(call.pair.0), read(call.pair.1)) else {
        return Reply::error(400, "from and to must be ISO 4217 currency codes");
    };
    let missing = || Reply::error(404, &format!("No exchange rate available from {from} to {to}"));
    let rate = match fault {
        Some(Fault::NoRate) => return missing(),
        Some(Fault::BadRate(raw)) => {
            return Reply::new(200, JSON, format!(r#"{{"from":"{from}","to":"{to}","rate":{raw}}}"#));
        }
        _ => world.rates.cached((from, to), call.now),
    };
    let Some(rate) = rate else { return missing() };
    let inverted = matches!(fault, Some(Fault::InvertedRate));
    let shown = if inverted { Decimal::ONE.checked_div(rate.decimal()).map(|rate| rate.round_dp(6)) } else { None };
    let rate = Number(shown.unwrap_or(rate.decimal()));
    Reply::json(200, &ExchangeRate { from: from.to_string(), to: to.to_string(), rate })
}

fn transfer(world: &mut World, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    let terms = match fault {
        Some(Fault::Fee(fee)) => Terms { fee: Some(*fee), rate: None },
        Some(Fault::RateMoves(rate)) => Terms { rate: Some(*rate), fee: None },
        _ => Terms::default(),
    };
    let order = Order { mode: call.caller.mode, body: call.body, request: call.number, now: call.now };
    match world.transfer(&order, terms) {
        Ok(applied) => created(&applied, fault),
        Err(refusal) => refusal.reply(&world.settings),
    }
}

/// The seed's 201, field for field and in its order.
fn created(applied: &AppliedTransfer, fault: Option<&Fault>) -> Reply {
    let side =
        |id: &str, reference: &str, side_type: &str, amount: Amount, currency: Currency, country: &str| TransferSide {
            id: Some(id.to_owned()),
            reference: Some(reference.to_owned()),
            side_type: Some(side_type.to_owned()),
            amount: amount.to_wire(),
            currency: currency.to_string(),
            country: country.to_owned(),
        };
    let mut reply = TransferReply {
        id: Some(applied.id.clone()),
        source_transaction: side(
            &applied.id,
            &applied.source_reference,
            "WALLET_TRANSFER_OUT",
            applied.amount,
            applied.currency,
            applied.from.code(),
        ),
        destination_transaction: side(
            &applied.credit_id,
            &applied.destination_reference,
            "WALLET_TRANSFER_IN",
            applied.credited,
            applied.credited_currency,
            applied.to.code(),
        ),
        exchange_rate: Some(Number(applied.rate.decimal())),
        status: None,
        description: applied.description.clone(),
        external_id: applied.external_id.clone(),
        created_at: Some(applied.at.to_rfc3339_opts(SecondsFormat::Millis, true)),
    };
    if let Some(Fault::WrongField { field, value }) = fault {
        field.spoil(&mut reply, value.as_deref());
    }
    Reply::json(201, &reply)
}
