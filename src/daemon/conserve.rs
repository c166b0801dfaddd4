//! Wallets that fell by more than our own moves explain: somebody withdrew at KPay's own site, a fee that nobody named, or
//! a thief. Each fall is recorded and told once; where the configuration says so, one over its bound freezes the wallet.
//!
//! A fall is recorded before anything that shows the new balance, so that no crash makes it forgotten: after a start the
//! first reading is compared with the last one in the journal.

use super::engine::{Engine, EngineError};
use super::seen::{SinceStart, World};
use crate::books::Fall;
use crate::intent::{Event, State, Tracked};
use crate::model::{ExternalId, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, Money};
use crate::plan::Frozen;
use crate::settings::FallMode;

impl World {
    /// Takes in what may leave a wallet: from the first attempt on, and until its end is known.
    pub(super) fn take_outflow(&mut self, tracked: &Tracked) {
        let Some(conservation) = self.conservation.as_mut().filter(|_| tracked.attempts > 0) else { return };
        let intent = &tracked.intent;
        let settled_at = (!tracked.outcome.is_open()).then_some(tracked.updated_at);
        conservation.take_move(&intent.external_id, intent.lane.from, tracked.most_that_left(), settled_at);
    }

    /// By how much each wallet moved since the start beyond our own moves: customers' payments, and whatever else.
    pub fn unexplained(&self) -> Vec<(WalletId, Amount)> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        let difference = |(wallet, since): (&WalletId, &SinceStart)| {
            let expected = since.opening.checked_add(since.own_moves).ok()?;
            Some((*wallet, snapshot.available(*wallet)?.checked_sub(expected).ok()?))
        };
        self.since_start.iter().filter_map(difference).collect()
    }
}

impl Engine {
    /// Goes on from the journal's last reading, with the moves that it may not show.
    pub(super) fn take_up_balances(&self) {
        let (last, settled, open) = self.store.with_state(|state| {
            let last = state.last_observed.and_then(|at| Snapshot::from_rows(at, &state.balances));
            (last, state.settled.clone(), state.open.values().cloned().collect::<Vec<_>>())
        });
        let Some(last) = last else { return };
        let mut world = self.world();
        for tracked in open.iter().filter(|tracked| tracked.outcome.is_open()) {
            world.take_outflow(tracked);
        }
        if let Some(conservation) = &mut world.conservation {
            for (id, settled) in &settled {
                conservation.take_move(&ExternalId::from_text(id), settled.wallet, settled.amount, Some(settled.at));
            }
            // The first of each wallet: there is nothing to compare it with, and nothing to add up.
            let _ = conservation.take_reading(&last);
        }
    }

    /// Compares a reading with the one before, and records what nobody explains. The reading may be used once this is done.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub(super) async fn compare(&self, snapshot: &Snapshot) -> Result<(), EngineError> {
        // One reading at a time: none is used while a fall that it shows, too, is still to be recorded.
        let _alone = self.comparing.lock().await;
        let found = self.world().conservation.as_mut().map(|conservation| conservation.take_reading(snapshot));
        let found = found.unwrap_or_default();
        if found.is_empty() {
            return Ok(());
        }
        let mut falls = Vec::new();
        for one in found {
            match one {
                Ok(fall) => falls.push(fall),
                Err(error) => {
                    self.note_problem(&format!("a reading cannot be compared with the one before: {error}"));
                }
            }
        }
        let taken_at = snapshot.taken_at;
        let (is_opened, freezes) = self.store.with_state(|state| {
            let freezes: Vec<bool> = falls.iter().map(|fall| self.freezes(state, fall, taken_at)).collect();
            (state.identity.is_some(), freezes)
        });
        let event = |(fall, freezes): (&Fall, &bool)| Event::Fell {
            wallet: fall.wallet,
            taken_at,
            before: fall.before,
            after: fall.after,
            unexplained: fall.unexplained,
            freezes: *freezes,
        };
        // Told first: from here to the queue of the journal nothing waits, and whoever reads may give up waiting after it.
        for (fall, freezes) in falls.iter().zip(&freezes) {
            self.note_problem(&self.told(fall, *freezes && is_opened));
        }
        if is_opened {
            self.append(falls.iter().zip(&freezes).map(event).collect()).await?;
        }
        Ok(())
    }

    /// Whether a fall freezes its wallet: together with what it lost before on the same UTC day it is over the bound. In one
    /// that is frozen every fall counts.
    fn freezes(&self, state: &State, fall: &Fall, taken_at: Timestamp) -> bool {
        let rules = &self.rules.conservation;
        if rules.mode == FallMode::Freeze && state.standing.frozen.contains_key(&fall.wallet) {
            return true;
        }
        let lost = state.lost_on(fall.wallet, taken_at.date_naive()).checked_add(fall.unexplained);
        // A sum that has no room is over any bound.
        rules.freezes(fall.wallet.currency, lost.unwrap_or(fall.unexplained))
    }

    fn told(&self, fall: &Fall, freezes: bool) -> String {
        let Fall { wallet, before, after, unexplained } = *fall;
        let money = |amount| Money { amount, currency: wallet.currency };
        let what = format!(
            "{wallet} fell by {} more than our own moves explain, from {} to {}",
            money(unexplained),
            money(before),
            money(after)
        );
        if freezes {
            let may = may_release(&self.rules.conservation.release_by);
            return format!("{what}: it is frozen, and nothing new leaves it until {may} {}", Frozen::release(wallet));
        }
        format!("{what}: who else spends from it? See `treasuryd ledger check`, and KPay's own list")
    }

    /// Whether nothing new may leave a wallet.
    pub(super) fn is_frozen(&self, wallet: WalletId) -> bool {
        self.store.with_state(|state| state.standing.frozen.contains_key(&wallet))
    }
}

/// `awa or brice`; who may release a wallet.
#[must_use]
pub fn may_release(names: &[String]) -> String {
    match names {
        [] => "somebody".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
