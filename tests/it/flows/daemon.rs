//! `run` from start to end: schedules of seconds move money, a restart moves none twice, SIGTERM ends it in order, and
//! KPay may come later than we do.

use super::tools::{
    PATIENCE, deposit, metrics, moved, often, once_a_day, only_transfer, posts, states, status, sum, until_ready,
};
use crate::played::row;
use crate::support::{Merchant, eventually, wallets_of};
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

const SWEEP: &str = "{ from: [GAB], into: CMR, above: 100_000 XAF }";

fn gabon() -> Merchant {
    Merchant::new(&[("GAB", 130_000), ("CMR", 0)])
}

#[test]
fn a_schedule_of_seconds_moves_money_once_a_slot() {
    let merchant = gabon();
    merchant.policies(&often("often"));
    let daemon = merchant.daemon();
    eventually("three slots moved", PATIENCE, || moved(&merchant).len() >= 3);
    until_ready(&daemon);
    drop(daemon); // kill -9
    let books = merchant.books();
    assert!(books.transfers.iter().all(|entry| entry.amount.to_string() == "1000"), "{:?}", moved(&merchant));
    assert!(books.applied_twice.is_empty());
    let mut slots: Vec<String> =
        books.transfers.iter().map(|entry| entry.external_id.clone().unwrap()[4..16].to_owned()).collect();
    assert!(slots.iter().all(|slot| slot[10..].parse::<u32>().unwrap() % 2 == 0), "{slots:?}");
    let all = slots.len();
    slots.dedup();
    assert_eq!(slots.len(), all, "a slot each");
}

#[test]
fn a_restart_moves_nothing_twice() {
    let merchant = gabon();
    merchant.policies(&once_a_day(SWEEP, ""));
    for (paid_in, end) in [(0, "TERM"), (50_000, "KILL"), (50_000, "INT")] {
        if paid_in > 0 {
            deposit(&merchant, "GAB", paid_in);
        }
        let mut daemon = merchant.daemon();
        until_ready(&daemon);
        eventually("the day's slot is decided", PATIENCE, || only_transfer(&merchant)["state"] == "applied");
        daemon.signal(end);
        let code = daemon.wait(PATIENCE);
        assert_eq!(code, if end == "KILL" { None } else { Some(0) });
    }
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    assert_eq!(posts(&merchant), 1);
    assert_eq!(merchant.holds("GAB").to_string(), "200000");
}

#[test]
fn sigterm_releases_lock_and_socket() {
    let merchant = gabon();
    merchant.policies(&often("often"));
    let mut daemon = merchant.daemon();
    until_ready(&daemon);
    assert!(merchant.path("control.sock").exists());
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert!(daemon.said().iter().any(|line| line.contains("stopped")));
    assert!(!merchant.path("control.sock").exists());
    assert!(std::net::TcpStream::connect(daemon.page.trim_start_matches("http://")).is_err(), "the port is closed");
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(status(&merchant)["not_ready_because"][0], "the daemon is not running");
}

/// A transfer under way is waited for, and its answer is not lost.
#[test]
fn d13_sigterm_waits_for_the_transfer_under_way() {
    let _row = row!();
    let merchant = gabon();
    merchant.policies(&once_a_day(SWEEP, ""));
    merchant.bank().set_faults(&["slow=2000"]).unwrap();
    let mut daemon = merchant.daemon();
    eventually("the transfer is on its way", PATIENCE, || posts(&merchant) == 1);
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert_eq!(states(&merchant), ["GAB>CMR 30000 applied response"]);
}

#[test]
fn kpay_may_come_later() {
    let mut merchant = Merchant::without_a_bank();
    merchant.set("kpay", "observe_every = \"1s\"");
    merchant.policies(&once_a_day(SWEEP, ""));
    let daemon = merchant.daemon();
    eventually("the start is over", PATIENCE, || daemon.said().iter().any(|line| line.contains("without KPay")));
    let (ready, why) = daemon.get("/readyz");
    assert_eq!(ready, 503, "{why}");
    assert_eq!(daemon.get("/healthz").0, 200, "it lives all the same");
    assert!(!status(&merchant)["not_ready_because"].as_array().unwrap().is_empty());
    // The policies are good, whatever KPay does: no false alarm about them.
    let well_read = sum(&metrics(&daemon), "policies_last_reload_successful", &[]);
    assert!(well_read.is_some_and(|gauge| gauge > 0.5), "{well_read:?}");

    let wallets = wallets_of(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.open_the_bank(SandboxSettings { wallets, ..SandboxSettings::default() });
    until_ready(&daemon);
    eventually("the slot is made up for", PATIENCE, || moved(&merchant) == ["GAB>CMR 30000"]);
}

#[test]
fn kpay_may_go_and_come_back() {
    let mut merchant = gabon();
    merchant.set("kpay", "observe_every = \"1s\"");
    merchant.policies(&often("often"));
    let daemon = merchant.daemon();
    until_ready(&daemon);
    merchant.bank().set_faults(&["any:http-500-before@always"]).unwrap();
    eventually("it says that it is not ready", PATIENCE, || daemon.get("/readyz").0 == 503);
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    until_ready(&daemon);
    let so_far = moved(&merchant).len();
    eventually("money moves again", PATIENCE * 2, || moved(&merchant).len() > so_far);
    assert!(merchant.books().applied_twice.is_empty());
}

#[test]
fn every_line_of_the_json_log_is_json() {
    let mut merchant = gabon();
    merchant.set("log", "format = \"json\"");
    merchant.policies(&often("often"));
    let mut daemon = merchant.daemon();
    until_ready(&daemon);
    eventually("money moves", PATIENCE, || !moved(&merchant).is_empty());
    merchant.bank().set_faults(&["message=500:\u{1b}[31mred\nline\u{2028}sep@2"]).unwrap();
    let sent = posts(&merchant);
    eventually("the odd message came", PATIENCE, || posts(&merchant) > sent + 1);
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    std::thread::sleep(Duration::from_millis(100)); // the reader of its last lines
    let lines = daemon.said();
    assert!(lines.len() > 2, "{lines:?}");
    for line in lines {
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
        assert!(!line.contains(['\u{1b}', '\u{2028}']), "{line:?}");
    }
}
