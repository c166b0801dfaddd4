//! What Prometheus reads: the names of CONTRACT 8. The daemon counts what happens through typed methods; gauges are set
//! from the same [`StatusView`] that people see, so that the two cannot differ.
//!
//! The number of series is bounded whatever comes: every label comes from a closed set (`label`). No external id and
//! no text of KPay's is ever a label. Floats are for display only and stay in this room. No clock: instants and
//! durations come in.

mod family;
mod label;
mod shown;
#[cfg(test)]
mod tests;

pub use label::LimitLabel;

use crate::daemon::view::StatusView;
use crate::intent::Outcome;
use crate::kpay::Endpoint;
use crate::model::{Lane, Timestamp, WalletId};
use crate::money::Amount;
use crate::plan::Reason;
use crate::policy::PolicySet;
use family::Families;
use label::PolicyLabels;
use prometheus::{Counter, CounterVec, GaugeVec, Histogram, HistogramVec, IntCounterVec, IntGauge};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use shown::Shown;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Why metrics could not be set up or written out. Both are mistakes in this program, never in what it was given.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// A metric could not be declared.
    #[error("declaring the metric treasuryd_{name}")]
    Declare {
        /// Its name without the prefix.
        name: &'static str,
        /// What the library said.
        source: prometheus::Error,
    },
    /// The text could not be written.
    #[error("writing the metrics as text")]
    Encode(#[source] prometheus::Error),
}

/// How one evaluation of all policies ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleResult {
    /// Every due slot was decided.
    Ok,
    /// Something stood in the way: KPay unreachable, state not writable.
    Failed,
}

impl CycleResult {
    const ALL: [Self; 2] = [Self::Ok, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// What became of a webhook of KPay's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookResult {
    /// Passed on as a hint.
    Accepted,
    /// Without a signature, or with one that does not fit.
    Forged,
    /// Made too long before or after now.
    Stale,
    /// Known already.
    Repeated,
    /// About something else than a payout of ours.
    Ignored,
    /// Signed and unreadable, or too long.
    Malformed,
    /// Good, but too many waited already.
    Dropped,
}

impl WebhookResult {
    const ALL: [Self; 7] =
        [Self::Accepted, Self::Forged, Self::Stale, Self::Repeated, Self::Ignored, Self::Malformed, Self::Dropped];

    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Forged => "forged",
            Self::Stale => "stale",
            Self::Repeated => "repeated",
            Self::Ignored => "ignored",
            Self::Malformed => "malformed",
            Self::Dropped => "dropped",
        }
    }
}

/// All metrics of one daemon.
#[derive(Debug)]
pub struct Metrics {
    families: Families,
    policies: PolicyLabels,
    /// One scrape at a time: gauges are cleared before they are set.
    scrape: Mutex<()>,
    shown: Shown,
    transfers: IntCounterVec,
    transferred: CounterVec,
    skips: IntCounterVec,
    cycles: IntCounterVec,
    cycle_duration: Histogram,
    last_success: IntGauge,
    rate_pending: IntGauge,
    kpay_requests: IntCounterVec,
    kpay_duration: HistogramVec,
    rate_limit_wait: Counter,
    reload_successful: IntGauge,
    reload_at: IntGauge,
    limit_used: GaugeVec,
    /// The limits that it has by now.
    limits_shown: Mutex<BTreeSet<String>>,
    books_difference: GaugeVec,
    floor_breaches: IntCounterVec,
    webhooks: IntCounterVec,
}

impl Metrics {
    /// Declares every metric, the process collector included.
    ///
    /// # Errors
    /// [`MetricsError::Declare`] where two metrics clash.
    pub fn new() -> Result<Self, MetricsError> {
        let mut all = Families::new()?;
        let made = Self {
            shown: Shown::declare(&mut all)?,
            transfers: all.counters(
                "transfers_total",
                "Intents that reached an outcome.",
                &["policy", "from", "to", "outcome"],
            )?,
            transferred: all.amounts(
                "transferred_amount_total",
                "Money applied, in the source's currency.",
                &["policy", "from", "to", "currency"],
            )?,
            skips: all.counters("skips_total", "Lanes that got nothing at a decision.", &["policy", "reason"])?,
            cycles: all.counters("cycles_total", "Evaluations of all policies.", &["result"])?,
            cycle_duration: all.histogram("cycle_duration_seconds", "How long an evaluation took.")?,
            last_success: all.integer("last_success_timestamp_seconds", "When an evaluation last ended well.")?,
            rate_pending: all.integer("rate_pending", "Applied transfers whose rate nobody gave yet.")?,
            kpay_requests: all.counters("kpay_requests_total", "Requests to KPay.", &["endpoint", "status"])?,
            kpay_duration: all.histograms(
                "kpay_request_duration_seconds",
                "How long KPay took, lost requests included.",
                &["endpoint"],
            )?,
            rate_limit_wait: all
                .seconds("rate_limit_wait_seconds_total", "Time spent waiting for the request budget.")?,
            reload_successful: all
                .integer("policies_last_reload_successful", "1 where the last reading of the policies was good.")?,
            reload_at: all
                .integer("policies_last_reload_timestamp_seconds", "When the policies were last read, well or not.")?,
            limit_used: all.gauges("limit_used_ratio", "How much of a limit is used up, 0 to 1.", &["limit"])?,
            limits_shown: Mutex::default(),
            books_difference: all.gauges(
                "books_difference",
                "Wallet as read less wallet by the books.",
                &["wallet", "currency"],
            )?,
            floor_breaches: all.counters(
                "floor_breaches_total",
                "Times that a move of ours left a wallet with less than was to stay in it.",
                &["wallet", "currency"],
            )?,
            webhooks: all.counters("webhooks_total", "KPay's webhooks, by what became of them.", &["result"])?,
            policies: PolicyLabels::default(),
            scrape: Mutex::new(()),
            families: all,
        };
        made.start_at_zero();
        Ok(made)
    }

    /// Series whose labels are known beforehand begin at zero, so that a first increase is seen as one.
    fn start_at_zero(&self) {
        for result in CycleResult::ALL {
            self.cycles.with_label_values(&[result.word()]);
        }
        for result in WebhookResult::ALL {
            self.webhooks.with_label_values(&[result.word()]);
        }
        for endpoint in Endpoint::ALL.map(Endpoint::word) {
            self.kpay_requests.with_label_values(&[endpoint, "200"]);
            self.kpay_duration.with_label_values(&[endpoint]);
        }
        self.limit_used.with_label_values(&[LimitLabel::TransfersPerHour.text(&self.policies).as_str()]);
    }

    /// Policies came into force: their lanes' counters begin at zero.
    pub fn policies_in_force(&self, policies: &PolicySet) {
        for policy in &policies.policies {
            let name = self.policies.label(Some(&policy.name));
            for lane in policy.lanes() {
                let (from, to) = (label::country(lane.from.country), label::destination(lane.to));
                for outcome in [Outcome::Applied, Outcome::Rejected, Outcome::Unknown, Outcome::NeedsOperator] {
                    self.transfers.with_label_values(&[name.as_str(), from, to, outcome.word()]);
                }
                if let Some(wallet) = label::wallet(lane.from) {
                    self.floor_breaches.with_label_values(&wallet);
                }
                let currency = label::currency(lane.from.currency);
                self.transferred.with_label_values(&[name.as_str(), from, to, currency]);
            }
        }
    }

    /// An intent reached an outcome. `policy` is `None` for a manual move.
    pub fn transfer_outcome(&self, policy: Option<&str>, lane: Lane, outcome: Outcome) {
        let policy = self.policies.label(policy);
        let (from, to) = (label::country(lane.from.country), label::destination(lane.to));
        let labels = [policy.as_str(), from, to, outcome.word()];
        self.transfers.with_label_values(&labels).inc();
    }

    /// Money was applied: `amount` left the source, in its `currency`.
    pub fn transferred(&self, policy: Option<&str>, lane: Lane, amount: Amount) {
        if !amount.is_positive() {
            return;
        }
        let policy = self.policies.label(policy);
        let (from, to) = (label::country(lane.from.country), label::destination(lane.to));
        let labels = [policy.as_str(), from, to, label::currency(lane.from.currency)];
        self.transferred.with_label_values(&labels).inc_by(for_display(amount.decimal()));
    }

    /// A lane got nothing at a decision.
    pub fn skip(&self, policy: &str, reason: Reason) {
        let policy = self.policies.label(Some(policy));
        self.skips.with_label_values(&[policy.as_str(), reason.word()]).inc();
    }

    /// An evaluation of all policies ended at `at` after `took`.
    pub fn cycle(&self, result: CycleResult, took: Duration, at: Timestamp) {
        self.cycles.with_label_values(&[result.word()]).inc();
        self.cycle_duration.observe(took.as_secs_f64());
        if result == CycleResult::Ok {
            self.last_success.set(at.timestamp());
        }
    }

    /// A request to KPay ended; `status` is `None` where no answer came.
    pub fn kpay_request(&self, endpoint: Endpoint, status: Option<u16>, took: Duration) {
        let endpoint = endpoint.word();
        self.kpay_requests.with_label_values(&[endpoint, label::status(status)]).inc();
        self.kpay_duration.with_label_values(&[endpoint]).observe(took.as_secs_f64());
    }

    /// A request had to wait for the request budget or a Retry-After.
    pub fn rate_limit_waited(&self, waited: Duration) {
        self.rate_limit_wait.inc_by(waited.as_secs_f64());
    }

    /// The policies were read again, well or not.
    pub fn reload(&self, successful: bool, at: Timestamp) {
        self.reload_successful.set(i64::from(successful));
        self.reload_at.set(at.timestamp());
    }

    /// How much of each limit is used, and of how much; limits that are not among them are shown no more. A limit of zero
    /// counts as used up.
    pub fn limits_used<'a>(&self, limits: impl IntoIterator<Item = (LimitLabel<'a>, Decimal, Decimal)>) {
        let mut before = self.limits_shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeSet::new();
        for (limit, used, limited_to) in limits {
            let ratio = used.checked_div(limited_to).unwrap_or(Decimal::ONE);
            let label = limit.text(&self.policies);
            self.limit_used.with_label_values(&[label.as_str()]).set(for_display(ratio));
            now.insert(label);
        }
        for gone in before.difference(&now) {
            // It is there: nobody else takes one away.
            let _ = self.limit_used.remove_label_values(&[gone.as_str()]);
        }
        *before = now;
    }

    /// How many applied transfers have no rate yet.
    pub fn rate_pending(&self, transfers: usize) {
        self.rate_pending.set(whole(transfers));
    }

    /// What a wallet holds as read, less what it should hold by the books.
    pub fn books_difference(&self, wallet: WalletId, difference: Amount) {
        if let Some([country, currency]) = label::wallet(wallet) {
            self.books_difference.with_label_values(&[country, currency]).set(for_display(difference.decimal()));
        }
    }

    /// A move of ours left a wallet with less than was to stay in it.
    pub fn floor_breach(&self, wallet: WalletId) {
        if let Some(labels) = label::wallet(wallet) {
            self.floor_breaches.with_label_values(&labels).inc();
        }
    }

    /// A webhook of KPay's came.
    pub fn webhook(&self, result: WebhookResult) {
        self.webhooks.with_label_values(&[result.word()]).inc();
    }

    /// The whole text for one scrape, gauges as of `view`.
    ///
    /// # Errors
    /// [`MetricsError::Encode`] where the library cannot write what it gathered.
    pub fn render(&self, view: &StatusView) -> Result<String, MetricsError> {
        let _alone = self.scrape.lock().unwrap_or_else(PoisonError::into_inner);
        self.shown.set_from(view, &self.policies);
        self.families.text()
    }
}

/// A decimal as a float, for display only: money is never computed from it. Beyond a float's range it is not a number.
fn for_display(decimal: Decimal) -> f64 {
    decimal.to_f64().unwrap_or(f64::NAN)
}

/// A count as the library's integer.
fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
