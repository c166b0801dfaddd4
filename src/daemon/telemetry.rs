//! What is logged and what is counted of an intent's steps comes from this one place.

use super::metrics::Metrics;
use crate::intent::{Outcome, Tracked};

/// Logs and counts the step that brought an intent where it is now.
pub fn note(metrics: &Metrics, tracked: &Tracked) {
    let intent = &tracked.intent;
    let policy = intent.origin.policy().unwrap_or("manual");
    let (from, to) = (intent.lane.from, intent.lane.to);
    let outcome = tracked.outcome.word();
    tracing::info!(
        external_id = %intent.external_id,
        policy,
        lane = %intent.lane,
        amount = %intent.amount,
        currency = %intent.currency(),
        outcome,
        attempts = tracked.attempts,
        detail = %tracked.detail,
        "transfer"
    );
    metrics.transfer_outcome(policy, from.country.code(), to.country.code(), outcome);
    if tracked.outcome == Outcome::Applied {
        let amount = tracked.facts.as_ref().map_or(intent.amount, |facts| facts.amount);
        metrics.transferred(policy, from.country.code(), to.country.code(), intent.currency().code(), amount);
    }
}
