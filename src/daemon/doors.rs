//! The doors through which the daemon reaches the world: a clock and a bank. Tests and simulations put their own behind
//! them.

use crate::intent::{Reply, Withdrawal};
use crate::kpay::GatewayPage;
use crate::model::{Availability, ExternalId, Identity, Intent, Kind, Snapshot, Timestamp};
use crate::money::{Country, Currency, Rate};
use futures_util::future::BoxFuture;
use std::any::Any;
use std::collections::BTreeSet;

/// The machine's clock.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one door to the machine's clock")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }
}

/// Why the bank could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BankError {
    /// It was reached and refuses us: keys, environment, application. Trying again changes nothing.
    #[error("{0}")]
    Refused(String),
    /// It could not be reached or understood. Nothing is known, and trying again may help.
    #[error("{0}")]
    Unavailable(String),
    /// It was not asked: the budget of requests has no place for so long as is waited for. Later it has.
    #[error("{0}")]
    UsedUp(String),
    /// It answered, and what it said is not about what was asked: it does not know the withdrawal, or tells of another.
    #[error("{0}")]
    Astray(String),
}

/// Asked right before the first byte of a transfer.
pub type MaySend<'a> = dyn Fn() -> bool + Send + Sync + 'a;

/// Leave to send one transfer now; what is in it is the bank's own affair.
pub struct Leave(pub Box<dyn Any + Send>);

/// KPay, or whatever stands in for it.
pub trait Bank: Send + Sync {
    /// Who we are there; checked against configuration and keys.
    fn identity(&self) -> BoxFuture<'_, Result<Identity, BankError>>;

    /// Reads again what it proves itself with, as after a rotation of keys. Whether it was other than before.
    fn renew_access(&self) -> BoxFuture<'_, Result<bool, BankError>> {
        Box::pin(async { Ok(false) })
    }

    /// All wallets. `countries` are those that policies name: they tell apart rows that carry no country.
    fn wallets<'a>(
        &'a self,
        taken_at: Timestamp,
        countries: &'a BTreeSet<Country>,
    ) -> BoxFuture<'a, Result<Snapshot, BankError>>;

    /// The indicative rate between two currencies.
    fn rate(&self, from: Currency, to: Currency) -> BoxFuture<'_, Result<Rate, BankError>>;

    /// Waits for what one request of this kind needs (a token for a transfer, a place in the rate limit), and takes it. What must pass before an attempt is
    /// recorded, so that an attempt never lies about while we wait. Fails at once where a long Retry-After runs.
    fn leave_to_send(&self, kind: Kind) -> BoxFuture<'_, Result<Leave, BankError>>;

    /// What a question or a leave that is under way waits for before anything of it is sent, in one sentence; `None` where
    /// nothing waits, or it is the bank that keeps us waiting.
    fn waits_for(&self) -> Option<String> {
        None
    }

    /// Whether wallets can be read while a leave to send is held: not where the budget is one request a minute.
    fn can_read_with_leave(&self) -> bool {
        true
    }

    /// What KPay says of a withdrawal that it has in hand, checked against the intent.
    fn withdrawal<'a>(&'a self, intent: &'a Intent, kpay_id: &'a str) -> BoxFuture<'a, Result<Withdrawal, BankError>>;

    /// Which operators take payouts now. An answer may be a minute old.
    fn availability(&self) -> BoxFuture<'_, Result<Availability, BankError>>;

    /// One attempt with exactly the intent's bytes. `may_send` is asked right before each request: where it says no,
    /// nothing more leaves. A future that is dropped half-way is a lost reply.
    fn transfer<'a>(&'a self, leave: Leave, intent: &'a Intent, may_send: &'a MaySend<'a>) -> BoxFuture<'a, Reply>;

    /// By how many seconds the machine's clock is ahead of the bank's, negative where it is behind, as its last reply
    /// told; `None` where none did.
    fn clock_ahead_seconds(&self) -> Option<i64> {
        None
    }

    /// KPay's hosted page for a withdrawal of ours, as long as this process knows it. Its address is for the one who is
    /// to be paid: never logged, journalled or put into an error.
    fn gateway_page(&self, external_id: &ExternalId) -> Option<GatewayPage> {
        let _ = external_id;
        None
    }
}
