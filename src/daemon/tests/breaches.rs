//! Wallets that a move of ours brought under their floor (I6): counted and told once, over restarts, and only where our own
//! move took part.

use super::*;
use crate::settings::FallMode;

async fn evening_in(mode: FallMode) -> Evening {
    let rules = ConservationSettings { mode, ..ConservationSettings::default() };
    evening_with(POLICY, &[Some("1")], WhileWaiting::default(), 100, true, &rules).await
}

impl Evening {
    /// Somebody else spends, or KPay takes a fee; below zero somebody pays in.
    fn others_take(&self, amount: i64) {
        self.bank.take(Country::GAB, Amount::whole(amount));
    }

    /// `GAB 99700 of 100000` for each breach recorded.
    fn breaches(&self) -> Vec<String> {
        let told = |event| match event {
            Event::Breached { wallet, floor, available, .. } => Some(format!("{wallet} {available} of {floor}")),
            _ => None,
        };
        self.events().into_iter().filter_map(told).collect()
    }
}

/// What an engine's metrics count of Gabon's breaches, and whether its status tells of one.
fn told(engine: &Engine) -> (String, bool) {
    let status = engine.status();
    let text = engine.metrics.render(&status).unwrap();
    let line = text.lines().find(|line| line.starts_with("treasuryd_floor_breaches_total") && line.contains("GAB"));
    let count = line.unwrap().rsplit_once(' ').unwrap().1.to_owned();
    (count, status.under_floor.iter().any(|under| under.wallet == Country::GAB))
}

/// 230,000 leave Gabon, 100,000 stay, and others take so much before the send, before the reading after it, and after that.
async fn check(mode: FallMode, [before, at_once, later]: [i64; 3], expected: &[&str], is_told: bool) {
    let evening = evening_in(mode).await;
    evening.others_take(before);
    evening.work().await;
    evening.others_take(at_once);
    evening.engine.observe().await.unwrap();
    evening.others_take(later);
    for _ in 0..2 {
        evening.engine.observe().await.unwrap();
    }
    let case = format!("{mode:?} {before} {at_once} {later}");
    assert_eq!(evening.breaches(), expected, "{case}");
    assert_eq!(told(&evening.engine), (expected.len().to_string(), is_told), "{case}");
    let problems = evening.engine.problems();
    let problems = problems.iter().filter(|problem| problem.contains("were to stay in it"));
    assert_eq!(problems.count(), expected.len(), "{case}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i06_a_floor_that_our_own_move_helped_to_break_is_counted_once() {
    for mode in [FallMode::Warn, FallMode::Off, FallMode::Freeze] {
        check(mode, [0, 0, 0], &[], false).await;
        check(mode, [0, 300, 0], &["GAB 99700 of 100000"], true).await;
        // Further down is the same breach, and above the floor it is over.
        check(mode, [0, 300, 500], &["GAB 99700 of 100000"], true).await;
        check(mode, [0, 300, -300], &["GAB 99700 of 100000"], false).await;
        // What others spend without us, after our move was seen or instead of it, is not ours.
        check(mode, [0, 0, 300], &[], false).await;
        check(mode, [100_000, 200_000, 0], &[], false).await;
        // Income hides it, as it does a fall.
        check(mode, [0, 300 - 5_000, 0], &[], false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i06_a_breach_is_found_after_a_restart_and_counted_by_one_process_only() {
    // The process ended before it saw what it did: the next one counts it.
    let evening = evening_in(FallMode::Warn).await;
    evening.work().await;
    evening.others_take(300);
    let again = evening.again().await;
    again.observe().await.unwrap();
    assert_eq!((evening.breaches().len(), told(&again)), (1, ("1".to_owned(), true)));
    // And nobody after that, whether it goes on to fall or not.
    for taken in [0, 200] {
        evening.others_take(taken);
        let third = evening.again().await;
        third.observe().await.unwrap();
        assert_eq!((evening.breaches().len(), told(&third)), (1, ("0".to_owned(), true)), "{taken}");
    }
}
