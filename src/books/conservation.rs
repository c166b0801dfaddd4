//! What a wallet lost that nobody here explains: two readings, and our own moves whose effect may lie between them. A rise
//! is customers' income and never a finding; a fall is one only where it is larger than every move of ours that either
//! reading may or may not show.
//!
//! A move may be in a reading from its first attempt on, and is surely in one that was asked for [`SETTLES_WITHIN`] after
//! its end was known: KPay's figures may lag. Until then it explains a fall of its own size, once. Which of several a fall shows
//! is not known: one that is surely in the readings gives the others back what they explained in its place. What income hides is
//! not found: only what can be proven is told.
//!
//! What a move of ours may bring explains a rise of its size in the same way, once, from its first attempt until that long
//! after its end: a transfer into a wallet, a payout that may come back. Of a rise that is believed anyway it uses up nothing.
//!
//! A reading that rose further than it may is believed by nobody here: the one before stays what the next is compared with.
//!
//! Deliberately absent: what to do about it, and memory of what was found.

use crate::intent::SETTLES_WITHIN;
use crate::model::{ExternalId, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, MoneyError};
use std::collections::BTreeMap;

/// A fall that is larger than our own moves can explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fall {
    /// Where.
    pub wallet: WalletId,
    /// What it held, in major units of its currency.
    pub before: Amount,
    /// What it holds now.
    pub after: Amount,
    /// How much of the fall nobody explains; positive.
    pub unexplained: Amount,
}

/// A rise beyond what is believed without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rise {
    /// Where.
    pub wallet: WalletId,
    /// What it held, in major units of its currency.
    pub before: Amount,
    /// What KPay says that it holds now.
    pub after: Amount,
    /// The most that it might hold, beside what our own moves may have brought.
    pub most: Amount,
}

/// What a reading shows, beside the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// What fell beyond our own moves.
    pub falls: Vec<Fall>,
    /// What rose further than it may.
    pub rises: Vec<Rise>,
    /// Wallets whose reading is what the next is compared with: not those that rose too far, nor those passed over.
    pub believed: Vec<WalletId>,
    /// Wallets that a move of ours left meanwhile, or may have left, and what they hold now.
    pub spent_from: Vec<(WalletId, Amount)>,
    /// Wallets whose figures have no room.
    pub errors: Vec<MoneyError>,
}

/// A move of ours that was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The wallet that it leaves.
    pub from: WalletId,
    /// What leaves it, in major units of its currency.
    pub amount: Amount,
    /// The wallet of ours that it may bring something, and at most how much, in major units of that one's currency.
    pub brings: Option<(WalletId, Amount)>,
    /// How it stands.
    pub progress: Progress,
    /// How many readings were asked for before that was known.
    pub asked: u64,
}

/// How a move of ours out of a wallet stands, once it was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Whether its money left, or may have: not while its first answer is waited for, nor where KPay refused.
    pub may_have_left: bool,
    /// When its end was known; `None` while it is open.
    pub settled_at: Option<Timestamp>,
}

/// What a move of ours may change in one wallet: so much of a fall there, or of a rise, it explains, once.
#[derive(Debug, Clone, Copy)]
struct Share {
    wallet: WalletId,
    /// As much as left, or may have; as much as it may bring.
    most: Amount,
    /// How much of that has explained something.
    used: Amount,
    /// When its end was known; `None` while it is open.
    settled_at: Option<Timestamp>,
    /// How many readings were asked for before that was known.
    asked: u64,
}

/// A move of ours out of a wallet that was attempted.
#[derive(Debug, Clone, Copy)]
struct Outflow {
    share: Share,
    /// Whether its money left, or may have.
    may_have_left: bool,
    /// Whether a fall that it may explain was seen, and not yet told as spent by it.
    is_seen: bool,
    /// Whether it was told as spent.
    is_told: bool,
}

/// What the next reading of a wallet is compared with.
#[derive(Debug, Clone, Copy)]
struct Last {
    /// The number of the newest reading that showed the wallet, believed or not; 0 for what came from the journal.
    nth: u64,
    taken_at: Timestamp,
    available: Amount,
}

/// The last reading of each wallet, and the moves that may or may not be in it.
#[derive(Debug, Clone, Default)]
pub struct Conservation {
    last: BTreeMap<WalletId, Last>,
    outflows: BTreeMap<ExternalId, Outflow>,
    /// What moves of ours may bring.
    inflows: BTreeMap<ExternalId, Share>,
}

impl Conservation {
    /// Takes in a move that was attempted, or how it stands now. Must come before the first byte of the attempt leaves.
    pub fn take_move(&mut self, id: &ExternalId, ours: Move) {
        let Move { from, amount, brings, progress, asked } = ours;
        let settled_at = self.known_at(from, progress.settled_at);
        let share = Share { wallet: from, most: amount, used: Amount::ZERO, settled_at, asked };
        let may_have_left = progress.may_have_left;
        let outflow = Outflow { share, may_have_left, is_seen: false, is_told: false };
        let known = self.outflows.entry(id.clone()).or_insert(outflow);
        (known.share.settled_at, known.share.asked, known.may_have_left) = (settled_at, asked, may_have_left);
        let into = brings.map(|(wallet, _)| wallet).or_else(|| self.inflows.get(id).map(|inflow| inflow.wallet));
        let Some(wallet) = into else { return };
        let settled_at = self.known_at(wallet, progress.settled_at);
        let most = brings.map_or(Amount::ZERO, |(_, most)| most);
        let known =
            self.inflows.entry(id.clone()).or_insert(Share { wallet, most, used: Amount::ZERO, settled_at, asked });
        (known.most, known.settled_at, known.asked) = (most, settled_at, asked);
    }

    /// When an end was known, and not before the last reading: it was not known then, whatever a clock says that was set since.
    fn known_at(&self, wallet: WalletId, settled_at: Option<Timestamp>) -> Option<Timestamp> {
        let last = self.last.get(&wallet).map(|last| last.taken_at);
        settled_at.map(|settled_at| last.map_or(settled_at, |last| settled_at.max(last)))
    }

    /// Takes what a wallet held at an instant for the reading before the next one.
    pub fn begin_with(&mut self, wallet: WalletId, taken_at: Timestamp, available: Amount) {
        let nth = self.last.get(&wallet).map_or(0, |last| last.nth);
        self.last.insert(wallet, Last { nth, taken_at, available });
    }

    /// Takes in the `nth` reading that was asked for, from 1 on; what it shows beside the one before, wallet by wallet. A wallet
    /// that a later one showed already is passed over, whatever the clock said of either. `most` says how much a wallet may hold
    /// that held so much before, beside what our own moves brought; `None`: whatever comes is believed.
    pub fn take_reading(
        &mut self,
        nth: u64,
        snapshot: &Snapshot,
        most: impl Fn(WalletId, Amount) -> Option<Amount>,
    ) -> Compared {
        let mut compared = Compared::default();
        for (wallet, reading) in &snapshot.readings {
            let (wallet, after) = (*wallet, reading.available);
            let before = self.last.get(&wallet).copied();
            if before.is_some_and(|last| last.nth >= nth) {
                continue;
            }
            self.not_known_at(wallet, nth, snapshot.taken_at);
            if let Some(last) = before {
                let before = last.available;
                self.forget_settled(wallet, last.taken_at, snapshot.taken_at);
                if let Some(most) = most(wallet, before).filter(|most| !self.may_rise_to(wallet, after, *most)) {
                    self.last.insert(wallet, Last { nth, ..last });
                    compared.rises.push(Rise { wallet, before, after, most });
                    continue;
                }
            }
            self.last.insert(wallet, Last { nth, taken_at: snapshot.taken_at, available: after });
            compared.believed.push(wallet);
            let Some(Last { available: before, .. }) = before else { continue };
            match before.checked_sub(after).and_then(|fall| self.explain(wallet, fall)) {
                Ok(unexplained) if unexplained.is_positive() => {
                    compared.falls.push(Fall { wallet, before, after, unexplained });
                }
                Ok(_) => {}
                Err(error) => compared.errors.push(error),
            }
            if self.is_news_of_ours(wallet) {
                compared.spent_from.push((wallet, after));
            }
        }
        compared
    }

    /// Moves that the reading before surely showed explain nothing any more. Where the clock was set back since, nobody knows
    /// how long before that reading they ended.
    fn forget_settled(&mut self, wallet: WalletId, before: Timestamp, taken_at: Timestamp) {
        if taken_at < before {
            return;
        }
        let is_over = |share: &Share| share.wallet == wallet && !share.may_show_after(before);
        let over = self.outflows.values().filter(|one| one.may_have_left && is_over(&one.share));
        let over: Vec<Share> = over.map(|one| one.share).collect();
        self.outflows.retain(|_, one| !is_over(&one.share));
        give_back(wallet, &over, self.outflows.values_mut().map(|one| &mut one.share));

        let over: Vec<Share> = self.inflows.values().copied().filter(is_over).collect();
        self.inflows.retain(|_, share| !is_over(share));
        give_back(wallet, &over, self.inflows.values_mut());
    }

    /// What was not known yet when a reading was asked for was known after it, whatever a clock says that was set meanwhile.
    fn not_known_at(&mut self, wallet: WalletId, nth: u64, taken_at: Timestamp) {
        let shares = self.outflows.values_mut().map(|one| &mut one.share).chain(self.inflows.values_mut());
        for share in shares.filter(|share| share.wallet == wallet && share.asked >= nth) {
            share.settled_at = share.settled_at.map(|at| at.max(taken_at));
        }
    }

    /// Whether a move of ours that left the wallet, or may have, was seen in a reading and not told yet. Those whose first
    /// answer is waited for are told once it is known.
    fn is_news_of_ours(&mut self, wallet: WalletId) -> bool {
        let ours = self.outflows.values_mut().filter(|outflow| outflow.share.wallet == wallet);
        let news = ours.filter(|outflow| outflow.is_seen && !outflow.is_told && outflow.may_have_left);
        news.fold(false, |_, outflow| {
            outflow.is_told = true;
            true
        })
    }

    /// Whether our own moves may have brought what a wallet holds beyond the most that is believed; uses that up, and nothing
    /// where they cannot. A figure that has no room is nothing that they brought.
    fn may_rise_to(&mut self, wallet: WalletId, after: Amount, most: Amount) -> bool {
        let mut ours: Vec<_> = self.inflows.values_mut().filter(|share| share.wallet == wallet).collect();
        ours.sort_by_key(|share| share.turn());
        let sum = ours.iter().try_fold(most, |sum, share| sum.checked_add(share.left()));
        // A sum that has no room is over whatever KPay can show.
        if sum.is_ok_and(|sum| after > sum) {
            return false;
        }
        let Ok(mut beyond) = after.checked_sub(most) else { return after <= most };
        for share in ours {
            // What has no room explains nothing.
            share.explain(&mut beyond).unwrap_or_default();
        }
        true
    }

    /// Uses up what our moves explain of a fall; the rest of it.
    fn explain(&mut self, wallet: WalletId, fall: Amount) -> Result<Amount, MoneyError> {
        let mut rest = fall;
        let mut ours: Vec<_> = self.outflows.values_mut().filter(|outflow| outflow.share.wallet == wallet).collect();
        ours.sort_by_key(|outflow| outflow.share.turn());
        for outflow in ours {
            outflow.is_seen |= outflow.share.explain(&mut rest)?;
        }
        Ok(rest)
    }
}

impl Share {
    /// How much it still explains.
    fn left(&self) -> Amount {
        self.most.checked_sub(self.used).unwrap_or(Amount::ZERO).max(Amount::ZERO)
    }

    /// Those that end to explain anything first go first: which one a change shows is not known, and so none is missing.
    fn turn(&self) -> (bool, Option<Timestamp>) {
        (self.settled_at.is_none(), self.settled_at)
    }

    /// Explains what it can of the rest; whether that was anything.
    fn explain(&mut self, rest: &mut Amount) -> Result<bool, MoneyError> {
        let used = self.left().min(*rest);
        if used.is_positive() {
            (self.used, *rest) = (self.used.checked_add(used)?, rest.checked_sub(used)?);
        }
        Ok(used.is_positive())
    }

    /// Whether a reading asked for at an instant may not show it yet.
    fn may_show_after(&self, taken_at: Timestamp) -> bool {
        self.settled_at.is_none_or(|settled_at| settled_at + SETTLES_WITHIN > taken_at)
    }
}

/// What a reading surely shows of moves that are over was laid to others of the wallet that were open then: those explain it
/// again.
fn give_back<'a>(wallet: WalletId, over: &[Share], others: impl Iterator<Item = &'a mut Share>) {
    let mut unused = over.iter().map(Share::left).filter(|left| left.is_positive());
    let Some(first) = unused.next() else { return };
    let mut rest = unused.try_fold(first, Amount::checked_add).unwrap_or(first);
    for share in others.filter(|share| share.wallet == wallet) {
        let back = share.used.min(rest);
        if let (Ok(less), Ok(more)) = (share.used.checked_sub(back), rest.checked_sub(back)) {
            (share.used, rest) = (less, more);
        }
    }
}

#[cfg(test)]
mod tests;
