//! The verdict on a row, from the sandbox's books and its log of requests, not from what treasuryd thinks of itself.

use super::stage::{Stage, failed};
use crate::cli::demo::audit;
use serde_json::Value;
use std::collections::BTreeMap;

/// Requests that KPay takes in a minute.
const MOST_IN_A_MINUTE: usize = 100;

/// What must stand in the books.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stands {
    /// Transfers applied.
    pub(super) moved: usize,
    /// Payouts that KPay has, and that did not come back.
    pub(super) paid: usize,
    /// Movements that a person has to look at.
    pub(super) called: usize,
}

/// Judges what is settled: nothing twice, nothing open, and both books the same. Of what a person is called for, our books
/// rightly say nothing yet. What was found, in words.
pub(super) fn judge(stage: &mut Stage<'_>, expected: Stands) -> Result<String, String> {
    let intents = stage.intents()?;
    let bank = stage.bank()?;
    let books = bank.books();
    if let Some(wrong) = books.wrong {
        return Err(wrong);
    }
    if let Some((id, times)) = books.applied_twice.first_key_value() {
        return Err(format!("{id} was applied {times} times"));
    }
    let mut standing: BTreeMap<&str, usize> = BTreeMap::new();
    for payout in books.withdrawals.iter().filter(|payout| !payout.status.is_returned()) {
        *standing.entry(payout.external_id.as_deref().unwrap_or_default()).or_default() += 1;
    }
    if let Some((id, times)) = standing.iter().find(|(_, times)| **times > 1) {
        return Err(format!("{id} was paid {times} times"));
    }
    if let Some(open) = intents.iter().find(|one| ["planned", "sending", "unknown"].contains(&one.state.as_str())) {
        return Err(format!("{} is still {}", open.external_id, open.state));
    }
    let called: Vec<&str> =
        intents.iter().filter(|one| one.state == "needs_operator").map(|one| one.external_id.as_str()).collect();
    let found = Stands { moved: books.transfers.len(), paid: standing.len(), called: called.len() };
    if (found.moved, found.paid, found.called) != (expected.moved, expected.paid, expected.called) {
        return Err(format!("{}; expected were {}", told(found), told(expected)));
    }
    let audit = audit::compare(&stage.path("state"), &bank).map_err(|error| error.message)?;
    let is_a_persons = |difference: &String| called.iter().any(|id| difference.contains(id));
    if let Some(difference) = audit.differences.iter().find(|difference| !is_a_persons(difference)) {
        return Err(difference.clone());
    }
    let busiest = bank.busiest_minute();
    if busiest > MOST_IN_A_MINUTE {
        return Err(format!("{busiest} requests in a minute, and KPay takes {MOST_IN_A_MINUTE}"));
    }
    // A state that was lost may have asked for something else.
    if called.is_empty() {
        same_bytes(stage)?;
    }
    Ok(told(found))
}

/// A movement is asked for again with the bytes of its first request.
fn same_bytes(stage: &Stage<'_>) -> Result<(), String> {
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    for post in stage.posts()? {
        let body: Value = serde_json::from_str(&post.body).map_err(failed("a request of ours is no JSON"))?;
        let id = body["externalId"].as_str().unwrap_or_default().to_owned();
        let first = bodies.entry(id.clone()).or_insert_with(|| post.body.clone());
        if *first != post.body {
            return Err(format!("{id} was asked for again with other bytes"));
        }
    }
    Ok(())
}

fn told(stands: Stands) -> String {
    let mut parts = Vec::new();
    if stands.moved > 0 || stands.paid == 0 {
        parts.push(format!("{} moved", counted(stands.moved, "transfer")));
    }
    if stands.paid > 0 {
        parts.push(format!("{} paid", counted(stands.paid, "payout")));
    }
    match stands.called {
        0 => parts.push("both books agree".to_owned()),
        some => parts.push(format!("a person is called for {}", counted(some, "movement"))),
    }
    parts.join(", ")
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
