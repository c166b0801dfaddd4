//! A: was it applied? Requests that land long after everybody gave up on them.

use super::stage::{MEMORIES, Memory, PATIENCE, Play, Scene, each};
use crate::played::row;
use std::time::Duration;

// A12: late apply: the request lands minutes after the timeout · hold outlives the longest in-flight time; no new id
// meanwhile. (The ten minutes pass on the sandbox's clock.)
#[test]
fn a12_a_transfer_that_lands_ten_minutes_later_is_still_the_same_one() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let play = Scene::default().open();
        play.faults(&["late-apply=600000", "http-503=always"]);
        let mut daemon = play.daemon(*memory);
        play.until("the first attempt is out", |books| books.counters.transfer_requests >= 1);
        daemon.signal("TERM");
        assert_eq!(daemon.wait(PATIENCE), Some(0));
        drop(daemon);
        play.expect("GAB", "unknown", "");
        play.judge(0);
        // A slot that comes meanwhile finds the lane held.
        play.above(100_000);
        play.faults(&["http-503=always"]);
        play.merchant.bank().advance(Duration::from_mins(11));
        play.until("it lands", |books| books.transfers.len() == 1);
        play.settle_by(1, 1, Play::once_now);
        play.expect("GAB", "applied", "conflict");
        assert_eq!(play.merchant.transfers().len(), 1);
    });
}

// A12: the resend comes first and the late one is refused: still one.
#[test]
fn a12_a_resend_that_overtakes_the_late_one_is_the_only_one() {
    let _row = row!();
    let play = Scene::with(Memory::Fresh).open();
    play.faults(&["late-apply=600000"]);
    play.once().with_code(0);
    play.expect("GAB", "applied", "response");
    play.merchant.bank().advance(Duration::from_mins(11));
    play.until("the late one is refused", |books| books.refused.iter().any(|refused| refused.reason == "conflict"));
    play.settle(1, 1);
}
