//! Transfers over HTTP: tokens, repeated bytes, refusals, holds (A20, B1–B7).

use super::fixtures::{CANARY, client, intent, reply_within_xaf, server_with_token, settings, token_body};
use crate::intent::Reply;
use crate::kpay::{Client, Endpoint, NoObserver, Observer, StatusLabel};
use mockito::{Matcher, Server};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const TRANSFER: &str = "/api/wallets/transfer";
const TOKEN: &str = "/api/v1/payments/token";

#[tokio::test]
async fn the_documented_request_goes_out_and_its_answer_is_booked() {
    let mut server = Server::new_async().await;
    let token = server
        .mock("POST", TOKEN)
        .match_header("X-API-Key", Matcher::Exact(format!("kpay_test_{CANARY}")))
        .match_header("X-Secret-Key", Matcher::Exact(format!("sk_test_{CANARY}")))
        .match_body("{}")
        .with_status(201)
        .with_body(token_body())
        .expect(1)
        .create_async()
        .await;
    let intent = intent("CMR", "GAB", "50000");
    let transfer = server
        .mock("POST", TRANSFER)
        .match_header("Authorization", Matcher::Exact(format!("Bearer eyJ.{CANARY}.sig")))
        .match_header("X-API-Key", Matcher::Missing)
        .match_header("X-Secret-Key", Matcher::Missing)
        .match_header("Content-Type", "application/json")
        .match_header("Accept-Encoding", "identity")
        .match_body(Matcher::Exact(intent.body.clone()))
        .with_status(201)
        .with_body(reply_within_xaf())
        .expect(2)
        .create_async()
        .await;
    let client = client(&server.url());
    for _ in 0..2 {
        assert!(matches!(client.transfer(&intent).await, Reply::Applied(_)));
    }
    token.assert_async().await;
    transfer.assert_async().await;
}

/// How many POSTs of the transfer and of the token one call makes, and its verdict, when the transfer answers thus.
async fn play(status: usize, body: &str) -> (Reply, usize) {
    let mut server = server_with_token().await;
    let posts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&posts);
    let body = body.to_owned();
    server
        .mock("POST", TRANSFER)
        .with_status(status)
        .with_body_from_request(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            body.clone().into_bytes()
        })
        .create_async()
        .await;
    let reply = client(&server.url()).transfer(&intent("CMR", "GAB", "50000")).await;
    (reply, posts.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a20_one_post_per_attempt_whatever_the_answer() {
    for status in
        [200, 201, 202, 204, 301, 302, 303, 307, 308, 400, 403, 404, 408, 409, 418, 422, 425, 429, 500, 502, 503, 504]
    {
        let (reply, posts) = play(status, r#"{"message":"m"}"#).await;
        assert_eq!(posts, 1, "{status}: {reply:?}");
        let fits = match status {
            400 | 403 | 404 | 422 => matches!(reply, Reply::Refused { .. }),
            409 => matches!(reply, Reply::Conflict { .. }),
            _ => matches!(reply, Reply::Lost { .. }),
        };
        assert!(fits, "{status}: {reply:?}");
    }
}

#[tokio::test]
async fn b06_a_401_for_ever_is_tried_twice_and_then_left_alone() {
    let (reply, posts) = play(401, r#"{"message":"Unauthorized"}"#).await;
    assert_eq!(posts, 2);
    assert!(matches!(&reply, Reply::NotAuthorized { detail } if detail.contains("Unauthorized")), "{reply:?}");

    let mut server = Server::new_async().await;
    let token = server.mock("POST", TOKEN).with_status(201).with_body(token_body()).expect(2).create_async().await;
    let transfer = server.mock("POST", TRANSFER).with_status(401).expect(2).create_async().await;
    let client = client(&server.url());
    for _ in 0..10 {
        let reply = client.transfer(&intent("CMR", "GAB", "50000")).await;
        assert!(matches!(reply, Reply::NotAuthorized { .. }), "{reply:?}");
    }
    token.assert_async().await;
    transfer.assert_async().await;
}

#[tokio::test]
async fn b04_an_expired_token_costs_one_refresh_and_the_same_bytes_go_again() {
    let mut server = Server::new_async().await;
    let first = server.mock("POST", TOKEN).with_status(201).with_body(r#"{"accessToken":"one","expiresIn":"30m"}"#);
    let first = first.expect(1).create_async().await;
    let intent = intent("CMR", "GAB", "50000");
    let transfer = |server: &mut mockito::ServerGuard, token: &str, status: usize, body: &str| {
        server
            .mock("POST", TRANSFER)
            .match_header("Authorization", Matcher::Exact(format!("Bearer {token}")))
            .match_body(Matcher::Exact(intent.body.clone()))
            .with_status(status)
            .with_body(body)
            .expect(1)
    };
    let good = transfer(&mut server, "one", 201, &reply_within_xaf()).create_async().await;
    let client = client(&server.url());
    assert!(matches!(client.transfer(&intent).await, Reply::Applied(_)));
    first.assert_async().await;
    good.assert_async().await;
    first.remove_async().await;
    good.remove_async().await;

    let second = server.mock("POST", TOKEN).with_status(201).with_body(r#"{"accessToken":"two","expiresIn":"30m"}"#);
    let second = second.expect(1).create_async().await;
    let expired = transfer(&mut server, "one", 401, "{}").create_async().await;
    let again = transfer(&mut server, "two", 201, &reply_within_xaf()).create_async().await;
    assert!(matches!(client.transfer(&intent).await, Reply::Applied(_)));
    for mock in [second, expired, again] {
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    for (status, body, refused) in [
        (401, r#"{"message":"Invalid API credentials"}"#, true),
        (403, "{}", true),
        (201, r#"{"accessToken":"a","expiresIn":"30m","environment":"PRODUCTION"}"#, true),
        (201, "{}", false),
        (500, "", false),
        (429, "", false),
        (302, "", false),
    ] {
        let mut server = Server::new_async().await;
        server.mock("POST", TOKEN).with_status(status).with_body(body).create_async().await;
        let transfer = server.mock("POST", TRANSFER).expect(0).create_async().await;
        let reply = client(&server.url()).transfer(&intent("CMR", "GAB", "50000")).await;
        assert_eq!(matches!(reply, Reply::NotAuthorized { .. }), refused, "{status} {body}: {reply:?}");
        assert_eq!(matches!(reply, Reply::NotSent { .. }), !refused, "{status} {body}: {reply:?}");
        transfer.assert_async().await;
    }
}

#[tokio::test]
async fn i04_a_body_that_is_not_the_intents_is_never_sent() {
    let mut server = server_with_token().await;
    let transfer = server.mock("POST", TRANSFER).expect(0).create_async().await;
    let mut wrong = intent("CMR", "GAB", "50000");
    wrong.body = wrong.body.replace("50000", "5000000");
    let reply = client(&server.url()).transfer(&wrong).await;
    assert!(matches!(reply, Reply::NotSent { .. }), "{reply:?}");
    transfer.assert_async().await;
}

#[tokio::test]
async fn b01_after_a_429_a_clearance_in_hand_is_void_and_the_next_one_waits() {
    let mut server = server_with_token().await;
    let transfer = server.mock("POST", TRANSFER).with_status(429).with_header("Retry-After", "2").expect(1);
    let transfer = transfer.create_async().await;
    let client = client(&server.url());
    let intent = intent("CMR", "GAB", "50000");
    let early = client.clear_to_send().await.unwrap();
    assert!(matches!(client.transfer(&intent).await, Reply::Lost { .. }));
    assert!(matches!(client.send_transfer(early, &intent, &|| true).await, Reply::NotSent { .. }));
    transfer.assert_async().await;
    transfer.remove_async().await;
    server.mock("POST", TRANSFER).with_status(201).with_body(reply_within_xaf()).create_async().await;
    let start = std::time::Instant::now();
    assert!(matches!(client.transfer(&intent).await, Reply::Applied(_)));
    assert!(start.elapsed().as_millis() > 1_500, "{:?}", start.elapsed());
}

#[tokio::test]
async fn b04_without_room_for_a_second_try_the_first_401_stands() {
    let mut server = server_with_token().await;
    let transfer = server.mock("POST", TRANSFER).with_status(401).expect(1).create_async().await;
    let mut settings = settings(&server.url());
    settings.requests_per_minute = 2;
    let client = Client::new(settings, Arc::new(NoObserver)).unwrap();
    let reply = client.transfer(&intent("CMR", "GAB", "50000")).await;
    assert!(matches!(&reply, Reply::NotSent { detail } if detail.contains("no room")), "{reply:?}");
    transfer.assert_async().await;
}

#[derive(Default)]
struct Seen(Mutex<Vec<(Endpoint, &'static str)>>);

impl Observer for Seen {
    fn request(&self, endpoint: Endpoint, status: StatusLabel, seconds: f64) {
        assert!(seconds >= 0.0);
        self.0.lock().unwrap().push((endpoint, status.word()));
    }
    fn waited(&self, _seconds: f64) {}
}

#[tokio::test]
async fn every_request_is_counted_tokens_too() {
    let mut server = server_with_token().await;
    server.mock("POST", TRANSFER).with_status(418).create_async().await;
    let seen = Arc::new(Seen::default());
    let client = Client::new(settings(&server.url()), Arc::clone(&seen) as Arc<dyn Observer>).unwrap();
    client.transfer(&intent("CMR", "GAB", "50000")).await;
    assert_eq!(*seen.0.lock().unwrap(), [(Endpoint::Token, "201"), (Endpoint::Transfer, "4xx")]);
}

/// The daemon runs these in spawned tasks.
#[test]
fn calls_can_be_spawned() {
    fn sendable<T: Send>(_: &T) {}
    let client = client("http://127.0.0.1:1");
    let intent = intent("CMR", "GAB", "50000");
    sendable(&client.transfer(&intent));
    sendable(&client.clear_to_send());
    sendable(&client.identity());
    let countries = std::collections::BTreeSet::new();
    sendable(&client.wallets(chrono::Utc::now(), &countries));
}
