//! Questions: whose keys, what the wallets hold, what a currency costs.

use super::client::{Auth, Call};
use super::strict::shown;
use super::wire::{ExchangeRate, Me};
use super::{CallError, Client, Endpoint, balances};
use crate::model::{Identity, Snapshot, Timestamp, tame};
use crate::money::{Country, Currency, Rate};
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// How long `overview` is left alone once KPay has said that it is not for us.
const OVERVIEW_REST: Duration = Duration::from_mins(10);

impl Client {
    /// Whose keys these are: environment and application, checked against configuration and key prefix.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::WrongEnvironment`] and [`CallError::WrongApplication`] where `/me` says something else
    /// than the configuration.
    pub async fn identity(&self) -> Result<Identity, CallError> {
        let identity = self.read_identity(&self.ask_with_keys(Self::identity_call(Auth::Keys)).await?)?;
        self.belongs_to(&identity.application_id)?;
        Ok(identity)
    }

    /// The question who some keys belong to.
    pub(super) fn identity_call(auth: Auth<'_>) -> Call<'_> {
        Call { endpoint: Endpoint::Identity, query: "", auth, body: None }
    }

    /// Who the keys belong to, by KPay's word.
    pub(super) fn read_identity(&self, body: &[u8]) -> Result<Identity, CallError> {
        let endpoint = Endpoint::Identity;
        let me: Me = serde_json::from_slice(body).map_err(|error| unusable(endpoint, &error.to_string(), body))?;
        if me.environment != self.environment.kpay_word() {
            let told = tame(&me.environment, 40);
            return Err(CallError::WrongEnvironment {
                expected: self.environment,
                told_by: "KPay's own words (/me)",
                told,
            });
        }
        let told = me.application.id.to_ascii_lowercase();
        let application_id = told.parse().map_err(|_| unusable(endpoint, "its application.id is no UUID", body))?;
        if let Some(expected) = self.application_id.as_ref().filter(|&expected| *expected != application_id) {
            return Err(CallError::WrongApplication { expected: expected.to_string(), told });
        }
        Ok(Identity { environment: self.environment, application_id })
    }

    /// What the wallets hold. `taken_at` is the moment before this call; `countries` are those of the policies in force,
    /// needed where KPay's rows name no country. Asks `overview` first, then `balance` (kpay-api.md).
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Wallets`] where both failed. A reply from which no wallet can be read is an error, not
    /// an empty snapshot.
    pub async fn wallets(&self, taken_at: Timestamp, countries: &BTreeSet<Country>) -> Result<Snapshot, CallError> {
        if self.overview_rests() {
            let balance = self.balance(taken_at, countries).await;
            if balance.is_ok() {
                return balance;
            }
            // Perhaps it is the other one's turn again: the next call asks both.
            self.rest_overview(None);
            return balance;
        }
        let overview = match self.overview(taken_at, countries).await {
            Ok(snapshot) => return Ok(snapshot),
            // The same host and budget: a second question would fare no better.
            Err(error @ (CallError::Unreachable { .. } | CallError::RateLimited { .. } | CallError::UsedUp { .. })) => {
                return Err(error);
            }
            Err(error) => error,
        };
        match self.balance(taken_at, countries).await {
            Ok(snapshot) => {
                if is_not_offered(&overview) {
                    tracing::info!(reason = %overview, "kpay's overview is not usable, reading the balance instead");
                    self.rest_overview(Some(Instant::now() + OVERVIEW_REST));
                }
                Ok(snapshot)
            }
            Err(balance) => Err(CallError::Wallets { overview: Box::new(overview), balance: Box::new(balance) }),
        }
    }

    /// KPay's indicative rate: units of `to` for one of `from`. The applied rate is the transfer's own.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Unintelligible`] where the reply is for another pair (also the inverted one) or the
    /// rate is not positive.
    pub async fn exchange_rate(&self, from: Currency, to: Currency) -> Result<Rate, CallError> {
        let endpoint = Endpoint::ExchangeRate;
        let query = format!("?from={from}&to={to}");
        let body = self.ask(Call { endpoint, query: &query, auth: Auth::Keys, body: None }).await?;
        let told: ExchangeRate =
            serde_json::from_slice(&body).map_err(|error| unusable(endpoint, &error.to_string(), &body))?;
        if told.from != from.code() || told.to != to.code() {
            return Err(unusable(endpoint, &format!("it is not for {from} to {to}"), &body));
        }
        Rate::new(told.rate.0).map_err(|error| unusable(endpoint, &error.to_string(), &body))
    }

    async fn overview(&self, taken_at: Timestamp, countries: &BTreeSet<Country>) -> Result<Snapshot, CallError> {
        let endpoint = Endpoint::Overview;
        let token = self.token().await?;
        let first = self.ask(Call { endpoint, query: "", auth: Auth::Bearer(&token), body: None }).await;
        let body = match first {
            Err(CallError::NotAuthorized { .. }) => {
                self.tokens.discard(&token);
                let fresh = self.token().await?;
                self.ask(Call { endpoint, query: "", auth: Auth::Bearer(&fresh), body: None }).await?
            }
            other => other?,
        };
        self.tokens.accepted();
        snapshot(endpoint, &body, taken_at, countries)
    }

    async fn balance(&self, taken_at: Timestamp, countries: &BTreeSet<Country>) -> Result<Snapshot, CallError> {
        let endpoint = Endpoint::Balance;
        let body = self.ask(Call { endpoint, query: "", auth: Auth::Keys, body: None }).await?;
        snapshot(endpoint, &body, taken_at, countries)
    }

    fn overview_rests(&self) -> bool {
        let until = *self.overview_rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until > Instant::now())
    }

    fn rest_overview(&self, until: Option<Instant>) {
        *self.overview_rests_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// Whether the answer is a property of KPay's and not of the moment: asking again soon would be a waste.
fn is_not_offered(error: &CallError) -> bool {
    match error {
        CallError::NotAuthorized { endpoint, .. } => *endpoint == Endpoint::Overview,
        CallError::Forbidden { .. } | CallError::Unintelligible { .. } => true,
        CallError::Status { status, .. } => matches!(status, 404 | 405 | 501),
        _ => false,
    }
}

fn snapshot(
    endpoint: Endpoint,
    body: &[u8],
    taken_at: Timestamp,
    countries: &BTreeSet<Country>,
) -> Result<Snapshot, CallError> {
    let read = balances::read(body, countries).map_err(|what| unusable(endpoint, &what, body))?;
    Ok(Snapshot { taken_at, readings: read.readings, problems: read.problems })
}

/// A reply that is not what was asked for.
pub(super) fn unusable(endpoint: Endpoint, what: &str, body: &[u8]) -> CallError {
    CallError::Unintelligible { endpoint, what: tame(what, 200), shown: shown(body) }
}

/// The same, where the body is not for everybody's eyes.
pub(super) fn unusable_unseen(endpoint: Endpoint, what: &str, body: &[u8]) -> CallError {
    let shown = format!("{} bytes, not shown", body.len());
    CallError::Unintelligible { endpoint, what: tame(what, 200), shown }
}
