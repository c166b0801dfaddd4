//! A journal of our own making, replayed as it is and with one thing tampered with.

use super::{at, caps, set};
use crate::intent::{Event, PlannedWith, PolicyText, lane_verdicts};
use crate::model::{BalanceRow, Environment, Identity, Slot, Timestamp};
use crate::money::{Amount, Country, Currency};
use crate::simulate::{Replay, Replayed};

const TEXT: &str = super::HOME;
const SLOT: &str = "2026-11-24T18:00:00Z";

fn row(wallet: Country, available: i64) -> BalanceRow {
    BalanceRow { wallet, currency: Currency::XAF, available: Amount::whole(available) }
}

/// What a daemon writes for a quiet evening: one lane, below its trigger.
fn journal(balance: i64) -> Vec<(Timestamp, Event)> {
    let set = set(TEXT);
    let now = at("2026-11-24T18:00:01Z");
    let identity = Identity {
        environment: Environment::Sandbox,
        application_id: "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap(),
    };
    let balances = vec![row(Country::CMR, 0), row(Country::GAB, balance)];
    let snapshot = crate::model::Snapshot::from_rows(now, &balances).unwrap();
    let made = crate::plan::plan(&crate::plan::Inputs {
        availability: crate::model::Availability::unasked(),
        policies: &set,
        snapshot: &snapshot,
        standing: &crate::plan::Standing::default(),
        caps: &caps(),
        rates: &std::collections::BTreeMap::new(),
        identity: Some(&identity),
        environment: Environment::Sandbox,
        now,
        clock: now,
        only: None,
    });
    let decided = Event::Decided {
        policy: "home".into(),
        slot: Slot::at(at(SLOT)),
        decided_for: now,
        policy_hash: set.hash.clone(),
        taken_at: now,
        balances,
        lanes: lane_verdicts(&set.policies[0], &made.policies[0]),
        intents: Vec::new(),
        planned_with: Some(Box::new(PlannedWith {
            clock: now,
            only: None,
            rates: Vec::new(),
            availability: crate::model::Availability::default(),
            problems: Vec::new(),
            caps: caps(),
        })),
    };
    let files = vec![PolicyText { name: "a.yaml".into(), text: TEXT.into() }];
    vec![
        (now, Event::Opened { identity, version: "1".into() }),
        (now, Event::PoliciesInForce { hash: set.hash.clone(), count: 1, files }),
        (now, decided),
    ]
}

fn replay(events: &[(Timestamp, Event)]) -> Replayed {
    let mut replay = Replay::new(None, None);
    for (seq, (at, event)) in (1..).zip(events) {
        replay.take(seq, *at, event).unwrap();
    }
    replay.finish()
}

#[test]
fn a_decision_comes_out_as_recorded_and_a_tampered_one_does_not() {
    let good = replay(&journal(200_000));
    assert_eq!((good.decisions, good.exact, good.differences.len()), (1, 1, 0), "{good:?}");

    for (what, tampered) in [
        (
            "a higher balance",
            tamper(|event| {
                if let Event::Decided { balances, .. } = event {
                    balances[1].available = Amount::whole(330_000);
                }
            }),
        ),
        (
            "another slot",
            tamper(|event| {
                if let Event::Decided { slot, .. } = event {
                    *slot = Slot::at(at("2026-11-23T18:00:00Z"));
                }
            }),
        ),
        (
            "a lane left out",
            tamper(|event| {
                if let Event::Decided { lanes, .. } = event {
                    lanes.clear();
                }
            }),
        ),
        (
            "another instant",
            tamper(|event| {
                if let Event::Decided { decided_for, .. } = event {
                    *decided_for = at("2026-11-24T17:59:59Z");
                }
            }),
        ),
    ] {
        let found = replay(&tampered);
        assert_eq!((found.decisions, found.exact), (1, 0), "{what}");
        assert!(!found.differences.is_empty(), "{what}");
    }
    let moved = replay(&tamper(|event| {
        if let Event::Decided { balances, .. } = event {
            balances[1].available = Amount::whole(330_000);
        }
    }));
    assert_eq!(moved.differences[0].recorded, "below_trigger");
    assert!(moved.differences[0].replayed.starts_with("moves 230 000 XAF"), "{moved:?}");
}

#[test]
fn what_was_not_recorded_is_counted_and_not_guessed() {
    let old = tamper(|event| {
        if let Event::Decided { planned_with, .. } = event {
            *planned_with = None;
        }
    });
    let textless = tamper(|event| {
        if let Event::PoliciesInForce { files, .. } = event {
            files.clear();
        }
    });
    for events in [old, textless] {
        let found = replay(&events);
        assert_eq!((found.decisions, found.cannot.values().sum::<usize>()), (0, 1), "{found:?}");
    }
}

fn tamper(change: impl Fn(&mut Event)) -> Vec<(Timestamp, Event)> {
    let mut events = journal(200_000);
    for (_, event) in &mut events {
        change(event);
    }
    events
}
