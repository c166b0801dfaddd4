//! Connections that break, stall or never end (A1, A3, A4, A16, A17, A19), by a raw socket.

use super::fixtures::{client, intent, reply_within_xaf, settings, token_body};
use crate::intent::Reply;
use crate::kpay::{CallError, Client, NoObserver};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the socket does with a transfer.
#[derive(Clone)]
enum Script {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Closes after reading so many bytes of the request.
    CloseAfter(usize),
    /// Sends a byte now and then, for ever.
    Drip,
    /// Sends this again and again, for ever.
    Endless(&'static str, Vec<u8>),
}

fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

/// Serves tokens properly and everything else by the script; counts the latter.
async fn serve(script: Script) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(play(socket, script.clone(), Arc::clone(&counted)));
        }
    });
    (url, count)
}

async fn play(mut socket: TcpStream, script: Script, count: Arc<AtomicUsize>) {
    let mut head = [0_u8; 8192];
    let few = match script {
        Script::CloseAfter(bytes) => bytes,
        _ => head.len(),
    };
    let Ok(peeked) = socket.peek(&mut head).await else { return };
    if head[..peeked].windows(15).any(|part| part == b"/payments/token") {
        let _ = socket.read(&mut head).await;
        let _ = socket.write_all(&http("201 Created", &token_body())).await;
        return;
    }
    count.fetch_add(1, Ordering::SeqCst);
    let mut request = vec![0_u8; few];
    let _ = socket.read(&mut request).await;
    match script {
        Script::Bytes(bytes) => drop(socket.write_all(&bytes).await),
        Script::CloseAfter(_) => {}
        Script::Drip => {
            let _ = socket.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 5000\r\n\r\n").await;
            while socket.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Script::Endless(start, more) => {
            let _ = socket.write_all(start.as_bytes()).await;
            while socket.write_all(&more).await.is_ok() {}
        }
    }
}

async fn check_lost(script: Script, what: &str) {
    let (url, posts) = serve(script).await;
    let reply = client(&url).transfer(&intent("CMR", "GAB", "50000")).await;
    assert!(matches!(reply, Reply::Lost { .. }), "{what}: {reply:?}");
    assert_eq!(posts.load(Ordering::SeqCst), 1, "{what}: one POST");
}

#[tokio::test]
async fn a04_a_body_cut_short_of_its_length_is_lost() {
    let whole = http("201 Created", &reply_within_xaf());
    let (url, _) = serve(Script::Bytes(whole.clone())).await;
    assert!(matches!(client(&url).transfer(&intent("CMR", "GAB", "50000")).await, Reply::Applied(_)));
    for end in (0..whole.len()).step_by(17).chain([whole.len() - 2, whole.len() - 1]) {
        check_lost(Script::Bytes(whole[..end].to_vec()), &format!("cut at {end}")).await;
    }
}

#[tokio::test]
async fn a04_a_refusal_cut_short_is_lost_too() {
    for status in ["400 Bad Request", "409 Conflict"] {
        let mut cut = http(status, r#"{"message":"no"}"#);
        cut.pop();
        check_lost(Script::Bytes(cut), status).await;
    }
}

#[tokio::test]
async fn a03_a_connection_closed_while_sending_is_lost() {
    for bytes in [1, 10, 100, 300] {
        check_lost(Script::CloseAfter(bytes), &format!("closed after {bytes} bytes")).await;
    }
}

#[tokio::test]
async fn answers_that_are_not_http_are_lost() {
    for bytes in [
        b"".to_vec(),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        b"HTTP/1.1 2x1 Created\r\n\r\n".to_vec(),
        b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef".to_vec(),
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n".to_vec(),
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n".to_vec(),
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00".to_vec(),
    ] {
        let what = String::from_utf8_lossy(&bytes).into_owned();
        check_lost(Script::Bytes(bytes), &what).await;
    }
}

#[tokio::test]
async fn a16_one_byte_now_and_then_ends_with_the_deadline() {
    let (url, _) = serve(Script::Drip).await;
    let mut settings = settings(&url);
    settings.timeout = Duration::from_millis(400);
    let client = Client::new(settings, Arc::new(NoObserver)).unwrap();
    let start = std::time::Instant::now();
    let reply = client.transfer(&intent("CMR", "GAB", "50000")).await;
    assert!(matches!(reply, Reply::Lost { .. }), "{reply:?}");
    assert!(matches!(client.identity().await, Err(CallError::TimedOut { .. })));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a17_endless_bodies_and_headers_are_cut_off() {
    let big = vec![b' '; 64 * 1024];
    let length = "HTTP/1.1 201 Created\r\nContent-Length: 10000000000\r\n\r\n";
    let until_close = "HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n";
    for (start, more) in [
        (length, big.clone()),
        (until_close, big),
        ("HTTP/1.1 201 Created\r\n", b"X-More: yes\r\n".repeat(100)),
        ("HTTP/1.1 201 Created\r\nX-Long: ", vec![b'x'; 64 * 1024]),
    ] {
        let (url, _) = serve(Script::Endless(start, more.clone())).await;
        let begun = std::time::Instant::now();
        let reply = client(&url).transfer(&intent("CMR", "GAB", "50000")).await;
        assert!(matches!(reply, Reply::Lost { .. }), "{start:?}: {reply:?}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{start:?} took {:?}", begun.elapsed());
        let error = client(&url).identity().await.unwrap_err();
        assert!(matches!(error, CallError::TooLarge { .. } | CallError::Broken { .. }), "{start:?}: {error}");
    }
}

#[tokio::test]
async fn a02_a_closed_port_is_certainly_not_sent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for url in
        [format!("http://127.0.0.1:{port}"), format!("https://localhost:{port}"), "https://no.such.invalid".to_owned()]
    {
        let reply = client(&url).transfer(&intent("CMR", "GAB", "50000")).await;
        assert!(matches!(reply, Reply::NotSent { .. }), "{url}: {reply:?}");
    }
}

#[tokio::test]
async fn a02_a_failed_tls_handshake_is_certainly_not_sent() {
    let (url, _) = serve(Script::Bytes(b"no tls here".to_vec())).await;
    let error = client(&url.replace("http:", "https:")).identity().await.unwrap_err();
    assert!(matches!(error, CallError::Unreachable { .. }), "{error}");
}

/// A server that keeps one connection and is always one answer behind.
#[tokio::test]
async fn a19_after_an_answer_to_another_request_the_connection_is_dropped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0_u8; 8192];
                while let Ok(read) = socket.read(&mut request).await {
                    if read == 0 {
                        return;
                    }
                    let is_token = request[..read].windows(15).any(|part| part == b"/payments/token");
                    let right = if number == 0 { "TRD-OTHER-9" } else { "TRD-TEST-1" };
                    let body = if is_token { token_body() } else { reply_within_xaf().replace("TRD-TEST-1", right) };
                    let answer = format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    let _ = socket.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    let client = client(&url);
    let intent = intent("CMR", "GAB", "50000");
    let reply = client.transfer(&intent).await;
    assert!(matches!(&reply, Reply::Lost { detail } if detail.contains("TRD-OTHER-9")), "{reply:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1, "token and transfer share a connection");
    assert!(matches!(client.transfer(&intent).await, Reply::Applied(_)));
    assert_eq!(connections.load(Ordering::SeqCst), 2, "the desynchronised connection is not used again");
}
