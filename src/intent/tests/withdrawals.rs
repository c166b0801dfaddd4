//! Withdrawals: what each of KPay's words means, what is held meanwhile, and when it is asked next.

use super::*;
use crate::money::Currency;
use crate::plan::LastOutflow;

const RULES: RetryRules = RetryRules { resend_for: TimeDelta::hours(6) };

fn payout() -> Intent {
    let payee: Payee = "MTN_MOMO_CMR:237653456789".parse().unwrap();
    let lane = Lane::payout(wallet(Country::CMR), payee);
    Intent { kind: Kind::Payout, lane, ..intent(Country::CMR, 1, false) }
}

fn said(status: &str, strange: Option<&str>) -> Withdrawal {
    Withdrawal {
        kpay_id: "wdr_1".to_owned(),
        status: status.to_owned().into(),
        facts: AppliedFacts { credited: None, ..facts() },
        failure: String::new(),
        strange: strange.map(str::to_owned),
    }
}

fn accepted(status: &str) -> Reply {
    Reply::Accepted(said(status, None))
}

/// What KPay says when it is asked, played on a story.
fn told(replies: &[Reply], words: &[(&str, Option<&str>)]) -> (State, Tracked) {
    let (mut state, mut tracked) = after(&payout(), replies);
    for (second, (status, strange)) in (1_000..).zip(words) {
        let another = another_in_doubt(&tracked, &RULES);
        for event in withdrawal_events(&tracked, &said(status, *strange), Evidence::Status, another) {
            tracked = state.apply(instant(second), &event).unwrap().remove(0);
        }
    }
    (state, tracked)
}

fn used_of_day(state: &State, tracked: &Tracked) -> Amount {
    state.standing.day_used[&tracked.intent.day_key().unwrap()]
}

#[test]
fn what_each_word_means() {
    use Outcome::{Applied, NeedsOperator, Rejected, Sending};
    let pending = [accepted("PENDING")];
    let check = |replies: &[Reply], words: &[(&str, Option<&str>)], outcome, holds| {
        let (state, tracked) = told(replies, words);
        assert_eq!((tracked.outcome, tracked.holds), (outcome, holds), "{replies:?} {words:?}");
        assert_eq!(state.standing.holds.is_empty(), !holds, "{words:?}");
        let counts = if outcome == Rejected { Amount::ZERO } else { tracked.intent.amount };
        assert_eq!(used_of_day(&state, &tracked), counts, "{words:?}");
        (state, tracked)
    };
    check(&[accepted("COMPLETED")], &[], Applied, false);
    check(&[accepted("FAILED")], &[], Rejected, false);
    check(&pending, &[], Sending, true);
    check(&pending, &[("PENDING", None), ("PROCESSING", None), ("ON_HOLD", None)], Sending, true);
    check(&pending, &[("PROCESSING", None), ("COMPLETED", None)], Applied, false);
    check(&pending, &[("FAILED", None)], Rejected, false);
    check(&pending, &[("CANCELLED", None)], Rejected, false);
    check(&pending, &[("PENDING", Some("its amount is 1"))], Sending, true);
    for end in ["COMPLETED", "FAILED", "CANCELLED"] {
        let (_, tracked) = check(&pending, &[(end, Some("its amount is 1"))], NeedsOperator, true);
        assert!(!tracked.amount_is_ours && tracked.detail.contains("its amount is 1"), "{}", tracked.detail);
    }
    // The reply was lost, KPay knows the id, and a webhook said which withdrawal it is.
    check(&[lost(), conflict()], &[], NeedsOperator, true);
    check(&[lost(), conflict()], &[("PENDING", None)], Sending, true);
    check(&[lost(), conflict()], &[("COMPLETED", None)], Applied, false);
    check(&[lost()], &[("FAILED", None)], Rejected, false);
    check(&[conflict()], &[], NeedsOperator, false);
    check(&[conflict()], &[("PENDING", None)], Sending, true);
}

/// KPay takes the id of a failed withdrawal again: a request before it that got no answer may arrive after all.
#[test]
fn i03_a_failed_one_is_no_end_while_another_request_got_no_answer() {
    use Outcome::{Applied, NeedsOperator, Rejected, Sending};
    let check = |replies: &[Reply], words: &[(&str, Option<&str>)], outcome| {
        let (state, tracked) = told(replies, words);
        assert_eq!(tracked.outcome, outcome, "{replies:?} {words:?}");
        let called = outcome == NeedsOperator;
        assert_eq!(tracked.holds, called || outcome == Sending, "{replies:?} {words:?}");
        assert_eq!(state.standing.holds.is_empty(), !tracked.holds, "{replies:?} {words:?}");
        assert_eq!(
            tracked.detail.contains("another request under this id got no answer"),
            called,
            "{}",
            tracked.detail
        );
        assert!(tracked.amount_is_ours || !called, "no other bytes were ever sent");
    };
    let second = [lost(), accepted("PENDING")];
    for end in ["FAILED", "CANCELLED"] {
        check(&second, &[("PROCESSING", None), (end, None)], NeedsOperator);
        check(&[lost(), accepted(end)], &[], NeedsOperator);
        check(&[lost(), lost()], &[("PENDING", None), (end, None)], NeedsOperator);
        // What never left cannot arrive; what was answered by a 409 is over; an only request is the one that ended.
        check(&[not_sent(), accepted("PENDING")], &[(end, None)], Rejected);
        check(&[lost(), conflict()], &[("PENDING", None), (end, None)], Rejected);
        check(&[lost()], &[("PENDING", None), (end, None)], Rejected);
    }
    check(&second, &[("PROCESSING", None)], Sending);
    check(&second, &[("PROCESSING", None), ("COMPLETED", None)], Applied);
}

#[test]
fn what_is_nothing_new_is_no_record() {
    let (_, tracked) = told(&[accepted("PENDING")], &[("PROCESSING", None)]);
    assert_eq!(withdrawal_events(&tracked, &said("PROCESSING", None), Evidence::Status, false), []);
}

/// A balance from before the payout must not be taken for a new one; one that is back may be.
#[test]
fn the_wallet_is_stale_from_acceptance_until_it_moves_or_the_money_is_back() {
    let before = |at| LastOutflow { before: Amount::whole(330_000), applied_at: instant(at) };
    let check = |replies: &[Reply], words: &[(&str, Option<&str>)], expected: Option<LastOutflow>| {
        let (state, _) = told(replies, words);
        assert_eq!(state.standing.outflows.get(&wallet(Country::CMR)).copied(), expected, "{replies:?} {words:?}");
    };
    let pending = [accepted("PENDING")];
    check(&pending, &[], Some(before(62)));
    check(&pending, &[("COMPLETED", None)], Some(before(62)));
    check(&pending, &[("FAILED", None)], None);
    check(&[lost(), conflict()], &[("PENDING", None)], Some(before(1_000)));
    // It left before our vain attempt, whose reading showed that already.
    check(&[conflict()], &[("PENDING", None)], None);
}

/// A later move's mark stays, also where that began with the very same figure: a reading may not show it yet.
#[test]
fn what_comes_back_takes_only_its_own_mark_away() {
    let (mut state, tracked) = told(&[accepted("PENDING")], &[]);
    let later = LastOutflow { before: Amount::whole(330_000), applied_at: instant(500) };
    state.standing.outflows.insert(wallet(Country::CMR), later);
    for event in withdrawal_events(&tracked, &said("FAILED", None), Evidence::Status, false) {
        state.apply(instant(1_000), &event).unwrap();
    }
    assert_eq!(state.standing.outflows.get(&wallet(Country::CMR)), Some(&later));
}

#[test]
fn kpay_is_asked_after_growing_pauses_for_as_long_as_it_takes() {
    let (_, tracked) = told(&[accepted("PENDING")], &[]);
    let check = |asked, last: Option<i64>, now, next| {
        let at = next_poll_at(&tracked, asked, last.map(instant), instant(now));
        assert_eq!(at, Some(instant(next)), "{asked} {last:?} {now}");
    };
    check(0, None, 62, 65);
    check(1, Some(65), 66, 71);
    check(4, Some(200), 201, 248);
    check(5, Some(200), 201, 260);
    check(1_000, Some(3_000), 3_001, 3_060);
    check(1_000, Some(4_000), 4_001, 4_300);
    // It was asked by a clock that was ahead: due at once.
    check(0, Some(9_000), 100, 100);
    for words in [[("COMPLETED", None)], [("FAILED", None)], [("COMPLETED", Some("its amount is 1"))]] {
        let (_, over) = told(&[accepted("PENDING")], &words);
        assert_eq!(next_poll_at(&over, 0, None, instant(2_000)), None, "{words:?}");
    }
    let (_, lost) = told(&[lost()], &[]);
    assert_eq!(next_poll_at(&lost, 0, None, instant(2_000)), None);
}

/// As much as a payout may bring back to its wallet, and a transfer into its own.
#[test]
fn what_an_intent_may_bring_a_wallet_of_ours() {
    let into = |to, units| Some((wallet(to), Amount::whole(units)));
    let back = into(Country::CMR, 230_000);
    for (replies, words, expected) in [
        (vec![], vec![], None),
        (vec![not_sent()], vec![], None),
        (vec![refused()], vec![], None),
        (vec![lost()], vec![], back),
        (vec![conflict()], vec![], None),
        (vec![lost(), conflict()], vec![], back),
        (vec![accepted("PENDING")], vec![], back),
        (vec![accepted("PENDING")], vec![("COMPLETED", None)], None),
        (vec![accepted("PENDING")], vec![("FAILED", None)], back),
    ] {
        assert_eq!(told(&replies, &words).1.brings(), expected, "payout {replies:?} {words:?}");
    }
    let credited = |units| {
        let credited = Money { amount: Amount::whole(units), currency: Currency::XOF };
        Reply::Applied(AppliedFacts { credited: Some(credited), ..facts() })
    };
    let half: Rate = "0.5".parse().unwrap();
    for (to, rate, replies, expected) in [
        (Country::CMR, None, vec![lost()], into(Country::CMR, 230_000)),
        (Country::CMR, None, vec![lost(), conflict()], into(Country::CMR, 230_000)),
        (Country::CMR, None, vec![conflict()], None),
        (Country::CMR, None, vec![refused()], None),
        (Country::CMR, None, vec![applied()], into(Country::CMR, 230_000)),
        (Country::SEN, Some(half), vec![lost()], into(Country::SEN, 115_000)),
        (Country::SEN, None, vec![lost()], None),
        (Country::SEN, Some(half), vec![credited(114_000)], into(Country::SEN, 114_000)),
    ] {
        let (_, tracked) = after(&Intent { indicative_rate: rate, ..intent(to, 1, false) }, &replies);
        assert_eq!(tracked.brings(), expected, "{to} {rate:?} {replies:?}");
    }
    let (mut state, tracked) = after(&intent(Country::CMR, 1, false), &[]);
    assert_eq!(attempt(&mut state, &tracked, 10).brings(), into(Country::CMR, 230_000), "its answer is waited for");
}
