//! The withdrawal endpoints and what is known of operators.

use super::{PayoutTerms, operator, reply};
use crate::kpay::wire::{
    CountryAvailability, OperationAvailability, PredictReply, PredictRequest, ProviderAvailability, WithdrawReply,
};
use crate::sandbox::faults::Fault;
use crate::sandbox::handlers::Call;
use crate::sandbox::reply::{JSON, Reply};
use crate::sandbox::{transfer::Order, world::World};

/// `POST /api/v1/payments/withdraw`
pub(in crate::sandbox) fn withdraw(world: &mut World, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    let terms = match fault {
        Some(Fault::Fee(fee)) => PayoutTerms { fee: Some(*fee), rate: None },
        Some(Fault::RateMoves(rate)) => PayoutTerms { rate: Some(*rate), fee: None },
        _ => PayoutTerms::default(),
    };
    let order = Order { mode: call.caller.mode, body: call.body, request: call.number, now: call.now };
    match world.withdraw(&order, terms) {
        Ok(entry) => {
            let home = entry.provider.as_deref().is_some_and(|code| code.ends_with(entry.source.code()));
            let mut reply = reply::created(&entry, !home, &world.base_url);
            spoil(&mut reply, fault);
            Reply::json(201, &reply)
        }
        Err(refusal) => refusal.reply(&world.settings),
    }
}

/// `GET /api/v1/payments/withdraw/:id`
pub(in crate::sandbox) fn withdrawal(world: &mut World, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    let id = call.path.rsplit('/').next().unwrap_or_default();
    match world.ledger.withdrawals().iter().find(|entry| entry.id == id) {
        None => Reply::error(404, "Withdrawal not found"),
        Some(entry) if entry.environment != call.caller.mode => {
            Reply::error(403, "This withdrawal does not belong to your application")
        }
        Some(entry) => {
            let mut reply = reply::object(entry);
            spoil(&mut reply, fault);
            reply::written(&reply)
        }
    }
}

fn spoil(reply: &mut WithdrawReply, fault: Option<&Fault>) {
    if let Some(Fault::WrongField { field, value }) = fault {
        field.spoil_withdrawal(reply, value.as_deref());
    }
}

/// `GET /api/v1/payments/availability`: the catalogue, each operator with what is set of it.
pub(in crate::sandbox) fn availability(world: &World) -> Reply {
    let one = |code: &str| {
        let status = world.operator_status(code).word();
        let operation =
            |kind: &str| OperationAvailability { operation_type: kind.to_owned(), status: status.to_owned() };
        let operation_types = ["DEPOSIT", "PAYOUT", "REMITTANCE"].map(operation).to_vec();
        ProviderAvailability { provider: code.to_owned(), operation_types }
    };
    let countries: Vec<CountryAvailability> = operator::by_country()
        .map(|(country, codes)| CountryAvailability {
            country: country.to_string(),
            providers: codes.into_iter().map(one).collect(),
        })
        .collect();
    Reply::json(200, &countries)
}

/// `POST /api/v1/payments/predict-provider`
pub(in crate::sandbox) fn predict(call: &Call<'_>) -> Reply {
    let asked = serde_json::from_slice::<PredictRequest>(call.body).ok().map(|request| request.phone_number);
    let Some(phone_number) = asked.filter(|phone| operator::is_phone(phone)) else {
        return Reply::errors(400, &["phoneNumber must be in international format".to_owned()]);
    };
    match operator::predicted(&phone_number) {
        Some((country, code)) => {
            let (country, provider) = (country.to_string(), code.to_owned());
            Reply::json(201, &PredictReply { country, provider, phone_number })
        }
        None => Reply::error(400, "No provider found for this number"),
    }
}

/// `GET /api/public/platform-info`: fees and limits. Its field names are the sandbox's own, KPay's are unknown.
pub(in crate::sandbox) fn platform_info() -> Reply {
    let body = r#"{"withdrawal":{"feePercent":5,"minAmount":100,"maxAmount":500000},"transfer":{"minAmount":100,"maxAmount":10000000}}"#;
    Reply::new(200, JSON, body)
}
