//! Intents and what happens to them: the events of the journal, one table of legal steps used alike by live running and
//! recovery, the fold of events into the present state, and the verdict on each reply. Pure: no clock, disk or network.

mod approval;
mod event;
mod falls;
mod fx;
mod gate;
mod gate_policy;
mod gate_terms;
mod lane_verdicts;
mod planned_with;
mod proof;
mod reply;
mod retry;
mod state;
mod steps;
mod tracked;
mod verdict;
mod withdrawal;

pub use approval::{ApprovedBy, NotAllowed, approvals_by, group, may_approve, may_decide};
pub use event::{AppliedFacts, CopySign, Event, Evidence, Finding, LaneVerdict, PausedWhat, PolicyText};
pub use falls::{Breach, PastFall, SETTLES_WITHIN, Settled};
pub use fx::{AppliedFx, plainly, reference_of, signed};
pub use gate::{Gate, GateInputs, check_gate};
pub use lane_verdicts::lane_verdicts;
pub use planned_with::{PlannedWith, RateSeen, rates_seen};
pub use reply::Reply;
pub use retry::{RetryRules, next_ask_at};
pub use state::{IllegalEvent, State};
pub use steps::{Outcome, Step, next_outcome};
pub use tracked::Tracked;
pub use verdict::{ConflictEvidence, conflict_verdict, verdict};
pub use withdrawal::{
    Taken, Withdrawal, WithdrawalStatus, another_in_doubt, next_poll_at, unproven_end, withdrawal_events,
};

#[cfg(test)]
mod tests;
