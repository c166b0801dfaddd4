//! The life of an intent as tables: what each reply means at each point, and what is held and counted meanwhile.

use super::*;
use crate::model::*;
use crate::money::{Amount, Country, Currency, Money, Rate};
use crate::plan::{Caps, Reason};
use crate::policy::PolicySet;
use chrono::{TimeDelta, TimeZone, Utc};
use std::collections::BTreeMap;

mod again;
mod approvals;
mod copies;
mod frozen;
mod slots_kept;
mod tightened;
mod withdrawals;

fn instant(second: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 24, 17, 0, 0).unwrap() + TimeDelta::seconds(second)
}

fn wallet(country: Country) -> WalletId {
    WalletId::of(country).unwrap()
}

fn intent(to: Country, part: u8, journal_before_slot: bool) -> Intent {
    let slot = Slot::at(instant(0));
    let lane = Lane::between(wallet(Country::GAB), wallet(to));
    Intent {
        external_id: ExternalId::from_text(&format!("TRD-{to}-{part:02}")),
        kind: Kind::Transfer,
        origin: Origin::Policy("consolidate".to_owned()),
        slot: Some(slot),
        lane,
        amount: Amount::whole(230_000),
        part,
        parts: part,
        body: "{}".to_owned(),
        policy_hash: String::new(),
        floor: Amount::whole(100_000),
        balance_seen: Amount::whole(330_000),
        indicative_rate: Some(Rate::ONE),
        expires_at: instant(6 * 3600),
        limit_day: slot.instant().date_naive(),
        cap_day: slot.instant().date_naive(),
        journal_before_slot,
        approval: None,
        fx: None,
    }
}

fn decided(intents: Vec<Intent>) -> Event {
    let lanes = intents.iter().map(|intent| LaneVerdict { lane: intent.lane, reason: None, detail: String::new() });
    Event::Decided {
        policy: "consolidate".to_owned(),
        slot: Slot::at(instant(0)),
        decided_for: instant(1),
        policy_hash: String::new(),
        taken_at: instant(0),
        balances: Vec::new(),
        lanes: lanes.collect(),
        planned_with: None,
        intents,
    }
}

/// A state with one intent, and the story so far played on it.
fn after(intent: &Intent, replies: &[Reply]) -> (State, Tracked) {
    let mut state = State::default();
    let mut second = 1;
    let mut tracked = state.apply(instant(second), &decided(vec![intent.clone()])).unwrap().remove(0);
    for reply in replies {
        second += 60;
        tracked = attempt(&mut state, &tracked, second);
        let events = verdict(&tracked, reply).unwrap_or_else(|| {
            let journal_proves = state.journal_proves(intent);
            let evidence = ConflictEvidence { balance_after: Some(Amount::whole(330_000)), journal_proves };
            vec![conflict_verdict(&tracked, "409", evidence)]
        });
        for event in events {
            tracked = state.apply(instant(second + 1), &event).unwrap().remove(0);
        }
    }
    (state, tracked)
}

fn attempt(state: &mut State, tracked: &Tracked, second: i64) -> Tracked {
    let event = Event::Attempted {
        external_id: tracked.intent.external_id.clone(),
        attempt: tracked.attempts + 1,
        balance_before: Some(Amount::whole(330_000)),
    };
    state.apply(instant(second), &event).unwrap().remove(0)
}

fn lost() -> Reply {
    Reply::Lost { detail: "connection reset".to_owned() }
}

fn refused() -> Reply {
    Reply::Refused { detail: "400 Insufficient balance".to_owned() }
}

fn conflict() -> Reply {
    Reply::Conflict { detail: "409".to_owned() }
}

fn not_sent() -> Reply {
    Reply::NotSent { detail: "connection refused".to_owned() }
}

fn facts() -> AppliedFacts {
    AppliedFacts {
        amount: Amount::whole(230_000),
        kpay_id: Some("k1".to_owned()),
        source_reference: Some("TRF-OUT-1".to_owned()),
        destination_reference: None,
        exchange_rate: Some(Rate::ONE),
        credited: None,
        fee: None,
    }
}

fn applied() -> Reply {
    Reply::Applied(facts())
}

/// Outcome and whether lane and funds are held, after the replies.
fn check(name: &str, journal_before_slot: bool, replies: &[Reply], outcome: Outcome, holds: bool) {
    let (state, tracked) = after(&intent(Country::CMR, 1, journal_before_slot), replies);
    assert_eq!((tracked.outcome, tracked.holds), (outcome, holds), "{name}");
    assert_eq!(state.standing.holds.len(), usize::from(holds), "{name}: the hold in the standing");
    assert_eq!(state.open.contains_key("TRD-CMR-01"), outcome.is_open(), "{name}: open");
}

#[test]
fn what_each_reply_means_at_each_point() {
    use Outcome::{Applied, NeedsOperator, Planned, Rejected, Unknown};
    check("a 201", true, &[applied()], Applied, false);
    check("a02 connection refused: still planned", true, &[not_sent()], Planned, true);
    check("a02 then sent", true, &[not_sent(), applied()], Applied, false);
    check("a01 a lost reply is unknown", true, &[lost()], Unknown, true);
    check("a08 lost, then 201", true, &[lost(), applied()], Applied, false);
    check("a09 lost, then 409, journal was here before", true, &[lost(), conflict()], Applied, false);
    check("a09 lost, then 409, no proof of the amount", false, &[lost(), conflict()], NeedsOperator, true);
    check("a10 409 on a first attempt closes only its slot", true, &[conflict()], NeedsOperator, false);
    check("a10 409 after attempts that never left", true, &[not_sent(), conflict()], NeedsOperator, false);
    check("a14 a refusal on a first attempt", true, &[refused()], Rejected, false);
    check("a14 a refusal proves nothing after a lost reply", true, &[lost(), refused()], Unknown, true);
    check("a02 no connection proves nothing after a lost reply", true, &[lost(), not_sent()], Unknown, true);
    check("a07 lost again and again stays unknown", true, &[lost(), lost(), lost()], Unknown, true);
}

#[test]
fn a09_the_balance_proves_our_amount_only_to_the_unit() {
    for (after, outcome) in
        [("100000", Outcome::Applied), ("100001", Outcome::NeedsOperator), ("330000", Outcome::NeedsOperator)]
    {
        let (mut state, tracked) = self::after(&intent(Country::CMR, 1, false), &[lost()]);
        let sending = attempt(&mut state, &tracked, 300);
        let evidence = ConflictEvidence { balance_after: Some(after.parse().unwrap()), journal_proves: false };
        let event = conflict_verdict(&sending, "409", evidence);
        let tracked = state.apply(instant(301), &event).unwrap().remove(0);
        assert_eq!(tracked.outcome, outcome, "balance after {after}");
    }
    let (mut state, tracked) = after(&intent(Country::CMR, 1, false), &[lost()]);
    let sending = attempt(&mut state, &tracked, 300);
    let event = conflict_verdict(&sending, "409", ConflictEvidence { balance_after: None, journal_proves: false });
    assert!(matches!(event, Event::Unknown { .. }), "an unreadable balance decides nothing: {event:?}");
}

#[test]
fn a09_a_conflict_across_currencies_leaves_the_rate_pending_until_a_person_gives_it() {
    let (mut state, tracked) = after(&intent(Country::SEN, 1, true), &[lost(), conflict()]);
    assert_eq!(tracked.evidence, Some(Evidence::Conflict));
    assert!(tracked.rate_is_pending());
    let mut facts = tracked.facts.clone().unwrap();
    assert_eq!((facts.exchange_rate, facts.credited), (None, None));
    facts.exchange_rate = Some("1.0153".parse().unwrap());
    facts.credited = Some(Money { amount: Amount::whole(233_519), currency: wallet(Country::SEN).currency });
    let event = Event::Resolved {
        external_id: tracked.intent.external_id.clone(),
        by: "ama".to_owned(),
        note: "KPay's page".to_owned(),
        finding: Finding::Applied(facts),
    };
    let completed = state.apply(instant(900), &event).unwrap().remove(0);
    assert!(!completed.rate_is_pending());
    assert_eq!(completed.evidence, Some(Evidence::Conflict), "how we know that it moved does not change");
    assert!(state.open.is_empty());
}

#[test]
fn limits_count_at_the_decision_and_are_given_back_only_when_nothing_moved() {
    let used = |state: &State| state.standing.day_used.values().copied().next().unwrap();
    let (state, _) = after(&intent(Country::CMR, 1, true), &[lost()]);
    assert_eq!(used(&state), Amount::whole(230_000), "an unknown outcome counts");
    let (state, _) = after(&intent(Country::CMR, 1, true), &[refused()]);
    assert_eq!(used(&state), Amount::ZERO, "a refused one does not");
    let (state, _) = after(&intent(Country::CMR, 1, true), &[not_sent(), lost(), lost(), applied()]);
    assert_eq!(state.standing.first_attempts.len(), 1, "each intent counts once in the hour");
    let day: Vec<_> = state.standing.cap_day_used.values().collect();
    assert_eq!(day, [&Amount::whole(230_000)], "and once in the day");
}

#[test]
fn a_decided_slot_stays_decided_and_a_lane_that_moved_stays_moved() {
    let (mut state, _) = after(&intent(Country::CMR, 1, true), &[applied()]);
    let lane = Lane::between(wallet(Country::GAB), wallet(Country::CMR));
    assert!(state.standing.lanes[&lane].moved);
    let second = Event::Decided {
        policy: "another".to_owned(),
        slot: Slot::at(instant(0)),
        decided_for: instant(2),
        policy_hash: String::new(),
        taken_at: instant(0),
        balances: Vec::new(),
        lanes: vec![LaneVerdict { lane, reason: Some(Reason::LaneTaken), detail: String::new() }],
        planned_with: None,
        intents: Vec::new(),
    };
    state.apply(instant(400), &second).unwrap();
    assert!(state.standing.lanes[&lane].moved);
    assert_eq!(state.standing.decided.len(), 2);
}

#[test]
fn a_lane_the_world_kept_from_being_decided_stays_open() {
    let lane = Lane::between(wallet(Country::GAB), wallet(Country::SEN));
    let mut state = State::default();
    let event = Event::Decided {
        policy: "fund".to_owned(),
        slot: Slot::at(instant(0)),
        decided_for: instant(1),
        policy_hash: String::new(),
        taken_at: instant(0),
        balances: Vec::new(),
        lanes: vec![LaneVerdict { lane, reason: Some(Reason::FxRateMissing), detail: String::new() }],
        planned_with: None,
        intents: Vec::new(),
    };
    state.apply(instant(1), &event).unwrap();
    assert!(state.standing.decided["fund"].left_open.contains(&lane));
    assert!(!state.standing.lanes.contains_key(&lane));
}

#[test]
fn c07_a_balance_that_moved_since_is_not_stale_even_when_it_comes_back_to_the_same_figure() {
    let row = |available: i64| BalanceRow {
        wallet: Country::GAB,
        currency: wallet(Country::GAB).currency,
        available: Amount::whole(available),
    };
    let (mut state, _) = after(&intent(Country::CMR, 1, true), &[applied()]);
    assert_eq!(state.standing.outflows.len(), 1);
    state.apply(instant(200), &Event::Observed { taken_at: instant(199), balances: vec![row(330_000)] }).unwrap();
    assert_eq!(state.standing.outflows.len(), 1, "the very figure from before: stale");
    let mut later = state.clone();
    let six_hours = 6 * 3600;
    for (second, marks) in [(six_hours, 1), (six_hours + 62, 0)] {
        let observed = Event::Observed { taken_at: instant(second), balances: vec![row(330_000)] };
        later.apply(instant(second + 1), &observed).unwrap();
        assert_eq!(later.standing.outflows.len(), marks, "{second} s: KPay's balances lag by minutes, not by hours");
    }
    state.apply(instant(260), &Event::Observed { taken_at: instant(259), balances: vec![row(100_000)] }).unwrap();
    assert!(state.standing.outflows.is_empty());
}

#[test]
fn records_from_the_hour_before_a_slot_are_remembered() {
    for (minutes_before, expected) in [(1, true), (59, true), (61, false), (-1, false)] {
        let mut state = State::default();
        state.apply(instant(-60 * minutes_before), &Event::Alive).unwrap();
        assert_eq!(state.was_active_before(Slot::at(instant(0))), expected, "{minutes_before} minutes before");
    }
}

#[test]
fn illegal_events_are_refused() {
    let (mut state, tracked) = after(&intent(Country::CMR, 1, true), &[applied()]);
    let again = Event::Attempted { external_id: tracked.intent.external_id.clone(), attempt: 2, balance_before: None };
    assert!(matches!(state.apply(instant(500), &again), Err(IllegalEvent::NoSuchIntent(_))));
    let (mut state, tracked) = after(&intent(Country::CMR, 1, true), &[lost()]);
    let cancel = Event::Cancelled { external_id: tracked.intent.external_id, detail: String::new() };
    assert!(matches!(state.apply(instant(500), &cancel), Err(IllegalEvent::Step { .. })));
}

#[test]
fn pauses_between_attempts_grow_to_five_minutes() {
    let (_, mut tracked) = after(&intent(Country::CMR, 1, true), &[lost()]);
    for (attempts, seconds) in [(1, 1), (2, 2), (3, 4), (5, 16), (9, 256), (10, 300), (60, 300)] {
        tracked.attempts = attempts;
        assert_eq!(
            next_ask_at(&tracked, instant(9_000)),
            Some(tracked.updated_at + TimeDelta::seconds(seconds)),
            "{attempts}"
        );
    }
    // It was asked by a clock that was ahead.
    tracked.updated_at = instant(9_001);
    assert_eq!(next_ask_at(&tracked, instant(9_000)), Some(instant(9_000)), "due at once");
    let rules = RetryRules { resend_for: TimeDelta::hours(6) };
    let first = tracked.first_attempt_at.unwrap();
    assert!(!rules.is_over(&tracked, first + TimeDelta::hours(6)));
    assert!(rules.is_over(&tracked, first + TimeDelta::hours(6) + TimeDelta::seconds(1)));
}

/// What the last check before a first attempt says, for a balance and a tweak of the surroundings.
fn gate(available: Option<i64>, tweak: impl FnOnce(&mut State, &mut Caps, &mut Timestamp)) -> Gate {
    let (mut state, tracked) = after(&intent(Country::CMR, 1, true), &[]);
    let mut caps = Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() };
    let mut now = instant(30);
    tweak(&mut state, &mut caps, &mut now);
    asked(&state, &tracked, available, &caps, now)
}

/// The last check of an intent at an instant, where its source shows a balance or is missing; nothing else is said.
fn asked(state: &State, tracked: &Tracked, available: Option<i64>, caps: &Caps, now: Timestamp) -> Gate {
    let shown = available.map(|available| (tracked.intent.lane.from, available));
    Around { caps: caps.clone(), ..Around::at(now, shown) }.ask(state, tracked)
}

/// What the last check before a first attempt looks at beside the state.
struct Around<'a> {
    now: Timestamp,
    readings: BTreeMap<WalletId, Reading>,
    policies: Option<&'a PolicySet>,
    rates: BTreeMap<(Currency, Currency), Rate>,
    caps: Caps,
}

impl<'a> Around<'a> {
    /// Wallets that show so many whole units, just read; no policies, no rates, wide caps.
    fn at(now: Timestamp, shown: impl IntoIterator<Item = (WalletId, i64)>) -> Self {
        let reading = |(wallet, available)| (wallet, Reading { available: Amount::whole(available), balance: None });
        let caps = Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() };
        let readings = shown.into_iter().map(reading).collect();
        Self { now, readings, policies: None, rates: BTreeMap::new(), caps }
    }

    fn under(self, policies: &'a PolicySet) -> Self {
        Self { policies: Some(policies), ..self }
    }

    fn ask(self, state: &State, tracked: &Tracked) -> Gate {
        let Self { now, readings, policies, rates, caps } = self;
        let snapshot = Snapshot { taken_at: now, readings, problems: Vec::new() };
        let inputs = GateInputs { state, snapshot: &snapshot, policies, rates: &rates, caps: &caps, now, clock: now };
        check_gate(tracked, &inputs)
    }
}

#[test]
fn the_last_check_before_a_first_attempt() {
    let cancels = |gate: Gate| matches!(gate, Gate::Cancel(_));
    assert_eq!(gate(Some(330_000), |_, _, _| {}), Gate::Send(Amount::whole(330_000)));
    assert!(cancels(gate(Some(329_999), |_, _, _| {})), "the floor would break");
    assert!(matches!(gate(None, |_, _, _| {}), Gate::Wait(_)), "a wallet that is missing is unknown");
    assert!(cancels(gate(Some(330_000), |state, _, _| state.standing.paused_all = true)), "paused");
    assert!(cancels(gate(Some(330_000), |_, _, now| *now = instant(6 * 3600 + 1))), "catch_up is over");
    assert!(cancels(gate(Some(330_000), |_, caps, _| caps.max_transfers_per_hour = 0)), "count cap");
    let small = |_: &mut State, caps: &mut Caps, _: &mut Timestamp| {
        caps.max_per_day.insert(wallet(Country::GAB).currency, Amount::whole(229_999));
    };
    assert!(cancels(gate(Some(330_000), small)), "sum cap");
    let held = |state: &mut State, _: &mut Caps, _: &mut Timestamp| {
        let (other, _) = after(&intent(Country::COG, 1, true), &[lost()]);
        state.open.extend(other.open);
    };
    assert!(cancels(gate(Some(330_000), held)), "another open question may have taken the money");
}

#[test]
fn a_cut_off_that_was_moved_forward_after_the_decision_holds() {
    let text = "version: 1\npolicies:\n  - name: a\n    schedule: \"0 18 * * *\"\n    \
                sweep: { from: [GAB], into: CMR, above: 100_000 }\n";
    let file = crate::policy::SourceFile { path: "p/a.yaml".into(), text: text.into() };
    let mut set = crate::policy::parse(&[file]).unwrap().set;
    let (state, tracked) = after(&intent(Country::CMR, 1, true), &[]);
    set.policies[0].name = tracked.intent.origin.policy().unwrap().to_owned();
    let zone = set.policies[0].schedule.zone();
    let slot = tracked.intent.slot.unwrap().instant();
    let cut_off = slot.with_timezone(&zone).time() + TimeDelta::minutes(10);
    let window = crate::slot::Window { not_after: Some(cut_off), ..crate::slot::Window::default() };
    set.policies[0].schedule = set.policies[0].schedule.clone().with_window(window);
    for (seconds, sends) in [(600, true), (601, false)] {
        let now = slot + TimeDelta::seconds(seconds);
        let gate = Around::at(now, [(wallet(Country::GAB), 330_000)]).under(&set).ask(&state, &tracked);
        assert_eq!(matches!(gate, Gate::Send(_)), sends, "{seconds}: {gate:?}");
        assert!(sends || matches!(&gate, Gate::Cancel(why) if why.contains("not_after")), "{gate:?}");
    }
}
