//! One run: the history goes by, the planner is asked at each slot, and what it plans is done at once.

use super::gauge::Gauge;
use super::tally::Tally;
use super::{Figures, History, Move, What};
use crate::intent::lane_verdicts;
use crate::model::{Environment, Reading, Slot, Snapshot, Timestamp, WalletId, share_of_the_fee};
use crate::money::{Amount, Currency, MoneyError, Rate};
use crate::plan::{AppliedRate, Caps, DayKey, Decided, Inputs, PlannedTransfer, PolicyPlan, Standing, plan};
use crate::policy::{Policy, PolicySet, Rule};
use crate::slot::Latest;
use chrono::{NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// What a history is run against.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The policies.
    pub policies: &'a PolicySet,
    /// The configuration's caps.
    pub caps: &'a Caps,
    /// Sandbox or production: no figure depends on it.
    pub environment: Environment,
    /// Rates until the history gives others.
    pub rates: &'a BTreeMap<(Currency, Currency), Rate>,
}

/// A run: its figures, and what pictures are drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The figures.
    pub figures: Figures,
    /// Each wallet's balance at each change.
    pub balances: BTreeMap<WalletId, Vec<(Timestamp, Amount)>>,
    /// Each wallet's floor at each change.
    pub floors: BTreeMap<WalletId, Vec<(Timestamp, Amount)>>,
}

/// Days of used limits that are kept.
const DAYS_KEPT: TimeDelta = TimeDelta::days(4);

/// Runs a history. `told` hears after each change how many are done.
///
/// # Errors
/// [`MoneyError`] where a balance or sum has no room.
pub fn simulate(history: &History, setting: Setting<'_>, mut told: impl FnMut(usize)) -> Result<Trace, MoneyError> {
    let mut world = World::new(history, setting);
    let mut changes = history.changes.iter().enumerate().peekable();
    loop {
        let change_at = changes.peek().map(|(_, change)| change.at);
        let next = [change_at, world.slot_at(), world.midnight].into_iter().flatten().min();
        let Some(now) = next.filter(|next| *next <= history.end) else { break };
        if world.midnight == Some(now) {
            world.new_day(now)?;
        }
        let mut is_new_rate = false;
        while let Some((done, change)) = changes.next_if(|(_, change)| change.at <= now) {
            is_new_rate |= matches!(change.what, What::Rate(..));
            world.change(now, change.what)?;
            told(done + 1);
        }
        world.decide(now, is_new_rate)?;
    }
    world.finish(history)
}

struct World<'a> {
    setting: Setting<'a>,
    standing: Standing,
    snapshot: Snapshot,
    rates: BTreeMap<(Currency, Currency), Rate>,
    gauges: BTreeMap<WalletId, Gauge>,
    /// The next slot of each policy.
    next: Vec<Option<Slot>>,
    /// When a floor may change next: midnights in the zones of the calendar's reserves.
    midnight: Option<Timestamp>,
    tally: Tally,
}

impl<'a> World<'a> {
    fn new(history: &History, setting: Setting<'a>) -> Self {
        let before = history.start - TimeDelta::milliseconds(1);
        let mut standing = Standing::default();
        let policies = &setting.policies.policies;
        for policy in policies {
            // What came before the history is nobody's business here.
            if let Latest::Slot(slot) = policy.schedule.latest(before) {
                standing.decided.insert(policy.name.clone(), Decided { slot, left_open: BTreeSet::new() });
            }
        }
        let mut world = Self {
            setting,
            standing,
            snapshot: Snapshot { taken_at: history.start, readings: BTreeMap::new(), problems: Vec::new() },
            rates: setting.rates.clone(),
            gauges: BTreeMap::new(),
            next: policies.iter().map(|policy| policy.schedule.next(before)).collect(),
            midnight: None,
            tally: Tally::default(),
        };
        world.midnight = world.midnight_after(history.start);
        world
    }

    fn slot_at(&self) -> Option<Timestamp> {
        self.next.iter().flatten().map(|slot| slot.instant()).min()
    }

    fn midnight_after(&self, at: Timestamp) -> Option<Timestamp> {
        let zones = self.setting.policies.calendar.iter().map(|reserve| reserve.zone);
        zones.filter_map(|zone| next_midnight(zone, at)).min()
    }

    fn new_day(&mut self, now: Timestamp) -> Result<(), MoneyError> {
        for (wallet, gauge) in &mut self.gauges {
            gauge.set_floor(now, floor(self.setting.policies, *wallet, now))?;
        }
        self.midnight = self.midnight_after(now);
        Ok(())
    }

    fn change(&mut self, now: Timestamp, what: What) -> Result<(), MoneyError> {
        match what {
            What::Rate(pair, rate) => {
                self.rates.insert(pair, rate);
                Ok(())
            }
            What::Opens(wallet, amount) if !self.gauges.contains_key(&wallet) => {
                self.open(now, wallet, amount);
                Ok(())
            }
            // A wallet that a policy has filled before KPay showed it.
            What::Opens(wallet, amount) | What::Flow(wallet, amount) => {
                self.gauge(now, wallet).flow(now, amount)?;
                self.read(wallet);
                Ok(())
            }
        }
    }

    fn open(&mut self, now: Timestamp, wallet: WalletId, amount: Amount) {
        let policies = self.setting.policies;
        let gauge = Gauge::new(now, amount, floor(policies, wallet, now), swept_to(policies, wallet));
        self.gauges.insert(wallet, gauge);
        self.read(wallet);
    }

    fn gauge(&mut self, now: Timestamp, wallet: WalletId) -> &mut Gauge {
        let policies = self.setting.policies;
        let new = || Gauge::new(now, Amount::ZERO, floor(policies, wallet, now), swept_to(policies, wallet));
        self.gauges.entry(wallet).or_insert_with(new)
    }

    /// The planner sees the wallet as it is.
    fn read(&mut self, wallet: WalletId) {
        if let Some(gauge) = self.gauges.get(&wallet) {
            self.snapshot.readings.insert(wallet, Reading { available: gauge.balance, balance: None });
        }
    }

    /// Plans for the policies whose slot it is; for those with a slot left open too where that may help.
    fn decide(&mut self, now: Timestamp, retry: bool) -> Result<(), MoneyError> {
        let policies = self.setting.policies;
        let is_up = |next: &Option<Slot>| next.is_some_and(|slot| slot.instant() <= now);
        let up: Vec<usize> = (0..self.next.len()).filter(|index| self.next.get(*index).is_some_and(is_up)).collect();
        let retry = retry && self.standing.decided.values().any(|decided| !decided.left_open.is_empty());
        if up.is_empty() && !retry {
            return Ok(());
        }
        let names: Vec<&str> =
            up.iter().filter_map(|index| policies.policies.get(*index)).map(|it| it.name.as_str()).collect();
        let only = if let ([name], false) = (names.as_slice(), retry) { Some(*name) } else { None };
        self.snapshot.taken_at = now;
        let made = plan(&Inputs {
            availability: crate::model::Availability::unasked(),
            policies,
            snapshot: &self.snapshot,
            standing: &self.standing,
            caps: self.setting.caps,
            rates: &self.rates,
            identity: None,
            environment: self.setting.environment,
            now,
            clock: now,
            only,
        });
        for planned in made.policies.iter().filter(|planned| planned.due) {
            if names.contains(&planned.policy.as_str()) {
                self.tally.skips(planned.skipped.iter().map(|skip| skip.reason));
            }
            self.carry_out(now, planned)?;
        }
        for index in up {
            if let (Some(next), Some(policy)) = (self.next.get_mut(index), policies.policies.get(index)) {
                *next = policy.schedule.next(now);
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, now: Timestamp, planned: &PolicyPlan) -> Result<(), MoneyError> {
        let (Some(slot), Some(policy)) = (planned.slot, self.setting.policies.get(&planned.policy)) else {
            return Ok(());
        };
        let verdicts = lane_verdicts(policy, planned);
        let lanes = verdicts.iter().map(|verdict| (verdict.lane, verdict.reason));
        self.standing.note_decision(&policy.name, slot, lanes);
        planned.transfers.iter().try_for_each(|transfer| self.transfer(now, policy, slot, transfer))
    }

    fn transfer(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        slot: Slot,
        transfer: &PlannedTransfer,
    ) -> Result<(), MoneyError> {
        let lane = transfer.lane();
        let (amount, currency) = (transfer.amount, transfer.currency);
        let rate = transfer.expected_rate.unwrap_or(Rate::ONE);
        let fee = amount.checked_mul(share_of_the_fee(transfer.kind))?;
        let credited = amount.checked_sub(fee)?.checked_mul(rate.decimal())?;
        self.gauge(now, lane.from).take(now, amount)?;
        self.read(lane.from);
        if let Some(into) = lane.to.wallet() {
            self.gauge(now, into).bring(now, credited)?;
            self.read(into);
        }
        self.count(now, policy, slot, amount, currency)?;
        if lane.crosses_currencies() {
            self.standing.rates.insert((currency, lane.to.currency), AppliedRate { rate, at: now });
        }
        let done = Move {
            at: now,
            policy: policy.name.clone(),
            slot,
            from: transfer.from,
            to: transfer.to,
            amount,
            currency,
            fee,
            credited,
            credit_currency: transfer.credit_currency,
            rate,
        };
        self.tally.moved(done, transfer.needs_approval)
    }

    /// Counts a transfer against the policy's day, the caps of the day and the sliding hour.
    fn count(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        slot: Slot,
        amount: Amount,
        currency: Currency,
    ) -> Result<(), MoneyError> {
        let standing = &mut self.standing;
        let day = policy.schedule.local_date(slot);
        let key = DayKey { policy: policy.name.clone(), currency, day };
        let used = standing.day_used.entry(key).or_default();
        *used = used.checked_add(amount)?;
        standing.day_used.retain(|kept, _| kept.policy != policy.name || kept.day >= day - DAYS_KEPT);
        let today = now.date_naive();
        let used = standing.cap_day_used.entry((today, currency)).or_default();
        *used = used.checked_add(amount)?;
        standing.cap_day_used.retain(|(kept, _), _| *kept >= today - DAYS_KEPT);
        standing.first_attempts.push_back(now);
        while standing.first_attempts.front().is_some_and(|first| now - *first >= TimeDelta::hours(1)) {
            standing.first_attempts.pop_front();
        }
        Ok(())
    }

    fn finish(mut self, history: &History) -> Result<Trace, MoneyError> {
        let end = history.end;
        let wallets: Result<Vec<_>, _> =
            self.gauges.iter_mut().map(|(wallet, gauge)| gauge.figures(*wallet, end)).collect();
        let figures = self.tally.figures(&self.setting.policies.hash, (history.start, end), wallets?);
        let (mut balances, mut floors) = (BTreeMap::new(), BTreeMap::new());
        for (wallet, gauge) in self.gauges {
            balances.insert(wallet, gauge.points);
            floors.insert(wallet, gauge.floors);
        }
        Ok(Trace { figures, balances, floors })
    }
}

/// What a wallet should not be under: its reserve, or the `below` of a policy that fills it.
fn floor(set: &PolicySet, wallet: WalletId, at: Timestamp) -> Amount {
    let below = |policy: &Policy| match &policy.rule {
        Rule::TopUp(top_up) if policy.enabled && top_up.wallet == wallet => Some(top_up.below),
        _ => None,
    };
    set.policies.iter().filter_map(below).fold(set.reserve(wallet, at), Amount::max)
}

/// The least that policies which sweep a wallet leave in it.
fn swept_to(set: &PolicySet, wallet: WalletId) -> Option<Amount> {
    let keep = |policy: &Policy| match &policy.rule {
        Rule::Sweep(sweep) if policy.enabled => {
            sweep.sources.iter().find(|source| source.wallet == wallet).map(|source| source.keep)
        }
        _ => None,
    };
    set.policies.iter().filter_map(keep).min()
}

/// The first instant of the next local day.
fn next_midnight(zone: Tz, at: Timestamp) -> Option<Timestamp> {
    let tomorrow = at.with_timezone(&zone).date_naive().succ_opt()?.and_time(NaiveTime::MIN);
    // Where the clock skips midnight, the day begins an hour later.
    let local = [tomorrow, tomorrow + TimeDelta::hours(1)];
    local.into_iter().find_map(|local| zone.from_local_datetime(&local).earliest()).map(|at| at.to_utc())
}
