//! Why a lane gets nothing: one closed list for plans, the journal, policy tests and metrics.

use serde::{Deserialize, Serialize};

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
    /// Outside the policy's active dates, or after its cut-off.
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
    /// Every reason, in the order of the contract.
    pub const ALL: [Self; 24] = [
        Self::NotDue,
        Self::AlreadyDone,
        Self::Missed,
        Self::Disabled,
        Self::Paused,
        Self::Shadow,
        Self::Holiday,
        Self::Inactive,
        Self::BelowTrigger,
        Self::WithinTolerance,
        Self::BelowMinimum,
        Self::Reserve,
        Self::LimitReached,
        Self::LaneTaken,
        Self::LaneOpen,
        Self::WalletMissing,
        Self::WalletFrozen,
        Self::BalanceStale,
        Self::FxNotAllowed,
        Self::FxRateMissing,
        Self::FxSpread,
        Self::SourceShort,
        Self::ProviderDown,
        Self::AwaitingApproval,
    ];

    /// The reason with this word of the contract.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }

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
        matches!(self, Self::NotDue | Self::AlreadyDone | Self::Missed | Self::Holiday | Self::Inactive)
    }
}
