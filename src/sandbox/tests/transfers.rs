//! Transfers: the seed's figures, every documented refusal, and the open questions of KPay's pages.

use super::*;
use crate::sandbox::{AppliedRate, CheckOrder, ConflictBody, FailedIds, Rounding, ShortStatus};

#[tokio::test]
async fn the_seeds_same_currency_example() {
    let kit = Kit::start(settings()).await;
    let body = json!({
        "applicationId": APPLICATION, "sourceCountry": "CMR", "destinationCountry": "GAB", "amount": 50_000,
        "description": "Fund transfer CMR to GAB", "externalId": "TRF-2026-001"
    });
    let reply = kit.post(&body).await.unwrap();
    assert_eq!(reply.status, 201);
    let books = kit.books();
    let entry = &books.transfers[0];
    // Byte for byte the seed's shape, in its order.
    let expected = format!(
        r#"{{"id":"{id}","sourceTransaction":{{"id":"{id}","reference":"{out}","type":"WALLET_TRANSFER_OUT","amount":50000,"currency":"XAF","country":"CMR"}},"destinationTransaction":{{"id":"{credit}","reference":"{into}","type":"WALLET_TRANSFER_IN","amount":50000,"currency":"XAF","country":"GAB"}},"exchangeRate":1,"description":"Fund transfer CMR to GAB","externalId":"TRF-2026-001","createdAt":"{at}"}}"#,
        id = entry.id,
        credit = entry.credit_id,
        out = entry.source_reference,
        into = entry.destination_reference,
        at = entry.at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
    );
    assert_eq!(reply.text, expected);
    assert_eq!(entry.source_reference.replace("OUT", "IN"), entry.destination_reference);
    assert_eq!((kit.balance(Country::CMR), kit.balance(Country::GAB)), ("50000".into(), "380000".into()));
}

#[tokio::test]
async fn the_seeds_cross_currency_example_opens_the_wallet() {
    let kit = Kit::start(settings()).await;
    assert_eq!(kit.books().balance(Country::SEN), None);
    let reply = kit.transfer("CMR", "SEN", 100_000, "TRF-2026-002").await.unwrap();
    assert_eq!(reply.status, 201);
    assert!(reply.text.contains(r#""exchangeRate":1.0153"#), "{}", reply.text);
    let credit = &reply.json()["destinationTransaction"];
    assert_eq!((&credit["amount"], &credit["currency"]), (&json!(101_530), &json!("XOF")));
    assert_eq!((kit.balance(Country::CMR), kit.balance(Country::SEN)), ("0".into(), "101530".into()));
}

#[tokio::test]
async fn the_seeds_consolidation() {
    let kit = Kit::start(settings()).await;
    assert_eq!(kit.transfer("GAB", "CMR", 30_000, "one").await.unwrap().status, 201);
    assert_eq!(kit.transfer("COG", "CMR", 15_000, "two").await.unwrap().status, 201);
    let held = [Country::CMR, Country::GAB, Country::COG].map(|country| kit.balance(country));
    assert_eq!(held, ["145000", "300000", "0"]);
}

#[tokio::test]
async fn every_documented_refusal_moves_nothing() {
    let kit = Kit::start(settings()).await;
    let valid = transfer_body("GAB", "CMR", &json!(1000), "x");
    let with = |field: &str, value: Value| {
        let mut body = valid.clone();
        body[field] = value;
        body
    };
    let cases = [
        (with("destinationCountry", json!("GAB")), 400, "same_country"),
        (with("destinationCountry", json!("FRA")), 400, "unsupported_country"),
        (with("sourceCountry", json!("gab")), 400, "unsupported_country"),
        (with("sourceCountry", json!("GAB ")), 400, "unsupported_country"),
        (with("amount", json!(99)), 400, "out_of_range"),
        (with("amount", json!(10_000_001)), 400, "out_of_range"),
        (with("amount", json!(-1000)), 400, "out_of_range"),
        (with("amount", json!("1000")), 400, "invalid"),
        (with("amount", Value::Null), 400, "invalid"),
        (with("externalId", json!(7)), 400, "invalid"),
        (with("externalId", json!("")), 400, "invalid"),
        (with("amount", json!(330_001)), 400, "short"),
        (with("applicationId", json!("e7c3b4f5-8d9e-4a1b-9c2d-3e4f5a6b7c8d")), 403, "foreign_application"),
        (with("sourceCountry", json!("KEN")), 404, "no_wallet"),
        (with("destinationCountry", json!("KEN")), 400, "no_rate"),
    ];
    for (body, status, reason) in cases {
        let reply = kit.post(&body).await.unwrap();
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text);
        assert_eq!(reply.json()["statusCode"], status);
        assert_eq!(kit.last_transfer().refused.as_deref(), Some(reason), "{body}");
    }
    let books = kit.books();
    assert!(books.transfers.is_empty());
    assert_eq!(books.refused.len(), 15);
    assert_eq!(kit.post(&valid).await.unwrap().status, 201, "a refused id can be used again");
}

#[tokio::test]
async fn the_bounds_are_inclusive() {
    let mut settings = settings();
    settings.wallets.insert(Country::GAB, Amount::whole(10_000_100));
    let kit = Kit::start(settings).await;
    assert_eq!(kit.transfer("GAB", "CMR", 100, "least").await.unwrap().status, 201);
    assert_eq!(kit.transfer("GAB", "CMR", 10_000_000, "most").await.unwrap().status, 201);
    assert_eq!(kit.balance(Country::GAB), "0");
}

#[tokio::test]
async fn a_second_call_with_an_id_is_a_conflict_in_every_body() {
    for (body, text) in [
        (ConflictBody::Empty, ""),
        (
            ConflictBody::Envelope,
            r#"{"statusCode":409,"message":"A transfer with this externalId already exists","error":"Conflict"}"#,
        ),
        (ConflictBody::Text, "A transfer with this externalId already exists"),
    ] {
        let kit = Kit::start(SandboxSettings { conflict_body: body, ..settings() }).await;
        kit.transfer("GAB", "CMR", 1000, "once").await.unwrap();
        for amount in [1000, 2000] {
            let again = kit.transfer("GAB", "CMR", amount, "once").await.unwrap();
            assert_eq!((again.status.as_u16(), again.text.as_str()), (409, text));
        }
        assert_eq!((kit.times("once"), kit.balance(Country::GAB)), (1, "329000".into()));
    }
}

#[tokio::test]
async fn a_replay_of_a_drained_wallet_is_answered_by_the_order_that_is_set() {
    for (order, short_status, expected) in [
        (CheckOrder::IdFirst, ShortStatus::BadRequest, 409),
        (CheckOrder::BalanceFirst, ShortStatus::BadRequest, 400),
        (CheckOrder::BalanceFirst, ShortStatus::Unprocessable, 422),
    ] {
        let kit = Kit::start(SandboxSettings { order, short_status, ..settings() }).await;
        kit.transfer("COG", "CMR", 15_000, "all").await.unwrap();
        assert_eq!(kit.transfer("COG", "CMR", 15_000, "all").await.unwrap().status.as_u16(), expected);
        assert_eq!(kit.times("all"), 1);
    }
}

#[tokio::test]
async fn ids_are_burned_or_forgotten_where_that_is_set() {
    let burned = Kit::start(SandboxSettings { failed_ids: FailedIds::Burned, ..settings() }).await;
    assert_eq!(burned.transfer("COG", "CMR", 20_000, "id").await.unwrap().status, 400);
    assert_eq!(burned.transfer("COG", "CMR", 10_000, "id").await.unwrap().status, 409);
    assert_eq!(burned.times("id"), 0);
    let horizon = Some(Duration::from_mins(30));
    let forgetful = Kit::start(SandboxSettings { forget_ids_after: horizon, ..settings() }).await;
    forgetful.transfer("GAB", "CMR", 1000, "id").await.unwrap();
    forgetful.handle.advance(Duration::from_mins(29));
    assert_eq!(forgetful.transfer("GAB", "CMR", 1000, "id").await.unwrap().status, 409);
    forgetful.handle.advance(Duration::from_mins(1));
    assert_eq!(forgetful.transfer("GAB", "CMR", 1000, "id").await.unwrap().status, 201);
    assert_eq!(forgetful.books().applied_twice.get("id"), Some(&2), "the judge sees it");
}

#[tokio::test]
async fn credits_are_exact_or_rounded_as_set() {
    for (rounding, credited) in [
        (Rounding::Exact, "102.5453"),
        (Rounding::HalfUp, "103"),
        (Rounding::HalfEven, "103"),
        (Rounding::Floor, "102"),
    ] {
        let kit = Kit::start(SandboxSettings { rounding, ..settings() }).await;
        let reply = kit.transfer("CMR", "SEN", 101, "r").await.unwrap();
        assert_eq!((reply.status.as_u16(), kit.balance(Country::SEN)), (201, credited.into()));
    }
}

#[tokio::test]
async fn the_live_rate_is_applied_where_that_is_set() {
    let kit = Kit::start(SandboxSettings { applied_rate: AppliedRate::Live, ..settings() }).await;
    kit.get("/api/v1/payments/exchange-rate?from=XAF&to=XOF").await;
    kit.admin("/sandbox/rate", &json!({"from":"XAF","to":"XOF","rate":2})).await;
    kit.transfer("CMR", "SEN", 1000, "live").await.unwrap();
    assert_eq!(kit.balance(Country::SEN), "2000");
}

#[tokio::test]
async fn a_transfer_without_an_id_is_applied_every_time() {
    let kit = Kit::start(settings()).await;
    let mut body = transfer_body("GAB", "CMR", &json!(1000.25), "x");
    body.as_object_mut().unwrap().remove("externalId");
    for _ in 0..2 {
        assert_eq!(kit.post(&body).await.unwrap().status, 201);
    }
    assert_eq!((kit.balance(Country::GAB), kit.balance(Country::CMR)), ("327999.5".into(), "102000.5".into()));
}
