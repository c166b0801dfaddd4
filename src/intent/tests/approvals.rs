//! Approvals as tables: whose word counts, when it is enough, and what is held meanwhile.

use super::*;

fn terms(approvers: u8, from: &[&str]) -> ApprovalTerms {
    ApprovalTerms {
        approvers,
        from: from.iter().map(|name| (*name).to_owned()).collect(),
        amount: Amount::whole(230_000),
        until: instant(6 * 3600),
    }
}

fn waiting(terms: ApprovalTerms) -> (State, Tracked) {
    after(&Intent { approval: Some(terms), ..intent(Country::CMR, 1, true) }, &[])
}

fn approved(tracked: &Tracked, by: &str) -> Event {
    Event::Approved { external_id: tracked.intent.external_id.clone(), by: by.to_owned(), note: String::new() }
}

fn declined(tracked: &Tracked, by: &str) -> Event {
    Event::Declined { external_id: tracked.intent.external_id.clone(), by: by.to_owned(), note: "no".to_owned() }
}

/// Where an intent stands after some people said yes, and whether its lane and funds are held.
fn check(approvers: u8, from: &[&str], said: &[&str], outcome: Outcome) {
    let (mut state, mut tracked) = waiting(terms(approvers, from));
    assert_eq!(tracked.outcome, Outcome::AwaitingApproval);
    for (second, by) in (10..).zip(said) {
        tracked = state.apply(instant(second), &approved(&tracked, by)).unwrap().remove(0);
    }
    assert_eq!(tracked.outcome, outcome, "{approvers} of {from:?}: {said:?}");
    let hold = state.standing.holds.values().next().unwrap();
    assert_eq!((hold.outcome.as_str(), hold.counted), (outcome.word(), false));
    assert_eq!(state.count(outcome), 1);
    let used: Vec<_> = state.standing.day_used.values().collect();
    assert_eq!(used, [&Amount::whole(230_000)], "what waits counts for the day");
}

#[test]
fn it_waits_until_enough_have_approved() {
    use Outcome::{AwaitingApproval, Planned};
    check(1, &[], &[], AwaitingApproval);
    check(1, &[], &["awa"], Planned);
    check(2, &[], &["awa"], AwaitingApproval);
    check(2, &[], &["awa", "brice"], Planned);
    check(3, &["awa", "brice", "chantal"], &["Chantal", "AWA"], AwaitingApproval);
    check(3, &["awa", "brice", "chantal"], &["Chantal", "AWA", " brice"], Planned);
}

#[test]
fn a_word_that_does_not_count_is_no_event() {
    let cases: [(&[&str], &[&str], &str); 6] = [
        (&[], &["awa"], "Awa"),
        (&[], &["Awa  Diop"], " awa diop "),
        (&[], &["STRASSE"], "straße"),
        (&["awa", "brice"], &[], "mallory"),
        (&["awa", "brice"], &["awa"], "AWA"),
        (&[], &[], "  "),
    ];
    for (from, said, by) in cases {
        let (mut state, mut tracked) = waiting(terms(3, from));
        for earlier in said {
            tracked = state.apply(instant(10), &approved(&tracked, earlier)).unwrap().remove(0);
        }
        assert!(may_approve(&tracked, by).is_err(), "{by:?} after {said:?}");
        let result = state.apply(instant(20), &approved(&tracked, by));
        assert!(matches!(result, Err(IllegalEvent::Approval { .. })), "{by:?}: {result:?}");
    }
    let (_, unasked) = after(&intent(Country::CMR, 1, true), &[]);
    assert_eq!(may_approve(&unasked, "awa"), Err(NotAllowed::NoTerms));
    assert_eq!(may_decide(&waiting(terms(1, &["awa"])).1, "awa"), Ok(()));
}

#[test]
fn a_refusal_gives_lane_funds_and_day_back() {
    for already in [&[][..], &["awa"]] {
        let (mut state, mut tracked) = waiting(terms(2, &[]));
        for by in already {
            tracked = state.apply(instant(10), &approved(&tracked, by)).unwrap().remove(0);
        }
        let ended = state.apply(instant(20), &declined(&tracked, "brice")).unwrap().remove(0);
        assert_eq!((ended.outcome, ended.holds), (Outcome::Cancelled, false));
        assert_eq!(ended.detail, "rejected by brice: no");
        assert!(state.open.is_empty() && state.standing.holds.is_empty());
        assert_eq!(state.standing.day_used.values().copied().collect::<Vec<_>>(), [Amount::ZERO]);
    }
}

#[test]
fn what_waits_is_never_attempted_and_what_is_approved_is_not_refused() {
    let (mut state, tracked) = waiting(terms(1, &[]));
    let attempt =
        Event::Attempted { external_id: tracked.intent.external_id.clone(), attempt: 1, balance_before: None };
    assert!(matches!(state.apply(instant(10), &attempt), Err(IllegalEvent::Step { .. })));
    let (mut state, tracked) = waiting(terms(1, &[]));
    let planned = state.apply(instant(10), &approved(&tracked, "awa")).unwrap().remove(0);
    assert!(matches!(state.apply(instant(11), &declined(&planned, "awa")), Err(IllegalEvent::Step { .. })));
}

#[test]
fn it_says_what_it_waits_for() {
    let (mut state, tracked) = waiting(terms(2, &["awa", "brice"]));
    assert_eq!(tracked.waiting_for().unwrap(), "0 of 2 approvals from awa, brice; waits until 2026-11-24T23:00:00Z");
    let tracked = state.apply(instant(10), &approved(&tracked, "awa")).unwrap().remove(0);
    assert_eq!(
        tracked.waiting_for().unwrap(),
        "1 of 2 approvals (by awa) from awa, brice; waits until 2026-11-24T23:00:00Z"
    );
    let tracked = state.apply(instant(20), &approved(&tracked, "brice")).unwrap().remove(0);
    assert_eq!(tracked.waiting_for(), None);
}

/// An approved intent is not sent where nobody can say what its policy would do now.
#[test]
fn without_policies_an_approved_intent_waits() {
    let (mut state, tracked) = waiting(terms(1, &[]));
    let planned = state.apply(instant(10), &approved(&tracked, "awa")).unwrap().remove(0);
    let around = || Around::at(instant(30), [(wallet(Country::GAB), 330_000)]);
    assert!(matches!(around().ask(&state, &planned), Gate::Wait(_)));
    assert!(matches!(around().under(&PolicySet::default()).ask(&state, &planned), Gate::Cancel(_)));
}
