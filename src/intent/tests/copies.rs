//! What a copy of the state proves: nothing about a slot that was before it was seen to be one.

use super::*;
use crate::intent::CopySign;

/// Whether records prove the amount of an intent for a slot at second 0 of a state that was a copy at some second, and the
/// outcome of a lost attempt and a 409 on it, with a source that fell by nothing or by exactly ours.
fn check(journal_before_slot: bool, copied_at: Option<i64>, balance_after: &str, proves: bool, outcome: Outcome) {
    let intent = intent(Country::CMR, 1, journal_before_slot);
    let mut state = State::default();
    let copied = Event::Copied { sign: CopySign::AnotherFile };
    if let Some(second) = copied_at.filter(|second| *second <= 0) {
        state.apply(instant(second), &copied).unwrap();
    }
    let tracked = state.apply(instant(1), &decided(vec![intent.clone()])).unwrap().remove(0);
    let tracked = attempt(&mut state, &tracked, 2);
    let events = verdict(&tracked, &lost()).unwrap();
    let tracked = state.apply(instant(3), &events[0]).unwrap().remove(0);
    if let Some(second) = copied_at.filter(|second| *second > 0) {
        state.apply(instant(second), &copied).unwrap();
    }
    assert_eq!(state.journal_proves(&intent), proves, "{journal_before_slot}, copied {copied_at:?}");
    let sending = attempt(&mut state, &tracked, 300);
    let evidence = ConflictEvidence {
        balance_after: Some(balance_after.parse().unwrap()),
        journal_proves: state.journal_proves(&intent),
    };
    let tracked = state.apply(instant(301), &conflict_verdict(&sending, "409", evidence)).unwrap().remove(0);
    assert_eq!(tracked.outcome, outcome, "{journal_before_slot}, copied {copied_at:?}, then {balance_after}");
    if outcome == Outcome::NeedsOperator {
        assert!(tracked.holds && !tracked.amount_is_ours && tracked.facts.is_none());
        assert_eq!(tracked.detail.contains("copied or put back"), journal_before_slot, "{}", tracked.detail);
    }
}

#[test]
fn d05_a_copy_proves_no_amount_for_a_slot_that_was_before_it() {
    use Outcome::{Applied, NeedsOperator};
    const UNMOVED: &str = "330000";
    const OURS_LESS: &str = "100000";
    check(true, None, UNMOVED, true, Applied);
    // Copied before the slot: its records are from before the slot as any other's.
    check(true, Some(-1), UNMOVED, true, Applied);
    check(true, Some(0), UNMOVED, false, NeedsOperator);
    check(true, Some(0), OURS_LESS, false, Applied);
    check(true, Some(200), UNMOVED, false, NeedsOperator);
    check(true, Some(200), OURS_LESS, false, Applied);
    check(false, Some(-1), UNMOVED, false, NeedsOperator);
    check(false, Some(-1), OURS_LESS, false, Applied);
}

#[test]
fn d05_a_clock_that_stepped_back_makes_a_copy_no_older_than_its_records() {
    let mut state = State::default();
    state.apply(instant(10), &Event::Alive).unwrap();
    state.apply(instant(-3_600), &Event::Copied { sign: CopySign::NothingRemembered }).unwrap();
    assert_eq!(state.copied_at, Some(instant(10)));
    assert!(!state.journal_proves(&intent(Country::CMR, 1, true)));
    state.apply(instant(20), &Event::Copied { sign: CopySign::NothingRemembered }).unwrap();
    assert_eq!(state.copied_at, Some(instant(20)));
}
