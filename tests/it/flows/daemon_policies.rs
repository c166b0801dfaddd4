//! Policies that change under a running daemon: good ones come into force, bad ones leave the old, none stop new slots.

use super::tools::{PATIENCE, in_force, metrics, moved, often, once_a_day, status, sum, until_ready};
use crate::played::row;
use crate::support::{Daemon, Merchant, eventually};
use std::time::Duration;

fn running() -> (Merchant, Daemon) {
    let merchant = Merchant::new(&[("GAB", 400_000), ("CMR", 0)]);
    merchant.policies(&often("first"));
    let daemon = merchant.daemon();
    until_ready(&daemon);
    (merchant, daemon)
}

fn gauge(daemon: &Daemon, family: &str) -> f64 {
    sum(&metrics(daemon), family, &[]).unwrap_or(f64::NAN)
}

/// Waits until money moves by somebody's hand again.
fn until_money_moves(merchant: &Merchant) {
    let so_far = moved(merchant).len();
    eventually("money moves", PATIENCE, || moved(merchant).len() > so_far);
}

#[test]
fn a_good_change_comes_into_force_by_itself() {
    let (merchant, daemon) = running();
    until_money_moves(&merchant);
    merchant.policies(&often("second"));
    eventually("the new name is in force", PATIENCE, || in_force(&merchant) == ["second"]);
    until_money_moves(&merchant);
    assert!((gauge(&daemon, "policies_last_reload_successful") - 1.0).abs() < 0.1);
    let policies: Vec<String> =
        merchant.transfers().iter().map(|transfer| transfer["policy"].as_str().unwrap().to_owned()).collect();
    assert!(policies.contains(&"first".to_owned()) && policies.contains(&"second".to_owned()), "{policies:?}");
    assert!(merchant.books().applied_twice.is_empty());
}

/// What changes between the first reading and the first look is a change like any other.
#[test]
fn a_change_during_the_start_is_noticed() {
    let merchant = Merchant::new(&[("GAB", 400_000), ("CMR", 0)]);
    merchant.policies(&often("first"));
    merchant.bank().set_faults(&["balances:slow=2500"]).unwrap();
    let daemon = merchant.daemon();
    merchant.policies(&often("second"));
    assert_ne!(daemon.get("/readyz").0, 200, "it still starts");
    eventually("the new name is in force", PATIENCE, || in_force(&merchant) == ["second"]);
}

/// SIGHUP reads them again even where nothing changed, and ends nothing.
#[test]
fn sighup_reloads() {
    let (merchant, daemon) = running();
    daemon.said();
    daemon.signal("HUP");
    let mut heard = Vec::new();
    eventually("it reads the policies", PATIENCE, || {
        heard.extend(daemon.said());
        heard.iter().any(|line| line.contains("policies in force"))
    });
    for name in ["second", "third"] {
        merchant.policies(&often(name));
        daemon.signal("HUP");
        eventually("the change is in force", PATIENCE, || in_force(&merchant) == [name]);
    }
    assert_eq!(daemon.get("/readyz").0, 200);
}

#[test]
fn a_bad_change_leaves_the_old_ones() {
    let (merchant, daemon) = running();
    merchant.policies(&often("second").replace("above:", "abvoe:"));
    eventually("the bad file was seen", PATIENCE, || {
        gauge(&daemon, "policies_last_reload_timestamp_seconds") > 0.0
            && gauge(&daemon, "policies_last_reload_successful") < 0.5
    });
    assert_eq!(in_force(&merchant), ["first"]);
    assert!((gauge(&daemon, "policies_loaded") - 1.0).abs() < 0.1);
    let problems = status(&merchant)["last_errors"].to_string();
    assert!(problems.contains("policies.yaml:4:") && problems.contains("stay in force"), "{problems}");
    until_money_moves(&merchant);

    merchant.policies(&often("third"));
    eventually("the next good one is in force", PATIENCE, || in_force(&merchant) == ["third"]);
    assert!((gauge(&daemon, "policies_last_reload_successful") - 1.0).abs() < 0.1);
}

/// F3: gone or emptied, no new slot is decided, and it says so; once they are back, it goes on.
#[test]
fn f03_without_policies_no_new_slot() {
    let _row = row!();
    let (merchant, daemon) = running();
    until_money_moves(&merchant);
    let file = merchant.path("policies.yaml");
    let ways: [(&str, &dyn Fn()); 3] = [
        ("deleted", &|| std::fs::remove_file(&file).unwrap()),
        ("emptied", &|| std::fs::write(&file, "").unwrap()),
        ("blank", &|| std::fs::write(&file, "\n\n").unwrap()),
    ];
    for (way, take_away) in ways {
        take_away();
        eventually(way, PATIENCE, || gauge(&daemon, "policies_loaded") < 0.5);
        assert!(gauge(&daemon, "policies_last_reload_successful") < 0.5, "{way}");
        let (ready, why) = daemon.get("/readyz");
        assert!(ready == 503 && why.contains("policies"), "{way}: {why}");
        assert_eq!(daemon.get("/healthz").0, 200, "{way}");
        // A decision that was being made at that moment is finished; then no other one begins.
        std::thread::sleep(Duration::from_millis(500));
        let decided = merchant.transfers().len();
        std::thread::sleep(Duration::from_millis(2_500));
        assert_eq!(merchant.transfers().len(), decided, "{way}");
        merchant.policies(&often("first"));
        eventually("they are back", PATIENCE, || daemon.get("/readyz").0 == 200);
        until_money_moves(&merchant);
    }
}

/// I13: without policies an open question is still asked to its end.
#[test]
fn f03_open_transfers_are_finished() {
    let _row = row!();
    let merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.policies(&once_a_day("{ from: [GAB], into: CMR, above: 100_000 XAF }", ""));
    merchant.bank().set_faults(&["http-500-before@always"]).unwrap();
    let daemon = merchant.daemon();
    eventually("its outcome is unknown", PATIENCE, || {
        merchant.transfers().first().is_some_and(|transfer| transfer["state"] == "unknown")
    });
    std::fs::remove_file(merchant.path("policies.yaml")).unwrap();
    eventually("no policies", PATIENCE, || gauge(&daemon, "policies_loaded") < 0.5);
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    eventually("it is applied", PATIENCE, || merchant.transfers()[0]["state"] == "applied");
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
}

/// A daemon does not start on policies that are wrong, and opens nothing.
#[test]
fn bad_policies_at_the_start_end_it() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    for text in ["", "version: 1\npolicies: []\n", &often("first").replace("GAB", "gab")] {
        merchant.policies(text);
        merchant.treasuryd(&["run"]).with_code(78);
        assert!(!merchant.path("state").exists() && !merchant.path("control.sock").exists());
    }
    assert_eq!(merchant.books().counters.requests, 0);
}
