//! Faults on what is read: balances, rates, identity, tokens. None of them moves money.

use super::*;

async fn overview_under(rule: &str) -> Answer {
    let kit = Kit::start(with_faults(&[rule])).await;
    let reply = kit.overview().await;
    assert_eq!(kit.books().wallets.len(), 3, "{rule}: the books stay as they are");
    reply
}

#[tokio::test]
async fn balances_are_spoiled_as_told() {
    for (rule, pointer, expected) in [
        ("drop-wallet=GAB", "/wallets/2", None),
        ("negative=GAB", "/wallets/2/availableBalance", Some(json!(-330_000))),
        ("swap-currency=GAB:XOF", "/wallets/2/currency", Some(json!("XOF"))),
        ("bad-balance=GAB:\"12.5\"", "/wallets/2/balance", Some(json!("12.5"))),
        ("bad-balance=GAB:null", "/wallets/2/availableBalance", Some(json!(null))),
        ("duplicate-row=GAB", "/wallets/3/country", Some(json!("GAB"))),
        ("overview:status=200-after", "/wallets/2/balance", Some(json!(330_000))),
    ] {
        assert_eq!(overview_under(rule).await.json().pointer(pointer), expected.as_ref(), "{rule}");
    }
    assert!(overview_under("bad-balance=GAB:NaN").await.text.contains(r#""balance":NaN"#));
    assert!(overview_under("bad-balance=GAB:1e400").await.text.contains(r#""availableBalance":1e400"#));
    assert_eq!(overview_under("overview:http-500").await.status, 500);
    assert_eq!(overview_under("overview:nested").await.text.len(), 400_000);
}

#[tokio::test]
async fn a_rule_looks_at_its_endpoint_only() {
    let kit = Kit::start(with_faults(&["balance:http-503", "token:http-500-after"])).await;
    let token = kit.keyed(Method::POST, "/api/v1/payments/token", "kpay_test_a", "sk_test_b");
    assert_eq!(kit.send(token).await.unwrap().status, 500);
    assert_eq!(kit.overview().await.status, 200);
    assert_eq!(kit.get("/api/v1/payments/balance").await.status, 503);
    assert_eq!(kit.get("/api/v1/payments/balance").await.status, 200);
}

#[tokio::test]
async fn stale_balances_lag_so_many_readings() {
    let kit = Kit::start(settings()).await;
    let read = || async { kit.get("/api/v1/payments/balance").await.json()[2]["balance"].clone() };
    assert_eq!(read().await, 330_000);
    kit.transfer("GAB", "CMR", 30_000, "a").await.unwrap();
    kit.handle.set_faults(&["stale-balance=1@2"]).unwrap();
    assert_eq!(read().await, 330_000, "one reading ago nothing had moved");
    assert_eq!(read().await, 300_000, "one reading ago it had");
    kit.transfer("GAB", "CMR", 30_000, "b").await.unwrap();
    kit.handle.set_faults(&["stale-balance=3", "stale-balance=99"]).unwrap();
    assert_eq!(read().await, 330_000);
    assert_eq!(read().await, 330_000, "never before the first");
    assert_eq!(read().await, 270_000);
}

#[tokio::test]
async fn rates_are_missing_wrong_or_inverted() {
    let path = "/api/v1/payments/exchange-rate?from=XAF&to=XOF";
    for (rule, status, text) in [
        ("no-rate", 404, "No exchange rate"),
        ("bad-rate=0", 200, r#""rate":0}"#),
        ("bad-rate=-1", 200, r#""rate":-1}"#),
        ("bad-rate=\"abc\"", 200, r#""rate":"abc"}"#),
        ("inverted-rate", 200, r#""rate":0.984931}"#),
        ("rate:html-504", 504, "<html>"),
    ] {
        let kit = Kit::start(with_faults(&[rule])).await;
        let reply = kit.get(path).await;
        assert_eq!(reply.status.as_u16(), status, "{rule}");
        assert!(reply.text.contains(text), "{rule}: {}", reply.text);
        assert_eq!(kit.get(path).await.json()["rate"], json!(1.0153), "{rule}: once");
    }
}

#[tokio::test]
async fn the_environment_flips_and_the_lifetime_lies() {
    let kit = Kit::start(with_faults(&["env-flip=2", "expires-in=-1"])).await;
    assert_eq!(kit.get("/api/v1/payments/me").await.json()["environment"], "PRODUCTION");
    let token = || kit.send(kit.keyed(Method::POST, "/api/v1/payments/token", "kpay_test_a", "sk_test_b"));
    assert_eq!(token().await.unwrap().json()["environment"], "PRODUCTION");
    assert_eq!(token().await.unwrap().json()["expiresIn"], -1);
    assert_eq!(token().await.unwrap().json()["expiresIn"], "30m");
    assert_eq!(kit.get("/api/v1/payments/me").await.json()["environment"], "TEST");
}
