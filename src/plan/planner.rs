//! The planner: policies in order, their lanes in order, one answer for each.

use super::lane::Case;
use super::refusal::{Refusal, money};
use super::sweep::{self, Grant};
use super::taken::Taken;
use super::turn::Turn;
use super::world::World;
use super::{Inputs, Plan, PlannedTransfer, PolicyPlan, Reason, Skip};
use crate::model::{ExternalId, IdParts, Kind, Lane, Moment, Slot};
use crate::money::Amount;
use crate::policy::{Mode, Policy, Rule, Source};
use std::collections::BTreeSet;

/// What would be sent now, and for every lane that gets nothing exactly one reason.
///
/// A lane that gets transfers may have one skip beside them: `limit_reached`, for what more transfers than allowed
/// would have moved as well. Linear in wallets and policies.
#[must_use]
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    let names: BTreeSet<&str> = inputs.policies.policies.iter().map(|policy| policy.name.as_str()).collect();
    let mut order: Vec<&Policy> = inputs.policies.policies.iter().collect();
    order.sort_by_key(|policy| (policy.priority, policy.name.as_str()));
    order.retain(|policy| inputs.only.is_none_or(|only| policy.name == only));
    let mut desk = Desk::new(inputs);
    Plan {
        at: inputs.now,
        environment: inputs.environment,
        balances: inputs.snapshot.rows(),
        policies: order.into_iter().map(|policy| desk.plan_policy(policy, &names)).collect(),
    }
}

/// One plan in the making.
pub(super) struct Desk<'i, 'a> {
    inputs: &'i Inputs<'a>,
    world: World<'a>,
    taken: Taken<'a>,
}

impl<'i, 'a> Desk<'i, 'a> {
    pub(super) fn new(inputs: &'i Inputs<'a>) -> Self {
        Self { inputs, world: World::new(inputs), taken: Taken::default() }
    }

    fn plan_policy(&mut self, policy: &'a Policy, names: &BTreeSet<&str>) -> PolicyPlan {
        let turn = Turn::new(self.inputs, policy);
        let silenced = turn.silenced();
        let mut due = false;
        let mut sheet = Sheet::default();
        self.taken.begin_policy();
        let Rule::Sweep(sweep) = &policy.rule else {
            return PolicyPlan {
                policy: policy.name.clone(),
                slot: turn.slot(),
                due,
                transfers: vec![],
                skipped: vec![],
            };
        };
        for source in &sweep.sources {
            let lane = Lane { from: source.wallet, to: sweep.into };
            let up = turn.slot_for(lane, |name| names.contains(name));
            due |= up.as_ref().map_or_else(|refusal| !refusal.reason.was_not_up(), |_| true);
            match silenced.clone().map_or(up, Err) {
                Ok(slot) => self.decide(policy, source, lane, slot, policy.mode, &mut sheet),
                Err(refusal) => sheet.skip(lane, refusal),
            }
        }
        let Sheet { transfers, skipped } = sheet;
        PolicyPlan { policy: policy.name.clone(), slot: turn.slot(), due, transfers, skipped }
    }

    /// Decides one lane whose slot is up and writes the answer down.
    pub(super) fn decide(
        &mut self,
        policy: &'a Policy,
        source: &Source,
        lane: Lane,
        slot: Slot,
        mode: Mode,
        sheet: &mut Sheet,
    ) {
        let case = Case { inputs: self.inputs, world: &self.world, taken: &self.taken, policy, lane, slot };
        let shadow = mode == Mode::Shadow;
        let granted = sweep::decide(&case, source).and_then(|grant| {
            self.taken.give(&policy.name, lane, grant.total, grant.parts.len(), shadow)?;
            Ok(grant)
        });
        match granted {
            Err(refusal) => sheet.skip(lane, refusal),
            Ok(grant) if shadow => sheet.skip(lane, only_shown(&grant, lane)),
            Ok(grant) => {
                sheet.transfers.extend(self.transfers(&grant, lane, slot));
                if let Some(beyond) = grant.beyond {
                    sheet.skip(lane, beyond);
                }
            }
        }
    }

    fn transfers(&self, grant: &Grant, lane: Lane, slot: Slot) -> Vec<PlannedTransfer> {
        // At most 99 parts.
        let number = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let parts = number(grant.parts.len());
        let id = |part| {
            self.inputs.identity.map(|identity| {
                ExternalId::derive(&IdParts {
                    identity,
                    kind: Kind::Transfer,
                    source: lane.from.country.code(),
                    destination: lane.to.country.code(),
                    moment: Moment::Slot(slot),
                    part,
                })
            })
        };
        let transfer = |(index, amount): (usize, &Amount)| PlannedTransfer {
            external_id: id(number(index + 1)),
            kind: Kind::Transfer,
            from: lane.from.country,
            to: lane.to.country,
            amount: *amount,
            currency: lane.from.currency,
            part: number(index + 1),
            parts,
            expected_rate: Some(grant.rate),
            expected_credit: amount.checked_mul(grant.rate.decimal()).ok(),
            credit_currency: lane.to.currency,
            needs_approval: false,
        };
        grant.parts.iter().enumerate().map(transfer).collect()
    }
}

/// A shadow policy's movement, which is told and not made.
fn only_shown(grant: &Grant, lane: Lane) -> Refusal {
    let count = grant.parts.len();
    let plural = if count == 1 { "" } else { "s" };
    Refusal::new(
        Reason::Shadow,
        format!("would send {} over {lane} in {count} transfer{plural}", money(grant.total, lane.from.currency)),
        "`mode: live` is set for the policy",
    )
}

/// One policy's answers, in order.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) transfers: Vec<PlannedTransfer>,
    pub(super) skipped: Vec<Skip>,
}

impl Sheet {
    fn skip(&mut self, lane: Lane, refusal: Refusal) {
        self.skipped.push(refusal.into_skip(lane));
    }
}
