//! What KPay said the wallets hold, at one moment.

use super::{Timestamp, WalletId};
use crate::money::{Amount, Country, Currency};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One wallet as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What can be spent, in major units; may carry fractions, may be negative.
    pub available: Amount,
    /// The whole balance where KPay gave one.
    pub balance: Option<Amount>,
}

/// A wallet of the reply that could not be read; the others stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletProblem {
    /// Its country, where that much was legible.
    pub country: Option<Country>,
    /// What was wrong, tamed.
    pub what: String,
}

/// All wallets of one reply. A wallet that is not here is unknown, never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When the request for the reading was sent (a move after this instant may not be in it).
    pub taken_at: Timestamp,
    /// The legible wallets.
    pub readings: BTreeMap<WalletId, Reading>,
    /// The illegible ones.
    pub problems: Vec<WalletProblem>,
}

impl Snapshot {
    /// What can be spent from a wallet; `None` where it was not read.
    #[must_use]
    pub fn available(&self, wallet: WalletId) -> Option<Amount> {
        self.readings.get(&wallet).map(|reading| reading.available)
    }

    /// The readings as rows, in the order of country and currency.
    #[must_use]
    pub fn rows(&self) -> Vec<BalanceRow> {
        let row = |(wallet, reading): (&WalletId, &Reading)| BalanceRow {
            wallet: wallet.country,
            currency: wallet.currency,
            available: reading.available,
        };
        self.readings.iter().map(row).collect()
    }

    /// A snapshot from rows; `None` where a wallet stands twice.
    #[must_use]
    pub fn from_rows(taken_at: Timestamp, rows: &[BalanceRow]) -> Option<Self> {
        let mut readings = BTreeMap::new();
        for row in rows {
            let wallet = row.id();
            let reading = Reading { available: row.available, balance: None };
            if readings.insert(wallet, reading).is_some() {
                return None;
            }
        }
        Some(Self { taken_at, readings, problems: Vec::new() })
    }
}

/// One row of the `balances` array of `plan --json`, the journal and `plan --balances FILE` (CONTRACT 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceRow {
    /// The wallet's country.
    pub wallet: Country,
    /// Its currency.
    pub currency: Currency,
    /// What can be spent, a decimal string in major units.
    pub available: Amount,
}

impl BalanceRow {
    /// The wallet that it is about.
    #[must_use]
    pub fn id(&self) -> WalletId {
        WalletId { country: self.wallet, currency: self.currency }
    }
}
