//! Webhooks that KPay's stand-in sends to a running daemon: they make an answer known sooner, and nothing else.

use super::tools::{PATIENCE, files_under, metrics, states, sum, until_ready};
use super::webhooks::address_in;
use crate::support::{Daemon, Merchant, eventually, wallets_of};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use treasuryd::sandbox::{SandboxSettings, WebhookOutcome};

const SECRET: &str = "whsec_canary8Lw2";
/// From the second question about a payout to the third, where no webhook comes between them.
const POLLED: TimeDelta = TimeDelta::seconds(12);

/// Cameroon pays 50,000 XAF out to a number that stays pending until the test ends it; the sandbox tells the daemon.
struct Scene {
    merchant: Merchant,
    daemon: Daemon,
    id: String,
}

impl Scene {
    fn new(faults: &[&str], settled: &str) -> Self {
        let mut merchant = Merchant::with(SandboxSettings {
            wallets: wallets_of(&[("CMR", 150_000), ("GAB", 0)]),
            webhook_secret: SECRET.into(),
            ..SandboxSettings::default()
        });
        merchant.policies(
            "version: 1\npolicies:\n  - name: pay-out\n    schedule: \"0 0 * * *\"\n    catch_up: 24h\n    payout:\n      from: CMR\n      \
             to: { provider: MTN_MOMO_CMR, phone: \"237653456129\" }\n      above: 100_000 XAF\n",
        );
        merchant.bank().set_faults(faults).unwrap();
        merchant.write("webhook-secret", SECRET);
        merchant.set("webhooks", "listen = \"127.0.0.1:0\"\nsecret_file = \"webhook-secret\"");
        // From the first reading on KPay is asked about nothing but the payout.
        merchant.set("kpay", "observe_every = \"1h\"");
        let daemon = merchant.daemon();
        until_ready(&daemon);
        let address = address_in(&daemon.said());
        merchant.bank().set_webhook(&format!("http://{address}/webhooks/kpay")).unwrap();
        eventually("the payout stands", PATIENCE, || {
            merchant
                .transfers()
                .iter()
                .any(|one| one["state"] == settled && (settled != "sending" || one["kpay_id"].is_string()))
        });
        let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
        Self { merchant, daemon, id }
    }

    /// When KPay was asked how the payout stands.
    fn asked(&self) -> Vec<DateTime<Utc>> {
        let requests = self.merchant.bank().requests();
        requests.iter().filter(|one| one.path.starts_with("/api/v1/payments/withdraw/")).map(|one| one.at).collect()
    }

    /// Ends the payout right after the second question, when the third is far off.
    fn end_after_two_questions(&self) {
        eventually("KPay was asked twice", PATIENCE, || self.asked().len() == 2);
        self.end();
    }

    fn end(&self) {
        assert!(self.merchant.bank().end_withdrawal(&self.id, None));
    }

    fn until_applied(&self) {
        eventually("it is settled", PATIENCE, || states(&self.merchant)[0].contains(" applied "));
    }

    /// From the second question to the third, which was the last.
    fn last_pause(&self) -> TimeDelta {
        let asked = self.asked();
        assert_eq!(asked.len(), 3, "{asked:?}");
        asked[2] - asked[1]
    }

    /// Waits until so many tries of the sandbox's are over; how they ended.
    fn tries(&self, count: usize) -> Vec<WebhookOutcome> {
        eventually("the webhooks are out", PATIENCE, || self.merchant.books().webhooks.len() >= count);
        self.merchant.books().webhooks.into_iter().map(|one| one.outcome).collect()
    }

    fn counted(&self, result: &str) -> String {
        sum(&metrics(&self.daemon), "webhooks_total", &[&format!("result=\"{result}\"")]).unwrap().to_string()
    }

    fn kpay_id(&self) -> String {
        self.merchant.books().withdrawals[0].id.clone()
    }

    /// Paid once, booked once, told once in the books of both.
    fn is_paid_once(&self) {
        let books = self.merchant.books();
        assert_eq!((books.wrong, books.withdrawals.len()), (None, 1));
        assert_eq!(self.merchant.holds("CMR").to_string(), "100000");
        self.merchant.treasuryd(&["ledger", "check"]).with_code(0);
        let log = self.daemon.said().join("\n");
        assert!(!log.contains(SECRET), "{log}");
    }
}

#[test]
fn a_webhook_settles_a_payout_long_before_the_next_poll() {
    let scene = Scene::new(&[], "sending");
    scene.end_after_two_questions();
    scene.until_applied();
    assert_eq!(scene.tries(1), [WebhookOutcome::Answered(200)]);
    let pause = scene.last_pause();
    assert!(pause < POLLED / 2, "asked after {pause}");
    assert_eq!(scene.counted("accepted"), "1");
    scene.is_paid_once();
}

#[test]
fn a_lost_or_forged_webhook_costs_time_only() {
    for (rule, tries, forged) in [("webhook:lost-before=always", 1, "0"), ("forged=always", 3, "3")] {
        let scene = Scene::new(&[rule], "sending");
        scene.end_after_two_questions();
        scene.until_applied();
        let pause = scene.last_pause();
        assert!(pause >= POLLED, "{rule}: asked after {pause}");
        let outcomes = scene.tries(tries);
        let expected = if forged == "0" { WebhookOutcome::Lost } else { WebhookOutcome::Answered(401) };
        assert!(outcomes.iter().all(|outcome| *outcome == expected), "{rule}: {outcomes:?}");
        assert_eq!((scene.counted("forged").as_str(), scene.counted("accepted").as_str()), (forged, "0"), "{rule}");
        scene.is_paid_once();
    }
}

#[test]
fn webhooks_that_come_twice_or_after_the_end_change_nothing() {
    let twice = Scene::new(&["webhook:duplicate"], "sending");
    twice.end_after_two_questions();
    twice.until_applied();
    assert_eq!(twice.tries(2), [WebhookOutcome::Answered(200), WebhookOutcome::Answered(200)]);
    assert_eq!((twice.counted("accepted"), twice.counted("repeated")), ("1".to_owned(), "1".to_owned()));
    twice.is_paid_once();

    // Held back until the daemon knows already.
    let late = Scene::new(&["late=600000"], "sending");
    late.end_after_two_questions();
    late.until_applied();
    let seen = || (files_under(&late.merchant.path("state/journal")), late.merchant.bank().requests().len());
    let before = seen();
    late.merchant.bank().advance(Duration::from_mins(10));
    assert_eq!(late.tries(1), [WebhookOutcome::Answered(200)]);
    // Longer than the beat that would take up work.
    std::thread::sleep(Duration::from_millis(2500));
    assert!(before == seen(), "a webhook about what is over was worked on");
    late.is_paid_once();
}

#[test]
fn a_409_after_a_lost_reply_goes_on_by_itself_once_a_webhook_names_kpays_id() {
    let scene = Scene::new(&["withdraw:lost-after-apply=1"], "needs_operator");
    assert!(scene.asked().is_empty(), "nobody knows KPay's id");
    assert_eq!(scene.merchant.books().withdrawals[0].attempts, 2);
    scene.end();
    scene.until_applied();
    assert_eq!(scene.tries(1), [WebhookOutcome::Answered(200)]);
    let shown = scene.merchant.transfers();
    assert_eq!((&shown[0]["kpay_id"], &shown[0]["evidence"]), (&scene.kpay_id().into(), &"status".into()));
    assert_eq!(scene.asked().len(), 1, "by the id that the webhook gave");
    scene.is_paid_once();
}
