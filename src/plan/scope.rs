//! One policy's view of the world: what each wallet has by its reading, by open intents and by this plan so far. The
//! same for every kind of policy.

use super::lane::Case;
use super::refusal::{Refusal, money};
use super::taken::Taken;
use super::world::World;
use super::{Inputs, Reason};
use crate::model::{Lane, Slot, WalletId, tame};
use crate::money::{Amount, Country, Currency};
use crate::planted::{self, Mistake};
use crate::policy::Policy;

/// Everything that the decisions on one policy's lanes rest on.
#[derive(Clone, Copy)]
pub(super) struct Scope<'c, 'a> {
    pub(super) inputs: &'c Inputs<'a>,
    pub(super) world: &'c World<'a>,
    pub(super) taken: &'c Taken<'a>,
    pub(super) policy: &'c Policy,
    pub(super) slot: Slot,
}

/// What a wallet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// By KPay's word.
    pub(super) available: Amount,
    /// What open intents and this plan take out of it.
    pub(super) leaving: Amount,
    /// What is left to spend: `available` less `leaving`; may be negative.
    pub(super) usable: Amount,
}

impl Position {
    /// `250 000 XAF (330 000 XAF less 80 000 XAF on its way out)`.
    pub(super) fn shown(self, currency: Currency) -> String {
        let usable = money(self.usable, currency).to_string();
        if !self.leaving.is_positive() {
            return usable;
        }
        let (available, leaving) = (money(self.available, currency), money(self.leaving, currency));
        format!("{usable} ({available} less {leaving} on its way out)")
    }
}

impl<'c, 'a> Scope<'c, 'a> {
    /// One lane of the policy.
    pub(super) fn case(self, lane: Lane) -> Case<'c, 'a> {
        Case { scope: self, lane }
    }

    /// What a wallet can spend. Money held by open intents or taken in this plan is not there, and money on its way in
    /// is not there yet.
    ///
    /// # Errors
    /// The wallet is missing, illegible, in another currency, or its reading may not show our own last move.
    pub(super) fn position(&self, wallet: WalletId) -> Result<Position, Refusal> {
        let available = self.read(wallet)?;
        self.is_fresh(wallet, available)?;
        let leaving = self.world.held_from(wallet)?.checked_add(self.taken.from(wallet)?)?;
        Ok(Position { available, leaving, usable: available.checked_sub(leaving)? })
    }

    /// What a wallet will have once everything under way is there: for judging a need, never for spending.
    ///
    /// # Errors
    /// As [`Scope::position`]; where the reading may not show our own last move into it; where nobody knows whether it
    /// shows an open one; and where it is not known how much an open intent brings.
    pub(super) fn level(&self, wallet: WalletId) -> Result<Amount, Refusal> {
        let position = self.position(wallet)?;
        self.shows_what_came(wallet)?;
        self.nothing_is_unsettled(wallet)?;
        Ok(position.usable.checked_add(self.arriving(wallet)?)?)
    }

    /// What open intents and this plan bring into a wallet.
    pub(super) fn arriving(&self, wallet: WalletId) -> Result<Amount, Refusal> {
        if let Some(hold) = self.world.unpriced_into(wallet) {
            let id = tame(hold.external_id.as_str(), 64);
            return Err(Refusal::new(
                Reason::FxRateMissing,
                format!("{id} is still on its way, and without a rate nobody knows what it brings into {wallet}"),
                format!("{id} is settled (`treasuryd transfers show {id}`); this slot stays open for it"),
            ));
        }
        Ok(self.world.arriving(wallet)?.checked_add(self.taken.into(wallet)?)?)
    }

    /// The floor under a wallet at the instant planned for, whatever the rule.
    pub(super) fn reserve(&self, wallet: WalletId) -> Amount {
        self.inputs.policies.reserve(wallet, self.inputs.now)
    }

    /// The balance that KPay shows.
    pub(super) fn read(&self, wallet: WalletId) -> Result<Amount, Refusal> {
        self.is_legible(wallet.country)?;
        if let Some(available) = self.world.available(wallet) {
            return Ok(available);
        }
        self.has_expected_currency(wallet)?;
        Err(Refusal::new(
            Reason::WalletMissing,
            format!("KPay shows no wallet of {wallet} in {}", wallet.currency),
            format!("KPay shows the {wallet} wallet; it appears with the first payment received there"),
        ))
    }

    pub(super) fn is_legible(&self, country: Country) -> Result<(), Refusal> {
        let Some(problem) = self.world.problem(country) else { return Ok(()) };
        Err(Refusal::new(
            Reason::WalletMissing,
            format!("KPay's reply about {country} could not be read: {}", tame(problem, 200)),
            format!("KPay shows the {country} wallet in a form that can be read"),
        ))
    }

    pub(super) fn has_expected_currency(&self, wallet: WalletId) -> Result<(), Refusal> {
        let Some(other) = self.world.other_currency(wallet) else { return Ok(()) };
        Err(Refusal::new(
            Reason::WalletFrozen,
            format!("KPay shows {wallet} in {other}, but the policy expects {}", wallet.currency),
            format!("KPay shows {wallet} in {} again; ask KPay what changed", wallet.currency),
        ))
    }

    /// Money may come into a frozen wallet, and none leaves it.
    pub(super) fn is_not_frozen(&self, wallet: WalletId) -> Result<(), Refusal> {
        Refusal::of_frozen(self.inputs.standing, wallet).map_or(Ok(()), Err)
    }

    /// A reading that cannot show our own last move yet would let the same money be sent twice.
    pub(super) fn is_fresh(&self, wallet: WalletId, available: Amount) -> Result<(), Refusal> {
        let Some(last) = self.inputs.standing.outflows.get(&wallet) else { return Ok(()) };
        let older = self.inputs.snapshot.taken_at < last.applied_at;
        if (!older && available != last.before) || planted::is(Mistake::UnmovedBalanceBelieved) {
            return Ok(());
        }
        let shown = money(available, wallet.currency);
        let detail = if older {
            format!("the reading of {wallet}, {shown}, is older than our last transfer out of it")
        } else {
            format!("{wallet} still shows {shown}, exactly what it had before our last transfer out of it")
        };
        Err(Refusal::new(
            Reason::BalanceStale,
            detail,
            format!("a newer reading of {wallet} shows another balance; this slot stays open for it"),
        ))
    }

    /// A reading from before our own last move into a wallet would let the same need be filled twice.
    fn shows_what_came(&self, wallet: WalletId) -> Result<(), Refusal> {
        let came = self.inputs.standing.inflows.get(&wallet);
        if came.is_none_or(|applied_at| self.inputs.snapshot.taken_at >= *applied_at) {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::BalanceStale,
            format!("the reading of {wallet} is older than our last transfer into it"),
            format!("{wallet} is read again; this slot stays open for it"),
        ))
    }

    /// What was sent and is not settled may be in the balance as read or not: taken off or added once more it would make
    /// a need too large or too small. Never sent, it is surely not in it.
    fn nothing_is_unsettled(&self, wallet: WalletId) -> Result<(), Refusal> {
        let Some(hold) = self.world.unsettled_at(wallet) else { return Ok(()) };
        let id = tame(hold.external_id.as_str(), 64);
        let (amount, outcome) = (money(hold.amount, hold.lane.from.currency), tame(&hold.outcome, 32));
        let command = if hold.outcome == "needs_operator" { "resolve" } else { "show" };
        Err(Refusal::new(
            Reason::BalanceStale,
            format!(
                "{id} over {amount} from {} to {} is still `{outcome}`, so nobody knows whether {wallet} shows it already",
                hold.lane.from, hold.lane.to
            ),
            format!("{id} is settled (`treasuryd transfers {command} {id}`); this slot stays open for it"),
        ))
    }
}
