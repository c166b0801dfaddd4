//! What the withdrawal endpoints answer, field for field as the seeds' samples.

use super::entry::AcceptedWithdrawal;
use crate::kpay::wire::WithdrawReply;
use crate::money::Number;
use crate::sandbox::reply::{JSON, Reply};
use crate::sandbox::{Mode, clock::Instant};
use chrono::SecondsFormat;

fn time(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn core(entry: &AcceptedWithdrawal) -> WithdrawReply {
    let converted = entry.currency != entry.payout_currency;
    WithdrawReply {
        id: entry.id.clone(),
        reference: Some(entry.reference.clone()),
        provider_reference: None,
        status: entry.status.word().to_owned(),
        mode: None,
        amount: entry.amount.to_wire(),
        net_amount: Some(entry.net.to_wire()),
        fee_amount: Some(entry.fee.to_wire()),
        currency: entry.currency.to_string(),
        payout_currency: converted.then(|| entry.payout_currency.to_string()),
        payout_amount: converted.then(|| entry.payout_amount.to_wire()),
        exchange_rate: converted.then(|| Number(entry.rate.decimal())),
        external_id: None,
        provider: None,
        country: None,
        phone_number: None,
        is_test: Some(entry.environment == Mode::Test),
        gateway_url: None,
        expires_at: None,
        description: None,
        metadata: None,
        message: None,
        created_at: None,
        completed_at: None,
        failed_at: None,
        failure_reason: None,
    }
}

fn with_payee(entry: &AcceptedWithdrawal) -> WithdrawReply {
    let country =
        entry.provider.as_deref().and_then(|code| code.rsplit_once('_')).map(|(_, country)| country.to_owned());
    WithdrawReply {
        provider_reference: entry.provider_reference.clone(),
        external_id: entry.external_id.clone(),
        provider: entry.provider.clone(),
        country,
        phone_number: entry.phone.clone(),
        ..core(entry)
    }
}

/// The 201: the whole object within one country, a short one with `sourceCountry`, the page's address for a hosted page.
pub(in crate::sandbox) fn created(entry: &AcceptedWithdrawal, across: bool, base_url: &str) -> WithdrawReply {
    let message = |text: &str| Some(text.to_owned());
    if let Some(page) = &entry.page {
        return WithdrawReply {
            external_id: entry.external_id.clone(),
            mode: message("GATEWAY"),
            gateway_url: Some(format!("{base_url}/gateway/{}", page.token)),
            expires_at: Some(time(page.expires)),
            message: message("Redirect the beneficiary to gatewayUrl to enter withdrawal details."),
            ..core(entry)
        };
    }
    if across {
        return WithdrawReply {
            message: message("Withdrawal request received. Processing via Mobile Money."),
            ..core(entry)
        };
    }
    WithdrawReply {
        message: message("Retrait initié, transfert en cours auprès de l'opérateur."), ..with_payee(entry)
    }
}

/// The withdrawal object.
pub(in crate::sandbox) fn object(entry: &AcceptedWithdrawal) -> WithdrawReply {
    use super::PayoutStatus::{Cancelled, Completed, Failed};
    let ended = |wanted: &[super::PayoutStatus]| entry.ended.filter(|_| wanted.contains(&entry.status)).map(time);
    WithdrawReply {
        mode: entry.page.as_ref().map(|_| "GATEWAY".to_owned()),
        description: entry.description.clone(),
        metadata: entry.metadata.clone(),
        created_at: Some(time(entry.at)),
        completed_at: ended(&[Completed]),
        failed_at: ended(&[Failed, Cancelled]),
        failure_reason: entry.failure_reason.clone(),
        ..with_payee(entry)
    }
}

/// The object on the wire: KPay writes what is not there yet as `null`.
pub(in crate::sandbox) fn written(reply: &WithdrawReply) -> Reply {
    let Ok(mut body) = serde_json::to_string(reply) else {
        return Reply::error(500, "the sandbox could not write its reply");
    };
    body.pop();
    let absent = [
        ("completedAt", reply.completed_at.is_none()),
        ("failedAt", reply.failed_at.is_none()),
        ("failureReason", reply.failure_reason.is_none()),
    ];
    for (name, _) in absent.iter().filter(|(_, absent)| *absent) {
        body.extend([",\"", name, "\":null"]);
    }
    body.push('}');
    Reply::new(200, JSON, body)
}
