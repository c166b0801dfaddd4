//! Planning as policy tests do it: one policy, some balances, nothing in the world but what the test names.

use super::planner::Desk;
use super::sheet::Sheet;
use super::turn::Turn;
use super::{Caps, Hold, Inputs, PolicyPlan, Standing};
use crate::model::{Environment, ExternalId, Lane, Reading, Slot, Snapshot, Timestamp, WalletId};
use crate::money::{Amount, Currency, Rate};
use crate::policy::{ExpectedMove, Mode, Policy, PolicySet, PolicyTest, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// Plans one policy as a test of it says: nothing decided before, no caps, no other policy. Reserves, limits and
/// `fx.allow` count; `enabled` and `mode` do not, so that a disabled or shadow policy can be tested.
///
/// With `at` the schedule is played at that instant: its latest slot is taken, and holidays, active dates, cut-off and
/// `catch_up` are reasons. Without it the slot is due, and reserves for some days of the month do not hold. A pair of
/// currencies without a rate in the test has the rate 1; nothing was applied before, so there is no last rate.
#[must_use]
pub fn plan_for_test(set: &PolicySet, policy: &Policy, test: &PolicyTest) -> PolicyPlan {
    // Without `at` any instant serves: nothing was decided before, and no day is used.
    let now = test.at.unwrap_or(Timestamp::UNIX_EPOCH);
    let world = PolicySet {
        reserves: set.reserves.clone(),
        calendar: if test.at.is_some() { set.calendar.clone() } else { Vec::new() },
        ..PolicySet::default()
    };
    let reading =
        |(wallet, available): (&WalletId, &Amount)| (*wallet, Reading { available: *available, balance: None });
    let readings = test.balances.iter().map(reading).collect();
    let rates = rates(policy, test);
    let inputs = Inputs {
        availability: crate::model::Availability::unasked(),
        policies: &world,
        snapshot: &Snapshot { taken_at: now, readings, problems: Vec::new() },
        standing: &Standing { holds: holds(test, &rates), ..Standing::default() },
        caps: &Caps { max_transfers_per_hour: u32::MAX, max_per_day: BTreeMap::new() },
        rates: &rates,
        identity: None,
        environment: Environment::Sandbox,
        now,
        clock: now,
        only: None,
    };
    let mut desk = Desk::new(&inputs);
    let name = policy.name.clone();
    if test.at.is_none() {
        let slot = Slot::at(now);
        let Sheet { transfers, skipped } = desk.judge(policy, Mode::Live, |_| Ok(slot));
        return PolicyPlan { policy: name, slot: Some(slot), due: true, transfers, skipped };
    }
    let turn = Turn::new(&inputs, policy);
    let mut due = false;
    let Sheet { transfers, skipped } = desk.judge(policy, Mode::Live, |lane| {
        let up = turn.slot_for(lane, |_| true);
        due |= up.is_ok();
        up
    });
    PolicyPlan { policy: name, slot: turn.slot(), due, transfers, skipped }
}

/// The test's rates, and 1 for every other pair that the policy can ask for.
fn rates(policy: &Policy, test: &PolicyTest) -> BTreeMap<(Currency, Currency), Rate> {
    let ends = policy.lanes().into_iter().flat_map(|lane| [lane.from.currency, lane.to.currency]);
    let open = test.open.iter().flat_map(|one| [one.from.currency, one.to.currency]);
    let mut currencies: BTreeSet<Currency> = ends.chain(open).collect();
    if let Rule::Rebalance(rebalance) = &policy.rule {
        currencies.insert(rebalance.base);
    }
    let pairs = currencies.iter().flat_map(|from| currencies.iter().map(move |to| (*from, *to)));
    let mut rates: BTreeMap<_, _> = pairs.map(|pair| (pair, Rate::ONE)).collect();
    rates.extend(&test.rates);
    rates
}

/// Open movements hold their lane and funds, and are on their way in.
fn holds(test: &PolicyTest, rates: &BTreeMap<(Currency, Currency), Rate>) -> BTreeMap<String, Hold> {
    let hold = |(index, one): (usize, &ExpectedMove)| {
        let id = format!("TEST-OPEN-{}", index + 1);
        let (lane, amount) = (Lane { from: one.from, to: one.to }, one.amount.amount);
        let rate = rates.get(&(one.from.currency, one.to.currency));
        let arriving = rate.and_then(|rate| amount.checked_mul(rate.decimal()).ok());
        let external_id = ExternalId::from_text(&id);
        (id, Hold { external_id, lane, amount, arriving, outcome: "planned".to_owned(), counted: true })
    };
    test.open.iter().enumerate().map(hold).collect()
}

/// What moves over each lane, all parts together, in the order of the plan. A sum with no room stays at the largest
/// amount; the planner's own parts are far below it.
#[must_use]
pub fn lane_amounts(plan: &PolicyPlan) -> Vec<(Lane, Amount)> {
    let mut sums: Vec<(Lane, Amount)> = Vec::new();
    for transfer in &plan.transfers {
        let lane = transfer.lane();
        match sums.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, sum)) => *sum = Amount::new(sum.decimal().saturating_add(transfer.amount.decimal())),
            None => sums.push((lane, transfer.amount)),
        }
    }
    sums
}
