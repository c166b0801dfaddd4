//! An amount that nothing exceeds, with what keeps it there.

use crate::model::MOST_PARTS;
use crate::money::Amount;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::fmt;

/// What keeps a figure from being larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound {
    /// The limit.
    pub limit: BoundingLimit,
    /// How many slots have it each; 1 where it is the figure itself.
    pub slots: u32,
}

/// A limit that bounds a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundingLimit {
    /// The policy's `max_per_day`.
    MaxPerDay,
    /// The policy's `max_per_slot`.
    MaxPerSlot,
    /// The policy's `max_transfer`.
    MaxTransfer,
    /// The sum that a sweep sends each time.
    Fixed,
    /// The most that a canary sends.
    CanaryMax,
    /// The share that a canary sends of what would move if it were live.
    CanaryShare,
    /// The level that a top-up fills to.
    TopUpTo,
    /// The most transfers that a lane gets in a slot, each of the policy's `max_transfer`.
    PartsOfMaxTransfer,
    /// KPay's largest transfer.
    KpayTransfer,
    /// KPay's largest withdrawal.
    KpayPayout,
    /// The most transfers that a lane gets in a slot, each of KPay's largest size.
    PartsOfKpay,
    /// The most withdrawals that a lane gets in a slot, each of KPay's largest size.
    PartsOfKpayPayout,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.slots {
            1 => write!(f, "{}", self.limit),
            slots => write!(f, "{slots} slots of {}", self.limit),
        }
    }
}

impl fmt::Display for BoundingLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxPerDay => f.write_str("max_per_day"),
            Self::MaxPerSlot => f.write_str("max_per_slot"),
            Self::MaxTransfer => f.write_str("max_transfer"),
            Self::Fixed => f.write_str("fixed"),
            Self::CanaryMax => f.write_str("canary.max"),
            Self::CanaryShare => f.write_str("canary.share"),
            Self::TopUpTo => f.write_str("top_up.to"),
            Self::PartsOfMaxTransfer => write!(f, "{MOST_PARTS} parts of max_transfer"),
            Self::KpayTransfer => f.write_str("KPay's largest transfer"),
            Self::KpayPayout => f.write_str("KPay's largest payout"),
            Self::PartsOfKpayPayout => write!(f, "{MOST_PARTS} parts of KPay's largest payout"),
            Self::PartsOfKpay => write!(f, "{MOST_PARTS} parts of KPay's largest transfer"),
        }
    }
}

/// An upper bound, and where it comes from: one limit, or one for each part of a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Most {
    pub(super) amount: Amount,
    pub(super) by: BTreeSet<Bound>,
}

impl Most {
    pub(super) fn nothing() -> Self {
        Self { amount: Amount::ZERO, by: BTreeSet::new() }
    }

    pub(super) fn of(amount: Amount, limit: BoundingLimit) -> Self {
        Self { amount, by: BTreeSet::from([Bound { limit, slots: 1 }]) }
    }

    /// The tighter of two bounds; the first where they are alike.
    pub(super) fn smaller(self, other: Self) -> Self {
        if other.amount < self.amount { other } else { self }
    }

    pub(super) fn larger(self, other: Self) -> Self {
        if other.amount > self.amount { other } else { self }
    }

    pub(super) fn plus(mut self, other: Self) -> Self {
        let amount = self.amount.checked_add(other.amount).unwrap_or(more_than_any());
        self.by.extend(other.by);
        Self { amount, by: self.by }
    }

    /// That much in each of so many slots.
    pub(super) fn times(self, slots: u32) -> Self {
        let amount = self.amount.checked_mul(Decimal::from(slots)).unwrap_or(more_than_any());
        let by = self.by.into_iter().map(|bound| Bound { slots: bound.slots.saturating_mul(slots), ..bound });
        Self { amount, by: by.collect() }
    }

    /// The largest amount under it that can be sent, where amounts are multiples of `step`.
    pub(super) fn rounded_down_to(self, step: Amount) -> Self {
        let amount = self.amount.round_down_to(step).unwrap_or(self.amount);
        Self { amount, ..self }
    }
}

/// What stands for a sum that has no room: no amount is larger.
fn more_than_any() -> Amount {
    Amount::new(Decimal::MAX)
}
