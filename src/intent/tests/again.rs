//! What people approved is planned again before it goes: with what other slots of the day used, and with what the policy's
//! other lanes of the same slot send.

use super::*;
use crate::policy::{SourceFile, parse};

const HOME: &str = "sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }\nlimits: { max_per_slot: 230_000 XAF }";
const FILL: &str = "top_up: { wallet: CMR, below: 300_000 XAF, to: 600_000 XAF, from: [GAB, COG] }";
const LEVEL: &str = "rebalance: { base: XAF, weights: { GAB: 40%, COG: 30%, CMR: 30% }, tolerance: 15% }";

fn set(rule: &str) -> PolicySet {
    let text = format!(
        "version: 1\ntimezone: Africa/Douala\npolicies:\n  - name: consolidate\n    schedule: \"0 10,18 * * *\"\n    {}\n    \
         approval: {{ above: 1_000 XAF, approvers: 1 }}\n",
        rule.replace('\n', "\n    ")
    );
    parse(&[SourceFile { path: "p.yaml".to_owned(), text }]).unwrap().set
}

/// An approved intent of the evening's slot.
fn approved(from: Country, to: Country, amount: i64) -> Intent {
    let approval =
        ApprovalTerms { approvers: 1, from: Vec::new(), amount: Amount::whole(amount), until: instant(6 * 3600) };
    Intent {
        external_id: ExternalId::from_text(&format!("TRD-{from}-{to}")),
        lane: Lane::between(wallet(from), wallet(to)),
        amount: Amount::whole(amount),
        floor: Amount::ZERO,
        approval: Some(approval),
        ..intent(to, 1, true)
    }
}

/// A state in which intents wait, and the first of them is approved.
fn waiting(intents: Vec<Intent>) -> State {
    let mut state = State::default();
    let first = intents[0].external_id.clone();
    state.apply(instant(1), &decided(intents)).unwrap();
    say_yes(&mut state, first);
    state
}

fn say_yes(state: &mut State, external_id: ExternalId) {
    state.apply(instant(2), &Event::Approved { external_id, by: "awa".to_owned(), note: String::new() }).unwrap();
}

/// What becomes of an approved intent where the wallets have so much, in thousands.
fn gate(state: &State, rule: &str, of: &Intent, thousands: [(Country, i64); 3]) -> Gate {
    let shown = thousands.map(|(country, thousands)| (wallet(country), thousands * 1_000));
    let tracked = state.tracked(&of.external_id).unwrap();
    Around::at(instant(300), shown).under(&set(rule)).ask(state, tracked)
}

fn check(gate: &Gate, goes: bool) {
    assert_eq!(matches!(gate, Gate::Send(_)), goes, "{gate:?}");
}

const CMR: Country = Country::CMR;
const COG: Country = Country::COG;
const GAB: Country = Country::GAB;

#[test]
fn another_slot_of_the_day_takes_nothing_of_max_per_slot() {
    let of = approved(GAB, CMR, 230_000);
    let wallets = [(GAB, 330), (COG, 0), (CMR, 0)];
    let morning = Slot::at(instant(-8 * 3600));
    let other = |slot| Intent { slot: Some(slot), approval: None, ..approved(COG, CMR, 100_000) };
    let with = |other: Intent| {
        let (mut state, tracked) = (State::default(), other.clone());
        let mut event = decided(vec![other]);
        if let Event::Decided { slot, .. } = &mut event {
            *slot = tracked.slot.unwrap();
        }
        let tracked = state.apply(instant(-7 * 3600), &event).unwrap().remove(0);
        let tracked = attempt(&mut state, &tracked, 0);
        state.apply(instant(1), &verdict(&tracked, &applied()).unwrap()[0]).unwrap();
        state.apply(instant(1), &decided(vec![of.clone()])).unwrap();
        say_yes(&mut state, of.external_id.clone());
        state
    };
    check(&gate(&with(other(morning)), HOME, &of, wallets), true);
    check(&gate(&with(other(of.slot.unwrap())), HOME, &of, wallets), false);
}

#[test]
fn two_lanes_that_wait_do_not_cancel_each_other() {
    let cases = [
        (FILL, (COG, CMR, 270_000), (GAB, CMR, 230_000), [(GAB, 230), (COG, 900), (CMR, 100)]),
        (LEVEL, (GAB, COG, 100_000), (GAB, CMR, 200_000), [(GAB, 700), (COG, 200), (CMR, 100)]),
        (LEVEL, (GAB, CMR, 200_000), (GAB, COG, 100_000), [(GAB, 700), (COG, 200), (CMR, 100)]),
    ];
    for (rule, one, other, wallets) in cases {
        let (one, other) = (approved(one.0, one.1, one.2), approved(other.0, other.1, other.2));
        let mut state = waiting(vec![one.clone(), other.clone()]);
        check(&gate(&state, rule, &one, wallets), true);
        // The first has arrived, and the second is approved.
        let tracked = state.tracked(&one.external_id).unwrap().clone();
        let tracked = attempt(&mut state, &tracked, 100);
        let facts = AppliedFacts { amount: one.amount, ..facts() };
        state.apply(instant(101), &verdict(&tracked, &Reply::Applied(facts)).unwrap()[0]).unwrap();
        say_yes(&mut state, other.external_id.clone());
        let moved = |(country, thousands): (Country, i64)| {
            let lane = one.lane;
            let by = if country == lane.from.country { -1 } else { i64::from(country == lane.to.country) };
            let amount: i64 = one.amount.to_string().parse().unwrap();
            (country, thousands + by * amount / 1_000)
        };
        check(&gate(&state, rule, &other, wallets.map(moved)), true);
    }
}

#[test]
fn what_is_not_needed_any_more_is_not_sent() {
    let (one, other) = (approved(COG, CMR, 270_000), approved(GAB, CMR, 230_000));
    let state = waiting(vec![one.clone(), other.clone()]);
    // Customers paid meanwhile: over `below` without either of the two, or the other's alone leaves less to fill.
    check(&gate(&state, FILL, &one, [(GAB, 230), (COG, 900), (CMR, 300)]), false);
    check(&gate(&state, FILL, &one, [(GAB, 230), (COG, 900), (CMR, 101)]), false);
    let (one, other) = (approved(GAB, COG, 100_000), approved(GAB, CMR, 200_000));
    let state = waiting(vec![one.clone(), other]);
    check(&gate(&state, LEVEL, &one, [(GAB, 500), (COG, 250), (CMR, 250)]), false);
}
