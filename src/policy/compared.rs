//! What a policy's rates are compared with, pair by pair, however it is written.

use super::{Fx, FxReference};
use crate::money::{Currency, Rate};

/// What the rate of one pair of currencies is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compared {
    /// The euro's peg: one to one.
    Peg,
    /// So many units of the destination's currency for one of the source's.
    Written(Rate),
    /// So many units of the source's currency for one of the destination's.
    WrittenInverse(Rate),
    /// The rate KPay last applied to the pair.
    Last,
    /// There is nothing to compare with.
    Nothing,
}

impl Compared {
    pub(super) fn of(fx: &Fx, (from, to): (Currency, Currency)) -> Self {
        let pegged = [(Currency::XAF, Currency::XOF), (Currency::XOF, Currency::XAF)].contains(&(from, to));
        match &fx.reference {
            Some(FxReference::Peg) | None if pegged => Self::Peg,
            Some(FxReference::Peg) => Self::Nothing,
            Some(FxReference::Last) | None => Self::Last,
            Some(FxReference::Fixed(rates)) => {
                let straight = rates.get(&(from, to)).map(|rate| Self::Written(*rate));
                let inverse = || rates.get(&(to, from)).map(|rate| Self::WrittenInverse(*rate));
                straight.or_else(inverse).unwrap_or(Self::Nothing)
            }
        }
    }
}

/// By what it compares with: one is one, whichever way it is written.
impl PartialEq for Compared {
    fn eq(&self, other: &Self) -> bool {
        let one = |it: &Self| {
            matches!(it, Self::Peg)
                || matches!(it, Self::Written(rate) | Self::WrittenInverse(rate) if *rate == Rate::ONE)
        };
        match (self, other) {
            (Self::Written(one), Self::Written(other)) | (Self::WrittenInverse(one), Self::WrittenInverse(other)) => {
                one == other
            }
            (Self::Last, Self::Last) | (Self::Nothing, Self::Nothing) => true,
            _ => one(self) && one(other),
        }
    }
}
