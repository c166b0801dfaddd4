//! What the second opinion can object to.

use crate::model::Lane;

/// A rule that a plan breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Breach {
    /// The plan is for another instant, environment or reading than it is checked against.
    #[error("the plan was made from other inputs")]
    OtherInputs,
    /// A policy that is not in force.
    #[error("the policy is not in force")]
    UnknownPolicy,
    /// A policy stands twice in the plan.
    #[error("the policy stands twice in the plan")]
    PolicyTwice,
    /// Transfers of a policy that is disabled, paused or in shadow mode.
    #[error("the policy must not send: it is disabled, paused or in shadow mode")]
    Silenced,
    /// Transfers without a due slot, or for another slot than the schedule's latest.
    #[error("the slot is not the schedule's present one")]
    WrongSlot,
    /// The slot is older than `catch_up`.
    #[error("the slot is older than catch_up")]
    TooOld,
    /// It is after `not_after` on the slot's local day.
    #[error("the cut-off of the slot's day is over")]
    PastCutOff,
    /// The slot's local day is a holiday at one end of the lane.
    #[error("one end of the lane has a holiday")]
    LaneRests,
    /// The slot is decided, or a later one is, for the policy or the lane.
    #[error("the slot is decided already")]
    AlreadyDecided,
    /// Some lane of the policy has no answer, or more than one.
    #[error("a lane of the policy has not exactly one answer")]
    Unaccounted,
    /// The policy has no such lane.
    #[error("the policy has no such lane")]
    ForeignLane,
    /// Source and destination are the same country.
    #[error("source and destination are the same")]
    SameWallet,
    /// A currency that is not the country's.
    #[error("a currency is not the one of its country")]
    WrongCurrency,
    /// The lane stands twice in the plan.
    #[error("the lane moves twice in the plan")]
    LaneTwice,
    /// An open intent holds the lane.
    #[error("an open intent holds the lane")]
    LaneHeld,
    /// The source, or the destination's country, was not read as it should be.
    #[error("a wallet of the lane was not read as expected")]
    NotRead,
    /// Nothing may leave the source until a person releases it.
    #[error("the source is frozen")]
    Frozen,
    /// The reading does not show our last move out of the source.
    #[error("the reading may not show our last transfer out of the source")]
    Stale,
    /// A need judged while an open intent may or may not be in the balance already.
    #[error("what the wallet holds is not known: a transfer of ours out of it or into it is not settled")]
    UnknownLevel,
    /// Under 100, over 10,000,000 (a payout: 500,000) or over `max_transfer`.
    #[error("the amount is out of bounds")]
    OutOfBounds,
    /// Decimals that KPay does not send, or no multiple of `round_down_to`.
    #[error("the amount is not in the units it must be in")]
    WrongUnits,
    /// The lane's total is under `min_transfer`.
    #[error("the lane's amount is under min_transfer")]
    UnderMinimum,
    /// Parts are not 1 to n, n at most 99.
    #[error("the parts are not numbered 1 to n")]
    BrokenParts,
    /// The external id is not the one of its place, or stands twice.
    #[error("the external id is not the one of its place")]
    WrongId,
    /// The rule's trigger is not passed: `above`, `below`, or the tolerance.
    #[error("the rule's trigger (above, below or tolerance) is not passed")]
    NotTriggered,
    /// Less than `keep` or the reserve would stay.
    #[error("less than keep or the reserve would stay")]
    FloorBroken,
    /// Not the `fixed` amount, or more than the share of what is over the floor.
    #[error("the amount is not what fixed or fraction says")]
    NotTheAmount,
    /// More goes into a wallet than brings it to its level.
    #[error("more goes into the wallet than it lacks")]
    Overfilled,
    /// A rebalance that leads away from the weights, or across one.
    #[error("the move leads away from the weights, or across one")]
    OutOfBalance,
    /// A canary over its share or its maximum.
    #[error("a canary moves more than its share or its maximum")]
    CanaryTooLarge,
    /// An amount that waits for approval and need not, or the other way round.
    #[error("the amount must wait for approval and does not, or need not and does")]
    WrongApproval,
    /// `max_per_slot`.
    #[error("max_per_slot is exceeded")]
    OverSlotLimit,
    /// `max_per_day`.
    #[error("max_per_day is exceeded")]
    OverDayLimit,
    /// `limits.max_per_day` of the configuration.
    #[error("the configuration's max_per_day is exceeded")]
    OverDayCap,
    /// `limits.max_transfers_per_hour` of the configuration.
    #[error("the configuration's max_transfers_per_hour is exceeded")]
    OverHourCap,
    /// The policy does not allow to cross currencies, or no rate is known.
    #[error("the currencies must not be crossed")]
    FxRefused,
    /// The rate is further from its reference than `max_spread`, or there is no reference.
    #[error("the rate is further from its reference than max_spread")]
    SpreadTooWide,
    /// Rate or credit are not what the inputs say.
    #[error("the expected rate or credit is wrong")]
    WrongRate,
    /// The operator takes no payouts, or nobody knows whether it does.
    #[error("the operator takes no payouts")]
    OperatorDown,
    /// A kind of move that no present policy makes.
    #[error("no present policy makes such a move")]
    UnknownMove,
    /// A sum that does not fit.
    #[error("an amount cannot be counted exactly")]
    Uncountable,
}

/// One objection, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy `{policy}`{}: {breach}", .lane.map(|lane| format!(", {lane}")).unwrap_or_default())]
pub struct Objection {
    /// Whose entry in the plan.
    pub policy: String,
    /// Over which lane, where it is about one.
    pub lane: Option<Lane>,
    /// What is wrong.
    pub breach: Breach,
}
