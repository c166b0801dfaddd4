//! The chart of accounts, and one line of an entry.

use crate::money::{Amount, Country, Currency, Money};
use serde::{Serialize, Serializer};
use std::fmt;

/// Where money is, or what it was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// An asset: KPay's balance of a country. `wallet:GAB`.
    Wallet(Country),
    /// An asset: left a wallet, and is at KPay or an operator, or nobody gave us the credit yet. `in-transit:XAF`, in the
    /// currency that left.
    InTransit(Currency),
    /// What beneficiaries in a country received by payouts. `paid-out:CIV`; `None` for KPay's hosted page, where nobody
    /// tells us the country: `paid-out:GATEWAY`.
    PaidOut(Option<Country>),
    /// Links the two currencies of a movement: what was converted, at the rate given. `fx-clearing:XOF`.
    FxClearing(Currency),
    /// What the credit differs from the converted amount by: rounding, or a fee nobody named. Positive is a loss,
    /// negative a gain. `fx-residue:XOF`.
    FxResidue(Currency),
    /// What KPay said that it kept. `fees:kpay`.
    Fees,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet(country) => write!(f, "wallet:{country}"),
            Self::InTransit(currency) => write!(f, "in-transit:{currency}"),
            Self::PaidOut(Some(country)) => write!(f, "paid-out:{country}"),
            Self::PaidOut(None) => f.write_str("paid-out:GATEWAY"),
            Self::FxClearing(currency) => write!(f, "fx-clearing:{currency}"),
            Self::FxResidue(currency) => write!(f, "fx-residue:{currency}"),
            Self::Fees => f.write_str("fees:kpay"),
        }
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One line of an entry: positive into the account (debit), negative out of it (credit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Which account.
    pub account: Account,
    /// How much, signed, in which currency.
    pub money: Money,
}

impl Posting {
    pub(super) fn new(account: Account, amount: Amount, currency: Currency) -> Self {
        Self { account, money: Money { amount, currency } }
    }
}

/// The same amount with the other sign; exact always.
pub(super) fn negated(amount: Amount) -> Amount {
    Amount::new(-amount.decimal())
}
