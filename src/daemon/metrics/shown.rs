//! The gauges that are set from the view at each scrape, so that what is gone from the view is gone from the metrics.

use super::family::Families;
use super::label::{self, PolicyLabels};
use super::{MetricsError, for_display, whole};
use crate::daemon::view::{PolicyView, StatusView, TransferView, WalletView};
use crate::intent::Outcome;
use crate::model::{Timestamp, WalletId};
use prometheus::{Gauge, GaugeVec, IntGauge, IntGaugeVec};

/// The label of the kill switch for everything; no policy can have this name.
const EVERYTHING: &str = "*";

#[derive(Debug)]
pub(super) struct Shown {
    build: IntGaugeVec,
    balance: GaugeVec,
    available: GaugeVec,
    balance_age: Gauge,
    frozen: IntGaugeVec,
    open: IntGaugeVec,
    oldest_open: Gauge,
    rate: GaugeVec,
    policies: IntGauge,
    approvals: IntGauge,
    held: IntGauge,
    paused: IntGaugeVec,
    ready: IntGauge,
    journal: IntGauge,
}

impl Shown {
    pub(super) fn declare(all: &mut Families) -> Result<Self, MetricsError> {
        let wallet = ["wallet", "currency"];
        let shown = Self {
            build: all.integers("build_info", "Always 1; the version is its label.", &["version"])?,
            balance: all.gauges("wallet_balance", "KPay's whole balance, or the available one.", &wallet)?,
            available: all.gauges("wallet_available", "KPay's available balance.", &wallet)?,
            balance_age: all.gauge("balance_age_seconds", "Age of the balances; inf before the first reading.")?,
            frozen: all.integers("wallet_frozen", "1 where nothing new may leave the wallet.", &wallet)?,
            open: all.integers("open_intents", "Intents that are not final.", &["state"])?,
            oldest_open: all.gauge("oldest_open_intent_seconds", "Age of the oldest open intent; 0 without one.")?,
            rate: all.gauges("exchange_rate", "The last applied rate.", &["from", "to"])?,
            policies: all.integer("policies_loaded", "Policies in force.")?,
            approvals: all.integer("approvals_waiting", "Intents that wait for approval.")?,
            held: all.integer("policies_held", "1 where policies on disk wait for `policies accept`.")?,
            paused: all.integers("paused", "1 where paused; * is everything.", &["policy"])?,
            ready: all.integer("ready", "1 where /readyz says 200.")?,
            journal: all.integer("journal_records", "Records in the journal.")?,
        };
        shown.build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(shown)
    }

    pub(super) fn set_from(&self, view: &StatusView, names: &PolicyLabels) {
        self.set_balances(view);
        self.set_frozen(view);
        self.set_open(&view.open, view.at);
        self.set_paused(view.paused, &view.policies, names);
        self.rate.reset();
        for rate in &view.rates {
            let Some(labels) = label::pair(rate.from, rate.to) else { continue };
            self.rate.with_label_values(&labels).set(for_display(rate.rate.decimal()));
        }
        self.policies.set(whole(view.policies.len()));
        self.approvals.set(whole(view.approvals_waiting));
        self.held.set(i64::from(view.held_policies.is_some()));
        self.ready.set(i64::from(view.ready));
        self.journal.set(i64::try_from(view.journal_records).unwrap_or(i64::MAX));
    }

    fn set_balances(&self, view: &StatusView) {
        self.balance_age.set(view.balances_read_at.map_or(f64::INFINITY, |read_at| age_seconds(view.at, read_at)));
        self.balance.reset();
        self.available.reset();
        for WalletView { wallet, currency, available, balance, .. } in &view.balances {
            let Some(labels) = label::wallet(WalletId { country: *wallet, currency: *currency }) else { continue };
            self.available.with_label_values(&labels).set(for_display(available.decimal()));
            self.balance.with_label_values(&labels).set(for_display(balance.unwrap_or(*available).decimal()));
        }
    }

    /// Also for a frozen wallet that KPay does not show any more.
    fn set_frozen(&self, view: &StatusView) {
        self.frozen.reset();
        let shown = view.balances.iter().map(|row| (row.wallet, row.currency, 0));
        let frozen = view.frozen.iter().map(|frozen| (frozen.wallet, frozen.currency, 1));
        for (country, currency, is_frozen) in shown.chain(frozen) {
            let Some(labels) = label::wallet(WalletId { country, currency }) else { continue };
            self.frozen.with_label_values(&labels).set(is_frozen);
        }
    }

    fn set_open(&self, open: &[TransferView], now: Timestamp) {
        let states = || Outcome::ALL.into_iter().filter(|outcome| outcome.is_open()).map(Outcome::word);
        for state in states() {
            let count = open.iter().filter(|transfer| transfer.state == state).count();
            self.open.with_label_values(&[state]).set(whole(count));
        }
        // An applied transfer whose rate is pending is in the view, and is no open intent.
        let is_open = |transfer: &&TransferView| states().any(|state| transfer.state == state);
        let oldest = open.iter().filter(is_open).map(|transfer| transfer.created_at).min();
        self.oldest_open.set(oldest.map_or(0.0, |since| age_seconds(now, since)));
    }

    fn set_paused(&self, everything: bool, policies: &[PolicyView], names: &PolicyLabels) {
        self.paused.reset();
        self.paused.with_label_values(&[EVERYTHING]).set(i64::from(everything));
        for policy in policies {
            let name = names.label(Some(&policy.name));
            self.paused.with_label_values(&[name.as_str()]).set(i64::from(policy.paused));
        }
    }
}

/// Never below zero: a clock that was set back makes nothing younger than now.
fn age_seconds(now: Timestamp, then: Timestamp) -> f64 {
    (now - then).as_seconds_f64().max(0.0)
}
