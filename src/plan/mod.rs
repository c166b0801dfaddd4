//! Planning: policies + snapshot + what is already decided and open + now → a plan, with one reason for each lane that
//! gets nothing. Pure. Sends, writes and remembers nothing.

mod planned;
mod standing;

pub use planned::{Plan, PlannedTransfer, PolicyPlan, Reason, Skip};
pub use standing::{AppliedRate, Caps, DayKey, Decided, Hold, LaneDecision, LastOutflow, Standing};
