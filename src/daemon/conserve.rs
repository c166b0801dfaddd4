//! What a reading shows beside the one before. Wallets that fell by more than our own moves explain: somebody withdrew at
//! KPay's own site, a fee that nobody named, or a thief. Each fall is recorded and told once; where the configuration says
//! so, one over its bound freezes the wallet. Wallets that rose further than the configuration lets be believed: they are
//! frozen until they are back, or a person believes it. And wallets that a move of ours brought under their floor: counted
//! and told.
//!
//! A fall is recorded before anything that shows the new balance, so that no crash makes it forgotten: after a start the
//! first reading is compared with the last one in the journal.

use super::engine::{Engine, EngineError};
use super::seen::{SinceStart, World};
use super::view::FrozenView;
use crate::books::{Compared, Conservation, Fall, Move, Progress};
use crate::intent::{Breach, Event, State, Tracked};
use crate::model::{ExternalId, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, Money};
use crate::plan::Frozen;
use crate::planted::{self, Mistake};
use crate::settings::{ConservationSettings, FallMode};
use std::collections::BTreeMap;

impl World {
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
        let begun = self.store.with_state(begun_with);
        self.world().conservation = begun;
    }

    /// Compares a reading, the `nth` that was asked for, with the one before, and records what it shows. The reading may be used
    /// once this is done.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub(super) async fn compare(&self, nth: u64, snapshot: &Snapshot) -> Result<(), EngineError> {
        // One reading at a time: none is used while a fall that it shows, too, is still to be recorded.
        let _alone = self.comparing.lock().await;
        let frozen = self.store.with_state(|state| state.standing.frozen.clone());
        let rules = &self.rules.conservation;
        let found = take_reading(&mut self.world().conservation, nth, snapshot, &frozen, rules);
        for error in &found.errors {
            self.note_problem(&format!("a reading cannot be compared with the one before: {error}"));
        }
        let (is_opened, events) =
            self.store.with_state(|state| (state.identity.is_some(), shown_by(rules, state, snapshot, &found)));
        // Told first: from here to the queue of the journal nothing waits, and whoever reads may give up waiting after it.
        for event in &events {
            self.tell(event, is_opened);
        }
        if is_opened && !events.is_empty() {
            self.append(events).await?;
        }
        Ok(())
    }

    fn tell(&self, event: &Event, is_opened: bool) {
        match *event {
            Event::Fell { wallet, before, after, unexplained, freezes, .. } => {
                self.note_problem(&self.told(&Fall { wallet, before, after, unexplained }, freezes && is_opened));
            }
            Event::Rose { wallet, taken_at, before, after, most } => {
                let frozen = Frozen::by_rise(taken_at, before, after, most);
                let view = FrozenView::of(wallet, &frozen, &self.rules.conservation.release_by);
                self.note_problem(&view.sentence);
            }
            Event::CameBack { wallet, after, .. } => {
                let holds = Money { amount: after, currency: wallet.currency };
                tracing::info!(%wallet, %holds, "a wallet that rose too far is back, and not frozen any more");
            }
            Event::Breached { wallet, taken_at, floor, available } => {
                self.metrics.floor_breach(wallet);
                self.note_problem(&Breach { since: taken_at, floor, available }.sentence(wallet));
            }
            _ => {}
        }
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
        let is_frozen = self.store.with_state(|state| state.standing.frozen.contains_key(&wallet));
        is_frozen && !planted::is(Mistake::FrozenIsSent)
    }
}

/// Goes on from the last reading in the journal, with the moves that it may not show.
pub(super) fn begun_with(state: &State) -> Conservation {
    let mut conservation = Conservation::default();
    let Some(last) = state.last_observed.and_then(|at| Snapshot::from_rows(at, &state.balances)) else {
        return conservation;
    };
    for (wallet, reading) in &last.readings {
        conservation.begin_with(*wallet, last.taken_at, reading.available);
    }
    // What one rose to is not believed: it is compared with what it was, also where the last reading was without it.
    for (wallet, frozen) in state.standing.frozen.iter().filter(|(_, frozen)| frozen.most.is_some()) {
        conservation.begin_with(*wallet, last.taken_at, frozen.before);
    }
    for tracked in state.open.values().filter(|tracked| tracked.outcome.is_open()) {
        take_flows(&mut conservation, tracked, 0);
    }
    for (id, settled) in &state.settled {
        let progress = Progress { may_have_left: settled.left, settled_at: Some(settled.at) };
        let ours = Move { from: settled.wallet, amount: settled.amount, brings: settled.brings, progress, asked: 0 };
        conservation.take_move(&ExternalId::from_text(id), ours);
    }
    conservation
}

/// Takes in what may leave a wallet, and what it may bring another one: from the first attempt on, and until its end is
/// known. `asked`: how many readings were asked for by now.
pub(super) fn take_flows(conservation: &mut Conservation, tracked: &Tracked, asked: u64) {
    if tracked.attempts == 0 {
        return;
    }
    let settled_at = (!tracked.outcome.is_open()).then_some(tracked.updated_at);
    let ours = Move {
        from: tracked.intent.lane.from,
        amount: tracked.most_that_left(),
        brings: tracked.brings().filter(|_| !planted::is(Mistake::OwnMovesAreARise)),
        progress: Progress { may_have_left: tracked.may_have_left(), settled_at },
        asked,
    };
    conservation.take_move(&tracked.intent.external_id, ours);
}

/// Takes in the `nth` reading that was asked for, with the wallets that are frozen by now.
pub(super) fn take_reading(
    conservation: &mut Conservation,
    nth: u64,
    snapshot: &Snapshot,
    frozen: &BTreeMap<WalletId, Frozen>,
    rules: &ConservationSettings,
) -> Compared {
    // One that rose has its bound from then, whatever the configuration says by now.
    conservation.take_reading(nth, snapshot, |wallet, before| {
        let risen = frozen.get(&wallet).and_then(|frozen| frozen.most);
        risen.or_else(|| rules.most_after(wallet.currency, before))
    })
}

/// What is recorded of a reading, on a state.
pub(super) fn shown_by(
    rules: &ConservationSettings,
    state: &State,
    snapshot: &Snapshot,
    found: &Compared,
) -> Vec<Event> {
    let (taken_at, mode) = (snapshot.taken_at, rules.mode);
    // A reading from before the one that showed the rise says nothing of it.
    let not_believed = state.standing.frozen.iter().filter(|_| !planted::is(Mistake::RiseIsForGood));
    let not_believed = not_believed.filter(|(_, frozen)| frozen.most.is_some() && frozen.since < taken_at);
    let came_back = not_believed.filter_map(|(wallet, _)| {
        let after = snapshot.available(*wallet).filter(|_| found.believed.contains(wallet))?;
        Some(Event::CameBack { wallet: *wallet, taken_at, after })
    });
    let falls = found.falls.iter().filter(|_| mode != FallMode::Off).map(|fall| Event::Fell {
        wallet: fall.wallet,
        taken_at,
        before: fall.before,
        after: fall.after,
        unexplained: fall.unexplained,
        freezes: freezes(rules, state, fall, taken_at),
    });
    let is_news = |wallet: WalletId| !state.standing.frozen.contains_key(&wallet);
    let rises = found.rises.iter().filter(|rise| is_news(rise.wallet)).map(|rise| Event::Rose {
        wallet: rise.wallet,
        taken_at,
        before: rise.before,
        after: rise.after,
        most: rise.most,
    });
    let breaches = found.spent_from.iter().filter_map(|(wallet, available)| {
        let floor = state.floors.get(wallet).copied().filter(|floor| available < floor)?;
        let is_told = state.breached.contains_key(wallet);
        (!is_told).then_some(Event::Breached { wallet: *wallet, taken_at, floor, available: *available })
    });
    came_back.chain(falls).chain(rises).chain(breaches).collect()
}

/// Whether a fall freezes its wallet: together with what it lost before on the same UTC day it is over the bound. In one
/// that is frozen every fall counts.
fn freezes(rules: &ConservationSettings, state: &State, fall: &Fall, taken_at: Timestamp) -> bool {
    let has_fallen = |frozen: &Frozen| frozen.most.is_none();
    if rules.mode == FallMode::Freeze && state.standing.frozen.get(&fall.wallet).is_some_and(has_fallen) {
        return true;
    }
    let lost = state.lost_on(fall.wallet, taken_at.date_naive()).checked_add(fall.unexplained);
    // A sum that has no room is over any bound.
    lost.map_or(rules.mode == FallMode::Freeze, |lost| rules.freezes(fall.wallet.currency, lost))
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
