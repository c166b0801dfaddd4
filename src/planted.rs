//! Mistakes that tests plant, one at a time, to see that the simulator catches each (`docs/planted.md`): a check that
//! never failed shows nothing. Where a mistake would be made stands `if planted::is(Mistake::…)`, at most a few lines.
//!
//! Deliberately absent: any way to switch one on from outside, by environment, flag or file; and all of it in a release
//! build, which is what gets installed. There [`is`] is the constant `false`, which the compiler is made to prove below,
//! and `with` does not exist. `tests/it/arrows.rs` lets nothing but tests name `with`.

#[cfg(debug_assertions)]
use std::cell::Cell;

/// One mistake. Its text stands in the table of `docs/planted.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mistake {
    /// The external id also says the amount.
    AmountInId,
    /// What is sent again gets another external id.
    NewIdOnRetry,
    /// A start forgets which slots are decided, and nobody looks whether an id is known.
    SlotDecidedAgainAfterStart,
    /// An attempt leaves before its record is synced.
    SendBeforeSync,
    /// A failed write or sync is told as a success.
    FailedSyncIsSuccess,
    /// A torn tail stays where it is, and the next record is written behind it.
    TornTailKept,
    /// Damage in the middle of the journal is cut off with all that is behind it.
    DamageIsATornTail,
    /// A record's hash is not held against its bytes.
    HashNotChecked,
    /// A second daemon starts on a state that another one holds.
    LockIgnored,
    /// A 5xx proves that nothing moved.
    ServerErrorIsRefusal,
    /// A 429 proves that nothing moved.
    TooManyRequestsIsRefusal,
    /// A gateway's page with a 4xx is taken for KPay's refusal.
    GatewayPageIsRefusal,
    /// A reply that is lost, or late, proves that nothing moved.
    LostReplyIsRefusal,
    /// A request whose reply was lost is taken for never sent.
    LostReplyIsNotSent,
    /// A 400 to a resend ends an intent whose earlier attempt may have moved money.
    RefusalAfterUnknownIsFinal,
    /// A resend that cannot connect makes the intent as if it had never been sent.
    NotSentForgetsEarlierAttempt,
    /// What was asked about for long enough is rejected, and no person is called.
    GivenUpIsRejected,
    /// What gets no answer is asked about without an end.
    AskedForEver,
    /// A reply is booked as it comes, without being compared with what was sent.
    ReplyNotCompared,
    /// A 409 to a first attempt is booked as our own move.
    FirstConflictIsOurs,
    /// A 409 is booked with our amount, whatever the balance says.
    AnyConflictProvesOurAmount,
    /// A decision says that the journal was here before the slot, and it was not.
    ColdStartIsWarm,
    /// A state that was copied or put back proves as much as the one it was.
    CopyProvesAmounts,
    /// After a 409 the indicative rate is booked for the one that nobody gave.
    RateInventedAfterConflict,
    /// What is sent again has other bytes than were recorded.
    ResendRebuilt,
    /// Two workers take the same wallet, and attempt the same intent at once.
    TwoWorkersOnOneSource,
    /// A part is sent without the one before it having been applied.
    PartsInAnyOrder,
    /// The parts behind one that needs a person go on.
    PartsGoOnAfterAConflict,
    /// What was under way when the process ended is taken for never sent.
    LeftOversWereNotSent,
    /// A start forgets what open intents hold.
    HoldsForgottenAtStart,
    /// What is unknown holds neither its lane nor its funds.
    UnknownHoldsNothing,
    /// What was asked about for long enough holds nothing any more.
    CallForAPersonHoldsNothing,
    /// The last check does not take off what other moves out of the wallet may still take.
    MoneyInDoubtIsFree,
    /// The floor is checked on the balance of the decision.
    FloorOnOldBalance,
    /// A floor that was raised since the decision is not looked at.
    FloorOfTheDecision,
    /// A reading is good however old it is.
    OldReadingWillDo,
    /// A reading from before our own last move is good.
    ReadingFromBeforeOurMove,
    /// The balance is not read again after a long wait for the leave to send.
    ReadingNotRepeated,
    /// A reading that shows the very balance from before our last move is believed.
    UnmovedBalanceBelieved,
    /// An intent is sent for the first time after its time is over.
    ExpiredIsSent,
    /// An intent is sent over a lane that the policies in force do not have any more.
    LaneNoLongerAllowed,
    /// A decision is made by policies that were replaced while the balances were read.
    PoliciesNotLookedAtAgain,
    /// What was decided before a pause is sent in it.
    PauseIgnored,
    /// A pause that comes between the record and the request does not stop it.
    PauseNotLookedAtAgain,
    /// A start ends a pause.
    PauseForgottenAtStart,
    /// Slots are decided in a pause.
    DecidedInAPause,
    /// The hour's cap counts what was applied, not what was attempted.
    CapCountedOnCompletion,
    /// A policy's day does not count what is unknown.
    DayLimitForgetsUnknown,
    /// A start forgets what was used of the limits.
    LimitsForgottenAtStart,
    /// The planner plans over a lane that an open intent holds.
    LaneTakenTwice,
    /// Amounts over KPay's largest are not split.
    LargestIgnored,
    /// A clock that is known to be wrong decides.
    ClockNotChecked,
    /// A payout that KPay takes in hand is booked as paid.
    AcceptedIsPaid,
    /// `PROCESSING` is read as `COMPLETED`.
    ProcessingIsCompleted,
    /// `FAILED` is read as `COMPLETED`.
    FailedIsPaid,
    /// `CANCELLED` is taken for a payout that goes on.
    CancelledIsNotHeard,
    /// A failed payout is sent again under its id.
    FailedIsSentAgain,
    /// What KPay says of any withdrawal that a webhook names is taken for ours.
    WebhookBelieved,
    /// The indicative rate is booked for the one in KPay's reply.
    PlannedRateIsBooked,
    /// The books credit what was sent, not what arrived.
    CreditIsTheDebit,
    /// The books leave a payout that came back where it was.
    ReturnNotBooked,
    /// A payout that KPay knows nothing of any more is asked about without an end.
    AstrayForEver,
    /// A start forgets which wallets are frozen.
    FreezeForgottenAtStart,
    /// What was decided before its wallet was frozen is sent.
    FrozenIsSent,
    /// A wallet that rose too far and is back stays frozen.
    RiseIsForGood,
    /// What our own moves bring a wallet counts as a rise.
    OwnMovesAreARise,
    /// Anybody may release a frozen wallet.
    AnybodyReleases,
}

impl Mistake {
    /// All of them, in order.
    pub const ALL: [Self; 67] = [
        Self::AmountInId,
        Self::NewIdOnRetry,
        Self::SlotDecidedAgainAfterStart,
        Self::SendBeforeSync,
        Self::FailedSyncIsSuccess,
        Self::TornTailKept,
        Self::DamageIsATornTail,
        Self::HashNotChecked,
        Self::LockIgnored,
        Self::ServerErrorIsRefusal,
        Self::TooManyRequestsIsRefusal,
        Self::GatewayPageIsRefusal,
        Self::LostReplyIsRefusal,
        Self::LostReplyIsNotSent,
        Self::RefusalAfterUnknownIsFinal,
        Self::NotSentForgetsEarlierAttempt,
        Self::GivenUpIsRejected,
        Self::AskedForEver,
        Self::ReplyNotCompared,
        Self::FirstConflictIsOurs,
        Self::AnyConflictProvesOurAmount,
        Self::ColdStartIsWarm,
        Self::CopyProvesAmounts,
        Self::RateInventedAfterConflict,
        Self::ResendRebuilt,
        Self::TwoWorkersOnOneSource,
        Self::PartsInAnyOrder,
        Self::PartsGoOnAfterAConflict,
        Self::LeftOversWereNotSent,
        Self::HoldsForgottenAtStart,
        Self::UnknownHoldsNothing,
        Self::CallForAPersonHoldsNothing,
        Self::MoneyInDoubtIsFree,
        Self::FloorOnOldBalance,
        Self::FloorOfTheDecision,
        Self::OldReadingWillDo,
        Self::ReadingFromBeforeOurMove,
        Self::ReadingNotRepeated,
        Self::UnmovedBalanceBelieved,
        Self::ExpiredIsSent,
        Self::LaneNoLongerAllowed,
        Self::PoliciesNotLookedAtAgain,
        Self::PauseIgnored,
        Self::PauseNotLookedAtAgain,
        Self::PauseForgottenAtStart,
        Self::DecidedInAPause,
        Self::CapCountedOnCompletion,
        Self::DayLimitForgetsUnknown,
        Self::LimitsForgottenAtStart,
        Self::LaneTakenTwice,
        Self::LargestIgnored,
        Self::ClockNotChecked,
        Self::AcceptedIsPaid,
        Self::ProcessingIsCompleted,
        Self::FailedIsPaid,
        Self::CancelledIsNotHeard,
        Self::FailedIsSentAgain,
        Self::WebhookBelieved,
        Self::PlannedRateIsBooked,
        Self::CreditIsTheDebit,
        Self::ReturnNotBooked,
        Self::AstrayForEver,
        Self::FreezeForgottenAtStart,
        Self::FrozenIsSent,
        Self::RiseIsForGood,
        Self::OwnMovesAreARise,
        Self::AnybodyReleases,
    ];
}

#[cfg(debug_assertions)]
thread_local! {
    static PLANTED: Cell<Option<Mistake>> = const { Cell::new(None) };
}

/// Whether a mistake is made on this thread.
#[cfg(debug_assertions)]
#[must_use]
pub fn is(mistake: Mistake) -> bool {
    PLANTED.get() == Some(mistake)
}

/// No mistake is made in a release build.
#[cfg(not(debug_assertions))]
#[must_use]
pub const fn is(_: Mistake) -> bool {
    false
}

/// A release build in which some mistake could be made does not compile.
#[cfg(not(debug_assertions))]
const _: () = {
    let mut nth = 0;
    while nth < Mistake::ALL.len() {
        assert!(!is(Mistake::ALL[nth]));
        nth += 1;
    }
};

/// Runs something with a mistake made on this thread, and on no other. Not in a release build.
#[cfg(debug_assertions)]
pub fn with<R>(mistake: Mistake, run: impl FnOnce() -> R) -> R {
    struct Before(Option<Mistake>);
    impl Drop for Before {
        fn drop(&mut self) {
            PLANTED.set(self.0);
        }
    }
    let _before = Before(PLANTED.replace(Some(mistake)));
    run()
}
