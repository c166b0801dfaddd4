//! A rebalance: money goes from wallets over their weight to wallets under it, only where some share is off by more than
//! the tolerance, and takes none across its weight.

use super::Breach;
use super::review::Review;
use super::rules::{Movement, part, unit, worth};
use crate::model::WalletId;
use crate::money::{Amount, Currency, Rate};
use crate::policy::{Fx, Policy, Rebalance};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What the wallets are worth in the base currency; `None` where it cannot be counted, or only at a rate that is not to
/// be trusted.
pub(super) struct Shares(Option<Known>);

struct Known {
    wallets: BTreeMap<WalletId, Wallet>,
    is_off: bool,
}

struct Wallet {
    /// Worth of one unit of its currency.
    rate: Decimal,
    /// Above its weight by this much before the first transfer; below zero where it is under it.
    over: Amount,
    /// What the transfers so far left of that.
    now: Amount,
}

impl Shares {
    pub(super) fn of(review: &Review<'_>, fx: &Fx, rebalance: &Rebalance) -> Self {
        Self(known(review, fx, rebalance))
    }
}

fn known(review: &Review<'_>, fx: &Fx, rebalance: &Rebalance) -> Option<Known> {
    let first = rebalance.weights.first().map(|(wallet, _)| wallet.currency);
    // Wallets of one currency are compared in it, whatever the base.
    let alike = rebalance.weights.iter().all(|(wallet, _)| Some(wallet.currency) == first);
    let mut worth = Vec::new();
    let mut whole = Amount::ZERO;
    for (wallet, weight) in &rebalance.weights {
        let rate = if alike { Decimal::ONE } else { rate_to(review, fx, wallet.currency, rebalance.base)? };
        // To four decimals: see `rate_to`.
        let value = review.level(*wallet)?.cut_to(4).checked_mul(rate).ok()?.cut_to(4);
        whole = whole.checked_add(value).ok()?;
        worth.push((*wallet, *weight, rate, value));
    }
    let tolerated = part(whole, rebalance.tolerance.percent())?;
    let mut known = Known { wallets: BTreeMap::new(), is_off: false };
    for (wallet, weight, rate, value) in worth {
        let over = value.checked_sub(part(whole, weight.percent())?).ok()?;
        known.is_off |= Amount::new(over.decimal().abs()) > tolerated;
        known.wallets.insert(wallet, Wallet { rate, over, now: over });
    }
    Some(known)
}

/// The rate that a wallet is compared at: KPay's into the base, else the one out of it, turned round. Twelve digits of it,
/// and four decimals of a balance, leave exact shares of a large wallet room.
fn rate_to(review: &Review<'_>, fx: &Fx, from: Currency, base: Currency) -> Option<Decimal> {
    if from == base {
        return Some(Decimal::ONE);
    }
    if let Some(rate) = review.inputs.rates.get(&(from, base)) {
        return review.is_trusted(fx, from, base, *rate).then(|| rate.shortened().decimal());
    }
    let rate = review.inputs.rates.get(&(base, from)).copied()?;
    let turned = review.is_trusted(fx, base, from, rate).then(|| rate.turned())?;
    turned.ok().map(Rate::decimal)
}

impl Review<'_> {
    pub(super) fn shares(&mut self, policy: &Policy, shares: &mut Shares, moved: Movement) {
        let Some(known) = &mut shares.0 else { return self.object(Breach::Uncountable) };
        let (is_off, checked) = (known.is_off, known.check(moved));
        self.object_if(!is_off, Breach::NotTriggered);
        let Some((crosses, rate, most)) = checked else { return self.object(Breach::Uncountable) };
        self.object_if(crosses, Breach::OutOfBalance);
        self.canary(policy, moved.lane.from.currency, moved.total, rate, most);
    }
}

impl Known {
    /// Whether the movement leads away from the weights or across one, by more than one unit; what a unit of the source
    /// is worth, and the most it could have sent.
    fn check(&mut self, moved: Movement) -> Option<(bool, Decimal, Amount)> {
        let unit = unit(moved.lane.from.currency);
        let into = self.wallets.get_mut(&moved.lane.to.wallet()?)?;
        let credit = worth(worth(moved.total, moved.rate)?, into.rate)?;
        let slack_in = worth(worth(unit, moved.rate)?, into.rate)?;
        into.now = into.now.checked_add(credit).ok()?;
        let wrong_in = !into.over.is_negative() || into.now > slack_in;
        let from = self.wallets.get_mut(&moved.lane.from)?;
        let slack_out = unit.checked_mul(from.rate).ok()?;
        let most = from.now.checked_add(slack_out).ok()?;
        from.now = from.now.checked_sub(moved.total.checked_mul(from.rate).ok()?).ok()?;
        let wrong_out = !from.over.is_positive() || from.now.checked_add(slack_out).ok()?.is_negative();
        Some((wrong_in || wrong_out, from.rate, most))
    }
}
