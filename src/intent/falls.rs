//! What is remembered of wallets that fell by more than our own moves explain: the newest falls, what each wallet lost in
//! a day, which of them are frozen, which are under their floor by a move of ours, and which moves of ours a reading may not
//! show yet. What is no fall, and what freezes, is decided elsewhere and recorded.

use super::{Outcome, State, Tracked};
use crate::model::{BalanceRow, Intent, Timestamp, WalletId};
use crate::money::{Amount, Money, Rate};
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
    /// Whether its money left: not where KPay refused, or where a payout came back.
    pub left: bool,
    /// The wallet of ours that it may have brought something, and as much as it may, in major units of its currency.
    pub brings: Option<(WalletId, Amount)>,
}

/// A wallet that a move of ours brought under its floor, and that was not seen above it since. Amounts are in major units of
/// its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breach {
    /// When the reading was asked for that showed it.
    pub since: Timestamp,
    /// What was to stay in it.
    pub floor: Amount,
    /// What it held then.
    pub available: Amount,
}

impl Breach {
    /// `GAB holds 104 700 XAF, 300 XAF less than the 105 000 XAF that were to stay in it, after a move of ours: …`.
    #[must_use]
    pub fn sentence(&self, wallet: WalletId) -> String {
        let money = |amount| Money { amount, currency: wallet.currency };
        let short = self.floor.checked_sub(self.available).unwrap_or(self.floor);
        format!(
            "{wallet} held {} after a move of ours, {} less than the {} that were to stay in it: others spent from it \
             meanwhile, or KPay took a fee that it did not name; see `treasuryd ledger check`",
            money(self.available),
            money(short),
            money(self.floor)
        )
    }
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
        self.next_is_compared_with(wallet, after);
        if freezes {
            let first = Frozen { since: taken_at, before, after, unexplained, most: None };
            // One that rose is frozen by this fall now: no reading ends that, only a person.
            let known = self.standing.frozen.get(&wallet).filter(|frozen| frozen.most.is_none());
            let frozen = known.map_or(first, |frozen| frozen.fallen_again(after, unexplained));
            self.standing.frozen.insert(wallet, frozen);
        }
    }

    /// What a wallet held at the last reading in the journal, in major units.
    #[must_use]
    pub fn recorded(&self, wallet: WalletId) -> Option<Amount> {
        self.balances.iter().find(|row| row.id() == wallet).map(|row| row.available)
    }

    /// The next reading is compared with this figure also where nothing else of its reading is recorded.
    fn next_is_compared_with(&mut self, wallet: WalletId, available: Amount) {
        if let Some(row) = self.balances.iter_mut().find(|row| row.id() == wallet) {
            row.available = available;
        }
    }

    pub(super) fn note_breach(&mut self, wallet: WalletId, breach: Breach) {
        self.next_is_compared_with(wallet, breach.available);
        self.breached.insert(wallet, breach);
    }

    /// What was under its floor and is not any more.
    pub(super) fn end_breaches(&mut self, balances: &[BalanceRow]) {
        for row in balances {
            let wallet = row.id();
            if self.breached.get(&wallet).is_some_and(|breach| row.available >= breach.floor) {
                self.breached.remove(&wallet);
            }
        }
    }

    /// A first attempt was let out of a wallet that held its floor: the floor that counts from now on.
    pub(super) fn note_floor(&mut self, intent: &Intent) {
        self.floors.insert(intent.lane.from, intent.floor);
        self.breached.remove(&intent.lane.from);
    }

    /// One that is frozen because it fell stays so for that.
    pub(super) fn note_rise(&mut self, wallet: WalletId, frozen: Frozen) {
        self.standing.frozen.entry(wallet).or_insert(frozen);
    }

    pub(super) fn come_back(&mut self, wallet: WalletId, after: Amount) {
        if self.standing.frozen.get(&wallet).is_some_and(|frozen| frozen.most.is_some()) {
            self.standing.frozen.remove(&wallet);
            self.next_is_compared_with(wallet, after);
        }
    }

    pub(super) fn release(&mut self, wallet: WalletId) {
        if let Some(frozen) = self.standing.frozen.remove(&wallet) {
            // What it rose to is believed now, also where no reading that shows it was recorded.
            let known = self.recorded(wallet);
            if frozen.most.is_some_and(|most| known.is_some_and(|known| known <= most)) {
                self.next_is_compared_with(wallet, frozen.after);
            }
        }
        self.lost.retain(|lost| lost.wallet != wallet);
    }

    /// Keeps a move that is over until a reading surely shows it.
    pub(super) fn note_settled(&mut self, tracked: &Tracked, at: Timestamp) {
        let intent = &tracked.intent;
        let (amount, left) = (tracked.most_that_left(), tracked.may_have_left());
        let settled = Settled { wallet: intent.lane.from, amount, at, left, brings: tracked.brings() };
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

    /// The wallet of ours that it may bring something, and as much as it may, in major units of its currency: where it goes,
    /// and for a payout where it comes back to. `None` where it brings nothing, or nobody can say how much.
    #[must_use]
    pub fn brings(&self) -> Option<(WalletId, Amount)> {
        let lane = self.intent.lane;
        let may_be_there = match self.outcome {
            Outcome::Sending | Outcome::Unknown => true,
            Outcome::NeedsOperator => self.holds,
            Outcome::Applied => lane.to.wallet().is_some(),
            // A payout that failed; a transfer that a person found not to have moved brought nothing.
            Outcome::Rejected => lane.to.wallet().is_none() && self.may_have_arrived,
            Outcome::Planned | Outcome::AwaitingApproval | Outcome::Cancelled => false,
        };
        let Some(into) = lane.to.wallet().filter(|_| may_be_there) else {
            return may_be_there.then(|| (lane.from, self.most_that_left()));
        };
        let facts = self.facts.as_ref();
        if let Some(credited) = facts.and_then(|facts| facts.credited) {
            return Some((into, credited.amount));
        }
        let rate = facts.and_then(|facts| facts.exchange_rate).or(self.intent.indicative_rate);
        let rate = if lane.crosses_currencies() { rate? } else { Rate::ONE };
        Some((into, self.most_that_left().checked_mul(rate.decimal()).ok()?))
    }

    /// Whether its money left its wallet, or may have: not while its first answer is waited for, nor after a 409 on a first
    /// attempt, where an earlier transfer took the money.
    #[must_use]
    pub fn may_have_left(&self) -> bool {
        match self.outcome {
            Outcome::Applied | Outcome::Unknown => true,
            Outcome::Sending => self.may_have_arrived,
            Outcome::NeedsOperator => self.holds,
            Outcome::Planned | Outcome::AwaitingApproval | Outcome::Rejected | Outcome::Cancelled => false,
        }
    }
}
