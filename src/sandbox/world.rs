//! Everything the sandbox knows, behind one lock: books, used ids, tokens, limits, rates, the fault script, the log.

use super::clock::{Clock, Instant, millis};
use super::faults::Script;
use super::identity::Tokens;
use super::journal::Journal;
use super::ledger::Ledger;
use super::limiter::Limiter;
use super::random::Random;
use super::rates::Rates;
use super::reply::Reply;
use super::transfer::{self, Order};
use super::webhooks::Outbox;
use super::{Mode, SandboxError, SandboxSettings, withdrawal};
use crate::money::{Amount, Country};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An externalId within its environment.
pub(super) type IdKey = (Mode, String);

/// Balance and reserved part of each wallet, as one read showed them.
pub(super) type Reading = BTreeMap<Country, (Amount, Amount)>;

/// How many earlier readings `stale-balance` can reach back.
pub(super) const READINGS_KEPT: usize = 64;

/// A transfer or a withdrawal that was taken in but not decided: its id answers 409 so many times, then it is dropped.
struct Pending {
    conflicts_left: u32,
    country: Country,
    held: Amount,
}

pub(super) struct World {
    pub(super) settings: SandboxSettings,
    pub(super) ledger: Ledger,
    pub(super) rates: Rates,
    pub(super) tokens: Tokens,
    pub(super) limiter: Limiter,
    pub(super) script: Script,
    pub(super) log: Journal,
    pub(super) random: Random,
    pub(super) readings: BTreeMap<Mode, VecDeque<Reading>>,
    pub(super) outbox: Outbox,
    /// How often each externalId came with an accepted request to withdraw.
    pub(super) withdraw_attempts: BTreeMap<IdKey, u32>,
    /// Where the sandbox listens, without a slash at the end; empty until it does.
    pub(super) base_url: String,
    /// What the last transfer was answered, before any fault.
    pub(super) last_reply: Option<Reply>,
    used: BTreeMap<IdKey, Instant>,
    pending: BTreeMap<(Moved, IdKey), Pending>,
}

/// What an id belongs to: transfers and withdrawals have ids of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moved {
    Transfer,
    Withdrawal,
}

/// The world and its clock, shared by every connection and by [`super::Handle`].
pub(super) struct Shared {
    pub(super) clock: Clock,
    world: Mutex<World>,
}

impl Shared {
    pub(super) fn new(settings: SandboxSettings) -> Result<Self, SandboxError> {
        Ok(Self { clock: Clock::default(), world: Mutex::new(World::new(settings)?) })
    }

    /// The world, held for one short step; never across an await.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    fn new(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let mut ledger = Ledger::default();
        for (mode, wallets) in [(Mode::Test, &settings.wallets), (Mode::Production, &settings.production_wallets)] {
            for (country, opening) in wallets {
                ledger.open(mode, *country, *opening)?;
            }
        }
        Ok(Self {
            ledger,
            rates: Rates::new(settings.rates.clone(), settings.rate_cache),
            tokens: Tokens::new(settings.seed),
            limiter: Limiter::new(settings.requests_per_minute),
            script: Script::new(settings.faults.clone()),
            log: Journal::new(settings.keep_requests),
            random: Random::new(settings.seed),
            readings: BTreeMap::new(),
            outbox: Outbox::new(settings.webhook.as_deref())?,
            withdraw_attempts: BTreeMap::new(),
            base_url: String::new(),
            last_reply: None,
            used: BTreeMap::new(),
            pending: BTreeMap::new(),
            settings,
        })
    }

    /// Whether an id is in use; one older than the horizon is forgotten.
    pub(super) fn is_used(&mut self, key: &IdKey, now: Instant) -> bool {
        let Some(since) = self.used.get(key) else { return false };
        let forgotten = self.settings.forget_ids_after.is_some_and(|horizon| now >= *since + millis(horizon));
        if forgotten {
            self.used.remove(key);
        }
        !forgotten
    }

    pub(super) fn use_id(&mut self, key: IdKey, now: Instant) {
        self.used.insert(key, now);
    }

    /// Takes one in without deciding it: its money is held, its id answers 409 `conflicts` times.
    pub(super) fn hold_pending(&mut self, what: Moved, order: &Order<'_>, conflicts: u32) {
        let asked = match what {
            Moved::Transfer => transfer::to_hold(order.body),
            Moved::Withdrawal => withdrawal::to_hold(order.body),
        };
        let Some((id, country, amount)) = asked else { return };
        let is_used = match what {
            Moved::Transfer => self.is_used(&(order.mode, id.clone()), order.now),
            Moved::Withdrawal => self.payout_id_is_used(order, Some(&id)),
        };
        let key = (what, (order.mode, id));
        let available = self.ledger.wallet(order.mode, country).and_then(|wallet| wallet.available().ok());
        let fits = amount.is_positive() && available.is_some_and(|available| amount <= available);
        if !fits || is_used || self.pending.contains_key(&key) {
            return;
        }
        if self.ledger.reserve(order.mode, country, amount, true).is_ok() {
            self.pending.insert(key, Pending { conflicts_left: conflicts, country, held: amount });
        }
    }

    /// Whether an id belongs to one that is still pending; the last such answer drops it.
    pub(super) fn pending_conflict(&mut self, what: Moved, key: IdKey) -> bool {
        let key = (what, key);
        let Some(pending) = self.pending.get_mut(&key) else { return false };
        pending.conflicts_left = pending.conflicts_left.saturating_sub(1);
        if pending.conflicts_left == 0
            && let Some(dropped) = self.pending.remove(&key)
        {
            // What was added to the reserved part fits when it is taken off again.
            let _ = self.ledger.reserve(key.1.0, dropped.country, dropped.held, false);
        }
        true
    }
}
