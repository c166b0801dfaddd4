//! Tells of wallets that fell by more than our own moves explain: somebody withdrew at KPay's own site, a fee that nobody
//! named, or a thief. It says so, once a fall, and stops nothing.
//!
//! After a start the first reading is compared with the last one in the journal, so that a fall while nobody looked is
//! found too.

use super::engine::{Engine, KEPT};
use super::seen::{SinceStart, World};
use crate::intent::Tracked;
use crate::model::{Snapshot, WalletId};
use crate::money::{Amount, Money};
use chrono::TimeDelta;

impl World {
    /// Takes in what may leave a wallet: from the first attempt on, and until its end is known.
    pub(super) fn take_outflow(&mut self, tracked: &Tracked) {
        let Some(conservation) = self.conservation.as_mut().filter(|_| tracked.attempts > 0) else { return };
        let intent = &tracked.intent;
        let amount = tracked.facts.as_ref().map_or(intent.amount, |facts| facts.amount.max(intent.amount));
        let settled_at = (!tracked.outcome.is_open()).then_some(tracked.updated_at);
        conservation.take_move(&intent.external_id, intent.lane.from, amount, settled_at);
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
    pub(super) fn take_up_balances(&self, newest: &[Tracked]) {
        let (last, open) = self.store.with_state(|state| {
            let last = state.last_observed.and_then(|at| Snapshot::from_rows(at, &state.balances));
            (last, state.open.values().cloned().collect::<Vec<_>>())
        });
        let Some(last) = last else { return };
        // Older moves than the newest few may be behind the reading, too: then nothing can be proven.
        let oldest = newest.iter().map(|tracked| tracked.created_at).min();
        let all_are_here = newest.len() < KEPT || oldest.is_some_and(|at| at + TimeDelta::days(1) < last.taken_at);
        if !all_are_here {
            return;
        }
        let mut world = self.world();
        for tracked in newest.iter().chain(&open) {
            world.take_outflow(tracked);
        }
        if let Some(conservation) = &mut world.conservation {
            // The first of each wallet: there is nothing to compare it with, and nothing to add up.
            let _ = conservation.take_reading(&last);
        }
    }

    /// Compares a reading with the one before.
    pub(super) fn tell_falls(&self, snapshot: &Snapshot) {
        let found = self.world().conservation.as_mut().map(|conservation| conservation.take_reading(snapshot));
        match found {
            Some(Ok(falls)) => {
                for fall in falls {
                    let currency = fall.wallet.currency;
                    let money = |amount| Money { amount, currency };
                    self.note_problem(&format!(
                        "{} fell by {} more than our own moves explain, from {} to {}: who else spends from it? See \
                         `treasuryd ledger check`, and KPay's own list",
                        fall.wallet,
                        money(fall.unexplained),
                        money(fall.before),
                        money(fall.after)
                    ));
                }
            }
            Some(Err(error)) => {
                self.note_problem(&format!("a reading cannot be compared with the one before: {error}"));
            }
            None => {}
        }
    }
}
