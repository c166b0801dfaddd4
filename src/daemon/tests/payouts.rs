//! Payouts through the whole engine: sent once, followed by KPay's id until they are over, whatever happens in between.

use super::*;
use crate::intent::{Tracked, WithdrawalStatus};
use crate::model::{Kind, OperatorStatus};
use crate::policy::PolicySet;

/// Says what it is told to say of withdrawals.
pub(super) struct PayoutBank {
    available: Mutex<Amount>,
    pub(super) sent: Mutex<Vec<String>>,
    /// KPay's ids that were asked about.
    pub(super) asked: Mutex<Vec<String>>,
    /// The answer to a request.
    pub(super) reply: Mutex<&'static str>,
    /// What a webhook says while a request is under way.
    pub(super) hint_meanwhile: Mutex<Option<(Arc<Engine>, &'static str)>>,
    /// The answer to a question; none: it cannot be read.
    status: Mutex<Option<&'static str>>,
    pub(super) strange: Mutex<Option<String>>,
    pub(super) operator: Mutex<OperatorStatus>,
    /// By how many seconds the machine's clock is ahead of the bank's.
    pub(super) ahead: Mutex<Option<i64>>,
}

fn said(intent: &Intent, status: &str, strange: Option<String>) -> Withdrawal {
    let facts = AppliedFacts {
        amount: intent.amount,
        kpay_id: Some("wdr_1".to_owned()),
        source_reference: Some("WDR-1".to_owned()),
        destination_reference: None,
        exchange_rate: None,
        credited: None,
        fee: None,
    };
    let status = WithdrawalStatus::from(status.to_owned());
    Withdrawal { kpay_id: "wdr_1".to_owned(), status, facts, failure: String::new(), strange }
}

impl Bank for PayoutBank {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, BankError>> {
        let application_id = "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap();
        Box::pin(async move { Ok(Identity { environment: Environment::Sandbox, application_id }) })
    }

    fn wallets<'a>(
        &'a self,
        taken_at: Timestamp,
        _: &'a BTreeSet<Country>,
    ) -> BoxFuture<'a, Result<Snapshot, BankError>> {
        let reading = Reading { available: *self.available.lock().unwrap(), balance: None };
        let readings = [(WalletId::of(Country::CMR).unwrap(), reading)].into_iter().collect();
        Box::pin(async move { Ok(Snapshot { taken_at, readings, problems: Vec::new() }) })
    }

    fn rate(&self, _: Currency, _: Currency) -> BoxFuture<'_, Result<Rate, BankError>> {
        Box::pin(async { Err(BankError::Unavailable("no rate".to_owned())) })
    }

    fn leave_to_send(&self, _: Kind) -> BoxFuture<'_, Result<Leave, BankError>> {
        Box::pin(async { Ok(Leave(Box::new(()))) })
    }

    fn withdrawal<'a>(&'a self, intent: &'a Intent, kpay_id: &'a str) -> BoxFuture<'a, Result<Withdrawal, BankError>> {
        self.asked.lock().unwrap().push(kpay_id.to_owned());
        let (status, strange) = (*self.status.lock().unwrap(), self.strange.lock().unwrap().clone());
        if status == Some("no such withdrawal") {
            return Box::pin(async { Err(BankError::Astray("404".to_owned())) });
        }
        let answer = status.map(|status| said(intent, status, strange));
        Box::pin(async move { answer.ok_or_else(|| BankError::Unavailable("503".to_owned())) })
    }

    fn clock_ahead_seconds(&self) -> Option<i64> {
        *self.ahead.lock().unwrap()
    }

    fn availability(&self) -> BoxFuture<'_, Result<Availability, BankError>> {
        let payouts = [("MTN_MOMO_CMR".parse().unwrap(), *self.operator.lock().unwrap())].into_iter().collect();
        Box::pin(async move { Ok(Availability { payouts, unread: None }) })
    }

    fn transfer<'a>(&'a self, _: Leave, intent: &'a Intent, _: &'a MaySend<'a>) -> BoxFuture<'a, Reply> {
        self.sent.lock().unwrap().push(intent.body.clone());
        if let Some((engine, kpay_id)) = self.hint_meanwhile.lock().unwrap().take() {
            engine.hint(Some(kpay_id), intent.external_id.as_str());
        }
        let detail = String::new();
        let reply = match *self.reply.lock().unwrap() {
            "hang" => return Box::pin(std::future::pending()),
            "lost" => Reply::Lost { detail },
            "conflict" => Reply::Conflict { detail },
            status => {
                let mut available = self.available.lock().unwrap();
                *available = available.checked_sub(intent.amount).unwrap();
                Reply::Accepted(said(intent, status, None))
            }
        };
        Box::pin(async move { reply })
    }
}

pub(super) struct PayDay {
    pub(super) engine: Arc<Engine>,
    pub(super) bank: Arc<PayoutBank>,
    pub(super) clock: Arc<SlowClock>,
    set: Arc<PolicySet>,
    folder: tempfile::TempDir,
}

fn engine_on(
    folder: &tempfile::TempDir,
    clock: &Arc<SlowClock>,
    bank: &Arc<PayoutBank>,
    set: &Arc<PolicySet>,
) -> Engine {
    let parts = Parts {
        clock: clock.clone(),
        bank: bank.clone(),
        store: Arc::new(Store::open(&folder.path().join("state")).unwrap().0),
        metrics: Arc::new(Metrics::new().unwrap()),
        rules: Rules {
            environment: Environment::Sandbox,
            caps: Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() },
            retry: RetryRules { resend_for: TimeDelta::hours(6) },
            confirm_loosening: false,
            conservation: crate::settings::ConservationSettings::default(),
        },
        ahead: TimeDelta::zero(),
    };
    Engine::new(parts, Some(set.clone()))
}

/// `surplus` francs over the floor, and the slot is up.
pub(super) async fn pay_day(surplus: i64, reply: &'static str) -> PayDay {
    let text = "version: 1\npolicies:\n  - name: pay\n    schedule: \"0 18 * * *\"\n    payout:\n      from: CMR\n      \
                to: { provider: MTN_MOMO_CMR, phone: \"237653456789\" }\n      above: 100_000 XAF\n";
    let set = parse(&[SourceFile { path: "p.yaml".to_owned(), text: text.to_owned() }]).unwrap().set;
    let set = Arc::new(set);
    let clock = Arc::new(SlowClock(Mutex::new("2026-11-24T18:00:05Z".parse().unwrap())));
    let bank = Arc::new(PayoutBank {
        available: Mutex::new(Amount::whole(100_000 + surplus)),
        sent: Mutex::default(),
        asked: Mutex::default(),
        reply: Mutex::new(reply),
        hint_meanwhile: Mutex::default(),
        status: Mutex::new(Some("PENDING")),
        strange: Mutex::default(),
        operator: Mutex::new(OperatorStatus::Operational),
        ahead: Mutex::default(),
    });
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(engine_on(&folder, &clock, &bank, &set));
    engine.begin("test").await.unwrap();
    PayDay { engine, bank, clock, set, folder }
}

impl PayDay {
    pub(super) async fn go(&self) {
        self.engine.decide(None).await.unwrap();
        self.engine.carry_out().await.unwrap();
    }

    pub(super) async fn later(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += TimeDelta::seconds(seconds);
        self.go().await;
    }

    /// Another process on the same state.
    pub(super) async fn restart(&mut self) {
        let other = pay_day(1, "PENDING").await;
        drop(std::mem::replace(&mut self.engine, other.engine.clone()));
        self.engine = Arc::new(engine_on(&self.folder, &self.clock, &self.bank, &self.set));
        self.engine.begin("test").await.unwrap();
    }

    pub(super) fn say(&self, status: Option<&'static str>) {
        *self.bank.status.lock().unwrap() = status;
    }

    pub(super) fn all(&self) -> Vec<Tracked> {
        let mut all = self.engine.store().history(None).unwrap();
        all.sort_by_key(|tracked| tracked.intent.part);
        all
    }

    pub(super) fn outcomes(&self) -> Vec<&'static str> {
        self.all().iter().map(|tracked| tracked.outcome.word()).collect()
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        (self.bank.sent.lock().unwrap().len(), self.bank.asked.lock().unwrap().len())
    }

    pub(super) fn hint(&self, kpay_id: &str) {
        self.engine.hint(Some(kpay_id), self.all()[0].intent.external_id.as_str());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_go_one_after_the_other_each_to_its_end() {
    let day = pay_day(600_000, "PENDING").await;
    day.go().await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["sending", "planned"], (1, 0)));
    assert!(day.bank.sent.lock().unwrap()[0].contains(r#""phoneNumber":"237653456789""#));
    day.later(4).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["sending", "planned"], (1, 1)));
    day.say(Some("COMPLETED"));
    day.later(7).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["applied", "sending"], (2, 2)));
    day.later(4).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["applied", "applied"], (2, 3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_word_ends_it_as_it_says() {
    let cases = [
        (Some("COMPLETED"), None, "applied"),
        (Some("FAILED"), None, "rejected"),
        (Some("CANCELLED"), None, "rejected"),
        (Some("ON_HOLD"), None, "sending"),
        (None, None, "sending"),
        (Some("COMPLETED"), Some("its amount is 1"), "needs_operator"),
    ];
    for (status, strange, outcome) in cases {
        let day = pay_day(50_000, "PENDING").await;
        day.go().await;
        day.say(status);
        *day.bank.strange.lock().unwrap() = strange.map(str::to_owned);
        day.later(4).await;
        assert_eq!((day.outcomes(), day.counts()), (vec![outcome], (1, 1)), "{status:?} {strange:?}");
    }
}

/// Neither hours, nor a pause, nor a restart ends the questions, and none of them sends anything again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_followed_for_hours_in_a_pause_and_after_a_restart() {
    let mut day = pay_day(50_000, "PENDING").await;
    day.go().await;
    day.engine.pause(None, None).await.unwrap();
    for _ in 0..20 {
        day.later(1_800).await;
    }
    assert_eq!((day.outcomes(), day.counts()), (vec!["sending"], (1, 20)));
    day.restart().await;
    day.say(Some("COMPLETED"));
    day.engine.carry_out().await.unwrap();
    assert_eq!((day.outcomes()[0], day.counts()), ("applied", (1, 21)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reply_is_found_by_a_hint_only_where_kpay_says_so_itself() {
    let day = pay_day(50_000, "lost").await;
    day.go().await;
    *day.bank.reply.lock().unwrap() = "conflict";
    day.later(5).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["needs_operator"], (2, 0)));
    day.hint("../balances");
    day.later(5).await;
    assert_eq!(day.counts(), (2, 0), "that is no id");
    day.say(Some("COMPLETED"));
    *day.bank.strange.lock().unwrap() = Some("its amount is 1".to_owned());
    day.hint("wdr_other");
    day.later(5).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["needs_operator"], (2, 1)), "another's withdrawal");
    *day.bank.strange.lock().unwrap() = None;
    day.hint("wdr_1");
    day.later(5).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["applied"], (2, 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_operator_keeps_the_slot_open_and_a_decided_payout_waiting() {
    let day = pay_day(50_000, "PENDING").await;
    *day.bank.operator.lock().unwrap() = OperatorStatus::Closed;
    day.go().await;
    assert!(day.all().is_empty());
    *day.bank.operator.lock().unwrap() = OperatorStatus::Operational;
    day.later(61).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["sending"], (1, 0)));

    let day = pay_day(50_000, "PENDING").await;
    day.engine.decide(None).await.unwrap();
    *day.bank.operator.lock().unwrap() = OperatorStatus::Closed;
    day.later(61).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["planned"], (0, 0)));
    *day.bank.operator.lock().unwrap() = OperatorStatus::Delayed;
    day.later(61).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["sending"], (1, 0)));
    assert!(day.engine.problems().iter().any(|problem| problem.contains("DELAYED")));
}
