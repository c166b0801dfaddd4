//! What the engine last saw and did, as far as it is not worth the journal: gone with the process.

use super::engine::Engine;
use super::follow::{Hinted, Polled};
use super::held::Held;
use super::view::ErrorView;
use crate::books::Conservation;
use crate::intent::{Event, Outcome, Tracked};
use crate::model::{Availability, BalanceRow, ExternalId, Identity, Provider, Slot, Snapshot, Timestamp, WalletId};
use crate::money::Amount;
use crate::plan::Skip;
use crate::policy::PolicySet;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What was last seen and is not worth the journal.
#[derive(Default)]
pub(super) struct World {
    pub policies: Option<Arc<PolicySet>>,
    /// Policies that wait for a person.
    pub held: Option<Held>,
    pub identity: Option<Identity>,
    pub snapshot: Option<Arc<Snapshot>>,
    /// How many readings were asked for, and which of them the last one seen is.
    pub readings: (u64, u64),
    /// The balances of the last observation that was recorded since the start.
    pub observed: Option<Vec<BalanceRow>>,
    /// Why the last reading failed; `None` after a good one.
    pub read_error: Option<String>,
    /// Why KPay refused the last leave to send; `None` where it did not.
    pub refusal: Option<String>,
    pub skipped: BTreeMap<String, Vec<Skip>>,
    pub errors: VecDeque<ErrorView>,
    pub finished: VecDeque<Tracked>,
    /// When something last happened to an attempt of ours out of each wallet.
    pub touched: BTreeMap<WalletId, Timestamp>,
    /// Each wallet's first reading since the start, and what our own moves since then add up to.
    pub since_start: BTreeMap<WalletId, SinceStart>,
    /// The readings and our moves between them.
    pub conservation: Conservation,
    /// Source wallets that somebody works on.
    pub busy: BTreeSet<WalletId>,
    /// Sources that rest because the world could not be read, until when, and how often in a row.
    pub rests: BTreeMap<WalletId, (Timestamp, u32)>,
    /// Intents attempted since the start: all others are due at once, however long their pause was to be.
    pub asked: BTreeSet<ExternalId>,
    /// Intents that something happened to since the start; a daemon does not collect them.
    pub changed: BTreeSet<ExternalId>,
    /// The hash of policies whose texts the state is known to have.
    pub texts_recorded: Option<String>,
    /// Missed slots that were told.
    pub told_missed: BTreeMap<String, Slot>,
    /// Pauses that are not in the journal yet, because an empty one has to ask KPay first whose money it is.
    pub pauses_to_record: Vec<Event>,
    /// How often KPay was asked about the withdrawals that it has in hand.
    pub polled: BTreeMap<ExternalId, Polled>,
    /// KPay's ids, as webhooks gave them, of withdrawals whose answer was lost.
    pub hints: BTreeMap<ExternalId, Hinted>,
    /// When a webhook's hint was last taken for an intent.
    pub hinted_at: BTreeMap<ExternalId, Timestamp>,
    /// Which operators take payouts, and when KPay said so.
    pub availability: Option<(Timestamp, Arc<Availability>)>,
    /// Operators that are known to be late.
    pub late: BTreeSet<Provider>,
}

/// Work on a source wallet, of which there is one at a time; over when this is dropped, also where whoever waited for its
/// end has gone.
pub(super) struct Busy<'a> {
    engine: &'a Engine,
    source: WalletId,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.engine.world().busy.remove(&self.source);
    }
}

impl Engine {
    /// Begins work on a source; `None` where somebody works on it.
    pub(super) fn occupy(&self, source: WalletId) -> Option<Busy<'_>> {
        self.world().busy.insert(source).then(|| Busy { engine: self, source })
    }
}

/// A wallet since the start of the process.
pub(super) struct SinceStart {
    pub opening: Amount,
    pub own_moves: Amount,
}

impl World {
    /// What is over is asked about no more.
    pub fn forget(&mut self, id: &ExternalId) {
        self.asked.remove(id);
        self.polled.remove(id);
        self.hints.remove(id);
        self.hinted_at.remove(id);
    }

    /// A reading is about to be asked for: its place among all of them.
    pub fn ask_reading(&mut self) -> u64 {
        self.readings.0 += 1;
        self.readings.0
    }

    /// Takes in a good reading. One that comes after a newer one is none that was last seen.
    pub fn take_reading(&mut self, nth: u64, snapshot: Arc<Snapshot>) {
        self.read_error = None;
        if nth < self.readings.1 {
            return;
        }
        self.readings.1 = nth;
        for (wallet, reading) in &snapshot.readings {
            let fresh = || SinceStart { opening: reading.available, own_moves: Amount::ZERO };
            self.since_start.entry(*wallet).or_insert_with(fresh);
        }
        self.snapshot = Some(snapshot);
    }

    /// Takes in a move. A figure that does not fit is left out: it is for display only.
    pub fn take_move(&mut self, tracked: &Tracked) {
        let lane = tracked.intent.lane;
        if let (Some(left), Some(source)) = (left_by(tracked), self.since_start.get_mut(&lane.from)) {
            source.own_moves = source.own_moves.checked_sub(left).unwrap_or(source.own_moves);
        }
        let Some(facts) = tracked.facts.as_ref().filter(|_| tracked.outcome == Outcome::Applied) else { return };
        let into = lane.to.wallet().and_then(|wallet| self.since_start.get_mut(&wallet));
        if let (Some(credited), Some(destination)) = (facts.credited, into) {
            destination.own_moves = destination.own_moves.checked_add(credited.amount).unwrap_or(destination.own_moves);
        }
    }
}

/// What its source has less by the last event. A payout leaves when KPay takes it in hand, not when it is over, and comes
/// back where it failed.
pub(super) fn left_by(tracked: &Tracked) -> Option<Amount> {
    let Some(taken) = &tracked.taken else {
        let facts = tracked.facts.as_ref().filter(|_| tracked.outcome == Outcome::Applied);
        return facts.map(|facts| facts.amount);
    };
    let in_hand = taken.withdrawal.facts.amount;
    match tracked.outcome {
        Outcome::Sending if taken.since == tracked.updated_at => Some(in_hand),
        Outcome::Rejected => Amount::ZERO.checked_sub(in_hand).ok(),
        _ => None,
    }
}
