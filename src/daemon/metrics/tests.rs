//! The counters and gauges, tried from outside.

use super::*;
use crate::daemon::view::sample;
use crate::money::{Country, Currency};
use std::collections::BTreeMap;

/// Every name of CONTRACT 8 without the prefix, and `ready`.
const CONTRACT: [&str; 28] = [
    "build_info",
    "wallet_balance",
    "wallet_available",
    "balance_age_seconds",
    "transfers_total",
    "transferred_amount_total",
    "open_intents",
    "oldest_open_intent_seconds",
    "skips_total",
    "cycle_duration_seconds",
    "cycles_total",
    "last_success_timestamp_seconds",
    "exchange_rate",
    "rate_pending",
    "kpay_requests_total",
    "kpay_request_duration_seconds",
    "rate_limit_wait_seconds_total",
    "policies_loaded",
    "policies_last_reload_successful",
    "policies_last_reload_timestamp_seconds",
    "approvals_waiting",
    "paused",
    "limit_used_ratio",
    "journal_records",
    "books_difference",
    "wallet_frozen",
    "floor_breaches_total",
    "ready",
];

fn metrics() -> Metrics {
    Metrics::new().unwrap()
}

/// The samples of a scrape, by series.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[track_caller]
fn check(text: &str, series: &str, expected: f64) {
    let found = samples(text).get(&format!("treasuryd_{series}")).map(f64::to_string);
    assert_eq!(found, Some(expected.to_string()), "{series} in\n{text}");
}

#[test]
fn every_name_of_the_contract_is_there_from_the_first_scrape_and_in_the_document() {
    let text = metrics().render(&sample::bare()).unwrap();
    let document = include_str!("../../../docs/metrics.md");
    for name in CONTRACT {
        assert!(text.contains(&format!("# TYPE treasuryd_{name} ")), "{name} is missing in\n{text}");
        assert!(document.contains(&format!("`treasuryd_{name}")), "docs/metrics.md does not tell of {name}");
    }
    assert!(text.contains("process_resident_memory_bytes "), "{text}");
}

#[test]
fn the_document_tells_of_no_metric_that_is_not_there() {
    let text = metrics().render(&sample::bare()).unwrap();
    let document = include_str!("../../../docs/metrics.md");
    for word in document.split(|c: char| !(c.is_ascii_lowercase() || c == '_')) {
        if word.starts_with("treasuryd_") && word.len() > "treasuryd_".len() {
            assert!(text.contains(word), "docs/metrics.md tells of {word}");
        }
    }
}

#[test]
fn gauges_say_what_the_view_says() {
    let metrics = metrics();
    let text = metrics.render(&sample::busy()).unwrap();
    for (series, expected) in [
        ("wallet_available{currency=\"XAF\",wallet=\"GAB\"}", 330_000.75),
        ("wallet_balance{currency=\"XAF\",wallet=\"CMR\"}", 4_862_500.0),
        ("wallet_balance{currency=\"XAF\",wallet=\"COG\"}", 90_000.0),
        ("balance_age_seconds", 41.75),
        ("open_intents{state=\"planned\"}", 0.0),
        ("open_intents{state=\"awaiting_approval\"}", 1.0),
        ("open_intents{state=\"sending\"}", 0.0),
        ("open_intents{state=\"unknown\"}", 1.0),
        ("open_intents{state=\"needs_operator\"}", 1.0),
        ("oldest_open_intent_seconds", 9.0 * 3600.0 + 41.0),
        ("exchange_rate{from=\"XAF\",to=\"XOF\"}", 1.0153),
        ("policies_loaded", 3.0),
        ("approvals_waiting", 1.0),
        ("paused{policy=\"*\"}", 0.0),
        ("paused{policy=\"feed-dakar\"}", 1.0),
        ("journal_records", 18_204.0),
        ("ready", 1.0),
    ] {
        check(&text, series, expected);
    }
    let later = metrics.render(&sample::bare()).unwrap();
    assert!(!later.contains("wallet=\"GAB\""), "what is gone from the view must be gone from the metrics: {later}");
    check(&later, "balance_age_seconds", f64::INFINITY);
    check(&later, "oldest_open_intent_seconds", 0.0);
}

fn lane() -> Lane {
    Lane::between(WalletId::of(Country::GAB).unwrap(), WalletId::of(Country::CMR).unwrap())
}

#[test]
fn what_happens_is_counted() {
    let metrics = metrics();
    let now = sample::at(sample::NOW);
    metrics.transfer_outcome(Some("a"), lane(), Outcome::Unknown);
    metrics.transfer_outcome(None, lane(), Outcome::Applied);
    metrics.transferred(Some("a"), lane(), sample::amount("1000.5"));
    metrics.transferred(Some("a"), lane(), sample::amount("-7"));
    metrics.skip("a", Reason::LaneOpen);
    metrics.cycle(CycleResult::Ok, Duration::from_millis(200), now);
    metrics.cycle(CycleResult::Failed, Duration::from_secs(2), now + chrono::TimeDelta::seconds(60));
    metrics.kpay_request(Endpoint::Transfer, Some(409), Duration::from_millis(40));
    metrics.kpay_request(Endpoint::Withdraw, None, Duration::from_secs(10));
    metrics.rate_limit_waited(Duration::from_millis(1500));
    metrics.reload(true, now);
    metrics.limits_used([
        (LimitLabel::PolicyPerDay("a", Currency::XAF), Decimal::from(5), Decimal::from(20)),
        (LimitLabel::TransfersPerHour, Decimal::from(5), Decimal::ZERO),
    ]);
    metrics.rate_pending(2);
    metrics.webhook(WebhookResult::Forged);
    metrics.books_difference(WalletId::of(Country::GAB).unwrap(), sample::amount("-12.5"));
    let text = metrics.render(&sample::bare()).unwrap();
    for (series, expected) in [
        ("transfers_total{from=\"GAB\",outcome=\"unknown\",policy=\"a\",to=\"CMR\"}", 1.0),
        ("transfers_total{from=\"GAB\",outcome=\"applied\",policy=\"(manual)\",to=\"CMR\"}", 1.0),
        ("transferred_amount_total{currency=\"XAF\",from=\"GAB\",policy=\"a\",to=\"CMR\"}", 1000.5),
        ("skips_total{policy=\"a\",reason=\"lane_open\"}", 1.0),
        ("cycles_total{result=\"ok\"}", 1.0),
        ("cycles_total{result=\"failed\"}", 1.0),
        ("cycle_duration_seconds_sum", 2.2),
        ("last_success_timestamp_seconds", 1_795_539_642.0),
        ("kpay_requests_total{endpoint=\"transfer\",status=\"409\"}", 1.0),
        ("kpay_requests_total{endpoint=\"withdraw\",status=\"none\"}", 1.0),
        ("kpay_requests_total{endpoint=\"me\",status=\"200\"}", 0.0),
        ("kpay_requests_total{endpoint=\"predict_provider\",status=\"200\"}", 0.0),
        ("kpay_request_duration_seconds_count{endpoint=\"transfer\"}", 1.0),
        ("rate_limit_wait_seconds_total", 1.5),
        ("policies_last_reload_successful", 1.0),
        ("policies_last_reload_timestamp_seconds", 1_795_539_642.0),
        ("limit_used_ratio{limit=\"a/max_per_day/XAF\"}", 0.25),
        ("limit_used_ratio{limit=\"max_transfers_per_hour\"}", 1.0),
        ("rate_pending", 2.0),
        ("webhooks_total{result=\"forged\"}", 1.0),
        ("webhooks_total{result=\"accepted\"}", 0.0),
        ("books_difference{currency=\"XAF\",wallet=\"GAB\"}", -12.5),
    ] {
        check(&text, series, expected);
    }
    // A policy that is gone has no limit any more.
    metrics.limits_used([(LimitLabel::TransfersPerHour, Decimal::ONE, Decimal::TWO)]);
    let text = metrics.render(&sample::bare()).unwrap();
    check(&text, "limit_used_ratio{limit=\"max_transfers_per_hour\"}", 0.5);
    assert!(!text.contains("a/max_per_day/XAF"), "{text}");
}

/// Three letters, one for every number up to 26³.
fn code(number: u32) -> String {
    let letter = |place: u32| char::from(b'A' + u8::try_from(number / 26_u32.pow(place) % 26).unwrap());
    [letter(2), letter(1), letter(0)].iter().collect()
}

/// Everything a label could be made of, from outside and inside, differently for every number.
fn provoke(metrics: &Metrics, number: u32) {
    let country: Country = code(number).parse().unwrap();
    let currency: Currency = code(number.wrapping_mul(7)).parse().unwrap();
    let policy = format!("policy-{number}");
    let lane = Lane::between(WalletId { country, currency }, WalletId { country, currency });
    metrics.transfer_outcome(Some(&policy), lane, Outcome::Applied);
    metrics.transferred(Some(&policy), lane, Amount::whole(1));
    metrics.skip(&policy, Reason::Paused);
    metrics.kpay_request(Endpoint::Transfer, u16::try_from(number % 65_536).ok(), Duration::ZERO);
    metrics.limits_used([
        (LimitLabel::PolicyPerDay(&policy, currency), Decimal::ONE, Decimal::TEN),
        (LimitLabel::PerDay(currency), Decimal::ONE, Decimal::TEN),
    ]);
    metrics.books_difference(WalletId { country, currency }, Amount::ZERO);
}

#[test]
fn g10_series_stay_as_many_under_a_hundred_thousand_foreign_codes() {
    let metrics = metrics();
    let mut view = sample::busy();
    let mut wallet = view.balances[0].clone();
    (0..20_000).for_each(|number| provoke(&metrics, number));
    let before = samples(&metrics.render(&view).unwrap()).len();
    for number in 20_000..120_000 {
        provoke(&metrics, number);
    }
    for number in 0..17_576 {
        wallet.wallet = code(number).parse().unwrap();
        if !Country::ALL.contains(&wallet.wallet) {
            view.balances.push(wallet.clone());
        }
    }
    let text = metrics.render(&view).unwrap();
    assert_eq!(samples(&text).len(), before);
    assert!(before < 25_000, "{before} series");
}

#[test]
fn hostile_text_cannot_break_a_line() {
    let metrics = metrics();
    metrics.skip("a\"} 1\nforged_metric{x=\"", Reason::Paused);
    let mut view = sample::busy();
    view.policies[0].name = "b\\\"\n# TYPE forged gauge".to_owned();
    let text = metrics.render(&view).unwrap();
    assert!(!text.lines().any(|line| line.starts_with("forged") || line.starts_with("# TYPE forged")), "{text}");
}
