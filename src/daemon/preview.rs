//! What would happen now: the plan with live balances, sending nothing and writing nothing.

use super::conserve::{begun_with, shown_by, take_reading};
use super::doors::{Bank, BankError};
use super::engine::foreign;
use super::operators::read_availability;
use crate::books::Conservation;
use crate::intent::State;
use crate::model::{Availability, Environment, Identity, Snapshot, Timestamp, WalletId};
use crate::money::{Currency, Rate};
use crate::plan::{Caps, Inputs, Plan, plan};
use crate::policy::{PolicySet, Rule};
use crate::settings::ConservationSettings;
use std::collections::{BTreeMap, BTreeSet};

/// A reading that nobody recorded comes after all others.
const NEWEST: u64 = u64::MAX;

/// What a plan is made from, beside the world.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// The state planned on.
    pub state: &'a State,
    /// The policies.
    pub policies: &'a PolicySet,
    /// The configuration's caps.
    pub caps: &'a Caps,
    /// Sandbox or production.
    pub environment: Environment,
    /// The instant planned for.
    pub now: Timestamp,
    /// The machine's clock.
    pub clock: Timestamp,
    /// What KPay said of its operators.
    pub availability: &'a Availability,
    /// One policy alone.
    pub only: Option<&'a str>,
    /// What a reading may show beside the one before.
    pub conservation: &'a ConservationSettings,
    /// The readings and moves to compare one with; `None`: those of the state.
    pub before: Option<&'a Conservation>,
}

impl Basis<'_> {
    /// The plan on given balances and rates.
    #[must_use]
    pub fn plan(
        &self,
        snapshot: &Snapshot,
        rates: &BTreeMap<(Currency, Currency), Rate>,
        identity: Option<&Identity>,
    ) -> Plan {
        plan(&self.inputs(snapshot, rates, identity))
    }

    /// The planner's inputs.
    #[must_use]
    pub fn inputs<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        rates: &'a BTreeMap<(Currency, Currency), Rate>,
        identity: Option<&'a Identity>,
    ) -> Inputs<'a> {
        Inputs {
            policies: self.policies,
            snapshot,
            standing: &self.state.standing,
            caps: self.caps,
            rates,
            availability: self.availability,
            identity,
            environment: self.environment,
            now: self.now,
            clock: self.clock,
            only: self.only,
        }
    }

    /// The plan as far as it goes without asking the bank: which slots are up, and which were missed.
    #[must_use]
    pub fn plan_blind(&self) -> Plan {
        let nothing = Snapshot { taken_at: self.clock, readings: BTreeMap::new(), problems: Vec::new() };
        self.plan(&nothing, &BTreeMap::new(), None)
    }

    /// The policies whose slot is up, found without asking the bank.
    #[must_use]
    pub fn due(&self) -> BTreeSet<String> {
        let plan = self.plan_blind();
        plan.policies.into_iter().filter(|policy| policy.due).map(|policy| policy.policy).collect()
    }

    /// Whether a policy whose slot is up pays out: then the operators are asked about.
    #[must_use]
    pub fn has_payouts(&self) -> bool {
        let mut policies =
            self.policies.policies.iter().filter(|policy| matches!(policy.rule, Rule::Payout(_))).peekable();
        // Without any there is nothing to find out.
        if policies.peek().is_none() {
            return false;
        }
        let due = self.due();
        policies.any(|policy| due.contains(&policy.name))
    }

    /// The pairs of currencies to ask rates for: those of the policies whose slot is up.
    #[must_use]
    pub fn pairs(&self) -> BTreeSet<(Currency, Currency)> {
        let all = self.policies.policies.iter().filter(|policy| policy.enabled);
        let mut wanted: Vec<(&str, _)> = all.map(|policy| (policy.name.as_str(), policy.rate_pairs())).collect();
        wanted.retain(|(_, pairs)| !pairs.is_empty());
        if wanted.is_empty() {
            return BTreeSet::new();
        }
        let due = self.due();
        wanted.into_iter().filter(|(name, _)| due.contains(*name)).flat_map(|(_, pairs)| pairs).collect()
    }

    /// The state as it would be if a reading were recorded: with what it freezes, or ends. Written nowhere.
    pub(super) fn with_reading(&self, snapshot: &Snapshot) -> State {
        let mut state = self.state.clone();
        let mut before = self.before.cloned().unwrap_or_else(|| begun_with(self.state));
        let frozen = &self.state.standing.frozen;
        let found = take_reading(&mut before, NEWEST, snapshot, frozen, self.conservation);
        for event in shown_by(self.conservation, self.state, snapshot, &found) {
            // What cannot be folded is not recorded either.
            let _ = state.apply(self.clock, &event);
        }
        let is_new = |wallet: &&WalletId| !frozen.contains_key(wallet);
        state.standing.foreseen = state.standing.frozen.keys().filter(is_new).copied().collect();
        state
    }

    /// Who we are by the bank's word. Nothing is planned on the state of somebody else.
    ///
    /// # Errors
    /// [`BankError`]; refused where the state is another application's.
    pub(super) async fn identity(&self, bank: &dyn Bank) -> Result<Identity, BankError> {
        let came = bank.identity().await?;
        match &self.state.identity {
            Some(known) if *known != came => Err(BankError::Refused(foreign(known, &came))),
            _ => Ok(came),
        }
    }

    /// Asks the bank for everything and plans.
    ///
    /// # Errors
    /// [`BankError`]. A rate that cannot be had is only missing.
    pub async fn preview(&self, bank: &dyn Bank) -> Result<Plan, BankError> {
        let identity = self.identity(bank).await?;
        let snapshot = bank.wallets(self.clock, &self.policies.countries()).await?;
        let state = self.with_reading(&snapshot);
        let basis = Basis { state: &state, ..*self };
        let (rates, _) = read_rates(bank, self.pairs()).await;
        if !self.has_payouts() {
            return Ok(basis.plan(&snapshot, &rates, Some(&identity)));
        }
        let availability = read_availability(bank).await;
        Ok(Basis { availability: &availability, ..basis }.plan(&snapshot, &rates, Some(&identity)))
    }
}

/// The rates that could be had, and why the others could not.
pub async fn read_rates(
    bank: &dyn Bank,
    pairs: BTreeSet<(Currency, Currency)>,
) -> (BTreeMap<(Currency, Currency), Rate>, Vec<BankError>) {
    let mut rates = BTreeMap::new();
    let mut failures = Vec::new();
    for (from, to) in pairs {
        match bank.rate(from, to).await {
            Ok(rate) => {
                rates.insert((from, to), rate);
            }
            Err(error) => failures.push(error),
        }
    }
    (rates, failures)
}
