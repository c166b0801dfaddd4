//! What each kind of rule lets a lane move: trigger, floor, and how much at most.

use super::Breach;
use super::review::Review;
use super::shares::Shares;
use crate::model::{Lane, OperatorStatus, Payee, WalletId};
use crate::money::{Amount, Currency};
use crate::policy::{Payout, Policy, Portion, Rule, Sweep, TopUp};
use rust_decimal::{Decimal, RoundingStrategy};

/// What is known of a rule before the first of its policy's transfers.
pub(super) enum Opening {
    /// Nothing is needed.
    Sweep,
    /// What the wallet that is filled has, with what is on its way in; `None` where it cannot be counted.
    TopUp(Option<Amount>),
    /// What each wallet is worth.
    Rebalance(Shares),
}

/// One lane's movement, all parts together.
#[derive(Clone, Copy)]
pub(super) struct Movement {
    pub(super) lane: Lane,
    pub(super) total: Amount,
    /// Units of the destination's currency for one of the source's.
    pub(super) rate: Decimal,
    /// What its source can spend before it.
    pub(super) usable: Amount,
}

impl Review<'_> {
    pub(super) fn opening(&self, policy: &Policy) -> Opening {
        match &policy.rule {
            Rule::Sweep(_) | Rule::Payout(_) => Opening::Sweep,
            Rule::TopUp(top_up) => Opening::TopUp(self.level(top_up.wallet)),
            Rule::Rebalance(rebalance) => Opening::Rebalance(Shares::of(self, &policy.fx, rebalance)),
        }
    }

    /// Trigger, floor and amount of one lane, against what is left of the reading; money on its way in is not spent.
    pub(super) fn rule(&mut self, policy: &Policy, opening: &mut Opening, moved: Movement) {
        let is_lane = policy.lanes().contains(&moved.lane);
        self.object_if(!is_lane, Breach::ForeignLane);
        let Some(left) = moved.usable.checked_sub(moved.total).ok() else { return self.object(Breach::Uncountable) };
        let reserve = self.inputs.policies.reserve(moved.lane.from, self.inputs.now);
        match (&policy.rule, opening) {
            (Rule::Sweep(sweep), _) if is_lane => self.sweep(policy, sweep, reserve, left, moved),
            (Rule::Payout(payout), _) if is_lane => self.payout(policy, payout, reserve, left, moved),
            (Rule::TopUp(top_up), Opening::TopUp(start)) if is_lane => {
                self.top_up(policy, top_up, *start, reserve, left, moved);
            }
            (Rule::Rebalance(rebalance), Opening::Rebalance(shares)) if is_lane => {
                self.object_if(left < reserve, Breach::FloorBroken);
                for (wallet, _) in &rebalance.weights {
                    self.need_is_fresh(*wallet);
                }
                self.shares(policy, shares, moved);
            }
            _ => {}
        }
    }

    fn sweep(&mut self, policy: &Policy, sweep: &Sweep, reserve: Amount, left: Amount, moved: Movement) {
        let Some(source) = sweep.sources.iter().find(|source| source.wallet == moved.lane.from) else { return };
        self.object_if(moved.usable <= source.above, Breach::NotTriggered);
        self.object_if(left < source.keep || left < reserve, Breach::FloorBroken);
        let over = over_floor(moved.usable, source.keep, reserve);
        let most = match &sweep.portion {
            Portion::Surplus => over,
            Portion::Fraction(share) => over.and_then(|over| part(over, share.percent())),
            Portion::Fixed(amounts) => amounts.get(&moved.lane.from.currency).copied(),
        };
        let Some(most) = most else { return self.object(Breach::Uncountable) };
        let wrong = match &sweep.portion {
            // The floor says as much.
            Portion::Surplus => false,
            Portion::Fixed(_) if !is_canary(policy) => moved.total != most,
            Portion::Fixed(_) | Portion::Fraction(_) => moved.total > most,
        };
        self.object_if(wrong, Breach::NotTheAmount);
        self.canary(policy, moved.lane.from.currency, moved.total, Decimal::ONE, most);
    }

    fn payout(&mut self, policy: &Policy, payout: &Payout, reserve: Amount, left: Amount, moved: Movement) {
        let source = &payout.source;
        self.object_if(moved.usable <= source.above, Breach::NotTriggered);
        self.object_if(left < source.keep || left < reserve, Breach::FloorBroken);
        let Some(over) = over_floor(moved.usable, source.keep, reserve) else {
            return self.object(Breach::Uncountable);
        };
        self.canary(policy, moved.lane.from.currency, moved.total, Decimal::ONE, over);
        let operator = match moved.lane.to.payee {
            Some(Payee::Phone(beneficiary)) => Some(beneficiary.provider),
            _ => None,
        };
        let status = operator.and_then(|it| self.inputs.availability.payouts.get(&it));
        let open = matches!(status, Some(OperatorStatus::Operational | OperatorStatus::Delayed));
        let is_wave = operator.is_some_and(|it| it.code().starts_with("WAVE_"));
        let said_shut = status == Some(&OperatorStatus::Closed) || (is_wave && !open);
        let is_shut = said_shut || self.inputs.availability.unread.is_some();
        self.object_if(operator.is_some() && is_shut, Breach::OperatorDown);
    }

    fn top_up(
        &mut self,
        policy: &Policy,
        top_up: &TopUp,
        start: Option<Amount>,
        reserve: Amount,
        left: Amount,
        moved: Movement,
    ) {
        let Some(source) = top_up.sources.iter().find(|source| source.wallet == moved.lane.from) else { return };
        self.need_is_fresh(top_up.wallet);
        self.object_if(left < source.keep || left < reserve, Breach::FloorBroken);
        // A wallet with less than nothing lacks no more than the whole level.
        let there = self.usable(top_up.wallet).map(|usable| usable.max(Amount::ZERO));
        let there = there.zip(self.arriving(top_up.wallet)).and_then(|(has, comes)| has.checked_add(comes).ok());
        let lacking = there.and_then(|there| top_up.to.checked_sub(there).ok());
        let (Some(start), Some(lacking)) = (start, lacking) else { return self.object(Breach::Uncountable) };
        self.object_if(start >= top_up.below, Breach::NotTriggered);
        // At most the smallest amount that brings it to its level: less than one unit more than it lacks.
        let unit = worth(unit(moved.lane.from.currency), moved.rate);
        let credit = worth(moved.total, moved.rate);
        let (Some(most), Some(credit)) = (unit.and_then(|unit| lacking.checked_add(unit).ok()), credit) else {
            return self.object(Breach::Uncountable);
        };
        self.object_if(!lacking.is_positive() || credit >= most, Breach::Overfilled);
        self.canary(policy, moved.lane.from.currency, moved.total, moved.rate, most);
        if let Some(over) = over_floor(moved.usable, source.keep, reserve) {
            self.canary(policy, moved.lane.from.currency, moved.total, Decimal::ONE, over);
        }
    }

    /// A need is not judged by a reading that may not show our own last moves, out of the wallet or into it.
    pub(super) fn need_is_fresh(&mut self, wallet: WalletId) {
        self.freshness(wallet);
        let came = self.inputs.standing.inflows.get(&wallet).copied();
        self.object_if(came.is_some_and(|came| came > self.inputs.snapshot.taken_at), Breach::Stale);
        // Nor while a transfer out of it or into it may or may not have happened.
        self.object_if(self.in_doubt.contains(&wallet), Breach::UnknownLevel);
    }

    /// What a wallet has by its reading, less what leaves it, plus what is on its way in.
    pub(super) fn level(&self, wallet: WalletId) -> Option<Amount> {
        let (usable, arriving) = (self.usable(wallet)?, self.arriving(wallet)?);
        usable.checked_add(arriving).ok()
    }
}

fn over_floor(usable: Amount, keep: Amount, reserve: Amount) -> Option<Amount> {
    usable.checked_sub(if reserve > keep { reserve } else { keep }).ok()
}

/// That many percent of an amount, exactly.
pub(super) fn part(amount: Amount, percent: Decimal) -> Option<Amount> {
    amount.checked_mul(percent).ok()?.checked_mul(Decimal::new(1, 2)).ok()
}

/// The smallest unit that is sent of a currency.
pub(super) fn unit(currency: Currency) -> Amount {
    Amount::new(Decimal::new(1, currency.decimals_sent()))
}

pub(super) fn is_canary(policy: &Policy) -> bool {
    policy.mode == crate::policy::Mode::Canary
}

/// What an amount is worth at a rate, to 12 decimals: at a rate of many digits the exact product does not fit, and a need is
/// met to the unit, not to the last digit.
pub(super) fn worth(amount: Amount, rate: Decimal) -> Option<Amount> {
    let product = amount.decimal().checked_mul(rate)?;
    Some(Amount::new(product.round_dp_with_strategy(12, RoundingStrategy::ToZero)))
}
