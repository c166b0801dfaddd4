//! The sizes that KPay gives a wallet transfer and a withdrawal, what a withdrawal costs, and how many one lane gets
//! (`kpay-api.md`, "Amounts"; CONTRACT 5). In the source's currency, whichever it is.

use super::Kind;
use crate::money::Amount;
use crate::planted::{self, Mistake};
use rust_decimal::Decimal;

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

/// KPay's largest withdrawal. Its smallest is that of a transfer.
#[must_use]
pub fn largest_payout() -> Amount {
    Amount::whole(500_000)
}

/// KPay's largest movement of a kind.
#[must_use]
pub fn largest_of(kind: Kind) -> Amount {
    match kind {
        _ if planted::is(Mistake::LargestIgnored) => Amount::whole(100_000_000),
        Kind::Transfer => largest_transfer(),
        Kind::Payout => largest_payout(),
    }
}

/// What KPay's fee leaves of a movement's amount: all of a transfer, 95 % of a withdrawal. For what is expected only; what
/// was really credited is KPay's to say.
#[must_use]
pub fn left_by_the_fee(kind: Kind) -> Decimal {
    Decimal::ONE - share_of_the_fee(kind)
}

/// What KPay keeps of a movement's amount, as a fraction: nothing of a transfer, 5 % of a withdrawal. For what is expected
/// only.
#[must_use]
pub fn share_of_the_fee(kind: Kind) -> Decimal {
    match kind {
        Kind::Transfer => Decimal::ZERO,
        Kind::Payout => Decimal::new(5, 2),
    }
}

/// The most parts that one lane gets in one slot: the part has two digits in the external id.
pub const MOST_PARTS: usize = 99;
