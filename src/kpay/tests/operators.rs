//! Questions about operators: which take payouts, whose customer a number is, what KPay charges.

use super::fixtures::{CANARY, client};
use crate::kpay::CallError;
use mockito::{Matcher, Server};

const AVAILABILITY: &str = "/api/v1/payments/availability";

#[tokio::test]
async fn payouts_are_read_operator_by_operator() {
    let check = async |status: usize, body: &str, expected: Option<&str>| {
        let mut server = Server::new_async().await;
        let keys = Matcher::Exact(format!("kpay_test_{CANARY}"));
        let mock = server.mock("GET", AVAILABILITY).match_header("X-API-Key", keys);
        mock.with_status(status).with_body(body).create_async().await;
        let said = client(&server.url()).availability().await;
        let said = said.map(|said| serde_json::to_string(&said.payouts).unwrap());
        assert_eq!(said.as_deref().ok(), expected, "{status} {body}: {said:?}");
    };
    let rows = |operations: &str| {
        format!(r#"[{{"country":"CMR","providers":[{{"provider":"ORANGE_CMR","operationTypes":[{operations}]}}]}}]"#)
    };
    let row = |kind: &str, status: &str| format!(r#"{{"operationType":"{kind}","status":"{status}"}}"#);
    check(200, "[]", Some("{}")).await;
    for status in ["OPERATIONAL", "DELAYED", "CLOSED"] {
        let expected = format!(r#"{{"ORANGE_CMR":"{status}"}}"#);
        check(200, &rows(&row("PAYOUT", status)), Some(&expected)).await;
    }
    check(200, &rows(&row("DEPOSIT", "CLOSED")), Some("{}")).await;
    check(200, &rows(&row("REMITTANCE", "CLOSED")), Some("{}")).await;
    check(200, &rows(&row("PAYOUT", "RESTING")), Some("{}")).await;
    let twice = format!("{},{}", row("PAYOUT", "CLOSED"), row("PAYOUT", "OPERATIONAL"));
    check(200, &rows(&twice), Some(r#"{"ORANGE_CMR":"CLOSED"}"#)).await;
    check(200, &rows(&row("PAYOUT", "CLOSED")).replace("ORANGE_CMR", "odd"), Some("{}")).await;
    for status in [403, 404, 405, 501] {
        check(status, "{}", Some("{}")).await;
    }
    for status in [301, 401, 429, 500, 503] {
        check(status, "[]", None).await;
    }
    for body in ["", "{}", "<html>", r#"[{"country":"CMR"}]"#, "[1]"] {
        check(200, body, None).await;
    }
}

#[tokio::test]
async fn a_number_is_asked_for_its_operator() {
    let check = async |status: usize, body: &str, expected: Option<&str>| {
        let mut server = Server::new_async().await;
        let mock = server.mock("POST", "/api/v1/payments/predict-provider");
        let mock = mock.match_body(r#"{"phoneNumber":"237653456789"}"#).with_status(status).with_body(body);
        let mock = mock.expect(1).create_async().await;
        let said = client(&server.url()).predict_provider("237653456789".parse().unwrap()).await;
        assert_eq!(said.as_ref().ok().map(ToString::to_string).as_deref(), expected, "{status} {body}: {said:?}");
        mock.assert_async().await;
    };
    let good = r#"{"country":"CMR","provider":"MTN_MOMO_CMR","phoneNumber":"237653456789"}"#;
    check(201, good, Some("MTN_MOMO_CMR")).await;
    check(200, &good.replace("\"2376", "\"+2376"), Some("MTN_MOMO_CMR")).await;
    check(201, &good.replace("789", "780"), None).await;
    check(201, &good.replace("MTN_MOMO_CMR", "MTN"), None).await;
    check(201, "{}", None).await;
    check(400, good, None).await;
}

#[tokio::test]
async fn fees_and_limits_are_read_without_keys() {
    let check = async |body: &str, expected: bool| {
        let mut server = Server::new_async().await;
        let mock = server.mock("GET", "/api/public/platform-info").match_header("X-API-Key", Matcher::Missing);
        let mock = mock.match_header("X-Secret-Key", Matcher::Missing).with_body(body).expect(1).create_async().await;
        let said = client(&server.url()).platform_info().await;
        assert_eq!(said.as_ref().is_ok_and(|said| said.get() == body), expected, "{said:?}");
        assert!(expected || matches!(said, Err(CallError::Unintelligible { .. })));
        mock.assert_async().await;
    };
    check(r#"{"withdrawalFeePercent":5.0,"limits":{"min":100}}"#, true).await;
    check("<html>", false).await;
    check("", false).await;
    check(&format!(r#""{}""#, "x".repeat(64 * 1024)), false).await;
}
