//! Faults on the transfer: what the caller sees, and what the books say.

use super::*;
use crate::sandbox::Delivered;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends one transfer under a rule; the caller is to see `status` (none: no whole reply) and the books `applied`.
async fn check(rule: &str, status: Option<u16>, applied: usize, delivered: Delivered) -> (Kit, Option<Answer>) {
    let kit = Kit::start(with_faults(&[rule])).await;
    let reply = kit.transfer("GAB", "CMR", 30_000, "id").await.ok();
    assert_eq!(reply.as_ref().map(|reply| reply.status.as_u16()), status, "{rule}");
    assert_eq!(kit.times("id"), applied, "{rule}");
    let record = kit.last_transfer();
    assert_eq!((record.delivered, record.fault.as_deref()), (delivered, Some(rule)));
    assert_eq!(record.applied.is_some(), applied > 0, "{rule}");
    let moved = if applied > 0 { "300000" } else { "330000" };
    assert_eq!(kit.balance(Country::GAB), moved, "{rule}");
    (kit, reply)
}

#[tokio::test]
async fn replies_are_lost_before_and_after() {
    let (kit, _) = check("lost-before", None, 0, Delivered::Reset).await;
    assert_eq!(kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap().status, 201);
    let (kit, _) = check("lost-after-apply", None, 1, Delivered::Reset).await;
    assert_eq!(kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap().status, 409);
    assert_eq!(kit.times("id"), 1);
}

#[tokio::test]
async fn a_reset_is_a_reset_and_leaves_not_a_byte() {
    let kit = Kit::start(with_faults(&["lost-after-apply"])).await;
    let (token, body) = (kit.token().await, transfer_body("GAB", "CMR", &json!(30_000), "id").to_string());
    let mut stream = TcpStream::connect(kit.running.addr()).await.unwrap();
    let head = format!(
        "POST /api/wallets/transfer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let error = stream.read_to_end(&mut read).await.unwrap_err();
    assert_eq!((error.kind(), read.len()), (std::io::ErrorKind::ConnectionReset, 0));
    assert_eq!(kit.times("id"), 1);
}

#[tokio::test]
async fn statuses_come_before_or_after_the_apply() {
    for (rule, status, applied) in [
        ("http-500-before", 500, 0),
        ("http-500-after", 500, 1),
        ("http-502", 502, 0),
        ("http-503-after", 503, 1),
        ("html-504-before", 504, 0),
        ("html-504-after", 504, 1),
        ("status=418", 418, 0),
        ("status=403-after", 403, 1),
        ("status=999", 999, 0),
        ("status=200-before", 200, 0),
        ("status=202-after", 202, 1),
        ("status=204-after", 204, 1),
        ("empty-201", 201, 1),
        ("html-201", 201, 1),
        ("message=no", 400, 0),
        ("401", 401, 0),
    ] {
        let (_, reply) = check(rule, Some(status), applied, Delivered::Whole).await;
        let reply = reply.unwrap();
        match rule {
            "html-504-before" | "html-504-after" | "html-201" => assert!(reply.text.starts_with("<html>"), "{rule}"),
            "status=202-after" => assert_eq!(reply.json()["externalId"], "id"),
            "status=200-before" => assert_eq!(reply.text, "{}"),
            "empty-201" | "status=204-after" => assert_eq!(reply.text, ""),
            "message=no" => assert_eq!(reply.json()["message"], "no"),
            _ => assert_eq!(reply.json()["statusCode"], status, "{rule}"),
        }
    }
}

#[tokio::test]
async fn a_hostile_message_arrives_as_it_is() {
    let hostile = "\u{1b}[31m\r\n\u{202e}x";
    let kit = Kit::start(with_faults(&[&format!("message=500:{hostile}")])).await;
    let reply = kit.transfer("GAB", "CMR", 1000, "id").await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.json()["message"].as_str()), (500, Some(hostile)));
}

#[tokio::test]
async fn a_429_says_what_it_is_told() {
    for (rule, header, applied) in [
        ("429", Some("1"), 0),
        ("429=7", Some("7"), 0),
        ("429=none", None, 0),
        ("429=-1.5", Some("-1.5"), 0),
        ("429-after=2", Some("2"), 1),
    ] {
        let (_, reply) = check(rule, Some(429), applied, Delivered::Whole).await;
        let found = reply.unwrap().headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(found.as_deref(), header, "{rule}");
    }
    let (_, reply) = check("429=date:30", Some(429), 0, Delivered::Whole).await;
    let date = reply.unwrap().headers["retry-after"].to_str().unwrap().to_owned();
    assert!(httpdate::parse_http_date(&date).is_ok(), "{date}");
}

#[tokio::test]
async fn a_body_is_cut_at_any_byte() {
    for rule in ["cut-body", "cut-body=0", "cut-body=1", "cut-body=100"] {
        check(rule, None, 1, Delivered::Cut).await;
    }
    let kit = Kit::start(with_faults(&["cut-body=10"])).await;
    let (token, body) = (kit.token().await, transfer_body("GAB", "CMR", &json!(30_000), "id").to_string());
    let mut stream = TcpStream::connect(kit.running.addr()).await.unwrap();
    let head = format!(
        "POST /api/wallets/transfer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut read = String::new();
    stream.read_to_string(&mut read).await.unwrap();
    let (head, body) = read.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 201 Created"), "{head}");
    assert_eq!((body.len(), &body[..7]), (10, "{\"id\":\""));
}

#[tokio::test]
async fn each_field_can_be_wrong() {
    for (rule, pointer, value) in [
        ("wrong-field=externalId", "/externalId", json!("TRD-SOMEBODY-ELSES")),
        ("wrong-field=externalId:other", "/externalId", json!("other")),
        ("wrong-field=amount", "/sourceTransaction/amount", json!(30_001)),
        ("wrong-field=amount:5", "/sourceTransaction/amount", json!(5)),
        ("wrong-field=credit", "/destinationTransaction/amount", json!(30_001)),
        ("wrong-field=rate:1.5", "/exchangeRate", json!(1.5)),
        ("wrong-field=sourceCountry", "/sourceTransaction/country", json!("COG")),
        ("wrong-field=destinationCountry", "/destinationTransaction/country", json!("BEN")),
        ("wrong-field=currency", "/sourceTransaction/currency", json!("XOF")),
        ("wrong-field=destinationCurrency", "/destinationTransaction/currency", json!("XOF")),
        ("wrong-field=status", "/status", json!("FAILED")),
        ("wrong-field=status:PENDING", "/status", json!("PENDING")),
    ] {
        let (kit, reply) = check(rule, Some(201), 1, Delivered::Whole).await;
        assert_eq!(reply.unwrap().json().pointer(pointer), Some(&value), "{rule}");
        assert_eq!(kit.books().transfers[0].amount, Amount::whole(30_000), "{rule}: the books say the truth");
    }
}

#[tokio::test]
async fn an_expired_token_is_gone_and_a_new_one_works() {
    let kit = Kit::start(with_faults(&["expired-token"])).await;
    let token = kit.token().await;
    let body = transfer_body("GAB", "CMR", &json!(1000), "id");
    let post =
        |token: String| kit.send(kit.request(Method::POST, "/api/wallets/transfer").bearer_auth(token).json(&body));
    for _ in 0..2 {
        assert_eq!(post(token.clone()).await.unwrap().status, 401);
    }
    assert_eq!(kit.times("id"), 0);
    assert_eq!(post(kit.token().await).await.unwrap().status, 201);
}

#[tokio::test]
async fn slow_replies_come_and_hanging_ones_never_do() {
    let begun = Instant::now();
    check("slow=200", Some(201), 1, Delivered::Whole).await;
    assert!(begun.elapsed() >= Duration::from_millis(200));
    check("slow-loris=1", Some(201), 1, Delivered::Whole).await;
    for (rule, applied) in [("hang", 1), ("hang-before", 0)] {
        let kit = Kit::start(with_faults(&[rule])).await;
        let request = kit.request(Method::POST, "/api/wallets/transfer").bearer_auth(kit.token().await);
        let request = request.json(&transfer_body("GAB", "CMR", &json!(1000), "id"));
        let error = kit.send(request.timeout(Duration::from_millis(150))).await.err().unwrap();
        assert!(error.is_timeout(), "{rule}: {error}");
        assert_eq!((kit.times("id"), kit.last_transfer().delivered), (applied, Delivered::Hung));
        let begun = Instant::now();
        kit.running.shutdown().await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{rule}: a hanging reply does not stop the end");
    }
}

#[tokio::test]
async fn a_late_transfer_lands_on_the_sandbox_clock() {
    let kit = Kit::start(with_faults(&["late-apply=600000"])).await;
    assert!(kit.transfer("GAB", "CMR", 30_000, "id").await.is_err());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(kit.times("id"), 0);
    kit.handle.advance(Duration::from_mins(10));
    for _ in 0..100 {
        if kit.times("id") == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((kit.times("id"), kit.last_transfer().applied), (1, Some(1)));
    assert_eq!(kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap().status, 409);
}

#[tokio::test]
async fn a_late_transfer_whose_resend_came_first_is_refused() {
    let kit = Kit::start(with_faults(&["late-apply=600000"])).await;
    assert!(kit.transfer("GAB", "CMR", 30_000, "id").await.is_err());
    assert_eq!(kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap().status, 201);
    kit.handle.advance(Duration::from_mins(10));
    for _ in 0..100 {
        if kit.books().counters.refused == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((kit.times("id"), kit.books().counters.refused), (1, 1));
}

#[tokio::test]
async fn a_duplicate_is_applied_once_and_answered_by_the_second() {
    check("duplicate", Some(409), 1, Delivered::Whole).await;
}

#[tokio::test]
async fn a_pending_transfer_holds_its_money_and_its_id_and_is_then_dropped() {
    let kit = Kit::start(with_faults(&["conflict-pending=2"])).await;
    assert!(kit.transfer("GAB", "CMR", 30_000, "id").await.is_err());
    let held = kit.books().wallet(Country::GAB).unwrap().reserved;
    assert_eq!(held, Amount::whole(30_000));
    assert_eq!(kit.overview().await.json()["wallets"][2]["availableBalance"], 300_000);
    for _ in 0..2 {
        assert_eq!(kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap().status, 409);
    }
    assert_eq!((kit.times("id"), kit.books().wallet(Country::GAB).unwrap().reserved), (0, Amount::ZERO));
    assert_eq!(kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap().status, 201);
}

#[tokio::test]
async fn redirects_point_elsewhere_and_move_nothing() {
    let (_, reply) = check("redirect=http://127.0.0.1:9/trap", Some(307), 0, Delivered::Whole).await;
    assert_eq!(reply.unwrap().headers["location"], "http://127.0.0.1:9/trap");
    check("redirect=http://127.0.0.1:9/trap:302", Some(302), 0, Delivered::Whole).await;
}

#[tokio::test]
async fn bodies_can_be_absurd() {
    let (_, reply) = check("nested", Some(201), 1, Delivered::Whole).await;
    assert_eq!(reply.unwrap().text.len(), 400_000);
    let (_, reply) = check("huge-body=2", Some(201), 1, Delivered::Whole).await;
    let text = reply.unwrap().text;
    assert!(text.len() > 2 * 1024 * 1024 && text.trim_start().starts_with('{'));
}

#[tokio::test]
async fn an_undocumented_fee_is_debited_on_top() {
    let kit = Kit::start(with_faults(&["fee=1%"])).await;
    let reply = kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap();
    assert_eq!(reply.json()["sourceTransaction"]["amount"], 30_000);
    assert_eq!((kit.balance(Country::GAB), kit.balance(Country::CMR)), ("299700".into(), "130000".into()));
    assert_eq!(kit.books().transfers[0].fee, Amount::whole(300));
}

#[tokio::test]
async fn the_rate_can_move_between_the_look_and_the_transfer() {
    let kit = Kit::start(with_faults(&["rate-moves=1.0200"])).await;
    let reply = kit.transfer("CMR", "SEN", 100_000, "id").await.unwrap();
    assert!(reply.text.contains(r#""exchangeRate":1.0200"#), "{}", reply.text);
    assert_eq!(kit.balance(Country::SEN), "102000");
}

#[tokio::test]
async fn a_script_is_played_in_order_and_requests_that_are_refused_first_do_not_use_it_up() {
    let kit = Kit::start(with_faults(&["ok", "lost-after-apply", "html-504-after"])).await;
    let bad = kit.request(Method::POST, "/api/wallets/transfer").bearer_auth("nobody's").json(&json!({}));
    assert_eq!(kit.send(bad).await.unwrap().status, 401);
    assert_eq!(kit.transfer("GAB", "CMR", 1000, "a").await.unwrap().status, 201);
    assert!(kit.transfer("GAB", "CMR", 1000, "b").await.is_err());
    assert_eq!(kit.transfer("GAB", "CMR", 1000, "c").await.unwrap().status, 504);
    assert_eq!(kit.transfer("GAB", "CMR", 1000, "d").await.unwrap().status, 201);
    assert_eq!((kit.books().transfers.len(), kit.books().counters.faults), (4, 2));
}
