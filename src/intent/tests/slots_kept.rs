//! What a policy used of a slot is remembered as long as somebody may ask for it, and no longer: a policy with a slot each
//! second would fill the memory otherwise.

use super::*;

/// Decided for the slot of a second, with one intent or none.
fn decided_at(policy: &str, second: i64, moves: bool) -> Event {
    let slot = Slot::at(instant(second));
    let moving = Intent {
        external_id: id(policy, second),
        origin: Origin::Policy(policy.to_owned()),
        slot: Some(slot),
        ..intent(Country::CMR, 1, true)
    };
    Event::Decided {
        policy: policy.to_owned(),
        slot,
        decided_for: slot.instant(),
        policy_hash: String::new(),
        taken_at: slot.instant(),
        balances: Vec::new(),
        lanes: Vec::new(),
        planned_with: None,
        intents: if moves { vec![moving] } else { Vec::new() },
    }
}

fn id(policy: &str, second: i64) -> ExternalId {
    ExternalId::from_text(&format!("TRD-{policy}-{second}"))
}

#[derive(Clone, Copy)]
enum Does {
    /// Decides for the slot of this second, with an intent.
    Moves(&'static str, i64),
    /// Decides for it, without one.
    Skips(&'static str, i64),
    /// Its intent is sent and applied.
    Applies(&'static str, i64),
    /// Its intent is sent, and nobody knows what became of it.
    Loses(&'static str, i64),
    /// A person finds that the lost one did not move.
    Finds(&'static str, i64),
}

fn events(does: Does) -> Vec<Event> {
    let attempted =
        |id: &ExternalId| Event::Attempted { external_id: id.clone(), attempt: 1, balance_before: Some(Amount::ZERO) };
    match does {
        Does::Moves(policy, second) => vec![decided_at(policy, second, true)],
        Does::Skips(policy, second) => vec![decided_at(policy, second, false)],
        Does::Applies(policy, second) => {
            let external_id = id(policy, second);
            let sent = attempted(&external_id);
            vec![sent, Event::Applied { external_id, evidence: Evidence::Response, facts: facts() }]
        }
        Does::Loses(policy, second) => {
            let external_id = id(policy, second);
            let sent = attempted(&external_id);
            vec![sent, Event::Unknown { external_id, detail: String::new() }]
        }
        Does::Finds(policy, second) => {
            let external_id = id(policy, second);
            let (by, note) = ("ada".to_owned(), String::new());
            vec![Event::Resolved { external_id, by, note, finding: Finding::NotApplied }]
        }
    }
}

fn check(name: &str, story: &[Does], kept: &[(&str, i64)]) {
    let mut state = State::default();
    for event in story.iter().flat_map(|does| events(*does)) {
        state.apply(instant(0), &event).unwrap();
    }
    let slots = state.standing.slot_used.keys().map(|key| (key.policy.clone(), key.slot));
    let wanted = kept.iter().map(|(policy, second)| ((*policy).to_owned(), Slot::at(instant(*second))));
    assert_eq!(slots.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{name}");
}

#[test]
fn a_slots_use_is_kept_while_it_can_be_asked_for() {
    use Does::{Applies, Finds, Loses, Moves, Skips};
    check("one that waits", &[Moves("a", 0)], &[("a", 0)]);
    check("the last slot decided, all over: a lane may be left open", &[Moves("a", 0), Applies("a", 0)], &[("a", 0)]);
    check("over, and another decided", &[Moves("a", 0), Applies("a", 0), Moves("a", 1)], &[("a", 1)]);
    check("over, and another decided without a move", &[Moves("a", 0), Applies("a", 0), Skips("a", 1)], &[]);
    check("another decided, then over", &[Moves("a", 0), Moves("a", 1), Applies("a", 0)], &[("a", 1)]);
    check("open beside newer ones", &[Moves("a", 0), Loses("a", 0), Moves("a", 1)], &[("a", 0), ("a", 1)]);
    check("no longer open", &[Moves("a", 0), Loses("a", 0), Moves("a", 1), Finds("a", 0)], &[("a", 1)]);
    let of_two = [Moves("a", 0), Applies("a", 0), Moves("b", 1), Moves("b", 2), Applies("b", 1)];
    check("each policy's for itself", &of_two, &[("a", 0), ("b", 2)]);
    let story: Vec<Does> = (0..3_600).flat_map(|second| [Moves("a", second), Applies("a", second)]).collect();
    check("an hour with a slot each second", &story, &[("a", 3_599)]);
}

#[test]
fn parts_of_one_slot_keep_its_use_until_the_last_is_over() {
    let mut state = State::default();
    let parts: Vec<Intent> = (1..=2).map(|part| Intent { parts: 2, ..intent(Country::CMR, part, true) }).collect();
    state.apply(instant(0), &decided(parts.clone())).unwrap();
    state.apply(instant(1), &decided_at("consolidate", 60, false)).unwrap();
    for (part, kept) in parts.iter().zip([1, 0]) {
        let external_id = part.external_id.clone();
        state.apply(instant(2), &Event::Cancelled { external_id, detail: String::new() }).unwrap();
        assert_eq!(state.standing.slot_used.len(), kept, "after part {}", part.part);
    }
}
