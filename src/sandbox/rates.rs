//! Exchange rates: a table the operator moves, seen through a cache of one hour.

use super::clock::{Instant, millis};
use crate::money::{Currency, Rate};
use std::{collections::BTreeMap, time::Duration};

type Pair = (Currency, Currency);

pub(super) struct Rates {
    table: BTreeMap<Pair, Rate>,
    cached: BTreeMap<Pair, (Rate, Instant)>,
    lifetime: Duration,
}

impl Rates {
    pub(super) fn new(table: BTreeMap<Pair, Rate>, lifetime: Duration) -> Self {
        Self { table, cached: BTreeMap::new(), lifetime }
    }

    /// Moves the table; whoever reads through the cache sees it when the hour is over.
    pub(super) fn set(&mut self, pair: Pair, rate: Rate) {
        self.table.insert(pair, rate);
    }

    /// The table's rate; always 1 within one currency.
    pub(super) fn live(&self, pair: Pair) -> Option<Rate> {
        if pair.0 == pair.1 { Some(Rate::ONE) } else { self.table.get(&pair).copied() }
    }

    /// The rate as KPay shows it: looked up once, then kept for the cache's lifetime.
    pub(super) fn cached(&mut self, pair: Pair, now: Instant) -> Option<Rate> {
        if let Some((rate, at)) = self.cached.get(&pair)
            && now < *at + millis(self.lifetime)
        {
            return Some(*rate);
        }
        let rate = self.live(pair)?;
        self.cached.insert(pair, (rate, now));
        Some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, Utc};

    #[test]
    fn a_moved_rate_shows_when_the_hour_is_over() {
        let pair = (Currency::XAF, Currency::XOF);
        let (old, new): (Rate, Rate) = ("1.0153".parse().unwrap(), "1.0200".parse().unwrap());
        let mut rates = Rates::new(BTreeMap::from([(pair, old)]), Duration::from_hours(1));
        let start = Utc::now();
        assert_eq!(rates.cached(pair, start), Some(old));
        rates.set(pair, new);
        assert_eq!(rates.live(pair), Some(new));
        assert_eq!(rates.cached(pair, start + TimeDelta::minutes(59)), Some(old));
        assert_eq!(rates.cached(pair, start + TimeDelta::minutes(60)), Some(new));
        assert_eq!(rates.cached((Currency::XOF, Currency::XAF), start), None);
        assert_eq!(rates.cached((Currency::KES, Currency::KES), start), Some(Rate::ONE));
    }
}
