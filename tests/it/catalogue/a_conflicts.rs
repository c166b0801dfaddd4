//! A: was it applied? 409s that are not the answer to a lost reply of ours, forgotten ids, and slots in several parts.

use super::stage::{MEMORIES, Memory, PATIENCE, Play, Scene, each};
use crate::played::row;
use crate::support::EVENING;
use std::process::Stdio;
use treasuryd::money::Amount;
use treasuryd::sandbox::{ConflictBody, SandboxSettings};

const GAB: &str = "GAB";

fn deposit(play: &Play, amount: i64) {
    play.merchant.bank().deposit(GAB.parse().unwrap(), Amount::whole(amount)).unwrap();
}

/// An older self moved 20,000 for the slot, and its state is lost.
fn after_an_older_self(memory: Memory, conflict_body: ConflictBody) -> Play {
    let sandbox = SandboxSettings { conflict_body, ..SandboxSettings::default() };
    let mut play = Scene { sandbox, ..Scene::with(memory) }.open();
    play.above(110_000);
    play.once().with_code(0);
    play.expect(GAB, "applied", "response");
    play.wipe();
    play.above(100_000);
    if memory == Memory::Remembers {
        play.once_now().with_code(0);
    }
    play
}

// A10: 409 from someone else's id, or an older self with another amount · slot closed, `needs_operator`, no new id,
// nothing booked, alert.
#[test]
fn a10_a_conflict_on_a_first_attempt_books_nothing() {
    let _row = row!();
    let bodies = [ConflictBody::Empty, ConflictBody::Envelope, ConflictBody::Text];
    let rows: Vec<_> = MEMORIES.iter().flat_map(|memory| bodies.map(|body| (*memory, body))).collect();
    each(&rows, |(memory, body)| {
        let play = after_an_older_self(*memory, *body);
        let ended = play.once().with_code(75);
        assert!(ended.stderr.contains("a person must look"), "{ended:?}");
        let closed = play.expect(GAB, "needs_operator", "");
        play.settle(1, 1);
        assert!(play.evidence().entries.is_empty());
        play.once_later(1).with_code(75);
        let next = play.expect(GAB, "applied", "response");
        assert_ne!(next["external_id"], closed["external_id"], "only that slot is closed");
        play.judge(2);
    });
}

// A10, the 409 after an own attempt that never arrived: on a fresh state neither journal nor balance proves our amount.
#[test]
fn a10_a_conflict_after_an_own_loss_needs_proof() {
    let _row = row!();
    let play = after_an_older_self(Memory::Fresh, ConflictBody::Envelope);
    play.faults(&["lost-before"]);
    play.once().with_code(75);
    play.expect(GAB, "needs_operator", "");
    play.settle(1, 1);
    assert!(play.evidence().entries.is_empty());
    play.once_later(1).with_code(75);
    assert_eq!(play.merchant.transfers().len(), 1, "what may have moved holds its lane");
    play.judge(1);
}

// A11: 409 because the first is still running, and it then fails · hold until balance settles, then `needs-operator` or
// next window. (The contract takes a 409 after an own attempt for proof, see the last lines.)
#[test]
fn a11_a_first_one_that_still_runs_is_not_sent_under_another_id() {
    let _row = row!();
    let play = after_an_older_self(Memory::Fresh, ConflictBody::Envelope);
    // The older self's id is used up; the next slot's transfer is taken in, answers 409 twice and is dropped.
    play.faults(&["conflict-pending=2"]);
    deposit(&play, 5_000);
    play.once_later(1);
    let intent = play.intent(GAB);
    assert!(play.books().transfers.len() == 1 && intent["attempts"].as_u64().unwrap() >= 2, "{intent:#}");
    assert_eq!(intent["state"], "applied", "a KPay that answers 409 for what it then drops is believed: {intent:#}");
    assert_eq!(play.merchant.transfers().len(), 1);
    // It did fail: the money is back, and the books against the wallet show it.
    assert_eq!(play.merchant.holds(GAB), Amount::whole(115_000));
    let checked = play.merchant.treasuryd(&["ledger", "check"]);
    assert!(checked.stdout.lines().any(|line| line.starts_with("GAB") && line.contains("15 000")), "{checked:?}");
}

// A11, on a first attempt: the state is lost while KPay still works on its transfer, and then KPay drops it,
// whatever its 409 looks like · nothing booked, a person is called, and the next window moves the money.
#[test]
fn a11_a_first_one_of_a_lost_state_that_fails_is_left_to_a_person_and_the_next_window() {
    let _row = row!();
    each(&[ConflictBody::Empty, ConflictBody::Envelope, ConflictBody::Text], |conflict_body| {
        let sandbox = SandboxSettings { conflict_body: *conflict_body, ..SandboxSettings::default() };
        let mut play = Scene { sandbox, ..Scene::default() }.open();
        // Asked once, and killed: KPay holds the 30,000.
        play.faults(&["conflict-pending=3"]);
        let mut first = play.merchant.command(&["once", "--at", EVENING]).stderr(Stdio::null()).spawn().unwrap();
        play.until("it is asked", |books| books.faults.iter().any(|(_, times)| *times > 0));
        first.kill().unwrap();
        first.wait().unwrap();
        play.wipe();
        deposit(&play, 30_000);
        play.once().with_code(75);
        let closed = play.expect(GAB, "needs_operator", "");
        play.judge(0);
        // The answers are used up, and KPay has dropped it.
        play.faults(&[]);
        play.once_later(1).with_code(75);
        let next = play.expect(GAB, "applied", "response");
        assert_ne!(next["external_id"], closed["external_id"]);
        play.judge(1);
    });
}

// A13: provider forgets ids after 24 h (or 30 min) · cold start acts only in the current window.
#[test]
fn a13_a_lost_state_does_not_act_in_an_old_window() {
    let _row = row!();
    let half_an_hour = std::time::Duration::from_mins(30);
    let sandbox = SandboxSettings { forget_ids_after: Some(half_an_hour), ..SandboxSettings::default() };
    let scene = Scene { sandbox, rules: "    catch_up: 29m\n", ..Scene::default() };
    let mut play = scene.open();
    play.once().with_code(0);
    deposit(&play, 50_000);
    play.wipe();
    // Within the window the id is still known: 409.
    play.once().with_code(75);
    play.expect(GAB, "needs_operator", "");
    play.judge(1);
    play.wipe();
    play.merchant.bank().advance(half_an_hour);
    let late = "2026-11-24T18:30:30Z";
    play.merchant.treasuryd(&["once", "--json", "--at", late]).with_code(0);
    assert!(play.merchant.transfers().is_empty(), "the window is over");
    play.judge(1);
    // The next slot is its own.
    play.once_later(1).with_code(0);
    play.expect(GAB, "applied", "response");
    play.judge(2);
}

// A13: no resend older than a set age, `needs-operator` instead.
#[test]
fn a13_nothing_is_resent_past_the_age_set() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let half_an_hour = std::time::Duration::from_mins(30);
        let sandbox = SandboxSettings { forget_ids_after: Some(half_an_hour), ..SandboxSettings::default() };
        let scene = Scene { sandbox, ..Scene::with(*memory) }.set("kpay", "resend_for = \"4s\"");
        let play = scene.open();
        play.faults(&["lost-after-apply", "http-503=always"]);
        play.once().with_code(75);
        play.judge(1);
        play.merchant.bank().advance(half_an_hour);
        deposit(&play, 50_000);
        play.settle(1, 1);
        play.expect(GAB, "needs_operator", "");
    });
}

fn in_parts() -> Play {
    Scene { wallets: vec![("CMR", 0), (GAB, 25_100_000)], ..Scene::default() }.open()
}

fn killed_in_the_second_part(play: &Play) {
    play.faults(&["ok", "hang"]);
    let mut daemon = play.daemon(Memory::Fresh);
    play.until("the second part is applied", |books| books.transfers.len() == 2);
    daemon.signal("KILL");
    daemon.wait(PATIENCE);
    play.faults(&[]);
}

// A21: crash between two chunks of one slot (> 10 M) · chunk ids positional; sum ≤ plan, no re-split.
#[test]
fn a21_after_a_crash_between_parts_the_rest_follows() {
    let _row = row!();
    let play = in_parts();
    killed_in_the_second_part(&play);
    play.once_now().with_code(0);
    play.settle_by(3, 3, Play::once_now);
    let amounts: Vec<_> = play.books().transfers.iter().map(|entry| entry.amount.to_string()).collect();
    assert_eq!(amounts, ["10000000", "10000000", "5000000"]);
}

// A21: kill between; wipe state; change balance.
#[test]
fn a21_after_a_loss_of_state_between_parts_nothing_is_split_anew() {
    let _row = row!();
    let mut play = in_parts();
    killed_in_the_second_part(&play);
    play.wipe();
    deposit(&play, 15_000_000);
    play.once_now().with_code(75);
    let states: Vec<_> = play.merchant.transfers().iter().map(|it| it["state"].as_str().unwrap().to_owned()).collect();
    assert!(states.contains(&"needs_operator".to_owned()) && states.contains(&"cancelled".to_owned()), "{states:?}");
    let moved: i64 = play.books().transfers.iter().map(|entry| entry.amount.to_string().parse::<i64>().unwrap()).sum();
    assert!(moved <= 25_000_000, "{moved}");
    play.settle_by(2, 2, Play::once_now);
}
