//! Questions over HTTP: identity, wallets from two places, rates (B7, C2, C11).

use super::fixtures::{APPLICATION, CANARY, client, server_with_token, settings, token_body};
use crate::kpay::{CallError, Client, ClientSettings, KeySource, Keys, NoObserver};
use crate::model::{Environment, Snapshot, Timestamp};
use crate::money::{Country, Currency};
use chrono::Utc;
use mockito::{Matcher, Mock, Server, ServerGuard};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const ME: &str = "/api/v1/payments/me";
const OVERVIEW: &str = "/api/wallets/overview";
const BALANCE: &str = "/api/v1/payments/balance";

async fn answering(server: &mut ServerGuard, path: &str, status: usize, body: &str) -> Mock {
    server.mock("GET", path).with_status(status).with_body(body).create_async().await
}

fn me(id: &str, environment: &str) -> String {
    format!(
        r#"{{"application":{{"id":"{id}","name":"Shop"}},"company":{{"id":"c","name":"Co"}},"environment":"{environment}"}}"#
    )
}

#[tokio::test]
async fn b07_the_identity_must_be_the_configured_one() {
    for (body, expected) in [
        (me(APPLICATION, "TEST"), "ok"),
        (me(&APPLICATION.to_uppercase(), "TEST"), "ok"),
        (me(APPLICATION, "PRODUCTION"), "environment"),
        (me(APPLICATION, "test"), "environment"),
        (me("b8aefadd-88b4-561a-8a90-2f9814207bfb", "TEST"), "application"),
        (me("17", "TEST"), "unintelligible"),
        ("{}".to_owned(), "unintelligible"),
        ("<html>".to_owned(), "unintelligible"),
    ] {
        let mut server = Server::new_async().await;
        let mock = server
            .mock("GET", ME)
            .match_header("X-API-Key", Matcher::Exact(format!("kpay_test_{CANARY}")))
            .match_header("X-Secret-Key", Matcher::Exact(format!("sk_test_{CANARY}")))
            .with_body(&body)
            .create_async()
            .await;
        let mut settings = settings(&server.url());
        settings.application_id = Some(APPLICATION.parse().unwrap());
        let got = Client::new(settings, Arc::new(NoObserver)).unwrap().identity().await;
        let word = match &got {
            Ok(_) => "ok",
            Err(CallError::WrongEnvironment { .. }) => "environment",
            Err(CallError::WrongApplication { .. }) => "application",
            Err(CallError::Unintelligible { .. }) => "unintelligible",
            Err(_) => "other",
        };
        assert_eq!(word, expected, "{body}: {got:?}");
        let refused = got.is_err_and(|error| error.is_refused());
        assert_eq!(refused, matches!(expected, "environment" | "application"), "{body}");
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn b07_keys_of_the_other_environment_never_make_a_client() {
    let live = || Keys::new("kpay_live_a".to_owned(), "sk_live_b".to_owned()).unwrap();
    let mut wrong = settings("http://127.0.0.1:1");
    wrong.keys = live();
    let error = Client::new(wrong.clone(), Arc::new(NoObserver)).unwrap_err();
    assert!(error.is_refused(), "{error}");
    wrong.environment = Environment::Production;
    assert!(Client::new(wrong, Arc::new(NoObserver)).is_ok());
    let mut rotating = settings("http://127.0.0.1:1");
    rotating.key_source = Some(KeySource::new(move || Ok(live())));
    let client = Client::new(rotating, Arc::new(NoObserver)).unwrap();
    assert!(matches!(client.take_rotated_keys().await, Err(CallError::WrongEnvironment { .. })));
}

async fn wallets(client: &Client) -> Result<Snapshot, CallError> {
    let countries: BTreeSet<Country> = [Country::GAB, Country::SEN].into();
    client.wallets(Timestamp::from(Utc::now()), &countries).await
}

const ROWS: &str = r#"[{"country":"GAB","currency":"XAF","availableBalance":330000}]"#;
const BARE_ROWS: &str = r#"[{"currency":"XAF","balance":30000,"reservedBalance":0,"availableBalance":30000}]"#;

#[tokio::test]
async fn the_overview_comes_first_and_the_balance_stands_in() {
    for (overview, balance, expected) in [
        ((200, ROWS), (200, BARE_ROWS), Some("330000")),
        ((404, "{}"), (200, BARE_ROWS), Some("30000")),
        ((403, "{}"), (200, BARE_ROWS), Some("30000")),
        ((405, ""), (200, BARE_ROWS), Some("30000")),
        ((501, ""), (200, BARE_ROWS), Some("30000")),
        ((401, "{}"), (200, BARE_ROWS), Some("30000")),
        ((500, "<html>"), (200, BARE_ROWS), Some("30000")),
        ((200, "[]"), (200, BARE_ROWS), Some("30000")),
        ((200, r#"{"total":5}"#), (200, BARE_ROWS), Some("30000")),
        ((302, ""), (200, BARE_ROWS), Some("30000")),
        ((404, "{}"), (200, "[]"), None),
        ((200, r#"{"odd":"shape"}"#), (500, "<html>sorry</html>"), None),
    ] {
        let mut server = server_with_token().await;
        answering(&mut server, OVERVIEW, overview.0, overview.1).await;
        answering(&mut server, BALANCE, balance.0, balance.1).await;
        let got = wallets(&client(&server.url())).await;
        let available = got.as_ref().ok().map(|snapshot| snapshot.rows()[0].available.to_string());
        assert_eq!(available.as_deref(), expected, "{overview:?} {balance:?}: {got:?}");
        if let Err(error) = got {
            let text = error.to_string();
            assert!(text.contains("/overview") && text.contains("/balance"), "{text}");
            assert!(!error.is_refused(), "{text}");
        }
    }
}

#[tokio::test]
async fn an_overview_that_is_not_offered_rests_and_one_that_stumbled_does_not() {
    for (status, body, asked_again) in [(404, "{}", false), (200, "[]", false), (500, "", true)] {
        let mut server = server_with_token().await;
        let overview = answering(&mut server, OVERVIEW, status, body).await;
        answering(&mut server, BALANCE, 200, BARE_ROWS).await;
        let client = client(&server.url());
        for _ in 0..3 {
            wallets(&client).await.unwrap();
        }
        overview.expect(if asked_again { 3 } else { 1 }).assert_async().await;
    }
}

#[tokio::test]
async fn a_balance_that_stops_working_brings_the_overview_back() {
    let mut server = server_with_token().await;
    let gone = answering(&mut server, OVERVIEW, 404, "{}").await;
    let balance = answering(&mut server, BALANCE, 200, BARE_ROWS).await;
    let client = client(&server.url());
    wallets(&client).await.unwrap();
    gone.remove_async().await;
    balance.remove_async().await;
    answering(&mut server, BALANCE, 404, "{}").await;
    answering(&mut server, OVERVIEW, 200, ROWS).await;
    assert!(wallets(&client).await.is_err());
    assert_eq!(wallets(&client).await.unwrap().rows()[0].available.to_string(), "330000");
}

#[tokio::test]
async fn refused_keys_are_said_to_be_refused() {
    let mut server = Server::new_async().await;
    let token = server.mock("POST", "/api/v1/payments/token").with_status(401).with_body("{}").create_async().await;
    answering(&mut server, BALANCE, 401, r#"{"message":"Invalid API credentials"}"#).await;
    let client = client(&server.url());
    for _ in 0..5 {
        let error = wallets(&client).await.unwrap_err();
        assert!(error.is_refused() && error.to_string().contains("Invalid API credentials"), "{error}");
    }
    // B6: within the first second the token endpoint is asked once.
    token.expect(1).assert_async().await;
}

#[tokio::test]
async fn a_429_on_a_question_is_no_reason_to_ask_the_next_one() {
    let mut server = server_with_token().await;
    server.mock("GET", OVERVIEW).with_status(429).with_header("Retry-After", "120").create_async().await;
    let balance = answering(&mut server, BALANCE, 200, BARE_ROWS).await;
    let client = client(&server.url());
    let error = wallets(&client).await.unwrap_err();
    assert!(matches!(error, CallError::RateLimited { held_for_seconds: 120, .. }), "{error}");
    assert!(client.held_for().is_some_and(|wait| wait.as_secs() >= 118) && client.wait_expected().is_some());
    balance.expect(0).assert_async().await;
}

#[tokio::test]
async fn a02_an_unreachable_kpay_is_named() {
    // Bound and dropped: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = client(&format!("http://127.0.0.1:{port}")).identity().await.unwrap_err();
    assert!(matches!(error, CallError::Unreachable { .. }) && !error.is_refused(), "{error}");
    assert!(error.to_string().contains("check kpay.base_url"), "{error}");
}

#[tokio::test]
async fn c11_a_rate_must_be_for_the_pair_asked_and_positive() {
    for (body, expected) in [
        (r#"{"from":"XAF","to":"XOF","rate":1.0153}"#, Some("1.0153")),
        (r#"{"from":"XAF","to":"XOF","rate":"1.0150"}"#, Some("1.0150")),
        (r#"{"from":"XAF","to":"XOF","rate":0.000123456789,"cached":true}"#, Some("0.000123456789")),
        (r#"{"from":"XOF","to":"XAF","rate":0.985}"#, None),
        (r#"{"from":"XAF","to":"KES","rate":0.2}"#, None),
        (r#"{"from":"XAF","to":"XOF","rate":0}"#, None),
        (r#"{"from":"XAF","to":"XOF","rate":-1.0153}"#, None),
        (r#"{"from":"XAF","to":"XOF","rate":1e0}"#, None),
        (r#"{"from":"XAF","to":"XOF","rate":null}"#, None),
        (r#"{"from":"XAF","to":"XOF"}"#, None),
        (r#"{"from":"XAF","to":"XOF","rate":1,"rate":2}"#, None),
        (r#"{"rate":1.0153}"#, None),
        ("1.0153", None),
        ("", None),
    ] {
        let mut server = Server::new_async().await;
        let query = Matcher::Exact("from=XAF&to=XOF".to_owned());
        server.mock("GET", "/api/v1/payments/exchange-rate").match_query(query).with_body(body).create_async().await;
        let got = client(&server.url()).exchange_rate(Currency::XAF, Currency::XOF).await;
        assert_eq!(got.as_ref().ok().map(ToString::to_string).as_deref(), expected, "{body}: {got:?}");
    }
}

#[tokio::test]
async fn b05_a_token_of_a_megabyte_is_refused_without_a_loop() {
    let mut server = Server::new_async().await;
    let body = token_body().replace("eyJ.", &"x".repeat(1_000_000));
    let token = server.mock("POST", "/api/v1/payments/token").with_status(201).with_body(body).create_async().await;
    answering(&mut server, BALANCE, 200, BARE_ROWS).await;
    assert!(wallets(&client(&server.url())).await.is_ok(), "the balance needs no token");
    token.expect(1).assert_async().await;
}

/// What keeps a request from being sent is named while it waits, and nothing is while none does.
#[tokio::test]
async fn what_a_request_waits_for_can_be_asked() {
    let mut server = Server::new_async().await;
    answering(&mut server, ME, 200, &me(APPLICATION, "TEST")).await;
    for (held, named) in
        [(false, "(1 a minute, commands before"), (true, "KPay asked us to wait (Retry-After): 60 s more")]
    {
        let settings = ClientSettings { requests_per_minute: 1, ..settings(&server.url()) };
        let client = Client::new(settings, Arc::new(NoObserver)).unwrap();
        client.identity().await.unwrap();
        assert_eq!(client.waits_for(), None);
        if held {
            client.limiter.hold(Some(Duration::from_mins(1)));
        }
        let mut second = std::pin::pin!(client.identity());
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut second).await.is_err());
        let waits_for = client.waits_for().unwrap();
        assert!(waits_for.contains(named), "{waits_for}");
    }
}
