//! Webhooks as a receiver on this machine sees them: what they say, how they are signed, tried again, lost, late, forged.

use super::*;
use crate::sandbox::sign::signed;
use crate::sandbox::{Mode, WebhookOutcome, WebhookTry};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SECRET: &str = "sandbox-webhook-secret";
const NEXT_TRY: Duration = Duration::from_secs(5);

/// What one webhook brought.
#[derive(Debug, Clone)]
struct Came {
    request_line: String,
    /// Names in lower case.
    headers: BTreeMap<String, String>,
    body: String,
}

impl Came {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn id(&self) -> String {
        self.json()["externalId"].as_str().unwrap().to_owned()
    }

    fn is_signed(&self) -> bool {
        self.headers["x-kpay-signature"] == signed(&SECRET.into(), self.body.as_bytes())
    }
}

/// A sandbox that ends payouts at once, and a receiver of its webhooks.
struct Scene {
    kit: Kit,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Scene {
    /// The receiver answers with these, in turn, then with 200; 0 closes without an answer.
    async fn new(rules: &[&str], answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
        let (came, answers) = (Arc::default(), answers.to_vec());
        tokio::spawn(receive(listener, Arc::clone(&came), answers));
        let (payout_processing_after, payout_ends_after) = (Duration::ZERO, Duration::ZERO);
        let webhook = Some(url);
        let kit =
            Kit::start(SandboxSettings { payout_processing_after, payout_ends_after, webhook, ..with_faults(rules) });
        Self { kit: kit.await, came }
    }

    async fn pay(&self, phone: &str, id: &str) {
        let reply = self.kit.pay("MTN_MOMO_CMR", phone, id).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }

    fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    fn tries(&self) -> Vec<WebhookTry> {
        self.kit.books().webhooks
    }

    /// Waits until so many tries are over, and a little longer for one too many.
    async fn tried(&self, count: usize) -> Vec<WebhookTry> {
        for _ in 0..300 {
            if self.tries().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        let tries = self.tries();
        assert_eq!(tries.len(), count, "{tries:#?}");
        tries
    }
}

async fn receive(listener: TcpListener, came: Arc<Mutex<Vec<Came>>>, mut answers: Vec<u16>) {
    answers.reverse();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let webhook = loop {
            stream.read_buf(&mut bytes).await.unwrap();
            if let Some(webhook) = parse(&bytes) {
                break webhook;
            }
        };
        came.lock().unwrap().push(webhook);
        match answers.pop().unwrap_or(200) {
            0 => {}
            status => {
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Came> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (request_line, lines) = head.split_once("\r\n")?;
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<String, String> = lines.split("\r\n").filter_map(header).collect();
    let whole = body.len() == headers["content-length"].parse::<usize>().unwrap();
    whole.then(|| Came { request_line: request_line.to_owned(), headers, body: body.to_owned() })
}

#[tokio::test]
async fn each_end_is_told_once_and_signed() {
    let scene = Scene::new(&[], &[]).await;
    for (number, (phone, event, status, reason)) in (1..).zip([
        ("237653456789", "payout.completed", "COMPLETED", Value::Null),
        ("237653456089", "payout.failed", "FAILED", json!("RECIPIENT_NOT_FOUND")),
    ]) {
        scene.pay(phone, phone).await;
        // Nobody asks about it meanwhile.
        let tries = scene.tried(number).await;
        let came = scene.came().pop().unwrap();
        assert!(came.is_signed(), "{came:?}");
        assert_eq!(
            (came.request_line.as_str(), came.headers["x-kpay-event"].as_str()),
            ("POST /hook?x=1 HTTP/1.1", event)
        );
        let entry = scene.kit.books().withdrawn(phone)[0].clone();
        let body = came.json();
        let ended = body["timestamp"].clone();
        let (completed, failed) =
            if reason.is_null() { (ended.clone(), Value::Null) } else { (Value::Null, ended.clone()) };
        let expected = json!({
            "event": event, "payoutId": entry.id, "reference": entry.reference, "status": status, "amount": 5000,
            "phoneNumber": phone, "externalId": phone, "metadata": null, "completedAt": completed, "failedAt": failed,
            "failureReason": reason, "timestamp": ended
        });
        assert_eq!(body, expected);
        let last = tries.last().unwrap();
        let shown = (last.number, last.attempt, last.event.as_str(), last.outcome.clone(), last.fault.clone());
        assert_eq!(shown, (u64::try_from(number).unwrap(), 1, event, WebhookOutcome::Answered(200), None));
        assert_eq!((&last.body, &last.payout_id), (&came.body, &entry.id));
    }
    let counters = scene.kit.books().counters;
    assert_eq!((counters.webhook_tries, counters.webhooks_taken, counters.faults), (2, 2, 0));
}

#[tokio::test]
async fn what_is_under_way_and_transfers_are_not_told_but_a_page_that_ends_is() {
    let scene = Scene::new(&[], &[]).await;
    scene.pay("237653456129", "pending").await;
    scene.kit.transfer("GAB", "CMR", 1000, "transfer").await.unwrap();
    assert_eq!(scene.tried(0).await, []);
    assert!(scene.kit.handle.end_withdrawal("pending", Some("BY_HAND")));
    assert_eq!(scene.tried(1).await[0].event, "payout.failed");
    let hosted = json!({"amount": 5000, "externalId": "page", "returnUrl": "https://a.example/"});
    scene.kit.withdraw(&hosted).await;
    scene.kit.handle.advance(Duration::from_mins(15));
    assert_eq!(scene.tried(2).await[1].event, "payout.cancelled");
    let body = scene.came()[1].json();
    assert_eq!((&body["phoneNumber"], &body["failureReason"]), (&Value::Null, &json!("GATEWAY_EXPIRED")));
}

#[tokio::test]
async fn three_tries_with_the_same_bytes_until_it_is_taken() {
    for (answers, tries, taken) in
        [(&[500, 404, 200][..], 3, 1), (&[0, 202][..], 2, 1), (&[301, 401, 500][..], 3, 0), (&[204][..], 1, 1)]
    {
        let scene = Scene::new(&[], answers).await;
        scene.pay("237653456789", "one").await;
        for attempt in 1..=tries {
            assert_eq!(scene.tried(attempt).await[attempt - 1].attempt, u32::try_from(attempt).unwrap());
            scene.kit.handle.advance(NEXT_TRY);
        }
        scene.kit.handle.advance(NEXT_TRY);
        let tried = scene.tried(tries).await;
        assert!(tried.iter().all(|one| one.number == 1), "{answers:?}");
        let came = scene.came();
        assert!(came.iter().all(|one| one.body == came[0].body && one.is_signed()), "{answers:?}");
        assert_eq!(scene.kit.books().counters.webhooks_taken, taken, "{answers:?}");
        assert_eq!(matches!(tried[0].outcome, WebhookOutcome::NoAnswer(_)), answers[0] == 0);
    }
}

#[tokio::test]
async fn nobody_listening_is_written_down() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let scene = Scene::new(&[], &[]).await;
    scene.kit.handle.set_webhook(&format!("http://{free}/")).unwrap();
    scene.pay("237653456789", "one").await;
    let outcome = scene.tried(1).await[0].outcome.clone();
    assert!(matches!(&outcome, WebhookOutcome::NoAnswer(why) if why.contains("refused")), "{outcome:?}");
}

#[tokio::test]
async fn faults_lose_double_forge_and_delay_them() {
    let lost = Scene::new(&["webhook:lost-before"], &[]).await;
    lost.pay("237653456789", "one").await;
    assert_eq!(lost.tried(1).await[0].outcome, WebhookOutcome::Lost);
    assert!(lost.came().is_empty());

    let double = Scene::new(&["webhook:duplicate"], &[]).await;
    double.pay("237653456789", "one").await;
    assert!(double.tried(2).await.iter().all(|one| (one.number, one.attempt) == (1, 1)));
    let came = double.came();
    assert!(came[0].body == came[1].body && came[0].is_signed() && came[1].is_signed());

    let forged = Scene::new(&["forged"], &[]).await;
    forged.pay("237653456789", "one").await;
    assert_eq!(forged.tried(1).await[0].fault.as_deref(), Some("forged"));
    assert!(!forged.came()[0].is_signed());

    let late = Scene::new(&["late=60000"], &[]).await;
    late.pay("237653456789", "old").await;
    late.pay("237653456789", "new").await;
    assert_eq!(late.tried(1).await[0].external_id.as_deref(), Some("new"));
    late.kit.handle.advance(Duration::from_mins(1));
    late.tried(2).await;
    assert_eq!(late.came().iter().map(Came::id).collect::<Vec<_>>(), ["new", "old"], "reordered");
    assert!(late.came()[1].is_signed());
    let books = late.kit.books();
    assert_eq!((books.counters.faults, books.faults[0].1), (1, 1));
}

#[tokio::test]
async fn a_rule_for_webhooks_strikes_no_request_and_none_of_theirs_strikes_a_webhook() {
    let scene = Scene::new(&["webhook:lost-before=always", "any:slow=1@always"], &[]).await;
    scene.pay("237653456789", "one").await;
    assert_eq!(scene.tried(1).await[0].fault.as_deref(), Some("webhook:lost-before=always"));
    assert_eq!(scene.kit.handle.requests().last().unwrap().fault.as_deref(), Some("any:slow=1@always"));
}

#[tokio::test]
async fn they_stay_on_this_machine() {
    let settings = SandboxSettings { webhook: Some("http://10.0.0.1/".into()), ..settings() };
    let error = Sandbox::start(settings, "127.0.0.1:0".parse().unwrap()).await.err().unwrap();
    assert!(error.to_string().contains("this machine only"), "{error}");
    let scene = Scene::new(&[], &[]).await;
    assert!(scene.kit.handle.set_webhook("https://kpay.site/").is_err());
    scene.pay("237653456789", "one").await;
    scene.tried(1).await;
    assert_eq!(scene.kit.books().withdrawals[0].environment, Mode::Test);
    let books = scene.kit.send(scene.kit.request(Method::GET, "/sandbox/books")).await.unwrap();
    assert_eq!(books.json()["webhooks"][0]["outcome"], json!({"answered": 200}));
    assert!(!books.text.contains(SECRET));
}
