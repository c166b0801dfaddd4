//! The part of the last check that looks at an intent's own terms: the rate's spread, and what was approved.

use super::{Gate, GateInputs, Tracked, approvals_by, group, signed};
use crate::model::{ApprovalTerms, Intent};
use crate::plan::{Again, AgainInputs, Reason, basis_points, is_over, plan_again};
use crate::policy::{Policy, PolicySet};

/// The first term that keeps an intent from being sent now; `None` where all are met.
pub(super) fn terms_unmet(tracked: &Tracked, inputs: &GateInputs<'_>) -> Option<Gate> {
    spread_unmet(&tracked.intent, inputs).or_else(|| approval_unmet(tracked, inputs))
}

/// The rate as it is now must be as near to the reference of the decision as the policy allows.
fn spread_unmet(intent: &Intent, inputs: &GateInputs<'_>) -> Option<Gate> {
    let (from, to) = (intent.lane.from.currency, intent.lane.to.currency);
    let fx = intent.fx?;
    let max_spread = fx.max_spread?;
    let word = Reason::FxSpread.word();
    let Some(reference) = fx.reference else {
        return Some(Gate::Cancel(format!("{word}: nothing is known that {from} to {to} could be compared with")));
    };
    let Some(rate) = inputs.rates.get(&(from, to)) else {
        return Some(Gate::Wait(format!("KPay gives no usable rate from {from} to {to} at the moment")));
    };
    match is_over(reference, *rate, max_spread) {
        Ok(false) => None,
        Ok(true) => {
            let points = basis_points(reference, *rate).map(signed).unwrap_or_default();
            Some(Gate::Cancel(format!(
                "{word}: the rate from {from} to {to} is {rate} now, {points} bp off {reference}; `max_spread` is {max_spread}"
            )))
        }
        Err(error) => Some(Gate::Cancel(format!("{word}: the rate {rate} cannot be compared exactly: {error}"))),
    }
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
