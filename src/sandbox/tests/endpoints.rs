//! Identity, tokens, balances, rates, the rate limit.

use super::*;
use crate::sandbox::{KeyPair, OverviewNaming, OverviewShape, RetryAfterForm};

#[tokio::test]
async fn keys_decide_the_environment_and_wrong_ones_are_refused() {
    let kit = Kit::start(settings()).await;
    for (api, secret, expected) in [
        ("kpay_test_a", "sk_test_b", Some("TEST")),
        ("kpay_live_a", "sk_live_b", Some("PRODUCTION")),
        ("kpay_test_a", "sk_live_b", None),
        ("kpay_live_a", "sk_test_b", None),
        ("kpay_test_", "sk_test_b", None),
        ("nonsense", "nonsense", None),
    ] {
        for (method, path) in [(Method::GET, "/api/v1/payments/me"), (Method::POST, "/api/v1/payments/token")] {
            let reply = kit.send(kit.keyed(method, path, api, secret)).await.unwrap();
            let Some(environment) = expected else {
                assert_eq!(reply.status, 401);
                assert_eq!(
                    reply.json(),
                    json!({"statusCode":401,"message":"Invalid API credentials","error":"Unauthorized"})
                );
                continue;
            };
            assert_eq!(reply.json()["environment"], environment, "{path} {api}");
        }
    }
    let none = kit.send(kit.request(Method::GET, "/api/v1/payments/me")).await.unwrap();
    assert_eq!(none.status, 401);
}

#[tokio::test]
async fn pinned_keys_are_the_only_ones() {
    let kit = Kit::start(SandboxSettings { keys: vec![KeyPair::new("kpay_test_x", "sk_test_y")], ..settings() }).await;
    let path = "/api/v1/payments/me";
    assert_eq!(kit.get(path).await.status, 401);
    let right = kit.send(kit.keyed(Method::GET, path, "kpay_test_x", "sk_test_y")).await.unwrap();
    assert_eq!(right.status, 200);
    assert_eq!(right.json()["application"]["id"], APPLICATION);
    assert_ne!(right.json()["company"]["id"], APPLICATION);
}

#[tokio::test]
async fn tokens_expire_on_the_sandbox_clock_and_keys_do_not_transfer() {
    let kit = Kit::start(settings()).await;
    let request = kit.keyed(Method::POST, "/api/v1/payments/token", "kpay_test_a", "sk_test_b").json(&json!({}));
    let reply = kit.send(request).await.unwrap();
    assert_eq!((reply.status, &reply.json()["expiresIn"]), (StatusCode::CREATED, &json!("30m")));
    let token = reply.json()["accessToken"].as_str().unwrap().to_owned();
    let overview = || kit.send(kit.request(Method::GET, "/api/wallets/overview").bearer_auth(&token));
    kit.handle.advance(Duration::from_mins(29));
    assert_eq!(overview().await.unwrap().status, 200);
    kit.handle.advance(Duration::from_mins(1));
    assert_eq!(overview().await.unwrap().status, 401);
    let keyed = kit.keyed(Method::POST, "/api/wallets/transfer", "kpay_test_a", "sk_test_b");
    let refused = kit.send(keyed.json(&transfer_body("GAB", "CMR", &json!(1000), "k"))).await.unwrap();
    assert_eq!(refused.status, 401);
    assert_eq!(kit.times("k"), 0);
}

#[tokio::test]
async fn the_balance_is_a_bare_array_without_countries_unless_set() {
    let kit = Kit::start(settings()).await;
    let reply = kit.get("/api/v1/payments/balance").await;
    let expected = r#"[{"currency":"XAF","balance":100000,"reservedBalance":0,"availableBalance":100000},{"currency":"XAF","balance":15000,"reservedBalance":0,"availableBalance":15000},{"currency":"XAF","balance":330000,"reservedBalance":0,"availableBalance":330000}]"#;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, expected));
    let named = Kit::start(SandboxSettings { balance_country: true, ..settings() }).await;
    assert_eq!(named.get("/api/v1/payments/balance").await.json()[2]["country"], "GAB");
    let live = kit.keyed(Method::GET, "/api/v1/payments/balance", "kpay_live_a", "sk_live_b");
    assert_eq!(kit.send(live).await.unwrap().text, "[]", "production has its own wallets");
}

#[tokio::test]
async fn the_overview_takes_every_shape() {
    let row =
        json!({"country":"GAB","currency":"XAF","balance":330_000,"reservedBalance":0,"availableBalance":330_000});
    for (shape, pointer) in [
        (OverviewShape::Array, "/2"),
        (OverviewShape::Wallets, "/wallets/2"),
        (OverviewShape::Data, "/data/2"),
        (OverviewShape::Balances, "/balances/2"),
        (OverviewShape::DataWallets, "/data/wallets/2"),
    ] {
        let kit = Kit::start(SandboxSettings { overview: shape, ..settings() }).await;
        assert_eq!(kit.overview().await.json().pointer(pointer), Some(&row), "{shape:?}");
    }
    let absent = Kit::start(SandboxSettings { overview: OverviewShape::Absent, ..settings() }).await;
    assert_eq!(absent.overview().await.status, 404);
    let coded = Kit::start(SandboxSettings { overview_naming: OverviewNaming::Coded, ..settings() }).await;
    let first = &coded.overview().await.json()["wallets"][0];
    assert_eq!(
        (&first["countryCode"], &first["currencyCode"], &first["available"]),
        (&json!("CMR"), &json!("XAF"), &json!(100_000))
    );
}

#[tokio::test]
async fn a_moved_rate_shows_after_an_hour_and_transfers_apply_the_shown_one() {
    let kit = Kit::start(settings()).await;
    let rate = || kit.get("/api/v1/payments/exchange-rate?from=XAF&to=XOF");
    assert_eq!(rate().await.text, r#"{"from":"XAF","to":"XOF","rate":1.0153}"#);
    kit.admin("/sandbox/rate", &json!({"from":"XAF","to":"XOF","rate":"1.0200"})).await;
    assert_eq!(rate().await.json()["rate"], json!(1.0153));
    let applied = kit.transfer("CMR", "SEN", 1000, "cached").await.unwrap();
    assert!(applied.text.contains(r#""exchangeRate":1.0153"#));
    kit.admin("/sandbox/clock", &json!({"advance":"1h"})).await;
    assert_eq!(rate().await.text, r#"{"from":"XAF","to":"XOF","rate":1.0200}"#);
    assert!(kit.transfer("CMR", "SEN", 1000, "moved").await.unwrap().text.contains(r#""exchangeRate":1.0200"#));
    assert_eq!(kit.get("/api/v1/payments/exchange-rate?from=XAF&to=XAF").await.json()["rate"], json!(1));
    assert_eq!(kit.get("/api/v1/payments/exchange-rate?from=KES&to=UGX").await.status, 404);
    assert_eq!(kit.get("/api/v1/payments/exchange-rate?from=xaf&to=XOF").await.status, 400);
    assert_eq!(kit.get("/api/v1/payments/exchange-rate").await.status, 400);
}

#[tokio::test]
async fn the_rate_limit_counts_per_key_in_a_sliding_minute() {
    let kit = Kit::start(SandboxSettings { requests_per_minute: 3, ..settings() }).await;
    let path = "/api/v1/payments/me";
    for _ in 0..3 {
        assert_eq!(kit.get(path).await.status, 200);
    }
    let limited = kit.get(path).await;
    assert_eq!(limited.status, 429);
    let seconds: u64 = limited.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    let other = kit.send(kit.keyed(Method::GET, path, "kpay_test_other", "sk_test_b")).await.unwrap();
    assert_eq!(other.status, 200);
    kit.handle.advance(Duration::from_mins(1));
    assert_eq!(kit.get(path).await.status, 200);
    assert_eq!((kit.books().counters.limited, kit.handle.busiest_minute()), (1, 5));
    let dated = SandboxSettings { requests_per_minute: 1, retry_after: RetryAfterForm::Date, ..settings() };
    let kit = Kit::start(dated).await;
    kit.get(path).await;
    let date = kit.get(path).await.headers["retry-after"].to_str().unwrap().to_owned();
    assert!(httpdate::parse_http_date(&date).unwrap() > std::time::SystemTime::now(), "{date}");
}

#[tokio::test]
async fn what_kpay_does_not_have_is_not_there() {
    let kit = Kit::start(settings()).await;
    for path in ["/", "/api/v1/payments/nothing", "/api/wallets/transfer"] {
        let reply = kit.get(path).await;
        assert_eq!((reply.status, reply.json()["statusCode"].clone()), (StatusCode::NOT_FOUND, json!(404)), "{path}");
    }
}
