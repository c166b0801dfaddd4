//! The exhaustive search: every order in which daemons, bank, network and people can act over one lane and its slots,
//! within bounds on the faults of one run. The daemons are the real functions of `intent` and `plan` (the fold, the
//! verdicts, the gate, the planner, the ids); bank, clock and the order of things are the search's own. It goes breadth
//! first, so that the trace of a broken rule is a shortest one.
//!
//! `cargo test --test search -- --nocapture` prints what was seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and say what they saw"
)]

mod bank;
mod explore;
mod judge;
mod moves;
mod setting;
mod world;

use explore::{Explored, explore};
use judge::ANOTHERS_AMOUNT;
use setting::{Bounds, Planted, Setting};
use std::fmt::Write as _;

/// Seen in every world.
const EVERYWHERE: [&str; 5] = [
    "a slot moves money",
    "applied by response",
    "a resend is applied",
    "unknown",
    "asked for long enough: needs_operator",
];

/// Searches one world, prints what it came to, and asks for its rules and for what must have happened in it.
fn check(name: &str, setting: &Setting, also: &[&str]) {
    let explored = explore(setting).unwrap_or_else(|broken| panic!("{name}: {}", broken.told()));
    let Explored { states, transitions, depth, seen } = explored;
    let (daemons, slots) = (setting.daemons, setting.slots);
    let mut told = format!("{name}: daemons {daemons}, slots {slots}, {:?}\n", setting.bounds);
    let _ = writeln!(told, "  states {states}, transitions {transitions}, depth {depth}");
    for (what, times) in &seen {
        let _ = writeln!(told, "  {times:>8}  {what}");
    }
    println!("{told}");
    let missing: Vec<_> = EVERYWHERE.iter().chain(also).filter(|what| !seen.contains_key(**what)).collect();
    assert!(missing.is_empty(), "{name}: never seen: {missing:?}");
}

#[test]
fn one_daemon_that_loses_its_state() {
    let bounds = Bounds { lost: 2, late: 1, crashes: 1, wipes: 1, ..Bounds::default() };
    let also = [
        "applied by conflict, journal",
        "applied by conflict, balance",
        "needs_operator by a first 409",
        "needs_operator by a 409 without proof",
        "wiped or put back, and 409",
        "a late request is applied",
        "a late request finds its resend before it",
        "the process ends with an attempt under way",
        "the gate cancels",
        "a slot is closed by an open intent",
        "a person finds that it moved",
        "a person finds that it did not",
    ];
    check("one daemon, wiped", &Setting::new(1, 3, bounds), &also);
}

#[test]
fn one_daemon_that_is_refused() {
    let bounds = Bounds { lost: 2, not_sent: 1, refused: 1, crashes: 1, ..Bounds::default() };
    let also =
        ["rejected", "a refused resend stays unknown", "applied by conflict, journal", "applied by conflict, balance"];
    check("one daemon, refused", &Setting::new(1, 3, bounds), &also);
}

#[test]
fn one_daemon_on_an_older_copy_of_its_state() {
    let bounds = Bounds { lost: 2, crashes: 1, restores: 1, ..Bounds::default() };
    let also = ["applied by conflict, journal", "needs_operator by a 409 without proof", "wiped or put back, and 409"];
    check("one daemon, put back", &Setting::new(1, 3, bounds), &also);
}

#[test]
fn two_daemons_on_two_states() {
    let bounds = Bounds { lost: 1, ..Bounds::default() };
    let also = [
        "both daemons attempt one slot",
        "needs_operator by a first 409",
        "applied by conflict, journal",
        ANOTHERS_AMOUNT,
    ];
    check("two daemons", &Setting { last_tick: 4, ..Setting::new(2, 3, bounds) }, &also);
}

#[test]
fn two_daemons_of_which_one_loses_its_state() {
    let bounds = Bounds { lost: 1, crashes: 1, wipes: 1, ..Bounds::default() };
    let also = ["both daemons attempt one slot", "wiped or put back, and 409", "applied by conflict, balance"];
    check("two daemons, wiped", &Setting { last_tick: 2, ..Setting::new(2, 1, bounds) }, &also);
}

/// Without late requests, an id is asked for at most an hour (`catch_up`) and 45 minutes (`resend_for`) after its slot.
#[test]
fn a_bank_that_forgets_ids_after_they_are_asked_for_no_more() {
    let bounds = Bounds { lost: 2, wipes: 1, forgotten: 1, ..Bounds::default() };
    let also = ["the bank forgets an id", "applied by conflict, balance", "wiped or put back, and 409"];
    check("a bank that forgets", &forgetful(bounds, 3), &also);
}

fn forgetful(bounds: Bounds, horizon: u8) -> Setting {
    Setting { horizon, last_tick: 4, ..Setting::new(1, 1, bounds) }
}

/// A search that cannot find anything proves nothing: each mistake breaks a rule, and within a few moves.
#[test]
fn mistakes_are_found() {
    let bounds = Bounds { lost: 2, refused: 1, wipes: 1, ..Bounds::default() };
    let with = |planted| Setting::new(1, 1, bounds).planting(planted);
    let two = Setting::new(2, 1, Bounds::default()).planting(Planted::FloorOnTheOldBalance);
    let rows = [
        ("5xx = failed", with(Planted::ServerErrorIsFailure), "I3"),
        ("amount in the id", with(Planted::AmountInTheId), "I1"),
        ("409 = success with our amount", with(Planted::ConflictIsSuccess), "I5"),
        ("400 after unknown = failed", with(Planted::RefusalAlwaysEnds), "I3"),
        ("other bytes when asked again", with(Planted::NewBytesWhenAskedAgain), "I4"),
        ("floor checked on the old balance", two, "I6"),
        ("a bank that forgets too early", forgetful(Bounds { forgotten: 1, ..bounds }, 1), "I1"),
        ("a copy put back is not noticed", put_back().planting(Planted::CopyIsNotNoticed), "I5"),
        ("one amount an id, though two states decide", believing_in_one_amount(), "books"),
    ];
    for (mistake, setting, rule) in rows {
        let Err(broken) = explore(&setting) else { panic!("{mistake}: nothing was found") };
        println!("{mistake}: {}", broken.told());
        assert!(broken.rule.starts_with(rule), "{mistake}: {rule} should break, not {}", broken.rule);
    }
}

/// The limit of CONTRACT's rule on a 409, as a trace.
fn believing_in_one_amount() -> Setting {
    let bounds = Bounds { lost: 1, ..Bounds::default() };
    Setting { one_amount_an_id: true, ..Setting::new(2, 2, bounds) }
}

fn put_back() -> Setting {
    let bounds = Bounds { lost: 2, restores: 1, ..Bounds::default() };
    Setting::new(1, 2, bounds)
}
