//! What must hold before a lane's amount is looked at: the lane is free, its wallets were read, the reading is fresh,
//! and a rate is known that is near enough to its reference. The same for every kind of policy.

use super::Reason;
use super::refusal::{Refusal, money};
use super::scope::{Position, Scope};
use super::spread::{basis_points, is_over, reference_rate};
use crate::model::{Lane, RateReference as Reference, tame};
use crate::money::{Amount, Currency, Money, MoneyError, Percent, Rate};
use crate::planted::{self, Mistake};

/// One lane of one policy.
pub(super) struct Case<'c, 'a> {
    pub(super) scope: Scope<'c, 'a>,
    pub(super) lane: Lane,
}

/// A lane that may be used.
pub(super) struct Passable {
    /// What the source has.
    pub(super) source: Position,
    /// The indicative rate; `1` within one currency.
    pub(super) rate: Rate,
}

impl Case<'_, '_> {
    /// The first thing that stands in the lane's way, in the order of the contract's reasons.
    pub(super) fn passable(&self) -> Result<Passable, Refusal> {
        self.is_free()?;
        let available = self.scope.read(self.lane.from)?;
        self.scope.is_not_frozen(self.lane.from)?;
        self.destination_is_sound()?;
        self.scope.is_fresh(self.lane.from, available)?;
        Ok(Passable { rate: self.rate()?, source: self.scope.position(self.lane.from)? })
    }

    /// Neither another policy of this plan nor an open intent has the lane.
    pub(super) fn is_free(&self) -> Result<(), Refusal> {
        let lane = self.lane;
        if let Some(holder) = self.scope.taken.lane(lane) {
            return Err(Refusal::new(
                Reason::LaneTaken,
                format!("policy `{holder}` comes first and moves money over {lane} now"),
                format!(
                    "`{holder}` leaves {lane} alone at the next slot, or this policy's `priority` is lower than its"
                ),
            ));
        }
        let hold = self.scope.world.hold_on(lane).filter(|_| !planted::is(Mistake::LaneTakenTwice));
        let Some(hold) = hold else { return Ok(()) };
        let (id, amount) = (tame(hold.external_id.as_str(), 64), money(hold.amount, lane.from.currency));
        if hold.awaits_approval() {
            return Err(Refusal::new(
                Reason::AwaitingApproval,
                format!("{id} over {amount} waits for approval and holds {lane}"),
                format!("{id} is approved or rejected before the next slot (`treasuryd approve {id}`)"),
            ));
        }
        Err(Refusal::new(
            Reason::LaneOpen,
            format!("{id} over {amount} is still `{}` and holds {lane}", tame(&hold.outcome, 32)),
            format!("{id} is settled before the next slot (`treasuryd transfers show {id}`)"),
        ))
    }

    /// A destination that KPay does not show yet may still be credited; one that shows something else may not.
    fn destination_is_sound(&self) -> Result<(), Refusal> {
        let Some(wallet) = self.lane.to.wallet() else { return Ok(()) };
        self.scope.is_legible(wallet.country)?;
        self.scope.has_expected_currency(wallet)
    }

    /// The indicative rate, which the policy's guard lets pass.
    pub(super) fn rate(&self) -> Result<Rate, Refusal> {
        if !self.lane.crosses_currencies() {
            return Ok(Rate::ONE);
        }
        let (from, to) = (self.lane.from.currency, self.lane.to.currency);
        if !self.scope.policy.fx.allow {
            return Err(Refusal::new(
                Reason::FxNotAllowed,
                format!("{} would change {from} into {to}, which the policy does not allow", self.lane),
                "`fx: { allow: true }` is set for the policy",
            ));
        }
        guarded_rate(&self.scope, (from, to))
    }

    /// A lane that the rule has no source for, which the policy's own lanes cannot be.
    pub(super) fn foreign(&self) -> Refusal {
        Refusal::new(
            Reason::WalletMissing,
            format!("the policy has no source {}", self.lane.from),
            format!("{} is one of the policy's sources", self.lane.from),
        )
    }

    /// `more than 60 000 XAF arrives in GAB`.
    pub(super) fn arrives(&self, missing: Amount, bound: &str) -> String {
        let wallet = self.lane.from;
        if missing.is_positive() {
            return format!("{bound}{} arrives in {wallet}", self.money(missing));
        }
        format!("anything more arrives in {wallet}")
    }

    /// Amounts of the lane's source, for people.
    pub(super) fn money(&self, amount: Amount) -> Money {
        money(amount, self.lane.from.currency)
    }
}

/// KPay's rate of a pair (source, destination), which the policy's guard lets pass.
///
/// # Errors
/// There is no rate, nothing to compare it with, or it is too far from its reference.
pub(super) fn guarded_rate(scope: &Scope<'_, '_>, pair: (Currency, Currency)) -> Result<Rate, Refusal> {
    let (from, to) = pair;
    let rate = scope.inputs.rates.get(&pair).copied().ok_or_else(|| no_rate(from, to))?;
    is_near_enough(scope, pair, rate)?;
    Ok(rate)
}

fn is_near_enough(scope: &Scope<'_, '_>, pair: (Currency, Currency), rate: Rate) -> Result<(), Refusal> {
    let fx = &scope.policy.fx;
    let Some(most) = fx.max_spread else { return Ok(()) };
    let (from, to) = pair;
    let last = scope.inputs.standing.rates.get(&pair).map(|last| last.rate);
    let Some(reference) = reference_rate(fx, pair, last) else {
        return Err(Refusal::new(
            Reason::FxRateMissing,
            format!("there is nothing to compare KPay's rate of {rate} from {from} to {to} with"),
            format!("a rate is written as the reference, e.g. `reference: {{ {from}/{to}: {rate} }}`"),
        ));
    };
    if !is_over(reference, rate, most)? {
        return Ok(());
    }
    let points = match basis_points(reference, rate) {
        Some(points) if points.is_sign_negative() => format!("{} basis points under", -points),
        Some(points) => format!("{points} basis points over"),
        None => "far from".to_owned(),
    };
    Err(Refusal::new(
        Reason::FxSpread,
        format!("KPay's rate from {from} to {to} is {rate}, {points} {reference}; `max_spread` is {most}"),
        format!("{} at the next slot, or `max_spread` is raised", allowed(reference, most)?),
    ))
}

/// KPay gave no rate for a pair.
pub(super) fn no_rate(from: Currency, to: Currency) -> Refusal {
    Refusal::new(
        Reason::FxRateMissing,
        format!("KPay gave no usable rate from {from} to {to}"),
        format!("KPay gives a fresh rate from {from} to {to}; this slot stays open for it"),
    )
}

/// `KPay's rate is from 0.985 to 1.015`; of the opposite direction's reference, what the rate times it may be.
fn allowed(reference: Reference, most: Percent) -> Result<String, MoneyError> {
    let (times, middle) = if reference.inverse {
        (format!(" times {}", reference.rate), Amount::whole(1))
    } else {
        (String::new(), Amount::new(reference.rate.decimal()))
    };
    let room = middle.checked_mul(most.factor()?)?;
    let (least, most) = (middle.checked_sub(room)?.max(Amount::ZERO), middle.checked_add(room)?);
    Ok(format!("KPay's rate{times} is from {least} to {most}"))
}
