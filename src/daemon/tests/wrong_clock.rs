//! E1: while the clock is known to be wrong, nothing is told too old by it, nor young enough.

use super::payouts::{PayDay, pay_day};
use super::*;

const DAY: i64 = 86_400;

/// Sets the machine's clock, which KPay's replies tell at once.
fn step(day: &PayDay, seconds: i64, ahead: i64) {
    *day.clock.0.lock().unwrap() += TimeDelta::seconds(seconds);
    *day.bank.ahead.lock().unwrap() = Some(ahead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e01_what_was_decided_waits_for_the_right_time_and_is_not_cancelled_for_its_age() {
    for ahead in [DAY, -DAY] {
        let day = pay_day(50_000, "PENDING").await;
        day.engine.decide(None).await.unwrap();
        step(&day, ahead, ahead);
        day.go().await;
        assert_eq!((day.outcomes(), day.counts()), (vec!["planned"], (0, 0)), "{ahead}");
        step(&day, -ahead, 0);
        day.later(60).await;
        assert_eq!((day.outcomes(), day.counts()), (vec!["sending"], (1, 0)), "{ahead}");
    }
    let day = pay_day(50_000, "PENDING").await;
    day.engine.decide(None).await.unwrap();
    step(&day, DAY, 0);
    day.go().await;
    assert_eq!(day.outcomes()[0], "cancelled", "a day later by both clocks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e01_an_unknown_is_neither_given_up_nor_asked_again_past_its_time_by_a_wrong_clock() {
    // A day ahead: it seems to be over. Then behind: by KPay's time it is over, by ours it is not.
    for (seconds, ahead) in [(DAY, DAY), (3_600, -6 * 3_600)] {
        let day = pay_day(50_000, "lost").await;
        day.go().await;
        step(&day, seconds, ahead);
        day.go().await;
        assert_eq!((day.outcomes(), day.counts()), (vec!["unknown"], (1, 0)), "{ahead}");
        step(&day, -ahead, 0);
        day.later(60).await;
        let expected = if ahead > 0 { ("unknown", 2) } else { ("needs_operator", 1) };
        assert_eq!((day.outcomes()[0], day.counts().0), expected, "{ahead}");
    }
    // Asked about all the same while neither clock says that it is over.
    let day = pay_day(50_000, "lost").await;
    day.go().await;
    step(&day, 3_600, 3_600);
    day.go().await;
    assert_eq!((day.outcomes()[0], day.counts().0), ("unknown", 2));
}
