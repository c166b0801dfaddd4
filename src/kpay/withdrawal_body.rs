//! The bytes of a withdrawal request, in KPay's two modes: an operator's customer by number (USSD), or KPay's hosted
//! page. Made once, kept in the intent, sent on every attempt, and checked against the intent before each send.

use super::wire::WithdrawRequest;
use crate::model::{Beneficiary, ExternalId, Intent, Kind, Lane, Payee};
use crate::money::{Amount, Number};
use serde_json::Value;

/// What a withdrawal request is made from.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawalAsk<'a> {
    /// From a wallet to somebody outside.
    pub lane: Lane,
    /// Gross, in the currency of the wallet: KPay's fee comes out of it.
    pub amount: Amount,
    /// Idempotency.
    pub external_id: &'a ExternalId,
    /// For people.
    pub description: &'a str,
    /// Where KPay's hosted page sends the beneficiary afterwards; needed for the page, unused otherwise.
    pub return_url: Option<&'a str>,
    /// Where it sends them when they give up; for the page only.
    pub cancel_url: Option<&'a str>,
}

/// The body of `POST /api/v1/payments/withdraw`: the documented fields in the documented order, the amount a JSON number
/// without needless zeros. `sourceCountry` is in it where the operator is in another country, and always for the hosted
/// page: no wallet but the lane's may be debited. `None` where the lane ends in a wallet, or the hosted page has no
/// `return_url`.
#[must_use]
pub fn withdrawal_body(ask: &WithdrawalAsk<'_>) -> Option<String> {
    let mut fields = vec![format!(r#""amount":{}"#, ask.amount)];
    let mut text = |name: &str, value: &str| fields.push(format!(r#""{name}":{}"#, Value::from(value)));
    let source = ask.lane.from.country.code();
    match ask.lane.to.payee? {
        Payee::Phone(Beneficiary { provider, phone }) => {
            text("provider", provider.code());
            text("phoneNumber", phone.digits());
            if provider.country() != ask.lane.from.country {
                text("sourceCountry", source);
            }
        }
        Payee::Gateway => {
            text("sourceCountry", source);
            text("returnUrl", ask.return_url?);
            if let Some(url) = ask.cancel_url {
                text("cancelUrl", url);
            }
        }
    }
    text("externalId", ask.external_id.as_str());
    text("description", ask.description);
    Some(format!("{{{}}}", fields.join(",")))
}

/// What in the intent's body is not what the intent says, the two modes mixed included; `None` where all agrees.
pub(super) fn disagreement(intent: &Intent) -> Option<String> {
    let (Kind::Payout, Some(payee)) = (intent.kind, intent.lane.to.payee) else {
        return Some("the intent is not a payout".to_owned());
    };
    let Ok(request) = serde_json::from_str::<WithdrawRequest>(&intent.body) else {
        return Some("its body is not a withdrawal request".to_owned());
    };
    let source = intent.lane.from.country;
    let (provider, phone, names_source, hosted) = match &payee {
        Payee::Phone(to) => (Some(to.provider.code()), Some(to.phone.digits()), to.provider.country() != source, false),
        Payee::Gateway => (None, None, true, true),
    };
    let differs = [
        ("amount", request.amount != Number(intent.amount.decimal())),
        ("externalId", request.external_id.as_deref() != Some(intent.external_id.as_str())),
        ("provider", request.provider.as_deref() != provider),
        ("phoneNumber", request.phone_number.as_deref() != phone),
        ("sourceCountry", request.source_country.as_deref() != names_source.then_some(source.code())),
        ("returnUrl", request.return_url.is_some() != hosted),
        ("cancelUrl", request.cancel_url.is_some() && !hosted),
        ("metadata", request.metadata.is_some()),
    ];
    let (field, _) = differs.iter().find(|(_, differs)| *differs)?;
    Some(format!("the {field} in its body is not the intent's"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixtures::{payout, wallet};
    use super::*;

    fn check(from: &str, payee: &str, amount: &str, description: &str, expected: &str) {
        let external_id = ExternalId::from_text("WD-1");
        let lane = Lane::payout(wallet(from), payee.parse().unwrap());
        let body = withdrawal_body(&WithdrawalAsk {
            lane,
            amount: amount.parse().unwrap(),
            external_id: &external_id,
            description,
            return_url: Some("https://monsite.com/return"),
            cancel_url: None,
        });
        assert_eq!(body.as_deref(), Some(expected));
        let request: WithdrawRequest = serde_json::from_str(expected).unwrap();
        assert_eq!(serde_json::to_string(&request).unwrap(), expected, "the wire type writes the same bytes");
    }

    #[test]
    fn the_bodies_are_the_documented_ones() {
        check(
            "CMR",
            "MTN_MOMO_CMR:237653456789",
            "5000.00",
            "a \"b\"\n",
            r#"{"amount":5000,"provider":"MTN_MOMO_CMR","phoneNumber":"237653456789","externalId":"WD-1","description":"a \"b\"\n"}"#,
        );
        check(
            "CMR",
            "ORANGE_GAB:237653456789",
            "10000",
            "Supplier payment Gabon",
            r#"{"amount":10000,"provider":"ORANGE_GAB","phoneNumber":"237653456789","sourceCountry":"CMR","externalId":"WD-1","description":"Supplier payment Gabon"}"#,
        );
        check(
            "CMR",
            "GATEWAY",
            "5000.50",
            "d",
            r#"{"amount":5000.5,"sourceCountry":"CMR","returnUrl":"https://monsite.com/return","externalId":"WD-1","description":"d"}"#,
        );
    }

    #[test]
    fn nothing_is_made_without_somebody_to_pay_or_a_way_back() {
        let external_id = ExternalId::from_text("WD-1");
        let ask = |lane| WithdrawalAsk {
            lane,
            amount: Amount::whole(5_000),
            external_id: &external_id,
            description: "d",
            return_url: None,
            cancel_url: Some("https://monsite.com/cancel"),
        };
        assert_eq!(withdrawal_body(&ask(Lane::payout(wallet("CMR"), Payee::Gateway))), None);
        assert_eq!(withdrawal_body(&ask(Lane::between(wallet("CMR"), wallet("GAB")))), None);
    }

    #[test]
    fn i04_a_body_that_is_not_the_intents_is_noticed() {
        let refused = |payee: &str, swaps: &[(&str, &str)]| {
            let good = payout("CMR", payee, "5000");
            assert_eq!(disagreement(&good), None);
            for (from, to) in swaps {
                let mut wrong = good.clone();
                wrong.body = good.body.replacen(from, to, 1);
                assert_ne!(wrong.body, good.body, "{from}");
                assert!(disagreement(&wrong).is_some(), "{}", wrong.body);
            }
        };
        let everywhere = [
            ("5000", "50000"),
            ("WD-TEST-1", "WD-TEST-2"),
            ("\"amount\"", "\"Amount\""),
            ("}", ""),
            ("{", r#"{"metadata":{},"#),
            ("{", r#"{"amount":5000,"#),
        ];
        refused("MTN_MOMO_CMR:237653456789", &everywhere);
        refused(
            "MTN_MOMO_CMR:237653456789",
            &[
                ("MTN_MOMO_CMR", "ORANGE_CMR"),
                ("237653456789", "237653456129"),
                ("{", r#"{"sourceCountry":"GAB","#),
                ("{", r#"{"returnUrl":"https://x.example","#),
                ("{", r#"{"cancelUrl":"https://x.example","#),
            ],
        );
        refused("ORANGE_GAB:24174345678", &[(r#""sourceCountry":"CMR","#, ""), (r#""CMR""#, r#""COG""#)]);
        refused("GATEWAY", &everywhere);
        refused(
            "GATEWAY",
            &[
                ("{", r#"{"provider":"MTN_MOMO_CMR","#),
                ("{", r#"{"phoneNumber":"237653456789","#),
                (r#""returnUrl""#, r#""returnURL""#),
                (r#""sourceCountry":"CMR","#, ""),
            ],
        );
        let mut transfer = payout("CMR", "GATEWAY", "5000");
        transfer.kind = Kind::Transfer;
        assert!(disagreement(&transfer).is_some());
    }
}
