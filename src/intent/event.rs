//! What the journal records. Every present fact (open intents, limits used, pauses, books) is a fold over these.

use super::{PlannedWith, Withdrawal};
use crate::model::{BalanceRow, ExternalId, Identity, Intent, Lane, Slot, Timestamp, WalletId};
use crate::money::{Amount, Money, Rate};
use crate::plan::Reason;
use serde::{Deserialize, Serialize};

/// One thing that happened. The journal writes it as a JSON object with its name under `type`, which its frame sees to: a
/// tag of serde's own would have every event read into a copy of its JSON first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The journal's first record: whose money it is about.
    Opened {
        /// Environment and application.
        identity: Identity,
        /// The version of treasuryd that began it.
        version: String,
    },
    /// The daemon or a command opened the state to work.
    Started {
        /// Its version.
        version: String,
        /// Which command.
        command: String,
    },
    /// This state was copied, moved to another disk, or put back: what happened elsewhere since is not in this journal. From
    /// here on no record in it proves whose amount moved for a slot that is not after this one.
    Copied {
        /// What shows it.
        sign: CopySign,
    },
    /// At least once an hour while the daemon runs: shows that this journal was here then.
    Alive,
    /// Balances as read.
    Observed {
        /// When the reading was asked for.
        taken_at: Timestamp,
        /// All legible wallets.
        balances: Vec<BalanceRow>,
    },
    /// A wallet fell by more than our own moves explain. Recorded before anything that shows its new balance.
    Fell {
        /// Which.
        wallet: WalletId,
        /// When the reading was asked for that shows it.
        taken_at: Timestamp,
        /// What it held before.
        before: Amount,
        /// What it holds now.
        after: Amount,
        /// How much of the fall nobody explains.
        unexplained: Amount,
        /// Whether nothing new may leave the wallet until a person releases it.
        freezes: bool,
    },
    /// A move of ours brought a wallet under the floor that the move was decided with, together with what others spent
    /// meanwhile or a fee that nobody named. Once, until the wallet is seen at its floor again.
    Breached {
        /// Which.
        wallet: WalletId,
        /// When the reading was asked for that shows it.
        taken_at: Timestamp,
        /// What was to stay in it.
        floor: Amount,
        /// What it holds.
        available: Amount,
    },
    /// A wallet rose further between two readings than is believed without a person: nothing new leaves it. Recorded before
    /// anything that shows its new balance.
    Rose {
        /// Which.
        wallet: WalletId,
        /// When the reading was asked for that shows it.
        taken_at: Timestamp,
        /// What it held before.
        before: Amount,
        /// What KPay says that it holds now.
        after: Amount,
        /// The most that would have been believed, beside what our own moves brought.
        most: Amount,
    },
    /// A wallet that is frozen because it rose holds again what is believed, and moves may leave it.
    CameBack {
        /// Which.
        wallet: WalletId,
        /// When the reading was asked for that shows it.
        taken_at: Timestamp,
        /// What it holds now.
        after: Amount,
    },
    /// A person looked into a frozen wallet, and moves may leave it again.
    Released {
        /// Which.
        wallet: WalletId,
        /// Who.
        by: String,
        /// What they found.
        note: String,
    },
    /// Policies came into force.
    PoliciesInForce {
        /// Their hash.
        hash: String,
        /// How many.
        count: usize,
        /// Their files as read. Empty in records of older versions, and where they are too long for a record.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<PolicyText>,
    },
    /// A person accepts policies that loosen a guard; the record that puts them in force comes right after it.
    PoliciesAccepted {
        /// Their hash.
        hash: String,
        /// Who.
        by: String,
        /// What they loosen, one sentence each.
        loosens: Vec<String>,
    },
    /// A slot was decided for all lanes of a policy. Its intents are part of the same record: all of them are durable,
    /// or none.
    Decided {
        /// The policy.
        policy: String,
        /// The slot.
        slot: Slot,
        /// The instant it was decided for (`--at`, else the clock).
        decided_for: Timestamp,
        /// SHA-256 of the policies in force.
        policy_hash: String,
        /// When the balances were asked for.
        taken_at: Timestamp,
        /// The balances it was decided on.
        balances: Vec<BalanceRow>,
        /// What each lane got.
        lanes: Vec<LaneVerdict>,
        /// The intents of the lanes that move.
        intents: Vec<Intent>,
        /// What else the plan was made from; `None` in records of older versions. The decisions of one plan are records
        /// right after one another, and the state they were made on is the one before the first of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned_with: Option<Box<PlannedWith>>,
    },
    /// A person asked for a move by hand. Its intents are part of the same record.
    Requested {
        /// The key they gave.
        key: String,
        /// Who, where they said so.
        by: Option<String>,
        /// When the balances were asked for.
        taken_at: Timestamp,
        /// The balances it was decided on.
        balances: Vec<BalanceRow>,
        /// One intent a part, in order.
        intents: Vec<Intent>,
    },
    /// Durable before the first byte of an attempt leaves.
    Attempted {
        /// Which intent.
        external_id: ExternalId,
        /// 1-based.
        attempt: u32,
        /// The source's available balance, read after our last move out of it and before this attempt.
        balance_before: Option<Amount>,
    },
    /// The attempt certainly did not reach KPay, or KPay certainly did nothing and may be asked again.
    NotSent {
        /// Which intent.
        external_id: ExternalId,
        /// How that is known.
        detail: String,
    },
    /// Nobody knows whether the attempt moved money.
    Unknown {
        /// Which intent.
        external_id: ExternalId,
        /// What came instead of an answer.
        detail: String,
    },
    /// KPay took a withdrawal in hand. How it ends is asked for by its id.
    Accepted {
        /// Which intent.
        external_id: ExternalId,
        /// What KPay said of it.
        withdrawal: Withdrawal,
        /// Whether another request of ours under the same id got no answer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        another_in_doubt: bool,
    },
    /// KPay said something new of a withdrawal that it has in hand.
    Followed {
        /// Which intent.
        external_id: ExternalId,
        /// All that it has said so far.
        withdrawal: Withdrawal,
    },
    /// A withdrawal that KPay had in hand ended, and the money is back in the wallet.
    Returned {
        /// Which intent.
        external_id: ExternalId,
        /// KPay's words, tamed.
        detail: String,
    },
    /// Money moved.
    Applied {
        /// Which intent.
        external_id: ExternalId,
        /// How we know.
        evidence: Evidence,
        /// What KPay said of it.
        facts: AppliedFacts,
    },
    /// KPay refused, and nothing moved.
    Rejected {
        /// Which intent.
        external_id: ExternalId,
        /// KPay's words, tamed.
        detail: String,
    },
    /// Only a person can say what happened.
    NeedsOperator {
        /// Which intent.
        external_id: ExternalId,
        /// Whether an attempt of ours may have moved money: then lane and funds stay held. A 409 on a first attempt
        /// closes only its slot.
        holds: bool,
        /// Whether money that moved would have been our amount. A 409 proves no amount.
        amount_is_ours: bool,
        /// Why.
        detail: String,
    },
    /// Never attempted, and now it never will be.
    Cancelled {
        /// Which intent.
        external_id: ExternalId,
        /// Why.
        detail: String,
    },
    /// A person agrees to an intent that waits for approval.
    Approved {
        /// Which intent; each part of a lane and slot has its own record.
        external_id: ExternalId,
        /// Who.
        by: String,
        /// What they wrote; may be empty.
        note: String,
    },
    /// A person refuses an intent that waits for approval.
    Declined {
        /// Which intent; each part of a lane and slot has its own record.
        external_id: ExternalId,
        /// Who.
        by: String,
        /// What they wrote; may be empty.
        note: String,
    },
    /// An operator's finding.
    Resolved {
        /// Which intent.
        external_id: ExternalId,
        /// Who looked.
        by: String,
        /// What they wrote.
        note: String,
        /// What they found.
        finding: Finding,
    },
    /// The kill switch, on.
    Paused {
        /// Everything or one policy.
        what: PausedWhat,
        /// Who.
        by: Option<String>,
        /// Why; empty where nobody said.
        note: String,
    },
    /// The kill switch, off.
    Resumed {
        /// Everything or one policy.
        what: PausedWhat,
        /// Who.
        by: Option<String>,
    },
}

/// By what a state is seen to be a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopySign {
    /// The journal begins in another file than the one remembered.
    AnotherFile,
    /// Nothing is remembered: a backup, a state of an older version, or a person took the note away.
    NothingRemembered,
    /// The index had seen more records than the journal holds.
    BehindItsIndex,
}

impl CopySign {
    /// What shows it, for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AnotherFile => "the journal begins in another file than the one remembered in `first-segment`",
            Self::NothingRemembered => {
                "there is no `first-segment` beside the journal: a backup, a state of an older version, or somebody removed it"
            }
            Self::BehindItsIndex => "the index had seen more records than the journal holds",
        }
    }
}

/// One policy file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    /// Its name, without its folder.
    pub name: String,
    /// Everything in it.
    pub text: String,
}

/// What one lane of a decided slot got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneVerdict {
    /// The lane.
    pub lane: Lane,
    /// Why nothing moved; `None` where intents were written.
    pub reason: Option<Reason>,
    /// The figures behind it.
    pub detail: String,
}

/// How we know that money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// KPay's own reply to the transfer.
    Response,
    /// A 409 after an attempt of our own, with proof that the earlier one was ours.
    Conflict,
    /// A GET of the withdrawal.
    Status,
    /// The balances.
    Balance,
    /// A person.
    Operator,
}

impl Evidence {
    /// The word of CONTRACT 6.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Conflict => "conflict",
            Self::Status => "status",
            Self::Balance => "balance",
            Self::Operator => "operator",
        }
    }
}

/// What is known of an applied move. Whatever KPay did not say is `None`, never made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedFacts {
    /// What left the source. Ours by the intent, unless an operator found otherwise.
    pub amount: Amount,
    /// KPay's id of the transfer.
    pub kpay_id: Option<String>,
    /// Reference of the debit.
    pub source_reference: Option<String>,
    /// Reference of the credit.
    pub destination_reference: Option<String>,
    /// The rate KPay really applied, digit for digit.
    pub exchange_rate: Option<Rate>,
    /// What arrived.
    pub credited: Option<Money>,
    /// What KPay kept.
    pub fee: Option<Money>,
}

/// An operator's finding on an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The money moved; also completes an applied move whose rate is pending.
    Applied(AppliedFacts),
    /// It did not.
    NotApplied,
}

/// What a pause stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PausedWhat {
    /// Everything.
    Everything,
    /// One policy.
    Policy(String),
}

impl Event {
    /// The intent it is about.
    #[must_use]
    pub fn external_id(&self) -> Option<&ExternalId> {
        match self {
            Self::Attempted { external_id, .. }
            | Self::NotSent { external_id, .. }
            | Self::Unknown { external_id, .. }
            | Self::Accepted { external_id, .. }
            | Self::Followed { external_id, .. }
            | Self::Returned { external_id, .. }
            | Self::Applied { external_id, .. }
            | Self::Rejected { external_id, .. }
            | Self::NeedsOperator { external_id, .. }
            | Self::Cancelled { external_id, .. }
            | Self::Approved { external_id, .. }
            | Self::Declined { external_id, .. }
            | Self::Resolved { external_id, .. } => Some(external_id),
            _ => None,
        }
    }
}
