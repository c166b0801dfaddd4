//! The part of the last check that looks at an intent's own terms: the rate's spread, and what was approved.

use super::{Gate, GateInputs, Tracked, approvals_by, group};
use crate::model::{ApprovalTerms, Intent};
use crate::plan::{Again, AgainInputs, plan_again};
use crate::policy::{Policy, PolicySet};

/// The first term that keeps an intent from being sent now; `None` where all are met.
pub(super) fn terms_unmet(tracked: &Tracked, inputs: &GateInputs<'_>) -> Option<Gate> {
    approval_unmet(tracked, inputs)
}

/// What was approved is sent as it is or not at all: the plan, made again on what is there now, must still give it.
fn approval_unmet(tracked: &Tracked, inputs: &GateInputs<'_>) -> Option<Gate> {
    let intent = &tracked.intent;
    let terms = intent.approval.as_ref()?;
    let Some(policies) = inputs.policies else {
        return Some(Gate::Wait("no policies are in force, so what was approved cannot be planned again".to_owned()));
    };
    let Some(policy) = intent.origin.policy().and_then(|name| policies.get(name)) else {
        return Some(Gate::Cancel("its policy is no longer in force".to_owned()));
    };
    // The parts go in order and the plan was made again for all of them with the first: what that moved is gone from the
    // source, and would be missed here.
    if intent.part > 1 {
        return None;
    }
    too_few(tracked, terms, policy).map(Gate::Cancel).or_else(|| planned_less(intent, terms, policies, policy, inputs))
}

/// Whether the policy as it is now asks for more people than have approved.
fn too_few(tracked: &Tracked, terms: &ApprovalTerms, policy: &Policy) -> Option<String> {
    let now = policy.approval.as_ref()?;
    let above = now.above.get(&tracked.intent.currency())?;
    let given = approvals_by(&tracked.approvals, &now.from);
    (terms.amount > *above && given < usize::from(now.approvers)).then(|| {
        format!("policy {} now asks for {} approvals, and {given} of those given count", policy.name, now.approvers)
    })
}

fn planned_less(
    intent: &Intent,
    terms: &ApprovalTerms,
    policies: &PolicySet,
    policy: &Policy,
    inputs: &GateInputs<'_>,
) -> Option<Gate> {
    let again = AgainInputs {
        policies,
        snapshot: inputs.snapshot,
        standing: &inputs.state.standing,
        rates: inputs.rates,
        clock: inputs.clock,
    };
    let parts: Vec<&Intent> = group(inputs.state, intent).map(|part| &part.intent).collect();
    let currency = intent.currency();
    match plan_again(&again, &policy.name, &parts) {
        Ok(Again::Moves(amount)) if amount >= terms.amount => None,
        Ok(Again::Moves(amount)) => Some(Gate::Cancel(format!(
            "{} {currency} were approved, and only {} {currency} would be moved now",
            terms.amount.grouped(),
            amount.grouped()
        ))),
        Ok(Again::Nothing { reason: Some(reason), detail }) if reason.leaves_slot_open() => {
            Some(Gate::Wait(format!("{}: {detail}", reason.word())))
        }
        Ok(Again::Nothing { reason, detail }) => {
            let word = reason.map(|reason| format!("{}: ", reason.word())).unwrap_or_default();
            Some(Gate::Cancel(format!("what was approved would not be moved now: {word}{detail}")))
        }
        Err(error) => Some(Gate::Cancel(format!("what was approved cannot be counted again: {error}"))),
    }
}
