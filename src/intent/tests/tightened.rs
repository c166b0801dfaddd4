//! What was decided earlier meets what holds at the send: a policy that was tightened, another day, a newer rate.

use super::*;
use crate::policy::{SourceFile, parse};

const HOME: &str = "sweep: { from: [GAB], into: CMR, above: 100_000 XAF }";
const ACROSS: &str = "sweep: { from: [GAB], into: SEN, above: 100_000 XAF }";

/// The policy of the intents, with the slot's instant in its schedule.
fn set(rest: &str) -> PolicySet {
    let text = format!(
        "version: 1\ntimezone: Africa/Douala\npolicies:\n  - name: consolidate\n    schedule: \"0 18 * * *\"\n    {}\n",
        rest.replace('\n', "\n    ")
    );
    parse(&[SourceFile { path: "p.yaml".to_owned(), text }]).unwrap().set
}

fn gate_of(intents: Vec<Intent>, set: &PolicySet, rates: &[(Currency, Currency, &str)]) -> Gate {
    let mut state = State::default();
    let tracked = state.apply(instant(1), &decided(intents)).unwrap().remove(0);
    gate_in(&state, &tracked, set, rates)
}

fn gate_in(state: &State, tracked: &Tracked, set: &PolicySet, rates: &[(Currency, Currency, &str)]) -> Gate {
    let rates = rates.iter().map(|(from, to, rate)| ((*from, *to), rate.parse().unwrap())).collect();
    let around = Around { rates, ..Around::at(instant(30), [(wallet(Country::GAB), 1_000_000)]) };
    around.under(set).ask(state, tracked)
}

/// What becomes of 230 000 XAF that were decided under a laxer policy than `rest`: `None`, they go.
fn check(to: Country, rest: &str, why: Option<&str>) {
    let gate = gate_of(vec![intent(to, 1, true)], &set(rest), &[(Currency::XAF, Currency::XOF, "1.0153")]);
    match (&gate, why) {
        (Gate::Send(_), None) => {}
        (Gate::Cancel(said), Some(why)) if said.contains(why) => {}
        _ => panic!("{rest}: {gate:?}, expected {why:?}"),
    }
}

#[test]
fn an_intent_goes_only_where_the_policy_in_force_now_lets_it() {
    let home = |rest: &str| format!("{HOME}\n{rest}");
    let across = |rest: &str| format!("{ACROSS}\n{rest}");
    let cmr = Country::CMR;
    check(cmr, HOME, None);
    check(cmr, &HOME.replace("CMR", "COG"), Some("no longer moves money over GAB>CMR"));
    check(cmr, &home("approval: { above: 229_999 XAF, approvers: 1 }"), Some("asks for approval above 229 999 XAF"));
    check(cmr, &home("approval: { above: 230_000 XAF, approvers: 1 }"), None);
    check(cmr, &home("mode: canary\ncanary: { share: 1%, max: 229_999 XAF }"), Some("is a canary now"));
    check(cmr, &home("mode: canary\ncanary: { share: 1%, max: 230_000 XAF }"), None);
    check(cmr, &home("canary: { share: 1%, max: 1_000 XAF }"), None);
    check(cmr, &home("holidays: [2026-11-24]"), Some("holiday"));
    check(cmr, &home("holidays: { CMR: [2026-11-24] }"), Some("is a holiday in CMR now"));
    check(cmr, &home("holidays: { GAB: [2026-11-24] }"), Some("is a holiday in GAB now"));
    check(cmr, &home("holidays: { COG: [2026-11-24], GAB: [2026-11-25] }"), None);
    check(cmr, &home("active: { from: 2026-11-25 }"), Some("outside the times"));
    check(cmr, &HOME.replace("100_000", "770_000"), None);
    check(cmr, &HOME.replace("100_000", "770_001"), Some("over the floor of 770 001"));
    check(Country::SEN, &across("fx: { allow: true }"), None);
    let mut off = set(&across("fx: { allow: true }"));
    off.policies[0].fx.allow = false;
    let gate = gate_of(vec![intent(Country::SEN, 1, true)], &off, &[]);
    assert!(matches!(&gate, Gate::Cancel(why) if why.contains("fx_not_allowed")), "{gate:?}");
    check(Country::SEN, &across("fx: { allow: true, max_spread: 1.53% }"), None);
    check(Country::SEN, &across("fx: { allow: true, max_spread: 1.52% }"), Some("fx_spread"));
    check(Country::SEN, &across("fx: { allow: true, max_spread: 9%, reference: { XAF/XOF: 1.2 } }"), Some("fx_spread"));
    check(Country::SEN, &across("fx: { allow: true, max_spread: 9%, reference: last }"), Some("nothing is known"));
}

/// Approval is asked for the lane's amount of the slot, also where some of its parts are gone already.
#[test]
fn all_parts_of_a_lane_count_together() {
    let parts: Vec<Intent> = (1..=3).map(|part| Intent { parts: 3, ..intent(Country::CMR, part, true) }).collect();
    for (above, goes) in [("690_000", true), ("689_999", false)] {
        let set = set(&format!("{HOME}\napproval: {{ above: {above} XAF, approvers: 1 }}"));
        for open in [parts.clone(), parts[1..].to_vec(), parts[2..].to_vec()] {
            let gate = gate_of(open, &set, &[]);
            assert_eq!(matches!(gate, Gate::Send(_)), goes, "{above}: {gate:?}");
        }
    }
}

/// The parts after the first are not planned again; whether enough people approved is asked for each of them.
#[test]
fn a_later_part_needs_enough_approvals_as_well() {
    let terms =
        ApprovalTerms { approvers: 1, from: Vec::new(), amount: Amount::whole(460_000), until: instant(6 * 3600) };
    let second = Intent { parts: 2, approval: Some(terms), ..intent(Country::CMR, 2, true) };
    let (mut state, tracked) = after(&second, &[]);
    let approved =
        Event::Approved { external_id: tracked.intent.external_id.clone(), by: "awa".to_owned(), note: String::new() };
    let tracked = state.apply(instant(10), &approved).unwrap().remove(0);
    for (approvers, goes) in [(1, true), (2, false)] {
        let set = set(&format!("{HOME}\napproval: {{ above: 200_000 XAF, approvers: {approvers} }}"));
        let gate = gate_in(&state, &tracked, &set, &[]);
        assert_eq!(matches!(gate, Gate::Send(_)), goes, "{gate:?}");
        assert!(goes || matches!(&gate, Gate::Cancel(why) if why.contains("now asks for 2 approvals")), "{gate:?}");
    }
}

/// Decided on Monday, sent on Tuesday: it is Tuesday's money, for the check and for the count.
#[test]
fn the_daily_cap_counts_the_day_of_the_attempt() {
    let day = 24 * 3600;
    let cap = Amount::whole(230_000);
    let caps = Caps { max_transfers_per_hour: 100, max_per_day: [(Currency::XAF, cap)].into() };
    // The day it is sent on, which days are used up already, whether it goes, and the day it then counts on.
    let cases = [(0, vec![1], true, 0), (0, vec![0], false, 0), (1, vec![0], true, 1), (1, vec![1], false, 1)];
    for (sent_on, used_up, goes, counts_on) in cases {
        let expires_at = instant(3 * day);
        let (mut state, tracked) = after(&Intent { expires_at, ..intent(Country::CMR, 1, true) }, &[]);
        let key = |days: i64| (instant(days * day).date_naive(), Currency::XAF);
        state.standing.cap_day_used = used_up.iter().map(|days| (key(*days), Amount::whole(1))).collect();
        let before = state.standing.cap_day_used.get(&key(counts_on)).copied().unwrap_or(Amount::ZERO);
        let now = instant(sent_on * day + 30);
        let gate = asked(&state, &tracked, Some(1_000_000), &caps, now);
        assert_eq!(matches!(gate, Gate::Send(_)), goes, "sent on {sent_on}, used up {used_up:?}: {gate:?}");
        attempt(&mut state, &tracked, sent_on * day + 30);
        assert_eq!(state.standing.cap_day_used[&key(counts_on)], before.checked_add(cap).unwrap());
    }
}

/// A rate that a person completes weeks later was applied weeks ago.
#[test]
fn completing_an_old_rate_leaves_the_last_one() {
    let facts = |rate: Option<&str>| AppliedFacts {
        amount: Amount::whole(230_000),
        kpay_id: None,
        source_reference: None,
        destination_reference: None,
        exchange_rate: rate.map(|rate| rate.parse().unwrap()),
        credited: rate.map(|_| Money { amount: Amount::whole(230_000), currency: Currency::XOF }),
        fee: None,
    };
    let applied = |facts| Reply::Applied(facts);
    let pair = (Currency::XAF, Currency::XOF);
    let (mut state, pending) = after(&intent(Country::SEN, 1, true), &[applied(facts(None))]);
    assert!(pending.rate_is_pending());
    let complete = |state: &mut State, second, rate| {
        let event = Event::Resolved {
            external_id: pending.intent.external_id.clone(),
            by: "awa".to_owned(),
            note: String::new(),
            finding: Finding::Applied(facts(Some(rate))),
        };
        state.apply(instant(second), &event).unwrap();
    };
    let mut alone = state.clone();
    complete(&mut alone, 9_000, "1.01");
    assert_eq!(alone.standing.rates[&pair].rate.to_string(), "1.01");
    assert_eq!(alone.standing.rates[&pair].at, pending.updated_at, "when it was applied");

    let newer = state.apply(instant(4_000), &decided(vec![intent(Country::BEN, 1, true)])).unwrap().remove(0);
    let newer = attempt(&mut state, &newer, 5_000);
    state.apply(instant(5_001), &verdict(&newer, &applied(facts(Some("1.02")))).unwrap()[0]).unwrap();
    complete(&mut state, 9_000, "1.01");
    assert_eq!(state.standing.rates[&pair].rate.to_string(), "1.02");
}
