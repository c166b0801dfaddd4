//! Why a lane moves or does not, and the smallest thing tried that would change it.
//!
//! What is stated is never argued, it is planned: a change ([`Change`]) is made to a copy of what the plan was made from,
//! and the same planner plans again. So whatever is said to move does move when the change is made. Nothing is sent or
//! written, and no instant but those of the schedule is invented.

mod change;
mod lane;
mod search;
mod words;

pub use change::{Change, Setting};

use super::{Inputs, Plan, PlannedTransfer, Reason, Skip, plan};
use crate::model::{Destination, ExternalId, Lane, Slot, Timestamp};
use crate::money::{Amount, Country, Currency};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// All lanes from or into a wallet.
    Wallet(Country),
    /// One lane.
    Lane(Country, Destination),
}

impl Subject {
    /// `GAB`, `GAB>CMR` or `CMR>MTN_MOMO_CMR:237653456789`; `None` for anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text.split_once('>') {
            None => text.trim().parse().ok().map(Self::Wallet),
            Some((from, to)) => Some(Self::Lane(from.trim().parse().ok()?, to.trim().parse().ok()?)),
        }
    }

    /// Whether a lane is asked about.
    #[must_use]
    pub fn concerns(self, lane: Lane) -> bool {
        match self {
            Self::Wallet(country) => lane.wallets().any(|wallet| wallet.country == country),
            Self::Lane(from, to) => (lane.from.country, lane.to.destination()) == (from, to),
        }
    }
}

/// All that is known about the lanes asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The instant planned for.
    pub at: Timestamp,
    /// When the balances were asked for.
    pub read_at: Timestamp,
    /// One entry a policy and lane, in the order of the plan.
    pub lanes: Vec<LaneAnswer>,
}

/// One lane of one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneAnswer {
    /// The policy.
    pub policy: String,
    /// The wallet that is debited.
    pub from: Country,
    /// The wallet that is credited, or who receives the payout.
    pub to: Destination,
    /// The latest instant of the policy's schedule.
    pub slot: Option<Slot>,
    /// Whether that slot is still to be decided.
    pub due: bool,
    /// What the decision rests on.
    pub inputs: LaneInputs,
    /// The policy's rule for this lane, one sentence.
    pub rule: String,
    /// What would be sent now.
    pub transfers: Vec<PlannedTransfer>,
    /// Why nothing would be, or not more.
    pub skipped: Vec<Skip>,
    /// What was decided for the slot, where it is decided already; for a later one, where that is why this one is missed.
    pub decided: Option<Past>,
    /// What would make it move; `None` where it moves now, or where nothing that was tried makes it.
    pub counterfactual: Option<Counterfactual>,
    /// What still stands in the way after everything that was tried; `None` where the lane moves or could.
    pub in_the_way: Option<String>,
}

/// What a lane's decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneInputs {
    /// The wallet that is debited.
    pub from: WalletInputs,
    /// The wallet that is credited; `None` where the money leaves us.
    pub to: Option<WalletInputs>,
    /// What stays in the source whatever happens.
    pub floor: Amount,
    /// Whose floor that is: `keep`, `reserve`, or nothing.
    pub floor_by: Option<String>,
    /// What must hold before anything moves.
    pub trigger: String,
    /// Whether the money changes its currency on the way.
    pub crosses: bool,
    /// KPay's indicative rate; `1` within one currency, `None` where none was read.
    pub rate: Option<crate::money::Rate>,
    /// What it is compared with, for people.
    pub reference: Option<String>,
    /// Limits of the policy and what of them is used, one sentence each.
    pub limits: Vec<String>,
}

/// One wallet as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletInputs {
    /// The wallet's country.
    pub wallet: Country,
    /// Its currency.
    pub currency: Currency,
    /// What KPay shows; `None` where it shows nothing that can be read.
    pub available: Option<Amount>,
    /// What open transfers of ours still take out of it.
    pub held: Amount,
    /// What they bring into it, as far as that is known.
    pub arriving: Amount,
    /// Why nothing new may leave it, whatever a slot or a rule says; `None` where it is not frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

/// What was decided for a lane's slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The slot.
    pub slot: Slot,
    /// When it was decided (journal time).
    pub decided_at: Timestamp,
    /// Why nothing moved; `None` where transfers were written.
    pub reason: Option<Reason>,
    /// The figures behind the reason.
    pub detail: String,
    /// The transfers written, in order.
    pub transfers: Vec<PastTransfer>,
}

/// One transfer of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastTransfer {
    /// Its id.
    pub external_id: ExternalId,
    /// What leaves or left the source.
    pub amount: Amount,
    /// Where it stands: a word of CONTRACT 1.
    pub outcome: String,
}

/// What would make a lane move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// For people.
    pub sentence: String,
    /// What must be different, for programs.
    pub change: Change,
    /// What moves then.
    pub moves: Moves,
}

/// What moves over a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// All transfers together.
    pub amount: Amount,
    /// The source's currency.
    pub currency: Currency,
    /// How many transfers.
    pub transfers: usize,
    /// Whether they wait for approval.
    pub needs_approval: bool,
}

/// What was decided before, by policy and lane.
pub type Decisions = BTreeMap<(String, Lane), Past>;

/// Answers for every lane that the subject concerns, on what a plan would be made from.
#[must_use]
pub fn why(inputs: &Inputs<'_>, subject: Subject, decisions: &Decisions) -> Answer {
    let made = plan(inputs);
    let mut lanes = Vec::new();
    for entry in &made.policies {
        let Some(policy) = inputs.policies.get(&entry.policy) else { continue };
        for lane in policy.lanes().into_iter().filter(|lane| subject.concerns(*lane)) {
            lanes.push(lane::answer(inputs, &made, policy, lane, decisions));
        }
    }
    Answer { at: inputs.now, read_at: inputs.snapshot.taken_at, lanes }
}

/// What a plan moves over a policy's lane; `None` where nothing.
fn moves(made: &Plan, policy: &str, lane: Lane) -> Option<Moves> {
    let entry = made.policies.iter().find(|entry| entry.policy == policy)?;
    let transfers: Vec<&PlannedTransfer> = entry.transfers.iter().filter(|it| it.lane() == lane).collect();
    let amount = transfers.iter().try_fold(Amount::ZERO, |sum, it| sum.checked_add(it.amount).ok())?;
    let needs_approval = transfers.iter().any(|it| it.needs_approval);
    let moves = Moves { amount, currency: lane.from.currency, transfers: transfers.len(), needs_approval };
    (!transfers.is_empty()).then_some(moves)
}

/// Why a plan moves nothing, or not more, over a policy's lane.
fn skips(made: &Plan, policy: &str, lane: Lane) -> Vec<Skip> {
    let entry = made.policies.iter().find(|entry| entry.policy == policy);
    let skips = entry.into_iter().flat_map(|entry| &entry.skipped);
    skips.filter(|skip| (skip.from, skip.to) == (lane.from.country, lane.to.destination())).cloned().collect()
}
