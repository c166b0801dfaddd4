//! A move that a person asks for: the same guards as for a policy's, looked at for one lane and one amount. It moves whole
//! or not at all. Deliberately absent: `keep` and the limits of policies a slot or a day, which bound what policies do by
//! themselves; but what they say of approvals and of one transfer's size holds for people too, so that nothing gets round
//! them by hand.

use super::payout::operator_takes_it;
use super::refusal::{Refusal, money};
use super::split::{MOST_PARTS, smallest_transfer, split};
use super::world::World;
use super::{Inputs, Reason, Skip};
use crate::model::{Lane, WalletId, largest_of, tame};
use crate::money::{Amount, Rate};
use crate::policy::{Approval, Policy, PolicySet};
use std::cmp::Reverse;

/// What a person's move comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand<'a> {
    /// In order; never empty; together exactly what was asked for, in the source's currency.
    pub parts: Vec<Amount>,
    /// KPay's indicative rate; `1` within one currency.
    pub rate: Rate,
    /// What the source holds by KPay's word.
    pub available: Amount,
    /// What must stay in it: its reserve.
    pub floor: Amount,
    /// Whose agreement it needs; `None`: nobody's.
    pub approval: Option<&'a Approval>,
}

/// What a person's move of `amount` over `lane` comes to on the present state.
///
/// # Errors
/// The first reason why it may not be made, in the order of CONTRACT 6 as far as that makes sense; boxed for its size.
pub fn by_hand<'a>(inputs: &Inputs<'a>, lane: Lane, amount: Amount) -> Result<ByHand<'a>, Box<Skip>> {
    let hand = Hand { inputs, world: World::new(inputs), lane, amount };
    hand.granted().map_err(|refusal| Box::new(refusal.into_skip(lane)))
}

/// The approval that a move out of a wallet needs though nobody's policy makes it: of the enabled policies that take from
/// the wallet and whose `approval.above` it exceeds, the one that asks for the most people; then the smallest bound.
#[must_use]
pub fn approval_by_hand(policies: &PolicySet, from: WalletId, amount: Amount) -> Option<&Approval> {
    let asks = taking_from(policies, from).filter_map(|policy| {
        let approval = policy.approval.as_ref()?;
        let above = approval.above.get(&from.currency).filter(|above| amount > **above)?;
        Some((Reverse(approval.approvers), *above, approval))
    });
    asks.min_by_key(|(approvers, above, _)| (*approvers, *above)).map(|(_, _, approval)| approval)
}

fn taking_from(policies: &PolicySet, from: WalletId) -> impl Iterator<Item = &Policy> {
    let takes = move |policy: &&Policy| policy.enabled && policy.lanes().iter().any(|lane| lane.from == from);
    policies.policies.iter().filter(takes)
}

struct Hand<'c, 'a> {
    inputs: &'c Inputs<'a>,
    world: World<'a>,
    lane: Lane,
    amount: Amount,
}

impl<'a> Hand<'_, 'a> {
    fn granted(&self) -> Result<ByHand<'a>, Refusal> {
        if self.inputs.standing.paused_all {
            return Err(Refusal::new(Reason::Paused, "everything is paused", "`treasuryd resume --by NAME`"));
        }
        self.lane_is_free()?;
        let source = self.lane.from;
        self.is_legible(source)?;
        let available = self.world.available(source).ok_or_else(|| {
            Refusal::new(
                Reason::WalletMissing,
                format!("KPay shows no wallet of {source} in {}", source.currency),
                format!("KPay shows the {source} wallet"),
            )
        })?;
        Refusal::of_frozen(self.inputs.standing, source).map_or(Ok(()), Err)?;
        if let Some(wallet) = self.lane.to.wallet() {
            self.is_legible(wallet)?;
        }
        self.is_fresh(available)?;
        let rate = self.rate()?;
        let floor = self.covered(available)?;
        if let Some(payee) = self.lane.to.payee {
            operator_takes_it(self.inputs, payee, "")?;
        }
        let parts = self.in_parts()?;
        self.caps_leave_room(parts.len())?;
        let approval = approval_by_hand(self.inputs.policies, source, self.amount);
        Ok(ByHand { parts, rate, available, floor, approval })
    }

    fn lane_is_free(&self) -> Result<(), Refusal> {
        let Some(hold) = self.world.hold_on(self.lane) else { return Ok(()) };
        let id = tame(hold.external_id.as_str(), 64);
        let state = tame(&hold.outcome, 32);
        let amount = money(hold.amount, self.lane.from.currency);
        let (reason, command) = if hold.awaits_approval() {
            (Reason::AwaitingApproval, "approve")
        } else {
            (Reason::LaneOpen, "transfers show")
        };
        Err(Refusal::new(
            reason,
            format!("{id} over {amount} is still `{state}` and holds {}", self.lane),
            format!("{id} is settled (`treasuryd {command} {id}`)"),
        ))
    }

    fn is_legible(&self, wallet: WalletId) -> Result<(), Refusal> {
        if let Some(problem) = self.world.problem(wallet.country) {
            let detail = format!("KPay's reply about {wallet} could not be read: {}", tame(problem, 200));
            let remedy = format!("KPay shows the {wallet} wallet in a form that can be read");
            return Err(Refusal::new(Reason::WalletMissing, detail, remedy));
        }
        let Some(other) = self.world.other_currency(wallet) else { return Ok(()) };
        Err(Refusal::new(
            Reason::WalletFrozen,
            format!("KPay shows {wallet} in {other}, not in {}", wallet.currency),
            format!("KPay shows {wallet} in {} again; ask KPay what changed", wallet.currency),
        ))
    }

    /// A reading that cannot show our own last move yet would let the same money be sent twice.
    fn is_fresh(&self, available: Amount) -> Result<(), Refusal> {
        let source = self.lane.from;
        let Some(last) = self.inputs.standing.outflows.get(&source) else { return Ok(()) };
        if self.inputs.snapshot.taken_at >= last.applied_at && available != last.before {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::BalanceStale,
            format!(
                "{source} still shows {}, and our last transfer out of it cannot be in that yet",
                money(available, source.currency)
            ),
            format!("a newer reading of {source} shows another balance: try again in a moment"),
        ))
    }

    /// The person sees the rate and asked all the same, so no policy's `fx.allow` is needed; but there must be one.
    fn rate(&self) -> Result<Rate, Refusal> {
        if !self.lane.crosses_currencies() {
            return Ok(Rate::ONE);
        }
        let pair = (self.lane.from.currency, self.lane.to.currency);
        self.inputs.rates.get(&pair).copied().ok_or_else(|| {
            Refusal::new(
                Reason::FxRateMissing,
                format!("KPay gave no usable rate from {} to {}", pair.0, pair.1),
                "KPay gives a fresh rate: try again in a moment",
            )
        })
    }

    /// The reserve under the source, which stays.
    fn covered(&self, available: Amount) -> Result<Amount, Refusal> {
        let source = self.lane.from;
        let shown = |amount| money(amount, source.currency);
        let floor = self.inputs.policies.reserve(source, self.inputs.now);
        let held = self.world.held_from(source)?;
        let usable = available.checked_sub(held)?;
        if usable.checked_sub(floor)? >= self.amount {
            return Ok(floor);
        }
        let on_its_way = format!(", {} of it held by open transfers", shown(held));
        let stays = format!(", and its reserve of {} stays", shown(floor));
        let most = usable.checked_sub(floor)?.max(Amount::ZERO);
        let detail = format!(
            "{source} holds {}{}{}: at most {} can move, not {}",
            shown(available),
            if held.is_positive() { &on_its_way } else { "" },
            if floor.is_positive() { &stays } else { "" },
            shown(most),
            shown(self.amount)
        );
        let reason = if usable < self.amount { Reason::SourceShort } else { Reason::Reserve };
        Err(Refusal::new(reason, detail, format!("no more than {} is asked for", shown(most))))
    }

    fn in_parts(&self) -> Result<Vec<Amount>, Refusal> {
        let currency = self.lane.from.currency;
        let bounds = taking_from(self.inputs.policies, self.lane.from);
        let bounds = bounds.filter_map(|policy| policy.limits.max_transfer.get(&currency).copied());
        let largest = bounds.min().map_or(largest_of(self.lane.kind()), |most| most.min(largest_of(self.lane.kind())));
        let largest = largest.round_down_for(currency);
        let remedy = "another amount is asked for, or the policies' `max_transfer` is raised";
        if largest < smallest_transfer() {
            let detail = format!("`max_transfer` is under KPay's smallest of {}", money(smallest_transfer(), currency));
            return Err(Refusal::new(Reason::LimitReached, detail, remedy));
        }
        let split = split(self.amount, largest, MOST_PARTS)?;
        if !split.rest.is_positive() {
            return Ok(split.parts);
        }
        let detail = format!(
            "in at most {MOST_PARTS} parts of {} each, none under {}, {} of the {} would stay",
            money(largest, currency),
            money(smallest_transfer(), currency),
            money(split.rest, currency),
            money(self.amount, currency)
        );
        Err(Refusal::new(Reason::LimitReached, detail, remedy))
    }

    fn caps_leave_room(&self, parts: usize) -> Result<(), Refusal> {
        let caps = self.inputs.caps;
        let hourly = usize::try_from(caps.max_transfers_per_hour).unwrap_or(usize::MAX);
        let left = hourly.saturating_sub(self.world.counted_this_hour);
        if parts > left {
            let detail =
                format!("`limits.max_transfers_per_hour` is {hourly} and leaves room for {left} now, not {parts}");
            return Err(Refusal::new(Reason::LimitReached, detail, "the last hour holds fewer transfers"));
        }
        let currency = self.lane.from.currency;
        let Some(most) = caps.max_per_day.get(&currency).copied() else { return Ok(()) };
        let today = (self.inputs.now.date_naive(), currency);
        let used = self.inputs.standing.cap_day_used.get(&today).copied().unwrap_or(Amount::ZERO);
        let used = used.checked_add(self.world.waiting(currency)?)?;
        if used.checked_add(self.amount)? <= most {
            return Ok(());
        }
        let detail = format!(
            "the configuration's `limits.max_per_day` is {} and {} of it is used today (UTC)",
            money(most, currency),
            money(used, currency)
        );
        Err(Refusal::new(Reason::LimitReached, detail, "it is asked for on the next UTC day"))
    }
}
