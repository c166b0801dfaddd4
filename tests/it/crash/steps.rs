//! D1 and D3: the process is killed before each of its steps, by counting system calls (strace counts them thread by
//! thread) and requests (the sandbox holds them open), and then started again, with its state or without it.

use super::{assert_books_agree, deposit, once_with, our_entries};
use crate::played::{Tally, lacks, row};
use crate::support::{Merchant, eventually};
use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

/// Steps that matter, with the fewest that must have been met: so that a change of the runtime's habits does not
/// quietly empty the test.
const STEPS: [(&str, usize); 6] =
    [("fdatasync", 6), ("fsync", 4), ("write", 6), ("writev", 3), ("recvfrom", 3), ("connect", 1)];

fn merchant() -> Merchant {
    Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)])
}

/// Kills `once` before the first, second, … of a system call in any thread, until it is through, and hands each corpse
/// to `then`; returns how many there were.
pub(super) fn kill_before_each(call: &str, merchant: fn() -> Merchant, then: impl Fn(&Merchant, usize)) -> usize {
    for nth in 1.. {
        let merchant = merchant();
        let ended = once_with(&merchant, &format!("{call}:signal=SIGKILL:when={nth}"), &[]);
        match ended.code {
            None => then(&merchant, nth),
            Some(0) => return nth - 1,
            Some(_) => panic!("{call} {nth}: {ended:?}"),
        }
    }
    unreachable!("there is always one more number")
}

/// Kills `once` while its first, second, … request waits for an answer, until it is through.
pub(super) fn kill_at_each_request(fault: &str, merchant: fn() -> Merchant, then: impl Fn(&Merchant, usize)) -> usize {
    for nth in 1.. {
        let merchant = merchant();
        let rules = [format!("any:ok={}", nth - 1), format!("any:{fault}")];
        merchant.bank().set_faults(&rules).unwrap();
        let mut command = merchant.command(&["once", "--json", "--at", crate::support::EVENING]);
        let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut ended = None;
        eventually("its request hangs, or it is through", Duration::from_secs(30), || {
            ended = running.try_wait().unwrap();
            ended.is_some() || merchant.books().faults[1].1 > 0
        });
        running.kill().unwrap();
        running.wait().unwrap();
        if let Some(status) = ended {
            assert_eq!(status.code(), Some(0), "request {nth}");
            return nth - 1;
        }
        merchant.bank().set_faults::<&str>(&[]).unwrap();
        then(&merchant, nth);
    }
    unreachable!("there is always one more number")
}

/// All kinds of steps at once; most of the time is waiting.
fn kill_before_every_step(then: impl Fn(&Merchant, &str, usize) + Sync) {
    let tally = &Tally::current();
    std::thread::scope(|scope| {
        let then = &then;
        for fault in ["hang", "hang-before"] {
            scope.spawn(move || {
                Tally::work_for(tally.clone());
                let met = kill_at_each_request(fault, merchant, |merchant, nth| then(merchant, fault, nth));
                assert!(met >= 6, "only {met} requests");
            });
        }
        let steps = if lacks("strace") { &[][..] } else { &STEPS };
        for (call, fewest) in steps.iter().copied() {
            scope.spawn(move || {
                Tally::work_for(tally.clone());
                let met = kill_before_each(call, merchant, |merchant, nth| then(merchant, call, nth));
                assert!(met >= fewest, "only {met} of {call}");
            });
        }
    });
}

/// The contract lets a 409 count as ours where the source fell by exactly our amount.
#[test]
fn d01_killed_before_any_step_it_ends_applied_exactly_once() {
    let _row = row!();
    kill_before_every_step(|merchant, call, nth| {
        let ended = merchant.once();
        assert_eq!(ended.code, Some(0), "{call} {nth}: {ended:?}");
        assert_eq!(merchant.books().transfers.len(), 2, "{call} {nth}");
        assert_eq!(assert_books_agree(merchant).applied, 2);
        assert_eq!(merchant.holds("CMR"), treasuryd::money::Amount::whole(45_000), "{call} {nth}");
    });
}

#[test]
fn d03_killed_before_any_step_and_wiped_nothing_moves_twice() {
    let _row = row!();
    kill_before_every_step(|merchant, call, nth| {
        fs::remove_dir_all(merchant.path("state")).unwrap_or_default();
        // Fresh money, so that the lost slot is tempting again, with another amount.
        deposit(merchant, "GAB", 7_000);
        deposit(merchant, "COG", 7_000);
        let moved_before = merchant.books().transfers.len();
        let ended = merchant.once();
        let books = merchant.books();
        assert_eq!(books.transfers.len(), 2, "{call} {nth}: one a lane and slot, {ended:?}");
        let lanes: BTreeSet<_> = books.transfers.iter().map(|entry| entry.from).collect();
        assert_eq!(lanes.len(), 2, "{call} {nth}: {books:?}");
        let calls_operator = merchant.transfers().into_iter().filter(|one| one["state"] == "needs_operator").count();
        assert_eq!(calls_operator, moved_before, "{call} {nth}: what moved before the loss is a person's, {ended:?}");
        assert_eq!(ended.code, Some(if moved_before == 0 { 0 } else { 75 }), "{call} {nth}: {ended:?}");
        let booked: BTreeSet<_> = our_entries(merchant).iter().map(|entry| entry["external_id"].to_string()).collect();
        assert_eq!(booked.len(), 2 - moved_before, "{call} {nth}: nothing is booked that is not proven");
        assert_eq!((books.wrong, books.applied_twice.len()), (None, 0));
        // And again: the slot stays closed.
        let again = merchant.once();
        assert_eq!((again.code, merchant.books().transfers.len()), (ended.code, 2), "{call} {nth}: {again:?}");
    });
}

#[test]
fn d03_wiped_after_every_run_a_slot_moves_once() {
    let _row = row!();
    let merchant = merchant();
    for round in 0..5 {
        let ended = merchant.once();
        assert_eq!(ended.code, Some(if round == 0 { 0 } else { 75 }), "{ended:?}");
        fs::remove_dir_all(merchant.path("state")).unwrap();
        deposit(&merchant, "GAB", 5_000);
        deposit(&merchant, "COG", 9_000);
    }
    assert_eq!(merchant.books().transfers.len(), 2);
}
