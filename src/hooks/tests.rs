//! Webhooks over real HTTP, with a clock and a receiver of hints of the tests' own.

use super::server::{MOST_BODY, MOST_WAITING, Parts, router, serve};
use super::{Hints, Secret};
use crate::daemon::doors::Clock;
use crate::daemon::metrics::Metrics;
use crate::daemon::view::sample;
use crate::model::Timestamp;
use chrono::TimeDelta;
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

const SECRET: &str = "whsec_test";
const NOW: &str = "2026-11-24T18:00:00Z";

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<(Option<String>, String)>>);

impl Hints for Told {
    fn hint(&self, kpay_id: Option<String>, external_id: String) {
        self.0.lock().unwrap().push((kpay_id, external_id));
    }
}

/// A listener on a free port.
struct Bench {
    address: SocketAddr,
    told: Arc<Told>,
    metrics: Arc<Metrics>,
    _stop: oneshot::Sender<()>,
}

fn parts(told: &Arc<Told>, metrics: &Arc<Metrics>) -> Parts {
    let (hints, metrics) = (told.clone(), metrics.clone());
    Parts { secret: Secret::new(SecretString::from(SECRET)), hints, clock: Arc::new(Still), metrics }
}

impl Bench {
    async fn start() -> Self {
        let (told, metrics) = (Arc::new(Told::default()), Arc::new(Metrics::new().unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(serve(listener, parts(&told, &metrics), async { drop(stopped.await) }));
        Self { address, told, metrics, _stop: stop }
    }

    /// The status of the answer; 0 where none came.
    async fn post(&self, body: &str, headers: &str) -> u16 {
        let length = body.len();
        self.send(&format!(
            "POST /webhooks/kpay HTTP/1.1\r\nHost: pay.example\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    async fn send(&self, bytes: &str) -> u16 {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The answer may come before everything was sent.
        let _ = stream.write_all(bytes.as_bytes()).await;
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply).await;
        let reply = String::from_utf8(reply).unwrap();
        assert!(reply.is_empty() || reply.contains("\r\nconnection: close\r\n"), "{reply}");
        reply.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
    }

    #[track_caller]
    fn counted(&self, result: &str, expected: u32) {
        let text = self.metrics.render(&sample::bare()).unwrap();
        let line = format!("treasuryd_webhooks_total{{result=\"{result}\"}} {expected}\n");
        assert!(text.contains(&line), "{line} is not in {text}");
    }

    fn hints(&self) -> Vec<(Option<String>, String)> {
        self.told.0.lock().unwrap().clone()
    }

    /// Hints are passed on after the answer.
    async fn hints_come_to(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.hints().len() < count {
            assert!(Instant::now() < deadline, "{:?}", self.hints());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.hints().len(), count);
    }
}

fn hex_of(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn signed(body: &str) -> String {
    format!("X-KPAY-Event: whatever\r\nX-KPAY-Signature: {}\r\n", hex_of(SECRET, body))
}

fn payout(event: &str, number: usize, timestamp: &str) -> String {
    format!(
        r#"{{"event":"payout.{event}","payoutId":"wdr_{number}","externalId":"TRD-{number}","timestamp":"{timestamp}"}}"#
    )
}

#[tokio::test]
async fn a_signed_webhook_is_a_hint_once() {
    let bench = Bench::start().await;
    let body = payout("completed", 1, NOW);
    assert_eq!(bench.post(&body, &signed(&body)).await, 200);
    bench.hints_come_to(1).await;
    assert_eq!(bench.hints(), [(Some("wdr_1".to_owned()), "TRD-1".to_owned())]);
    for _ in 0..3 {
        assert_eq!(bench.post(&body, &signed(&body)).await, 200);
    }
    let failed = payout("failed", 1, NOW);
    assert_eq!(bench.post(&failed, &signed(&failed)).await, 200);
    bench.hints_come_to(2).await;
    bench.counted("accepted", 2);
    bench.counted("repeated", 3);
    bench.counted("forged", 0);
}

#[tokio::test]
async fn g11_what_is_not_signed_is_refused_and_nothing_of_it_is_used() {
    let bench = Bench::start().await;
    let body = payout("completed", 1, NOW);
    let right = hex_of(SECRET, &body);
    let changed = body.replace("wdr_1", "wdr_2");
    let mut refused = 0;
    for (body, headers) in [
        (&body, String::new()),
        (&body, "X-KPAY-Signature:\r\n".to_owned()),
        (&body, format!("X-KPAY-Signature: {}\r\n", right.to_uppercase())),
        (&body, format!("X-KPAY-Signature: {}\r\n", &right[..63])),
        (&body, format!("X-KPAY-Signature: sha256={right}\r\n")),
        (&body, format!("X-KPAY-Signature: {}\r\n", hex_of("whsec_tesT", &body))),
        (&body, format!("X-KPAY-Signature: {right}\r\nX-KPAY-Signature: {right}\r\n")),
        (&body, format!("Authorization: Bearer {right}\r\n")),
        (&changed, format!("X-KPAY-Signature: {right}\r\n")),
        (&format!("{body}\n"), format!("X-KPAY-Signature: {right}\r\n")),
        (&String::new(), format!("X-KPAY-Signature: {right}\r\n")),
        (&"no JSON".to_owned(), format!("X-KPAY-Signature: {right}\r\n")),
    ] {
        assert_eq!(bench.post(body, &headers).await, 401, "{body} with {headers}");
        refused += 1;
    }
    bench.counted("forged", refused);
    bench.counted("malformed", 0);
    bench.hints_come_to(0).await;
    assert_eq!(bench.post(&body, &signed(&body)).await, 200, "refused ones leave no trace");
    bench.counted("accepted", 1);
}

#[tokio::test]
async fn without_a_signature_the_body_is_not_waited_for() {
    let bench = Bench::start().await;
    let started = Instant::now();
    let head = "POST /webhooks/kpay HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n";
    assert_eq!(bench.send(head).await, 401);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn g11_only_webhooks_of_the_last_and_next_five_minutes_are_hints() {
    let bench = Bench::start().await;
    let (mut hints, mut stale) = (0, 0);
    for (seconds, status) in [(0, 200), (300, 200), (-300, 200), (301, 202), (-301, 202), (86_400, 202), (-86_400, 202)]
    {
        let made_at = (at(NOW) + TimeDelta::seconds(seconds)).to_rfc3339();
        let body = payout("completed", 1, &made_at);
        assert_eq!(bench.post(&body, &signed(&body)).await, status, "{seconds} s");
        if status == 200 {
            hints += 1;
        } else {
            stale += 1;
        }
    }
    bench.counted("stale", stale);
    bench.hints_come_to(hints).await;
    let unclear = payout("completed", 1, "yesterday");
    assert_eq!(bench.post(&unclear, &signed(&unclear)).await, 200, "a time nobody understands shuts nothing out");
    assert_eq!(bench.post(&unclear, &signed(&unclear)).await, 200);
    bench.hints_come_to(hints + 1).await;
    bench.counted("repeated", 1);
}

#[tokio::test]
async fn other_events_are_ignored_and_unreadable_ones_refused() {
    let bench = Bench::start().await;
    for (body, status, result) in [
        (r#"{"event":"payment.completed","paymentId":"p","externalId":"TRD-1"}"#, 200, "ignored"),
        (r#"{"event":"refund.failed","externalId":"TRD-1"}"#, 200, "ignored"),
        (r#"{"event":"payout.failed","externalId":"ORDER 17"}"#, 200, "ignored"),
        (r#"{"event":"payout.failed","payoutId":"../../me","externalId":"TRD-1"}"#, 400, "malformed"),
        (r#"{"event":"payout.failed""#, 400, "malformed"),
        ("", 400, "malformed"),
    ] {
        assert_eq!(bench.post(body, &signed(body)).await, status, "{body}");
        assert!(bench.metrics.render(&sample::bare()).unwrap().contains(result));
    }
    bench.counted("ignored", 3);
    bench.counted("malformed", 3);
    bench.hints_come_to(0).await;
}

#[tokio::test]
async fn a_body_may_have_64_kib() {
    let bench = Bench::start().await;
    let padded = |length: usize| {
        let body = payout("completed", length, NOW);
        let spaces = " ".repeat(length - body.len());
        body + &spaces
    };
    let (fits, longer) = (padded(MOST_BODY), padded(MOST_BODY + 1));
    assert_eq!(bench.post(&fits, &signed(&fits)).await, 200);
    assert_eq!(bench.post(&longer, &signed(&longer)).await, 413);
    let chunked = format!("{}Transfer-Encoding: chunked\r\n", signed(&longer));
    let request = format!("POST /webhooks/kpay HTTP/1.1\r\nHost: a\r\n{chunked}\r\n10001\r\n{longer}\r\n0\r\n\r\n");
    let status = bench.send(&request).await;
    assert_eq!(status, 413);
    bench.counted("malformed", 2);
    bench.hints_come_to(1).await;
}

#[tokio::test]
async fn there_is_one_path_and_one_method() {
    let bench = Bench::start().await;
    let body = payout("completed", 1, NOW);
    let (headers, length) = (signed(&body), body.len());
    for (method, path, status) in [
        ("GET", "/webhooks/kpay", 405),
        ("PUT", "/webhooks/kpay", 405),
        ("POST", "/", 404),
        ("POST", "/webhooks/kpay/", 404),
        ("GET", "/metrics", 404),
        ("GET", "/healthz", 404),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        assert_eq!(bench.send(&request).await, status, "{method} {path}");
    }
    bench.hints_come_to(0).await;
}

/// reliability.md G11: a sender that never ends costs seconds of one connection, and others get through meanwhile.
#[tokio::test]
async fn g11_a_slow_sender_is_cut_off_and_keeps_nobody_out() {
    let bench = Bench::start().await;
    let body = payout("completed", 1, NOW);
    let head = format!("POST /webhooks/kpay HTTP/1.1\r\nHost: a\r\n{}Content-Length: 60000\r\n\r\n{{", signed(&body));
    let mut slow = Vec::new();
    for _ in 0..80 {
        let mut stream = TcpStream::connect(bench.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(bench.post(&body, &signed(&body)).await, 200);
    let started = Instant::now();
    let mut last = slow.pop().unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(8), last.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "still open after {:?}", started.elapsed());
    bench.hints_come_to(1).await;
}

/// Nobody takes from the queue here.
#[tokio::test]
async fn hints_that_find_the_queue_full_are_dropped() {
    let (told, metrics) = (Arc::new(Told::default()), Arc::new(Metrics::new().unwrap()));
    let (waiting, mut taken) = mpsc::channel(MOST_WAITING);
    let router = router(parts(&told, &metrics), waiting);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(crate::http::serve(listener, router, async { drop(stopped.await) }));
    let bench = Bench { address, told, metrics, _stop: stop };
    for number in 0..MOST_WAITING + 3 {
        let body = payout("completed", number, NOW);
        assert_eq!(bench.post(&body, &signed(&body)).await, 200);
    }
    bench.counted("accepted", u32::try_from(MOST_WAITING).unwrap());
    bench.counted("dropped", 3);
    assert_eq!(taken.recv().await.unwrap().external_id, "TRD-0");
}
