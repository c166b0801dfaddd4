//! What is logged and what is counted of an intent's steps comes from this one place.

use super::follow::is_followed;
use super::metrics::Metrics;
use crate::intent::{Outcome, Tracked};

/// Logs and counts the step that brought an intent where it is now.
pub fn note(metrics: &Metrics, tracked: &Tracked) {
    let intent = &tracked.intent;
    let policy = intent.origin.policy();
    tracing::info!(
        external_id = %intent.external_id,
        policy = policy.unwrap_or("manual"),
        lane = %intent.lane.masked(),
        amount = %intent.amount,
        currency = %intent.currency(),
        outcome = tracked.outcome.word(),
        attempts = tracked.attempts,
        detail = %tracked.detail,
        "transfer"
    );
    // An attempt was counted when it began; what KPay says of it on the way is no outcome.
    if !is_followed(tracked) {
        metrics.transfer_outcome(policy, intent.lane, tracked.outcome);
    }
    if tracked.outcome == Outcome::Applied {
        let amount = tracked.facts.as_ref().map_or(intent.amount, |facts| facts.amount);
        metrics.transferred(policy, intent.lane, amount);
    }
}
