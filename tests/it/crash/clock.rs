//! E1 and E2: the machine's clock is ahead, or steps back. `faketime` moves it for one process; CI installs it, elsewhere
//! the rows are left out without it.

use super::{EVERY_SECOND, assert_books_agree, deposit, transfer_posts};
use crate::played::{lacks, row};
use crate::support::{Daemon, Ended, Merchant, eventually};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn once_at_shifted_clock(merchant: &Merchant, shift: &str) -> Ended {
    Ended::of(&mut merchant.command_under(&["faketime", "-f", shift], &["once", "--json"]))
}

fn hurried() -> Merchant {
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(EVERY_SECOND);
    merchant.set("kpay", "requests_per_minute = 10000\nobserve_every = \"1s\"");
    merchant
}

#[test]
fn e02_a_clock_set_back_reopens_nothing() {
    let _row = row!();
    if lacks("faketime") {
        return;
    }
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(EVERY_SECOND);
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1);
    for shift in ["-60s", "-1h", "-400d"] {
        deposit(&merchant, "GAB", 50_000);
        let ended = once_at_shifted_clock(&merchant, shift);
        assert_eq!(ended.code, Some(0), "{shift}: {ended:?}");
        assert!(ended.stderr.contains("clock stands before the journal's last record"), "{shift}: {ended:?}");
        assert_eq!(transfer_posts(&merchant).len(), 1, "{shift}: {ended:?}");
    }
    eventually("with the time right again it goes on", PATIENCE, || {
        merchant.treasuryd(&["once"]).with_code(0);
        merchant.books().transfers.len() == 2
    });
    assert_books_agree(&merchant);
}

/// A first start in 1970, before the network has told the time: nothing is known, and KPay's clock says better.
#[test]
fn e02_a_boot_in_1970_waits_for_the_time() {
    let _row = row!();
    if lacks("faketime") {
        return;
    }
    let merchant = hurried();
    let days = chrono::Utc::now().timestamp() / 86_400 - 1;
    let ended = once_at_shifted_clock(&merchant, &format!("-{days}d"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("behind KPay's"), "{ended:?}");
    assert_eq!(transfer_posts(&merchant).len(), 0, "{ended:?}");
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1, "with the time right it goes on at once");
    assert_books_agree(&merchant);
}

#[test]
fn e01_a_clock_ahead_sends_nothing_and_burns_no_slot() {
    let _row = row!();
    if lacks("faketime") {
        return;
    }
    for shift in ["+10m", "+1d", "+3650d"] {
        let merchant = hurried();
        for _ in 0..2 {
            let ended = once_at_shifted_clock(&merchant, shift);
            assert_eq!(ended.code, Some(0), "{shift}: {ended:?}");
            assert!(ended.stderr.contains("ahead of KPay's: nothing new is decided"), "{shift}: {ended:?}");
            let asked = ["transfer", "GAB", "CMR", "10000", "--key", "k1", "--by", "ann", "--yes"];
            let by_hand = Ended::of(&mut merchant.command_under(&["faketime", "-f", shift], &asked));
            assert_ne!(by_hand.code, Some(0), "{shift}: {by_hand:?}");
        }
        assert_eq!(transfer_posts(&merchant).len(), 0, "{shift}");
        // A journal from the future does not keep the right clock still: KPay's confirms it.
        let ended = merchant.treasuryd(&["once", "--json"]).with_code(0);
        assert_eq!(merchant.books().transfers.len(), 1, "{shift}: {ended:?}");
        merchant.treasuryd(&["transfer", "GAB", "CMR", "10000", "--key", "k1", "--by", "ann", "--yes"]);
        assert_books_agree(&merchant);
    }
}

/// The clock jumps under a running daemon, and comes back.
#[test]
fn e01_a_clock_that_jumps_ahead_stops_a_running_daemon_until_it_is_right_again() {
    let _row = row!();
    if lacks("faketime") {
        return;
    }
    let merchant = hurried();
    merchant.write("shift", "+0");
    // Behind `faketime` itself a signal would end the wrapper and not the daemon.
    let mut told = merchant.command_under(&["faketime", "-f", "+0", "sh", "-c", "echo $LD_PRELOAD"], &[]);
    let library = Ended::of(&mut told).with_code(0).stdout;
    let mut command = merchant.command(&["run"]);
    // What moves is the wall clock; the timers of a process go on.
    command.env("LD_PRELOAD", library.trim());
    command.env("FAKETIME_TIMESTAMP_FILE", merchant.path("shift"));
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut daemon = Daemon::start(command);
    let applied = || merchant.books().transfers.len();
    eventually("the first transfer", PATIENCE, || applied() == 1);
    merchant.write("shift", "+1d");
    let mut said = Vec::new();
    eventually("it notices", PATIENCE, || {
        said.extend(daemon.said());
        said.iter().any(|line| line.contains("ahead of KPay's"))
    });
    let before = transfer_posts(&merchant).len();
    deposit(&merchant, "GAB", 31_000);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(transfer_posts(&merchant).len(), before);
    let status = merchant.treasuryd(&["status"]);
    assert!(status.stdout.contains("ahead of KPay's"), "{status:?}");
    let (ready, why) = daemon.get("/readyz");
    assert!(ready == 503 && why.contains("ahead of KPay's"), "{ready}: {why}");
    merchant.write("shift", "+0");
    eventually("with the time right again it goes on", PATIENCE, || applied() > before);
    assert_eq!(daemon.get("/readyz").0, 200);
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert_books_agree(&merchant);
}
