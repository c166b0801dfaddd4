//! A: was it applied? Replies that come, and are not what a success or a refusal looks like.

use super::stage::{MEMORIES, Scene, each};
use crate::played::row;
use treasuryd::money::Amount;
use treasuryd::sandbox::{CheckOrder, FailedIds, SandboxSettings, ShortStatus};

// A5: 201 with other externalId, amount, countries, or status FAILED/PENDING · do not book as success; hold; alert.
#[test]
fn a05_a_success_that_differs_is_not_believed() {
    let _row = row!();
    let fields = [
        "externalId",
        "externalId:",
        "amount",
        "amount:29999",
        "amount:300",
        "credit",
        "credit:0",
        "credit:-30000",
        "rate",
        "rate:0",
        "rate:-1",
        "sourceCountry",
        "destinationCountry",
        "currency",
        "destinationCurrency",
        "status",
        "status:PENDING",
        "status:CANCELLED",
    ];
    each(&fields, |field| {
        let play = Scene::default().open();
        play.faults(&[&format!("wrong-field={field}")]);
        play.once().with_code(0);
        let intent = play.expect("GAB", "applied", "conflict");
        assert_eq!(intent["attempts"], 2, "{field}: it was unknown, and asked again");
        play.settle(1, 1);
    });
}

// A5: while nobody knows, it is held, not booked, and said.
#[test]
fn a05_a_success_that_differs_is_held_and_said() {
    let _row = row!();
    let play = Scene::default().open();
    play.faults(&["wrong-field=externalId", "http-503=always"]);
    let ended = play.once().with_code(75);
    assert!(ended.stderr.contains("unsettled"), "{ended:?}");
    play.expect("GAB", "unknown", "");
    assert!(play.evidence().entries.is_empty());
    play.settle(1, 1);
}

// A14: definitive 4xx (funds, validation, limits) · terminal for this window, reason kept; next window has a new id.
#[test]
fn a14_a_refusal_of_a_first_attempt_ends_the_slot_and_not_the_next() {
    let _row = row!();
    let mut rows = Vec::new();
    for short_status in [ShortStatus::BadRequest, ShortStatus::Unprocessable] {
        for failed_ids in [FailedIds::Reusable, FailedIds::Burned] {
            for order in [CheckOrder::IdFirst, CheckOrder::BalanceFirst] {
                rows.push(SandboxSettings { short_status, failed_ids, order, ..SandboxSettings::default() });
            }
        }
    }
    each(&rows, |sandbox| {
        // What KPay shows is not there: somebody else spends in between.
        let scene = Scene { wallets: vec![("CMR", 0), ("GAB", 20_000)], sandbox: sandbox.clone(), ..Scene::default() };
        let play = scene.open();
        play.faults(&["balances:bad-balance=GAB:130000@always"]);
        play.once().with_code(0);
        let refused = play.expect("GAB", "rejected", "");
        assert!(refused["detail"].as_str().unwrap().contains("Insufficient balance"), "{refused:#}");
        play.settle(0, 0);
        play.merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(110_000)).unwrap();
        play.once_later(1).with_code(0);
        let next = play.expect("GAB", "applied", "response");
        assert_ne!(next["external_id"], refused["external_id"]);
        play.judge(1);
    });
}

// A14, all documented statuses; and with an earlier attempt that may have arrived the same words prove nothing (I3).
#[test]
fn a14_a_refusal_after_a_lost_reply_is_no_refusal() {
    let _row = row!();
    each(&["400", "403", "404", "422"], |status| {
        let refused = format!("message={status}:it cannot be");
        let play = Scene::default().open();
        play.faults(&[&refused]);
        play.once().with_code(0);
        play.expect("GAB", "rejected", "");
        play.settle(0, 0);
        let play = Scene::default().open();
        play.faults(&["lost-after-apply", &refused]);
        play.once().with_code(0);
        let intent = play.expect("GAB", "applied", "conflict");
        assert_eq!(intent["attempts"], 3, "{status}: after the refusal it was asked once more");
        play.settle(1, 1);
    });
}

// A15: 200 or 202 instead of 201 · accept only with a full matching body, else `unknown`: statuses 200–299, 3xx, 418, 999.
#[test]
fn a15_only_a_full_matching_body_is_a_success() {
    let _row = row!();
    let mut rows = vec![("status=200-after".to_owned(), "response"), ("status=202-after".to_owned(), "response")];
    rows.extend([203, 204, 205, 206, 207, 226, 299].map(|status| (format!("status={status}-after"), "conflict")));
    rows.extend([200, 201, 202, 204].map(|status| (format!("status={status}-before"), "response")));
    rows.extend([300, 303, 304, 399, 418, 451, 599, 600, 999].map(|status| (format!("status={status}"), "response")));
    each(&rows, |(rule, evidence)| {
        let play = Scene::default().open();
        play.faults(&[rule]);
        play.once().with_code(0);
        let intent = play.expect("GAB", "applied", evidence);
        let accepted = rule == "status=200-after" || rule == "status=202-after";
        assert_eq!(intent["attempts"], if accepted { 1 } else { 2 }, "{rule}");
        play.settle(1, 1);
    });
}

// A18: a middlebox delivers the POST twice · 1 entry; the answer seen may be 409: do not treat as foreign. (By the
// contract a 409 on a first attempt is a person's to judge; nothing is booked and the next slot is free.)
#[test]
fn a18_a_doubled_request_is_applied_once() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let play = Scene::with(*memory).open();
        play.faults(&["duplicate"]);
        play.once().with_code(75);
        let intent = play.expect("GAB", "needs_operator", "");
        play.settle(1, 1);
        let id = intent["external_id"].as_str().unwrap();
        let found =
            ["transfers", "resolve", id, "--applied", "--amount", "30000", "--by", "ada", "--note", "seen at KPay"];
        play.merchant.treasuryd(&found).with_code(0);
        play.expect("GAB", "applied", "operator");
        play.judge(1);
    });
}

// A19: keep-alive desync: answer of another request · compare echoed id; mismatch → `unknown`, drop the connection.
#[test]
fn a19_the_answer_to_another_request_is_nobodys() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let play = Scene { memory: *memory, ..Scene::two() }.open();
        play.faults(&["ok", "swap-reply"]);
        play.once().with_code(0);
        let how: Vec<_> = play.merchant.transfers().iter().map(|it| it["evidence"].to_string()).collect();
        assert!(how.contains(&"\"response\"".to_owned()) && how.contains(&"\"conflict\"".to_owned()), "{how:?}");
        play.settle(2, 2);
    });
}

// A20: the client library retries POST by itself · off: one attempt per intent step.
#[test]
fn a20_one_request_an_attempt() {
    let _row = row!();
    let rules = ["lost-before", "lost-after-apply", "http-500", "cut-body=0", "429=1", "status=307", "empty-201"];
    each(&rules, |rule| {
        let play = Scene::default().open();
        play.faults(&[rule]);
        play.once().with_code(0);
        let attempts = play.intent("GAB")["attempts"].as_u64().unwrap();
        assert_eq!((attempts, play.books().counters.transfer_requests), (2, 2), "{rule}");
        play.settle(1, 1);
    });
}
