//! Into how many groups that balance a set of figures can be taken apart: by dynamic programming over subsets, exact
//! for the ten wallets that KPay has (3 to the power of 10 steps).

use crate::money::{Amount, MoneyError};

/// A way to take a set apart.
#[derive(Debug, Clone, Copy)]
struct Way {
    groups: usize,
    /// How far the groups' sums are off zero, together.
    off: Amount,
    /// One of the groups.
    one: usize,
}

impl Way {
    fn is_better_than(self, other: Self) -> bool {
        (self.groups, other.off) > (other.groups, self.off)
    }
}

/// The figures that are not zero in the most groups of which each sums to less than `slack` either way, by their places;
/// among equals, those that balance best. Empty where they do not balance as a whole.
pub(super) fn most_groups(figures: &[Amount], slack: Amount) -> Result<Vec<Vec<usize>>, MoneyError> {
    let places: Vec<usize> = (0..figures.len()).filter(|place| figures[*place] != Amount::ZERO).collect();
    let subsets = 1_usize << places.len();
    let mut sums = vec![Amount::ZERO; subsets];
    for subset in 1..subsets {
        let last = subset.trailing_zeros() as usize;
        sums[subset] = sums[subset & (subset - 1)].checked_add(figures[places[last]])?;
    }
    let below = Amount::ZERO.checked_sub(slack)?;
    let balances: Vec<bool> = sums.iter().map(|sum| *sum < slack && *sum > below).collect();
    let mut off = Vec::with_capacity(subsets);
    for sum in &sums {
        off.push(if sum.is_negative() { Amount::ZERO.checked_sub(*sum)? } else { *sum });
    }

    // By subset: the best way to take it apart, with one group of it. The group holds the subset's last figure, so that
    // each way is looked at once.
    let mut best: Vec<Option<Way>> = vec![None; subsets];
    best[0] = Some(Way { groups: 0, off: Amount::ZERO, one: 0 });
    for subset in 1..subsets {
        let last = 1 << (usize::BITS - 1 - subset.leading_zeros());
        let others = subset & !last;
        let mut rest = others;
        loop {
            let group = subset & !rest;
            if balances[group]
                && let Some(others) = best[rest]
            {
                let way = Way { groups: others.groups + 1, off: others.off.checked_add(off[group])?, one: group };
                if best[subset].is_none_or(|known| way.is_better_than(known)) {
                    best[subset] = Some(way);
                }
            }
            if rest == 0 {
                break;
            }
            rest = (rest - 1) & others;
        }
    }

    let mut groups = Vec::new();
    let mut left = subsets - 1;
    while left != 0 {
        let Some(Way { one: group, .. }) = best[left] else { return Ok(Vec::new()) };
        groups.push((0..places.len()).filter(|bit| group & (1 << bit) != 0).map(|bit| places[bit]).collect());
        left &= !group;
    }
    Ok(groups)
}
