//! D13: SIGTERM while a transfer is under way.

use super::{EVERY_SECOND, assert_books_agree, begin_before_the_first_slot, deposit, transfer_posts};
use crate::played::row;
use crate::support::{Merchant, eventually};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

fn merchant(fault: &str) -> Merchant {
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(EVERY_SECOND);
    merchant.set("kpay", "timeout = \"2s\"\nrequests_per_minute = 10000");
    merchant.bank().set_faults(&[fault]).unwrap();
    merchant
}

/// Starts, waits for the first transfer to be under way, and asks it to end; the daemon's end.
fn terminate_during_a_transfer(merchant: &Merchant) {
    let mut daemon = merchant.daemon();
    eventually("a transfer is under way", PATIENCE, || !transfer_posts(merchant).is_empty());
    daemon.signal("TERM");
    deposit(merchant, "GAB", 40_000);
    let asked = Instant::now();
    assert_eq!(daemon.wait(PATIENCE), Some(0), "{:#?}", daemon.said());
    // The drain's deadline is the request's time-out and three seconds; the rest is for a busy machine.
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    assert_eq!(transfer_posts(merchant).len(), 1, "no new send after SIGTERM");
}

#[test]
fn d13_a_transfer_under_way_is_waited_for() {
    let _row = row!();
    let merchant = merchant("slow=1000");
    terminate_during_a_transfer(&merchant);
    let transfers = merchant.transfers();
    assert_eq!((transfers.len(), &transfers[0]["state"]), (1, &"applied".into()), "{transfers:#?}");
    assert_eq!(transfers[0]["evidence"], "response");
    assert_books_agree(&merchant);
}

#[test]
fn d13_a_transfer_without_an_answer_is_kept_and_resolved_at_the_next_start() {
    let _row = row!();
    let merchant = merchant("hang");
    begin_before_the_first_slot(&merchant);
    terminate_during_a_transfer(&merchant);
    let kept = merchant.transfers();
    assert_eq!((kept.len(), &kept[0]["state"]), (1, &"unknown".into()), "{kept:#?}");
    let mut daemon = merchant.daemon();
    eventually("all is applied", PATIENCE, || {
        let transfers = merchant.transfers();
        transfers.len() >= 2 && transfers.iter().all(|one| one["state"] == "applied")
    });
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert_eq!(merchant.transfers()[0]["evidence"], "conflict");
    assert_books_agree(&merchant);
}
