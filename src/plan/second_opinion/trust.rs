//! How far a policy is trusted: the small share of a canary, and amounts that people must approve.

use super::Breach;
use super::review::Review;
use super::rules::{is_canary, worth as rules_worth};
use crate::money::{Amount, Currency};
use crate::plan::PlannedTransfer;
use crate::policy::Policy;
use rust_decimal::Decimal;

impl Review<'_> {
    /// A canary moves no more than its share of what the rule and the policy's limits allow, and no more than its
    /// maximum. `most` is what the rule allows, in units of which one of the amount's is worth `worth`.
    pub(super) fn canary(&mut self, policy: &Policy, currency: Currency, amount: Amount, worth: Decimal, most: Amount) {
        if !is_canary(policy) {
            return;
        }
        let Some(canary) = &policy.canary else { return self.object(Breach::CanaryTooLarge) };
        let is_too_large = |amount: Option<Amount>, most: Amount| {
            let times_hundred = amount.and_then(|amount| amount.checked_mul(Decimal::ONE_HUNDRED).ok());
            let allowed = most.checked_mul(canary.share.percent()).ok();
            times_hundred.zip(allowed).is_none_or(|(amount, allowed)| amount > allowed)
        };
        let over_share = is_too_large(rules_worth(amount, worth), most);
        let limits = [&policy.limits.max_per_slot, &policy.limits.max_per_day];
        let over_limit =
            limits.into_iter().filter_map(|limit| limit.get(&currency)).any(|limit| is_too_large(Some(amount), *limit));
        let over_maximum = canary.max.get(&currency).is_some_and(|maximum| amount > *maximum);
        self.object_if(over_share || over_limit || over_maximum, Breach::CanaryTooLarge);
    }

    /// Every part of a lane waits for approval, or none does, by the lane's total.
    pub(super) fn approval(&mut self, policy: &Policy, total: Amount, parts: &[&PlannedTransfer]) {
        let wanted = policy.approval.as_ref().is_some_and(|approval| {
            parts.first().and_then(|part| approval.above.get(&part.currency)).is_some_and(|above| *above < total)
        });
        self.object_if(parts.iter().any(|part| part.needs_approval != wanted), Breach::WrongApproval);
    }
}
