//! Settling against a search that knows nothing of groups: it tries sequences of transfers.

use super::{Holding, Move, Settled, settle};
use crate::money::{Amount, MoneyError};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Wallets of one currency that may give all they hold over their target.
fn wallets(over: &[i64], smallest: i64) -> Vec<Holding> {
    let wallet = |over: &i64| Holding {
        over: Amount::whole(*over),
        spendable: Amount::whole((*over).max(0)),
        rate: Decimal::ONE,
        smallest: Amount::whole(smallest),
        step: Amount::whole(1),
    };
    over.iter().map(wallet).collect()
}

/// Within one currency, or where the destination is compared at the rate that the source is compared at.
fn same(holdings: &[Holding]) -> impl Fn(usize, usize) -> Result<Decimal, MoneyError> {
    move |from, _| Ok(holdings[from].rate)
}

/// What is off the targets after the moves, in the base currency. Whatever the case: each pair once and in order, no
/// transfer under the smallest or off the step, nobody gives more than may leave, and nobody crosses its target.
#[track_caller]
fn after(
    holdings: &[Holding],
    arrival: &dyn Fn(usize, usize) -> Result<Decimal, MoneyError>,
    settled: &Settled,
) -> Vec<Decimal> {
    let pairs: Vec<_> = settled.moves.iter().map(|it| (it.from, it.to)).collect();
    assert!(pairs.windows(2).all(|two| two[0] < two[1]), "{pairs:?}");
    let mut over: Vec<Decimal> = holdings.iter().map(|it| it.over.decimal()).collect();
    let mut left: Vec<Decimal> = holdings.iter().map(|it| it.spendable.decimal()).collect();
    for Move { from, to, amount } in &settled.moves {
        let source = &holdings[*from];
        assert!(*amount >= source.smallest, "{amount} from {from}");
        assert!((amount.decimal() % source.step.decimal()).is_zero(), "{amount} from {from}");
        left[*from] -= amount.decimal();
        over[*from] -= amount.decimal() * source.rate;
        over[*to] += amount.decimal() * arrival(*from, *to).unwrap();
    }
    assert!(left.iter().zip(holdings).all(|(left, it)| !left.is_sign_negative() || it.spendable.is_negative()));
    for (now, holding) in over.iter().zip(holdings) {
        let before = holding.over.decimal();
        assert!(
            if before > Decimal::ZERO { *now >= Decimal::ZERO } else { *now <= Decimal::ZERO },
            "{before} to {now}"
        );
    }
    over
}

#[track_caller]
fn shown(holdings: &[Holding]) -> String {
    let settled = settle(holdings, &same(holdings)).unwrap();
    after(holdings, &same(holdings), &settled);
    let moves = settled.moves.iter().map(|it| format!("{}>{} {}", it.from, it.to, it.amount));
    let missing = settled.missing.iter().enumerate().filter(|(_, amount)| **amount != Amount::ZERO);
    let missing = missing.map(|(place, amount)| format!("{place} misses {amount}"));
    moves.chain(missing).collect::<Vec<_>>().join("; ")
}

/// The fewest transfers after which every figure is under `smallest`, by trying sequences of transfers that each serve
/// one side in full.
fn fewest_by_search(over: &mut Vec<i64>, smallest: i64, most: usize) -> Option<usize> {
    let givers: Vec<usize> = (0..over.len()).filter(|place| over[*place] >= smallest).collect();
    let takers: Vec<usize> = (0..over.len()).filter(|place| over[*place] <= -smallest).collect();
    if givers.is_empty() && takers.is_empty() {
        return Some(0);
    }
    // One transfer serves at most one giver and one taker.
    if givers.len().max(takers.len()) > most {
        return None;
    }
    let mut best = None;
    for from in &givers {
        for to in &takers {
            let most = best.map_or(most, |known: usize| known - 1);
            if most == 0 {
                return best;
            }
            let amount = over[*from].min(-over[*to]);
            over[*from] -= amount;
            over[*to] += amount;
            best = fewest_by_search(over, smallest, most - 1).map(|count| count + 1).or(best);
            over[*from] += amount;
            over[*to] -= amount;
        }
    }
    best
}

/// The same with every whole amount, served or not.
fn fewest_with_any_amounts(over: &mut Vec<i64>, most: usize) -> Option<usize> {
    if over.iter().all(|figure| *figure == 0) {
        return Some(0);
    }
    if most == 0 {
        return None;
    }
    let mut best = None;
    for from in 0..over.len() {
        for to in 0..over.len() {
            for amount in 1..=over[from].min(-over[to]) {
                let most = best.map_or(most, |known: usize| known - 1);
                if most == 0 {
                    return best;
                }
                over[from] -= amount;
                over[to] += amount;
                best = fewest_with_any_amounts(over, most - 1).map(|count| count + 1).or(best);
                over[from] += amount;
                over[to] -= amount;
            }
        }
    }
    best
}

/// Up to `most` figures that sum to zero, many of them in groups that do so on their own.
fn balanced(most: usize, largest: i64) -> impl Strategy<Value = Vec<i64>> {
    let figure = prop_oneof![2 => -5_i64..=5, 1 => -largest..=largest];
    let groups = prop::collection::vec(prop::collection::vec(figure, 1..most), 1..=3);
    groups
        .prop_map(move |groups| {
            let mut all = Vec::new();
            for mut group in groups {
                group.truncate(most - 1 - all.len().min(most - 1));
                let sum: i64 = group.iter().sum();
                if !group.is_empty() && all.len() + group.len() < most {
                    all.append(&mut group);
                    all.push(-sum);
                }
            }
            all
        })
        .prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn fewer_transfers_do_not_exist(figures in balanced(8, 40), grain in prop::sample::select(vec![1_i64, 100, 12_345])) {
        let over: Vec<i64> = figures.iter().map(|figure| figure * grain).collect();
        let holdings = wallets(&over, grain.min(100));
        let settled = settle(&holdings, &same(&holdings)).unwrap();
        prop_assert!(after(&holdings, &same(&holdings), &settled).iter().all(Decimal::is_zero));
        prop_assert!(settled.missing.iter().all(|missing| *missing == Amount::ZERO));
        prop_assert_eq!(Some(settled.moves.len()), fewest_by_search(&mut over.clone(), grain.min(100), 8));
    }

    #[test]
    fn groups_that_balance_but_for_less_than_a_transfer_count(
        (figures, noise) in balanced(8, 40).prop_flat_map(|figures| {
            let count = figures.len();
            (Just(figures), prop::collection::vec(-12_i64..=12, count))
        }),
    ) {
        // Up to eight times 12 is less than the smallest transfer of 100, and each figure is far above it.
        let over: Vec<i64> = figures.iter().zip(noise).map(|(figure, noise)| figure * 1_000 + noise).collect();
        let holdings = wallets(&over, 100);
        let settled = settle(&holdings, &same(&holdings)).unwrap();
        let left = after(&holdings, &same(&holdings), &settled);
        prop_assert!(left.iter().all(|left| left.abs() < Decimal::from(100)), "{left:?}");
        prop_assert_eq!(Some(settled.moves.len()), fewest_by_search(&mut over.clone(), 100, 8));
    }

    #[test]
    fn amounts_that_serve_nobody_in_full_do_not_help(figures in balanced(5, 4)) {
        let holdings = wallets(&figures, 1);
        let settled = settle(&holdings, &same(&holdings)).unwrap();
        prop_assert_eq!(Some(settled.moves.len()), fewest_with_any_amounts(&mut figures.clone(), 5));
    }
}

/// Anything at all: ten wallets, four currencies, costs and gains of changing, caps, steps.
#[derive(Debug, Clone)]
struct Wild {
    holdings: Vec<Holding>,
    margins: Vec<i64>,
}

impl Wild {
    fn arrival(&self, from: usize, to: usize) -> Decimal {
        let (source, margin) = (&self.holdings[from], self.margins[(from * 7 + to * 3) % self.margins.len()]);
        if source.rate == self.holdings[to].rate { source.rate } else { source.rate * Decimal::new(margin, 3) }
    }
}

fn wild() -> impl Strategy<Value = Wild> {
    let rate = prop::sample::select(vec!["1", "0.9849", "4.5123", "0.1634"]);
    let wallet = (-300_000_i64..300_000, prop::option::of(0_i64..200_000), rate, 0_usize..3).prop_map(
        |(over, spendable, rate, size)| Holding {
            over: Amount::new(Decimal::new(over, 1)),
            spendable: Amount::whole(spendable.unwrap_or(9_000_000)),
            rate: rate.parse().unwrap(),
            smallest: Amount::whole([100, 500, 1_000][size]),
            step: Amount::whole([1, 50, 1_000][size]),
        },
    );
    (prop::collection::vec(wallet, 1..=10), prop::collection::vec(970_i64..1_010, 5))
        .prop_map(|(holdings, margins)| Wild { holdings, margins })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Beside what `after` asserts: nothing that may and should move is left, and the whole is not moved about in more
    /// transfers than there are wallets less one.
    #[test]
    fn nothing_that_could_move_is_left(wild in wild()) {
        let arrival = |from: usize, to: usize| Ok(wild.arrival(from, to));
        let settled = settle(&wild.holdings, &arrival).unwrap();
        let left = after(&wild.holdings, &arrival, &settled);
        for (from, source) in wild.holdings.iter().enumerate().filter(|(from, _)| left[*from] > Decimal::ZERO) {
            let sent: Decimal = settled.moves.iter().filter(|it| it.from == from).map(|it| it.amount.decimal()).sum();
            let could = (source.spendable.decimal() - sent).min(left[from] / source.rate);
            for to in (0..left.len()).filter(|to| left[*to] < Decimal::ZERO) {
                let takes = -left[to] / wild.arrival(from, to);
                let amount = (could.min(takes) / source.step.decimal()).floor() * source.step.decimal();
                prop_assert!(amount < source.smallest.decimal(), "{from} could send {amount} to {to}");
            }
        }
        prop_assert_eq!(&settled, &settle(&wild.holdings, &arrival).unwrap());
    }
}

#[test]
fn the_moves_of_a_few_cases() {
    for (over, smallest, expected) in [
        (&[][..], 100, ""),
        (&[0, 0, 0], 100, ""),
        (&[500, -500], 100, "0>1 500"),
        (&[-200, 500, -300], 100, "1>0 200; 1>2 300"),
        // Two pairs, not a chain of three.
        (&[300, 200, -200, -300], 100, "0>3 300; 1>2 200"),
        // Three that balance and two that do: three transfers, not four.
        (&[700, -300, -400, 250, -250], 100, "0>1 300; 0>2 400; 3>4 250"),
        // Differences under the smallest transfer stay, on either side.
        (&[99, -99], 100, ""),
        (&[270, -90, -90, -90], 100, ""),
        (&[570, -300, -90, -90, -90], 100, "0>1 300"),
        // 300 and 250 balance but for 50.
        (&[300, 250, -250, -300], 100, "0>3 300; 1>2 250"),
        (&[350, 250, -300, -300], 100, "0>3 300; 1>2 250"),
    ] {
        assert_eq!(shown(&wallets(over, smallest)), expected, "{over:?}");
    }
}

#[test]
fn what_may_not_leave_stays_and_the_largest_want_is_served_first() {
    for (over, spendable, expected) in [
        (&[1_000, -600, -400][..], &[700, 0, 0][..], "0>1 600; 0>2 100; 2 misses 300"),
        (&[1_000, -600, -400], &[650, 0, 0], "0>1 600; 2 misses 400"),
        (&[1_000, -400, -600], &[500, 0, 0], "0>2 500; 1 misses 400; 2 misses 100"),
        (&[1_000, -600, -400], &[0, 0, 0], "1 misses 600; 2 misses 400"),
        (&[1_000, -600, -400], &[-50, 0, 0], "1 misses 600; 2 misses 400"),
        (&[600, 400, -1_000], &[99, 400, 0], "1>2 400; 2 misses 600"),
    ] {
        let mut holdings = wallets(over, 100);
        for (holding, spendable) in holdings.iter_mut().zip(spendable) {
            holding.spendable = Amount::whole(*spendable);
        }
        assert_eq!(shown(&holdings), expected, "{over:?} of which {spendable:?} may leave");
    }
}

#[test]
fn amounts_are_what_can_be_sent() {
    let mut holdings = wallets(&[1_999, -1_999], 1_000);
    holdings[0].step = Amount::whole(500);
    assert_eq!(shown(&holdings), "0>1 1500");
    // 1 000 of the base at 4.5123: 221.61 units, rounded down.
    let mut holdings = wallets(&[1_000, -1_000], 100);
    holdings[0].rate = "4.5123".parse().unwrap();
    holdings[0].spendable = Amount::whole(1_000);
    holdings[0].step = Amount::new(Decimal::new(1, 2));
    assert_eq!(shown(&holdings), "0>1 221.61");
    // A destination that gets more than its value at the source is not filled over its target.
    let rates = |_, _| Ok(Decimal::TWO);
    let settled = settle(&wallets(&[1_000, -1_000], 100), &rates).unwrap();
    assert_eq!(settled.moves, [Move { from: 0, to: 1, amount: Amount::whole(500) }]);
}
