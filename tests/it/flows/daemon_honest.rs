//! What a running daemon says of itself: readiness, the page, `status`, metrics and the list of transfers agree with
//! each other and with KPay's books (I21), and the kill switch works at once (I11, H2).

use super::tools::{
    PATIENCE, csv, files_under, metrics, moved, often, once_a_day, one_policy, policy, posts, status, sum, until_ready,
};
use crate::played::row;
use crate::support::{Daemon, Merchant, eventually};
use chrono::{TimeDelta, Utc};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use treasuryd::money::{Currency, Rate};

/// Three policies whose slots are up at the start, one of them across currencies, and one transfer refused.
fn busy() -> (Merchant, Daemon) {
    let mut merchant =
        Merchant::new(&[("GAB", 130_000), ("COG", 115_000), ("CMR", 0), ("CIV", 250_000), ("SEN", 0), ("BEN", 90_000)]);
    let rate = "0.9849".parse::<Rate>().unwrap();
    merchant.bank().set_rate(Currency::XOF, Currency::XAF, rate);
    let daily = |more: &str| format!("schedule: \"0 0 * * *\"\ncatch_up: 24h\n{more}");
    let all = [
        policy("consolidate", "{ from: [GAB, COG], into: CMR, above: 100_000 XAF }", &daily("")),
        policy("fund", "{ from: [CIV], into: CMR, above: 200_000 XOF }", &daily("fx: { allow: true }")),
        policy("west", "{ from: [BEN], into: SEN, above: 50_000 XOF }", &daily("limits: { max_per_day: 80_000 XOF }")),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", all.concat()));
    merchant.set("kpay", "observe_every = \"1s\"");
    merchant.bank().set_faults(&["message=400:no", "lost-after-apply"]).unwrap();
    let daemon = merchant.daemon();
    until_ready(&daemon);
    eventually("all is settled", PATIENCE, || {
        let transfers = merchant.transfers();
        transfers.len() == 4
            && transfers.iter().all(|one| ["applied", "rejected"].iter().any(|end| one["state"] == *end))
    });
    (merchant, daemon)
}

fn whole(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap())
}

fn same(a: Option<f64>, b: f64, what: &str) {
    assert_eq!(a.map(|a| a.to_string()), Some(b.to_string()), "{what}");
}

#[test]
fn i21_metrics_list_journal_and_kpay_agree() {
    let (merchant, daemon) = busy();
    eventually("the balances are read again", PATIENCE, || {
        let metrics = metrics(&daemon);
        let shown = |country: &str| sum(&metrics, "wallet_available", &[&format!("wallet=\"{country}\"")]);
        ["GAB", "COG", "CMR", "CIV", "SEN", "BEN"]
            .iter()
            .all(|country| shown(country) == Some(merchant.holds(country).to_string().parse().unwrap()))
    });
    let (metrics, transfers, books) = (metrics(&daemon), merchant.transfers(), merchant.books());

    let mut outcomes: BTreeMap<(String, String), (usize, f64)> = BTreeMap::new();
    for transfer in &transfers {
        let lane = format!("from=\"{}\",", transfer["from"].as_str().unwrap());
        let entry = outcomes.entry((lane, transfer["state"].as_str().unwrap().to_owned())).or_default();
        entry.0 += 1;
        entry.1 += transfer["amount"].as_str().unwrap().parse::<f64>().unwrap();
    }
    for ((lane, state), (count, amount)) in &outcomes {
        let outcome = format!("outcome=\"{state}\"");
        same(sum(&metrics, "transfers_total", &[lane, &outcome]), whole(*count), &format!("{lane} {state}"));
        if state == "applied" {
            same(sum(&metrics, "transferred_amount_total", &[lane]), *amount, lane);
        }
    }
    let applied = transfers.iter().filter(|transfer| transfer["state"] == "applied");
    assert_eq!(applied.count(), books.transfers.len(), "ours and KPay's");
    assert_eq!(csv(&merchant).len(), books.transfers.len());
    same(sum(&metrics, "transfers_total", &["outcome=\"applied\""]), whole(books.transfers.len()), "applied");
    for state in ["planned", "sending", "unknown", "needs_operator"] {
        same(sum(&metrics, "open_intents", &[&format!("state=\"{state}\"")]), 0.0, state);
    }
    let transfer_requests = f64::from(u32::try_from(books.counters.transfer_requests).unwrap());
    same(sum(&metrics, "kpay_requests_total", &["endpoint=\"transfer\""]), transfer_requests, "requests");
    same(sum(&metrics, "policies_loaded", &[]), 3.0, "policies");
    same(sum(&metrics, "cycles_total", &["result=\"ok\""]), 1.0, "one cycle decided");
    let pending = merchant.treasuryd(&["ledger", "balance", "--json"]).json()["pending"].as_f64().unwrap();
    same(sum(&metrics, "rate_pending", &[]), pending, "pending rates");
    same(sum(&metrics, "paused", &[]), 0.0, "nothing is paused");
}

/// Journal and status count the same records.
#[test]
fn i21_records_are_counted_alike() {
    let (merchant, mut daemon) = busy();
    let shown = status(&merchant)["journal_records"].as_f64().unwrap();
    let scraped = sum(&metrics(&daemon), "journal_records", &[]).unwrap();
    assert!(scraped >= shown, "{scraped} and {shown}");
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    let last = status(&merchant)["journal_records"].as_u64().unwrap();
    let lines: usize = files_under(&merchant.path("state"))
        .iter()
        .filter(|(name, _)| Path::new(name).extension().is_some_and(|extension| extension == "jsonl"))
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).lines().count())
        .sum();
    assert_eq!(u64::try_from(lines).unwrap(), last);
}

/// Gauges that the contract names and that only the daemon can fill.
#[test]
fn contract_8_has_its_series() {
    let (merchant, daemon) = busy();
    let mut missing = Vec::new();
    let metrics = metrics(&daemon);
    for (family, labels) in [
        ("build_info", vec!["version="]),
        ("wallet_balance", vec!["wallet=\"GAB\"", "currency=\"XAF\""]),
        ("wallet_available", vec!["wallet=\"CIV\"", "currency=\"XOF\""]),
        ("balance_age_seconds", vec![]),
        ("transfers_total", vec!["policy=\"fund\"", "from=\"CIV\"", "to=\"CMR\"", "outcome="]),
        ("transferred_amount_total", vec!["policy=\"west\"", "from=\"BEN\"", "to=\"SEN\"", "currency=\"XOF\""]),
        ("open_intents", vec!["state=\"unknown\""]),
        ("oldest_open_intent_seconds", vec![]),
        ("cycle_duration_seconds_count", vec![]),
        ("cycles_total", vec!["result=\"ok\""]),
        ("last_success_timestamp_seconds", vec![]),
        ("rate_pending", vec![]),
        ("kpay_requests_total", vec!["endpoint=\"transfer\"", "status=\"201\""]),
        ("kpay_request_duration_seconds_count", vec!["endpoint=\"transfer\""]),
        ("rate_limit_wait_seconds_total", vec![]),
        ("policies_loaded", vec![]),
        ("policies_last_reload_successful", vec![]),
        ("policies_last_reload_timestamp_seconds", vec![]),
        ("approvals_waiting", vec![]),
        ("paused", vec!["policy=\"west\""]),
        ("limit_used_ratio", vec!["limit=\"max_transfers_per_hour\""]),
        ("limit_used_ratio", vec!["limit=\"west/max_per_day/XOF\""]),
        ("journal_records", vec![]),
        ("books_difference", vec!["wallet=\"GAB\"", "currency=\"XAF\""]),
    ] {
        if sum(&metrics, family, &labels).is_none() {
            missing.push((family, labels));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(metrics.keys().any(|name| name.starts_with("process_")), "the process collector");
    let text = daemon.get("/metrics").1;
    for transfer in merchant.transfers() {
        assert!(!text.contains(transfer["external_id"].as_str().unwrap()), "no id is a label");
    }
    // What was read at the start was good.
    same(sum(&metrics, "policies_last_reload_successful", &[]), 1.0, "policies were read well");
    assert!(sum(&metrics, "policies_last_reload_timestamp_seconds", &[]).unwrap() > 1.0);
    assert!(sum(&metrics, "limit_used_ratio", &["max_transfers_per_hour"]).unwrap() > 0.0, "transfers were made");
    // Of its 80 000 a day 40 000 left, unless its transfer was the one that KPay refused.
    let went = merchant.transfers().iter().any(|transfer| transfer["from"] == "BEN" && transfer["state"] == "applied");
    same(sum(&metrics, "limit_used_ratio", &["limit=\"west/"]), if went { 0.5 } else { 0.0 }, "the policy's own day");
}

/// A rate nobody gave is counted for as long as nobody gave it.
#[test]
fn a_pending_rate_is_counted() {
    let merchant = Merchant::new(&[("CMR", 200_000), ("SEN", 0)]);
    merchant.policies(&once_a_day("{ from: [CMR], into: SEN, above: 100_000 XAF }", "fx: { allow: true }"));
    merchant.bank().set_faults(&["lost-after-apply"]).unwrap();
    let daemon = merchant.daemon();
    eventually("it is applied", PATIENCE, || {
        merchant.transfers().first().is_some_and(|transfer| transfer["state"] == "applied")
    });
    let pending = || sum(&metrics(&daemon), "rate_pending", &[]).unwrap();
    eventually("one rate is pending", PATIENCE, || pending() > 0.5);
    same(sum(&metrics(&daemon), "oldest_open_intent_seconds", &[]), 0.0, "a pending rate is no open intent");
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    let words = ["--applied", "--rate", "1.0153", "--credited", "101530", "--by", "Ada", "--note", "dashboard"];
    merchant.treasuryd(&[&["transfers", "resolve", &id], &words[..]].concat()).with_code(0);
    eventually("none is pending", PATIENCE, || pending() < 0.5);
}

#[test]
fn the_pages_and_the_status() {
    let (merchant, daemon) = busy();
    assert_eq!(daemon.get("/healthz").0, 200);
    let (found, page) = daemon.get("/");
    assert_eq!(found, 200);
    for word in ["GAB", "Senegal", "consolidate", "sandbox", "30\u{202f}000"] {
        assert!(page.contains(word), "{word} is not on the page");
    }
    assert_eq!(daemon.get("/pause").0, 404);
    let shown = status(&merchant);
    assert_eq!((&shown["ready"], &shown["environment"]), (&true.into(), &"sandbox".into()));
    assert_eq!(shown["application_id"], super::tools::APPLICATION);
    assert_eq!(shown["balances"].as_array().unwrap().len(), 6);
    assert_eq!(shown["last_transfers"].as_array().unwrap().len(), 4);
    for policy in shown["policies"].as_array().unwrap() {
        let (last, next) = (policy["last_slot"].as_str().unwrap(), policy["next_slot"].as_str().unwrap());
        assert!(last < next && last.ends_with("T00:00:00Z"), "{policy}");
    }
    let text = merchant.treasuryd(&["status"]).with_code(0).stdout;
    assert!(text.contains("ready") && text.contains("consolidate") && !text.contains('\u{1b}'), "{text}");
}

/// H2: no POST a second after the pause, over a restart too; reading goes on.
#[test]
fn h02_the_kill_switch_works_at_once_and_holds() {
    let _row = row!();
    let mut merchant = Merchant::new(&[("GAB", 400_000), ("CMR", 0)]);
    merchant.policies(&often("often").replace("*/2", "*"));
    merchant.set("kpay", "observe_every = \"1s\"");
    let mut daemon = merchant.daemon();
    eventually("money moves", PATIENCE, || moved(&merchant).len() >= 2);
    merchant.treasuryd(&["pause", "--by", "Ada"]).with_code(0);
    let limit = Utc::now() + TimeDelta::seconds(1);
    same(sum(&metrics(&daemon), "paused", &["policy=\"*\""]), 1.0, "it says so");
    let late = |merchant: &Merchant, path: &str| {
        let requests = merchant.bank().requests();
        requests.into_iter().filter(|request| request.path.contains(path) && request.at > limit).count()
    };
    eventually("balances are still read", PATIENCE, || late(&merchant, "overview") >= 3);
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));

    let daemon = merchant.daemon();
    until_ready(&daemon);
    assert_eq!(status(&merchant)["paused"], true);
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(late(&merchant, "transfer"), 0, "no POST since");
    let so_far = posts(&merchant);
    merchant.treasuryd(&["resume", "--by", "Ada"]).with_code(0);
    eventually("it goes on", PATIENCE, || posts(&merchant) > so_far);
    assert!(merchant.books().applied_twice.is_empty());
}

/// One policy paused through the socket; the other goes on.
#[test]
fn one_policy_is_paused_through_the_socket() {
    let merchant = Merchant::new(&[("GAB", 400_000), ("COG", 400_000), ("CMR", 0)]);
    let more = "schedule: \"*/2 * * * * *\"\nlimits: { max_per_slot: 1_000 XAF }";
    let both = [
        policy("gabon", "{ from: [GAB], into: CMR, above: 100_000 XAF }", more),
        policy("congo", "{ from: [COG], into: CMR, above: 100_000 XAF }", more),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", both.concat()));
    let daemon = merchant.daemon();
    until_ready(&daemon);
    merchant.treasuryd(&["pause", "gabon"]).with_code(0);
    let ended = merchant.treasuryd(&["pause", "gabun"]).with_code(2);
    assert!(ended.stderr.contains("congo, gabon"), "{ended:?}");
    std::thread::sleep(Duration::from_secs(1));
    let count = |lane: &str| moved(&merchant).iter().filter(|line| line.starts_with(lane)).count();
    let (gabon, congo) = (count("GAB"), count("COG"));
    eventually("Congo goes on", PATIENCE, || count("COG") >= congo + 2);
    assert_eq!(count("GAB"), gabon);
    merchant.policies(&one_policy("{ from: [COG], into: CMR, above: 100_000 XAF }", ""));
    eventually("other policies are in force", PATIENCE, || super::tools::in_force(&merchant) == ["consolidate"]);
    merchant.treasuryd(&["resume", "gabon"]).with_code(0);
}
