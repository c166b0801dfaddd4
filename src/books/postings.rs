//! Double entry: the postings of a movement, and the difference between two states of knowledge of it.

use super::BooksError;
use super::account::{Account, Posting, negated};
use super::entry::Stage;
use super::movement::Movement;
use crate::model::Kind;
use crate::money::{Amount, Currency, Money, MoneyError};
use crate::planted::{self, Mistake};
use std::collections::BTreeMap;

/// Postings by account and currency; every change is a pair, so the sum by currency stays zero.
#[derive(Debug, Default)]
struct Sheet(BTreeMap<(Account, Currency), Amount>);

impl Sheet {
    /// Moves `money` from one account to another.
    fn shift(&mut self, money: Money, from: Account, to: Account) -> Result<(), MoneyError> {
        self.add(from, negated(money.amount), money.currency)?;
        self.add(to, money.amount, money.currency)
    }

    fn add(&mut self, account: Account, amount: Amount, currency: Currency) -> Result<(), MoneyError> {
        let sum = self.0.entry((account, currency)).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(())
    }

    fn into_postings(self) -> Vec<Posting> {
        let lines = self.0.into_iter().filter(|(_, amount)| *amount != Amount::ZERO);
        lines.map(|((account, currency), amount)| Posting::new(account, amount, currency)).collect()
    }
}

/// The postings of a movement, or, with `before`, of what became known of it since.
pub(super) fn postings(before: Option<&Movement>, now: &Movement) -> Result<Vec<Posting>, MoneyError> {
    let mut sheet = post(now)?;
    if let Some(before) = before {
        for ((account, currency), amount) in post(before)?.0 {
            sheet.add(account, negated(amount), currency)?;
        }
    }
    Ok(sheet.into_postings())
}

fn post(movement: &Movement) -> Result<Sheet, MoneyError> {
    let mut sheet = Sheet::default();
    let (from, to) = (movement.lane.from, movement.lane.to);
    let source = Money { amount: movement.amount, currency: from.currency };
    let clearing = Account::FxClearing(from.currency);
    let arrived = if movement.stage == Stage::Settled { movement.arrived() } else { None };
    let passes_through = if arrived.is_some() { clearing } else { Account::InTransit(from.currency) };
    sheet.shift(source, Account::Wallet(from.country), passes_through)?;
    if movement.stage != Stage::Settled {
        return Ok(sheet);
    }
    if let Some(fee) = movement.fee {
        let paid_from = if fee.currency == from.currency { passes_through } else { Account::FxClearing(fee.currency) };
        sheet.shift(fee, paid_from, Account::Fees)?;
    }
    let Some(amount) = arrived else { return Ok(sheet) };
    let amount = if planted::is(Mistake::CreditIsTheDebit) { movement.amount } else { amount };
    let credit = Money { amount, currency: movement.credit_currency };
    let receiver = match movement.kind {
        Kind::Transfer => Account::Wallet(to.country),
        Kind::Payout => Account::PaidOut(to.destination().country()),
    };
    sheet.shift(credit, Account::FxClearing(credit.currency), receiver)?;
    if let Some(residue) = movement.residue() {
        let residue = Money { amount: residue, currency: credit.currency };
        sheet.shift(residue, Account::FxResidue(credit.currency), Account::FxClearing(credit.currency))?;
    }
    Ok(sheet)
}

/// The books' own assertion, always on: every currency of an entry sums to zero.
pub(super) fn assert_balanced(what: &impl ToString, postings: &[Posting]) -> Result<(), BooksError> {
    let mut sums: BTreeMap<Currency, Amount> = BTreeMap::new();
    for posting in postings {
        let sum = sums.entry(posting.money.currency).or_default();
        *sum = sum.checked_add(posting.money.amount).map_err(BooksError::money(what.to_string()))?;
    }
    match sums.into_iter().find(|(_, sum)| *sum != Amount::ZERO) {
        Some((currency, sum)) => Err(BooksError::Unbalanced { what: what.to_string(), currency, sum: sum.to_string() }),
        None => Ok(()),
    }
}
