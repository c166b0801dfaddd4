//! The operator's doors, the log, starting and stopping, and callers that do not speak HTTP.

use super::*;
use crate::sandbox::{Delivered, SandboxError};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn money_comes_and_goes_and_faults_and_clock_change() {
    let kit = Kit::start(settings()).await;
    for (path, body, status) in [
        ("/sandbox/deposit", json!({"country":"GAB","amount":1000}), 200),
        ("/sandbox/deposit", json!({"country":"SEN","amount":"500.50"}), 200),
        ("/sandbox/deposit", json!({"country":"CMR","amount":7,"environment":"PRODUCTION"}), 200),
        ("/sandbox/withdraw", json!({"country":"COG","amount":15_000}), 200),
        ("/sandbox/withdraw", json!({"country":"COG","amount":1}), 400),
        ("/sandbox/withdraw", json!({"country":"KEN","amount":1}), 400),
        ("/sandbox/deposit", json!({"country":"GAB","amount":-5}), 400),
        ("/sandbox/deposit", json!({"country":"gab","amount":5}), 400),
        ("/sandbox/deposit", json!({"country":"GAB","amount":5,"when":"now"}), 400),
        ("/sandbox/rate", json!({"from":"XAF","to":"XOF","rate":0}), 400),
        ("/sandbox/clock", json!({"advance":"soon"}), 400),
        ("/sandbox/faults", json!(["lost"]), 400),
        ("/sandbox/faults", json!(["lost-before"]), 200),
        ("/sandbox/nothing", json!({}), 404),
    ] {
        let reply = kit.admin(path, &body).await;
        assert_eq!(reply.status.as_u16(), status, "{path} {body}: {}", reply.text);
    }
    assert!(kit.transfer("GAB", "CMR", 1000, "id").await.is_err(), "the script is in force");
    let books = kit.send(kit.request(Method::GET, "/sandbox/books")).await.unwrap().json();
    assert_eq!(books["wrong"], Value::Null);
    let held = |country: Country| kit.balance(country);
    assert_eq!(
        (held(Country::GAB), held(Country::SEN), held(Country::COG)),
        ("331000".into(), "500.5".into(), "0".into())
    );
    let wallet = books["wallets"].as_array().unwrap().iter().find(|wallet| wallet["environment"] == "PRODUCTION");
    assert_eq!((&wallet.unwrap()["balance"], &wallet.unwrap()["available"]), (&json!("7"), &json!("7")));
    assert_eq!(books["faults"], json!([["lost-before", 1]]));
}

#[tokio::test]
async fn the_log_has_every_byte_of_the_body_and_no_secret() {
    let kit = Kit::start(settings()).await;
    let token = kit.token().await;
    let body = "{\"amount\" : 1000,  \"sourceCountry\":\"GAB\"}";
    let request = kit.request(Method::POST, "/api/wallets/transfer?x=1").bearer_auth(&token).body(body);
    assert_eq!(kit.send(request).await.unwrap().status, 400);
    let record = kit.handle.requests().pop().unwrap();
    assert_eq!((record.body.as_str(), record.path.as_str()), (body, "/api/wallets/transfer?x=1"));
    assert_eq!((record.status, record.delivered, record.number), (Some(400), Delivered::Whole, 2));
    assert!(record.header_names.contains(&"authorization".to_owned()));
    let log = kit.send(kit.request(Method::GET, "/sandbox/requests")).await.unwrap();
    assert_eq!(log.json().as_array().unwrap().len(), 2, "the operator's own requests are not in it");
    for secret in [token.as_str(), "kpay_test_a", "sk_test_b"] {
        assert!(!log.text.contains(secret));
    }
}

#[tokio::test]
async fn it_stays_on_this_machine_and_says_when_the_port_is_taken() {
    let far: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let error = Sandbox::start(settings(), far).await.err().unwrap();
    assert!(matches!(error, SandboxError::NotLoopback(_)), "{error}");
    let kit = Kit::start(settings()).await;
    let error = Sandbox::start(settings(), kit.running.addr()).await.err().unwrap();
    assert!(matches!(error, SandboxError::Listen { .. }), "{error}");
    let addr = kit.running.addr();
    kit.running.shutdown().await;
    assert!(TcpStream::connect(addr).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn half_requests_and_other_languages_are_counted_and_closed() {
    let kit = Kit::start(settings()).await;
    for (sent, answered) in [
        ("POST /api/wallets/transfer HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}", ""),
        ("EHLO there\r\n\r\n", "HTTP/1.1 400"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 411"),
    ] {
        let mut stream = TcpStream::connect(kit.running.addr()).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut read = Vec::new();
        // The end may come as a reset where bytes of ours were never read.
        let _ = stream.read_to_end(&mut read).await;
        let text = String::from_utf8(read).unwrap();
        assert!(text.starts_with(answered) && text.is_empty() == answered.is_empty(), "{sent:?}: {text}");
    }
    assert_eq!((kit.books().counters.broken, kit.books().counters.requests), (3, 0));
}

#[tokio::test]
async fn requests_sent_together_are_answered_in_turn() {
    let kit = Kit::start(settings()).await;
    let one = "GET /api/v1/payments/me HTTP/1.1\r\nX-API-Key: kpay_test_a\r\nX-Secret-Key: sk_test_b\r\n\r\n";
    let last = "GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(kit.running.addr()).await.unwrap();
    stream.write_all(format!("{one}{one}{last}").as_bytes()).await.unwrap();
    let mut read = String::new();
    stream.read_to_string(&mut read).await.unwrap();
    assert_eq!((read.matches("HTTP/1.1 200 OK").count(), read.matches("HTTP/1.1 404").count()), (2, 1));
}
