//! Moving wallets to their targets with the fewest transfers: plain figures in, transfers out. Knows no policy, no
//! lane and no limit; `rebalance` does.
//!
//! A wallet over its target gives, a wallet under it wants. Wallets whose gifts and wants balance among themselves form
//! a group, and `k` wallets that balance need `k - 1` transfers, so the fewest transfers are those of the most groups
//! ([`groups`]). Each transfer empties one side or fills the other, and no wallet ever crosses its target.
//!
//! What is left over, on purpose: a difference under the smallest transfer stays (a group that balances up to that much
//! counts as balanced), amounts are rounded down to what can be sent, and a transfer that would come out under the
//! smallest is not made. Where less may leave the sources than is wanted, the largest wants are filled first.

mod groups;

#[cfg(test)]
mod tests;

use crate::money::{Amount, MoneyError};
use rust_decimal::Decimal;

/// One wallet, compared with its target.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    /// Its value less its target, in the base currency: positive gives, negative wants.
    pub(super) over: Amount,
    /// The most that may leave it, in its own currency.
    pub(super) spendable: Amount,
    /// Units of the base currency for one unit of its own; above zero.
    pub(super) rate: Decimal,
    /// The smallest transfer out of it, in its own currency; a multiple of `step`.
    pub(super) smallest: Amount,
    /// Transfers out of it are multiples of this, in its own currency; above zero.
    pub(super) step: Amount,
}

/// One transfer, by the wallets' places in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) from: usize,
    pub(super) to: usize,
    /// In the currency of `from`.
    pub(super) amount: Amount,
}

/// What moves, and what would have to move as well.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// In the order of the list, by source and then destination; each pair at most once.
    pub(super) moves: Vec<Move>,
    /// By wallet, in the base currency: what stays missing because the sources may not give more; zero for most.
    pub(super) missing: Vec<Amount>,
}

/// Moves the wallets to their targets. `arrival` is the value in the base currency, at the destination, of one unit of
/// the source's currency that is sent there; above zero.
///
/// # Errors
/// [`MoneyError`] where a figure does not fit.
pub(super) fn settle(
    holdings: &[Holding],
    arrival: &dyn Fn(usize, usize) -> Result<Decimal, MoneyError>,
) -> Result<Settled, MoneyError> {
    let mut work = Work { holdings, arrival, gives: vec![], wants: vec![], moves: vec![] };
    let mut held_back = Amount::ZERO;
    for holding in holdings {
        let over = holding.over.max(Amount::ZERO);
        let give = over.min(holding.spendable.checked_mul(holding.rate)?).max(Amount::ZERO);
        held_back = held_back.checked_add(over.checked_sub(give)?)?;
        work.gives.push(give);
        work.wants.push(Amount::ZERO.checked_sub(holding.over)?.max(Amount::ZERO));
    }
    let smallest = work.drop_trifles()?;
    if let Some(smallest) = smallest {
        let balances = work.rationed(smallest)?;
        for group in groups::most_groups(&balances, smallest)? {
            work.settle_group(&balances, &group)?;
        }
        // What was too small for a transfer within its group may still go elsewhere.
        work.transfer_among(work.gives.clone(), work.wants.clone())?;
    }
    let least = |holding: &Holding| holding.smallest.checked_mul(holding.rate);
    let least: Vec<Amount> = holdings.iter().map(least).collect::<Result<_, _>>()?;
    let trifle = least.into_iter().min().unwrap_or(Amount::ZERO);
    let short = |want: &Amount| if held_back >= trifle && *want >= trifle { *want } else { Amount::ZERO };
    let missing = work.wants.iter().map(short).collect();
    let mut moves = work.moves;
    moves.sort_by_key(|it| (it.from, it.to));
    Ok(Settled { moves, missing })
}

/// A settlement in the making.
struct Work<'a> {
    holdings: &'a [Holding],
    arrival: &'a dyn Fn(usize, usize) -> Result<Decimal, MoneyError>,
    /// What each wallet may still give, in the base currency.
    gives: Vec<Amount>,
    /// What each wallet still wants, in the base currency.
    wants: Vec<Amount>,
    moves: Vec<Move>,
}

impl Work<'_> {
    /// Forgets gifts under the giver's smallest transfer. The smallest transfer of all givers; `None` where nobody gives.
    fn drop_trifles(&mut self) -> Result<Option<Amount>, MoneyError> {
        let mut smallest: Option<Amount> = None;
        for (give, holding) in self.gives.iter_mut().zip(self.holdings) {
            let least = holding.smallest.checked_mul(holding.rate)?;
            if *give < least {
                *give = Amount::ZERO;
            }
            if give.is_positive() {
                smallest = Some(smallest.map_or(least, |known| known.min(least)));
            }
        }
        Ok(smallest)
    }

    /// Gifts less wants by wallet, together less than the smallest transfer off zero: the side that is too large is cut,
    /// the largest first served. Wants under the smallest transfer count for nothing.
    fn rationed(&self, smallest: Amount) -> Result<Vec<Amount>, MoneyError> {
        let mut gives = self.gives.clone();
        let worth = |want: &Amount| if *want < smallest { Amount::ZERO } else { *want };
        let mut wants: Vec<Amount> = self.wants.iter().map(worth).collect();
        let (supply, demand) = (sum(&gives)?, sum(&wants)?);
        if demand.checked_sub(supply)? >= smallest {
            ration(&mut wants, supply, smallest)?;
        } else if supply.checked_sub(demand)? >= smallest {
            ration(&mut gives, demand, smallest)?;
        }
        gives.iter().zip(&wants).map(|(give, want)| give.checked_sub(*want)).collect()
    }

    fn settle_group(&mut self, balances: &[Amount], group: &[usize]) -> Result<(), MoneyError> {
        let (mut gives, mut wants) = (vec![Amount::ZERO; balances.len()], vec![Amount::ZERO; balances.len()]);
        for index in group {
            gives[*index] = balances[*index].max(Amount::ZERO);
            wants[*index] = Amount::ZERO.checked_sub(balances[*index])?.max(Amount::ZERO);
        }
        self.transfer_among(gives, wants)
    }

    /// Transfers what can be transferred, the largest first. Each empties a giver or fills a taker, but for less than
    /// can be sent.
    fn transfer_among(&mut self, mut gives: Vec<Amount>, mut wants: Vec<Amount>) -> Result<(), MoneyError> {
        while let Some(next) = self.largest_transfer(&gives, &wants)? {
            let Move { from, to, amount } = next;
            let sent = amount.checked_mul(self.holdings[from].rate)?;
            let credited = amount.checked_mul((self.arrival)(from, to)?)?;
            for left in [&mut gives[from], &mut self.gives[from]] {
                *left = left.checked_sub(sent)?;
            }
            for left in [&mut wants[to], &mut self.wants[to]] {
                *left = left.checked_sub(credited)?;
            }
            self.note(next)?;
        }
        Ok(())
    }

    /// The largest transfer that crosses no target; the first of equals. `None` where none is as large as it must be.
    fn largest_transfer(&self, gives: &[Amount], wants: &[Amount]) -> Result<Option<Move>, MoneyError> {
        let mut best: Option<(Amount, Move)> = None;
        let places = |amounts: &[Amount]| (0..amounts.len()).filter(|place| amounts[*place].is_positive()).collect();
        let (sources, takers): (Vec<usize>, Vec<usize>) = (places(gives), places(wants));
        for (from, to) in sources.into_iter().flat_map(|from| takers.iter().map(move |to| (from, *to))) {
            let source = &self.holdings[from];
            let can_give = most_units(gives[from], source.rate, source.step)?;
            let can_take = most_units(wants[to], (self.arrival)(from, to)?, source.step)?;
            let amount = can_give.min(can_take);
            let value = amount.checked_mul(source.rate)?;
            if amount >= source.smallest && best.is_none_or(|(known, _)| value > known) {
                best = Some((value, Move { from, to, amount }));
            }
        }
        Ok(best.map(|(_, next)| next))
    }

    fn note(&mut self, new: Move) -> Result<(), MoneyError> {
        match self.moves.iter_mut().find(|known| (known.from, known.to) == (new.from, new.to)) {
            Some(known) => known.amount = known.amount.checked_add(new.amount)?,
            None => self.moves.push(new),
        }
        Ok(())
    }
}

/// Cuts amounts until they are together at most `most`: the largest are served first, and what would be under the
/// smallest transfer gets nothing.
fn ration(amounts: &mut [Amount], most: Amount, smallest: Amount) -> Result<(), MoneyError> {
    let mut order: Vec<usize> = (0..amounts.len()).collect();
    order.sort_by_key(|index| (std::cmp::Reverse(amounts[*index]), *index));
    let mut left = most;
    for index in order {
        let granted = amounts[index].min(left);
        amounts[index] = if granted < smallest { Amount::ZERO } else { granted };
        left = left.checked_sub(amounts[index])?;
    }
    Ok(())
}

/// The largest multiple of `step` worth at most `value` where one unit is worth `worth`.
fn most_units(value: Amount, worth: Decimal, step: Amount) -> Result<Amount, MoneyError> {
    let quotient = value.decimal().checked_div(worth).ok_or(MoneyError::Overflow("a division"))?;
    let mut units = Amount::new(quotient).round_down_to(step)?;
    // A quotient of 28 digits may be rounded up over the next multiple.
    while units.checked_mul(worth)? > value {
        units = units.checked_sub(step)?;
    }
    Ok(units.max(Amount::ZERO))
}

fn sum(amounts: &[Amount]) -> Result<Amount, MoneyError> {
    amounts.iter().copied().try_fold(Amount::ZERO, Amount::checked_add)
}
