//! A history: what changed from outside in each wallet, in order.

use crate::model::{Timestamp, WalletId};
use crate::money::{Amount, Currency, MoneyError, Rate};
use std::collections::BTreeMap;

/// One reading of one wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// When.
    pub at: Timestamp,
    /// Which wallet.
    pub wallet: WalletId,
    /// What could be spent.
    pub available: Amount,
}

/// One change from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A wallet is known from now on, with this balance.
    Opens(WalletId, Amount),
    /// Money came in (above zero) or went out (below zero).
    Flow(WalletId, Amount),
    /// KPay's indicative rate of a pair (source, destination) from now on.
    Rate((Currency, Currency), Rate),
}

/// Changes in the order of time; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The first instant.
    pub start: Timestamp,
    /// The last instant, that of the last reading.
    pub end: Timestamp,
    /// In the order of time; those of one instant in the order they came.
    pub changes: Vec<Change>,
}

impl History {
    /// From readings in the order of time: the first of a wallet opens it, each later one is a flow of the difference.
    /// `None` for no readings.
    ///
    /// # Errors
    /// [`MoneyError`] where a difference has no room.
    pub fn of_readings(readings: &[Observation]) -> Result<Option<Self>, MoneyError> {
        let (Some(first), Some(end)) = (readings.first(), readings.last()) else { return Ok(None) };
        let mut last: BTreeMap<WalletId, Amount> = BTreeMap::new();
        let mut changes = Vec::new();
        for reading in readings {
            let what = match last.insert(reading.wallet, reading.available) {
                None => What::Opens(reading.wallet, reading.available),
                Some(before) if before == reading.available => continue,
                Some(before) => What::Flow(reading.wallet, reading.available.checked_sub(before)?),
            };
            changes.push(Change { at: reading.at, what });
        }
        Ok(Some(Self { start: first.at, end: end.at, changes }))
    }
}
