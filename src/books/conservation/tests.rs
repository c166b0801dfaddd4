//! Readings, moves and falls as stories of a few words.

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

fn ours(amount: Amount, progress: Progress, asked: u64) -> Move {
    Move { from: gabon(), amount, brings: None, progress, asked }
}

const IN_FLIGHT: Progress = Progress { may_have_left: false, settled_at: None };

/// A story: `5 read 100`, `5 send a 30`, `5 lose a`, `6 end a`, `6 refuse a`, `5 bring b 30`, `6 bring b 29 over`, by the
/// minute; `5 late 100`: a reading that was asked for before the last one, and comes after it; `5 slow 3 100`: one that was
/// asked for three steps before. What each of its readings compares to, over a bound of 1,000 where `bounded` is said.
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
            conservation.take_move(&ExternalId::from_text(id), ours(amounts[id], progress, asked));
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
            ["slow", steps, available] => {
                last = asked - 2 * steps.parse::<u64>().unwrap();
                found.push(compare(&mut conservation, last, minute, available.parse().unwrap(), most));
            }
            ["send", id, amount] => {
                let amount = Amount::whole(amount.parse().unwrap());
                amounts.insert(id.to_owned(), amount);
                conservation.take_move(&ExternalId::from_text(id), ours(amount, IN_FLIGHT, asked));
            }
            ["lose", id] => progress(id, true, false),
            ["end", id] => progress(id, true, true),
            ["refuse", id] => progress(id, false, true),
            ["bring", id, amount, ref over @ ..] => {
                let amount = Amount::whole(amount.parse().unwrap());
                let settled_at = (over == ["over"]).then(|| at(minute));
                let progress = Progress { may_have_left: true, settled_at };
                let brings = Some((gabon(), amount));
                let ours = Move { brings, ..ours(Amount::ZERO, progress, asked) };
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
    check_rises("0 bounded, 0 read 100, 1 bring b 500, 2 read 1500, 9 bring b 500 over, 10 read 1501", &["1500>1501"]);
    check_rises("0 bounded, 0 read 100, 1 bring b 500 over, 11 read 100, 12 read 1500", &["100>1500"]);
    check_rises("0 bounded, 50 read 100, 51 bring b 500, 1 bring b 500 over, 52 read 1500", &[]);
    check_rises("0 bounded, 0 read 100, 1 bring b 500, 2 bring b 500 over, 60 slow 2 100, 61 read 1500", &[]);
    check_rises("0 bounded, 0 read 100, 1 bring b 500, 2 bring b 500 over, 60 slow 0 100, 61 read 1500", &["100>1500"]);
    let two = "0 bounded, 0 read 100, 0 bring a 500, 1 bring b 500, 2 read 1500, 2 bring b 500 over";
    check_rises(&format!("{two}, 3 read 900, 60 read 900, 61 read 1500, 62 read 1501"), &["-600", "1500>1501"]);
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
    // Of two open moves nobody knows which one a fall shows. Once one is surely in the readings it was that one's, and the other
    // explains its own, once.
    let two = "0 read 185, 0 send a 30, 0 lose a, 1 send b 30, 2 read 155, 2 end b, 3 read 155";
    check(&format!("{two}, 60 read 155, 61 read 125, 62 read 95"), &[30]);
    check(&format!("{two}, 4 read 125, 60 read 125, 61 read 95"), &[30]);
    check("0 read 185, 0 send a 30, 0 lose a, 1 send b 30, 2 read 155, 2 refuse b, 60 read 155, 61 read 125", &[30]);
    // Asked for before the move ended, by a clock that was ahead, and answered after it: it may be without the move.
    check("0 read 100, 1 send a 30, 2 end a, 60 slow 2 100, 61 read 70", &[]);
    check("0 read 100, 1 send a 30, 2 end a, 60 slow 0 100, 61 read 70", &[30]);
    // A reading that was asked for earlier comes later.
    check("0 read 100, 2 read 100, 1 late 60, 3 read 100", &[]);
    // By a clock that was ahead a move was over for long; once it is set back nobody knows for how long.
    check("0 read 100, 1 send a 30, 2 end a, 60 read 100, 15 read 70, 16 read 60", &[10]);
    check("0 read 100, 1 send a 30, 2 end a, 60 read 100, 61 read 70", &[30]);
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
            conservation.take_move(&id, ours(Amount::whole(amount), IN_FLIGHT, 0));
            let applied = Progress { may_have_left: true, settled_at: Some(at(minute)) };
            conservation.take_move(&id, ours(Amount::whole(amount), applied, 0));
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
