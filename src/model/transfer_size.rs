//! The sizes that KPay gives a wallet transfer, and how many transfers one lane gets (`kpay-api.md`, "Amounts";
//! CONTRACT 5). In the source's currency, whichever it is.

use super::Kind;
use crate::money::Amount;

/// KPay's smallest transfer.
#[must_use]
pub fn smallest_transfer() -> Amount {
    Amount::whole(100)
}

/// KPay's largest transfer.
#[must_use]
pub fn largest_transfer() -> Amount {
    Amount::whole(10_000_000)
}

/// KPay's largest withdrawal.
#[must_use]
pub fn largest_payout() -> Amount {
    Amount::whole(500_000)
}

/// The largest part of a move of a kind.
#[must_use]
pub fn largest_part(kind: Kind) -> Amount {
    match kind {
        Kind::Transfer => largest_transfer(),
        Kind::Payout => largest_payout(),
    }
}

/// The most parts that one lane gets in one slot: the part has two digits in the external id.
pub const MOST_PARTS: usize = 99;
