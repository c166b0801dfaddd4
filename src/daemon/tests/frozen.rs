//! Falls that nobody here explains, from the reading that shows one to the sends that must not follow.

use super::*;
use crate::daemon::ReleaseRequest;
use crate::intent::PastFall;
use crate::settings::FallMode;

/// What is over 100,000 is there, and 50,000 of it move.
const FIXED: &str = "version: 1
policies:
  - name: evening
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF, fixed: 50_000 XAF }
";

fn rules(mode: FallMode) -> ConservationSettings {
    let freeze_above = [(Currency::XAF, Amount::whole(10_000))].into();
    let release_by = vec!["awa".to_owned(), "brice".to_owned()];
    ConservationSettings { mode, freeze_above, release_by, ..ConservationSettings::default() }
}

/// Two transfers are decided and not sent yet.
async fn decided(mode: FallMode, waiting: WhileWaiting) -> Evening {
    evening_with(FIXED, &[Some("1")], waiting, 100, true, &rules(mode)).await
}

impl Evening {
    /// The same machine started again.
    pub(super) async fn again(&self) -> Engine {
        self.again_with(&self.engine.rules.conservation).await
    }

    /// The same with another configuration.
    pub(super) async fn again_with(&self, conservation: &ConservationSettings) -> Engine {
        let parts = Parts {
            clock: self.engine.clock.clone(),
            bank: self.engine.bank.clone(),
            store: self.engine.store.clone(),
            metrics: Arc::new(Metrics::new().unwrap()),
            rules: Rules { conservation: conservation.clone(), ..self.engine.rules.clone() },
            ahead: TimeDelta::zero(),
        };
        let again = Engine::new(parts, self.engine.policies());
        again.begin("test").await.unwrap();
        again
    }

    /// A reading that is asked for now, and whose answer comes later: its number, and what it shows.
    pub(super) async fn begun_to_read(&self) -> (u64, Snapshot) {
        let nth = self.engine.world().ask_reading();
        let taken_at = self.bank.clock.now();
        (nth, self.bank.wallets(taken_at, &BTreeSet::new()).await.unwrap())
    }

    pub(super) fn events(&self) -> Vec<Event> {
        records(self.engine.store().dir()).unwrap().map(|record| record.unwrap().event).collect()
    }

    /// `GAB 20000` for each fall recorded, with a `!` where it freezes.
    pub(super) fn falls(&self) -> Vec<String> {
        let events = self.events();
        let told = events.iter().filter_map(|event| match event {
            Event::Fell { wallet, unexplained, freezes, .. } => {
                Some(format!("{wallet} {unexplained}{}", if *freezes { "!" } else { "" }))
            }
            _ => None,
        });
        told.collect()
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.engine.is_frozen(WalletId::of(Country::GAB).unwrap())
    }

    /// Why what was decided for Gabon was cancelled.
    pub(super) fn cancelled(&self) -> Option<String> {
        self.events().into_iter().find_map(|event| match event {
            Event::Cancelled { detail, .. } => Some(detail),
            _ => None,
        })
    }

    pub(super) async fn release(&self, by: &str) -> Result<String, crate::daemon::WishError> {
        let wish = ReleaseRequest { wallet: Country::GAB, by: by.to_owned(), note: "a refund".to_owned() };
        self.engine.release(&wish).await
    }
}

/// Each fall of Gabon's in turn, and what is recorded of them.
async fn check(mode: FallMode, falls: &[i64], expected: &[&str], frozen: bool) {
    let evening = decided(mode, WhileWaiting::default()).await;
    for fall in falls {
        evening.bank.take(Country::GAB, Amount::whole(*fall));
        evening.engine.observe().await.unwrap();
    }
    assert_eq!((evening.falls(), evening.is_frozen()), (expected.iter().map(ToString::to_string).collect(), frozen));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_wallet_loses_in_a_day_freezes_it_once_it_is_over_the_bound() {
    check(FallMode::Off, &[90_000], &[], false).await;
    check(FallMode::Warn, &[90_000, 1], &["GAB 90000", "GAB 1"], false).await;
    check(FallMode::Freeze, &[10_000], &["GAB 10000"], false).await;
    check(FallMode::Freeze, &[10_001], &["GAB 10001!"], true).await;
    // A little at a time, and once it is frozen every fall counts.
    check(FallMode::Freeze, &[6_000, 4_000, 1, 5], &["GAB 6000", "GAB 4000", "GAB 1!", "GAB 5!"], true).await;
    // A rise is no fall, and makes none good.
    check(FallMode::Freeze, &[-20_000, 6_000, -20_000, 5_000], &["GAB 6000", "GAB 5000!"], true).await;
}

/// What is lost on another day is another day's, but in a wallet that is frozen every fall counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_later_the_bound_begins_anew_and_a_frozen_wallet_stays_frozen() {
    for (first, second, expected) in
        [(10_000, 10_000, ["GAB 10000", "GAB 10000"]), (10_001, 5, ["GAB 10001!", "GAB 5!"])]
    {
        let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
        for fall in [first, second] {
            evening.bank.take(Country::GAB, Amount::whole(fall));
            evening.engine.observe().await.unwrap();
            *evening.bank.clock.0.lock().unwrap() += TimeDelta::days(1);
        }
        assert_eq!(evening.falls(), expected);
    }
}

/// A clock that stands before the last reading keeps nothing from being compared with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fall_is_seen_where_the_clock_was_set_back() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    *evening.bank.clock.0.lock().unwrap() -= TimeDelta::hours(1);
    evening.bank.take(Country::GAB, Amount::whole(10_001));
    evening.engine.observe().await.unwrap();
    assert_eq!((evening.falls(), evening.is_frozen()), (vec!["GAB 10001!".to_owned()], true));
}

/// Two readings under way at once: the newer one comes first, and without the wallet that fell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reading_tells_of_a_wallet_that_the_newer_one_was_without() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    evening.bank.take(Country::GAB, Amount::whole(10_001));
    let (nth, older) = evening.begun_to_read().await;
    evening.bank.wallets.lock().unwrap().remove(&Country::GAB).unwrap();
    evening.engine.observe().await.unwrap();
    evening.engine.compare(nth, &older).await.unwrap();
    assert_eq!((evening.falls(), evening.is_frozen()), (vec!["GAB 10001!".to_owned()], true));
}

/// The reading before the send shows the fall: what was decided is not sent any more. Congo's is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_before_a_wallet_froze_does_not_leave_it() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    evening.bank.take(Country::GAB, Amount::whole(20_000));
    evening.work().await;
    assert_eq!((evening.sent(), evening.count(Outcome::Cancelled)), (1, 1));
    assert!(evening.cancelled().unwrap().starts_with("wallet_frozen: GAB is frozen since 2026-11-24T"));
    // In `warn` it leaves all the same.
    let evening = decided(FallMode::Warn, WhileWaiting::default()).await;
    evening.bank.take(Country::GAB, Amount::whole(20_000));
    evening.work().await;
    assert_eq!((evening.sent(), evening.count(Outcome::Cancelled)), (2, 0));
}

/// The fall comes while the leave to send is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fall_during_the_wait_for_the_leave_stops_the_send() {
    let evening = decided(FallMode::Freeze, WhileWaiting { seconds: 60, spent_elsewhere: 20_000 }).await;
    evening.work().await;
    let gabon = evening.bank.wallets.lock().unwrap()[&Country::GAB];
    assert_eq!((evening.sent(), evening.is_frozen()), (1, true));
    // Each wait for a leave cost Gabon 20,000; nothing of ours left it.
    assert!(gabon >= Amount::whole(290_000), "{gabon}");
}

/// Whatever shows the new balance comes after the record of the fall, and a crash right after that finds nothing new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fall_is_recorded_before_the_balance_that_shows_it_and_only_once() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    evening.bank.take(Country::GAB, Amount::whole(20_000));
    // A reading that nothing else is recorded of, as where the process ends here.
    evening.engine.read_balances().await.unwrap();
    let shows = |event: &Event| match event {
        Event::Observed { balances, .. } | Event::Decided { balances, .. } => {
            balances.iter().any(|row| row.wallet == Country::GAB && row.available == Amount::whole(310_000))
        }
        _ => false,
    };
    assert!(!evening.events().iter().any(shows));
    assert_eq!(evening.falls(), ["GAB 20000!"]);
    let kept = evening.engine.store().with_state(|state| state.falls.clone());
    let fall = |fall: &PastFall| (fall.before, fall.after, fall.freezes);
    assert_eq!(kept.iter().map(fall).collect::<Vec<_>>(), [(Amount::whole(330_000), Amount::whole(310_000), true)]);

    let again = evening.again().await;
    again.observe().await.unwrap();
    assert_eq!(evening.falls(), ["GAB 20000!"], "the next start compares with the fallen balance");
    assert!(again.status().frozen.iter().any(|frozen| frozen.release_by == ["awa", "brice"]));
    assert_eq!(again.status().falls.len(), 1);
}

/// Moves of ours that a lagging reading does not show yet explain a fall after a restart, however many there were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_moves_explain_a_fall_over_a_restart() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    evening.work().await;
    let again = evening.again().await;
    again.observe().await.unwrap();
    assert_eq!((evening.sent(), evening.falls()), (2, Vec::<String>::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_named_release_a_wallet_that_is_frozen() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    assert!(evening.release("awa").await.unwrap_err().to_string().contains("GAB is not frozen"));
    evening.bank.take(Country::GAB, Amount::whole(20_000));
    evening.engine.observe().await.unwrap();
    for (by, why) in [("mallory", "names awa or brice"), (" ", "--by is needed")] {
        assert!(evening.release(by).await.unwrap_err().to_string().contains(why), "{by}");
    }
    assert!(evening.is_frozen());
    assert!(evening.release(" AWA ").await.unwrap().contains("released by AWA"));
    assert!(!evening.is_frozen());
    assert!(evening.release("awa").await.is_err(), "once");
    // The day begins anew for it.
    evening.bank.take(Country::GAB, Amount::whole(10_000));
    evening.engine.observe().await.unwrap();
    assert_eq!((evening.falls(), evening.is_frozen()), (vec!["GAB 20000!".to_owned(), "GAB 10000".to_owned()], false));
}

/// The journal's last reading is by a clock that was ahead: those of the process that starts now come after it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i17_a_fall_is_told_after_a_start_with_a_clock_that_stepped_back() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    evening.engine.observe().await.unwrap();
    *evening.bank.clock.0.lock().unwrap() -= TimeDelta::days(1);
    let again = evening.again().await;
    evening.bank.take(Country::GAB, Amount::whole(20_000));
    again.observe().await.unwrap();
    assert_eq!((evening.falls(), evening.is_frozen()), (vec!["GAB 20000!".to_owned()], true));
}

/// The answer that was asked for first comes last: it is not recorded over the newer one, and a start finds no second fall.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_that_comes_late_is_not_recorded_over_a_newer_one() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    evening.engine.observe().await.unwrap();
    *evening.bank.lags.lock().unwrap() = 50;
    // The late one shows something new, too.
    evening.bank.take(Country::COG, Amount::whole(5_000));
    let newer = async {
        evening.bank.take(Country::GAB, Amount::whole(20_000));
        evening.engine.observe().await
    };
    let (late, newer) = tokio::join!(evening.engine.observe(), newer);
    assert_ne!(late.unwrap().readings, newer.unwrap().readings);
    evening.again().await.observe().await.unwrap();
    assert_eq!(evening.falls(), ["COG 5000", "GAB 20000!"]);
}

/// The clock steps back while a reading is under way: by its instant it is the newest, and others were asked for since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i17_a_reading_from_before_a_step_back_is_not_compared_with_what_came_since() {
    let evening = decided(FallMode::Freeze, WhileWaiting::default()).await;
    evening.engine.observe().await.unwrap();
    *evening.bank.lags.lock().unwrap() = 50;
    *evening.bank.clock.0.lock().unwrap() += TimeDelta::days(1);
    let newer = async {
        *evening.bank.clock.0.lock().unwrap() -= TimeDelta::days(1);
        evening.bank.wallets.lock().unwrap().insert(Country::GAB, Amount::whole(900_000));
        evening.engine.observe().await
    };
    let (late, newer) = tokio::join!(evening.engine.observe(), newer);
    assert_ne!(late.unwrap().readings, newer.unwrap().readings);
    assert_eq!((evening.falls(), evening.is_frozen()), (Vec::<String>::new(), false));
}
