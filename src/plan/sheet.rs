//! One policy's answers as the plan shows them: transfers with their ids, and skips.

use super::grant::Grant;
use super::planner::Hand;
use super::refusal::{Refusal, money};
use super::{Inputs, PlannedTransfer, Reason, Skip};
use crate::model::{ExternalId, IdParts, Lane, Moment, left_by_the_fee};
use crate::money::Amount;
use crate::policy::Mode;

/// One policy's answers, in order.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) transfers: Vec<PlannedTransfer>,
    pub(super) skipped: Vec<Skip>,
}

impl Sheet {
    /// A lane that gets nothing, or what of its amount stays.
    pub(super) fn skip(&mut self, lane: Lane, refusal: Refusal) {
        self.skipped.push(refusal.into_skip(lane));
    }

    /// What was found for a lane whose slot is up.
    pub(super) fn write(&mut self, inputs: &Inputs<'_>, hand: Hand<'_>, lane: Lane, answer: Result<Grant, Refusal>) {
        match answer {
            Err(refusal) => self.skip(lane, refusal),
            Ok(grant) if hand.mode == Mode::Shadow => self.skip(lane, only_shown(&grant, lane)),
            Ok(grant) => {
                self.transfers.extend(transfers(inputs, hand, lane, &grant));
                if let Some(beside) = grant.beside {
                    self.skip(lane, beside);
                }
            }
        }
    }
}

fn transfers(inputs: &Inputs<'_>, hand: Hand<'_>, lane: Lane, grant: &Grant) -> Vec<PlannedTransfer> {
    // At most 99 parts.
    let number = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
    let parts = number(grant.parts.len());
    let destination = lane.to.to_string();
    let id = |part| {
        inputs.identity.map(|identity| {
            ExternalId::derive(&IdParts {
                identity,
                kind: lane.kind(),
                source: lane.from.country.code(),
                destination: &destination,
                moment: Moment::Slot(hand.slot),
                part,
            })
        })
    };
    let bound = hand.policy.approval.as_ref().and_then(|approval| approval.above.get(&lane.from.currency));
    let needs_approval = bound.is_some_and(|above| grant.total > *above);
    // KPay takes its fee of a payout out of the amount.
    let credited = |amount: Amount| {
        let left = amount.checked_mul(left_by_the_fee(lane.kind()))?;
        left.checked_mul(grant.rate.decimal())
    };
    let transfer = |(index, amount): (usize, &Amount)| PlannedTransfer {
        external_id: id(number(index + 1)),
        kind: lane.kind(),
        from: lane.from.country,
        to: lane.to.destination(),
        amount: *amount,
        currency: lane.from.currency,
        part: number(index + 1),
        parts,
        expected_rate: Some(grant.rate),
        expected_credit: credited(*amount).ok(),
        credit_currency: lane.to.currency,
        needs_approval,
    };
    grant.parts.iter().enumerate().map(transfer).collect()
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
