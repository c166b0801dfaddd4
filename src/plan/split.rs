//! A lane's amount in parts that KPay takes: full parts first, none below the smallest.

pub(super) use crate::model::{MOST_PARTS, largest_of, smallest_transfer};
use crate::money::{Amount, MoneyError};

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
