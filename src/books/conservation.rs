//! What a wallet lost that nobody here explains: two readings, and our own moves whose effect may lie between them. A rise
//! is customers' income and never a finding; a fall is one only where it is larger than every move of ours that either
//! reading may or may not show.
//!
//! A move may be in a reading from its first attempt on, and is surely in one that was asked for [`SETTLES_WITHIN`] after
//! its end was known: KPay's figures may lag. Until then it explains a fall of its own size, once. What income hides is
//! not found: only what can be proven is told.
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

/// A move of ours out of a wallet that was attempted.
#[derive(Debug, Clone, Copy)]
struct Outflow {
    wallet: WalletId,
    /// What it can still explain.
    left: Amount,
    /// When its end was known; `None` while it is open.
    settled_at: Option<Timestamp>,
}

/// The last reading of each wallet, and the moves that may or may not be in it.
#[derive(Debug, Clone, Default)]
pub struct Conservation {
    last: BTreeMap<WalletId, (Timestamp, Amount)>,
    outflows: BTreeMap<ExternalId, Outflow>,
}

impl Conservation {
    /// Takes in a move that was attempted, or how it stands now: what leaves the wallet (in major units), and when its end
    /// was known. Must come before the first byte of the attempt leaves.
    pub fn take_move(&mut self, id: &ExternalId, wallet: WalletId, amount: Amount, settled_at: Option<Timestamp>) {
        let outflow = Outflow { wallet, left: amount, settled_at };
        self.outflows.entry(id.clone()).or_insert(outflow).settled_at = settled_at;
    }

    /// Takes in a reading; what fell beyond our own moves since the one before, wallet by wallet. One that was asked for
    /// before the last is passed over. [`MoneyError`] stands for a wallet whose figures have no room.
    pub fn take_reading(&mut self, snapshot: &Snapshot) -> Vec<Result<Fall, MoneyError>> {
        let mut falls = Vec::new();
        for (wallet, reading) in &snapshot.readings {
            let now = (snapshot.taken_at, reading.available);
            let before = self.last.get(wallet).copied();
            if before.is_some_and(|(taken_at, _)| taken_at >= snapshot.taken_at) {
                continue;
            }
            self.last.insert(*wallet, now);
            let Some((taken_at, before)) = before else { continue };
            self.outflows.retain(|_, outflow| outflow.wallet != *wallet || outflow.may_come_after(taken_at));
            let after = reading.available;
            let fall = before.checked_sub(after).and_then(|fall| self.explain(*wallet, fall));
            match fall {
                Ok(unexplained) if unexplained.is_positive() => {
                    falls.push(Ok(Fall { wallet: *wallet, before, after, unexplained }));
                }
                Ok(_) => {}
                Err(error) => falls.push(Err(error)),
            }
        }
        falls
    }

    /// Uses up what our moves explain of a fall; the rest of it.
    fn explain(&mut self, wallet: WalletId, fall: Amount) -> Result<Amount, MoneyError> {
        let mut rest = fall;
        let mut ours: Vec<_> = self.outflows.values_mut().filter(|outflow| outflow.wallet == wallet).collect();
        // Those that end to explain anything first go first: which one a fall shows is not known, and so none is missing.
        ours.sort_by_key(|outflow| (outflow.settled_at.is_none(), outflow.settled_at));
        for outflow in ours {
            let used = outflow.left.min(rest);
            if used.is_positive() {
                outflow.left = outflow.left.checked_sub(used)?;
                rest = rest.checked_sub(used)?;
            }
        }
        Ok(rest)
    }
}

impl Outflow {
    /// Whether a reading asked for at an instant may not show it yet.
    fn may_come_after(&self, taken_at: Timestamp) -> bool {
        self.settled_at.is_none_or(|settled_at| settled_at + SETTLES_WITHIN > taken_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BalanceRow;
    use crate::money::{Country, Currency};
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn at(minute: i64) -> Timestamp {
        "2026-11-24T17:00:00Z".parse::<Timestamp>().unwrap() + TimeDelta::minutes(minute)
    }

    fn gabon() -> WalletId {
        WalletId::of(Country::GAB).unwrap()
    }

    fn read(conservation: &mut Conservation, minute: i64, available: i64) -> Vec<i64> {
        let available = Amount::whole(available);
        let row = BalanceRow { wallet: Country::GAB, currency: Currency::XAF, available };
        let snapshot = Snapshot::from_rows(at(minute), &[row]).unwrap();
        let falls = conservation.take_reading(&snapshot).into_iter();
        falls.map(|fall| fall.unwrap().unexplained.to_string().parse().unwrap()).collect()
    }

    /// A story: `5 read 100`, `5 send a 30`, `6 end a`, by the minute. What each reading finds unexplained.
    #[track_caller]
    fn check(story: &str, expected: &[i64]) {
        let mut conservation = Conservation::default();
        let mut amounts = BTreeMap::new();
        let mut found = Vec::new();
        for step in story.split(", ") {
            let words: Vec<&str> = step.split(' ').collect();
            let minute = words[0].parse().unwrap();
            match words[1..] {
                ["read", available] => found.extend(read(&mut conservation, minute, available.parse().unwrap())),
                ["send", id, amount] => {
                    let amount = Amount::whole(amount.parse().unwrap());
                    amounts.insert(id, amount);
                    conservation.take_move(&ExternalId::from_text(id), gabon(), amount, None);
                }
                ["end", id] => {
                    conservation.take_move(&ExternalId::from_text(id), gabon(), amounts[id], Some(at(minute)));
                }
                _ => panic!("{step}"),
            }
        }
        assert_eq!(found, expected, "{story}");
    }

    #[test]
    fn a_fall_is_told_once_and_only_where_no_move_of_ours_may_explain_it() {
        // The first reading says nothing, a rise is income, a fall is told once.
        check("0 read 100", &[]);
        check("0 read 100, 1 read 150, 2 read 150", &[]);
        check("0 read 100, 1 read 60, 2 read 60", &[40]);
        check("0 read 100, 1 read 60, 2 read 100, 3 read 50", &[40, 50]);
        check("0 read 100, 1 read -20", &[120]);
        // Our own move, seen at once, in flight, late, or never.
        check("0 read 100, 1 send a 30, 1 end a, 2 read 70", &[]);
        check("0 read 100, 1 send a 30, 2 read 70, 9 end a, 10 read 70", &[]);
        check("0 read 100, 1 send a 30, 1 end a, 2 read 100, 5 read 70", &[]);
        check("0 read 100, 1 send a 30, 1 end a, 2 read 100, 10 read 100, 12 read 70", &[]);
        check("0 read 100, 1 send a 30, 1 end a, 2 read 100, 11 read 100, 12 read 70", &[30]);
        check("0 read 100, 1 send a 30, 2 read 100, 600 read 100, 601 read 70", &[]);
        // More than our own; twice our own; two of our own.
        check("0 read 100, 1 send a 30, 1 end a, 2 read 60", &[10]);
        check("0 read 100, 1 send a 30, 1 end a, 2 read 70, 3 read 40", &[30]);
        check("0 read 100, 1 send a 30, 1 end a, 2 send b 20, 3 read 50", &[]);
        check("0 read 100, 1 send a 30, 1 end a, 2 read 90, 3 read 70", &[]);
        // Of two ended moves the later is seen first: it leaves the earlier one's fall explained all the same.
        check("0 read 100, 0 send b 30, 0 end b, 5 send a 30, 5 end a, 6 read 70, 10 read 70, 12 read 40", &[]);
        // A payout that failed comes back.
        check("0 read 100, 1 send a 30, 2 read 70, 3 end a, 4 read 100, 5 read 100", &[]);
        // A reading that was asked for earlier comes later.
        check("0 read 100, 2 read 100, 1 read 60, 3 read 100", &[]);
    }

    proptest! {
        /// Income, and moves of ours that KPay shows up to nine minutes late, in any order: never a finding. One
        /// stranger's withdrawal in a wallet that is otherwise still: always one.
        #[test]
        fn our_own_moves_and_income_are_never_a_finding(
            steps in prop::collection::vec((1_i64..500, 0_i64..300, 0_i64..9, 1_i64..5), 1..40),
        ) {
            let mut conservation = Conservation::default();
            let (mut minute, mut balance) = (0, 100_000_i64);
            let mut late: Vec<(i64, i64)> = Vec::new();
            read(&mut conservation, minute, balance);
            for (nth, (amount, income, lag, pause)) in steps.into_iter().enumerate() {
                let id = ExternalId::from_text(&format!("T-{nth}"));
                conservation.take_move(&id, gabon(), Amount::whole(amount), None);
                conservation.take_move(&id, gabon(), Amount::whole(amount), Some(at(minute)));
                late.push((minute + lag, amount));
                minute += pause;
                balance += income;
                let shown: i64 = late.iter().filter(|(from, _)| *from <= minute).map(|(_, amount)| amount).sum();
                late.retain(|(from, _)| *from > minute);
                balance -= shown;
                prop_assert_eq!(read(&mut conservation, minute, balance), Vec::<i64>::new());
            }
            let settled = balance - late.iter().map(|(_, amount)| amount).sum::<i64>();
            prop_assert_eq!(read(&mut conservation, minute + 9, settled), Vec::<i64>::new());
            prop_assert_eq!(read(&mut conservation, minute + 20, settled), Vec::<i64>::new());
            prop_assert_eq!(read(&mut conservation, minute + 21, settled - 7), vec![7]);
        }
    }
}
