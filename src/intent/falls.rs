//! What is remembered of wallets that fell by more than our own moves explain: the newest falls, what each wallet lost in
//! a day, which of them are frozen, and which moves of ours a reading may not show yet. What is no fall, and what freezes,
//! is decided elsewhere and recorded.

use super::{State, Tracked};
use crate::model::{Timestamp, WalletId};
use crate::money::Amount;
use crate::plan::Frozen;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

/// After this long a reading shows a move whose end was known: KPay's figures may lag.
pub const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// So many falls are remembered, the newest.
const FALLS_KEPT: usize = 20;

/// A fall that nobody here explains, as it was recorded. Amounts are in major units of the wallet's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastFall {
    /// Which wallet.
    pub wallet: WalletId,
    /// When the reading was asked for that shows it.
    pub taken_at: Timestamp,
    /// What the wallet held before.
    pub before: Amount,
    /// What it held then.
    pub after: Amount,
    /// How much of the fall nobody explains; positive.
    pub unexplained: Amount,
    /// Whether it froze the wallet, or fell in one that was frozen.
    pub freezes: bool,
}

/// What a wallet lost on one UTC day, since it was last released on that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lost {
    wallet: WalletId,
    day: NaiveDate,
    unexplained: Amount,
}

/// A move of ours that is over, and that the last reading recorded may not show yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The wallet it left.
    pub wallet: WalletId,
    /// As much as may have left it, in major units of its currency.
    pub amount: Amount,
    /// When its end was known.
    pub at: Timestamp,
}

impl State {
    /// What nobody explains of what a wallet lost on a UTC day, in major units of its currency; a release begins anew.
    #[must_use]
    pub fn lost_on(&self, wallet: WalletId, day: NaiveDate) -> Amount {
        let lost = self.lost.iter().find(|lost| lost.wallet == wallet && lost.day == day);
        lost.map_or(Amount::ZERO, |lost| lost.unexplained)
    }

    /// Figures that have no room stay what they were: they are told to people, and the wallet stands still already.
    pub(super) fn note_fall(&mut self, fall: PastFall) {
        let PastFall { wallet, taken_at, before, after, unexplained, freezes } = fall;
        self.falls.push_front(fall);
        self.falls.truncate(FALLS_KEPT);
        let day = taken_at.date_naive();
        let so_far = self.lost_on(wallet, day);
        self.lost.retain(|lost| lost.wallet != wallet);
        self.lost.push(Lost { wallet, day, unexplained: so_far.checked_add(unexplained).unwrap_or(so_far) });
        // The next reading is compared with this one also where nothing else of it is recorded.
        let is_row =
            |row: &&mut crate::model::BalanceRow| (row.wallet, row.currency) == (wallet.country, wallet.currency);
        if let Some(row) = self.balances.iter_mut().find(is_row) {
            row.available = after;
        }
        if freezes {
            let first = Frozen { since: taken_at, before, after, unexplained };
            let known = self.standing.frozen.get(&wallet);
            let frozen = known.map_or(first, |frozen| frozen.fallen_again(after, unexplained));
            self.standing.frozen.insert(wallet, frozen);
        }
    }

    pub(super) fn release(&mut self, wallet: WalletId) {
        self.standing.frozen.remove(&wallet);
        self.lost.retain(|lost| lost.wallet != wallet);
    }

    /// Keeps a move that is over until a reading surely shows it.
    pub(super) fn note_settled(&mut self, tracked: &Tracked, at: Timestamp) {
        let intent = &tracked.intent;
        let settled = Settled { wallet: intent.lane.from, amount: tracked.most_that_left(), at };
        self.settled.insert(intent.external_id.to_string(), settled);
    }

    pub(super) fn forget_settled(&mut self, taken_at: Timestamp) {
        self.settled.retain(|_, settled| settled.at + SETTLES_WITHIN > taken_at);
    }
}

impl Tracked {
    /// As much as may have left its wallet, in major units of its currency.
    #[must_use]
    pub fn most_that_left(&self) -> Amount {
        self.facts.as_ref().map_or(self.intent.amount, |facts| facts.amount.max(self.intent.amount))
    }
}
