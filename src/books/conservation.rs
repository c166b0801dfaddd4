//! What a wallet lost that nobody here explains: two readings, and our own moves whose effect may lie between them. A rise
//! is customers' income and never a finding; a fall is one only where it is larger than every move of ours that either
//! reading may or may not show.
//!
//! A move may be in a reading from its first attempt on, and is surely in one that was asked for [`SETTLES_WITHIN`] after
//! its end was known: KPay's figures may lag. Until then it explains a fall of its own size, once. What income hides is
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
}

/// How a move of ours out of a wallet stands, once it was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Whether its money left, or may have: not while its first answer is waited for, nor where KPay refused.
    pub may_have_left: bool,
    /// When its end was known; `None` while it is open.
    pub settled_at: Option<Timestamp>,
}

/// A move of ours out of a wallet that was attempted.
#[derive(Debug, Clone, Copy)]
struct Outflow {
    wallet: WalletId,
    /// What it can still explain.
    left: Amount,
    progress: Progress,
    /// Whether a fall that it may explain was seen, and not yet told as spent by it.
    is_seen: bool,
    /// Whether it was told as spent.
    is_told: bool,
}

/// What a move of ours may bring a wallet of ours.
#[derive(Debug, Clone, Copy)]
struct Inflow {
    wallet: WalletId,
    /// As much as it may bring.
    most: Amount,
    /// How much of that has explained a rise.
    used: Amount,
    /// When its end was known; `None` while it is open.
    settled_at: Option<Timestamp>,
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
    inflows: BTreeMap<ExternalId, Inflow>,
}

impl Conservation {
    /// Takes in a move that was attempted, or how it stands now. Must come before the first byte of the attempt leaves.
    pub fn take_move(&mut self, id: &ExternalId, ours: Move) {
        let Move { from, amount, brings, progress } = ours;
        let known_at = self.known_at(from, progress.settled_at);
        let outflow = Outflow {
            wallet: from,
            left: amount,
            progress: Progress { settled_at: known_at, ..progress },
            is_seen: false,
            is_told: false,
        };
        self.outflows.entry(id.clone()).or_insert(outflow).progress = outflow.progress;
        let into = brings.map(|(wallet, _)| wallet).or_else(|| self.inflows.get(id).map(|inflow| inflow.wallet));
        let Some(wallet) = into else { return };
        let settled_at = self.known_at(wallet, progress.settled_at);
        let most = brings.map_or(Amount::ZERO, |(_, most)| most);
        let inflow = Inflow { wallet, most, used: Amount::ZERO, settled_at };
        let known = self.inflows.entry(id.clone()).or_insert(inflow);
        (known.most, known.settled_at) = (most, settled_at);
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
            if let Some(last) = before {
                let before = last.available;
                self.inflows
                    .retain(|_, inflow| inflow.wallet != wallet || comes_after(inflow.settled_at, last.taken_at));
                if let Some(most) = most(wallet, before).filter(|most| !self.may_rise_to(wallet, after, *most)) {
                    self.last.insert(wallet, Last { nth, ..last });
                    compared.rises.push(Rise { wallet, before, after, most });
                    continue;
                }
            }
            self.last.insert(wallet, Last { nth, taken_at: snapshot.taken_at, available: after });
            compared.believed.push(wallet);
            let Some(Last { taken_at, available: before, .. }) = before else { continue };
            let is_kept = |outflow: &Outflow| comes_after(outflow.progress.settled_at, taken_at);
            self.outflows.retain(|_, outflow| outflow.wallet != wallet || is_kept(outflow));
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

    /// Whether a move of ours that left the wallet, or may have, was seen in a reading and not told yet. Those whose first
    /// answer is waited for are told once it is known.
    fn is_news_of_ours(&mut self, wallet: WalletId) -> bool {
        let ours = self.outflows.values_mut().filter(|outflow| outflow.wallet == wallet);
        let news = ours.filter(|outflow| outflow.is_seen && !outflow.is_told && outflow.progress.may_have_left);
        news.fold(false, |_, outflow| {
            outflow.is_told = true;
            true
        })
    }

    /// Whether our own moves may have brought what a wallet holds beyond the most that is believed; uses that up, and nothing
    /// where they cannot. A figure that has no room is nothing that they brought.
    fn may_rise_to(&mut self, wallet: WalletId, after: Amount, most: Amount) -> bool {
        let ours = self.inflows.values_mut().filter(|inflow| inflow.wallet == wallet);
        let mut ours: Vec<_> = ours.map(|inflow| (inflow.left(), inflow)).collect();
        // As with falls, those that end to explain anything first go first.
        ours.sort_by_key(|(_, inflow)| (inflow.settled_at.is_none(), inflow.settled_at));
        let sum = ours.iter().try_fold(most, |sum, (left, _)| sum.checked_add(*left));
        // A sum that has no room is over whatever KPay can show.
        if sum.is_ok_and(|sum| after > sum) {
            return false;
        }
        let Ok(mut beyond) = after.checked_sub(most) else { return after <= most };
        for (left, inflow) in ours {
            let used = left.min(beyond);
            if used.is_positive()
                && let (Ok(more), Ok(rest)) = (inflow.used.checked_add(used), beyond.checked_sub(used))
            {
                (inflow.used, beyond) = (more, rest);
            }
        }
        true
    }

    /// Uses up what our moves explain of a fall; the rest of it.
    fn explain(&mut self, wallet: WalletId, fall: Amount) -> Result<Amount, MoneyError> {
        let mut rest = fall;
        let mut ours: Vec<_> = self.outflows.values_mut().filter(|outflow| outflow.wallet == wallet).collect();
        // Those that end to explain anything first go first: which one a fall shows is not known, and so none is missing.
        ours.sort_by_key(|outflow| (outflow.progress.settled_at.is_none(), outflow.progress.settled_at));
        for outflow in ours {
            let used = outflow.left.min(rest);
            if used.is_positive() {
                outflow.is_seen = true;
                outflow.left = outflow.left.checked_sub(used)?;
                rest = rest.checked_sub(used)?;
            }
        }
        Ok(rest)
    }
}

impl Inflow {
    /// How much of a rise it still explains.
    fn left(&self) -> Amount {
        self.most.checked_sub(self.used).unwrap_or(Amount::ZERO).max(Amount::ZERO)
    }
}

/// Whether a reading asked for at an instant may not show a move yet that was over then; `None` while it is open.
fn comes_after(settled_at: Option<Timestamp>, taken_at: Timestamp) -> bool {
    settled_at.is_none_or(|settled_at| settled_at + SETTLES_WITHIN > taken_at)
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

    fn number(amount: Amount) -> i64 {
        amount.to_string().parse().unwrap()
    }

    fn compare(conservation: &mut Conservation, nth: u64, minute: i64, available: i64, most: Option<i64>) -> Compared {
        let available = Amount::whole(available);
        let row = BalanceRow { wallet: Country::GAB, currency: Currency::XAF, available };
        let snapshot = Snapshot::from_rows(at(minute), &[row]).unwrap();
        conservation.take_reading(nth, &snapshot, |_, _| most.map(Amount::whole))
    }

    fn ours(amount: Amount, progress: Progress) -> Move {
        Move { from: gabon(), amount, brings: None, progress }
    }

    const IN_FLIGHT: Progress = Progress { may_have_left: false, settled_at: None };

    /// A story: `5 read 100`, `5 send a 30`, `5 lose a`, `6 end a`, `6 refuse a`, `5 bring b 30`, `6 bring b 29 over`, by the
    /// minute, and `5 late 100`: a reading that was asked for before the last one, and comes after it. What each of its readings
    /// compares to, over a bound of 1,000 where `bounded` is said.
    fn played(story: &str) -> Vec<Compared> {
        let mut conservation = Conservation::default();
        let mut amounts = BTreeMap::new();
        let (mut found, mut most, mut asked, mut last) = (Vec::new(), None, 0, 0);
        for step in story.split(", ") {
            asked += 2;
            let words: Vec<&str> = step.split(' ').collect();
            let minute = words[0].parse().unwrap();
            let mut progress = |id: &str, may_have_left, is_over: bool| {
                let settled_at = is_over.then(|| at(minute));
                let progress = Progress { may_have_left, settled_at };
                conservation.take_move(&ExternalId::from_text(id), ours(amounts[id], progress));
            };
            match words[1..] {
                ["bounded"] => most = Some(1_000),
                ["read", available] => {
                    last = asked;
                    found.push(compare(&mut conservation, asked, minute, available.parse().unwrap(), most));
                }
                ["late", available] => {
                    found.push(compare(&mut conservation, last - 1, minute, available.parse().unwrap(), most));
                }
                ["send", id, amount] => {
                    let amount = Amount::whole(amount.parse().unwrap());
                    amounts.insert(id.to_owned(), amount);
                    conservation.take_move(&ExternalId::from_text(id), ours(amount, IN_FLIGHT));
                }
                ["lose", id] => progress(id, true, false),
                ["end", id] => progress(id, true, true),
                ["refuse", id] => progress(id, false, true),
                ["bring", id, amount, ref over @ ..] => {
                    let amount = Amount::whole(amount.parse().unwrap());
                    let settled_at = (over == ["over"]).then(|| at(minute));
                    let progress = Progress { may_have_left: true, settled_at };
                    let brings = Some((gabon(), amount));
                    let ours = Move { brings, ..ours(Amount::ZERO, progress) };
                    conservation.take_move(&ExternalId::from_text(id), ours);
                }
                ["believe", amount] => {
                    conservation.begin_with(gabon(), at(minute), Amount::whole(amount.parse().unwrap()));
                }
                _ => panic!("{step}"),
            }
        }
        found
    }

    /// What each reading finds unexplained.
    #[track_caller]
    fn check(story: &str, expected: &[i64]) {
        let falls = played(story).into_iter().flat_map(|compared| compared.falls);
        let found: Vec<i64> = falls.map(|fall| number(fall.unexplained)).collect();
        assert_eq!(found, expected, "{story}");
    }

    /// What the wallet holds at each reading that shows a move of ours.
    #[track_caller]
    fn check_spent(story: &str, expected: &[i64]) {
        let spent = played(story).into_iter().flat_map(|compared| compared.spent_from);
        assert_eq!(spent.map(|(_, holds)| number(holds)).collect::<Vec<_>>(), expected, "{story}");
    }

    /// `100>2000` for each rise, `-40` for each fall.
    #[track_caller]
    fn check_rises(story: &str, expected: &[&str]) {
        let told = |compared: Compared| {
            let rises = compared.rises.into_iter().map(|rise| format!("{}>{}", rise.before, rise.after));
            let falls = compared.falls.into_iter().map(|fall| format!("-{}", fall.unexplained));
            rises.chain(falls).collect::<Vec<_>>()
        };
        assert_eq!(played(story).into_iter().flat_map(told).collect::<Vec<_>>(), expected, "{story}");
    }

    #[test]
    fn a_reading_shows_each_move_of_ours_once_and_only_those_that_left_or_may_have() {
        check_spent("0 read 100, 1 read 60", &[]);
        check_spent("0 read 100, 1 send a 30, 1 end a, 2 read 70, 3 read 70, 4 read 30", &[70]);
        check_spent("0 read 100, 1 send a 30, 1 lose a, 2 read 100, 3 read 65, 4 end a, 5 read 60", &[65]);
        // While its first answer is waited for nobody knows whether the fall is its own.
        check_spent("0 read 100, 1 send a 30, 2 read 60, 3 refuse a, 4 read 60", &[]);
        check_spent("0 read 100, 1 send a 30, 2 read 60, 3 end a, 4 read 60, 5 read 50", &[60]);
        // It is seen late, and what others spend after it is not its own.
        check_spent("0 read 100, 1 send a 30, 1 end a, 2 read 100, 5 read 69, 6 read 40", &[69]);
        check_spent("0 read 100, 1 send a 30, 1 end a, 2 send b 20, 2 end b, 3 read 50", &[50]);
    }

    #[test]
    fn what_rose_too_far_is_compared_with_the_reading_from_before_until_it_is_back_or_released() {
        check_rises("0 bounded, 0 read 5000, 1 read 1000, 2 read 900", &["-4000", "-100"]);
        check_rises("0 bounded, 0 read 100, 1 read 1001, 2 read 1002", &["100>1001", "100>1002"]);
        check_rises("0 bounded, 0 read 100, 1 read 2000, 2 read 90, 3 read 1000", &["100>2000", "-10"]);
        check_rises("0 bounded, 0 read 100, 1 read 2000, 2 believe 950, 3 read 900", &["100>2000", "-50"]);
        check_rises("0 read 100, 1 read 2000", &[]);
        // One that was asked for before the rise, and comes after it, does not say that it is back.
        check_rises("0 bounded, 0 read 100, 2 read 2000, 1 late 90, 3 read 2000", &["100>2000", "100>2000"]);
        // Our own move explains its fall from there, too.
        check_rises("0 bounded, 0 read 100, 1 send a 30, 1 end a, 2 read 2000, 3 read 70", &["100>2000"]);
    }

    #[test]
    fn what_our_own_moves_may_bring_explains_a_rise_once_and_nothing_beyond_it_is_believed() {
        check_rises("0 bounded, 0 read 100, 1 bring b 500 over, 2 read 1500", &[]);
        check_rises("0 bounded, 0 read 100, 1 bring b 500 over, 2 read 1501", &["100>1501"]);
        // Under way, late, seen before its end is known, and never.
        check_rises("0 bounded, 0 read 100, 1 bring b 500, 900 read 1500", &[]);
        check_rises("0 bounded, 0 read 100, 1 bring b 500 over, 9 read 100, 12 read 1500", &[]);
        check_rises(
            "0 bounded, 0 read 100, 1 bring b 500, 2 read 1500, 9 bring b 500 over, 10 read 1501",
            &["1500>1501"],
        );
        check_rises("0 bounded, 0 read 100, 1 bring b 500 over, 11 read 100, 12 read 1500", &["100>1500"]);
        check_rises("0 bounded, 50 read 100, 51 bring b 500, 1 bring b 500 over, 52 read 1500", &[]);
        // What it brought is known: more, less, and nothing, as after a refusal.
        check_rises("0 bounded, 0 read 100, 1 bring b 500, 2 bring b 400 over, 3 read 1401", &["100>1401"]);
        check_rises("0 bounded, 0 read 100, 1 bring b 500, 2 bring b 600 over, 3 read 1600", &[]);
        check_rises("0 bounded, 0 read 100, 1 bring b 500, 2 bring b 0 over, 3 read 1001", &["100>1001"]);
        // Of two moves each explains its own; what customers pay in meanwhile, within the bound, uses up neither.
        let two = "0 bounded, 0 read 100, 1 bring a 500, 1 bring b 500 over";
        check_rises(&format!("{two}, 2 read 900, 3 read 1000, 4 read 2000"), &[]);
        check_rises(&format!("{two}, 2 read 900, 3 read 1000, 4 read 2001"), &["1000>2001"]);
        check_rises(&format!("{two}, 2 read 1300, 3 read 1700, 4 read 1701"), &["1700>1701"]);
        // What rose too far used up nothing: back at what ours explain, it is believed.
        check_rises("0 bounded, 0 read 100, 1 bring b 500 over, 2 read 9000, 3 read 1500", &["100>9000"]);
        check_rises("0 bounded, 0 read 100, 1 read 9000, 2 bring b 500 over, 30 read 1500", &["100>9000"]);
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
        // The clock steps back after a reading: what ends then comes after that reading all the same.
        check("50 read 100, 51 send a 30, 1 end a, 52 read 70", &[]);
        // A reading that was asked for earlier comes later.
        check("0 read 100, 2 read 100, 1 late 60, 3 read 100", &[]);
        // A clock that was set back keeps nothing from being compared.
        check("50 read 100, 1 read 60, 2 read 60, 3 read 50", &[40, 10]);
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
            let mut asked = 0;
            let mut read = |conservation: &mut Conservation, minute: i64, available: i64| {
                asked += 1;
                let falls = compare(conservation, asked, minute, available, None).falls.into_iter();
                falls.map(|fall| number(fall.unexplained)).collect::<Vec<_>>()
            };
            read(&mut conservation, minute, balance);
            for (nth, (amount, income, lag, pause)) in steps.into_iter().enumerate() {
                let id = ExternalId::from_text(&format!("T-{nth}"));
                conservation.take_move(&id, ours(Amount::whole(amount), IN_FLIGHT));
                let applied = Progress { may_have_left: true, settled_at: Some(at(minute)) };
                conservation.take_move(&id, ours(Amount::whole(amount), applied));
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
