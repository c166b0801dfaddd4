//! The trial balance: what every account holds, and the proof that each currency sums to zero.

use super::{Account, BooksError, Entry};
use crate::money::{Amount, Currency};
use serde::Serialize;
use std::collections::BTreeMap;

/// Sums by account and currency; grows with the accounts, not with the entries.
#[derive(Debug, Clone, Default)]
pub struct TrialBalance {
    sums: BTreeMap<(Account, Currency), Amount>,
}

/// One line of the trial balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AccountBalance {
    /// Which account.
    pub account: Account,
    /// In which currency.
    pub currency: Currency,
    /// Everything posted to it, signed; of a wallet this is our own net movement, not KPay's balance.
    pub balance: Amount,
}

impl TrialBalance {
    /// Nothing posted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Posts an entry.
    ///
    /// # Errors
    /// [`BooksError::Money`] where an account's sum does not fit 28 digits.
    pub fn add(&mut self, entry: &Entry) -> Result<(), BooksError> {
        for posting in &entry.postings {
            let sum = self.sums.entry((posting.account, posting.money.currency)).or_default();
            let added = sum.checked_add(posting.money.amount);
            *sum = added.map_err(BooksError::money(posting.account))?;
        }
        Ok(())
    }

    /// Every account ever posted to, wallets first; also those at zero.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountBalance> {
        let line = |(&(account, currency), &balance): (&(Account, Currency), &Amount)| AccountBalance {
            account,
            currency,
            balance,
        };
        self.sums.iter().map(line).collect()
    }

    /// The sum of all accounts by currency.
    ///
    /// # Errors
    /// [`BooksError::Money`] where it does not fit; [`BooksError::Unbalanced`] where one is not zero.
    pub fn totals(&self) -> Result<BTreeMap<Currency, Amount>, BooksError> {
        let mut totals: BTreeMap<Currency, Amount> = BTreeMap::new();
        for (&(account, currency), &balance) in &self.sums {
            let total = totals.entry(currency).or_default();
            *total = total.checked_add(balance).map_err(BooksError::money(account))?;
        }
        match totals.iter().find(|(_, total)| **total != Amount::ZERO) {
            Some((currency, total)) => Err(BooksError::Unbalanced {
                what: "the trial balance".to_owned(),
                currency: *currency,
                sum: total.to_string(),
            }),
            None => Ok(totals),
        }
    }
}
