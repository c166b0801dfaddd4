//! What an answer means: pure functions from (intent, reply, evidence) to the event to record.

use super::{AppliedFacts, Event, Evidence, Reply, Tracked, withdrawal_events};
use crate::model::Kind;
use crate::money::{Amount, Money, Rate};
use crate::planted::{self, Mistake};

/// What is known when KPay answers 409.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConflictEvidence {
    /// The source's available balance read after the 409; `None` where it could not be read.
    pub balance_after: Option<Amount>,
    /// Whether records prove that what moved was our own amount ([`super::State::journal_proves`]).
    pub journal_proves: bool,
}

/// The events for a reply; `None` for a 409, which needs a reading of the source first ([`conflict_verdict`]).
///
/// `tracked` is the intent while [`super::Outcome::Sending`].
#[must_use]
pub fn verdict(tracked: &Tracked, reply: &Reply) -> Option<Vec<Event>> {
    let external_id = tracked.intent.external_id.clone();
    if let Some(planted) = planted_verdict(tracked, reply) {
        return Some(vec![planted]);
    }
    Some(vec![match reply {
        Reply::Accepted(said) => {
            return Some(withdrawal_events(tracked, said, Evidence::Response, tracked.may_have_arrived));
        }
        Reply::Applied(facts) => Event::Applied { external_id, evidence: Evidence::Response, facts: facts.clone() },
        Reply::Lost { detail } => Event::Unknown { external_id, detail: detail.clone() },
        Reply::NotSent { detail } | Reply::NotAuthorized { detail } => {
            Event::NotSent { external_id, detail: detail.clone() }
        }
        // A refusal proves nothing once an earlier attempt may have arrived: the balance may be short because of it.
        Reply::Refused { detail } if tracked.may_have_arrived => Event::Unknown {
            external_id,
            detail: format!("an earlier attempt may have arrived; this one was refused: {detail}"),
        },
        Reply::Refused { detail } => Event::Rejected { external_id, detail: detail.clone() },
        Reply::Conflict { .. } => return None,
    }])
}

/// What a 409 means (CONTRACT, "What a 409 means").
#[must_use]
pub fn conflict_verdict(tracked: &Tracked, detail: &str, evidence: ConflictEvidence) -> Event {
    let external_id = tracked.intent.external_id.clone();
    if !tracked.may_have_arrived && !planted::is(Mistake::FirstConflictIsOurs) {
        return Event::NeedsOperator {
            external_id,
            holds: false,
            amount_is_ours: false,
            detail: format!(
                "KPay already knows this id, but this state never sent it: the state may have been wiped or restored, \
                 or another machine sent it. Nothing is booked. {detail}"
            ),
        };
    }
    if tracked.intent.kind == Kind::Payout {
        // It was taken in hand, which proves no end: it may have failed since. Its id comes with KPay's webhook.
        return Event::NeedsOperator {
            external_id,
            holds: true,
            amount_is_ours: evidence.journal_proves || fell_by_exactly_ours(tracked, evidence),
            detail: format!(
                "KPay knows this id, so an attempt before arrived, but says neither how it stands nor its own id for it. \
                 It waits for KPay's webhook, or look it up at KPay and `treasuryd transfers resolve`. {detail}"
            ),
        };
    }
    if evidence.journal_proves || fell_by_exactly_ours(tracked, evidence) {
        return Event::Applied { external_id, evidence: Evidence::Conflict, facts: own_facts(tracked) };
    }
    if evidence.balance_after.is_none() {
        return Event::Unknown {
            external_id,
            detail: format!("KPay knows this id; the balance that would prove the amount could not be read. {detail}"),
        };
    }
    Event::NeedsOperator {
        external_id,
        holds: true,
        amount_is_ours: false,
        detail: format!("KPay knows this id, but {}. {detail}", unproven(tracked)),
    }
}

/// Why nothing proves our amount.
fn unproven(tracked: &Tracked) -> &'static str {
    if tracked.intent.journal_before_slot {
        "this state was copied or put back since its slot, so that another amount may have moved, and the source's balance \
         did not fall by exactly ours"
    } else {
        "neither the journal nor the source's balance proves that it was for our amount"
    }
}

fn fell_by_exactly_ours(tracked: &Tracked, evidence: ConflictEvidence) -> bool {
    let (Some(before), Some(after)) = (tracked.balance_before, evidence.balance_after) else {
        return false;
    };
    before.checked_sub(after) == Ok(tracked.intent.amount) || planted::is(Mistake::AnyConflictProvesOurAmount)
}

/// What follows from the intent alone: our amount; within one currency also rate 1 and the credit.
fn own_facts(tracked: &Tracked) -> AppliedFacts {
    let intent = &tracked.intent;
    let same_currency = !intent.lane.crosses_currencies();
    let planned_rate = intent.indicative_rate.filter(|_| planted::is(Mistake::RateInventedAfterConflict));
    AppliedFacts {
        amount: intent.amount,
        kpay_id: None,
        source_reference: None,
        destination_reference: None,
        exchange_rate: same_currency.then_some(Rate::ONE).or(planned_rate),
        credited: same_currency.then_some(Money { amount: intent.amount, currency: intent.lane.to.currency }),
        fee: None,
    }
}

/// What tests plant here ([`planted`]).
fn planted_verdict(tracked: &Tracked, reply: &Reply) -> Option<Event> {
    let external_id = tracked.intent.external_id.clone();
    let (mistake, event) = match reply {
        Reply::Lost { detail } if planted::is(Mistake::LostReplyIsNotSent) => {
            (Mistake::LostReplyIsNotSent, Event::NotSent { external_id, detail: detail.clone() })
        }
        Reply::Lost { detail } if !tracked.may_have_arrived => {
            (Mistake::LostReplyIsRefusal, Event::Rejected { external_id, detail: detail.clone() })
        }
        Reply::Refused { detail } => {
            (Mistake::RefusalAfterUnknownIsFinal, Event::Rejected { external_id, detail: detail.clone() })
        }
        _ => return None,
    };
    planted::is(mistake).then_some(event)
}
