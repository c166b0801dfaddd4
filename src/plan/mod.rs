//! Planning: policies + snapshot + what is already decided and open + now → a plan, with one reason for each lane that
//! gets nothing. Pure. Sends, writes and remembers nothing.
//!
//! The way through a plan: `planner` takes the policies by priority; `turn` asks whether a policy's slot is up; `lane`
//! looks at what stands in the way; the file of its rule (`sweep`, `top_up`, `rebalance`) finds what is wanted from what
//! `scope` shows of `world` and `taken`; `grant` makes transfers of that, within `limits` and `sizes`, in parts by
//! `split`, and `sheet` writes them down. Then [`second_opinion()`], with none of that code, checks the plan before
//! anything is carried out. `by_hand` is the way of
//! a move that a person asks for. `spread` compares rates for the plan and for those who send and report; [`why`] finds what
//! would have to be different for a lane to move.

mod again;
mod ask;
mod by_hand;
mod frozen;
mod grant;
mod inputs;
mod lane;
mod limits;
mod payout;
mod planned;
mod planner;
mod rebalance;
mod refusal;
mod scope;
mod second_opinion;
mod settle;
mod sheet;
mod sizes;
mod split;
mod spread;
mod standing;
mod sweep;
mod taken;
mod top_up;
mod trial;
mod turn;
pub mod why;
mod world;

pub use crate::model::Reason;
pub use crate::model::{RateReference as Reference, ReferenceKind};
pub use again::{Again, AgainInputs, plan_again};
pub use by_hand::{ByHand, approval_by_hand, by_hand};
pub use frozen::Frozen;
pub use inputs::Inputs;
pub use planned::{Plan, PlannedTransfer, PolicyPlan, Skip};
pub use planner::plan;
pub use second_opinion::{Breach, Objection, second_opinion};
pub use spread::{basis_points, is_over, peg, reference_rate};
pub(crate) use standing::pairs;
pub use standing::{AppliedRate, Caps, DayKey, Decided, Hold, LaneDecision, LastOutflow, SlotKey, Standing};
pub use trial::{lane_amounts, plan_for_test};

#[cfg(test)]
mod tests;
