//! What must hold before a lane's amount is looked at: the lane is free, its wallets were read, the reading is fresh,
//! and a rate is known. The same for every kind of policy.

use super::refusal::{Refusal, money};
use super::taken::Taken;
use super::world::World;
use super::{Inputs, Reason};
use crate::model::{Lane, Slot, tame};
use crate::money::{Amount, Rate};
use crate::policy::Policy;

/// One lane of one policy, and everything its decision rests on.
pub(super) struct Case<'c, 'a> {
    pub(super) inputs: &'c Inputs<'a>,
    pub(super) world: &'c World<'a>,
    pub(super) taken: &'c Taken<'a>,
    pub(super) policy: &'c Policy,
    pub(super) lane: Lane,
    pub(super) slot: Slot,
}

/// A lane that may be used.
pub(super) struct Passable {
    /// What the source can spend by KPay's word.
    pub(super) available: Amount,
    /// The indicative rate; `1` within one currency.
    pub(super) rate: Rate,
}

impl Case<'_, '_> {
    /// The first thing that stands in the lane's way, in the order of the contract's reasons.
    pub(super) fn passable(&self) -> Result<Passable, Refusal> {
        self.lane_is_free()?;
        let available = self.source_as_read()?;
        self.destination_is_sound()?;
        self.reading_is_fresh(available)?;
        Ok(Passable { available, rate: self.rate()? })
    }

    fn lane_is_free(&self) -> Result<(), Refusal> {
        let lane = self.lane;
        if let Some(holder) = self.taken.lane(lane) {
            return Err(Refusal::new(
                Reason::LaneTaken,
                format!("policy `{holder}` comes first and moves money over {lane} now"),
                format!(
                    "`{holder}` leaves {lane} alone at the next slot, or this policy's `priority` is lower than its"
                ),
            ));
        }
        let Some(hold) = self.world.hold_on(lane) else { return Ok(()) };
        let (id, amount) = (tame(hold.external_id.as_str(), 64), money(hold.amount, lane.from.currency));
        Err(Refusal::new(
            Reason::LaneOpen,
            format!("{id} over {amount} is still `{}` and holds {lane}", tame(&hold.outcome, 32)),
            format!("{id} is settled before the next slot (`treasuryd transfers show {id}`)"),
        ))
    }

    fn source_as_read(&self) -> Result<Amount, Refusal> {
        let source = self.lane.from;
        self.country_is_legible(source.country)?;
        if let Some(available) = self.world.available(source) {
            return Ok(available);
        }
        self.currency_is_as_expected(source)?;
        Err(Refusal::new(
            Reason::WalletMissing,
            format!("KPay shows no wallet of {source} in {}", source.currency),
            format!("KPay shows the {source} wallet; it appears with the first payment received there"),
        ))
    }

    /// A destination that KPay does not show yet may still be credited; one that shows something else may not.
    fn destination_is_sound(&self) -> Result<(), Refusal> {
        self.country_is_legible(self.lane.to.country)?;
        self.currency_is_as_expected(self.lane.to)
    }

    fn country_is_legible(&self, country: crate::money::Country) -> Result<(), Refusal> {
        let Some(problem) = self.world.problem(country) else { return Ok(()) };
        Err(Refusal::new(
            Reason::WalletMissing,
            format!("KPay's reply about {country} could not be read: {}", tame(problem, 200)),
            format!("KPay shows the {country} wallet in a form that can be read"),
        ))
    }

    fn currency_is_as_expected(&self, wallet: crate::model::WalletId) -> Result<(), Refusal> {
        let Some(other) = self.world.other_currency(wallet) else { return Ok(()) };
        Err(Refusal::new(
            Reason::WalletFrozen,
            format!("KPay shows {wallet} in {other}, but the policy expects {}", wallet.currency),
            format!("KPay shows {wallet} in {} again; ask KPay what changed", wallet.currency),
        ))
    }

    /// A reading that cannot show our own last move yet would let the same money be sent twice.
    fn reading_is_fresh(&self, available: Amount) -> Result<(), Refusal> {
        let source = self.lane.from;
        let Some(last) = self.inputs.standing.outflows.get(&source) else { return Ok(()) };
        let older = self.inputs.snapshot.taken_at < last.applied_at;
        if !older && available != last.before {
            return Ok(());
        }
        let shown = money(available, source.currency);
        let detail = if older {
            format!("the reading of {source}, {shown}, is older than our last transfer out of it")
        } else {
            format!("{source} still shows {shown}, exactly what it had before our last transfer out of it")
        };
        Err(Refusal::new(
            Reason::BalanceStale,
            detail,
            format!("a newer reading of {source} shows another balance; this slot stays open for it"),
        ))
    }

    fn rate(&self) -> Result<Rate, Refusal> {
        if !self.lane.crosses_currencies() {
            return Ok(Rate::ONE);
        }
        let (from, to) = (self.lane.from.currency, self.lane.to.currency);
        if !self.policy.fx.allow {
            return Err(Refusal::new(
                Reason::FxNotAllowed,
                format!("{} would change {from} into {to}, which the policy does not allow", self.lane),
                "`fx: { allow: true }` is set for the policy",
            ));
        }
        self.inputs.rates.get(&(from, to)).copied().ok_or_else(|| {
            Refusal::new(
                Reason::FxRateMissing,
                format!("KPay gave no usable rate from {from} to {to}"),
                format!("KPay gives a fresh rate from {from} to {to}; this slot stays open for it"),
            )
        })
    }
}
