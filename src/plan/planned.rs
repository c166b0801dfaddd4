//! The plan as plain data, serialized exactly as `plan --json` shows it (CONTRACT 6).

use crate::model::{BalanceRow, Environment, ExternalId, Kind, Lane, Slot, Timestamp};
use crate::money::{Amount, Country, Currency, Rate};
use serde::{Deserialize, Serialize};

/// All intents that would be written now, and one reason for every lane that gets none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The instant planned for.
    pub at: Timestamp,
    /// Sandbox or production.
    pub environment: Environment,
    /// The balances it was made from.
    pub balances: Vec<BalanceRow>,
    /// One entry a policy, in the order of priority.
    pub policies: Vec<PolicyPlan>,
}

/// What one policy would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPlan {
    /// Its name.
    pub policy: String,
    /// The latest instant of its schedule; `None` where there was none yet.
    pub slot: Option<Slot>,
    /// Whether the slot is to be decided now.
    pub due: bool,
    /// What would be sent, in order.
    pub transfers: Vec<PlannedTransfer>,
    /// What would not, and why.
    pub skipped: Vec<Skip>,
}

/// One transfer that would be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTransfer {
    /// `None` (null) where the application id is not known.
    pub external_id: Option<ExternalId>,
    /// Transfer or payout.
    pub kind: Kind,
    /// The wallet debited.
    pub from: Country,
    /// The wallet credited.
    pub to: Country,
    /// How much leaves the source.
    pub amount: Amount,
    /// The source's currency.
    pub currency: Currency,
    /// 1-based.
    pub part: u8,
    /// How many parts.
    pub parts: u8,
    /// KPay's indicative rate; `1` within one currency.
    pub expected_rate: Option<Rate>,
    /// `amount × expected_rate`, exact.
    pub expected_credit: Option<Amount>,
    /// The destination's currency.
    pub credit_currency: Currency,
    /// Whether it waits for approval.
    pub needs_approval: bool,
}

impl PlannedTransfer {
    /// The lane it moves over.
    #[must_use]
    pub fn lane(&self) -> Lane {
        Lane {
            from: crate::model::WalletId { country: self.from, currency: self.currency },
            to: crate::model::WalletId { country: self.to, currency: self.credit_currency },
        }
    }
}

/// A lane that gets nothing, or the part of its amount that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The wallet that would have been debited.
    pub from: Country,
    /// The wallet that would have been credited.
    pub to: Country,
    /// Why.
    pub reason: Reason,
    /// The figures behind the reason, one sentence.
    pub detail: String,
    /// What would make it move, one sentence.
    pub would_move_if: String,
}

/// Why a lane gets nothing: the closed list of CONTRACT 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The schedule has no slot yet.
    NotDue,
    /// The slot was decided before.
    AlreadyDone,
    /// The slot is older than `catch_up`, or older than the last one decided on the lane.
    Missed,
    /// `enabled: false`.
    Disabled,
    /// Paused by an operator.
    Paused,
    /// `mode: shadow`: the amount stands in the detail.
    Shadow,
    /// A holiday of the policy.
    Holiday,
    /// Outside the policy's active dates.
    Inactive,
    /// The source does not hold more than `above`.
    BelowTrigger,
    /// Every share is inside the tolerance.
    WithinTolerance,
    /// The amount is under `min_transfer`, under `round_down_to`, or under KPay's smallest transfer.
    BelowMinimum,
    /// The reserve leaves nothing to move.
    Reserve,
    /// A limit is used up.
    LimitReached,
    /// Another policy has the lane for this slot.
    LaneTaken,
    /// An open intent holds the lane.
    LaneOpen,
    /// KPay shows no such wallet.
    WalletMissing,
    /// The wallet is frozen, or shows another currency than it should.
    WalletFrozen,
    /// The balance has not moved since our own last transfer out of it.
    BalanceStale,
    /// The policy does not allow to cross currencies.
    FxNotAllowed,
    /// KPay gave no usable rate.
    FxRateMissing,
    /// The rate is worse than allowed.
    FxSpread,
    /// The sources have too little.
    SourceShort,
    /// The mobile-money operator is closed.
    ProviderDown,
    /// An amount waits for approval.
    AwaitingApproval,
}

impl Reason {
    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotDue => "not_due",
            Self::AlreadyDone => "already_done",
            Self::Missed => "missed",
            Self::Disabled => "disabled",
            Self::Paused => "paused",
            Self::Shadow => "shadow",
            Self::Holiday => "holiday",
            Self::Inactive => "inactive",
            Self::BelowTrigger => "below_trigger",
            Self::WithinTolerance => "within_tolerance",
            Self::BelowMinimum => "below_minimum",
            Self::Reserve => "reserve",
            Self::LimitReached => "limit_reached",
            Self::LaneTaken => "lane_taken",
            Self::LaneOpen => "lane_open",
            Self::WalletMissing => "wallet_missing",
            Self::WalletFrozen => "wallet_frozen",
            Self::BalanceStale => "balance_stale",
            Self::FxNotAllowed => "fx_not_allowed",
            Self::FxRateMissing => "fx_rate_missing",
            Self::FxSpread => "fx_spread",
            Self::SourceShort => "source_short",
            Self::ProviderDown => "provider_down",
            Self::AwaitingApproval => "awaiting_approval",
        }
    }

    /// Whether the slot stays open for this lane because the world could not be read (CONTRACT 1): every other reason
    /// closes the slot for the lane.
    #[must_use]
    pub fn leaves_slot_open(self) -> bool {
        matches!(self, Self::BalanceStale | Self::FxRateMissing | Self::ProviderDown)
    }

    /// Whether the slot was not up for decision at all, so that nothing is recorded.
    #[must_use]
    pub fn was_not_up(self) -> bool {
        matches!(self, Self::NotDue | Self::AlreadyDone | Self::Missed | Self::Holiday)
    }
}
