//! `rebalance`: which wallets send how much to which, so that each has its share of the whole.
//!
//! The whole is what the wallets will hold once everything under way is there, in the base currency at KPay's indicative
//! rates. As long as no share is off by more than the tolerance nothing moves. Else [`settle`] brings all of them to
//! their weights, out of what may be spent now: money on its way in counts for the shares and is never sent on.
//!
//! A move that is the way back of the last decision's move is left out while both its wallets are inside the tolerance:
//! money never goes to and fro over small differences.

mod share;
mod stays;

use super::ask::{Ask, Basis};
use super::refusal::{Refusal, money};
use super::scope::Scope;
use super::settle::{Move, Settled, settle};
use crate::model::{Lane, WalletId};
use crate::money::{Amount, Money};
use crate::policy::Rebalance;
use rust_decimal::RoundingStrategy;
use share::{Share, Values};

/// What each lane of `lanes` would send, or why it sends nothing; one answer a lane, in the same order.
pub(super) fn asks(scope: &Scope<'_, '_>, rebalance: &Rebalance, lanes: &[Lane]) -> Vec<Result<Ask, Refusal>> {
    let shares = Shares::of(scope, rebalance);
    let answer = |lane: &Lane| {
        scope.case(*lane).is_free()?;
        shares.as_ref().map_err(Clone::clone)?.answer(scope, *lane)
    };
    lanes.iter().map(answer).collect()
}

/// The wallets' shares and what moves them to their weights.
struct Shares<'r> {
    rebalance: &'r Rebalance,
    total: Amount,
    /// In the order of the weights.
    all: Vec<Share>,
    /// Empty while no share is off by more than the tolerance.
    settled: Settled,
    /// Moves left out because they would undo the last decision's.
    left_out: Vec<Move>,
}

impl<'r> Shares<'r> {
    fn of(scope: &Scope<'_, '_>, rebalance: &'r Rebalance) -> Result<Self, Refusal> {
        let values = Values::of(scope, rebalance)?;
        let total = values.total()?;
        let all: Vec<Share> = values.shares(scope, rebalance, total)?;
        let settled = Settled { moves: vec![], missing: vec![Amount::ZERO; all.len()] };
        let mut shares = Self { rebalance, total, all, settled, left_out: vec![] };
        if shares.all.iter().any(|share| share.is_off) {
            let holdings: Vec<_> = shares.all.iter().map(|share| share.holding.clone()).collect();
            shares.settled = settle(&holdings, &|from, to| values.arrival(from, to))?;
            shares.leave_out_ways_back(scope);
        }
        Ok(shares)
    }

    fn leave_out_ways_back(&mut self, scope: &Scope<'_, '_>) {
        let came_over = |from: WalletId, to: WalletId| {
            scope.inputs.standing.lanes.get(&Lane::between(from, to)).is_some_and(|decision| decision.moved)
        };
        let all = &self.all;
        let is_way_back = |it: &Move| {
            let (from, to) = (&all[it.from], &all[it.to]);
            !from.is_off && !to.is_off && came_over(to.wallet, from.wallet)
        };
        let (left_out, moves) = std::mem::take(&mut self.settled.moves).into_iter().partition(is_way_back);
        (self.left_out, self.settled.moves) = (left_out, moves);
    }

    fn place(&self, wallet: WalletId) -> Option<usize> {
        self.all.iter().position(|share| share.wallet == wallet)
    }

    fn answer(&self, scope: &Scope<'_, '_>, lane: Lane) -> Result<Ask, Refusal> {
        let case = scope.case(lane);
        let (Some(from), Some(to)) = (self.place(lane.from), lane.to.wallet().and_then(|wallet| self.place(wallet)))
        else {
            return Err(case.foreign());
        };
        let is_wanted = self.all[from].is_over() && self.all[to].is_under();
        if is_wanted && self.all.iter().any(|share| share.is_off) {
            scope.is_not_frozen(lane.from)?;
        }
        let Some(found) = self.settled.moves.iter().find(|it| (it.from, it.to) == (from, to)) else {
            return Err(self.stays(from, to));
        };
        let rate = case.passable()?.rate;
        let is_last = !self.settled.moves.iter().any(|it| it.to == to && it.from > from);
        let beside = is_last && self.settled.missing[to].is_positive();
        Ok(Ask {
            amount: found.amount,
            rate,
            whole: false,
            basis: Basis::Need {
                wallet: self.all[to].wallet,
                needed: found.amount,
                over: self.all[from].holding.spendable,
            },
            beside: beside.then(|| self.short(to)),
        })
    }

    /// An amount of the base currency, for people.
    fn money(&self, amount: Amount) -> Money {
        let rounded = amount.decimal().round_dp_with_strategy(2, RoundingStrategy::ToZero);
        money(Amount::new(rounded), self.rebalance.base)
    }
}
