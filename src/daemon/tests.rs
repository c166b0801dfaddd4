//! The engine with a bank and a clock of the tests' own: what must hold between a reading and the send that rests on it.

use super::doors::{Bank, BankError, Clock, Leave, MaySend};
use super::intents::Decider;
use super::metrics::Metrics;
use super::{Engine, Parts, Rules};
use crate::intent::{AppliedFacts, Event, Outcome, Reply, RetryRules, State, Withdrawal};
use crate::journal::{Store, policy_texts, records};
use crate::model::{Availability, Environment, Identity, Intent, Kind, Reading, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, Country, Currency, Money, Rate};
use crate::plan::{Caps, Inputs, plan};
use crate::policy::{SourceFile, parse};
use crate::settings::ConservationSettings;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

mod breaches;
mod claims;
mod frozen;
mod held;
mod locks;
mod panics;
mod payout_faults;
mod payouts;
mod replaced;
mod rises;
mod terms;
mod wrong_clock;

/// A clock that moves when the bank says so.
struct SlowClock(Mutex<Timestamp>);

impl Clock for SlowClock {
    fn now(&self) -> Timestamp {
        // A moment passes with every look, as it does outside.
        let mut now = self.0.lock().unwrap();
        *now += TimeDelta::milliseconds(1);
        *now
    }
}

/// What happens while leave to send is waited for.
#[derive(Clone, Copy, Default)]
struct WhileWaiting {
    seconds: i64,
    spent_elsewhere: i64,
}

struct TestBank {
    clock: Arc<SlowClock>,
    wallets: Mutex<BTreeMap<Country, Amount>>,
    waiting: WhileWaiting,
    /// The machine sleeps for so many seconds while an answer about wallets is on its way.
    sleeps: Mutex<i64>,
    /// It never answers about wallets, and says that a request waits for this; nothing does where it is empty.
    stuck: Mutex<Option<&'static str>>,
    /// How often others get their turn before its next answer about wallets is there.
    lags: Mutex<u32>,
    /// Its budget is one request a minute: nothing can be read while leave is held.
    one_a_minute: bool,
    sent: Mutex<Vec<Amount>>,
    applies: bool,
    /// What it says of rates, one after the other, the last one again and again; `None`: it says none.
    rates: Mutex<Vec<Option<Rate>>>,
}

impl TestBank {
    fn take(&self, country: Country, amount: Amount) {
        let mut wallets = self.wallets.lock().unwrap();
        let left = wallets[&country].checked_sub(amount).unwrap();
        wallets.insert(country, left);
    }
}

impl Bank for TestBank {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, BankError>> {
        let application_id = "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap();
        Box::pin(async move {
            // Whoever else asks gets its turn meanwhile.
            tokio::task::yield_now().await;
            Ok(Identity { environment: Environment::Sandbox, application_id })
        })
    }

    fn wallets<'a>(
        &'a self,
        taken_at: Timestamp,
        _: &'a BTreeSet<Country>,
    ) -> BoxFuture<'a, Result<Snapshot, BankError>> {
        let reading = |(country, available): (&Country, &Amount)| {
            (WalletId::of(*country).unwrap(), Reading { available: *available, balance: None })
        };
        let readings = self.wallets.lock().unwrap().iter().map(reading).collect();
        *self.clock.0.lock().unwrap() += TimeDelta::seconds(*self.sleeps.lock().unwrap());
        if self.stuck.lock().unwrap().is_some() {
            return Box::pin(std::future::pending());
        }
        let lags = std::mem::take(&mut *self.lags.lock().unwrap());
        Box::pin(async move {
            for _ in 0..lags {
                tokio::task::yield_now().await;
            }
            Ok(Snapshot { taken_at, readings, problems: Vec::new() })
        })
    }

    fn rate(&self, _: Currency, _: Currency) -> BoxFuture<'_, Result<Rate, BankError>> {
        let mut rates = self.rates.lock().unwrap();
        let rate = if rates.len() > 1 { rates.remove(0) } else { rates[0] };
        Box::pin(async move { rate.ok_or_else(|| BankError::Unavailable("no rate".to_owned())) })
    }

    fn waits_for(&self) -> Option<String> {
        self.stuck.lock().unwrap().filter(|why| !why.is_empty()).map(str::to_owned)
    }

    fn leave_to_send(&self, _: Kind) -> BoxFuture<'_, Result<Leave, BankError>> {
        Box::pin(async {
            *self.clock.0.lock().unwrap() += TimeDelta::seconds(self.waiting.seconds);
            self.take(Country::GAB, Amount::whole(self.waiting.spent_elsewhere));
            // Whoever else has work gets its turn meanwhile.
            tokio::task::yield_now().await;
            Ok(Leave(Box::new(())))
        })
    }

    fn can_read_with_leave(&self) -> bool {
        !self.one_a_minute
    }

    fn withdrawal<'a>(&'a self, _: &'a Intent, _: &'a str) -> BoxFuture<'a, Result<Withdrawal, BankError>> {
        Box::pin(async { Err(BankError::Unavailable("it has none".to_owned())) })
    }

    fn availability(&self) -> BoxFuture<'_, Result<Availability, BankError>> {
        Box::pin(async { Ok(Availability::default()) })
    }

    fn transfer<'a>(&'a self, _: Leave, intent: &'a Intent, may_send: &'a MaySend<'a>) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            if !may_send() || !self.applies {
                return Reply::NotSent { detail: "not now".to_owned() };
            }
            self.take(intent.lane.from.country, intent.amount);
            self.sent.lock().unwrap().push(intent.amount);
            Reply::Applied(AppliedFacts {
                amount: intent.amount,
                kpay_id: None,
                source_reference: None,
                destination_reference: None,
                exchange_rate: Some(Rate::ONE),
                credited: Some(Money { amount: intent.amount, currency: intent.lane.to.currency }),
                fee: None,
            })
        })
    }
}

/// An engine on an evening with 330,000 in Gabon and in Congo, of which 100,000 stay.
struct Evening {
    engine: Arc<Engine>,
    bank: Arc<TestBank>,
    _folder: tempfile::TempDir,
}

const POLICY: &str = "version: 1
policies:
  - name: evening
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }
";

async fn evening(waiting: WhileWaiting, max_transfers_per_hour: u32, applies: bool) -> Evening {
    evening_of(POLICY, &[Some("1")], waiting, max_transfers_per_hour, applies).await
}

async fn evening_of(
    text: &str,
    rates: &[Option<&str>],
    waiting: WhileWaiting,
    max_transfers_per_hour: u32,
    applies: bool,
) -> Evening {
    evening_with(text, rates, waiting, max_transfers_per_hour, applies, &ConservationSettings::default()).await
}

async fn evening_with(
    text: &str,
    rates: &[Option<&str>],
    waiting: WhileWaiting,
    max_transfers_per_hour: u32,
    applies: bool,
    conservation: &ConservationSettings,
) -> Evening {
    let set = parse(&[SourceFile { path: "p.yaml".to_owned(), text: text.to_owned() }]).unwrap().set;
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SlowClock(Mutex::new("2026-11-24T18:00:05Z".parse().unwrap())));
    let wallets = [(Country::GAB, 330_000), (Country::COG, 330_000), (Country::CMR, 0)];
    let bank = Arc::new(TestBank {
        clock: clock.clone(),
        wallets: Mutex::new(wallets.map(|(country, amount)| (country, Amount::whole(amount))).into()),
        waiting,
        sleeps: Mutex::new(0),
        lags: Mutex::new(0),
        stuck: Mutex::new(None),
        one_a_minute: waiting.seconds > 0 && waiting.spent_elsewhere == 0,
        sent: Mutex::default(),
        applies,
        rates: Mutex::new(rates.iter().map(|rate| rate.map(|rate| rate.parse().unwrap())).collect()),
    });
    let store = Arc::new(Store::open(&folder.path().join("state")).unwrap().0);
    let parts = |max_transfers_per_hour| Parts {
        clock: clock.clone(),
        bank: bank.clone(),
        store: store.clone(),
        metrics: Arc::new(Metrics::new().unwrap()),
        rules: Rules {
            environment: Environment::Sandbox,
            caps: Caps { max_transfers_per_hour, max_per_day: BTreeMap::new() },
            retry: RetryRules { resend_for: TimeDelta::hours(6) },
            confirm_loosening: false,
            conservation: conservation.clone(),
        },
        ahead: TimeDelta::zero(),
    };
    let set = Some(Arc::new(set));
    let planner = Engine::new(parts(100), set.clone());
    planner.begin("test").await.unwrap();
    planner.decide(None).await.unwrap();
    // Sent by another one, as after a restart: the caps may have been lowered meanwhile.
    let engine = Arc::new(Engine::new(parts(max_transfers_per_hour), set));
    engine.begin("test").await.unwrap();
    Evening { engine, bank, _folder: folder }
}

impl Evening {
    async fn work(&self) {
        self.engine.carry_out().await.unwrap();
    }

    fn sent(&self) -> usize {
        self.bank.sent.lock().unwrap().len()
    }

    fn count(&self, outcome: Outcome) -> usize {
        let changed = self.engine.changed();
        let found = changed.iter().map(|id| self.engine.store().find(id).unwrap().unwrap());
        found.filter(|tracked| tracked.outcome == outcome).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_wallets_are_swept() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    evening.work().await;
    assert_eq!((evening.sent(), evening.count(Outcome::Applied)), (2, 2));
}

/// The request budget can keep a send waiting for a minute, and others spend meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i06_a_send_never_rests_on_a_reading_from_before_a_long_wait() {
    let evening = evening(WhileWaiting { seconds: 60, spent_elsewhere: 80_000 }, 100, true).await;
    evening.work().await;
    let left = evening.bank.wallets.lock().unwrap()[&Country::GAB];
    assert!(left >= Amount::whole(100_000), "only {left} are left in Gabon");
    assert_eq!(evening.count(Outcome::Cancelled), 1, "Gabon's, whose balance no longer allows it");
    assert_eq!(evening.sent(), 1, "Congo's");
}

/// `once` says what it waited for in vain.
#[tokio::test(start_paused = true)]
async fn what_kept_a_reading_from_its_end_is_told() {
    for (waits_for, told) in
        [("", "KPay did not answer in time; nothing was decided"), ("used up", "used up; nothing was decided")]
    {
        let evening = evening(WhileWaiting::default(), 100, true).await;
        *evening.bank.stuck.lock().unwrap() = Some(waits_for);
        let report = super::once(&evening.engine, None).await.unwrap();
        assert_eq!(report.trouble, Some(super::Trouble::Unavailable(told.to_owned())));
    }
}

/// No timer runs while a machine sleeps: a balance from before is not sent on after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d14_a_reading_from_before_a_sleep_moves_nothing() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    *evening.bank.sleeps.lock().unwrap() = 60;
    evening.work().await;
    assert_eq!(evening.sent(), 0);
    *evening.bank.sleeps.lock().unwrap() = 0;
    *evening.bank.clock.0.lock().unwrap() += TimeDelta::minutes(2);
    evening.work().await;
    assert_eq!(evening.sent(), 2, "with a fresh one it goes on");
}

/// With a budget of one request a minute no second reading would ever be younger than the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_of_one_a_minute_sends_all_the_same() {
    let evening = evening(WhileWaiting { seconds: 60, spent_elsewhere: 0 }, 100, true).await;
    evening.work().await;
    assert_eq!(evening.sent(), 2);
}

/// Two sources that start at the same moment do not both take the last place under a cap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i11_a_cap_is_checked_and_counted_by_one_at_a_time() {
    for _ in 0..20 {
        let evening = evening(WhileWaiting::default(), 1, true).await;
        evening.work().await;
        assert_eq!((evening.sent(), evening.count(Outcome::Cancelled)), (1, 1));
    }
}

/// Attempts in vain leave the intent planned, and the source rests before it is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a02_a_vain_attempt_is_followed_by_a_rest() {
    let evening = evening(WhileWaiting::default(), 100, false).await;
    evening.work().await;
    evening.work().await;
    assert_eq!((evening.sent(), evening.count(Outcome::Planned)), (0, 2));
    let attempts = evening.engine.asks(evening.bank.clock.now()).into_iter().map(|(tracked, _)| tracked.attempts);
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 1], "the second round came too early");
}

/// What the journal says is enough to make every decision again, exactly: the state before it, the policies by their
/// hash, and what it was planned with. How many were made again.
fn make_decisions_again(engine: &Engine) -> usize {
    let dir = engine.store().dir().to_owned();
    let mut state = State::default();
    let mut made_again = 0;
    for record in records(&dir).unwrap() {
        let record = record.unwrap();
        if let Event::Decided { policy, decided_for, policy_hash, taken_at, balances, planned_with, .. } = &record.event
        {
            let files = policy_texts(&dir, policy_hash).unwrap().unwrap();
            let policies = parse(&files).unwrap().set;
            let with = planned_with.clone().unwrap();
            let mut snapshot = Snapshot::from_rows(*taken_at, balances).unwrap();
            snapshot.problems.clone_from(&with.problems);
            let identity = state.identity.clone().unwrap();
            let rates = with.rates();
            let inputs = Inputs {
                availability: &with.availability,
                policies: &policies,
                snapshot: &snapshot,
                standing: &state.standing,
                caps: &with.caps,
                rates: &rates,
                identity: Some(&identity),
                environment: identity.environment,
                now: *decided_for,
                clock: with.clock,
                only: with.only.as_deref(),
            };
            let made = plan(&inputs);
            let planned = made.policies.iter().find(|planned| planned.policy == *policy).unwrap();
            let decider = Decider { identity: &identity, inputs: &inputs, state: &state };
            assert_eq!(decider.decision(planned).unwrap(), record.event);
            made_again += 1;
        }
        state.apply(record.at, &record.event).unwrap();
    }
    made_again
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_can_be_made_again_from_the_journal() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    evening.work().await;
    assert_eq!(make_decisions_again(&evening.engine), 1);
}

/// How often the balances were recorded as observed.
fn observations(evening: &Evening) -> usize {
    let events = records(evening.engine.store().dir()).unwrap().map(|record| record.unwrap().event);
    events.filter(|event| matches!(event, Event::Observed { .. })).count()
}

/// A decision records balances too, but the books are held against observations alone: those must not stop at it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_that_came_with_a_decision_are_observed_all_the_same() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    assert_eq!(observations(&evening), 0, "the evening's decision came first");
    evening.engine.observe().await.unwrap();
    evening.engine.observe().await.unwrap();
    assert_eq!(observations(&evening), 1, "once, and not again while nothing changes");
}

/// A payout that comes back between two readings leaves every figure as it was, and the books with an entry more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_balances_are_observed_again_once_something_was_booked() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    evening.engine.observe().await.unwrap();
    let before = evening.bank.wallets.lock().unwrap().clone();
    evening.work().await;
    *evening.bank.wallets.lock().unwrap() = before;
    evening.engine.observe().await.unwrap();
    evening.engine.observe().await.unwrap();
    assert_eq!(observations(&evening), 2, "once after the moves, and not again while nothing changes");
}
