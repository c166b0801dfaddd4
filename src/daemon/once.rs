//! `once`: every due slot evaluated once, carried out, what is open asked about, and out again.

use super::doors::BankError;
use super::engine::{Engine, EngineError};
use super::follow::is_followed;
use crate::intent::Outcome;
use crate::model::{Kind, Timestamp};
use chrono::TimeDelta;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// It keeps on for so long.
const KEEPS_ON: TimeDelta = TimeDelta::seconds(10);
/// A running Retry-After is waited for so long, for intents that were not asked about yet.
const WAITS: TimeDelta = TimeDelta::seconds(15);
/// A place in the request budget is waited for so long. What has to wait longer is told, and left to the next run.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Reading and deciding are given up after so long.
const READS_FOR: Duration = Duration::from_secs(12);
/// Everything has ended by then; the contract says 30 s.
const ENDS_BY: Duration = Duration::from_secs(28);

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceReport {
    /// Why slots could not be decided or balances not be read, where that happened.
    pub trouble: Option<Trouble>,
    /// How many intents are `sending`, `unknown` or `needs_operator` at the end, those in KPay's hands left out.
    pub unsettled: usize,
    /// How many payouts KPay has in hand.
    pub in_hand: usize,
    /// How many are still `planned`.
    pub planned: usize,
}

/// Why KPay could not be worked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It refuses us.
    Refused(String),
    /// It could not be reached or understood.
    Unavailable(String),
}

/// Runs once. The engine must have begun.
///
/// # Errors
/// [`EngineError`], except for the bank's, which is in the report.
pub async fn once(engine: &Arc<Engine>, only: Option<&str>) -> Result<OnceReport, EngineError> {
    let begun = Instant::now();
    let mut trouble = {
        // Kept until it is known what it waited for.
        let mut reading = pin!(ask_and_decide(engine, only));
        match timeout_at(begun + READS_FOR, &mut reading).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(trouble_of(error)?),
            Err(_) => {
                let why = engine.bank.waits_for().unwrap_or_else(|| "KPay did not answer in time".to_owned());
                Some(Trouble::Unavailable(format!("{why}; nothing was decided")))
            }
        }
    };
    let records_before = engine.store.records();
    // What is still under way at the end is cut off: a lost reply, asked about at the next start.
    if let Ok(done) = timeout_at(begun + ENDS_BY, carry_on(engine)).await {
        done?;
    } else {
        tracing::warn!("a request was still under way at the end and was cut off");
    }
    // The closing balances belong to the books, and show that the wallets moved. Where the budget has no place for them the next
    // run records its own: nothing is left undone.
    if engine.store.records() > records_before
        && let Ok(Err(error)) = timeout_at(begun + ENDS_BY, engine.observe()).await
        && !matches!(error, EngineError::Bank(BankError::UsedUp(_)))
    {
        trouble = trouble.or(Some(trouble_of(error)?));
    }
    let (unsettled, in_hand, planned) = engine.store.with_state(|state| {
        let unsettled = [Outcome::Sending, Outcome::Unknown, Outcome::NeedsOperator];
        let unsettled: usize = unsettled.iter().map(|outcome| state.count(*outcome)).sum();
        let in_hand = state.open.values().filter(|tracked| is_followed(tracked)).count();
        (unsettled.saturating_sub(in_hand), in_hand, state.count(Outcome::Planned))
    });
    let refused = engine.world().refusal.clone().filter(|_| planned > 0).map(Trouble::Refused);
    Ok(OnceReport { trouble: trouble.or(refused), unsettled, in_hand, planned })
}

/// Works on until nothing is left to do or the time is over.
async fn carry_on(engine: &Arc<Engine>) -> Result<(), EngineError> {
    let started = engine.clock.now();
    let open_at_start = open_attempts(engine);
    loop {
        engine.carry_out().await?;
        let now = engine.clock.now();
        let Some(next) = engine.next_work_at() else { return Ok(()) };
        let all_asked = open_attempts(engine).iter().all(|(id, attempts)| {
            *attempts > 0 && open_at_start.iter().find(|(known, _)| known == id).is_none_or(|(_, then)| attempts > then)
        });
        let end = started + if all_asked { KEEPS_ON } else { WAITS };
        if next > end || now > end {
            return Ok(());
        }
        sleep_until(next, now).await;
    }
}

async fn ask_and_decide(engine: &Arc<Engine>, only: Option<&str>) -> Result<(), EngineError> {
    engine.observe().await?;
    engine.decide(only).await?;
    Ok(())
}

fn open_attempts(engine: &Engine) -> Vec<(String, u32)> {
    engine
        .asks(engine.clock.now())
        .into_iter()
        .filter(|(tracked, _)| tracked.waits_under().is_none())
        // A later part of a payout waits for the end of the one before it, which may take hours.
        .filter(|(tracked, _)| tracked.intent.kind != Kind::Payout || tracked.intent.part <= 1 || tracked.attempts > 0)
        .map(|(tracked, _)| (tracked.intent.external_id.to_string(), engine.asked_so_far(&tracked)))
        .collect()
}

async fn sleep_until(next: Timestamp, now: Timestamp) {
    let pause = (next - now).to_std().unwrap_or(Duration::from_millis(20));
    tokio::time::sleep(pause.max(Duration::from_millis(20))).await;
}

fn trouble_of(error: EngineError) -> Result<Trouble, EngineError> {
    match error {
        EngineError::Bank(BankError::Refused(text)) => Ok(Trouble::Refused(text)),
        EngineError::Bank(BankError::Unavailable(text) | BankError::UsedUp(text)) => Ok(Trouble::Unavailable(text)),
        other => Err(other),
    }
}
