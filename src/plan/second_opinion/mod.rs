//! A second opinion on a plan, with none of the planner's code: it takes the finished plan and works out, from the
//! snapshot, the records and the policies, whether each transfer may be made. It proposes nothing. Nothing is carried
//! out on any objection.
//!
//! Only plain data is shared with the planner (`Inputs`, the plan, the standing); every rule is written down a second
//! time here, on purpose.

mod objection;
mod rates;
mod review;
mod rules;
mod shares;
mod slots;
mod transfers;
mod trust;

pub use objection::{Breach, Objection};

use super::{Inputs, Plan};
use review::Review;

/// Checks a plan made from these inputs.
///
/// # Errors
/// Every [`Objection`] found; the plan must not be carried out.
pub fn second_opinion(plan: &Plan, inputs: &Inputs<'_>) -> Result<(), Vec<Objection>> {
    let mut review = Review::new(inputs);
    review.head(plan);
    for policy in &plan.policies {
        review.policy(policy);
    }
    let objections = review.finish();
    if objections.is_empty() { Ok(()) } else { Err(objections) }
}
