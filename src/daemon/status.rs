//! What people are shown, put together from the engine.

use super::engine::Engine;
use super::held::Held;
use super::metrics::LimitLabel;
use super::view::{
    ApprovalView, ErrorView, FallView, FrozenView, PolicyView, RateView, StatusView, TransferView, UnderFloorView,
    WalletView,
};
use crate::intent::{Outcome, State};
use crate::model::{BalanceRow, Slot, Snapshot, Timestamp};
use crate::money::Amount;
use crate::plan::{DayKey, Skip};
use crate::policy::{Policy, PolicySet};
use chrono::TimeDelta;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A reading older than this many seconds makes the daemon not ready.
const STALE_AFTER: TimeDelta = TimeDelta::minutes(15);

impl Engine {
    /// The present status.
    #[must_use]
    pub fn status(&self) -> StatusView {
        let now = self.clock.now();
        let records = self.store.records();
        self.refresh_gauges(now);
        let damage = self.store.is_read_only();
        let Seen { policies, snapshot, read_error, skipped, finished, errors, held } = self.seen();
        let mut why_not = Vec::new();
        if policies.is_none() {
            why_not.push("no policies are loaded".to_owned());
        }
        why_not.extend(damage);
        why_not.extend(self.clock_trouble());
        match (&read_error, &snapshot) {
            (Some(error), _) => why_not.push(format!("the last reading of balances failed: {error}")),
            (None, None) => why_not.push("balances have not been read yet".to_owned()),
            (None, Some(snapshot)) if now - snapshot.taken_at > STALE_AFTER => {
                why_not.push("the last reading of balances is too old".to_owned());
            }
            _ => {}
        }
        let view = self.store.with_state(|state| {
            let rows = snapshot.as_ref().map_or_else(|| state.balances.clone(), |snapshot| snapshot.rows());
            let read_at = snapshot.as_ref().map_or(state.last_observed, |snapshot| Some(snapshot.taken_at));
            let release_by = &self.rules.conservation.release_by;
            status_of(state, policies.as_deref(), &rows, read_at, now, &skipped, release_by)
        });
        StatusView {
            environment: self.rules.environment.to_string(),
            ready: why_not.is_empty(),
            not_ready_because: why_not,
            last_transfers: finished,
            last_errors: errors,
            journal_records: records,
            held_policies: held.as_ref().map(Held::view),
            ..view
        }
    }

    fn seen(&self) -> Seen {
        let world = self.world();
        Seen {
            policies: world.policies.clone(),
            snapshot: world.snapshot.clone(),
            read_error: world.read_error.clone(),
            skipped: world.skipped.clone(),
            finished: world.finished.iter().map(TransferView::from).collect(),
            errors: world.errors.iter().cloned().collect(),
            held: world.held.clone(),
        }
    }
}

/// A copy of what the status shows of the engine's world: the store is asked with the world's lock given back.
struct Seen {
    policies: Option<Arc<PolicySet>>,
    snapshot: Option<Arc<Snapshot>>,
    read_error: Option<String>,
    skipped: BTreeMap<String, Vec<Skip>>,
    finished: Vec<TransferView>,
    errors: Vec<ErrorView>,
    held: Option<Held>,
}

impl Engine {
    /// Gauges that are no part of the status.
    fn refresh_gauges(&self, now: Timestamp) {
        let caps = &self.rules.caps;
        let policies = self.policies();
        self.store.with_state(|state| {
            let pending = state.open.values().filter(|tracked| tracked.rate_is_pending()).count();
            self.metrics.rate_pending(pending);
            let standing = &state.standing;
            let hour_ago = now - TimeDelta::hours(1);
            let in_hour = standing.first_attempts.iter().filter(|at| **at > hour_ago).count();
            let most = Decimal::from(caps.max_transfers_per_hour);
            let mut limits = vec![(LimitLabel::TransfersPerHour, Decimal::from(in_hour), most)];
            for (currency, cap) in &caps.max_per_day {
                let used = standing.cap_day_used.get(&(now.date_naive(), *currency)).copied().unwrap_or(Amount::ZERO);
                limits.push((LimitLabel::PerDay(*currency), used.decimal(), cap.decimal()));
            }
            for policy in policies.iter().flat_map(|set| &set.policies) {
                let day = policy.schedule.local_date(Slot::at(now));
                for (currency, most) in &policy.limits.max_per_day {
                    let key = DayKey { policy: policy.name.clone(), currency: *currency, day };
                    let used = standing.day_used.get(&key).copied().unwrap_or(Amount::ZERO);
                    let label = LimitLabel::PolicyPerDay(&policy.name, *currency);
                    limits.push((label, used.decimal(), most.decimal()));
                }
            }
            self.metrics.limits_used(limits);
        });
        let unexplained = self.world().unexplained();
        for (wallet, difference) in unexplained {
            self.metrics.books_difference(wallet, difference);
        }
    }
}

/// The part of the status that state, policies and balances give, with or without a running daemon.
#[must_use]
pub fn status_of(
    state: &State,
    policies: Option<&PolicySet>,
    rows: &[BalanceRow],
    read_at: Option<Timestamp>,
    now: Timestamp,
    skipped: &BTreeMap<String, Vec<Skip>>,
    release_by: &[String],
) -> StatusView {
    let open = state.open.values().filter(|tracked| tracked.outcome.is_open() || tracked.rate_is_pending());
    StatusView {
        at: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        environment: state.identity.as_ref().map(|identity| identity.environment.to_string()).unwrap_or_default(),
        application_id: state.identity.as_ref().map(|identity| identity.application_id.to_string()),
        ready: false,
        not_ready_because: Vec::new(),
        paused: state.standing.paused_all,
        balances: rows.iter().map(|row| wallet_view(state, policies, row, now)).collect(),
        balances_read_at: read_at,
        policies: policies
            .map(|set| set.policies.iter().map(|policy| policy_view(state, policy, now, skipped)).collect())
            .unwrap_or_default(),
        open: open.map(TransferView::from).collect(),
        last_transfers: Vec::new(),
        rates: state
            .standing
            .rates
            .iter()
            .filter(|((from, to), _)| from != to)
            .map(|((from, to), applied)| RateView { from: *from, to: *to, rate: applied.rate, at: applied.at })
            .collect(),
        approvals_waiting: state.count(Outcome::AwaitingApproval),
        approvals: state
            .open
            .values()
            .filter(|tracked| tracked.waits_under().is_some() && tracked.intent.part == 1)
            .filter_map(ApprovalView::of)
            .collect(),
        held_policies: None,
        frozen: state
            .standing
            .frozen
            .iter()
            .map(|(wallet, frozen)| FrozenView::of(*wallet, frozen, release_by))
            .collect(),
        under_floor: state.breached.iter().map(|(wallet, breach)| UnderFloorView::of(*wallet, breach)).collect(),
        falls: state.falls.iter().map(FallView::from).collect(),
        copied_at: state.copied_at,
        last_errors: Vec::new(),
        journal_records: 0,
    }
}

fn wallet_view(state: &State, policies: Option<&PolicySet>, row: &BalanceRow, now: Timestamp) -> WalletView {
    let wallet = row.id();
    WalletView {
        wallet: row.wallet,
        currency: row.currency,
        available: row.available,
        balance: None,
        held: state.standing.held_from(wallet).unwrap_or(Amount::ZERO),
        reserve: policies.map_or(Amount::ZERO, |set| set.reserve(wallet, now)),
    }
}

fn policy_view(state: &State, policy: &Policy, now: Timestamp, skipped: &BTreeMap<String, Vec<Skip>>) -> PolicyView {
    PolicyView {
        name: policy.name.clone(),
        description: policy.description.clone(),
        schedule: policy.schedule.text().to_owned(),
        timezone: policy.schedule.zone().to_string(),
        mode: policy.mode.word().to_owned(),
        enabled: policy.enabled,
        paused: state.standing.paused.contains(&policy.name),
        last_slot: state.standing.decided.get(&policy.name).map(|decided| decided.slot),
        next_slot: policy.schedule.next(now),
        skipped: skipped.get(&policy.name).cloned().unwrap_or_default(),
    }
}
