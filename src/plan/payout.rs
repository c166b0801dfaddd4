//! `payout`: what is over a source's floor is paid out to somebody, if their operator takes payouts.

use super::Inputs;
use super::Reason;
use super::ask::{Ask, Basis};
use super::lane::Case;
use super::refusal::Refusal;
use super::sweep::surplus;
use crate::model::Payee;
use crate::money::Percent;
use crate::policy::Payout;

/// What the source would pay out.
pub(super) fn ask(case: &Case<'_, '_>, payout: &Payout) -> Result<Ask, Refusal> {
    let passable = case.passable()?;
    let over = surplus(case, &payout.source, passable.source)?;
    operator_takes_it(case.scope.inputs, payout.to, "; this slot stays open for it")?;
    let basis = Basis::Surplus { over, share: Percent::HUNDRED };
    Ok(Ask { amount: over, rate: passable.rate, whole: false, basis, beside: None })
}

/// Refuses while the payee's operator takes no payouts; `until` ends the sentence of what would change that.
pub(super) fn operator_takes_it(inputs: &Inputs<'_>, to: Payee, until: &str) -> Result<(), Refusal> {
    let Payee::Phone(beneficiary) = to else { return Ok(()) };
    let Some(closed) = inputs.availability.closed(beneficiary.provider) else { return Ok(()) };
    let remedy = format!("{} takes payouts again{until}", beneficiary.provider);
    Err(Refusal::new(Reason::ProviderDown, closed, remedy))
}
