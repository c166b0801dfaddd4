//! What each wallet is worth in the base currency, and how far that is from its share of the whole.

use super::super::lane::guarded_rate;
use super::super::refusal::Refusal;
use super::super::scope::Scope;
use super::super::settle::Holding;
use super::super::sizes::Sizes;
use crate::model::{Kind, Lane, WalletId};
use crate::money::{Amount, Currency, MoneyError, Percent, Rate};
use crate::plan::Reason;
use crate::policy::Rebalance;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;

/// One wallet beside its share.
pub(super) struct Share {
    pub(super) wallet: WalletId,
    pub(super) weight: Percent,
    /// Whether it is off by more than the tolerance.
    pub(super) is_off: bool,
    /// Its reserve.
    pub(super) reserve: Amount,
    /// What can be spent of it, its reserve included; may be negative.
    pub(super) usable: Amount,
    pub(super) sizes: Sizes,
    pub(super) holding: Holding,
}

/// What the wallets are worth.
pub(super) struct Values<'s> {
    /// In the order of the weights: the wallet, its value in the base currency, and the rate it was found at.
    all: Vec<(WalletId, Amount, Decimal)>,
    /// Whether all wallets hold one currency, so that no rate matters.
    is_one_currency: bool,
    rates: &'s BTreeMap<(Currency, Currency), Rate>,
    base: Currency,
}

/// Decimals that the value of what arrives over two rates is rounded up to, so that the figures stay exact.
const ARRIVAL_DECIMALS: u32 = 12;

/// Decimals that wallets are compared to: KPay sends two at most, and further ones would leave exact shares no room.
const COMPARED_DECIMALS: u32 = 4;

impl<'s> Values<'s> {
    /// # Errors
    /// Why nothing of the policy can move: a wallet that cannot be read, a rate that is missing or off its reference.
    pub(super) fn of(scope: &Scope<'s, '_>, rebalance: &Rebalance) -> Result<Self, Refusal> {
        let wallets: Vec<WalletId> = rebalance.weights.iter().map(|(wallet, _)| *wallet).collect();
        let levels: Vec<Amount> = wallets.iter().map(|wallet| scope.level(*wallet)).collect::<Result<_, _>>()?;
        let is_one_currency = wallets.iter().all(|wallet| wallet.currency == wallets[0].currency);
        let mut values = Self { all: Vec::new(), is_one_currency, rates: scope.inputs.rates, base: rebalance.base };
        every_lane_may_cross(scope)?;
        for (wallet, level) in wallets.iter().zip(levels) {
            let rate = values.rate(scope, &wallets, *wallet)?.shortened().decimal();
            let value = level.cut_to(COMPARED_DECIMALS).checked_mul(rate)?.cut_to(COMPARED_DECIMALS);
            values.all.push((*wallet, value, rate));
        }
        Ok(values)
    }

    pub(super) fn total(&self) -> Result<Amount, MoneyError> {
        self.all.iter().map(|(_, value, _)| *value).try_fold(Amount::ZERO, Amount::checked_add)
    }

    /// The wallets beside their shares of `total`.
    pub(super) fn shares(
        &self,
        scope: &Scope<'_, '_>,
        rebalance: &Rebalance,
        total: Amount,
    ) -> Result<Vec<Share>, Refusal> {
        let room = total.checked_mul(rebalance.tolerance.factor()?)?;
        let mut shares = Vec::new();
        for ((wallet, weight), (_, value, rate)) in rebalance.weights.iter().zip(&self.all) {
            let over = value.checked_sub(total.checked_mul(weight.factor()?)?)?;
            let sizes = Sizes::of(&scope.policy.limits, Kind::Transfer, wallet.currency)?;
            let (reserve, usable) = (scope.reserve(*wallet), scope.position(*wallet)?.usable);
            let spendable = usable.checked_sub(reserve)?;
            // Nothing is counted on from a frozen wallet: the others settle without it.
            let is_frozen = scope.is_not_frozen(*wallet).is_err();
            let spendable = if is_frozen { spendable.min(Amount::ZERO) } else { spendable };
            shares.push(Share {
                wallet: *wallet,
                weight: *weight,
                // A whole that is nothing, or less, cannot be shared out.
                is_off: total.is_positive() && Amount::new(over.decimal().abs()) > room,
                reserve,
                usable,
                holding: Holding {
                    over,
                    spendable: spendable.cut_to(COMPARED_DECIMALS),
                    rate: *rate,
                    smallest: sizes.smallest_rounded_up()?,
                    step: sizes.unit(),
                },
                sizes,
            });
        }
        Ok(shares)
    }

    /// What one unit sent from a wallet is worth in another, in the base currency. Over two rates it is rounded up: what
    /// arrives is never worth more than was thought.
    pub(super) fn arrival(&self, from: usize, to: usize) -> Result<Decimal, MoneyError> {
        let ((source, _, value), (destination, _, there)) = (&self.all[from], &self.all[to]);
        if source.currency == destination.currency || destination.currency == self.base {
            return Ok(*value);
        }
        let pair = (source.currency, destination.currency);
        // Without its rate the lane will not move: it stands still by itself.
        let Some(rate) = self.rates.get(&pair) else { return Ok(*value) };
        let product = rate.decimal().checked_mul(*there).ok_or(MoneyError::Overflow("a product"))?;
        Ok(product.round_dp_with_strategy(ARRIVAL_DECIMALS, RoundingStrategy::AwayFromZero))
    }

    /// The rate from a wallet's currency to the base: guarded whether or not a lane goes to a wallet of the base currency.
    /// Where KPay gives that of the opposite direction alone, it is turned round.
    fn rate(&self, scope: &Scope<'_, '_>, wallets: &[WalletId], wallet: WalletId) -> Result<Rate, Refusal> {
        if self.is_one_currency || wallet.currency == self.base {
            return Ok(Rate::ONE);
        }
        let (there, back) = ((wallet.currency, self.base), (self.base, wallet.currency));
        if !self.rates.contains_key(&there) && self.rates.contains_key(&back) {
            return Ok(guarded_rate(scope, back)?.turned()?);
        }
        if let Some(to) = wallets.iter().find(|other| other.currency == self.base) {
            return scope.case(Lane::between(wallet, *to)).rate();
        }
        guarded_rate(scope, (wallet.currency, self.base))
    }
}

/// Whether the policy lets its lanes cross currencies. A lane without a rate, or with one off its reference, stands still
/// by itself.
fn every_lane_may_cross(scope: &Scope<'_, '_>) -> Result<(), Refusal> {
    let crossing = scope.policy.lanes().into_iter().filter(|lane| lane.crosses_currencies());
    let mut refusals = crossing.filter_map(|lane| scope.case(lane).rate().err());
    refusals.find(|refusal| refusal.reason == Reason::FxNotAllowed).map_or(Ok(()), Err)
}
