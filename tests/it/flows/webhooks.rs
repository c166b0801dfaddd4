//! Webhooks at a running daemon: whatever comes there, forged or signed, moves nothing and closes nothing by itself.

use super::tools::{PATIENCE, files_under, metrics, moved, needs_a_person, states, sum, until_ready};
use crate::played::row;
use crate::support::{Daemon, Merchant, eventually};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const SECRET: &str = "whsec_canary3Kd9";

/// A daemon that listens for webhooks, beside a transfer that waits for a person.
struct Scene {
    merchant: Merchant,
    daemon: Daemon,
    address: String,
    external_id: String,
}

impl Scene {
    fn new() -> Self {
        let mut merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
        let external_id = needs_a_person(&mut merchant);
        merchant.write("webhook-secret", SECRET);
        merchant.set("webhooks", "listen = \"127.0.0.1:0\"\nsecret_file = \"webhook-secret\"");
        // From the first reading on KPay is not asked by itself.
        merchant.set("kpay", "observe_every = \"1h\"");
        let daemon = merchant.daemon();
        until_ready(&daemon);
        let address = address_in(&daemon.said());
        Self { merchant, daemon, address, external_id }
    }

    fn post(&self, body: &str, signature: Option<&str>) -> u16 {
        let signature = signature.map_or_else(String::new, |text| format!("X-KPAY-Signature: {text}\r\n"));
        let length = body.len();
        self.send(&format!(
            "POST /webhooks/kpay HTTP/1.1\r\nHost: pay.example\r\n{signature}Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn send(&self, bytes: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // The answer may come before everything was sent.
        let _ = stream.write_all(bytes.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// What KPay's webhook about the open transfer would be, made so many seconds from now.
    fn body(&self, event: &str, seconds: i64) -> String {
        let made_at = (chrono::Utc::now() + chrono::TimeDelta::seconds(seconds)).to_rfc3339();
        let external_id = &self.external_id;
        format!(
            r#"{{"event":"payout.{event}","payoutId":"wdr_1","externalId":"{external_id}","status":"COMPLETED",
                "amount":30000,"timestamp":"{made_at}"}}"#
        )
    }

    fn counted(&self, result: &str) -> f64 {
        sum(&metrics(&self.daemon), "webhooks_total", &[&format!("result=\"{result}\"")]).unwrap()
    }

    /// Does something, after which journal, KPay and the transfer are as they were.
    fn changes_nothing(&self, act: impl FnOnce()) {
        let seen = || {
            let journal = files_under(&self.merchant.path("state/journal"));
            (journal, self.merchant.bank().requests().len(), moved(&self.merchant), states(&self.merchant))
        };
        let before = seen();
        act();
        // Longer than the beat that would take up work.
        std::thread::sleep(Duration::from_millis(2500));
        let after = seen();
        assert!(before.0 == after.0, "the journal was written to");
        assert_eq!((before.1, &before.2, &before.3), (after.1, &after.2, &after.3));
        assert!(after.3[0].contains("needs_operator"), "{:?}", after.3);
        let log = self.daemon.said().join("\n");
        assert!(!log.contains(SECRET) && !log.contains("30000") && !log.contains("COMPLETED"), "{log}");
    }
}

/// Where the daemon says that it listens for webhooks.
pub fn address_in(log: &[String]) -> String {
    let line = log.iter().find_map(|line| line.split_once("listening for webhooks address="));
    line.unwrap_or_else(|| panic!("{log:#?}")).1.trim().to_owned()
}

/// Lower-case hex HMAC-SHA256, as KPay signs.
pub fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn g11_forged_webhooks_change_nothing_and_ask_nothing() {
    let _row = row!();
    let scene = Scene::new();
    scene.changes_nothing(|| {
        let body = scene.body("completed", 0);
        let right = sign(SECRET, &body);
        assert_eq!(scene.post(&body, None), 401);
        assert_eq!(scene.post(&body, Some(&sign("whsec_other", &body))), 401);
        assert_eq!(scene.post(&body, Some(&right.to_uppercase())), 401);
        assert_eq!(scene.post(&body.replace("30000", "30001"), Some(&right)), 401);
    });
    assert_eq!((scene.counted("forged"), scene.counted("accepted")), (4.0, 0.0));
}

/// A signed one is a hint: alone it ends no intent, in whatever order and however often it comes.
#[test]
fn g11_a_webhook_alone_closes_no_intent() {
    let _row = row!();
    let scene = Scene::new();
    scene.changes_nothing(|| {
        // Out of order: the end before the failure, which is older.
        for (event, seconds) in [("completed", 0), ("failed", -60), ("cancelled", 30)] {
            let body = scene.body(event, seconds);
            for _ in 0..3 {
                assert_eq!(scene.post(&body, Some(&sign(SECRET, &body))), 200, "{event}");
            }
        }
        for seconds in [-3_600, 3_600] {
            let late = scene.body("completed", seconds);
            assert_eq!(scene.post(&late, Some(&sign(SECRET, &late))), 202);
        }
        let payment = r#"{"event":"payment.completed","paymentId":"p","externalId":"x"}"#;
        assert_eq!(scene.post(payment, Some(&sign(SECRET, payment))), 200);
    });
    for (result, count) in [("accepted", 3.0), ("repeated", 6.0), ("stale", 2.0), ("ignored", 1.0), ("forged", 0.0)] {
        assert_eq!(scene.counted(result).to_string(), count.to_string(), "{result}");
    }
}

#[test]
fn g11_long_and_slow_senders_keep_nobody_out() {
    let _row = row!();
    let scene = Scene::new();
    let long = format!("{}{}", scene.body("completed", 0), " ".repeat(64 * 1024));
    let slow = || {
        let mut stream = TcpStream::connect(&scene.address).unwrap();
        let signature = sign(SECRET, "x");
        write!(stream, "POST /webhooks/kpay HTTP/1.1\r\nHost: a\r\nX-KPAY-Signature: {signature}\r\n").unwrap();
        stream
    };
    let mut slow: Vec<TcpStream> = (0..100).map(|_| slow()).collect();
    scene.changes_nothing(|| {
        assert_eq!(scene.post(&long, Some(&sign(SECRET, &long))), 413);
        let body = scene.body("completed", 0);
        assert_eq!(scene.post(&body, Some(&sign(SECRET, &body))), 200);
    });
    assert_eq!(scene.daemon.get("/readyz").0, 200);
    let started = Instant::now();
    let mut last = slow.pop().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    // A reset is as good as an end; only a connection that stays open is not.
    let ended = last.read_to_end(&mut Vec::new()).err().map(|error| error.kind());
    assert_ne!(ended, Some(std::io::ErrorKind::WouldBlock), "still open after {:?}", started.elapsed());
}

#[test]
fn the_listener_ends_with_the_daemon_and_is_not_there_unless_asked_for() {
    let mut scene = Scene::new();
    scene.daemon.signal("TERM");
    assert_eq!(scene.daemon.wait(PATIENCE), Some(0));
    assert!(TcpStream::connect(&scene.address).is_err(), "the port is closed");

    let plain = Merchant::new(&[("GAB", 0), ("CMR", 0)]);
    let daemon = plain.daemon();
    until_ready(&daemon);
    eventually("it has said what it does", PATIENCE, || daemon.get("/metrics").0 == 200);
    assert!(!daemon.said().iter().any(|line| line.contains("webhook")));
}
