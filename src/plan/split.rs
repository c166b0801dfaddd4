//! A lane's amount in parts that KPay takes: full parts first, none below the smallest.

use crate::money::{Amount, MoneyError};

/// KPay's smallest transfer, in the source's currency (`kpay-api.md`, "Amounts").
pub(super) fn smallest_transfer() -> Amount {
    Amount::whole(100)
}

/// KPay's largest transfer, in the source's currency.
pub(super) fn largest_transfer() -> Amount {
    Amount::whole(10_000_000)
}

/// The most parts that one lane gets in one slot (CONTRACT 5: the part has two digits).
pub(super) const MOST_PARTS: usize = 99;

/// An amount in parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// What moves, in order.
    pub(super) parts: Vec<Amount>,
    /// What stays in the wallet: too small for a part, or more than the parts allowed.
    pub(super) rest: Amount,
}

/// Splits `amount` into at most `most` parts of at most `largest`, which is at least the smallest transfer.
pub(super) fn split(amount: Amount, largest: Amount, most: usize) -> Result<Split, MoneyError> {
    let mut parts = Vec::new();
    let mut rest = amount;
    while rest >= largest && parts.len() < most {
        parts.push(largest);
        rest = rest.checked_sub(largest)?;
    }
    if rest >= smallest_transfer() && parts.len() < most {
        parts.push(rest);
        rest = Amount::ZERO;
    }
    Ok(Split { parts, rest })
}
