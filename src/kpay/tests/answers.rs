//! What each answer to a transfer proves (A4–A7, A14, A15, B3), without a network.

use super::fixtures::{intent, intent_with_id, reply_within_xaf, wallet};
use crate::intent::{AppliedFacts, Reply};
use crate::kpay::judge::judge;
use crate::model::{Intent, Lane};

/// The verdict in one word and the detail.
fn verdict(status: u16, body: &str) -> (&'static str, String) {
    match judge(&intent("CMR", "GAB", "50000"), status, body.as_bytes()) {
        Reply::NotSent { detail } => ("not sent", detail),
        Reply::Lost { detail } => ("lost", detail),
        Reply::Applied(facts) => ("applied", format!("{facts:?}")),
        Reply::Conflict { detail } => ("conflict", detail),
        Reply::Refused { detail } => ("refused", detail),
        Reply::NotAuthorized { detail } => ("not authorized", detail),
        Reply::Accepted(_) => ("accepted", String::new()),
    }
}

fn check(status: u16, body: &str, expected: &str) {
    let (got, detail) = verdict(status, body);
    assert_eq!(got, expected, "{status} {body:.300}: {detail}");
}

/// Seed, page Cross-border, "Example — Same currency", verbatim.
const SEED_SAME_CURRENCY: &str = r#"{
  "id": "a1b2c3d4-...",
  "sourceTransaction": {
    "id": "a1b2c3d4-...",
    "reference": "TRF-OUT-ABC123",
    "type": "WALLET_TRANSFER_OUT",
    "amount": 50000,
    "currency": "XAF",
    "country": "CMR"
  },
  "destinationTransaction": {
    "id": "e5f6a7b8-...",
    "reference": "TRF-IN-ABC123",
    "type": "WALLET_TRANSFER_IN",
    "amount": 50000,
    "currency": "XAF",
    "country": "GAB"
  },
  "exchangeRate": 1,
  "description": "Fund transfer CMR to GAB",
  "externalId": "TRF-2026-001",
  "createdAt": "2026-06-23T10:00:00.000Z"
}"#;

/// Seed, "Example — Cross-currency", verbatim.
const SEED_CROSS_CURRENCY: &str = r#"{
  "id": "c3d4e5f6-...",
  "sourceTransaction": {
    "id": "c3d4e5f6-...",
    "reference": "TRF-OUT-DEF456",
    "type": "WALLET_TRANSFER_OUT",
    "amount": 100000,
    "currency": "XAF",
    "country": "CMR"
  },
  "destinationTransaction": {
    "id": "g7h8i9j0-...",
    "reference": "TRF-IN-DEF456",
    "type": "WALLET_TRANSFER_IN",
    "amount": 101530,
    "currency": "XOF",
    "country": "SEN"
  },
  "exchangeRate": 1.0153,
  "description": "Supply Senegal wallet",
  "externalId": "TRF-2026-002",
  "createdAt": "2026-06-23T10:05:00.000Z"
}"#;

fn applied(intent: &Intent, body: &str) -> Option<AppliedFacts> {
    match judge(intent, 201, body.as_bytes()) {
        Reply::Applied(facts) => Some(facts),
        _ => None,
    }
}

fn lane(from: &str, to: &str) -> Lane {
    Lane::between(wallet(from), wallet(to))
}

#[test]
fn the_seeds_two_samples_are_booked_with_their_figures() {
    let same = intent_with_id(lane("CMR", "GAB"), "50000", "TRF-2026-001", "Fund transfer CMR to GAB");
    let facts = applied(&same, SEED_SAME_CURRENCY).unwrap();
    assert_eq!(facts.exchange_rate.unwrap().to_string(), "1");
    assert_eq!(facts.credited.unwrap().to_string(), "50 000 XAF");
    assert_eq!(facts.source_reference.as_deref(), Some("TRF-OUT-ABC123"));

    let cross = intent_with_id(lane("CMR", "SEN"), "100000", "TRF-2026-002", "Supply Senegal wallet");
    let facts = applied(&cross, SEED_CROSS_CURRENCY).unwrap();
    assert_eq!(facts.exchange_rate.unwrap().to_string(), "1.0153");
    assert_eq!(facts.credited.unwrap().to_string(), "101 530 XOF");
    assert_eq!(facts.amount, "100000".parse().unwrap());
    assert_eq!(facts.kpay_id.as_deref(), Some("c3d4e5f6-..."));
    assert_eq!(facts.destination_reference.as_deref(), Some("TRF-IN-DEF456"));
}

#[test]
fn i09_rates_keep_their_digits_and_are_never_made_up() {
    let cross = intent_with_id(lane("CMR", "SEN"), "100000", "TRF-2026-002", "");
    for (sent, expected) in
        [("1.0153", Some("1.0153")), ("1.01530", Some("1.01530")), ("\"1.0153\"", Some("1.0153")), ("null", None)]
    {
        let body = SEED_CROSS_CURRENCY.replace("\"exchangeRate\": 1.0153", &format!("\"exchangeRate\": {sent}"));
        let facts = applied(&cross, &body).unwrap();
        assert_eq!(facts.exchange_rate.map(|rate| rate.to_string()).as_deref(), expected);
        assert_eq!(facts.credited.unwrap().amount, "101530".parse().unwrap());
    }
    for wrong in ["0", "-1.0153", "\"abc\"", "1e400", "[]", "true", "0.12345678901234567890123456789012345"] {
        let body = SEED_CROSS_CURRENCY.replace("\"exchangeRate\": 1.0153", &format!("\"exchangeRate\": {wrong}"));
        assert!(matches!(judge(&cross, 201, body.as_bytes()), Reply::Lost { .. }), "rate {wrong}");
    }
}

#[test]
fn a05_a_reply_that_differs_is_not_booked() {
    let good = reply_within_xaf();
    check(201, &good, "applied");
    for (from, to) in [
        (r#""externalId":"TRD-TEST-1""#, r#""externalId":"TRD-TEST-2""#),
        (r#""externalId":"TRD-TEST-1""#, r#""externalId":"trd-test-1""#),
        (r#""externalId":"TRD-TEST-1""#, r#""externalId":null"#),
        (r#","externalId":"TRD-TEST-1""#, ""),
        (r#""amount":50000,"currency":"XAF","country":"CMR""#, r#""amount":5000,"currency":"XAF","country":"CMR""#),
        (r#""amount":50000,"currency":"XAF","country":"CMR""#, r#""amount":50000.01,"currency":"XAF","country":"CMR""#),
        (r#""amount":50000,"currency":"XAF","country":"CMR""#, r#""amount":-50000,"currency":"XAF","country":"CMR""#),
        (r#""amount":50000,"currency":"XAF","country":"CMR""#, r#""amount":5e4,"currency":"XAF","country":"CMR""#),
        (r#""amount":50000,"currency":"XAF","country":"CMR""#, r#""amount":null,"currency":"XAF","country":"CMR""#),
        (r#""amount":50000,"currency":"XAF","country":"CMR""#, r#""currency":"XAF","country":"CMR""#),
        (r#""amount":50000,"currency":"XAF","country":"GAB""#, r#""amount":0,"currency":"XAF","country":"GAB""#),
        (r#""amount":50000,"currency":"XAF","country":"GAB""#, r#""amount":-1,"currency":"XAF","country":"GAB""#),
        (r#""amount":50000,"currency":"XAF","country":"GAB""#, r#""amount":50001,"currency":"XAF","country":"GAB""#),
        (r#""currency":"XAF","country":"CMR""#, r#""currency":"XOF","country":"CMR""#),
        (r#""currency":"XAF","country":"GAB""#, r#""currency":"XOF","country":"GAB""#),
        (r#""country":"CMR""#, r#""country":"COG""#),
        (r#""country":"GAB""#, r#""country":"COG""#),
        (r#""country":"GAB""#, r#""country":"gab""#),
        (r#""country":"CMR""#, r#""country":"СMR""#),
        ("WALLET_TRANSFER_OUT", "WALLET_TRANSFER_IN"),
        ("WALLET_TRANSFER_IN", "REFUND"),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1.0153,"#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":0,"#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"exchangeRate":1,"#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"status":"FAILED","#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"status":"PENDING","#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"status":"","#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"status":17,"#),
        (r#""sourceTransaction""#, r#""sourceTx""#),
        (r#""destinationTransaction""#, r#""destinationTx""#),
    ] {
        let mutated = good.replace(from, to);
        assert_ne!(mutated, good, "{from}");
        check(201, &mutated, "lost");
    }
}

#[test]
fn what_kpay_may_add_or_leave_out_does_not_hurt() {
    let good = reply_within_xaf();
    for (from, to) in [
        (r#""exchangeRate":1,"#, ""),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1.000,"#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"status":"COMPLETED","#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"status":"success","#),
        (r#""exchangeRate":1,"#, r#""exchangeRate":1,"status":null,"new":{"deep":[1,{}]},"#),
        (r#""type":"WALLET_TRANSFER_OUT","#, ""),
        (r#""id":"a1b2c3d4","source"#, r#""source"#),
        (r#""reference":"TRF-IN-ABC123","#, ""),
        (r#""amount":50000,"currency":"XAF","country":"CMR""#, r#""amount":50000.00,"currency":"XAF","country":"CMR""#),
        (r#""amount":50000,"currency":"XAF","country":"GAB""#, r#""amount":49500,"currency":"XAF","country":"GAB""#),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from}");
        check(201, &changed, "applied");
    }
}

#[test]
fn a04_a_reply_cut_anywhere_is_lost() {
    let good = reply_within_xaf();
    for end in 0..good.len() {
        check(201, good.get(..end).unwrap(), "lost");
    }
    check(201, &format!("{good} "), "applied");
    check(201, &format!("{good}{good}"), "lost");
}

#[test]
fn a06_empty_html_or_foreign_bodies_are_lost() {
    for body in ["", " ", "null", "{}", "[]", "true", "\"ok\"", "<html><body>Created</body></html>", "OK"] {
        check(201, body, "lost");
    }
    let utf16: Vec<u8> = reply_within_xaf().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1 = reply_within_xaf().replace("swept", "\u{0}").into_bytes().iter().map(|b| b | 0x80).collect::<Vec<_>>();
    for body in [utf16, latin1] {
        assert!(matches!(judge(&intent("CMR", "GAB", "50000"), 201, &body), Reply::Lost { .. }));
    }
    check(201, &"[".repeat(200_000), "lost");
}

#[test]
fn a15_only_200_201_and_202_can_be_applied() {
    let good = reply_within_xaf();
    for status in (200..=399).chain([402, 405, 406, 408, 410, 418, 425, 429, 451, 500, 502, 503, 504, 999]) {
        check(status, &good, if status <= 202 { "applied" } else { "lost" });
    }
    for status in [100, 101, 103] {
        check(status, "", "lost");
    }
}

#[test]
fn a07_a_server_error_is_never_a_refusal() {
    for status in [500, 502, 503, 504] {
        check(status, r#"{"statusCode":500,"message":"Internal server error"}"#, "lost");
        check(status, "<html><h1>504 Gateway Time-out</h1></html>", "lost");
        check(status, "", "lost");
    }
}

#[test]
fn a14_documented_refusals_are_refusals_only_in_kpays_form() {
    for (status, message) in [
        (400, "Insufficient balance"),
        (400, "Source country = destination"),
        (403, "The application does not belong to the connected user"),
        (404, "No wallet found for the source country"),
        (422, "Solde insuffisant"),
    ] {
        let body = format!(r#"{{"statusCode":{status},"message":"{message}","error":"x"}}"#);
        check(status, &body, "refused");
        assert!(verdict(status, &body).1.contains(message));
        check(status, &format!(r#"{{"message":["{message}","b"]}}"#), "refused");
        for foreign in ["", "<html>403</html>", "Forbidden", "null", "[]", &body[..body.len() - 1]] {
            check(status, foreign, "lost");
        }
    }
}

#[test]
fn a09_a_conflict_is_a_conflict_whatever_its_body_unless_a_gateway_made_it() {
    for body in ["", "{}", "Conflict", r#"{"statusCode":409,"message":"already exists"}"#, &reply_within_xaf()] {
        check(409, body, "conflict");
    }
    check(409, "\n<html>409</html>", "lost");
}

#[test]
fn b03_a_429_proves_nothing() {
    check(429, r#"{"statusCode":429,"message":"Too many requests"}"#, "lost");
    check(429, "", "lost");
}

#[test]
fn g06_words_from_outside_are_tamed_wherever_they_show() {
    let evil = "\\r\\n\\u001b[31m\\u202e\\u2028";
    let long = "y".repeat(100_000);
    for (status, body) in [
        (400, format!(r#"{{"message":"{evil}{long}"}}"#)),
        (500, format!(r#"{{"message":"{evil}{long}"}}"#)),
        (201, reply_within_xaf().replace("TRD-TEST-1", &format!("{evil}{long}"))),
        (201, reply_within_xaf().replace("TRF-OUT-ABC123", &format!("{evil}{long}"))),
        (201, format!("\r\n\u{1b}[31m\u{202e}{long}")),
        (409, format!(r#"{{"message":"{evil}{long}"}}"#)),
    ] {
        let (_, detail) = verdict(status, &body);
        assert!(detail.len() < 1_000, "{} bytes for {status}", detail.len());
        assert!(!detail.contains(['\r', '\n', '\u{1b}', '\u{202e}', '\u{2028}']), "{detail:?}");
    }
}
