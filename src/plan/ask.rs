//! What a rule wants to move over one lane, before limits and sizes have their say.

use super::refusal::Refusal;
use crate::model::WalletId;
use crate::money::{Amount, Percent, Rate};

/// A wish for one lane. `grant` makes transfers of it, or says why it cannot.
pub(super) struct Ask {
    /// How much, in the source's currency, exact and above zero; it is rounded down to what can be sent.
    pub(super) amount: Amount,
    /// The indicative rate that `Case::passable` found.
    pub(super) rate: Rate,
    /// Exactly this amount or nothing.
    pub(super) whole: bool,
    /// What would have to be larger for a larger amount.
    pub(super) basis: Basis,
    /// Told beside the transfers: what the lane could not give although it was wanted.
    pub(super) beside: Option<Refusal>,
}

impl Ask {
    /// Whether another wallet lacks more than the source has.
    pub(super) fn is_short(&self) -> bool {
        matches!(self.basis, Basis::Need { needed, over, .. } if over < needed)
    }
}

/// What bounds an ask, so that an amount too small to send can say what would make it larger.
pub(super) enum Basis {
    /// What the source has over its floor, or a share of it.
    Surplus {
        /// All of it.
        over: Amount,
        /// The share that goes.
        share: Percent,
    },
    /// What another wallet lacks, as far as the source has it.
    Need {
        /// That wallet.
        wallet: WalletId,
        /// What it lacks, in the source's currency.
        needed: Amount,
        /// What the source has over its floor.
        over: Amount,
    },
    /// An amount written in the policy.
    Written,
}
