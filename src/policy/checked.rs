//! The checked form of policies: what the planner works from.

use crate::model::WalletId;
use crate::money::{Amount, Currency, Money};
use crate::slot::Schedule;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// All policies in force, from one consistent reading of all files.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    /// SHA-256 (hex, lower case) over every file's name and bytes.
    pub hash: String,
    /// Ordered by priority, then name.
    pub policies: Vec<Policy>,
    /// Floors that no policy and no manual move may break.
    pub reserves: BTreeMap<WalletId, Amount>,
}

/// One policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Kebab-case, unique over all files.
    pub name: String,
    /// For people; may be empty.
    pub description: String,
    /// The file it stands in, as given to the parser.
    pub file: String,
    /// 1-based line of its `name`.
    pub line: usize,
    /// When it fires: cron, zone and holidays.
    pub schedule: Schedule,
    /// What it does.
    pub rule: Rule,
    /// Bounds on its moves.
    pub limits: Limits,
    /// Whether and how currencies may be crossed.
    pub fx: Fx,
    /// Live, or decide and report only.
    pub mode: Mode,
    /// Switched off policies are reported, never run.
    pub enabled: bool,
    /// Lower first; ties by name.
    pub priority: i64,
    /// A slot older than this is missed.
    pub catch_up: TimeDelta,
    /// The `tests:` blocks that name this policy's expectations.
    pub tests: Vec<PolicyTest>,
}

/// What a policy does. More kinds come with later versions of the language.
#[derive(Debug, Clone)]
pub enum Rule {
    /// Send surplus from sources into one wallet.
    Sweep(Sweep),
}

/// `sweep`: each source that holds strictly more than `above` sends what is over `keep`, in the order written.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// In the order written; each wallet at most once.
    pub sources: Vec<Source>,
    /// Where it goes; never one of the sources.
    pub into: WalletId,
}

/// One source of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The wallet that is debited.
    pub wallet: WalletId,
    /// The trigger: strictly more than this, in the wallet's currency.
    pub above: Amount,
    /// What stays; at most `above`.
    pub keep: Amount,
}

/// Bounds, by source currency. A currency without an entry has no such bound.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The smallest amount worth moving over a lane (the whole lane, not a part).
    pub min_transfer: BTreeMap<Currency, Amount>,
    /// The largest single transfer; larger amounts are split.
    pub max_transfer: BTreeMap<Currency, Amount>,
    /// The most this policy moves in one slot, per source currency.
    pub max_per_slot: BTreeMap<Currency, Amount>,
    /// The most this policy moves on one local day of its slots, per source currency.
    pub max_per_day: BTreeMap<Currency, Amount>,
    /// Amounts and parts are multiples of this.
    pub round_down_to: BTreeMap<Currency, Amount>,
}

/// Foreign exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fx {
    /// Whether lanes between two currencies are allowed.
    pub allow: bool,
}

/// Whether decisions are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Decide and send.
    #[default]
    Live,
    /// Decide and report, never send.
    Shadow,
}

/// One entry of a policy's `tests:` block.
#[derive(Debug, Clone)]
pub struct PolicyTest {
    /// What it shows.
    pub name: String,
    /// 1-based line of the entry.
    pub line: usize,
    /// The wallets and what they hold.
    pub balances: BTreeMap<WalletId, Amount>,
    /// Every transfer the policy must plan, in order; empty: it must plan none.
    pub expect: Vec<ExpectedMove>,
}

/// One expected transfer of a policy test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedMove {
    /// The wallet that is debited.
    pub from: WalletId,
    /// The wallet that is credited.
    pub to: WalletId,
    /// How much leaves the source over the lane (all parts together).
    pub amount: Money,
}

impl Policy {
    /// The lanes of the policy, in the order they are considered.
    #[must_use]
    pub fn lanes(&self) -> Vec<crate::model::Lane> {
        match &self.rule {
            Rule::Sweep(sweep) => {
                sweep.sources.iter().map(|source| crate::model::Lane { from: source.wallet, to: sweep.into }).collect()
            }
        }
    }
}

impl PolicySet {
    /// The policy of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// The reserve of a wallet; zero where none is set.
    #[must_use]
    pub fn reserve(&self, wallet: WalletId) -> Amount {
        self.reserves.get(&wallet).copied().unwrap_or(Amount::ZERO)
    }

    /// Every country that a policy or reserve names.
    #[must_use]
    pub fn countries(&self) -> BTreeSet<crate::money::Country> {
        let lanes = self.policies.iter().flat_map(Policy::lanes);
        let wallets = lanes.flat_map(|lane| [lane.from, lane.to]).chain(self.reserves.keys().copied());
        wallets.map(|wallet| wallet.country).collect()
    }
}
