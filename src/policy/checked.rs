//! The checked form of policies: what the planner works from.

use super::SourceFile;
use crate::model::{End, Kind, Lane, Payee, Reason, Timestamp, WalletId};
use crate::money::{Amount, Country, Currency, Money, Percent, Rate};
use crate::slot::{MonthDays, Schedule};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// All policies in force, from one consistent reading of all files.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    /// SHA-256 (hex, lower case) over every file's name and bytes.
    pub hash: String,
    /// Ordered by priority, then name.
    pub policies: Vec<Policy>,
    /// Floors that no policy and no manual move may break, on every day.
    pub reserves: BTreeMap<WalletId, Amount>,
    /// Floors that hold on some days of the month only, beside those of every day.
    pub calendar: Vec<CalendarReserve>,
    /// The files they were read from, as read.
    pub files: Vec<SourceFile>,
}

/// A floor for some days of each month: `{ wallet: CMR, amount: 5_000_000 XAF, during: "24..2" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarReserve {
    /// Whose floor.
    pub wallet: WalletId,
    /// How high, in the wallet's currency.
    pub amount: Amount,
    /// On which days of the month, by the local date in `zone`.
    pub during: MonthDays,
    /// The file's time zone.
    pub zone: Tz,
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
    /// When it fires: cron, zone, holidays, active dates and cut-off.
    pub schedule: Schedule,
    /// What it does.
    pub rule: Rule,
    /// Bounds on its moves.
    pub limits: Limits,
    /// Whether and how currencies may be crossed.
    pub fx: Fx,
    /// Above which amount a person must approve; `None`: never.
    pub approval: Option<Approval>,
    /// Live, canary, or decide and report only.
    pub mode: Mode,
    /// How little a canary moves. Always there in [`Mode::Canary`]; without effect in the other modes.
    pub canary: Option<Canary>,
    /// Switched off policies are reported, never run.
    pub enabled: bool,
    /// Lower first; ties by name.
    pub priority: i64,
    /// A slot older than this is missed.
    pub catch_up: TimeDelta,
    /// Local dates on which lanes from or to a country do not move: those of all files and the policy's own.
    pub closed: BTreeMap<Country, BTreeSet<NaiveDate>>,
    /// The `tests:` blocks that name this policy's expectations.
    pub tests: Vec<PolicyTest>,
}

/// What a policy does.
#[derive(Debug, Clone)]
pub enum Rule {
    /// Send surplus from sources into one wallet.
    Sweep(Sweep),
    /// Bring one wallet up to a level.
    TopUp(TopUp),
    /// Keep several wallets at their shares of the whole.
    Rebalance(Rebalance),
    /// Pay the surplus of a wallet out to somebody.
    Payout(Payout),
}

/// `sweep`: each source that holds strictly more than `above` sends what is over `keep`, in the order written.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// In the order written; each wallet at most once.
    pub sources: Vec<Source>,
    /// Where it goes; never one of the sources.
    pub into: WalletId,
    /// How much of the surplus goes.
    pub portion: Portion,
}

/// `payout`: when the source holds strictly more than `above`, what is over `keep` is paid out.
#[derive(Debug, Clone)]
pub struct Payout {
    /// The wallet that is debited, with its trigger and what stays.
    pub source: Source,
    /// Who receives it.
    pub to: Payee,
    /// The name that the policy gives them, from `beneficiaries`.
    pub name: Option<String>,
}

/// How much of what a source holds over its floor a sweep sends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Portion {
    /// All of it.
    #[default]
    Surplus,
    /// This share of it, rounded down; more than 0 %, at most 100 %.
    Fraction(Percent),
    /// Exactly this, by source currency, or nothing where the source holds less over its floor.
    Fixed(BTreeMap<Currency, Amount>),
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

/// `top_up`: when the wallet holds strictly less than `below`, bring it to `to` from the sources, in order.
#[derive(Debug, Clone)]
pub struct TopUp {
    /// The wallet that is filled.
    pub wallet: WalletId,
    /// The trigger: strictly less than this, in its currency.
    pub below: Amount,
    /// The level it is brought to; at least `below`.
    pub to: Amount,
    /// In the order written; each wallet at most once, never the wallet itself.
    pub sources: Vec<TopUpSource>,
}

/// One source of a top-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUpSource {
    /// The wallet that is debited.
    pub wallet: WalletId,
    /// What stays in it, beside its reserve; zero where nothing is written.
    pub keep: Amount,
}

/// `rebalance`: when any share is off by more than `tolerance` points, move to the weights.
#[derive(Debug, Clone)]
pub struct Rebalance {
    /// Each wallet's share of the whole, in the order written; two or more, together exactly 100 %.
    pub weights: Vec<(WalletId, Percent)>,
    /// How many points a share may be off.
    pub tolerance: Percent,
    /// The currency the wallets are compared in.
    pub base: Currency,
}

/// Bounds, by source currency. A currency without an entry has no such bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fx {
    /// Whether lanes between two currencies are allowed.
    pub allow: bool,
    /// How far KPay's rate may be from the reference, either way; `None`: it is not compared.
    pub max_spread: Option<Percent>,
    /// What the rate is compared with; `None`: the peg where there is one, else the last applied rate.
    pub reference: Option<FxReference>,
}

/// What a rate is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FxReference {
    /// The euro's peg: 1 between XAF and XOF.
    Peg,
    /// The rate KPay last applied to the same pair.
    Last,
    /// Written rates, by (source, destination): units of the second for one of the first.
    Fixed(BTreeMap<(Currency, Currency), Rate>),
}

/// Who must agree to large amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// A lane's amount of one slot, all parts together, strictly above this waits; by source currency.
    pub above: BTreeMap<Currency, Amount>,
    /// How many people must approve; 1 or more.
    pub approvers: u8,
    /// Who may; empty: anybody.
    pub from: Vec<String>,
    /// From the slot on; what is not approved by then is cancelled. `None`: the policy's `catch_up`.
    pub within: Option<TimeDelta>,
}

/// Whether decisions are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Mode {
    /// Decide and report, never send.
    Shadow,
    /// Decide as if live and send a small share.
    Canary,
    /// Decide and send.
    #[default]
    Live,
}

impl Mode {
    /// The word of the policy file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Live => "live",
        }
    }

    /// Whether anything is sent at all.
    #[must_use]
    pub fn sends(self) -> bool {
        self != Self::Shadow
    }
}

/// The most a canary moves over one lane in one slot: the smaller of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Of what it would move if it were live.
    pub share: Percent,
    /// By source currency; a currency without an entry is bounded by the share alone.
    pub max: BTreeMap<Currency, Amount>,
}

/// One entry of a policy's `tests:` block.
#[derive(Debug, Clone)]
pub struct PolicyTest {
    /// What it shows.
    pub name: String,
    /// 1-based line of the entry.
    pub line: usize,
    /// The instant it plays at; `None`: the slot is due, whatever the schedule says.
    pub at: Option<Timestamp>,
    /// The wallets and what they hold.
    pub balances: BTreeMap<WalletId, Amount>,
    /// KPay's indicative rates; a pair that is not here has the rate 1.
    pub rates: BTreeMap<(Currency, Currency), Rate>,
    /// Movements of ours that are open.
    pub open: Vec<ExpectedMove>,
    /// Every transfer the policy must plan, in order; empty: it must plan none.
    pub expect: Vec<ExpectedMove>,
    /// Lanes that must get nothing, each for this reason.
    pub refused: Vec<ExpectedReason>,
}

/// One transfer of a policy test, expected or open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedMove {
    /// The wallet that is debited.
    pub from: WalletId,
    /// Where the money goes.
    pub to: End,
    /// How much leaves the source over the lane (all parts together).
    pub amount: Money,
}

/// One expected reason of a policy test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedReason {
    /// The lane that gets nothing.
    pub lane: Lane,
    /// Why.
    pub reason: Reason,
}

impl Policy {
    /// Its order among all policies: lower goes first.
    #[must_use]
    pub fn rank(&self) -> (i64, &str) {
        (self.priority, &self.name)
    }

    /// A live policy without limits, of the default priority and `catch_up`.
    #[must_use]
    pub fn bare(name: &str, schedule: Schedule, rule: Rule) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            file: String::new(),
            line: 1,
            schedule,
            rule,
            limits: Limits::default(),
            fx: Fx::default(),
            approval: None,
            mode: Mode::default(),
            canary: None,
            enabled: true,
            priority: 100,
            catch_up: TimeDelta::hours(6),
            closed: BTreeMap::new(),
            tests: Vec::new(),
        }
    }

    /// The lanes of the policy, in the order they are considered.
    #[must_use]
    pub fn lanes(&self) -> Vec<Lane> {
        self.rule.lanes()
    }

    /// The pairs of currencies (source, destination) whose rates its decisions need: those that its lanes cross, and,
    /// where it compares wallets of several currencies, those into the currency it compares them in.
    #[must_use]
    pub fn rate_pairs(&self) -> BTreeSet<(Currency, Currency)> {
        if !self.fx.allow {
            return BTreeSet::new();
        }
        let lanes = self.lanes().into_iter().filter(|lane| lane.crosses_currencies());
        let mut pairs: BTreeSet<_> = lanes.map(|lane| (lane.from.currency, lane.to.currency)).collect();
        if let Rule::Rebalance(rebalance) = &self.rule
            && !pairs.is_empty()
        {
            let currencies = rebalance.weights.iter().map(|(wallet, _)| wallet.currency);
            pairs.extend(currencies.filter(|it| *it != rebalance.base).map(|it| (it, rebalance.base)));
        }
        pairs
    }

    /// The floor that the rule itself sets for a wallet it takes from, without reserves.
    #[must_use]
    pub fn keep(&self, wallet: WalletId) -> Amount {
        let kept = match &self.rule {
            Rule::Sweep(sweep) => sweep.sources.iter().find(|it| it.wallet == wallet).map(|it| it.keep),
            Rule::TopUp(top_up) => top_up.sources.iter().find(|it| it.wallet == wallet).map(|it| it.keep),
            Rule::Payout(payout) => (payout.source.wallet == wallet).then_some(payout.source.keep),
            Rule::Rebalance(_) => None,
        };
        kept.unwrap_or(Amount::ZERO)
    }
}

impl Rule {
    /// What its movements are to KPay.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Sweep(_) | Self::TopUp(_) | Self::Rebalance(_) => Kind::Transfer,
            Self::Payout(_) => Kind::Payout,
        }
    }

    /// The lanes it may move over, in the order they are considered.
    #[must_use]
    pub fn lanes(&self) -> Vec<Lane> {
        match self {
            Self::Sweep(sweep) => sweep.sources.iter().map(|source| Lane::between(source.wallet, sweep.into)).collect(),
            Self::TopUp(top_up) => {
                top_up.sources.iter().map(|source| Lane::between(source.wallet, top_up.wallet)).collect()
            }
            Self::Payout(payout) => vec![Lane::payout(payout.source.wallet, payout.to)],
            Self::Rebalance(rebalance) => {
                let wallets = || rebalance.weights.iter().map(|(wallet, _)| *wallet);
                let lanes = wallets().flat_map(|from| wallets().map(move |to| Lane::between(from, to)));
                lanes.filter(|lane| lane.from != lane.to).collect()
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

    /// The reserve of a wallet at an instant: the largest of those that hold then; zero where none is set.
    #[must_use]
    pub fn reserve(&self, wallet: WalletId, at: Timestamp) -> Amount {
        let always = self.reserves.get(&wallet).copied().unwrap_or(Amount::ZERO);
        let holds =
            |it: &&CalendarReserve| it.wallet == wallet && it.during.contains(at.with_timezone(&it.zone).date_naive());
        self.calendar.iter().filter(holds).map(|it| it.amount).fold(always, Amount::max)
    }

    /// Every country that a policy or reserve names.
    #[must_use]
    pub fn countries(&self) -> BTreeSet<Country> {
        let lanes = self.policies.iter().flat_map(Policy::lanes);
        let reserved = self.reserves.keys().copied().chain(self.calendar.iter().map(|it| it.wallet));
        let wallets = lanes.flat_map(Lane::wallets).chain(reserved);
        wallets.map(|wallet| wallet.country).collect()
    }
}
