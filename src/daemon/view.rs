//! What people are shown: the same figures for `status`, the dashboard and the metrics, so that they cannot differ.

use crate::intent::{AppliedFacts, Breach, Outcome, PastFall, Tracked};
use crate::model::{Destination, Intent, Slot, Timestamp, WalletId, without_numbers};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::{Frozen, Skip};
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) mod sample;

/// Everything `status --json` and the dashboard show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// When it was put together.
    pub at: Timestamp,
    /// treasuryd's version.
    pub version: String,
    /// `sandbox` or `production`.
    pub environment: String,
    /// KPay's application, once known.
    pub application_id: Option<String>,
    /// Whether policies are loaded, the state is open, the last reading of balances was good and the clock can be believed.
    pub ready: bool,
    /// Why not.
    pub not_ready_because: Vec<String>,
    /// The kill switch for everything.
    pub paused: bool,
    /// Wallets as last read.
    pub balances: Vec<WalletView>,
    /// When they were read.
    pub balances_read_at: Option<Timestamp>,
    /// Policies in force, by priority.
    pub policies: Vec<PolicyView>,
    /// Intents that are not final.
    pub open: Vec<TransferView>,
    /// The newest final ones, newest first.
    pub last_transfers: Vec<TransferView>,
    /// The last applied rates.
    pub rates: Vec<RateView>,
    /// How many wait for approval.
    pub approvals_waiting: usize,
    /// What they wait for, one entry a lane and slot.
    pub approvals: Vec<ApprovalView>,
    /// Policies that wait for `policies accept`; `None` where none do.
    pub held_policies: Option<HeldView>,
    /// Wallets that nothing new may leave until somebody releases them.
    #[serde(default)]
    pub frozen: Vec<FrozenView>,
    /// Wallets that a move of ours left with less than was to stay in them, until they are seen above that again.
    #[serde(default)]
    pub under_floor: Vec<UnderFloorView>,
    /// The newest falls that nobody here explains, newest first; kept over restarts.
    #[serde(default)]
    pub falls: Vec<FallView>,
    /// When this state was last seen to be a copy: records prove no amount of a 409 about a slot until then.
    #[serde(default)]
    pub copied_at: Option<Timestamp>,
    /// The newest problems, newest first.
    pub last_errors: Vec<ErrorView>,
    /// Records in the journal.
    pub journal_records: u64,
}

/// One wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletView {
    /// Country.
    pub wallet: Country,
    /// Currency.
    pub currency: Currency,
    /// KPay's available balance.
    pub available: Amount,
    /// KPay's whole balance where it gave one.
    pub balance: Option<Amount>,
    /// What our open intents may still take.
    pub held: Amount,
    /// Its reserve.
    pub reserve: Amount,
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyView {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: String,
    /// Cron text.
    pub schedule: String,
    /// Time zone name.
    pub timezone: String,
    /// `live` or `shadow`.
    pub mode: String,
    /// Switched on.
    pub enabled: bool,
    /// Paused by name.
    pub paused: bool,
    /// The last slot decided.
    pub last_slot: Option<Slot>,
    /// The next slot.
    pub next_slot: Option<Slot>,
    /// The lanes that got nothing at the last decision since the start, and why.
    pub skipped: Vec<Skip>,
}

/// One entry of `transfers list --json` (CONTRACT 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferView {
    /// Our id.
    pub external_id: String,
    /// `transfer` or `payout`.
    pub kind: String,
    /// The policy; null for a manual move.
    pub policy: Option<String>,
    /// The slot; null for a manual move.
    pub slot: Option<Slot>,
    /// Country debited.
    pub from: Country,
    /// Country credited, or who receives the payout.
    pub to: Destination,
    /// What leaves, decimal string.
    pub amount: Amount,
    /// The source's currency.
    pub currency: Currency,
    /// A word of CONTRACT 1.
    pub state: String,
    /// `response`, `conflict`, `status`, `balance`, `operator` or null.
    pub evidence: Option<String>,
    /// Attempts recorded.
    pub attempts: u32,
    /// KPay's id.
    pub kpay_id: Option<String>,
    /// KPay's reference of the debit.
    pub reference: Option<String>,
    /// The applied rate, digit for digit.
    pub exchange_rate: Option<Rate>,
    /// What arrived.
    pub credited: Option<Amount>,
    /// In which currency.
    pub credited_currency: Option<Currency>,
    /// What KPay kept.
    pub fee: Option<Amount>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// The last thing said of it.
    pub detail: String,
}

/// Of a payout within one currency KPay names no rate, and nobody has to: `1`, as in the books.
fn rate_of_one(intent: &Intent, facts: &AppliedFacts) -> Option<Rate> {
    let arrives_in = facts.credited.map_or(intent.lane.to.currency, |money| money.currency);
    (arrives_in == intent.currency()).then_some(Rate::ONE)
}

impl From<&Tracked> for TransferView {
    fn from(tracked: &Tracked) -> Self {
        let intent = &tracked.intent;
        let facts = tracked.facts.as_ref();
        let said = facts.or(tracked.taken.as_ref().map(|taken| &taken.withdrawal.facts));
        // What came back brought nobody anything, and cost nothing.
        let brought = said.filter(|_| tracked.outcome != Outcome::Rejected);
        Self {
            external_id: intent.external_id.to_string(),
            kind: intent.kind.word().to_owned(),
            policy: intent.origin.policy().map(str::to_owned),
            slot: intent.slot,
            from: intent.lane.from.country,
            to: intent.lane.to.destination(),
            amount: facts.map_or(intent.amount, |facts| facts.amount),
            currency: intent.currency(),
            state: tracked.outcome.word().to_owned(),
            evidence: tracked.evidence.map(|evidence| evidence.word().to_owned()),
            attempts: tracked.attempts,
            kpay_id: said.and_then(|facts| facts.kpay_id.clone()),
            reference: said.and_then(|facts| facts.source_reference.clone()),
            exchange_rate: brought.and_then(|facts| facts.exchange_rate.or_else(|| rate_of_one(intent, facts))),
            credited: brought.and_then(|facts| facts.credited).map(|money| money.amount),
            credited_currency: brought.and_then(|facts| facts.credited).map(|money| money.currency),
            fee: brought.and_then(|facts| facts.fee).map(|money| money.amount),
            created_at: tracked.created_at,
            updated_at: tracked.updated_at,
            detail: tracked.waiting_for().unwrap_or_else(|| tracked.detail.clone()),
        }
    }
}

/// Policies on disk that loosen a guard, and wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldView {
    /// Their hash.
    pub hash: String,
    /// What they loosen, one sentence each.
    pub loosens: Vec<String>,
}

impl HeldView {
    /// What people are told of it.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "the policies on disk wait for a person, because they loosen what was in force: {}. `treasuryd policies \
             accept {} --by NAME` puts them in force",
            self.loosens.join("; "),
            self.short_hash()
        )
    }

    /// The same for the log, which more people read than may know whom the policies pay.
    #[must_use]
    pub fn for_the_log(&self) -> String {
        without_numbers(&self.sentence())
    }

    /// As much of the hash as `policies accept` takes.
    #[must_use]
    pub fn short_hash(&self) -> &str {
        self.hash.get(..super::held::FEWEST_DIGITS).unwrap_or(&self.hash)
    }
}

/// A frozen wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenView {
    /// Country.
    pub wallet: Country,
    /// Currency.
    pub currency: Currency,
    /// When the reading was asked for that froze it.
    pub since: Timestamp,
    /// What it held before the fall that froze it.
    pub before: Amount,
    /// What it held after the last fall.
    pub after: Amount,
    /// What nobody explains of these falls, or how far it rose.
    pub unexplained: Amount,
    /// Where it rose too far: the most that it may hold to be believed again without a person; null where it fell.
    #[serde(default)]
    pub most: Option<Amount>,
    /// Who may release it; empty: anybody who can open the control socket.
    pub release_by: Vec<String>,
    /// All of it in one sentence, with what ends it.
    pub sentence: String,
}

impl FrozenView {
    /// A frozen wallet, and who may release it.
    #[must_use]
    pub fn of(wallet: WalletId, frozen: &Frozen, release_by: &[String]) -> Self {
        let may = super::may_release(release_by);
        let all = if release_by.is_empty() { " (anybody who can open the control socket)" } else { "" };
        Self {
            wallet: wallet.country,
            currency: wallet.currency,
            since: frozen.since,
            before: frozen.before,
            after: frozen.after,
            unexplained: frozen.unexplained,
            most: frozen.most,
            release_by: release_by.to_vec(),
            sentence: format!(
                "{}; nothing new leaves it until {may}{all} {}",
                frozen.sentence(wallet),
                Frozen::release(wallet)
            ),
        }
    }
}

/// A wallet that a move of ours left with less than was to stay in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderFloorView {
    /// Country.
    pub wallet: Country,
    /// Currency.
    pub currency: Currency,
    /// When the reading was asked for that showed it.
    pub since: Timestamp,
    /// What was to stay in it.
    pub floor: Amount,
    /// What it held then.
    pub available: Amount,
    /// All of it in one sentence.
    pub sentence: String,
}

impl UnderFloorView {
    /// What people are told of it.
    #[must_use]
    pub fn of(wallet: WalletId, breach: &Breach) -> Self {
        Self {
            wallet: wallet.country,
            currency: wallet.currency,
            since: breach.since,
            floor: breach.floor,
            available: breach.available,
            sentence: breach.sentence(wallet),
        }
    }
}

/// A fall that nobody here explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FallView {
    /// Country.
    pub wallet: Country,
    /// Currency.
    pub currency: Currency,
    /// When the reading was asked for that shows it.
    pub at: Timestamp,
    /// What the wallet held before.
    pub before: Amount,
    /// What it held then.
    pub after: Amount,
    /// How much of that nobody explains.
    pub unexplained: Amount,
    /// Whether it froze the wallet, or fell in one that was frozen.
    pub froze: bool,
}

impl From<&PastFall> for FallView {
    fn from(fall: &PastFall) -> Self {
        Self {
            wallet: fall.wallet.country,
            currency: fall.wallet.currency,
            at: fall.taken_at,
            before: fall.before,
            after: fall.after,
            unexplained: fall.unexplained,
            froze: fall.freezes,
        }
    }
}

/// Whose approval the intents of a lane and slot wait or waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// The intent; where a lane has several parts, the first of them.
    pub external_id: String,
    /// All parts together, decimal string.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// How many must approve.
    pub needed: u8,
    /// Who may; empty: anybody.
    pub from: Vec<String>,
    /// Who has, oldest first.
    pub approved_by: Vec<ApproverView>,
    /// What is not approved, and sent, by then is cancelled.
    pub until: Timestamp,
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproverView {
    /// Who.
    pub by: String,
    /// What they wrote; may be empty.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl ApprovalView {
    /// `None` where nobody's approval was asked for.
    #[must_use]
    pub fn of(tracked: &Tracked) -> Option<Self> {
        let intent = &tracked.intent;
        let terms = intent.approval.as_ref()?;
        let given = tracked.approvals.iter();
        Some(Self {
            external_id: intent.external_id.to_string(),
            amount: terms.amount,
            currency: intent.currency(),
            needed: terms.approvers,
            from: terms.from.clone(),
            approved_by: given.map(|it| ApproverView { by: it.by.clone(), note: it.note.clone(), at: it.at }).collect(),
            until: intent.expires_at,
        })
    }
}

/// An applied rate beside what it was compared with. Basis points are decimal strings, below zero where it brought less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FxView {
    /// What KPay applied.
    pub applied: Rate,
    /// For people: `1 (the peg to the euro)`.
    pub reference: Option<String>,
    /// How far the applied rate is from it.
    pub off_reference_bp: Option<String>,
    /// KPay's indicative rate at the decision.
    pub indicative: Option<Rate>,
    /// How far the applied rate is from that.
    pub off_indicative_bp: Option<String>,
    /// Whether it is over what the policy allowed.
    pub over_max_spread: bool,
    /// All of it in one sentence.
    pub sentence: String,
}

impl FxView {
    /// `None` within one currency, and while nobody gave the rate.
    #[must_use]
    pub fn of(tracked: &Tracked) -> Option<Self> {
        let fx = tracked.applied_fx()?;
        Some(Self {
            applied: fx.applied,
            reference: fx.reference.map(|reference| reference.to_string()),
            off_reference_bp: fx.off_reference_bp.map(|points| points.to_string()),
            indicative: fx.indicative,
            off_indicative_bp: fx.off_indicative_bp.map(|points| points.to_string()),
            over_max_spread: fx.over.is_some(),
            sentence: fx.to_string(),
        })
    }
}

/// The last applied rate of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateView {
    /// Source currency.
    pub from: Currency,
    /// Destination currency.
    pub to: Currency,
    /// The rate.
    pub rate: Rate,
    /// When it was applied.
    pub at: Timestamp,
}

/// A problem worth showing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// When.
    pub at: Timestamp,
    /// What was being done, what came, what to do.
    pub what: String,
}
