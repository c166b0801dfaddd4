//! Reading balances, and recording them when they changed or an hour has passed.

use super::engine::{Engine, EngineError};
use crate::intent::Event;
use crate::model::{Snapshot, Timestamp, WalletId};
use crate::planted::{self, Mistake};
use chrono::TimeDelta;
use std::sync::Arc;

/// A reading older than this is not fresh enough to decide or send on.
pub(super) const FRESH_FOR: TimeDelta = TimeDelta::seconds(3);
/// A record at least this often: it shows later that this journal was here then.
const RECORD_EVERY: TimeDelta = TimeDelta::minutes(50);

impl Engine {
    /// Reads all wallets now.
    ///
    /// # Errors
    /// [`EngineError::Bank`]; the last good reading stays, with its age. [`EngineError::Store`], where a fall that it shows
    /// could not be recorded.
    pub async fn read_balances(&self) -> Result<Arc<Snapshot>, EngineError> {
        let nth = self.world().ask_reading();
        let taken_at = self.clock.now();
        match self.bank.wallets(taken_at, &self.countries()).await {
            Ok(snapshot) => {
                let snapshot = Arc::new(snapshot);
                self.compare(nth, &snapshot).await?;
                self.world().take_reading(nth, snapshot.clone());
                Ok(snapshot)
            }
            Err(error) => {
                self.world().read_error = Some(error.to_string());
                self.note_problem(&error.to_string());
                Err(error.into())
            }
        }
    }

    /// A reading younger than our last move out of the wallet, and than a few seconds.
    pub(super) async fn fresh_reading(&self, source: WalletId) -> Result<Arc<Snapshot>, EngineError> {
        let touched = self.world().touched.get(&source).copied();
        let touched = touched.filter(|_| !planted::is(Mistake::ReadingFromBeforeOurMove));
        self.reading_since(touched).await
    }

    /// A reading younger than any move of ours, and than a few seconds.
    pub(super) async fn reading_of_all(&self) -> Result<Arc<Snapshot>, EngineError> {
        let touched = self.world().touched.values().max().copied();
        self.reading_since(touched).await
    }

    async fn reading_since(&self, touched: Option<Timestamp>) -> Result<Arc<Snapshot>, EngineError> {
        let now = self.clock.now();
        let at_hand = self.world().snapshot.clone();
        // One from the future was taken by a clock that was ahead: nobody knows how old it is.
        let is_fresh =
            |taken_at| taken_at <= now && (now - taken_at <= FRESH_FOR || planted::is(Mistake::OldReadingWillDo));
        match at_hand.filter(|it| is_fresh(it.taken_at) && touched.is_none_or(|touched| it.taken_at > touched)) {
            Some(snapshot) => Ok(snapshot),
            None => self.read_balances().await,
        }
    }

    /// Whether the last reading failed, or there was none yet.
    pub(super) fn last_reading_failed(&self) -> bool {
        let world = self.world();
        world.read_error.is_some() || world.snapshot.is_none()
    }

    /// Reads all wallets and records them if they are news.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn observe(&self) -> Result<Arc<Snapshot>, EngineError> {
        self.identity().await?;
        let snapshot = self.read_balances().await?;
        let rows = snapshot.rows();
        let now = self.clock.now();
        // Not those that came with a decision: the books are held against observations alone.
        let is_known = self.world().observed.as_ref() == Some(&rows);
        // A newer one came before it: what is recorded never goes back.
        let is_late = self.world().snapshot.as_ref().is_some_and(|newest| !Arc::ptr_eq(newest, &snapshot));
        let is_old = self.store.with_state(|state| state.last_observed.is_none_or(|last| now - last >= RECORD_EVERY));
        if (!is_known || is_old) && !is_late {
            self.append(vec![Event::Observed { taken_at: snapshot.taken_at, balances: rows.clone() }]).await?;
            self.world().observed = Some(rows);
        }
        Ok(snapshot)
    }

    /// Writes a record if nothing has been written for most of an hour.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn stay_alive(&self) -> Result<(), EngineError> {
        let now = self.clock.now();
        let silent = self.store.with_state(|state| {
            state.identity.is_some() && state.high_water.is_none_or(|last| now - last >= RECORD_EVERY)
        });
        if silent {
            self.append(vec![Event::Alive]).await?;
        }
        Ok(())
    }
}
