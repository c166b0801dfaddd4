//! The search for a change that makes a lane move: what stands in the way is taken out of it, one thing after another, in
//! the order in which the planner names it, until the lane moves or nothing more can be tried.

use super::change::{Change, EVERYTHING, Premise, pair_text};
use super::{Moves, moves, skips};
use crate::model::{Lane, Slot, Timestamp, WalletId};
use crate::money::{Amount, Currency, Rate};
use crate::plan::spread::{is_over, reference_rate};
use crate::plan::{Hold, Inputs, Reason, plan};
use crate::policy::{Policy, Rule};
use rust_decimal::{Decimal, RoundingStrategy};

/// How many things are changed at most, and how many slots ahead are looked at.
const MOST_STEPS: usize = 48;
/// How many slots ahead are looked at where a reserve or a limit may be another one by then.
const SLOTS_AHEAD: usize = 10;
/// How many local days are looked at after those slots, at the first slot of each: over the end of a local and of a UTC day
/// for limits, past all days of a month for reserves.
const DAYS_OF_LIMITS: usize = 2;
const DAYS_OF_RESERVES: usize = 32;
/// No balance above this is tried.
const MOST: i64 = 1_000_000_000_000_000;

/// What the search found.
pub(super) enum Found {
    /// The lane moves under this change.
    Moves(Box<Change>, Moves),
    /// It does not, after all that was tried; what stands in the way.
    Nothing(String),
}

/// One search: a policy's lane, and what its plan is made from.
pub(super) struct Search<'s, 'a> {
    pub(super) inputs: &'s Inputs<'a>,
    pub(super) policy: &'s Policy,
    pub(super) lane: Lane,
}

impl Search<'_, '_> {
    pub(super) fn run(&self) -> Found {
        let mut change = Change::default();
        let (mut in_the_way, mut times_taken, mut before_taken) = (String::new(), 0, None);
        for _ in 0..MOST_STEPS {
            let premise = self.premise(&change);
            let (moved, refusal) = self.judge(&premise);
            if let Some(moved) = moved {
                return Found::Moves(Box::new(change), moved);
            }
            let Some((reason, detail)) = refusal else { break };
            in_the_way = detail;
            let mut next = self.further(&change, &premise, reason);
            if reason == Reason::LaneTaken {
                // A policy that comes first comes first at every slot; only the journal's word on one slot passes with it.
                let before = before_taken.get_or_insert_with(|| change.clone());
                times_taken += 1;
                next = if times_taken < 3 { next } else { self.before_the_others(before) };
            }
            match next {
                Some(next) if next != change && times_taken <= 3 => change = next,
                _ => break,
            }
        }
        Found::Nothing(in_the_way)
    }

    /// The change with a priority that comes before every other policy over the lane.
    fn before_the_others(&self, change: &Change) -> Option<Change> {
        let others = self.inputs.policies.policies.iter().filter(|it| it.name != self.policy.name);
        let first = others.filter(|it| it.lanes().contains(&self.lane)).map(|it| it.priority).min()?;
        let priority = first.checked_sub(1).filter(|it| *it >= 0 && *it < self.policy.priority)?;
        let mut next = change.clone();
        next.set.priority = Some(priority);
        Some(next)
    }

    fn premise(&self, change: &Change) -> Premise {
        let mut premise = Premise::of(self.inputs);
        premise.apply(change, &self.policy.name);
        premise
    }

    /// What moves over the lane, or why nothing does.
    fn judge(&self, premise: &Premise) -> (Option<Moves>, Option<(Reason, String)>) {
        let made = plan(&premise.inputs(self.inputs));
        let refusal = skips(&made, &self.policy.name, self.lane).into_iter().next();
        (moves(&made, &self.policy.name, self.lane), refusal.map(|skip| (skip.reason, skip.detail)))
    }

    /// The change with what the reason names taken out of the way; `None` where nothing is known to do that.
    fn further(&self, change: &Change, premise: &Premise, reason: Reason) -> Option<Change> {
        let mut next = change.clone();
        match reason {
            Reason::NotDue | Reason::AlreadyDone | Reason::Missed | Reason::Inactive | Reason::LaneTaken => {
                next.at = Some(self.slot_after(premise)?);
            }
            Reason::Holiday => next.at = Some(self.slot_of_another_day(premise)?),
            Reason::Disabled => next.set.enabled = Some(true),
            Reason::Shadow => next.set.mode = Some("live".to_owned()),
            Reason::FxNotAllowed => next.set.fx_allow = Some(true),
            Reason::Paused => {
                let what = if premise.standing.paused_all { EVERYTHING } else { self.policy.name.as_str() };
                next.resume.insert(what.to_owned());
            }
            Reason::LaneOpen | Reason::AwaitingApproval => {
                let holds = premise.standing.holds.values().filter(|hold| hold.lane == self.lane);
                next.settled.extend(holds.map(|hold| hold.external_id.clone()));
            }
            Reason::BalanceStale if self.unsettled(premise).next().is_some() => {
                next.settled.extend(self.unsettled(premise).map(|hold| hold.external_id.clone()));
            }
            Reason::FxRateMissing | Reason::FxSpread => next = self.with_rates(next, premise, reason)?,
            Reason::WalletMissing => next = self.with_wallets(next, premise),
            Reason::LimitReached => return self.at_a_later_slot(change, DAYS_OF_LIMITS),
            Reason::Reserve if !premise.policies.calendar.is_empty() => {
                let later = self.at_a_later_slot(change, DAYS_OF_RESERVES);
                return later.or_else(|| self.with_balance(change, premise, reason));
            }
            Reason::WalletFrozen if premise.standing.frozen.contains_key(&self.lane.from) => {
                next.release.insert(self.lane.from.country);
            }
            Reason::WalletFrozen | Reason::ProviderDown => return None,
            _ => return self.with_balance(change, premise, reason),
        }
        Some(next)
    }

    /// Open intents that leave it unknown what the wallets hold whose need the policy judges.
    fn unsettled<'p>(&'p self, premise: &'p Premise) -> impl Iterator<Item = &'p Hold> {
        let judged: Vec<WalletId> = match &self.policy.rule {
            Rule::Sweep(_) | Rule::Payout(_) => vec![],
            Rule::TopUp(top_up) => vec![top_up.wallet],
            Rule::Rebalance(rebalance) => rebalance.weights.iter().map(|(wallet, _)| *wallet).collect(),
        };
        let attempted = premise.standing.holds.values().filter(|hold| hold.is_attempted());
        attempted.filter(move |hold| hold.lane.wallets().any(|wallet| judged.contains(&wallet)))
    }

    fn slot_after(&self, premise: &Premise) -> Option<Timestamp> {
        self.policy.schedule.next(premise.now).map(Slot::instant)
    }

    /// The first slot of a later local day.
    fn slot_of_another_day(&self, premise: &Premise) -> Option<Timestamp> {
        let schedule = &self.policy.schedule;
        let today = schedule.local_date(Slot::at(premise.now));
        schedule.next_on(premise.now, |date| date > today).map(Slot::instant)
    }

    /// The first of the next slots at which the lane moves with everything else as it is.
    fn at_a_later_slot(&self, change: &Change, days: usize) -> Option<Change> {
        let mut next = change.clone();
        for ahead in 0..SLOTS_AHEAD + days {
            let premise = self.premise(&next);
            let at = if ahead < SLOTS_AHEAD { self.slot_after(&premise) } else { self.slot_of_another_day(&premise) };
            next.at = Some(at?);
            if self.judge(&self.premise(&next)).0.is_some() {
                return Some(next);
            }
        }
        None
    }

    /// Rates for every pair that the policy needs and has not, or whose rate is too far off its reference.
    fn with_rates(&self, mut next: Change, premise: &Premise, reason: Reason) -> Option<Change> {
        let policy = premise.policies.get(&self.policy.name)?;
        for (from, to) in policy.rate_pairs() {
            let known = premise.rates.get(&(from, to)).copied();
            let is_compared = reason == Reason::FxSpread || has_no_reference(policy, premise, (from, to));
            if known.is_some() && !is_compared {
                continue;
            }
            if let Some(rate) = known.filter(|_| has_no_reference(policy, premise, (from, to))) {
                next.set.reference.insert(pair_text(from, to), rate);
            } else if let Some(rate) = rate_inside(policy, premise, (from, to), known) {
                next.rates.insert(pair_text(from, to), rate);
            }
        }
        Some(next)
    }

    /// Wallets of the rule that KPay does not show: it shows them, empty.
    fn with_wallets(&self, mut next: Change, premise: &Premise) -> Change {
        let wallets = self.policy.lanes().into_iter().flat_map(Lane::wallets);
        let is_unread = |wallet: &WalletId| {
            premise.snapshot.available(*wallet).is_none()
                || premise.snapshot.problems.iter().any(|problem| problem.country == Some(wallet.country))
        };
        for wallet in wallets.filter(is_unread) {
            next.balances.entry(wallet.country).or_insert(Amount::ZERO);
        }
        next
    }

    /// The change nearest to the present balance of one wallet that makes the lane move.
    fn with_balance(&self, change: &Change, premise: &Premise, reason: Reason) -> Option<Change> {
        let more = (self.lane.from, true);
        let less = self.lane.to.wallet().map(|wallet| (wallet, false));
        let tries = match (&self.policy.rule, reason) {
            (Rule::Sweep(_) | Rule::Payout(_), _) => vec![more],
            (Rule::TopUp(_), Reason::BelowTrigger) => less.into_iter().collect(),
            _ => std::iter::once(more).chain(less).collect(),
        };
        let found = tries.into_iter().find_map(|(wallet, up)| {
            let amount = self.nearest(change, premise, wallet, up, &|tried| self.is_enough(tried))?;
            let mut next = change.clone();
            next.balances.insert(wallet.country, amount);
            Some(next)
        });
        found.or_else(|| (reason == Reason::BelowTrigger).then(|| self.with_need(change, premise)).flatten())
    }

    /// The change with a need that this source is asked for: the wallet of a top-up under its trigger, or less in the
    /// sources that come before.
    fn with_need(&self, change: &Change, premise: &Premise) -> Option<Change> {
        let Rule::TopUp(top_up) = &self.policy.rule else { return None };
        let mut next = change.clone();
        if !self.is_in_need(premise) {
            let amount = self.nearest(change, premise, top_up.wallet, false, &|tried| self.is_in_need(tried))?;
            next.balances.insert(top_up.wallet.country, amount);
            return Some(next);
        }
        let before = top_up.sources.iter().map(|source| source.wallet).take_while(|wallet| *wallet != self.lane.from);
        for source in before {
            let premise = self.premise(&next);
            if let Some(amount) = self.nearest(&next, &premise, source, false, &|tried| self.is_enough(tried)) {
                next.balances.insert(source.country, amount);
                return Some(next);
            }
            next.balances.insert(source.country, Amount::ZERO);
        }
        None
    }

    /// Whether a top-up's wallet wants money: then its first source is refused for something else, if at all.
    fn is_in_need(&self, premise: &Premise) -> bool {
        let Some(first) = self.policy.lanes().into_iter().next() else { return false };
        let made = plan(&premise.inputs(self.inputs));
        !skips(&made, &self.policy.name, first).iter().any(|skip| skip.reason == Reason::BelowTrigger)
    }

    /// Whether the lane moves, or at least no balance stands in its way.
    fn is_enough(&self, premise: &Premise) -> bool {
        let (moved, refusal) = self.judge(premise);
        moved.is_some() || refusal.is_some_and(|(reason, _)| !is_about_balances(reason))
    }

    /// The balance nearest to the present one, upwards or downwards, that does; found by halving between one that does
    /// not and one that does.
    fn nearest(
        &self,
        change: &Change,
        premise: &Premise,
        wallet: WalletId,
        up: bool,
        is_enough: &dyn Fn(&Premise) -> bool,
    ) -> Option<Amount> {
        let unit = Decimal::new(1, wallet.currency.decimals_sent());
        let strategy = if up { RoundingStrategy::ToNegativeInfinity } else { RoundingStrategy::ToPositiveInfinity };
        let present = premise.snapshot.available(wallet).unwrap_or(Amount::ZERO).decimal();
        let present = present.checked_div(unit)?.round_dp_with_strategy(0, strategy);
        let mut tried = self.premise(change);
        let mut does = |units: Decimal| {
            let amount = units.checked_mul(unit).map(|amount| Amount::new(amount.normalize()))?;
            tried.show(wallet.country, amount);
            is_enough(&tried).then_some(amount)
        };
        let (mut no, mut yes) = (present, None);
        let mut step = Decimal::ONE_HUNDRED;
        while yes.is_none() {
            let candidate = if up { present.checked_add(step)? } else { present.checked_sub(step)?.max(Decimal::ZERO) };
            if candidate == no || candidate > Decimal::from(MOST) {
                return None;
            }
            match does(candidate) {
                Some(_) => yes = Some(candidate),
                None => no = candidate,
            }
            step = step.checked_mul(Decimal::from(4))?;
        }
        let mut yes = yes?;
        while (yes - no).abs() > Decimal::ONE {
            let middle = ((yes + no) / Decimal::TWO).round_dp_with_strategy(0, strategy);
            match does(middle) {
                Some(_) => yes = middle,
                None => no = middle,
            }
        }
        does(yes)
    }
}

/// Whether the policy compares a rate and has nothing to compare it with.
fn has_no_reference(policy: &Policy, premise: &Premise, pair: (Currency, Currency)) -> bool {
    let last = premise.standing.rates.get(&pair).map(|last| last.rate);
    policy.fx.max_spread.is_some() && reference_rate(&policy.fx, pair, last).is_none()
}

/// Whether another balance is what would change it.
fn is_about_balances(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::BelowTrigger
            | Reason::Reserve
            | Reason::SourceShort
            | Reason::BelowMinimum
            | Reason::WithinTolerance
            | Reason::BalanceStale
    )
}

/// A rate that the policy's guard lets pass: the reference itself, or the last one or 1 where there is no guard.
fn rate_inside(policy: &Policy, premise: &Premise, pair: (Currency, Currency), known: Option<Rate>) -> Option<Rate> {
    let last = premise.standing.rates.get(&pair).map(|last| last.rate);
    let Some(most) = policy.fx.max_spread else { return Some(known.or(last).unwrap_or(Rate::ONE)) };
    let reference = reference_rate(&policy.fx, pair, last)?;
    let passes = |rate: &Rate| is_over(reference, *rate, most) == Ok(false);
    if let Some(known) = known.filter(passes) {
        return Some(known);
    }
    let decimal = reference.rate.decimal();
    let wanted = if reference.inverse { Decimal::ONE.checked_div(decimal)?.round_dp(8) } else { decimal };
    Rate::new(wanted).ok().filter(passes)
}
