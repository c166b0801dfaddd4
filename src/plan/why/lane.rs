//! One lane's answer: what it rests on, what is planned or was decided, and what would change it.

use super::search::{Found, Search};
use super::words;
use super::{Counterfactual, Decisions, LaneAnswer, LaneInputs, Past, WalletInputs, moves, skips};
use crate::model::{Lane, WalletId};
use crate::money::{Amount, Rate};
use crate::plan::spread::reference_rate;
use crate::plan::{Inputs, Plan, Reason};
use crate::policy::Policy;

pub(super) fn answer(
    inputs: &Inputs<'_>,
    made: &Plan,
    policy: &Policy,
    lane: Lane,
    decisions: &Decisions,
) -> LaneAnswer {
    let entry = made.policies.iter().find(|entry| entry.policy == policy.name);
    let skipped = skips(made, &policy.name, lane);
    let past = decisions.get(&(policy.name.clone(), lane));
    let slot = entry.and_then(|entry| entry.slot);
    let is_for = |reason| skipped.iter().any(|skip| skip.reason == reason);
    let (is_decided, is_missed) = (is_for(Reason::AlreadyDone), is_for(Reason::Missed));
    let tells = |past: &Past| is_decided && Some(past.slot) == slot || is_missed && Some(past.slot) > slot;
    let mut answer = LaneAnswer {
        policy: policy.name.clone(),
        from: lane.from.country,
        to: lane.to.destination(),
        slot,
        due: entry.is_some_and(|entry| entry.due),
        inputs: lane_inputs(inputs, policy, lane),
        rule: words::rule(policy, lane),
        transfers: entry
            .into_iter()
            .flat_map(|entry| &entry.transfers)
            .filter(|transfer| transfer.lane() == lane)
            .cloned()
            .collect(),
        skipped,
        decided: past.filter(|past| tells(past)).cloned(),
        counterfactual: None,
        in_the_way: None,
    };
    if moves(made, &policy.name, lane).is_some() {
        return answer;
    }
    match (Search { inputs, policy, lane }).run() {
        Found::Moves(change, moved) => {
            let sentence = words::counterfactual(inputs, policy, lane, &change, moved);
            answer.counterfactual = Some(Counterfactual { sentence, change: *change, moves: moved });
        }
        Found::Nothing(what) => answer.in_the_way = Some(what),
    }
    answer
}

fn lane_inputs(inputs: &Inputs<'_>, policy: &Policy, lane: Lane) -> LaneInputs {
    let (keep, reserve) = (policy.keep(lane.from), inputs.policies.reserve(lane.from, inputs.now));
    let floor = keep.max(reserve);
    let by = if reserve > keep { "reserve" } else { "keep" };
    let pair = (lane.from.currency, lane.to.currency);
    let last = inputs.standing.rates.get(&pair).map(|last| last.rate);
    let crosses = lane.crosses_currencies();
    LaneInputs {
        from: wallet_inputs(inputs, lane.from),
        to: lane.to.wallet().map(|wallet| wallet_inputs(inputs, wallet)),
        floor,
        floor_by: floor.is_positive().then(|| by.to_owned()),
        trigger: words::trigger(policy, lane),
        crosses,
        rate: if crosses { inputs.rates.get(&pair).copied() } else { Some(Rate::ONE) },
        reference: (crosses && policy.fx.max_spread.is_some())
            .then(|| reference_rate(&policy.fx, pair, last))
            .flatten()
            .map(|it| it.to_string()),
        limits: words::limits(inputs, policy, lane),
    }
}

fn wallet_inputs(inputs: &Inputs<'_>, wallet: WalletId) -> WalletInputs {
    let into = inputs.standing.holds.values().filter(|hold| hold.lane.to == wallet);
    let arriving = into.filter_map(|hold| hold.arriving).try_fold(Amount::ZERO, Amount::checked_add);
    WalletInputs {
        wallet: wallet.country,
        currency: wallet.currency,
        available: inputs.snapshot.available(wallet),
        // A sum that does not fit holds the lane still; its reason says so.
        held: inputs.standing.held_from(wallet).unwrap_or_default(),
        arriving: arriving.unwrap_or_default(),
        frozen: inputs.standing.why_frozen(wallet),
    }
}
