//! Page, metrics and health over real HTTP.

use super::*;
use crate::daemon::metrics::Metrics;
use crate::daemon::view::{HeldView, StatusView, TransferView, sample};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A daemon that says what it is told to say.
struct Told {
    view: Mutex<StatusView>,
    health: Result<(), String>,
}

impl StatusSource for Told {
    fn status(&self) -> StatusView {
        self.view.lock().unwrap().clone()
    }
    fn healthy(&self) -> Result<(), String> {
        self.health.clone()
    }
}

/// A server on a free port; it ends with the second value.
async fn start(view: StatusView, health: Result<(), String>) -> (SocketAddr, oneshot::Sender<()>) {
    let source = Arc::new(Told { view: Mutex::new(view), health });
    let router = router(source, Arc::new(Metrics::new().unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(serve(listener, router, async { drop(stopped.await) }));
    (address, stop)
}

/// Everything that comes back for these bytes.
async fn send(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut reply).await;
    String::from_utf8(reply).unwrap()
}

async fn get(address: SocketAddr, path: &str) -> String {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")).await
}

#[track_caller]
fn check(reply: &str, status: u16, parts: &[&str]) {
    assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "expected {status}:\n{reply}");
    for part in parts {
        assert!(reply.contains(part), "`{part}` is missing in:\n{reply}");
    }
}

#[tokio::test]
async fn every_page_is_there_and_nothing_else() {
    let (address, _stop) = start(sample::busy(), Ok(())).await;
    check(&get(address, "/").await, 200, &["content-type: text/html", "Congo-Brazzaville", "http-equiv=\"refresh\""]);
    assert!(!get(address, "/?still").await.contains("http-equiv=\"refresh\""));
    check(&get(address, "/style.css").await, 200, &["content-type: text/css"]);
    let metrics = ["content-type: text/plain; version=0.0.4", "\ntreasuryd_policies_loaded 3\n"];
    check(&get(address, "/metrics").await, 200, &metrics);
    check(&get(address, "/healthz").await, 200, &["\r\n\r\nok\n"]);
    check(&get(address, "/readyz").await, 200, &["\r\n\r\nready\n"]);
    for nowhere in ["/x", "/metrics/", "//", "/../etc/passwd", "/%2e%2e/", "/healthz%00"] {
        check(&get(address, nowhere).await, 404, &["nothing here"]);
    }
}

#[tokio::test]
async fn unready_and_unhealthy_say_why() {
    let mut view = sample::bare();
    view.not_ready_because.push("line\nbreak\u{1b}[31m".to_owned());
    let (address, _stop) = start(view, Err("the journal cannot be written".to_owned())).await;
    let reasons = ["- no policies are loaded\n- balances have not been read yet\n- line\\u{a}break\\u{1b}[31m\n"];
    check(&get(address, "/readyz").await, 503, &reasons);
    check(&get(address, "/healthz").await, 503, &["the journal cannot be written"]);
    check(&get(address, "/").await, 200, &["Not ready", "no policies are loaded"]);
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    let (address, _stop) = start(sample::busy(), Ok(())).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        for path in ["/", "/metrics", "/nowhere"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
            check(&send(address, &request).await, 405, &["allow: GET, HEAD"]);
        }
    }
    let head = send(address, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    check(&head, 200, &["content-length: "]);
    assert!(head.ends_with("\r\n\r\n"), "no body: {head}");
}

#[tokio::test]
async fn g09_foreign_host_names_are_refused_everywhere() {
    let (address, _stop) = start(sample::busy(), Ok(())).await;
    for path in ["/", "/metrics", "/healthz", "/readyz", "/nowhere"] {
        let foreign = format!("GET {path} HTTP/1.1\r\nHost: evil.example:9749\r\n\r\n");
        let reply = send(address, &foreign).await;
        check(&reply, 421, &["localhost"]);
        assert!(!reply.contains("GAB"), "nothing of ours leaks: {reply}");
    }
    for refused in [
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        let reply = send(address, refused).await;
        assert!(reply.starts_with("HTTP/1.1 421 ") || reply.starts_with("HTTP/1.0 421 "), "{refused}: {reply}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_a_page_that_nobody_may_embed_or_keep() {
    let (address, _stop) = start(sample::busy(), Ok(())).await;
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ] {
        let reply = send(address, request).await;
        for header in [
            "content-security-policy: default-src 'none'; style-src 'self';",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(reply.contains(header), "{header} is missing for {request}: {reply}");
        }
    }
}

/// Text that would do harm where it is not escaped.
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;\u{202e}\u{1b}[31m\0";

#[test]
fn hostile_text_stays_text() {
    let mut view = sample::busy();
    let hostile = || HOSTILE.to_owned();
    view.environment = hostile();
    view.version = hostile();
    view.application_id = Some(hostile());
    view.ready = false;
    view.not_ready_because = vec![hostile()];
    view.last_errors[0].what = hostile();
    for policy in &mut view.policies {
        (policy.name, policy.description, policy.schedule) = (hostile(), hostile(), hostile());
        (policy.timezone, policy.mode) = (hostile(), hostile());
        for skip in &mut policy.skipped {
            (skip.detail, skip.would_move_if) = (hostile(), hostile());
        }
    }
    for transfer in view.open.iter_mut().chain(&mut view.last_transfers) {
        (transfer.external_id, transfer.detail) = (hostile(), hostile());
        (transfer.policy, transfer.evidence) = (Some(hostile()), Some(hostile()));
    }
    view.open[0].state = hostile();
    view.last_transfers[0].state = hostile();
    let page = page::render(&view, true).unwrap();
    for harm in ["<script", "<img", "onerror=y>", "\u{202e}", "\u{1b}", "\0", "\"'>"] {
        assert!(!page.contains(harm), "{harm:?} came through");
    }
    assert!(page.matches("&#60;script&#62;").count() > 20, "the text is shown, escaped");
}

#[test]
fn the_page_says_what_a_person_needs() {
    let page = page::render(&sample::busy(), true).unwrap();
    for text in [
        "1 movement needs a person",
        "Nobody knows yet whether money moved; treasuryd keeps asking.",
        "treasuryd transfers resolve TRD-261124080000-CMRSEN-01-7Z0T5N2E --applied --amount AMOUNT --by NAME",
        "treasuryd transfers resolve TRD-261124080000-CMRSEN-01-7Z0T5N2E --not-applied",
        "treasuryd approve TRD-261124170000-CMRCIV-01-9PX3B6WD --by NAME",
        "<time datetime=\"2026-11-25T17:00:00Z\">25 Nov, 17:00 UTC</time>",
        "18:00 in Douala",
        "below trigger",
        "COG holds more than 150\u{202f}000 XAF",
        "shadow: decides, never sends",
        "1.0153",
        "101\u{202f}530",
        "pending",
        "KPay already had this id (409)",
    ] {
        assert!(page.contains(text), "`{text}` is missing");
    }
    let bare = page::render(&sample::bare(), true).unwrap();
    for text in
        ["No balances have been read yet", "No policies are in force", "Nothing is open", "Nothing has moved yet"]
    {
        assert!(bare.contains(text), "`{text}` is missing");
    }
}

#[test]
fn policies_that_wait_are_told_on_the_page() {
    let waits = |hash: &str| {
        let held = HeldView { hash: hash.to_owned(), loosens: vec!["keep is lower".to_owned()] };
        page::render(&StatusView { held_policies: Some(held), ..sample::busy() }, true).unwrap()
    };
    assert!(waits(&"ab".repeat(32)).contains("treasuryd policies accept abababababababab"));
    assert!(!page::render(&sample::busy(), true).unwrap().contains("policies accept"));
}

/// A movement is on the page until its rate is given, with what gives it.
#[test]
fn a_rate_that_nobody_gave_is_asked_for_on_the_page() {
    let mut view = sample::busy();
    view.open.truncate(1);
    view.open[0].state = "applied".to_owned();
    let page = page::render(&view, true).unwrap();
    assert!(
        page.contains("--applied --rate RATE --credited AMOUNT") && page.contains("the books lack its rate"),
        "{page}"
    );
}

#[test]
fn a_thousand_open_movements_do_not_make_an_endless_page() {
    let mut view = sample::busy();
    view.open = vec![view.open[1].clone(); 1_000];
    let page = page::render(&view, true).unwrap();
    assert!(page.contains("And 950 more") && page.contains("1000 movements’ outcomes are unknown"));
    assert!(page.len() < 100_000, "{} bytes", page.len());
}

#[test]
fn what_only_lacks_its_rate_keeps_no_open_movement_off_the_page() {
    let mut view = sample::busy();
    let of = |state: &str, id: &str, created_at| TransferView {
        state: state.to_owned(),
        external_id: id.to_owned(),
        created_at,
        ..view.open[1].clone()
    };
    let old = view.open[1].created_at;
    let mut open = vec![of("applied", "T-PENDING", old); 60];
    open.push(of("planned", "T-PLANNED", old + chrono::TimeDelta::days(9)));
    view.open = open;
    let page = page::render(&view, true).unwrap();
    assert!(page.contains("T-PLANNED") && page.contains("T-PENDING") && page.contains("And 11 more"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g12_two_hundred_slow_connections_keep_no_probe_out() {
    let (address, _stop) = start(sample::busy(), Ok(())).await;
    let mut slow = Vec::new();
    for number in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").await.unwrap();
        }
        slow.push(stream);
    }
    for _ in 0..20 {
        let asked = Instant::now();
        check(&get(address, "/healthz").await, 200, &["ok"]);
        assert!(asked.elapsed() < Duration::from_secs(2), "took {:?}", asked.elapsed());
    }
    let still_open = |stream: &&TcpStream| stream.try_read(&mut [0]).is_err_and(|e| e.kind() == ErrorKind::WouldBlock);
    let open = slow.iter().filter(still_open).count();
    assert!(open <= 64, "{open} slow connections are still held");
}

#[tokio::test]
async fn a_connection_costs_a_few_seconds_and_bytes_at_most() {
    let (address, _stop) = start(sample::busy(), Ok(())).await;
    let endless = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(200_000));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(endless.as_bytes()).await;
    let ended = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "endless headers are cut off");

    let opened = Instant::now();
    let mut silent = TcpStream::connect(address).await.unwrap();
    let _ = tokio::time::timeout(Duration::from_secs(15), silent.read_to_end(&mut Vec::new())).await.unwrap();
    assert!(opened.elapsed() >= Duration::from_secs(4), "an honest pause is allowed: {:?}", opened.elapsed());
}

/// HTTP/2 would carry any number of requests over one connection; whole, or a byte at a time.
#[tokio::test]
async fn g12_one_connection_is_one_request_whatever_it_speaks() {
    let (address, _stop) = start(sample::busy(), Ok(())).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for at_once in [preface.len(), 1] {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        for some in preface.chunks(at_once) {
            let _ = stream.write_all(some).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut reply = String::new();
        let _ = stream.read_to_string(&mut reply).await;
        let is_refused = reply.is_empty() || reply.starts_with("HTTP/1.1 400 ");
        assert!(is_refused && began.elapsed() < Duration::from_secs(3), "{at_once}: {reply}");
    }
    let twice = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(2);
    assert_eq!(send(address, &twice).await.matches("HTTP/1.1 ").count(), 1);
}

#[tokio::test]
async fn the_end_waits_for_nobody() {
    let source = Arc::new(Told { view: Mutex::new(sample::bare()), health: Ok(()) });
    let router = router(source, Arc::new(Metrics::new().unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, router, async { drop(stopped.await) }));
    check(&get(address, "/healthz").await, 200, &[]);
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(1), server).await.unwrap().unwrap();
}
