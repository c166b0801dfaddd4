//! The bytes of a transfer request: made once, kept in the intent, sent on every attempt. Checked against the intent
//! before each send, because the body is what moves money.

use super::wire::TransferRequest;
use crate::model::{ExternalId, Identity, Intent, Kind, Lane};
use crate::money::{Amount, Number};
use serde_json::Value;

/// The body of `POST /api/wallets/transfer`: the documented fields in the documented order, the amount a JSON number
/// without needless zeros.
#[must_use]
pub fn transfer_body(
    identity: &Identity,
    lane: Lane,
    amount: Amount,
    external_id: &ExternalId,
    description: &str,
) -> String {
    let text = |text: &str| Value::from(text).to_string();
    format!(
        r#"{{"applicationId":{},"sourceCountry":{},"destinationCountry":{},"amount":{},"description":{},"externalId":{}}}"#,
        text(identity.application_id.as_str()),
        text(lane.from.country.code()),
        text(lane.to.country.code()),
        amount,
        text(description),
        text(external_id.as_str()),
    )
}

/// What in the intent's body is not what the intent says; `None` where all agrees.
pub(super) fn disagreement(intent: &Intent) -> Option<String> {
    if intent.kind != Kind::Transfer {
        return Some("the intent is not a wallet transfer".to_owned());
    }
    let Ok(request) = serde_json::from_str::<TransferRequest>(&intent.body) else {
        return Some("its body is not a transfer request".to_owned());
    };
    let differs = [
        ("sourceCountry", request.source_country != intent.lane.from.country.code()),
        ("destinationCountry", request.destination_country != intent.lane.to.country.code()),
        ("amount", request.amount != Number(intent.amount.decimal())),
        ("externalId", request.external_id.as_deref() != Some(intent.external_id.as_str())),
    ];
    let (field, _) = differs.iter().find(|(_, differs)| *differs)?;
    Some(format!("the {field} in its body is not the intent's"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixtures::{identity, intent};
    use super::*;
    use crate::model::WalletId;
    use crate::money::Country;

    #[test]
    fn the_body_is_the_documented_one() {
        let wallet = |country| WalletId::of(country).unwrap();
        let lane = Lane::between(wallet(Country::CMR), wallet(Country::GAB));
        let id = ExternalId::from_text("TRF-2026-001");
        for (amount, expected) in [("50000", "50000"), ("50000.00", "50000"), ("100.50", "100.5"), ("0.05", "0.05")] {
            let body = transfer_body(&identity(), lane, amount.parse().unwrap(), &id, "a \"quoted\"\nline");
            let id_text = identity().application_id;
            assert_eq!(
                body,
                format!(
                    r#"{{"applicationId":"{id_text}","sourceCountry":"CMR","destinationCountry":"GAB","amount":{expected},"description":"a \"quoted\"\nline","externalId":"TRF-2026-001"}}"#
                )
            );
            let request: TransferRequest = serde_json::from_str(&body).unwrap();
            assert_eq!(serde_json::to_string(&request).unwrap(), body, "the wire type writes the same bytes");
        }
    }

    #[test]
    fn i04_a_body_that_is_not_the_intents_is_noticed() {
        let good = intent("GAB", "CMR", "30000");
        assert_eq!(disagreement(&good), None);
        for (from, to) in [
            (r#""GAB""#, r#""COG""#),
            (r#""CMR""#, r#""COG""#),
            ("30000", "30001"),
            ("TRD-TEST-1", "TRD-TEST-2"),
            (r#""amount""#, r#""Amount""#),
            ("}", ""),
        ] {
            let mut wrong = good.clone();
            wrong.body = good.body.replace(from, to);
            assert_ne!(wrong.body, good.body);
            assert!(disagreement(&wrong).is_some(), "{}", wrong.body);
        }
    }
}
