//! A: was it applied? What the connection does: refused, cut in the middle of the request, dripping, flooding.

use super::middlebox::{Middlebox, Obstacle};
use super::stage::{MEMORIES, Memory, Scene, each};
use crate::played::row;

/// More than the program ever needs, less than what it is sent.
const MOST_RESIDENT_KIB: u64 = 120 * 1024;

// A2: connect refused · certainly not sent: intent stays open, backoff; no slot burned, retry same id.
#[test]
fn a02_a_refused_connection_is_certainly_not_sent() {
    let _row = row!();
    let mut play = Scene::default().open();
    // One reading, then the port is closed to the transfer.
    let mut middlebox = Middlebox::before(play.merchant.base_url(), Obstacle::ClosedAfter(1));
    play.merchant.point_at(&middlebox.base_url());
    let ended = play.once().with_code(75);
    assert!(ended.stderr.contains("refused"), "{ended:?}");
    let planned = play.expect("GAB", "planned", "");
    assert!(planned["attempts"].as_u64().unwrap() <= 6, "it backs off: {planned:#}");
    play.judge(0);
    middlebox.reopen();
    play.once().with_code(0);
    let applied = play.expect("GAB", "applied", "response");
    assert_eq!(applied["external_id"], planned["external_id"]);
    play.settle(1, 1);
}

// A2: DNS failure, TLS handshake failure.
#[test]
fn a02_a_host_without_address_or_tls_burns_no_slot() {
    let _row = row!();
    // A label of more than 63 characters has no address anywhere, and nobody is asked for it.
    let nowhere = format!("https://{}.example", "a".repeat(64));
    each(&["tls", "dns"], |trouble| {
        let mut play = Scene::default().open();
        let good = play.merchant.base_url().to_owned();
        let bad =
            if *trouble == "tls" { good.replace("http://127.0.0.1", "https://localhost") } else { nowhere.clone() };
        play.merchant.point_at(&bad);
        play.once().with_code(75);
        assert!(play.merchant.bank().requests().is_empty(), "{trouble}");
        play.merchant.point_at(&good);
        play.once().with_code(0);
        play.expect("GAB", "applied", "response");
        play.settle(1, 1);
    });
}

// A3: RST after part of the request · `unknown`: cut after k request bytes. (Other ks: kpay's own tests.)
#[test]
fn a03_a_request_cut_anywhere_is_unknown_and_sent_again() {
    let _row = row!();
    each(&[1, 4, 24, 60, 150, 300, 400, 500, 600], |bytes| {
        let mut play = Scene::default().open();
        let middlebox = Middlebox::before(play.merchant.base_url(), Obstacle::CutAfter(*bytes));
        play.merchant.point_at(&middlebox.base_url());
        play.once().with_code(0);
        let intent = play.expect("GAB", "applied", "response");
        assert_eq!(intent["attempts"], 2, "{bytes}");
        let journal = play.evidence().journal;
        assert!(journal.iter().any(|event| event["type"] == "unknown"), "{bytes}: a byte may have left");
        play.settle(1, 1);
    });
}

// A16: slow-loris: 1 byte / 10 s · total deadline, then `unknown`; other wallets go on.
#[test]
fn a16_a_dripping_reply_ends_with_the_deadline() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let play = Scene { memory: *memory, ..Scene::two() }.set("kpay", "timeout = \"1s\"").open();
        play.faults(&["slow-loris=10000"]);
        play.once().with_code(0);
        let how: Vec<_> = play.merchant.transfers().iter().map(|it| it["evidence"].to_string()).collect();
        assert!(how.contains(&"\"response\"".to_owned()) && how.contains(&"\"conflict\"".to_owned()), "{how:?}");
        play.settle(2, 2);
    });
}

// A16, also where the reply never begins, before and after the apply.
#[test]
fn a16_a_reply_that_never_comes_ends_with_the_deadline() {
    let _row = row!();
    each(&[("hang", "conflict"), ("hang-before", "response")], |(rule, evidence)| {
        let play = Scene::default().set("kpay", "timeout = \"1s\"").open();
        play.faults(&[rule]);
        play.once().with_code(0);
        play.expect("GAB", "applied", evidence);
        play.settle(1, 1);
    });
}

// A17: endless headers, 10 GB body, gzip bomb · byte caps before and after inflate; RSS flat. (And C15: 200,000 nested
// arrays · bounded parse.)
#[test]
fn a17_floods_are_cut_off_in_little_memory() {
    let _row = row!();
    let floods = ["endless-headers", "huge-body=256", "gzip-bomb=512", "nested"];
    each(&floods, |flood| {
        let play = Scene::default().open();
        play.faults(&[flood, &format!("balances:{flood}@2")]);
        let daemon = play.daemon(Memory::Fresh);
        play.until("it is settled", |books| books.refused.iter().any(|refused| refused.reason == "conflict"));
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak_kib < MOST_RESIDENT_KIB, "{flood}: {peak_kib} KiB");
        let mut daemon = daemon;
        daemon.signal("TERM");
        assert_eq!(daemon.wait(super::stage::PATIENCE), Some(0));
        play.settle_by(1, 1, super::stage::Play::once_now);
        play.expect("GAB", "applied", "conflict");
    });
}
