//! One daemon on one state, of one application: whoever comes second exits 77 and sends nothing.

use super::tools::{PATIENCE, moved, once_a_day, posts, until_ready};
use crate::played::row;
use crate::support::{Daemon, Merchant, eventually, wallets_of};
use std::os::unix::fs::FileTypeExt;
use treasuryd::sandbox::SandboxSettings;

const SWEEP: &str = "{ from: [GAB], into: CMR, above: 100_000 XAF }";

/// A merchant and its daemon, which has done what there was to do and only watches.
fn at_rest() -> (Merchant, Daemon) {
    let mut merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.policies(&once_a_day(SWEEP, ""));
    merchant.set("kpay", "observe_every = \"1h\"");
    let daemon = merchant.daemon();
    until_ready(&daemon);
    eventually("the day's slot moved", PATIENCE, || moved(&merchant).len() == 1);
    eventually("its outcome is written", PATIENCE, || merchant.transfers()[0]["state"] == "applied");
    (merchant, daemon)
}

#[test]
fn d07_a_second_daemon_or_once_is_refused() {
    let _row = row!();
    let (merchant, daemon) = at_rest();
    let requests = merchant.books().counters.requests;
    for command in ["run", "once"] {
        let ended = merchant.treasuryd(&[command]).with_code(77);
        assert!(ended.stderr.contains("state"), "it says what is in use: {ended:?}");
    }
    assert_eq!(merchant.books().counters.requests, requests, "no network traffic at all");
    assert_eq!(daemon.get("/readyz").0, 200, "the first one is not disturbed");
    merchant.treasuryd(&["transfers", "list"]).with_code(0);
}

/// Its socket elsewhere does not make the state free.
#[test]
fn d07_another_socket_or_port_changes_nothing() {
    let _row = row!();
    let (merchant, _daemon) = at_rest();
    let text = std::fs::read_to_string(merchant.path("treasuryd.toml")).unwrap();
    merchant.write("second.toml", &text.replace("control.sock", "second.sock"));
    let requests = merchant.books().counters.requests;
    merchant.treasuryd(&["run", "-c", "second.toml"]).with_code(77);
    merchant.treasuryd(&["pause", "-c", "second.toml"]).with_code(77);
    assert!(!merchant.path("second.sock").exists(), "the lock comes before any port");
    assert_eq!(merchant.books().counters.requests, requests);
    // Reading needs no lock.
    let listed = merchant.treasuryd(&["transfers", "list", "--json", "-c", "second.toml"]).with_code(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

/// The lock dies with its holder, and the socket it leaves behind stops nobody.
#[test]
fn a_stale_socket_stops_nothing() {
    let (merchant, mut daemon) = at_rest();
    daemon.signal("KILL");
    assert_eq!(daemon.wait(PATIENCE), None);
    let left = std::fs::symlink_metadata(merchant.path("control.sock")).unwrap();
    assert!(left.file_type().is_socket());
    merchant.treasuryd(&["pause"]).with_code(0);
    merchant.treasuryd(&["transfers", "list"]).with_code(0);
    merchant.treasuryd(&["once"]).with_code(0);
    let daemon = merchant.daemon();
    until_ready(&daemon);
    assert_eq!(super::tools::status(&merchant)["paused"], true, "it answers on its socket");
    assert_eq!(posts(&merchant), 1);
}

fn another_application() -> SandboxSettings {
    SandboxSettings {
        wallets: wallets_of(&[("GAB", 999_000), ("CMR", 0)]),
        application_id: "11111111-2222-4333-8444-555555555555".to_owned(),
        ..SandboxSettings::default()
    }
}

#[test]
fn another_applications_state_is_refused() {
    let (mut merchant, daemon) = at_rest();
    drop(daemon);
    merchant.close_the_bank();
    merchant.open_the_bank(another_application());
    for command in [&["run"][..], &["once"], &["plan"], &["why", "GAB"]] {
        let ended = merchant.treasuryd(command).with_code(77);
        assert!(ended.stderr.contains("journal belongs to"), "{ended:?}");
    }
    assert_eq!(posts(&merchant), 0);
}

/// Who KPay thinks we are can also turn out later: then the daemon ends.
#[test]
fn another_application_that_shows_later_ends_the_daemon() {
    let (mut merchant, daemon) = at_rest();
    drop(daemon);
    merchant.close_the_bank();
    merchant.extra.clear();
    merchant.set("kpay", "observe_every = \"1s\"");
    let mut daemon = merchant.daemon();
    eventually("it started alone", PATIENCE, || daemon.said().iter().any(|line| line.contains("without KPay")));
    merchant.open_the_bank(another_application());
    assert_eq!(daemon.wait(PATIENCE), Some(77));
    assert_eq!(posts(&merchant), 0);
}

/// An application that the configuration names must be KPay's word too.
#[test]
fn the_configured_application_must_be_kpays() {
    let mut merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.policies(&once_a_day(SWEEP, ""));
    merchant.set("kpay", "application_id = \"11111111-2222-4333-8444-555555555555\"");
    for command in ["run", "once", "plan"] {
        let ended = merchant.treasuryd(&[command]).with_code(77);
        assert!(ended.stderr.contains("11111111"), "{ended:?}");
    }
    assert_eq!(posts(&merchant), 0);
}
