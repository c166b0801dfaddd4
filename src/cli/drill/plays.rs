//! The rows that need more than a fault of the sandbox's: kills, hands on the files, people's commands.

use super::judge::{Stands, judge};
use super::stage::{Stage, failed};
use crate::money::{Amount, Country};
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// Moves what comes in at once.
pub(super) const EVERY_SECOND: &str = "* * * * * *";
/// After `pause` has returned, so much later nothing may be sent.
const PAUSED_WITHIN: chrono::TimeDelta = chrono::TimeDelta::seconds(1);
/// What the sandbox's 429 says.
const RETRY_AFTER: chrono::TimeDelta = chrono::TimeDelta::seconds(2);
/// How long nothing may be sent in the pause.
const PAUSED_FOR: Duration = Duration::from_secs(3);

pub(super) const ONE: Stands = Stands { moved: 1, paid: 0, called: 0 };
const ONE_CALLED: Stands = Stands { moved: 1, paid: 0, called: 1 };
const NONE_CALLED: Stands = Stands { moved: 0, paid: 0, called: 1 };

/// Gabon's money over an amount into Cameroon.
pub(super) fn above(amount: i64) -> String {
    format!("sweep: {{ from: [GAB], into: CMR, above: {amount} XAF }}")
}

/// Fails with a sentence unless it is so.
pub(super) fn ensure(is_so: bool, otherwise: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// Asks a daemon to end, which must be in order.
pub(super) fn end(stage: &Stage<'_>, mut daemon: super::stage::Process) -> Result<(), String> {
    daemon.signal(Signal::TERM)?;
    stage.ended(&mut daemon)?.with_code(0).map(drop)
}

pub(super) fn away(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.close_the_bank();
    stage.once()?.with_code(75)?;
    ensure(stage.intents()?.is_empty(), "something was decided without a balance")?;
    stage.open_the_bank()?;
    stage.once()?.with_code(0)?;
    Ok(format!("exit 75, then 0; {}", judge(stage, ONE)?))
}

pub(super) fn restarted(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.once()?.with_code(75)?;
    ensure(stage.books()?.transfers.len() == 1, "it was not applied")?;
    stage.faults(&[])?;
    stage.once()?.with_code(0)?;
    let last = stage.posts()?.last().and_then(|post| post.status);
    ensure(last == Some(409), "its last answer was no 409")?;
    Ok(format!("unknown, exit 75; then proven by the 409; {}", judge(stage, ONE)?))
}

pub(super) fn still_running(stage: &mut Stage<'_>) -> Result<String, String> {
    let mut running = stage.start(&["once"])?;
    stage.until("a transfer is under way", || {
        running.still_runs()?;
        Ok(!stage.posts()?.is_empty())
    })?;
    running.kill()?;
    stage.wipe()?;
    // KPay holds the first one's money already.
    stage.deposit(30_000)?;
    stage.once()?.with_code(75)?;
    let ids: std::collections::BTreeSet<String> = stage.intents()?.into_iter().map(|one| one.external_id).collect();
    ensure(ids.len() == 1, "it was tried under another id")?;
    judge(stage, NONE_CALLED)
}

pub(super) fn misread(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.once()?.with_code(75)?;
    ensure(stage.intents()?.is_empty() && stage.posts()?.is_empty(), "something was decided on it")?;
    stage.faults(&[])?;
    stage.once()?.with_code(0)?;
    Ok(format!("exit 75 and nothing decided, then 0; {}", judge(stage, ONE)?))
}

pub(super) fn somebody_elses_id(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.daily(&above(110_000))?;
    stage.once()?.with_code(0)?;
    stage.wipe()?;
    stage.daily(&above(100_000))?;
    stage.once()?.with_code(75)?;
    judge(stage, ONE_CALLED)
}

pub(super) fn told_to_wait(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.once()?.with_code(0)?;
    let posts = stage.posts()?;
    ensure(posts.len() == 3, "it was not asked three times")?;
    let mut pairs = posts.iter().zip(posts.iter().skip(1));
    ensure(pairs.all(|(first, next)| next.at - first.at >= RETRY_AFTER), "it was asked again before its time")?;
    Ok(format!("asked 3 times, each after its pause; {}", judge(stage, ONE)?))
}

pub(super) fn killed(stage: &mut Stage<'_>) -> Result<String, String> {
    let mut running = stage.start(&["once"])?;
    stage.until("a transfer is under way", || {
        running.still_runs()?;
        Ok(stage.books()?.faults.iter().any(|(_, times)| *times > 0))
    })?;
    running.kill()?;
    stage.faults(&[])?;
    stage.once()?.with_code(0)?;
    ensure(stage.posts()?.len() == 2, "it was not asked again")?;
    Ok(format!("killed, asked again; {}", judge(stage, ONE)?))
}

pub(super) fn killed_in_hand(stage: &mut Stage<'_>) -> Result<String, String> {
    let daemon = stage.daemon()?;
    let mut id = String::new();
    let bank = stage.bank()?;
    stage.until("KPay has the payout", || {
        let taken = bank.books().withdrawals;
        id = taken.first().and_then(|one| one.external_id.clone()).unwrap_or_default();
        Ok(!id.is_empty())
    })?;
    // Its reply is recorded before it is asked about.
    stage.until("it is asked about", || {
        Ok(bank.requests().iter().any(|request| request.method == "GET" && request.path.contains("/payments/withdraw")))
    })?;
    daemon.kill()?;
    ensure(bank.end_withdrawal(&id, None), "the payout was over before it was killed")?;
    stage.once()?.with_code(0)?;
    ensure(stage.posts()?.iter().filter(|post| post.method == "POST").count() == 1, "it was sent again")?;
    Ok(format!("killed, sent once; {}", judge(stage, Stands { moved: 0, paid: 1, called: 0 })?))
}

pub(super) fn wiped(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.once()?.with_code(0)?;
    stage.wipe()?;
    stage.deposit(7_000)?;
    stage.once()?.with_code(75)?;
    judge(stage, ONE_CALLED)
}

pub(super) fn put_back(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.once()?.with_code(0)?;
    stage.treasuryd(&["state", "backup", "backup"])?.with_code(0)?;
    stage.deposit(50_000)?;
    stage.once_tomorrow()?.with_code(0)?;
    stage.wipe()?;
    fs::rename(stage.path("backup"), stage.path("state")).map_err(failed("the backup cannot be put back"))?;
    stage.deposit(20_000)?;
    stage.once_tomorrow()?.with_code(75)?;
    judge(stage, Stands { moved: 2, paid: 0, called: 1 })
}

pub(super) fn second(stage: &mut Stage<'_>) -> Result<String, String> {
    let daemon = stage.daemon()?;
    for args in [&["once"][..], &["run"]] {
        let ended = stage.treasuryd(args)?.with_code(77)?;
        ensure(ended.stderr.contains("in use by another treasuryd"), "it does not say why it ended")?;
    }
    let bank = stage.bank()?;
    stage.until("the first one moves on", || Ok(!bank.books().transfers.is_empty()))?;
    end(stage, daemon)?;
    Ok(format!("`once` and `run` ended with 77; {}", judge(stage, ONE)?))
}

pub(super) fn flipped(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.once()?.with_code(0)?;
    stage.deposit(5_000)?;
    let path = segment(stage)?;
    let whole = fs::read(&path).map_err(failed("the journal cannot be read"))?;
    let mut damaged = whole.clone();
    // In the middle: at the end it would pass for a write that was cut short.
    let middle = damaged.len() / 2;
    damaged.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 1);
    let write = |bytes: &[u8]| fs::write(&path, bytes).map_err(failed("the journal cannot be written"));
    write(&damaged)?;
    let before = stage.books()?.counters.requests;
    for args in [&["once"][..], &["run"], &["status"], &["journal", "verify"]] {
        stage.treasuryd(args)?.with_code(77)?;
    }
    ensure(stage.books()?.counters.requests == before, "KPay was asked on a damaged journal")?;
    let left = fs::read(&path).map_err(failed("the journal cannot be read"))?;
    ensure(left == damaged, "the damaged journal was changed")?;
    write(&whole)?;
    stage.once_tomorrow()?.with_code(0)?;
    Ok(format!(
        "refused with 77, KPay not asked; put right: {}",
        judge(stage, Stands { moved: 2, paid: 0, called: 0 })?
    ))
}

/// The journal's one segment.
fn segment(stage: &Stage<'_>) -> Result<PathBuf, String> {
    let mut entries = fs::read_dir(stage.path("state/journal")).map_err(failed("the journal cannot be listed"))?;
    let first = entries.next().ok_or("the journal is empty")?;
    first.map(|entry| entry.path()).map_err(failed("the journal cannot be listed"))
}

pub(super) fn terminated(stage: &mut Stage<'_>) -> Result<String, String> {
    let daemon = stage.daemon()?;
    stage.until("a transfer is under way", || Ok(!stage.posts()?.is_empty()))?;
    stage.deposit(40_000)?;
    end(stage, daemon)?;
    ensure(stage.posts()?.len() == 1, "something was sent after SIGTERM")?;
    Ok(format!("exit 0, one request; {}", judge(stage, ONE)?))
}

pub(super) fn half_written(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.policy(EVERY_SECOND, &above(130_000))?;
    let daemon = stage.daemon()?;
    stage.policy(EVERY_SECOND, "sweep: { from: [GAB], into: CMR, abo")?;
    daemon.signal(Signal::HUP)?;
    stage.until("it says that the file is of no use", || Ok(daemon.says("the changed policies were refused")))?;
    stage.deposit(20_000)?;
    let bank = stage.bank()?;
    let holds = |amount: i64| bank.books().balance(Country::GAB) == Some(Amount::whole(amount));
    stage.until("the old rules move 20 000", || Ok(holds(130_000)))?;
    stage.policy(EVERY_SECOND, &above(120_000))?;
    daemon.signal(Signal::HUP)?;
    stage.until("the new rules move 10 000", || Ok(holds(120_000)))?;
    end(stage, daemon)?;
    let verdict = judge(stage, Stands { moved: 2, paid: 0, called: 0 })?;
    Ok(format!("20 000 by the old rules, then 10 000 by the new ones; {verdict}"))
}

pub(super) fn kill_switch(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.policy(EVERY_SECOND, &above(100_000))?;
    let daemon = stage.daemon()?;
    storm(stage, 2)?;
    stage.treasuryd(&["pause", "--by", "drill"])?.with_code(0)?;
    let limit = stage.books()?.at + PAUSED_WITHIN;
    stage.deposit(10_000)?;
    stage.rest(PAUSED_FOR);
    let late = stage.posts()?.iter().filter(|post| post.at > limit).count();
    ensure(late == 0, &format!("{late} requests a second after the pause"))?;
    stage.treasuryd(&["resume", "--by", "drill"])?.with_code(0)?;
    let moved = storm(stage, 1)?;
    end(stage, daemon)?;
    Ok(format!("nothing sent in the pause; {}", judge(stage, Stands { moved, paid: 0, called: 0 })?))
}

/// Customers pay until so many more transfers are applied, and all of it is moved; how many there are.
fn storm(stage: &Stage<'_>, more: usize) -> Result<usize, String> {
    let bank = stage.bank()?;
    let wanted = bank.books().transfers.len() + more;
    while bank.books().transfers.len() < wanted {
        let before = bank.books().transfers.len();
        stage.deposit(10_000)?;
        stage.until("what came in is moved", || Ok(bank.books().transfers.len() > before))?;
    }
    stage.until("nothing is left", || Ok(bank.books().balance(Country::GAB) == Some(Amount::whole(100_000))))?;
    Ok(bank.books().transfers.len())
}
