//! Simulation: a history of balances, policies run over it with the real planner, and what that comes to in figures.
//! Also the replay: the journal's own decisions made again from what they were made from, and compared.
//!
//! The change between two readings of a wallet is taken for customers' money coming in and withdrawals going out; it
//! comes in a simulation at the same instant. What policies move comes on top, at once and at the rate given. Absent:
//! lost replies, refusals, waiting, approvals that nobody gives, fees that KPay does not state, and pictures.

mod compared;
mod csv;
mod figures;
mod gauge;
mod generate;
mod history;
mod recorded;
mod replay;
mod run;
mod tally;

pub use compared::{Difference, differences};
pub use csv::{CsvError, read_csv};
pub use figures::{Figures, LaneMoves, Move, PaidOut, PolicyMoves, SkipCount, Sum, WalletFigures};
pub use generate::{Spec, generate};
pub use history::{Change, History, Observation, What};
pub use recorded::Recorder;
pub use replay::{NotExact, Replay, Replayed};
pub use run::{Setting, Trace, simulate};

/// What counts as idle, for people.
pub const IDLE: &str =
    "Idle is the time-weighted average of what a swept wallet holds above both its keep and its floor.";
/// What counts as below floor, for people.
pub const BELOW: &str =
    "Hours below floor: the time a wallet holds less than its reserve, or than the level that triggers a top-up.";
/// What is taken for KPay's fee, for people.
pub const FEES: &str = "Fees are an assumption: none for transfers, 5 % of a payout, taken out of it. The books have what KPay really takes.";

#[cfg(test)]
mod tests;
