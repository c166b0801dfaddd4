//! B: rate limit and authentication.

use super::stage::{MEMORIES, Memory, PATIENCE, Play, Scene, each};
use crate::played::row;
use treasuryd::sandbox::{Handle, RetryAfterForm, SandboxSettings};

/// The pause after the first 429, in milliseconds; `None` while nothing followed it.
fn pause_after_429(bank: &Handle) -> Option<i64> {
    let requests = bank.requests();
    let refused = requests.iter().position(|request| request.status == Some(429)).expect("a 429 was played");
    let next = requests.get(refused + 1)?;
    Some((next.at - requests[refused].at).num_milliseconds())
}

// B1: 429 storm, minutes long · backoff + jitter, open intents before new plans: count per sliding 60 s. (Shortened to
// some seconds.)
#[test]
fn b01_a_storm_of_429_is_waited_out_within_the_budget() {
    let _row = row!();
    each(&["none", "1", "date:2"], |form| {
        let mut play = Scene::two().set("kpay", "requests_per_minute = 25").open();
        play.per_minute = 25;
        play.faults(&[&format!("any:429={form}@5")]);
        let mut daemon = play.daemon(Memory::Fresh);
        play.until("both move", |books| books.transfers.len() == 2);
        daemon.signal("TERM");
        daemon.wait(PATIENCE);
        drop(daemon);
        assert!(play.books().counters.limited == 0, "our own budget held");
        play.judge(2);
    });
}

// B1: KPay's own limit is lower than ours.
#[test]
fn b01_kpays_own_limit_is_heeded_in_both_forms() {
    let _row = row!();
    each(&[RetryAfterForm::Seconds, RetryAfterForm::Date], |retry_after| {
        let sandbox =
            SandboxSettings { retry_after: *retry_after, requests_per_minute: 3, ..SandboxSettings::default() };
        let play = Scene { sandbox, ..Scene::default() }.open();
        // me, token and overview: the transfer is one too many.
        play.once().with_code(75);
        assert!(play.books().counters.limited <= 2, "{:?}", play.books().counters);
        play.judge(0);
        play.merchant.bank().advance(std::time::Duration::from_mins(2));
    });
}

// B2: Retry-After as HTTP-date, past, negative, 10¹², float, garbage, twice, absent · both RFC forms; clamp to [1 s, 15
// min]; date against server `Date`. (All forms: kpay's own tests.)
#[test]
fn b02_short_and_illegible_pauses_are_a_second_or_what_they_say() {
    let _row = row!();
    let rows = [
        ("0", 1_000),
        ("1", 1_000),
        ("-5", 1_000),
        ("soon", 1_000),
        ("NaN", 1_000),
        ("0.2", 1_000),
        ("1.5", 2_000),
        ("2", 2_000),
        ("none", 1_000),
        ("date:3", 2_000),
        ("date:0", 1_000),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1_000),
        ("1|3", 3_000),
        ("3|garbage", 3_000),
        ("garbage|rubbish", 1_000),
    ];
    each(&rows, |(value, at_least_ms)| {
        let play = Scene::default().open();
        play.faults(&[&format!("429={value}")]);
        play.once().with_code(0);
        play.expect("GAB", "applied", "response");
        let pause_ms = pause_after_429(&play.merchant.bank()).unwrap();
        assert!(pause_ms >= *at_least_ms - 20, "{value}: {pause_ms} ms");
        play.settle(1, 1);
    });
}

// B2: the long ones: no request before the end of the (clamped) pause. That they end after 15 minutes is in kpay's tests.
#[test]
fn b02_no_request_before_a_long_pause_ends() {
    let _row = row!();
    each(&["60", "1000000000000", "date:3600", "1|9999", "99999999999999999999999"], |value| {
        let play = Scene::default().open();
        play.faults(&[&format!("429={value}")]);
        play.once().with_code(75);
        assert_eq!(pause_after_429(&play.merchant.bank()), None, "{value}");
        // Nor does another process.
        play.once().with_code(75);
        assert_eq!(pause_after_429(&play.merchant.bank()), None, "{value}");
        play.expect("GAB", "unknown", "");
        play.judge(0);
    });
}

// B6: 401/403 for ever (revoked key, KYC lock) · ≤N tries, then paused with alert; no lock-out.
#[test]
fn b06_keys_that_are_revoked_cost_few_requests_and_are_told() {
    let _row = row!();
    each(&["401", "403"], |status| {
        let play = Scene::default().set("kpay", "observe_every = \"1s\"").open();
        let daemon = play.daemon(Memory::Fresh);
        play.until("it has moved", |books| books.transfers.len() == 1);
        play.faults(&[&format!("any:http-{status}-before@always")]);
        let before = play.merchant.bank().requests().len();
        std::thread::sleep(std::time::Duration::from_secs(5));
        let requests = play.merchant.bank().requests();
        let tokens = requests[before..].iter().filter(|request| request.path.ends_with("/token")).count();
        let asked = requests.len() - before;
        assert!(asked <= 16 && tokens <= 4, "{status}: {asked} requests in 5 s, {tokens} for tokens");
        assert_eq!(daemon.get("/readyz").0, 503, "{status}");
        let status_told = play.merchant.treasuryd(&["status"]);
        assert!(status_told.stdout.contains("KPay") || status_told.stdout.contains(status), "{status_told:?}");
        drop(daemon);
        play.settle_by(1, 1, Play::once_now);
    });
}

// B9: restart loop spends the request budget · budget persisted or slow start: any 60 s ≤ the limit.
#[test]
fn b09_a_restart_loop_keeps_the_budget() {
    let _row = row!();
    let mut play = Scene::default().set("kpay", "requests_per_minute = 12\nobserve_every = \"1s\"").open();
    play.per_minute = 12;
    let asked = || play.merchant.bank().requests().len();
    for round in 0.. {
        let daemon = play.daemon(Memory::Fresh);
        std::thread::sleep(std::time::Duration::from_millis(400));
        drop(daemon);
        if round >= 10 && (asked() >= 8 || round >= 40) {
            break;
        }
    }
    assert!(asked() >= 8, "a loop that asks nothing proves nothing");
    assert!(play.merchant.bank().busiest_minute() <= 12, "{}", play.merchant.bank().busiest_minute());
    assert_eq!(play.books().applied_twice.len(), 0);
}

// B4: JWT expires mid-run (401 on POST) · one refresh, same bytes again.
#[test]
fn b04_a_token_that_runs_out_costs_one_refresh() {
    let _row = row!();
    let rows = [vec!["401"], vec!["ok", "401"], vec!["overview:401"], vec!["401", "lost-after-apply"]];
    let rows: Vec<_> = MEMORIES.iter().flat_map(|memory| rows.iter().map(|rules| (*memory, rules.clone()))).collect();
    each(&rows, |(memory, rules)| {
        let play = Scene { memory: *memory, ..Scene::two() }.open();
        let before = play.books().counters.tokens;
        play.faults(rules);
        play.once().with_code(0);
        assert_eq!(play.books().counters.tokens - before, 2, "{rules:?}");
        play.settle(2, 2);
    });
}

// B4, B6: a 401 also to a fresh token is no verdict on the transfer, and no reason to knock on.
#[test]
fn b04_a_401_for_ever_is_left_alone() {
    let _row = row!();
    let play = Scene::default().open();
    play.faults(&["401=always"]);
    play.once().with_code(75);
    play.expect("GAB", "planned", "");
    assert!(play.books().counters.tokens <= 8, "{:?}", play.books().counters);
    play.settle(0, 1);
    play.expect("GAB", "applied", "response");
}

// B5: `expiresIn` "30m", 1800, 0, −1, "abc" · refresh early by margin; refuse nonsense; no loop. (1 MB token: kpay's own
// tests.)
#[test]
fn b05_whatever_a_token_says_of_its_life_there_is_no_loop() {
    let _row = row!();
    let lives = [
        "\"30m\"",
        "1800",
        "0",
        "-1",
        "\"abc\"",
        "null",
        "{}",
        "[]",
        "\"\"",
        "\"1e9\"",
        "99999999999999999999",
        "1.5",
        "\"-30m\"",
    ];
    each(&lives, |life| {
        let play = Scene::two().open();
        play.faults(&[&format!("expires-in={life}@always")]);
        play.once().with_code(0);
        assert!(play.books().counters.tokens <= 2, "{life}: {:?}", play.books().counters);
        play.settle(2, 2);
    });
}

// B5, over many steps of one daemon: a token that says nothing of use is renewed once a minute at most.
#[test]
fn b05_a_daemon_does_not_fetch_tokens_without_end() {
    let _row = row!();
    let play = Scene::default().set("kpay", "observe_every = \"1s\"").open();
    play.faults(&["expires-in=-1@always"]);
    let mut daemon = play.daemon(Memory::Fresh);
    play.until("it read often", |books| books.counters.requests >= 9);
    daemon.signal("TERM");
    daemon.wait(PATIENCE);
    drop(daemon);
    assert!(play.books().counters.tokens <= 2, "{:?}", play.books().counters);
    play.settle_by(1, 1, Play::once_now);
}
