//! A wallet that falls by more than our own moves explain is told of; our own moves, whatever became of their replies, never.

use crate::support::{EVENING, Merchant, eventually};
use std::time::Duration;
use treasuryd::money::{Amount, Country};

const PATIENCE: Duration = Duration::from_secs(30);

fn watchful(wallets: &[(&str, i64)]) -> Merchant {
    let mut merchant = Merchant::new(wallets);
    merchant.set("kpay", "observe_every = \"1s\"\nrequests_per_minute = 10000\ntimeout = \"2s\"");
    merchant
}

/// The merchant takes money out at KPay's own site.
fn withdraw(merchant: &Merchant, country: &str, amount: i64) {
    merchant.bank().withdraw(country.parse::<Country>().unwrap(), Amount::whole(amount)).unwrap();
}

/// The falls that `status` tells of.
fn told(merchant: &Merchant) -> Vec<String> {
    let status = merchant.treasuryd(&["status", "--json"]).with_code(0).json();
    let errors =
        status["last_errors"].as_array().unwrap().iter().map(|error| error["what"].as_str().unwrap().to_owned());
    errors.filter(|what| what.contains(" more than our own moves explain")).collect()
}

/// How often the wallets were read.
fn readings(merchant: &Merchant) -> usize {
    merchant.bank().requests().iter().filter(|request| request.path == "/api/wallets/overview").count()
}

fn wait_for_readings(merchant: &Merchant) {
    let so_far = readings(merchant);
    eventually("two more readings", PATIENCE, || readings(merchant) >= so_far + 2);
}

#[test]
fn a_fall_is_told_once_in_status_and_log_and_a_rise_never() {
    let merchant = watchful(&[("CMR", 500_000), ("GAB", 90_000)]);
    let daemon = merchant.daemon();
    wait_for_readings(&merchant);
    merchant.bank().deposit("GAB".parse::<Country>().unwrap(), Amount::whole(5_000)).unwrap();
    wait_for_readings(&merchant);
    assert_eq!(told(&merchant), Vec::<String>::new());
    withdraw(&merchant, "CMR", 120_000);
    let line = daemon.wait_for_line("more than our own moves explain");
    assert!(line.contains("CMR fell by 120 000 XAF"), "{line}");
    wait_for_readings(&merchant);
    let falls = told(&merchant);
    assert_eq!(falls.len(), 1, "{falls:?}");
    assert!(falls[0].contains("from 500 000 XAF to 380 000 XAF"), "{falls:?}");
    assert!(!daemon.said().iter().any(|line| line.contains("own moves explain")), "once a fall");
}

#[test]
fn a_fall_while_nobody_looked_is_told_at_the_next_start() {
    let merchant = watchful(&[("CMR", 500_000), ("GAB", 130_000)]);
    let quiet = merchant.once().with_code(0);
    assert!(!quiet.stderr.contains("own moves explain"), "{quiet:?}");
    withdraw(&merchant, "CMR", 100_000);
    let ended = merchant.once().with_code(0);
    assert!(ended.stderr.contains("CMR fell by 100 000 XAF more than our own moves explain"), "{ended:?}");
    let again = merchant.once().with_code(0);
    assert!(!again.stderr.contains("own moves explain"), "the journal has seen it: {again:?}");
}

#[test]
fn our_own_moves_never_alarm_whatever_became_of_the_reply() {
    for fault in [None, Some("lost-after-apply=1"), Some("lost-before=1")] {
        let merchant = watchful(&[("CMR", 0), ("GAB", 130_000), ("COG", 150_000)]);
        if let Some(fault) = fault {
            merchant.bank().set_faults(&[fault]).unwrap();
        }
        for _ in 0..3 {
            let ended = merchant.treasuryd(&["once", "--at", EVENING]);
            assert!(!ended.stderr.contains("own moves explain"), "{fault:?}: {ended:?}");
        }
        let _daemon = merchant.daemon();
        wait_for_readings(&merchant);
        assert!(!merchant.books().transfers.is_empty(), "{fault:?}");
        assert_eq!(told(&merchant), Vec::<String>::new(), "{fault:?}");
    }
}

#[test]
fn switched_off_it_is_silent_and_another_word_is_refused() {
    let mut merchant = watchful(&[("CMR", 500_000)]);
    merchant.set("conservation", "mode = \"off\"");
    let _daemon = merchant.daemon();
    wait_for_readings(&merchant);
    withdraw(&merchant, "CMR", 120_000);
    wait_for_readings(&merchant);
    assert_eq!(told(&merchant), Vec::<String>::new());

    let mut merchant = watchful(&[("CMR", 500_000)]);
    merchant.set("conservation", "mode = \"stop\"");
    let refused = merchant.treasuryd(&["check"]).with_code(78);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("conservation-mode") && said.contains("\"freeze\" or \"off\""), "{said}");
}
