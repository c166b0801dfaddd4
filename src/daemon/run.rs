//! `run`: the tasks of the daemon, woken by the heartbeat, until a signal ends them or one of them fails.

use super::engine::{Engine, EngineError};
use super::policies::Content;
use super::reload::Watcher;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What the tasks need beside the engine.
#[derive(Debug, Clone)]
pub struct RunRules {
    /// Where the policies are.
    pub policies: PathBuf,
    /// How often balances are read, slot or no slot.
    pub observe_every: Duration,
    /// How long a transfer under way is waited for at the end.
    pub drain_for: Duration,
}

/// Wakes the tasks.
#[derive(Debug, Clone)]
pub struct Wakers {
    /// Notified once a second by the heartbeat.
    pub tick: Arc<Notify>,
    /// SIGHUP, or whoever asks for a reload.
    pub reload: Arc<Notify>,
    /// Turns true at the end.
    pub stop: watch::Receiver<bool>,
}

/// The tasks wake after so long without a heartbeat.
const WITHOUT_HEARTBEAT: Duration = Duration::from_millis(2500);
/// Balances are read again after so long where the last reading failed.
const AFTER_A_FAILED_READING: Duration = Duration::from_secs(10);
/// Pauses between tries of a decision that could not be made.
const SHORTEST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// Runs the tasks until `stop`, then drains.
///
/// # Errors
/// The first [`EngineError`] that ends a task; a panic in a task is resumed here, so that nothing is half alive.
pub async fn run(engine: Arc<Engine>, rules: RunRules, wakers: Wakers) -> Result<(), EngineError> {
    let mut tasks = JoinSet::new();
    tasks.spawn(stay_alive(engine.clone(), wakers.clone()));
    tasks.spawn(observe(engine.clone(), wakers.clone(), rules.observe_every));
    tasks.spawn(decide(engine.clone(), wakers.clone()));
    tasks.spawn(carry_out(engine.clone(), wakers.clone()));
    tasks.spawn(reload(engine.clone(), wakers.clone(), rules.policies.clone()));
    let mut result = Ok(());
    let mut stop = wakers.stop.clone();
    tokio::select! {
        ended = tasks.join_next() => result = settle(ended),
        _ = stop.wait_for(|stop| *stop) => {}
    }
    engine.stop();
    let drained = tokio::time::timeout(rules.drain_for, async {
        while let Some(ended) = tasks.join_next().await {
            result = std::mem::replace(&mut result, Ok(())).and(settle(Some(ended)));
        }
    });
    if drained.await.is_err() {
        tracing::warn!(
            "a request was still under way at the deadline; a transfer among them is asked about at the next start"
        );
    }
    result
}

fn settle(ended: Option<Result<Result<(), EngineError>, tokio::task::JoinError>>) -> Result<(), EngineError> {
    match ended {
        Some(Ok(result)) => result,
        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        None | Some(Err(_)) => Ok(()),
    }
}

/// Waits for the next tick; false at the end. A heartbeat that is silent (the clock was set back) does not stop the
/// tasks: they wake by themselves a little later.
async fn next_tick(wakers: &mut Wakers) -> bool {
    tokio::select! {
        () = wakers.tick.notified() => {}
        () = tokio::time::sleep(WITHOUT_HEARTBEAT) => {}
        _ = wakers.stop.wait_for(|stop| *stop) => {}
    }
    !*wakers.stop.borrow()
}

/// Writes a record at least once an hour, whatever the readings do.
async fn stay_alive(engine: Arc<Engine>, mut wakers: Wakers) -> Result<(), EngineError> {
    while next_tick(&mut wakers).await {
        engine.stay_alive().await?;
    }
    Ok(())
}

async fn observe(engine: Arc<Engine>, mut wakers: Wakers, every: Duration) -> Result<(), EngineError> {
    let mut last = engine.clock.now();
    while next_tick(&mut wakers).await {
        let now = engine.clock.now();
        let pause = if engine.last_reading_failed() { every.min(AFTER_A_FAILED_READING) } else { every };
        let is_due = now < last || (now - last).to_std().is_ok_and(|age| age >= pause);
        if is_due {
            last = now;
            survive(engine.observe().await.map(|_| ()))?;
        }
    }
    Ok(())
}

/// Decides what is due. A slot that cannot be decided now is tried again after growing pauses; one of another policy that
/// comes up meanwhile does not wait for it.
async fn decide(engine: Arc<Engine>, mut wakers: Wakers) -> Result<(), EngineError> {
    let mut retry = SHORTEST_RETRY;
    let mut waiting: BTreeSet<String> = BTreeSet::new();
    // By a timer, not by the clock: one that was ahead for a while would keep it waiting until it is there again.
    let mut not_before: Option<Instant> = None;
    let mut clock_was_wrong = false;
    while next_tick(&mut wakers).await {
        let clock_is_wrong = engine.clock_trouble().is_some();
        if std::mem::replace(&mut clock_was_wrong, clock_is_wrong) && !clock_is_wrong {
            (retry, not_before) = (SHORTEST_RETRY, None);
        }
        let is_news = !engine.due(None).is_subset(&waiting);
        if !is_news && not_before.is_some_and(|earliest| Instant::now() < earliest) {
            continue;
        }
        survive(engine.decide(None).await.map(|_| ()))?;
        waiting = engine.due(None);
        if waiting.is_empty() {
            (retry, not_before) = (SHORTEST_RETRY, None);
        } else {
            not_before = Some(Instant::now() + retry);
            retry = (retry * 2).min(LONGEST_RETRY);
        }
    }
    Ok(())
}

async fn carry_out(engine: Arc<Engine>, mut wakers: Wakers) -> Result<(), EngineError> {
    let mut rounds = JoinSet::new();
    while next_tick(&mut wakers).await {
        let sources = engine.sources_with_work();
        if !sources.is_empty() {
            let engine = engine.clone();
            // A slow source keeps its own round waiting, not the others: they are picked up by the next round.
            rounds.spawn(async move { engine.carry_out_from(sources).await });
        }
        while let Some(ended) = rounds.try_join_next() {
            survive(settle(Some(ended)))?;
        }
    }
    while let Some(ended) = rounds.join_next().await {
        survive(settle(Some(ended)))?;
    }
    Ok(())
}

async fn reload(engine: Arc<Engine>, mut wakers: Wakers, path: PathBuf) -> Result<(), EngineError> {
    let mut watcher = Watcher::new(&path, engine.hash_on_disk());
    let reload_wish = wakers.reload.clone();
    loop {
        let asked = tokio::select! {
            more = next_tick(&mut wakers) => {
                if !more {
                    return Ok(());
                }
                false
            }
            () = reload_wish.notified() => true,
        };
        let settled = if asked { stands_still_soon(&mut watcher).await } else { watcher.settled_change() };
        match settled {
            Some(content) => watcher.reload(&engine, content).await?,
            None if asked => {
                engine.note_problem(
                    "the policy files are still being written: they are read again once they stand still",
                );
            }
            None => {}
        }
        if asked && let Err(error) = engine.bank.renew_access().await {
            engine.note_problem(&format!("KPay's keys were to be read again: {error}"));
        }
    }
}

/// Two equal readings, also when a reload is asked for: the file may still be being written. One that does not stand
/// still is left to the watch on its content, and the policies before stay in force.
async fn stands_still_soon(watcher: &mut Watcher) -> Option<Content> {
    for _ in 0..20 {
        if let Some(content) = watcher.look() {
            return Some(content);
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    None
}

/// The bank's trouble is noted where it happens and passes; anything else ends the daemon.
fn survive(result: Result<(), EngineError>) -> Result<(), EngineError> {
    match result {
        Err(EngineError::Bank(_) | EngineError::Objection(_)) => Ok(()),
        other => other,
    }
}
