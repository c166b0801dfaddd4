//! Wallets that rise further from one reading to the next than the configuration lets be believed (C9).

use super::*;
use crate::settings::FallMode;

fn rules(rise_times: Option<u32>, mode: FallMode) -> ConservationSettings {
    let freeze_above = [(Currency::XAF, Amount::whole(10_000))].into();
    ConservationSettings { mode, freeze_above, rise_times, ..ConservationSettings::default() }
}

/// Two transfers are decided and not sent yet, 230,000 each.
async fn decided(rise_times: Option<u32>, mode: FallMode) -> Evening {
    evening_with(POLICY, &[Some("1")], WhileWaiting::default(), 100, true, &rules(rise_times, mode)).await
}

impl Evening {
    /// What KPay says from now on that Gabon holds.
    fn shows(&self, amount: i64) {
        self.bank.wallets.lock().unwrap().insert(Country::GAB, Amount::whole(amount));
    }

    /// `rose 330000>33000000`, `back 330000`, `fell 20000`, as recorded.
    fn changes(&self) -> Vec<String> {
        let told = |event| match event {
            Event::Rose { before, after, .. } => Some(format!("rose {before}>{after}")),
            Event::CameBack { after, .. } => Some(format!("back {after}")),
            Event::Fell { unexplained, .. } => Some(format!("fell {unexplained}")),
            _ => None,
        };
        self.events().into_iter().filter_map(told).collect()
    }
}

/// Each figure of Gabon's in turn, with a bound of fifty times and what the engine records; whether it is frozen at last.
async fn check(rise_times: Option<u32>, mode: FallMode, shown: &[i64], expected: &[&str], frozen: bool) {
    let evening = decided(rise_times, mode).await;
    for figure in shown {
        evening.shows(*figure);
        evening.engine.observe().await.unwrap();
    }
    assert_eq!((evening.changes(), evening.is_frozen()), (expected.iter().map(ToString::to_string).collect(), frozen));
}

const HUNDREDFOLD: i64 = 33_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c09_a_rise_over_the_bound_freezes_until_a_reading_is_back_within_it() {
    let rose = "rose 330000>33000000";
    for mode in [FallMode::Off, FallMode::Warn, FallMode::Freeze] {
        check(None, mode, &[HUNDREDFOLD], &[], false).await;
        check(Some(50), mode, &[16_500_000], &[], false).await;
        check(Some(50), mode, &[16_500_001], &["rose 330000>16500001"], true).await;
        check(Some(50), mode, &[HUNDREDFOLD, HUNDREDFOLD * 10], &[rose], true).await;
        check(Some(50), mode, &[HUNDREDFOLD, 330_000, HUNDREDFOLD], &[rose, "back 330000", rose], true).await;
        check(Some(50), mode, &[HUNDREDFOLD, 400_000], &[rose, "back 400000"], false).await;
    }
    // It comes back with less than it had: the fall counts from there.
    check(Some(50), FallMode::Freeze, &[HUNDREDFOLD, 325_000], &[rose, "back 325000", "fell 5000"], false).await;
    check(Some(50), FallMode::Freeze, &[HUNDREDFOLD, 310_000], &[rose, "back 310000", "fell 20000"], true).await;
}

/// The reading before the send shows the rise: what was decided is not sent any more. Congo's is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c09_what_was_decided_before_a_wallet_rose_does_not_leave_it() {
    let evening = decided(Some(50), FallMode::Warn).await;
    evening.shows(HUNDREDFOLD);
    evening.work().await;
    assert_eq!((evening.sent(), evening.count(Outcome::Cancelled)), (1, 1));
    let cancelled = evening.cancelled().unwrap();
    assert!(cancelled.starts_with("wallet_frozen: GAB is frozen since 2026-11-24T"), "{cancelled}");
    assert!(cancelled.contains("rose from 330 000 XAF to 33 000 000 XAF, and more than 16 500 000 XAF"), "{cancelled}");
    let without = decided(None, FallMode::Warn).await;
    without.shows(HUNDREDFOLD);
    without.work().await;
    assert_eq!(without.sent(), 2);
}

/// A person believes it; the next reading is compared with the new figure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c09_a_person_who_may_releases_it() {
    let evening = decided(Some(50), FallMode::Freeze).await;
    evening.shows(HUNDREDFOLD);
    evening.engine.observe().await.unwrap();
    evening.release("awa").await.unwrap();
    evening.engine.observe().await.unwrap();
    assert!(!evening.is_frozen());
    let again = evening.again().await;
    again.observe().await.unwrap();
    assert_eq!((evening.changes(), evening.is_frozen()), (vec!["rose 330000>33000000".to_owned()], false));
    evening.shows(HUNDREDFOLD - 20_000);
    again.observe().await.unwrap();
    assert_eq!((evening.changes().last().unwrap().as_str(), evening.is_frozen()), ("fell 20000", true));
}

/// Started again, with the bound or without, it is compared with what was believed last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c09_it_stays_frozen_over_a_restart_and_another_configuration() {
    for rise_times in [Some(50), Some(1_000), None] {
        // A reading that nothing but the rise is recorded of, and one that is recorded as observed.
        for observes in [false, true] {
            let evening = decided(Some(50), FallMode::Warn).await;
            evening.shows(HUNDREDFOLD);
            if observes {
                evening.engine.observe().await.unwrap();
            } else {
                evening.engine.read_balances().await.unwrap();
            }
            let again = evening.again_with(&rules(rise_times, FallMode::Warn)).await;
            again.observe().await.unwrap();
            assert_eq!((evening.changes().len(), evening.is_frozen()), (1, true), "{rise_times:?} {observes}");
            evening.shows(330_000);
            again.observe().await.unwrap();
            assert_eq!(evening.changes(), ["rose 330000>33000000", "back 330000"], "{rise_times:?} {observes}");
            assert!(!evening.is_frozen());
        }
    }
}

/// What our own transfers bring is no rise, however poor the wallet was; what comes beyond it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_our_own_moves_bring_into_an_empty_wallet_is_believed_and_nothing_beyond_it() {
    let rise_above: BTreeMap<_, _> = [(Currency::XAF, Amount::whole(10_000))].into();
    let rules = ConservationSettings { rise_above, ..rules(Some(50), FallMode::Freeze) };
    for (income, restarts, expected) in [
        (10_000, false, vec![]),
        (10_000, true, vec![]),
        (10_001, false, vec!["rose 0>470001"]),
        (10_001, true, vec!["rose 0>470001"]),
    ] {
        let evening = evening_with(POLICY, &[Some("1")], WhileWaiting::default(), 100, true, &rules).await;
        evening.engine.observe().await.unwrap();
        evening.work().await;
        // KPay shows both of them at once, and late.
        evening.bank.wallets.lock().unwrap().insert(Country::CMR, Amount::whole(460_000 + income));
        *evening.bank.clock.0.lock().unwrap() += TimeDelta::minutes(9);
        if restarts {
            evening.again().await.observe().await.unwrap();
        } else {
            evening.engine.observe().await.unwrap();
        }
        assert_eq!(evening.changes(), expected, "{income} {restarts}");
    }
}

/// Two readings under way at once: the one that was asked for first and comes last says nothing of the rise after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_from_before_the_rise_does_not_end_it() {
    let evening = decided(Some(50), FallMode::Freeze).await;
    let (nth, older) = evening.begun_to_read().await;
    evening.shows(HUNDREDFOLD);
    evening.engine.observe().await.unwrap();
    evening.engine.compare(nth, &older).await.unwrap();
    assert_eq!((evening.changes(), evening.is_frozen()), (vec!["rose 330000>33000000".to_owned()], true));
}

/// A reading that lacks the wallet, and a start after it: it is compared with what it was all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c09_a_reading_without_the_wallet_does_not_end_it_at_the_next_start() {
    let evening = decided(Some(50), FallMode::Freeze).await;
    evening.shows(HUNDREDFOLD);
    evening.engine.observe().await.unwrap();
    let held = evening.bank.wallets.lock().unwrap().remove(&Country::GAB).unwrap();
    evening.engine.observe().await.unwrap();
    evening.bank.wallets.lock().unwrap().insert(Country::GAB, held);
    let again = evening.again().await;
    again.observe().await.unwrap();
    assert_eq!((evening.changes(), evening.is_frozen()), (vec!["rose 330000>33000000".to_owned()], true));
}
