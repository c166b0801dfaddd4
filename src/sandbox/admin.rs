//! The operator's doors under `/sandbox/`, for drills and tests in another process. They are not KPay's, are not logged, not
//! limited, and never show a key.

use super::clock::parse_duration;
use super::faults::Script;
use super::handle::books;
use super::read::Request;
use super::reply::Reply;
use super::world::Shared;
use super::{Mode, Rule, SandboxError};
use crate::money::{Amount, Country, Currency, Number, Rate};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Everything below it is the operator's.
pub(super) const PREFIX: &str = "/sandbox/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Movement {
    country: Country,
    amount: Number,
    #[serde(default)]
    environment: Mode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quote {
    from: Currency,
    to: Currency,
    rate: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorIs {
    provider: String,
    status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    advance: String,
}

pub(super) fn answer(shared: &Shared, request: &Request) -> Reply {
    let done = match (request.method.as_str(), request.path()) {
        ("GET", "/sandbox/books") => return Reply::json(200, &books(shared)),
        ("GET", "/sandbox/requests") => return Reply::json(200, &shared.world().log.requests()),
        ("POST", "/sandbox/deposit") => movement(shared, request, true),
        ("POST", "/sandbox/withdraw") => movement(shared, request, false),
        ("POST", "/sandbox/rate") => rate(shared, request),
        ("POST", "/sandbox/operator") => operator(shared, request),
        ("POST", "/sandbox/faults") => faults(shared, request),
        ("POST", "/sandbox/clock") => clock(shared, request),
        _ => {
            return Reply::error(
                404,
                "the sandbox has books, requests (GET), deposit, withdraw, rate, operator, faults, clock (POST)",
            );
        }
    };
    match done {
        Ok(()) => Reply::json(200, &serde_json::json!({ "ok": true })),
        Err(error) => Reply::error(400, &error.to_string()),
    }
}

fn read<T: DeserializeOwned>(request: &Request, shape: &str) -> Result<T, SandboxError> {
    serde_json::from_slice(&request.body)
        .map_err(|error| SandboxError::Setting(format!("the body is to look like {shape}: {error}")))
}

fn movement(shared: &Shared, request: &Request, comes_in: bool) -> Result<(), SandboxError> {
    let asked: Movement = read(request, r#"{"country":"GAB","amount":1000}"#)?;
    let amount = Amount::new(asked.amount.0);
    let ledger = &mut shared.world().ledger;
    if comes_in {
        ledger.deposit(asked.environment, asked.country, amount)
    } else {
        ledger.withdraw(asked.environment, asked.country, amount)
    }
}

fn rate(shared: &Shared, request: &Request) -> Result<(), SandboxError> {
    let quote: Quote = read(request, r#"{"from":"XAF","to":"XOF","rate":1.02}"#)?;
    shared.world().rates.set((quote.from, quote.to), Rate::new(quote.rate.0)?);
    Ok(())
}

fn operator(shared: &Shared, request: &Request) -> Result<(), SandboxError> {
    let asked: OperatorIs = read(request, r#"{"provider":"MTN_MOMO_CMR","status":"CLOSED"}"#)?;
    let status = asked.status.parse()?;
    shared.world().settings.operators.insert(asked.provider, status);
    Ok(())
}

fn faults(shared: &Shared, request: &Request) -> Result<(), SandboxError> {
    let texts: Vec<String> = read(request, r#"["lost-after-apply=3"]"#)?;
    let rules = texts.iter().map(|text| text.parse()).collect::<Result<Vec<Rule>, _>>()?;
    shared.world().script = Script::new(rules);
    Ok(())
}

fn clock(shared: &Shared, request: &Request) -> Result<(), SandboxError> {
    let step: Step = read(request, r#"{"advance":"1h"}"#)?;
    shared.clock.advance(parse_duration(&step.advance)?);
    Ok(())
}
