//! Questions about operators: which of them take payouts now, whose customer a number is, what KPay charges.

use super::client::{Auth, Call};
use super::reads::{unusable, unusable_unseen};
use super::wire::{CountryAvailability, PredictReply, PredictRequest};
use super::{CallError, Client, Endpoint};
use crate::model::{Availability, OperatorStatus, Phone, Provider, tame};
use serde_json::value::RawValue;

/// The longest platform info that is passed on, in bytes.
const LONGEST_INFO: usize = 64 * 1024;

impl Client {
    /// Which operators take payouts now, as KPay says (cached a minute there). Where KPay does not offer this to us at all,
    /// nothing counts as asked. An operator that stands twice has the worse status.
    ///
    /// # Errors
    /// [`CallError`] where it could not be read: then nobody knows.
    pub async fn availability(&self) -> Result<Availability, CallError> {
        let endpoint = Endpoint::Availability;
        let body = match self.ask(Call { endpoint, query: "", auth: Auth::Keys, body: None }).await {
            Ok(body) => body,
            Err(CallError::Forbidden { .. } | CallError::Status { status: 404 | 405 | 501, .. }) => {
                tracing::debug!("kpay does not say here which operators take payouts");
                return Ok(Availability::unasked().clone());
            }
            Err(error) => return Err(error),
        };
        let countries: Vec<CountryAvailability> =
            serde_json::from_slice(&body).map_err(|error| unusable(endpoint, &error.to_string(), &body))?;
        Ok(payouts(&countries))
    }

    /// The operator that KPay takes a number for.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Unintelligible`] where the reply is about another number or names no operator.
    pub async fn predict_provider(&self, phone: Phone) -> Result<Provider, CallError> {
        let endpoint = Endpoint::PredictProvider;
        let request = PredictRequest { phone_number: phone.to_string() };
        // Its customer's number is not for everybody's eyes.
        let wrong = |what: &str, body: &[u8]| unusable_unseen(endpoint, what, body);
        let sent = serde_json::to_string(&request).map_err(|error| wrong(&error.to_string(), &[]))?;
        let body = self.ask(Call { endpoint, query: "", auth: Auth::Keys, body: Some(&sent) }).await?;
        let told: PredictReply = serde_json::from_slice(&body).map_err(|error| wrong(&error.to_string(), &body))?;
        if told.phone_number.strip_prefix('+').unwrap_or(&told.phone_number) != phone.digits() {
            return Err(wrong("it is about another number", &body));
        }
        told.provider.parse().map_err(|error: crate::model::PayeeError| wrong(&error.to_string(), &body))
    }

    /// KPay's live fees and limits: JSON of a shape nobody documented, as it came. Asked without keys.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Unintelligible`] for what is not JSON, or more than 64 KiB of it.
    pub async fn platform_info(&self) -> Result<Box<RawValue>, CallError> {
        let endpoint = Endpoint::PlatformInfo;
        let body = self.ask(Call { endpoint, query: "", auth: Auth::Nobody, body: None }).await?;
        if body.len() > LONGEST_INFO {
            return Err(unusable(endpoint, "it is larger than 64 KiB", &body));
        }
        serde_json::from_slice(&body).map_err(|error| unusable(endpoint, &error.to_string(), &body))
    }
}

/// What a body says, for [`super::soundness`].
#[cfg(any(test, fuzzing))]
pub(super) fn soundness(body: &[u8]) -> Option<Availability> {
    serde_json::from_slice::<Vec<CountryAvailability>>(body).ok().map(|countries| payouts(&countries))
}

fn payouts(countries: &[CountryAvailability]) -> Availability {
    let mut said = Availability::default();
    for row in countries.iter().flat_map(|country| &country.providers) {
        let Ok(provider) = row.provider.parse::<Provider>() else {
            tracing::debug!(operator = %tame(&row.provider, 40), "kpay names an operator of no known country");
            continue;
        };
        for operation in row.operation_types.iter().filter(|operation| operation.operation_type == "PAYOUT") {
            let Some(status) = status(&operation.status) else {
                tracing::debug!(%provider, status = %tame(&operation.status, 40), "kpay has a new word for an operator");
                continue;
            };
            let known = said.payouts.entry(provider).or_insert(status);
            if severity(status) > severity(*known) {
                *known = status;
            }
        }
    }
    said
}

fn status(word: &str) -> Option<OperatorStatus> {
    match word {
        "OPERATIONAL" => Some(OperatorStatus::Operational),
        "DELAYED" => Some(OperatorStatus::Delayed),
        "CLOSED" => Some(OperatorStatus::Closed),
        _ => None,
    }
}

fn severity(status: OperatorStatus) -> u8 {
    match status {
        OperatorStatus::Operational => 0,
        OperatorStatus::Delayed => 1,
        OperatorStatus::Closed => 2,
    }
}
