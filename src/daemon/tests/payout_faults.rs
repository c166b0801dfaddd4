//! Payouts when things go wrong: webhooks that come at odd moments, ends before the reply, and what people see and find.

use super::payouts::{PayDay, pay_day};
use super::*;
use crate::daemon::FindingRequest;
use crate::model::OperatorStatus;

async fn reply(day: &PayDay, reply: &'static str, seconds: i64) {
    *day.bank.reply.lock().unwrap() = reply;
    day.later(seconds).await;
}

/// After a lost reply and a 409: KPay has it under an id that nobody told us.
async fn called() -> PayDay {
    let day = pay_day(50_000, "lost").await;
    day.go().await;
    reply(&day, "conflict", 5).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["needs_operator"], (2, 0)));
    day
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_within_two_seconds_of_one_are_not_taken() {
    let day = called().await;
    day.say(None);
    for kpay_id in ["wdr_a", "wdr_b", "wdr_c"] {
        day.hint(kpay_id);
    }
    day.go().await;
    day.later(3).await;
    day.hint("wdr_d");
    day.go().await;
    assert_eq!(*day.bank.asked.lock().unwrap(), ["wdr_a", "wdr_a", "wdr_d"]);
}

/// KPay takes a failed withdrawal's id again, so that one of two attempts may have failed and the other been paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_withdrawal_ends_ours_only_where_no_other_attempt_can_have_been_taken() {
    let day = called().await;
    day.say(Some("FAILED"));
    day.hint("wdr_1");
    day.later(1).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["rejected"], (2, 1)), "the 409 was no second withdrawal");

    for status in ["FAILED", "CANCELLED"] {
        let day = pay_day(50_000, "lost").await;
        day.go().await;
        day.later(5).await;
        reply(&day, "conflict", 10).await;
        assert_eq!((day.outcomes(), day.counts()), (vec!["needs_operator"], (3, 0)));
        day.say(Some(status));
        day.hint("wdr_1");
        day.later(3).await;
        assert_eq!(day.outcomes(), ["needs_operator"], "{status} of one of two");
        assert!(day.all()[0].holds, "{status}");
        assert!(day.engine.problems().iter().any(|it| it.contains("another one may have been paid")), "{status}");
        day.say(Some("COMPLETED"));
        day.hint("wdr_2");
        day.later(3).await;
        assert_eq!((day.outcomes(), day.counts().0), (vec!["applied"], 3));
    }
}

/// KPay tells by webhook once: also while the request is under way whose answer then gets lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hint_that_comes_before_the_reply_is_lost_is_kept() {
    let day = pay_day(50_000, "lost").await;
    *day.bank.hint_meanwhile.lock().unwrap() = Some((day.engine.clone(), "wdr_1"));
    day.say(Some("COMPLETED"));
    day.go().await;
    day.later(1).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["applied"], (1, 1)), "found without another request");
}

/// Leaves the source alone, as after a reading that failed.
fn rest(day: &PayDay) {
    let until = day.clock.now() + TimeDelta::seconds(59);
    day.engine.world().rests.insert(WalletId::of(Country::CMR).unwrap(), (until, 6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_does_not_wait_for_its_sources_rest() {
    let day = pay_day(50_000, "PENDING").await;
    day.engine.decide(None).await.unwrap();
    rest(&day);
    day.go().await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["planned"], (0, 0)), "a rest lets nothing go");
    day.later(60).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["sending"], (1, 0)));
    rest(&day);
    let next = day.engine.next_work_at().unwrap() - day.clock.now();
    assert!(next <= TimeDelta::seconds(3), "{next}");
    day.say(Some("COMPLETED"));
    day.later(4).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["applied"], (1, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_a_crash_between_the_request_and_its_reply_is_asked_again_with_the_same_bytes() {
    for (answer, outcome) in [("PENDING", "sending"), ("COMPLETED", "applied"), ("conflict", "needs_operator")] {
        let mut day = pay_day(50_000, "hang").await;
        day.engine.decide(None).await.unwrap();
        let cut_off = tokio::time::timeout(std::time::Duration::from_millis(500), day.engine.carry_out()).await;
        assert!(cut_off.is_err() && day.outcomes() == ["sending"], "{answer}");
        while Arc::strong_count(&day.engine) > 1 {
            tokio::task::yield_now().await;
        }
        day.restart().await;
        assert_eq!(day.outcomes(), ["unknown"], "{answer}");
        *day.bank.reply.lock().unwrap() = answer;
        day.engine.carry_out().await.unwrap();
        assert_eq!((day.outcomes(), day.counts()), (vec![outcome], (2, 0)), "{answer}");
        let sent = day.bank.sent.lock().unwrap();
        assert_eq!(sent[0], sent[1], "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_is_shown_while_it_is_under_way_and_after() {
    let day = pay_day(50_000, "PENDING").await;
    day.go().await;
    let shown = day.engine.status();
    let [open] = &shown.open[..] else { panic!("{:?}", shown.open) };
    assert_eq!((open.kind.as_str(), open.state.as_str(), open.attempts), ("payout", "sending", 1));
    assert_eq!(open.to.to_string(), "MTN_MOMO_CMR:237653456789");
    assert_eq!((open.kpay_id.as_deref(), open.evidence.as_deref()), (Some("wdr_1"), None));
    assert_eq!(open.detail, "KPay says PENDING (wdr_1)");
    let wallet = &shown.balances[0];
    assert_eq!((wallet.wallet, wallet.held), (Country::CMR, Amount::whole(50_000)));
    day.say(Some("COMPLETED"));
    day.later(4).await;
    let shown = day.engine.status();
    assert!(shown.open.is_empty(), "{:?}", shown.open);
    let over = &shown.last_transfers[0];
    assert_eq!((over.state.as_str(), over.evidence.as_deref()), ("applied", Some("status")));
    assert_eq!((over.reference.as_deref(), over.credited, over.fee), (Some("WDR-1"), None, None));
}

fn finding(day: &PayDay, applied: bool) -> FindingRequest {
    FindingRequest {
        external_id: day.all()[0].intent.external_id.to_string(),
        applied,
        amount: applied.then_some(Amount::whole(50_000)),
        rate: None,
        credited: applied.then_some(Amount::whole(47_500)),
        fee: None,
        reference: applied.then(|| "KPAY-WD-1".to_owned()),
        by: "awa".to_owned(),
        note: "seen at KPay".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_finds_how_a_payout_ended() {
    let day = pay_day(50_000, "PENDING").await;
    day.go().await;
    let refused = day.engine.resolve(&finding(&day, true)).await.unwrap_err().to_string();
    assert!(refused.contains("KPay has it in hand"), "{refused}");

    let day = called().await;
    let found = day.engine.resolve(&finding(&day, true)).await.unwrap();
    // KPay kept 2,500 of it: what arrived is what the person says, not the amount.
    assert_eq!((found.state.as_str(), found.credited), ("applied", Some(Amount::whole(47_500))));
    assert_eq!((found.evidence.as_deref(), found.reference.as_deref()), (Some("operator"), Some("KPAY-WD-1")));

    let day = called().await;
    let found = day.engine.resolve(&finding(&day, false)).await.unwrap();
    assert_eq!((found.state.as_str(), found.credited), ("rejected", None));
    day.say(Some("COMPLETED"));
    day.hint("wdr_1");
    day.later(60).await;
    assert_eq!((day.outcomes(), day.counts()), (vec!["rejected"], (2, 0)), "what is closed is not asked about");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kpay_kept_is_a_persons_finding_too() {
    for (fee, refused) in [("2500", None), ("0", None), ("-1", Some("--fee")), ("50000", Some("--fee"))] {
        let day = called().await;
        let fee: Amount = fee.parse().unwrap();
        let wish = FindingRequest { fee: Some(fee), credited: None, ..finding(&day, true) };
        match (day.engine.resolve(&wish).await, refused) {
            (Ok(found), None) => assert_eq!((found.state.as_str(), found.fee), ("applied", Some(fee))),
            (Err(error), Some(says)) => assert!(error.to_string().contains(says), "{error}"),
            (other, _) => panic!("{fee}: {other:?}"),
        }
    }
}

/// A 201 with an id that is not the withdrawal's: no question ends it, so that a person must be able to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_that_kpay_does_not_know_is_ended_by_a_person() {
    let astray = Some("no such withdrawal");
    let day = pay_day(50_000, "PENDING").await;
    day.go().await;
    for (status, minutes, says) in [
        (astray, 14, "KPay has it in hand and is asked"),
        (None, 2, "could not be asked"),
        (Some("PENDING"), 1, "says PENDING of it"),
    ] {
        day.say(status);
        day.later(minutes * 60).await;
        let refused = day.engine.resolve(&finding(&day, true)).await.unwrap_err().to_string();
        assert!(refused.contains(says) && day.outcomes() == ["sending"], "{refused}");
    }
    day.say(astray);
    let found = day.engine.resolve(&finding(&day, true)).await.unwrap();
    assert_eq!((found.state.as_str(), found.evidence.as_deref()), ("applied", Some("operator")));
    assert_eq!(day.counts().0, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i18_a_withdrawal_that_kpay_does_not_know_calls_a_person_after_resend_for() {
    let rows = [
        (None, "run", [("sending", 0), ("sending", 400), ("sending", 400)]),
        (Some("PENDING"), "run", [("sending", 0), ("sending", 400), ("sending", 400)]),
        (Some("no such withdrawal"), "run", [("sending", 0), ("sending", 400), ("needs_operator", 400)]),
        (Some("no such withdrawal"), "once", [("needs_operator", 0), ("needs_operator", 400), ("needs_operator", 400)]),
    ];
    for (status, command, then) in rows {
        let day = pay_day(50_000, "PENDING").await;
        day.engine.begin(command).await.unwrap();
        day.go().await;
        day.say(status);
        *day.clock.0.lock().unwrap() += TimeDelta::hours(6);
        for (outcome, seconds) in then {
            day.later(seconds + 1).await;
            assert_eq!(day.outcomes(), [outcome], "{status:?} {command} {seconds}");
            assert!(day.all()[0].holds, "the funds stay held");
        }
        assert_eq!(day.counts().0, 1, "nothing is sent again");
    }
}

/// KPay took it in hand while the clock was ten days ahead: that keeps nobody from it until those days are over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i18_a_clock_that_was_ahead_keeps_no_person_from_a_withdrawal_that_kpay_does_not_know() {
    let day = pay_day(50_000, "PENDING").await;
    day.engine.begin("run").await.unwrap();
    day.go().await;
    day.say(Some("no such withdrawal"));
    *day.clock.0.lock().unwrap() -= TimeDelta::days(10);
    *day.bank.ahead.lock().unwrap() = Some(0);
    for (hours, outcome) in [(0, "sending"), (6, "sending"), (0, "needs_operator")] {
        *day.clock.0.lock().unwrap() += TimeDelta::hours(hours);
        day.later(401).await;
        assert_eq!(day.outcomes(), [outcome], "{hours}");
    }
    let found = day.engine.resolve(&finding(&day, false)).await.unwrap();
    assert_eq!(found.state, "rejected");
}

/// A glance of a clock that stands years before KPay's makes no withdrawal old.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i18_a_clock_that_was_behind_calls_nobody_for_a_new_withdrawal() {
    let day = pay_day(50_000, "PENDING").await;
    day.engine.begin("run").await.unwrap();
    day.go().await;
    day.say(Some("no such withdrawal"));
    let years = TimeDelta::days(20_000);
    *day.clock.0.lock().unwrap() -= years;
    *day.bank.ahead.lock().unwrap() = Some(-years.num_seconds());
    day.later(5).await;
    *day.clock.0.lock().unwrap() += years;
    *day.bank.ahead.lock().unwrap() = Some(0);
    for _ in 0..5 {
        day.later(401).await;
        assert_eq!(day.outcomes(), ["sending"]);
    }
}

/// Taken in hand by a clock that was ahead: nothing can be found before KPay was asked for long enough by the right one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_waits_for_kpay_also_after_a_clock_that_was_ahead() {
    let day = pay_day(50_000, "PENDING").await;
    day.engine.begin("run").await.unwrap();
    day.go().await;
    day.say(Some("no such withdrawal"));
    *day.clock.0.lock().unwrap() -= TimeDelta::hours(1);
    *day.bank.ahead.lock().unwrap() = Some(0);
    for (minutes, refused) in [(1, true), (13, true), (3, false)] {
        day.later(minutes * 60).await;
        let found = day.engine.resolve(&finding(&day, false)).await;
        assert_eq!(found.is_err(), refused, "{minutes}: {found:?}");
    }
}

/// One that KPay took in hand and that came back by a person's word: the wallet shows what it had, and that is not stale.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_is_not_stale_once_a_person_found_that_the_money_is_back() {
    let day = pay_day(50_000, "PENDING").await;
    day.go().await;
    *day.bank.strange.lock().unwrap() = Some("its fee is more than it".to_owned());
    day.say(Some("FAILED"));
    day.later(4).await;
    assert_eq!(day.outcomes(), ["needs_operator"]);
    let marks = || day.engine.store().with_state(|state| state.standing.outflows.len());
    assert_eq!(marks(), 1);
    day.engine.resolve(&finding(&day, false)).await.unwrap();
    assert_eq!(marks(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payouts_are_counted_to_whoever_is_outside() {
    let day = pay_day(50_000, "PENDING").await;
    day.go().await;
    day.say(Some("COMPLETED"));
    day.later(4).await;
    let text = day.engine.metrics.render(&day.engine.status()).unwrap();
    for (series, value) in [
        ("transfers_total{from=\"CMR\",outcome=\"applied\",policy=\"pay\",to=\"PAY\"}", "1"),
        ("transferred_amount_total{currency=\"XAF\",from=\"CMR\",policy=\"pay\",to=\"PAY\"}", "50000"),
    ] {
        assert!(text.contains(&format!("treasuryd_{series} {value}\n")), "{series}: {text}");
    }
    assert!(!text.contains("237653456789"), "nobody's number is in a metric");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payouts_decision_is_made_again_with_what_kpay_said_of_its_operators_then() {
    let day = pay_day(50_000, "PENDING").await;
    day.go().await;
    *day.bank.operator.lock().unwrap() = OperatorStatus::Closed;
    assert_eq!(make_decisions_again(&day.engine), 1);
}
