//! The part of the last check that looks at an intent's own terms: the rate's spread, and what was approved.

use super::gate_policy::lane_total;
use super::{Gate, GateInputs, Tracked, approvals_by, group, signed};
use crate::model::{ApprovalTerms, Intent, Origin, RateReference};
use crate::money::{Currency, Percent};
use crate::plan::{Again, AgainInputs, Reason, approval_by_hand, basis_points, is_over, plan_again, reference_rate};
use crate::policy::{Policy, PolicySet};

/// The first term that keeps an intent from being sent now; `None` where all are met.
pub(super) fn terms_unmet(tracked: &Tracked, inputs: &GateInputs<'_>) -> Option<Gate> {
    spread_unmet(&tracked.intent, inputs).or_else(|| approval_unmet(tracked, inputs))
}

/// The rate as it is now must be as near to the reference as the policy allowed at the decision and as it allows now.
fn spread_unmet(intent: &Intent, inputs: &GateInputs<'_>) -> Option<Gate> {
    if !intent.lane.crosses_currencies() {
        return None;
    }
    let pair = (intent.lane.from.currency, intent.lane.to.currency);
    let decided = intent.fx.and_then(|fx| Some((fx.max_spread?, fx.reference)));
    let policy = intent.origin.policy().and_then(|name| inputs.policies?.get(name));
    let last = inputs.state.standing.rates.get(&pair).map(|applied| applied.rate);
    let now = policy.and_then(|policy| Some((policy.fx.max_spread?, reference_rate(&policy.fx, pair, last))));
    [decided, now].into_iter().flatten().find_map(|(most, reference)| over_spread(pair, most, reference, inputs))
}

fn over_spread(
    (from, to): (Currency, Currency),
    max_spread: Percent,
    reference: Option<RateReference>,
    inputs: &GateInputs<'_>,
) -> Option<Gate> {
    let word = Reason::FxSpread.word();
    let Some(reference) = reference else {
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
    if matches!(intent.origin, Origin::Manual(_)) {
        return by_hand_unmet(tracked, inputs);
    }
    let terms = intent.approval.as_ref()?;
    let Some(policies) = inputs.policies else {
        return Some(Gate::Wait("no policies are in force, so what was approved cannot be planned again".to_owned()));
    };
    let Some(policy) = intent.origin.policy().and_then(|name| policies.get(name)) else {
        return Some(Gate::Cancel("its policy is no longer in force".to_owned()));
    };
    if let Some(why) = too_few(tracked, terms, policy) {
        return Some(Gate::Cancel(why));
    }
    // The parts go in order and the plan was made again for all of them with the first: what that moved is gone from the
    // source, and would be missed here.
    if intent.part > 1 {
        return None;
    }
    planned_less(intent, terms, policies, policy, inputs)
}

/// A move by hand has no plan that could be made again: but as many people as the policies ask for now must have agreed.
fn by_hand_unmet(tracked: &Tracked, inputs: &GateInputs<'_>) -> Option<Gate> {
    let intent = &tracked.intent;
    let Some(policies) = inputs.policies else {
        let wait = || Gate::Wait("no policies are in force, so nobody can say who must agree to it".to_owned());
        return intent.approval.as_ref().map(|_| wait());
    };
    let total = match lane_total(intent, inputs.state) {
        Ok(total) => total,
        Err(error) => return Some(Gate::Cancel(format!("its amount cannot be counted: {error}"))),
    };
    let now = approval_by_hand(policies, intent.lane.from, total)?;
    let given = approvals_by(&tracked.approvals, &now.from);
    (given < usize::from(now.approvers)).then(|| {
        Gate::Cancel(format!(
            "the policies that take from {} now ask for {} approvals of {} {}, and {given} of those given count",
            intent.lane.from,
            now.approvers,
            total.grouped(),
            intent.currency()
        ))
    })
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
    let all = inputs.state.open.values().filter(|other| other.outcome.is_open()).map(|other| &other.intent);
    let of_slot = all.filter(|other| (&other.origin, other.slot) == (&intent.origin, intent.slot));
    let beside: Vec<&Intent> = of_slot.filter(|other| other.lane != intent.lane).collect();
    let currency = intent.currency();
    match plan_again(&again, &policy.name, &parts, &beside) {
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
