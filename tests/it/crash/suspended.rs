//! D14, D15 and D16: the process is stopped and goes on, is starved of memory or descriptors, or hangs.

use super::{EVERY_SECOND, assert_books_agree, daily_policies, deposit, transfer_posts};
use crate::catalogue::stage::each;
use crate::played::row;
use crate::support::{Daemon, Merchant, eventually};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;
use treasuryd::money::Amount;

const PATIENCE: Duration = Duration::from_secs(40);

fn requests_to(merchant: &Merchant, path: &str) -> usize {
    merchant.bank().requests().iter().filter(|request| request.path.contains(path)).count()
}

/// Stops the daemon while it reads the rate a second time: after the balances were read, before the POST.
fn stopped_before_the_send(spent_meanwhile: i64) -> Merchant {
    let merchant = Merchant::new(&[("CMR", 130_000), ("SEN", 0)]);
    merchant.policies(&daily_policies(
        "    sweep: { from: [CMR], into: SEN, above: 100_000 XAF }\n    fx: { allow: true, max_spread: 5% }\n",
    ));
    merchant.bank().set_faults(&["rate:ok=1", "rate:slow=2500"]).unwrap();
    let mut daemon = merchant.daemon();
    eventually("the rate is asked for again", PATIENCE, || merchant.books().faults[1].1 > 0);
    daemon.signal("STOP");
    assert_eq!(transfer_posts(&merchant).len(), 0);
    if spent_meanwhile > 0 {
        merchant.bank().withdraw("CMR".parse().unwrap(), Amount::whole(spent_meanwhile)).unwrap();
    }
    let read = requests_to(&merchant, "overview");
    std::thread::sleep(Duration::from_secs(5));
    daemon.signal("CONT");
    eventually("it is over", PATIENCE, || {
        let all = merchant.transfers();
        all.len() == 1 && ["applied", "cancelled"].contains(&all[0]["state"].as_str().unwrap())
    });
    assert!(requests_to(&merchant, "overview") > read, "the balances were not read again");
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    merchant
}

// D14: SIGSTOP 1 h then SIGCONT, VM suspend · balances re-read, token renewed, window recomputed before a send.
#[test]
fn d14_after_a_stop_nothing_is_sent_on_what_was_read_before() {
    let _row = row!();
    each(&[(0, 1), (20_000, 0)], |(spent, applied)| {
        let merchant = stopped_before_the_send(*spent);
        assert_eq!(merchant.books().transfers.len(), *applied, "30,000 out of 110,000 would have broken the floor");
        assert_eq!(merchant.holds("CMR"), Amount::whole(if *applied == 1 { 100_000 } else { 110_000 }));
        assert_books_agree(&merchant);
    });
}

fn hurried() -> Merchant {
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(EVERY_SECOND);
    merchant.set("kpay", "requests_per_minute = 10000\nobserve_every = \"1s\"");
    merchant
}

fn applied(merchant: &Merchant) -> usize {
    merchant.books().transfers.len()
}

fn is_recorded(merchant: &Merchant) -> bool {
    merchant.transfers().iter().all(|one| one["state"] == "applied")
}

/// Changes a limit of a running process.
fn limit(daemon: &Daemon, what: &str) {
    let pid = daemon.child.id().to_string();
    assert!(Command::new("prlimit").args(["--pid", &pid, what]).status().unwrap().success(), "{what}");
}

// D15: OOM kill, watchdog, panic in one task · whole process dies, no half-alive scheduler. (A panic: the daemon's tests.)
#[test]
fn d15_a_daemon_without_memory_works_or_ends_and_is_never_half_alive() {
    let _row = row!();
    each(&[1, 200, 700], |megabytes| {
        let merchant = hurried();
        let mut daemon = merchant.daemon();
        eventually("the first transfer", PATIENCE, || applied(&merchant) == 1 && is_recorded(&merchant));
        limit(&daemon, &format!("--as={}", *megabytes << 20));
        let mut ended = false;
        eventually("it goes on, or ends", PATIENCE, || {
            let before = applied(&merchant);
            deposit(&merchant, "GAB", 31_000);
            std::thread::sleep(Duration::from_millis(1_500));
            ended = daemon.child.try_wait().unwrap().is_some();
            ended || applied(&merchant) > before
        });
        drop(daemon);
        let mut daemon = merchant.daemon();
        deposit(&merchant, "GAB", 32_000);
        eventually("the next one settles all", PATIENCE, || {
            merchant.holds("GAB") == Amount::whole(100_000) && is_recorded(&merchant)
        });
        daemon.signal("TERM");
        assert_eq!(daemon.wait(PATIENCE), Some(0));
        assert_books_agree(&merchant);
    });
}

// D15: watchdog.
#[test]
fn d15_a_daemon_that_hangs_feeds_no_watchdog() {
    let _row = row!();
    let merchant = hurried();
    let systemd = UnixDatagram::bind(merchant.path("notify")).unwrap();
    systemd.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let heard = || {
        let mut bytes = [0; 4096];
        let length = systemd.recv(&mut bytes).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let mut command = merchant.command(&["run"]);
    command.env("NOTIFY_SOCKET", merchant.path("notify")).env("WATCHDOG_USEC", "2000000");
    let daemon = Daemon::start(command);
    eventually("it feeds the watchdog", PATIENCE, || heard().contains("WATCHDOG=1"));
    eventually("and again", PATIENCE, || heard().contains("WATCHDOG=1"));
    daemon.signal("STOP");
    while !heard().is_empty() {}
    let silent_until = std::time::Instant::now() + Duration::from_secs(3);
    while std::time::Instant::now() < silent_until {
        assert_eq!(heard(), "", "a stopped daemon fed it");
    }
    // What systemd does then.
    drop(daemon);
    let mut daemon = merchant.daemon();
    eventually("the next one settles all", PATIENCE, || applied(&merchant) >= 1 && is_recorded(&merchant));
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert_books_agree(&merchant);
}

// D16: descriptors exhausted · pause, recover.
#[test]
fn d16_without_descriptors_it_waits_and_goes_on_once_there_are_some() {
    let _row = row!();
    let merchant = hurried();
    let mut daemon = merchant.daemon();
    eventually("the first transfer", PATIENCE, || applied(&merchant) == 1 && is_recorded(&merchant));
    limit(&daemon, "--nofile=3:4096");
    // Connections that are open already live a few seconds more.
    std::thread::sleep(Duration::from_secs(5));
    let before = applied(&merchant);
    deposit(&merchant, "GAB", 31_000);
    std::thread::sleep(Duration::from_secs(3));
    assert!(daemon.child.try_wait().unwrap().is_none(), "{:#?}", daemon.said());
    limit(&daemon, "--nofile=4096:4096");
    eventually("it goes on", PATIENCE, || applied(&merchant) > before && is_recorded(&merchant));
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert_books_agree(&merchant);
}
