//! A change to what a plan is made from, and the copy that it is made to.

use crate::model::{ExternalId, Reading, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::{Inputs, Standing};
use crate::policy::{FxReference, Mode, Policy, PolicySet};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What must be different. What is not mentioned stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The instant planned for: a slot of the policy. The balances are read anew then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What KPay shows in these wallets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub balances: BTreeMap<Country, Amount>,
    /// Pauses that are ended: `everything`, or a policy's name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resume: BTreeSet<String>,
    /// Frozen wallets that somebody releases.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub release: BTreeSet<Country>,
    /// Open transfers that are settled, the balances being what they are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub settled: BTreeSet<ExternalId>,
    /// KPay's indicative rates, by pair (`XAF/XOF`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, Rate>,
    /// What is written in the policy.
    #[serde(default, skip_serializing_if = "Setting::is_empty")]
    pub set: Setting,
}

/// What is written in the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// `enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `mode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `fx: { allow }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fx_allow: Option<bool>,
    /// `fx: { reference: { … } }`: rates by pair, beside those that are written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reference: BTreeMap<String, Rate>,
    /// `priority`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
}

/// The word for the pause of everything.
pub(super) const EVERYTHING: &str = "everything";

impl Setting {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a plan is made from, as a copy that may be changed.
pub(super) struct Premise {
    pub(super) policies: PolicySet,
    pub(super) snapshot: Snapshot,
    pub(super) standing: Standing,
    pub(super) rates: BTreeMap<(Currency, Currency), Rate>,
    pub(super) now: Timestamp,
    pub(super) clock: Timestamp,
}

impl Premise {
    pub(super) fn of(inputs: &Inputs<'_>) -> Self {
        // The files' text is no part of any decision.
        let policies = PolicySet {
            hash: String::new(),
            policies: inputs.policies.policies.clone(),
            reserves: inputs.policies.reserves.clone(),
            calendar: inputs.policies.calendar.clone(),
            files: Vec::new(),
        };
        Self {
            policies,
            snapshot: inputs.snapshot.clone(),
            standing: inputs.standing.clone(),
            rates: inputs.rates.clone(),
            now: inputs.now,
            clock: inputs.clock,
        }
    }

    /// The inputs of a plan on this copy; what cannot be changed is taken from the original.
    pub(super) fn inputs<'p>(&'p self, original: &Inputs<'p>) -> Inputs<'p> {
        Inputs {
            policies: &self.policies,
            snapshot: &self.snapshot,
            standing: &self.standing,
            rates: &self.rates,
            now: self.now,
            clock: self.clock,
            ..*original
        }
    }

    /// Makes a change for one policy.
    pub(super) fn apply(&mut self, change: &Change, policy: &str) {
        if let Some(at) = change.at {
            self.now = at;
            self.clock = self.clock.max(at);
            self.snapshot.taken_at = self.snapshot.taken_at.max(at);
        }
        for (country, amount) in &change.balances {
            self.show(*country, *amount);
        }
        for what in &change.resume {
            if what == EVERYTHING {
                self.standing.paused_all = false;
            }
            self.standing.paused.remove(what);
        }
        self.standing.frozen.retain(|wallet, _| !change.release.contains(&wallet.country));
        self.standing.holds.retain(|_, hold| !change.settled.contains(&hold.external_id));
        for (pair, rate) in &change.rates {
            if let Some(pair) = pair_of(pair) {
                self.rates.insert(pair, *rate);
            }
        }
        if let Some(policy) = self.policies.policies.iter_mut().find(|it| it.name == policy) {
            change.set.apply(policy);
        }
        self.policies.policies.sort_by(|left, right| left.rank().cmp(&right.rank()));
    }

    /// Lets KPay show an amount in a wallet.
    pub(super) fn show(&mut self, country: Country, amount: Amount) {
        if let Some(wallet) = WalletId::of(country) {
            self.snapshot.readings.insert(wallet, Reading { available: amount, balance: None });
            self.snapshot.problems.retain(|problem| problem.country != Some(country));
        }
    }
}

impl Setting {
    fn apply(&self, policy: &mut Policy) {
        if let Some(enabled) = self.enabled {
            policy.enabled = enabled;
        }
        if self.mode.as_deref() == Some(Mode::Live.word()) {
            policy.mode = Mode::Live;
        }
        if let Some(allow) = self.fx_allow {
            policy.fx.allow = allow;
        }
        if !self.reference.is_empty() {
            let written = match policy.fx.reference.take() {
                Some(FxReference::Fixed(written)) => written,
                Some(FxReference::Peg | FxReference::Last) | None => BTreeMap::new(),
            };
            let more = self.reference.iter().filter_map(|(pair, rate)| Some((pair_of(pair)?, *rate)));
            policy.fx.reference = Some(FxReference::Fixed(written.into_iter().chain(more).collect()));
        }
        if let Some(priority) = self.priority {
            policy.priority = priority;
        }
    }
}

/// `XAF/XOF`.
pub(super) fn pair_text(from: Currency, to: Currency) -> String {
    format!("{from}/{to}")
}

fn pair_of(text: &str) -> Option<(Currency, Currency)> {
    let (from, to) = text.split_once('/')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}
