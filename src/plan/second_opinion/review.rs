//! The review: what was counted so far, and the walk through one policy's entry.

use super::rules::{Movement, Opening, is_canary};
use super::{Breach, Objection};
use crate::model::{Lane, WalletId};
use crate::money::{Amount, Country, Currency};
use crate::plan::{Inputs, Plan, PlannedTransfer, PolicyPlan, Reason};
use crate::planted::{self, Mistake};
use crate::policy::{Policy, Rule};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// A review under way. Sums that do not fit are `None`.
pub(super) struct Review<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) ids: BTreeSet<String>,
    /// Countries that some reading is of.
    pub(super) countries: BTreeSet<Country>,
    /// Countries that the reply could not be read about.
    pub(super) illegible: BTreeSet<Country>,
    policies: BTreeMap<&'a str, &'a Policy>,
    seen: BTreeSet<String>,
    lanes: BTreeSet<Lane>,
    held_lanes: BTreeSet<Lane>,
    /// Wallets that something sent and not settled leads out of or into.
    pub(super) in_doubt: BTreeSet<WalletId>,
    /// Open intents and the plan's own transfers so far, by source.
    spoken_for: BTreeMap<WalletId, Option<Amount>>,
    /// What open intents and the plan's own transfers so far bring, by destination.
    arriving: BTreeMap<WalletId, Option<Amount>>,
    /// The plan's own transfers so far and open intents that no cap has counted, by source currency.
    capped: BTreeMap<Currency, Option<Amount>>,
    /// The currencies the plan itself moves.
    moved: BTreeSet<Currency>,
    /// The same, as a count of transfers.
    count: usize,
    planned: usize,
    found: Vec<Objection>,
    policy: String,
    lane: Option<Lane>,
}

impl<'a> Review<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>) -> Self {
        let mut review = Self {
            inputs,
            ids: BTreeSet::new(),
            countries: inputs.snapshot.readings.keys().map(|wallet| wallet.country).collect(),
            illegible: inputs.snapshot.problems.iter().filter_map(|problem| problem.country).collect(),
            policies: inputs.policies.policies.iter().map(|policy| (policy.name.as_str(), policy)).collect(),
            seen: BTreeSet::new(),
            lanes: BTreeSet::new(),
            held_lanes: BTreeSet::new(),
            in_doubt: BTreeSet::new(),
            spoken_for: BTreeMap::new(),
            arriving: BTreeMap::new(),
            capped: BTreeMap::new(),
            moved: BTreeSet::new(),
            count: 0,
            planned: 0,
            found: Vec::new(),
            policy: String::new(),
            lane: None,
        };
        for hold in inputs.standing.holds.values() {
            review.ids.insert(hold.external_id.as_str().to_owned());
            review.held_lanes.insert(hold.lane);
            if !["planned", "awaiting_approval"].contains(&hold.outcome.as_str()) {
                review.in_doubt.extend(hold.lane.wallets());
            }
            plus(&mut review.spoken_for, hold.lane.from, Some(hold.amount));
            if let Some(into) = hold.lane.to.wallet() {
                plus(&mut review.arriving, into, hold.arriving.map(estimated));
            }
            if !hold.counted {
                plus(&mut review.capped, hold.lane.from.currency, Some(hold.amount));
                review.count += usize::from(hold.outcome != "awaiting_approval");
            }
        }
        review
    }

    pub(super) fn object(&mut self, breach: Breach) {
        self.found.push(Objection { policy: self.policy.clone(), lane: self.lane, breach });
    }

    pub(super) fn object_if(&mut self, broken: bool, breach: Breach) {
        if broken {
            self.object(breach);
        }
    }

    pub(super) fn in_force(&self, name: &str) -> bool {
        self.policies.contains_key(name)
    }

    /// The plan as a whole: the same instant, environment, reading and policies.
    pub(super) fn head(&mut self, plan: &Plan) {
        let inputs = self.inputs;
        let readings = &inputs.snapshot.readings;
        let same_balances = plan.balances.len() == readings.len()
            && plan.balances.iter().zip(readings).all(|(row, (wallet, reading))| {
                (row.wallet, row.currency, row.available) == (wallet.country, wallet.currency, reading.available)
            });
        let listed: BTreeSet<&str> = plan.policies.iter().map(|entry| entry.policy.as_str()).collect();
        let expected: BTreeSet<&str> =
            self.policies.keys().copied().filter(|name| inputs.only.is_none_or(|only| only == *name)).collect();
        let same = plan.at == inputs.now && plan.environment == inputs.environment && same_balances;
        self.object_if(!same || listed != expected, Breach::OtherInputs);
    }

    /// One policy's entry.
    pub(super) fn policy(&mut self, entry: &PolicyPlan) {
        self.policy.clone_from(&entry.policy);
        self.lane = None;
        let Some(policy) = self.policies.get(entry.policy.as_str()).copied() else {
            return self.object(Breach::UnknownPolicy);
        };
        let first_time = self.seen.insert(entry.policy.clone());
        self.object_if(!first_time, Breach::PolicyTwice);
        self.object_if(!every_lane_has_one_answer(policy, entry), Breach::Unaccounted);
        if entry.transfers.is_empty() {
            return;
        }
        let standing = self.inputs.standing;
        let paused =
            (standing.paused_all && !planted::is(Mistake::DecidedInAPause)) || standing.paused.contains(&policy.name);
        self.object_if(!policy.enabled || !policy.mode.sends() || paused, Breach::Silenced);
        self.slot(policy, entry);
        self.transfers(policy, entry);
        self.lane = None;
        self.policy_limits(policy, entry);
    }

    fn transfers(&mut self, policy: &Policy, entry: &PolicyPlan) {
        let mut by_lane: Vec<(Lane, Vec<&PlannedTransfer>)> = Vec::new();
        for transfer in &entry.transfers {
            match by_lane.last_mut() {
                Some((lane, parts)) if *lane == transfer.lane() => parts.push(transfer),
                _ => by_lane.push((transfer.lane(), vec![transfer])),
            }
        }
        let mut opening = self.opening(policy);
        for (lane, parts) in by_lane {
            self.lane = Some(lane);
            let first_time = self.lanes.insert(lane);
            self.object_if(!first_time, Breach::LaneTwice);
            self.object_if(self.held_lanes.contains(&lane), Breach::LaneHeld);
            self.lane_slot(policy, entry, lane);
            self.lane_wallets(policy, lane);
            self.parts(policy, entry.slot, lane, &parts);
            let total = total(parts.iter().map(|part| part.amount));
            let rate = if lane.crosses_currencies() {
                self.inputs.rates.get(&(lane.from.currency, lane.to.currency)).map(|rate| rate.decimal())
            } else {
                Some(Decimal::ONE)
            };
            match (total, rate) {
                (Some(total), Some(rate)) => self.movement(policy, &mut opening, &parts, lane, total, rate),
                (None, _) => self.object(Breach::Uncountable),
                // The missing rate is objected to already.
                (_, None) => {}
            }
            let credit = total.zip(rate).and_then(|(total, rate)| total.checked_mul(rate).ok());
            plus(&mut self.spoken_for, lane.from, total);
            if let Some(into) = lane.to.wallet() {
                plus(&mut self.arriving, into, credit.map(estimated));
            }
            plus(&mut self.capped, lane.from.currency, total);
            self.moved.insert(lane.from.currency);
            self.planned += parts.len();
        }
    }

    /// One lane's movement: its amount by the policy's limits, by its rule, and by how far the policy is trusted.
    fn movement(
        &mut self,
        policy: &Policy,
        opening: &mut Opening,
        parts: &[&PlannedTransfer],
        lane: Lane,
        total: Amount,
        rate: Decimal,
    ) {
        // A canary's small share is of an amount over the minimum.
        let minimum = policy.limits.min_transfer.get(&lane.from.currency).filter(|_| !is_canary(policy));
        self.object_if(minimum.is_some_and(|least| total < *least), Breach::UnderMinimum);
        self.approval(policy, total, parts);
        if !self.inputs.snapshot.readings.contains_key(&lane.from) {
            return self.object(Breach::NotRead);
        }
        match self.usable(lane.from) {
            Some(usable) => self.rule(policy, opening, Movement { lane, total, rate, usable }),
            None => self.object(Breach::Uncountable),
        }
    }

    /// What is left of a wallet's reading; `None` where it was not read or cannot be counted.
    pub(super) fn usable(&self, wallet: WalletId) -> Option<Amount> {
        let spoken_for = self.spoken_for.get(&wallet).copied().unwrap_or(Some(Amount::ZERO))?;
        self.inputs.snapshot.readings.get(&wallet)?.available.checked_sub(spoken_for).ok()
    }

    /// What is on its way into a wallet; `None` where it cannot be counted.
    pub(super) fn arriving(&self, wallet: WalletId) -> Option<Amount> {
        self.arriving.get(&wallet).copied().unwrap_or(Some(Amount::ZERO))
    }

    /// The caps, once everything is counted, and all objections.
    pub(super) fn finish(mut self) -> Vec<Objection> {
        (self.policy, self.lane) = (String::new(), None);
        let (standing, caps) = (self.inputs.standing, self.inputs.caps);
        let today = self.inputs.now.date_naive();
        for currency in std::mem::take(&mut self.moved) {
            let Some(cap) = caps.max_per_day.get(&currency) else { continue };
            let used = standing.cap_day_used.get(&(today, currency)).copied().unwrap_or(Amount::ZERO);
            let counted = self.capped.get(&currency).copied().unwrap_or(Some(Amount::ZERO));
            match counted.and_then(|counted| counted.checked_add(used).ok()) {
                Some(all) => self.object_if(all > *cap, Breach::OverDayCap),
                None => self.object(Breach::Uncountable),
            }
        }
        let an_hour_ago = self.inputs.clock - chrono::TimeDelta::hours(1);
        let recent = standing.first_attempts.iter().filter(|at| **at > an_hour_ago).count();
        let all = recent + self.count + self.planned;
        let most = usize::try_from(caps.max_transfers_per_hour).unwrap_or(usize::MAX);
        self.object_if(self.planned > 0 && all > most, Breach::OverHourCap);
        self.found
    }
}

/// Transfers or exactly one skip; beside transfers at most one, for what exceeds the number allowed, or, where a wallet
/// is to be filled, for what no source has.
fn every_lane_has_one_answer(policy: &Policy, entry: &PolicyPlan) -> bool {
    let mut skips: BTreeMap<_, Vec<Reason>> = BTreeMap::new();
    for skip in &entry.skipped {
        skips.entry((skip.from, skip.to)).or_default().push(skip.reason);
    }
    let moving: BTreeSet<_> = entry.transfers.iter().map(|transfer| (transfer.from, transfer.to)).collect();
    let lanes: BTreeSet<_> = policy.lanes().iter().map(|lane| (lane.from.country, lane.to.destination())).collect();
    let known = skips.keys().all(|lane| lanes.contains(lane));
    let answered = |lane| {
        let reasons = skips.get(lane).map_or(&[][..], Vec::as_slice);
        match (moving.contains(lane), reasons) {
            (true, [] | [Reason::LimitReached]) | (false, [_]) => true,
            (true, [Reason::SourceShort]) => !matches!(policy.rule, Rule::Sweep(_)),
            _ => false,
        }
    };
    known && lanes.iter().all(answered)
}

/// A sum; `None` where it does not fit.
pub(super) fn total(amounts: impl Iterator<Item = Amount>) -> Option<Amount> {
    amounts.into_iter().try_fold(Amount::ZERO, |sum, amount| sum.checked_add(amount).ok())
}

fn plus<K: Ord>(sums: &mut BTreeMap<K, Option<Amount>>, key: K, amount: Option<Amount>) {
    let sum = sums.entry(key).or_insert(Some(Amount::ZERO));
    *sum = sum.zip(amount).and_then(|(sum, amount)| sum.checked_add(amount).ok());
}

/// What is on its way in, as far as an estimate means anything.
fn estimated(amount: Amount) -> Amount {
    Amount::new(amount.decimal().trunc_with_scale(6))
}
