//! The door from inside the process: what tests and the demo read and change without HTTP.

use super::faults::Script;
use super::identity::KeyPair;
use super::ledger::Wallet;
use super::world::Shared;
use super::{
    AcceptedWithdrawal, AppliedTransfer, Counters, Mode, OperatorStatus, RefusedTransfer, RequestRecord, Rule,
    SandboxError, WebhookTry, clock::Instant,
};
use crate::money::{Amount, Country, Currency, Rate};
use chrono::TimeDelta;
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The sandbox's world from inside the process. Cloning it gives another door to the same world.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// The books at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Books {
    /// On the sandbox's clock.
    pub at: Instant,
    /// `None` when every balance is what its entries say; else the first thing that is wrong.
    pub wrong: Option<String>,
    /// Both environments.
    pub wallets: Vec<Wallet>,
    /// In the order they were applied.
    pub transfers: Vec<AppliedTransfer>,
    /// In the order they were taken in.
    pub withdrawals: Vec<AcceptedWithdrawal>,
    /// The newest, as many as the log keeps.
    pub refused: Vec<RefusedTransfer>,
    /// Tries to deliver webhooks, oldest first; the newest, as many as the log keeps.
    pub webhooks: Vec<WebhookTry>,
    /// Ids that were applied more than once, with how often: possible only where ids are forgotten.
    pub applied_twice: BTreeMap<String, usize>,
    /// Running totals.
    pub counters: Counters,
    /// Each fault rule with how often it was played.
    pub faults: Vec<(String, u32)>,
}

impl Books {
    /// The wallet of a country in the `TEST` environment.
    #[must_use]
    pub fn wallet(&self, country: Country) -> Option<&Wallet> {
        self.wallets.iter().find(|wallet| wallet.environment == Mode::Test && wallet.country == country)
    }

    /// Its balance; `None` where there is no such wallet.
    #[must_use]
    pub fn balance(&self, country: Country) -> Option<Amount> {
        self.wallet(country).map(|wallet| wallet.balance)
    }

    /// The withdrawals taken in under an externalId.
    #[must_use]
    pub fn withdrawn(&self, external_id: &str) -> Vec<&AcceptedWithdrawal> {
        self.withdrawals.iter().filter(|entry| entry.external_id.as_deref() == Some(external_id)).collect()
    }

    /// The transfers applied under an externalId.
    #[must_use]
    pub fn applied(&self, external_id: &str) -> Vec<&AppliedTransfer> {
        self.transfers.iter().filter(|entry| entry.external_id.as_deref() == Some(external_id)).collect()
    }
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The books now.
    #[must_use]
    pub fn books(&self) -> Books {
        books(&self.shared)
    }

    /// The newest requests, as many as the log keeps, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.world().log.requests()
    }

    /// Recomputes every balance from the entries.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), String> {
        self.shared.world().ledger.check()
    }

    /// The most requests in any sliding minute that the log still holds, refused ones included.
    #[must_use]
    pub fn busiest_minute(&self) -> usize {
        let times: Vec<Instant> = self.requests().into_iter().map(|record| record.at).collect();
        let mut oldest = 0;
        let mut most = 0;
        for (index, at) in times.iter().enumerate() {
            while times[oldest] + TimeDelta::seconds(60) <= *at {
                oldest += 1;
            }
            most = most.max(index + 1 - oldest);
        }
        most
    }

    /// Money from outside, e.g. a customer's payment, into a `TEST` wallet; opens it where there is none.
    ///
    /// # Errors
    /// An amount that is not above zero, a country outside KPay's table.
    pub fn deposit(&self, country: Country, amount: Amount) -> Result<(), SandboxError> {
        self.shared.world().ledger.deposit(Mode::Test, country, amount)
    }

    /// Money to outside out of a `TEST` wallet.
    ///
    /// # Errors
    /// More than is available, no such wallet.
    pub fn withdraw(&self, country: Country, amount: Amount) -> Result<(), SandboxError> {
        self.shared.world().ledger.withdraw(Mode::Test, country, amount)
    }

    /// Moves a rate; it shows when the cache of the old one ends.
    pub fn set_rate(&self, from: Currency, to: Currency, rate: Rate) {
        self.shared.world().rates.set((from, to), rate);
    }

    /// Sets what `availability` says of an operator; a closed one refuses withdrawals with 500.
    pub fn set_operator(&self, code: &str, status: OperatorStatus) {
        self.shared.world().settings.operators.insert(code.to_owned(), status);
    }

    /// Ends a withdrawal by hand, whatever its number would decide: completed without a reason, failed with one. `false`
    /// where there is none under way with that externalId.
    #[must_use]
    pub fn end_withdrawal(&self, external_id: &str, reason: Option<&str>) -> bool {
        let now = self.shared.clock.now();
        self.shared.world().end_payout(external_id, reason, now)
    }

    /// Accepts only these keys from here on, as after a rotation; tokens of others end at once.
    pub fn set_keys(&self, keys: Vec<KeyPair>) {
        let mut world = self.shared.world();
        world.tokens.keep_only(&keys);
        world.settings.keys = keys;
    }

    /// Sends webhooks to `url` from now on, as [`super::SandboxSettings::webhook`] does from the start.
    ///
    /// # Errors
    /// An address that is not plain HTTP on this machine.
    pub fn set_webhook(&self, url: &str) -> Result<(), SandboxError> {
        self.shared.world().outbox.receiver = Some(url.parse()?);
        Ok(())
    }

    /// Replaces the fault script.
    ///
    /// # Errors
    /// [`SandboxError::Fault`] for the first rule that cannot be read; the old script stays.
    pub fn set_faults<T: AsRef<str>>(&self, rules: &[T]) -> Result<(), SandboxError> {
        let rules = rules.iter().map(|rule| rule.as_ref().parse()).collect::<Result<Vec<Rule>, _>>()?;
        self.shared.world().script = Script::new(rules);
        Ok(())
    }

    /// Pushes the sandbox's clock forward: tokens age, the rate cache ends, late transfers land, ids are forgotten.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }
}

pub(super) fn books(shared: &Shared) -> Books {
    let mut world = shared.world();
    let now = shared.clock.now();
    world.follow_payouts(now);
    let transfers = world.ledger.transfers().to_vec();
    Books {
        at: now,
        wrong: world.ledger.check().err(),
        wallets: world.ledger.wallets().cloned().collect(),
        withdrawals: world.payouts_with_attempts(),
        applied_twice: applied_twice(&transfers),
        transfers,
        refused: world.log.refused(),
        webhooks: world.log.webhooks(),
        counters: world.log.counters,
        faults: world.script.played(),
    }
}

fn applied_twice(transfers: &[AppliedTransfer]) -> BTreeMap<String, usize> {
    let mut times: BTreeMap<(Mode, &str), usize> = BTreeMap::new();
    for entry in transfers {
        if let Some(id) = &entry.external_id {
            *times.entry((entry.environment, id)).or_default() += 1;
        }
    }
    times.into_iter().filter(|(_, count)| *count > 1).map(|((_, id), count)| (id.to_owned(), count)).collect()
}
