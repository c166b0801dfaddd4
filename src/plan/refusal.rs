//! Why a lane gets nothing, in the words a treasurer reads: the figures, and what would change it.

use super::{Frozen, Reason, Skip, Standing};
use crate::model::{Lane, WalletId};
use crate::money::{Amount, Currency, Money, MoneyError};

/// One reason with its two sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    detail: String,
    would_move_if: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, detail: impl Into<String>, would_move_if: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), would_move_if: would_move_if.into() }
    }

    /// Why nothing leaves a frozen wallet; `None` where it is not frozen.
    pub(super) fn of_frozen(standing: &Standing, wallet: WalletId) -> Option<Self> {
        let why = standing.why_frozen(wallet)?;
        Some(Self::new(Reason::WalletFrozen, why, Frozen::remedy(wallet)))
    }

    pub(super) fn into_skip(self, lane: Lane) -> Skip {
        let Self { reason, detail, would_move_if } = self;
        Skip { from: lane.from.country, to: lane.to.destination(), reason, detail, would_move_if }
    }
}

/// Figures that do not fit 28 digits are no figures to move money by: the lane stands still.
impl From<MoneyError> for Refusal {
    fn from(error: MoneyError) -> Self {
        Self::new(
            Reason::WalletFrozen,
            format!("the figures of this lane cannot be counted exactly: {error}"),
            "the balance and the policy's amounts are of a plausible size",
        )
    }
}

/// `250 000 XAF`.
pub(super) fn money(amount: Amount, currency: Currency) -> Money {
    Money { amount, currency }
}
