//! Falls that nobody explains, and what they do to a wallet and to what was to leave it.

use super::*;
use crate::money::Currency;

fn fell(second: i64, before: i64, after: i64, unexplained: i64, freezes: bool) -> Event {
    Event::Fell {
        wallet: wallet(Country::GAB),
        taken_at: instant(second),
        before: Amount::whole(before),
        after: Amount::whole(after),
        unexplained: Amount::whole(unexplained),
        freezes,
    }
}

fn released() -> Event {
    Event::Released { wallet: wallet(Country::GAB), by: "awa".to_owned(), note: "a refund".to_owned() }
}

fn played(events: &[Event]) -> State {
    let mut state = State::default();
    for (second, event) in (1..).zip(events) {
        state.apply(instant(second), event).unwrap();
    }
    state
}

/// What the events leave: since which second it is frozen and by how much, and what it lost on the day.
fn check(events: &[Event], frozen: Option<(i64, i64)>, lost: i64) {
    let state = played(events);
    let found = state.standing.frozen.get(&wallet(Country::GAB));
    let found = found.map(|frozen| (frozen.since, frozen.unexplained));
    assert_eq!(found, frozen.map(|(since, by)| (instant(since), Amount::whole(by))), "{events:?}");
    assert_eq!(state.lost_on(wallet(Country::GAB), instant(0).date_naive()), Amount::whole(lost), "{events:?}");
    // What is kept in the index is the same.
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
}

#[test]
fn a_wallet_is_frozen_from_the_fall_that_freezes_it_until_it_is_released() {
    check(&[fell(5, 500, 400, 100, false)], None, 100);
    check(&[fell(5, 500, 400, 100, false), fell(6, 400, 350, 50, false)], None, 150);
    check(&[fell(5, 500, 400, 100, false), fell(6, 400, 350, 50, true)], Some((6, 50)), 150);
    check(&[fell(5, 500, 400, 100, true), fell(6, 400, 350, 50, true)], Some((5, 150)), 150);
    check(&[fell(5, 500, 400, 100, true), fell(6, 400, 350, 50, false)], Some((5, 100)), 150);
    check(&[fell(5, 500, 400, 100, true), released()], None, 0);
    check(&[fell(5, 500, 400, 100, true), released(), fell(6, 400, 350, 50, false)], None, 50);
    check(&[fell(5, 500, 400, 100, true), fell(86_400, 400, 350, 50, true)], Some((5, 150)), 0);
    check(&[released()], None, 0);
}

#[test]
fn the_newest_falls_are_remembered_and_no_more() {
    let falls: Vec<Event> = (1..=25).map(|at| fell(at, 500, 500 - at, at, false)).collect();
    let state = played(&falls);
    let kept: Vec<i64> = state.falls.iter().map(|fall| (fall.taken_at - instant(0)).num_seconds()).collect();
    assert_eq!(kept, (6..=25).rev().collect::<Vec<_>>());
}

/// A crash right after the record must not let the next start find the same fall again.
#[test]
fn the_last_reading_shows_the_fall_once_it_is_recorded() {
    let row =
        |available| BalanceRow { wallet: Country::GAB, currency: Currency::XAF, available: Amount::whole(available) };
    let seen = Event::Observed { taken_at: instant(1), balances: vec![row(500)] };
    assert_eq!(played(&[seen, fell(5, 500, 400, 100, false)]).balances, [row(400)]);
}

#[test]
fn what_was_never_attempted_does_not_leave_a_frozen_wallet() {
    for (country, events, goes) in [
        (Country::GAB, vec![], true),
        (Country::GAB, vec![fell(5, 500, 400, 100, false)], true),
        (Country::GAB, vec![fell(5, 500, 400, 100, true)], false),
        (Country::GAB, vec![fell(5, 500, 400, 100, true), released()], true),
        (Country::CMR, vec![fell(5, 500, 400, 100, true)], true),
    ] {
        let mut intent = intent(Country::COG, 1, true);
        intent.lane.from = wallet(country);
        let mut state = State::default();
        let tracked = state.apply(instant(1), &decided(vec![intent])).unwrap().remove(0);
        for event in &events {
            state.apply(instant(6), event).unwrap();
        }
        let caps = Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() };
        let gate = asked(&state, &tracked, Some(1_000_000), &caps, instant(30));
        match &gate {
            Gate::Send(_) if goes => {}
            Gate::Cancel(why) if !goes && why.starts_with("wallet_frozen: GAB is frozen since") => {}
            _ => panic!("{country} {events:?}: {gate:?}"),
        }
    }
}

/// A reading may lag: what is over is kept until one surely shows it, over a restart too.
#[test]
fn moves_that_are_over_are_kept_until_a_reading_shows_them() {
    let intent = intent(Country::CMR, 1, true);
    let facts = AppliedFacts {
        amount: intent.amount,
        kpay_id: None,
        source_reference: None,
        destination_reference: None,
        exchange_rate: Some(Rate::ONE),
        credited: None,
        fee: None,
    };
    let (mut state, tracked) = after(&intent, &[]);
    let tracked = attempt(&mut state, &tracked, 10);
    let applied = Event::Applied { external_id: tracked.intent.external_id, evidence: Evidence::Response, facts };
    state.apply(instant(11), &applied).unwrap();
    let kept = |state: &State| state.settled.values().map(|settled| settled.at).collect::<Vec<_>>();
    // The clock may have been set back between a reading and its record: then it may be one from before the move was over.
    let known = || vec![instant(11)];
    let rows = [(20, 21, known()), (9_000, 22, known()), (610, 611, known()), (611, 612, vec![])];
    for (taken_at, at, expected) in rows {
        let seen = Event::Observed { taken_at: instant(taken_at), balances: Vec::new() };
        state.apply(instant(at), &seen).unwrap();
        assert_eq!(kept(&state), expected, "{taken_at} {at}");
    }
    // What was never attempted moved nothing.
    let (mut state, tracked) = after(&intent, &[]);
    let cancelled = Event::Cancelled { external_id: tracked.intent.external_id, detail: String::new() };
    state.apply(instant(11), &cancelled).unwrap();
    assert_eq!(kept(&state), Vec::<Timestamp>::new());
}

/// A fall that counts in a wallet that rose is a person's business, whatever the wallet comes back to.
#[test]
fn a_wallet_that_rose_and_then_lost_money_waits_for_a_person() {
    let gabon = wallet(Country::GAB);
    let (before, after, most) = (Amount::whole(500), Amount::whole(5_000), Amount::whole(1_000));
    let rose = Event::Rose { wallet: gabon, taken_at: instant(5), before, after, most };
    let back = Event::CameBack { wallet: gabon, taken_at: instant(9), after: Amount::whole(400) };
    check(std::slice::from_ref(&rose), Some((5, 4_500)), 0);
    check(&[rose.clone(), back.clone()], None, 0);
    check(&[rose.clone(), fell(4, 500, 400, 100, true), back.clone()], Some((4, 100)), 100);
    check(&[rose, fell(4, 500, 400, 100, false), back], None, 100);
}

/// KPay may show any figure: one whose rise has no room is frozen like any other, and the journal stays readable.
#[test]
fn a_rise_that_has_no_room_freezes_too() {
    let (before, after) = (Amount::whole(-1), "79228162514264337593543950335".parse().unwrap());
    let rose = Event::Rose { wallet: wallet(Country::GAB), taken_at: instant(5), before, after, most: Amount::ZERO };
    assert_eq!(played(&[rose]).standing.frozen[&wallet(Country::GAB)].unexplained, after);
}
