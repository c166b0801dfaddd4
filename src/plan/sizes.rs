//! The sizes that a lane's amount and its parts may have.

use super::Reason;
use super::refusal::{Refusal, money};
use super::split::{largest_of, smallest_transfer};
use crate::model::Kind;
use crate::money::{Amount, Currency, MoneyError};
use crate::policy::Limits;

/// Bounds and steps in one source currency, from the policy and from KPay.
pub(super) struct Sizes {
    pub(super) currency: Currency,
    /// The smallest amount that a lane may get.
    pub(super) smallest: Amount,
    /// The largest part.
    pub(super) largest: Amount,
    /// `round_down_to`.
    step: Option<Amount>,
    min_transfer: Amount,
}

impl Sizes {
    pub(super) fn of(limits: &Limits, kind: Kind, currency: Currency) -> Result<Self, Refusal> {
        let step = limits.round_down_to.get(&currency).copied();
        if let Some(step) = step.filter(|step| !step.is_positive() || !step.is_sendable_in(currency)) {
            return Err(Refusal::new(
                Reason::WalletFrozen,
                format!("KPay does not send multiples of the {} of `round_down_to`", money(step, currency)),
                "`round_down_to` is an amount that KPay can send",
            ));
        }
        let min_transfer = limits.min_transfer.get(&currency).copied().unwrap_or(Amount::ZERO);
        let smallest = min_transfer.max(smallest_transfer()).max(step.unwrap_or(Amount::ZERO));
        let mut sizes = Self { currency, smallest, largest: largest_of(kind), step, min_transfer };
        if let Some(max_transfer) = limits.max_transfer.get(&currency).copied() {
            sizes.largest = sizes.largest.min(max_transfer);
        }
        sizes.largest = sizes.rounded(sizes.largest)?;
        if sizes.largest < smallest_transfer() {
            return Err(Refusal::new(
                Reason::LimitReached,
                format!(
                    "`max_transfer` and `round_down_to` leave no part of at least {}",
                    money(smallest_transfer(), currency)
                ),
                "`max_transfer` is raised, or `round_down_to` lowered",
            ));
        }
        Ok(sizes)
    }

    /// The largest amount that can be sent and is not above this one; zero for a negative amount.
    pub(super) fn rounded(&self, amount: Amount) -> Result<Amount, MoneyError> {
        let sendable = amount.max(Amount::ZERO).round_down_for(self.currency);
        self.step.map_or(Ok(sendable), |step| sendable.round_down_to(step))
    }

    /// The smallest amount that a lane can really get: `smallest`, made a multiple.
    pub(super) fn smallest_rounded_up(&self) -> Result<Amount, MoneyError> {
        self.rounded_up(self.smallest)
    }

    /// The smallest amount that a part can have.
    pub(super) fn smallest_part(&self) -> Result<Amount, MoneyError> {
        self.rounded_up(smallest_transfer())
    }

    /// The step between amounts: `round_down_to`, else the smallest unit that KPay sends.
    pub(super) fn unit(&self) -> Amount {
        self.step.unwrap_or_else(|| smallest_unit(self.currency))
    }

    fn rounded_up(&self, amount: Amount) -> Result<Amount, MoneyError> {
        let down = self.rounded(amount)?;
        if down == amount { Ok(down) } else { down.checked_add(self.unit()) }
    }

    /// The smallest amount and whose it is, for people.
    pub(super) fn why_smallest(&self) -> String {
        let what = if self.smallest == self.min_transfer {
            "`min_transfer`"
        } else if self.step == Some(self.smallest) {
            "`round_down_to`"
        } else {
            "KPay's smallest transfer"
        };
        format!("the {} of {what}", money(self.smallest, self.currency))
    }
}

/// The smallest unit that KPay sends of a currency.
pub(super) fn smallest_unit(currency: Currency) -> Amount {
    Amount::new(rust_decimal::Decimal::new(1, currency.decimals_sent()))
}
