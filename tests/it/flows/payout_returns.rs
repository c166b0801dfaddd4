//! `payout verify-return`: the address that KPay's hosted page led back to counts only with its signature, for ten minutes,
//! and where KPay itself confirms it.

use super::tools::{PATIENCE, files_under, until_ready};
use super::webhooks::sign;
use crate::support::{Daemon, Ended, Merchant, eventually, wallets_of};
use chrono::Utc;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

const SECRET: &str = "gwsec_canary4Kd1";
const STAYS_PENDING: &str = "237653456129";

/// A payout by hand whose page was filled in, and where that led.
struct Scene {
    merchant: Merchant,
    daemon: Option<Daemon>,
    id: String,
    back: String,
}

impl Scene {
    /// The page is filled in so much later.
    fn new(with_daemon: bool, later: Duration) -> Self {
        let mut merchant = Merchant::with(SandboxSettings {
            wallets: wallets_of(&[("CMR", 900_000), ("GAB", 0)]),
            gateway_secret: SECRET.into(),
            ..SandboxSettings::default()
        });
        merchant.policies(&super::tools::one_policy("{ from: [CMR], into: GAB, above: 900_000 XAF }", ""));
        merchant.write("gateway-secret", SECRET);
        merchant.set("kpay", "gateway_secret_file = \"gateway-secret\"");
        let daemon = with_daemon.then(|| {
            let daemon = merchant.daemon();
            until_ready(&daemon);
            daemon
        });
        let ended = merchant.treasuryd(&[
            "payout",
            "CMR",
            "5000",
            "--gateway",
            "--return-url",
            "https://shop.example/back?order=7",
            "--key",
            "k",
            "--yes",
            "--json",
        ]);
        let ended = ended.with_code(75);
        let text = |key: &str| ended.json()[0][key].as_str().unwrap().to_owned();
        merchant.bank().advance(later);
        let back = filled_in(&text("gateway_url"), &format!("act=confirm&provider=MTN_MOMO_CMR&phone={STAYS_PENDING}"));
        Self { id: text("external_id"), merchant, daemon, back }
    }

    fn verify(&self, address: &str) -> Ended {
        let ended = self.merchant.treasuryd(&["payout", "verify-return", address, "--json"]);
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains("shop.example") && !text.contains(SECRET), "{ended:?}");
        }
        ended
    }

    /// An address as KPay would sign it.
    fn signed(&self, status: &str, reference: &str, minutes_ago: i64) -> String {
        let ts = Utc::now().timestamp_millis() - minutes_ago * 60_000;
        let id = &self.id;
        let sig = sign(SECRET, &format!("{status}|{reference}|{id}|{ts}"));
        format!("https://shop.example/?status={status}&reference={reference}&externalId={id}&ts={ts}&sig={sig}")
    }

    fn reference(&self) -> String {
        self.merchant.books().withdrawals[0].reference.clone()
    }

    fn asked(&self) -> usize {
        self.merchant.bank().requests().len()
    }
}

/// Where the page leads once the form is sent in, as a browser would be told.
fn filled_in(page: &str, form: &str) -> String {
    let (host, path) = page.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = form.len();
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: \
         {length}\r\nConnection: close\r\n\r\n{form}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let location = answer.lines().find_map(|line| line.to_lowercase().starts_with("location: ").then(|| &line[10..]));
    location.unwrap().trim().to_owned()
}

#[test]
fn the_return_from_the_page_is_believed_as_far_as_kpay_confirms_it() {
    for with_daemon in [false, true] {
        let scene = Scene::new(with_daemon, Duration::ZERO);
        assert!(scene.back.starts_with("https://shop.example/back?order=7&status="), "{}", scene.back);
        let ended = scene.verify(&scene.back).with_code(0);
        let shown = ended.json();
        assert_eq!((shown["external_id"].as_str(), shown["agrees"].as_bool()), (Some(scene.id.as_str()), Some(true)));
        assert_eq!(shown["address"]["status"], "PENDING");
        assert_eq!(shown["address"]["reference"], scene.reference());
        assert_eq!(shown["kpay"]["reference"], scene.reference());

        // A minute later KPay has paid, and the same address is only older.
        assert!(scene.merchant.bank().end_withdrawal(&scene.id, None));
        let shown = scene.verify(&scene.back).with_code(0).json();
        assert_eq!((&shown["address"]["status"], &shown["kpay"]["status"]), (&"PENDING".into(), &"COMPLETED".into()));
        let text = scene.merchant.treasuryd(&["payout", "verify-return", &scene.back]).with_code(0).stdout;
        assert!(text.contains("the address says  PENDING") && text.contains("KPay says         COMPLETED"), "{text}");

        if let Some(daemon) = scene.daemon {
            eventually("the daemon was told to look again", PATIENCE, || {
                scene.merchant.transfers()[0]["state"] == "applied"
            });
            let log = daemon.said().join("\n");
            assert!(!log.contains("shop.example") && !log.contains(SECRET), "{log}");
        }
        for (_, bytes) in files_under(&scene.merchant.path("state")) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains("sig=") && !text.contains(SECRET));
        }
    }
}

#[test]
fn a_changed_or_late_return_is_refused_before_anybody_is_asked() {
    let scene = Scene::new(false, Duration::ZERO);
    let asked = scene.asked();
    let refused = |address: &str, code: i32, says: &str| {
        let ended = scene.verify(address).with_code(code);
        assert!(ended.stdout.is_empty() && ended.stderr.contains(says), "{says}: {ended:?}");
    };
    let at = scene.back.find("sig=").unwrap() + 4;
    let other = if scene.back[at..].starts_with('0') { "1" } else { "0" };
    let changed = format!("{}{other}{}", &scene.back[..at], &scene.back[at + 1..]);
    refused(&changed, 77, "signature does not fit");
    refused(&scene.back.replace("PENDING", "COMPLETED"), 77, "signature does not fit");
    refused(&scene.signed("PENDING", &scene.reference(), 11), 77, "more than 10 minutes");
    refused(&scene.back[..at], 2, "`sig` is missing");
    refused(scene.back.split('&').next().unwrap(), 2, "in quotes");
    refused("shop", 2, "cannot be read as an address");
    // Another secret here than KPay's.
    scene.merchant.write("gateway-secret", "other");
    refused(&scene.back, 77, "the secret here is not the one");
    assert_eq!(scene.asked(), asked);

    // Eleven minutes between KPay's clock and ours.
    let late = Scene::new(false, Duration::from_mins(11));
    let ended = late.verify(&late.back).with_code(77);
    assert!(ended.stderr.contains("more than 10 minutes"), "{ended:?}");
}

#[test]
fn a_secret_is_needed_and_may_come_from_the_environment() {
    let mut scene = Scene::new(false, Duration::ZERO);
    scene.merchant.extra.clear();
    scene.merchant.configure();
    let ended = scene.verify(&scene.back).with_code(78);
    for place in ["kpay.gateway_secret_file", "kpay_gateway_secret", "$KPAY_GATEWAY_SECRET"] {
        assert!(ended.stderr.contains(place), "{ended:?}");
    }
    let mut command = scene.merchant.command(&["payout", "verify-return", &scene.back]);
    Ended::of(command.env("KPAY_GATEWAY_SECRET", SECRET)).with_code(0);
}

#[test]
fn only_kpays_own_answer_counts() {
    for with_daemon in [false, true] {
        let scene = Scene::new(with_daemon, Duration::ZERO);
        let reference = scene.reference();
        let says = |address: &str, code: i32, words: &[&str]| {
            let ended = scene.verify(address).with_code(code);
            for word in words {
                assert!(ended.stderr.contains(word), "{word}: {ended:?}");
            }
            ended
        };
        // Signed, and not what KPay says.
        let otherwise = says(
            &scene.signed("COMPLETED", &reference, 0),
            77,
            &["address says COMPLETED", "only KPay's own answer counts"],
        );
        assert_eq!(otherwise.json()["agrees"], false);
        says(&scene.signed("PENDING", "KPAY-WD-OTHER", 0), 77, &["reference KPAY-WD-OTHER", &reference]);
        // A payout of somebody else's.
        let ts = Utc::now().timestamp_millis();
        let sig = sign(SECRET, &format!("PENDING|R|WD-OTHER|{ts}"));
        let unknown = format!("https://shop.example/?status=PENDING&reference=R&externalId=WD-OTHER&ts={ts}&sig={sig}");
        let ended = says(&unknown, 1, &["proves nothing", "there is no transfer WD-OTHER"]);
        assert!(ended.stdout.is_empty(), "{ended:?}");
        // KPay is away.
        scene.merchant.bank().set_faults(&["withdrawal:status=500-before@always"]).unwrap();
        says(&scene.back, 75, &["proves nothing"]);
    }
}
