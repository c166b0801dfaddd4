//! The making of entries: one for a movement booked for the first time, one for what became known of it later.

use super::BooksError;
use super::entry::{Entry, EntryId, EntryKind, RateSource, Stage};
use super::movement::{Movement, Subject};
use super::postings::{assert_balanced, postings};
use crate::intent::{AppliedFacts, Evidence};
use crate::model::Timestamp;
use crate::money::Money;

/// One event's place in the journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub seq: u64,
    pub at: Timestamp,
}

/// The entry of a movement booked for the first time.
pub(super) fn normal_entry(
    record: Record,
    subject: &Subject,
    movement: &Movement,
    evidence: Evidence,
) -> Result<Entry, BooksError> {
    let lane = movement.lane;
    let mut entry = Entry {
        policy: subject.policy.clone(),
        source_country: Some(lane.from.country),
        source_currency: Some(lane.from.currency),
        source_amount: Some(movement.amount),
        destination_country: lane.to.destination().country(),
        destination_currency: Some(movement.credit_currency),
        destination_amount: movement.credited,
        exchange_rate: movement.rate,
        effective_rate: movement.effective_rate(),
        rate_source: Some(movement.rate_source),
        indicative_rate: subject.indicative_rate,
        reference: subject.reference,
        fee_amount: movement.fee.map(|fee| fee.amount),
        fee_currency: movement.fee.map(|fee| fee.currency),
        kpay_id: movement.kpay_id.clone(),
        source_reference: movement.source_reference.clone(),
        destination_reference: movement.destination_reference.clone(),
        description: Some(subject.description.clone()),
        ..empty_entry(record, subject, evidence)
    };
    post(&mut entry, None, movement)?;
    Ok(entry)
}

/// What a finding on a booked movement makes of it. A rate that the finding only repeats keeps its giver.
pub(super) fn corrected(
    subject: &Subject,
    before: &Movement,
    facts: &AppliedFacts,
    (giver, stage): (RateSource, Stage),
) -> Movement {
    let mut movement = Movement::new(subject, &before.completed_by(facts), giver, stage);
    if movement.rate == before.rate && before.rate_source != RateSource::SameCurrency {
        (movement.rate, movement.rate_source) = (before.rate, before.rate_source);
    }
    movement
}

/// The entry for what changed; `None` where nothing did.
pub(super) fn correction(
    record: Record,
    subject: &Subject,
    first_id: EntryId,
    (before, now): (&Movement, &Movement),
    evidence: Evidence,
) -> Result<Option<Entry>, BooksError> {
    if before == now {
        return Ok(None);
    }
    let mut entry = Entry {
        kind: EntryKind::Correction,
        source_amount: changed([before, now].map(|known| Some(known.amount))),
        destination_currency: changed([before, now].map(|known| Some(known.credit_currency))),
        destination_amount: changed([before, now].map(|known| known.credited)),
        exchange_rate: changed([before, now].map(|known| known.rate)),
        effective_rate: changed([before, now].map(Movement::effective_rate)),
        rate_source: changed([before, now].map(|known| Some(known.rate_source))),
        fee_amount: changed([before, now].map(|known| known.fee.map(|fee| fee.amount))),
        fee_currency: changed([before, now].map(|known| known.fee.map(|fee| fee.currency))),
        kpay_id: changed([before, now].map(|known| known.kpay_id.clone())),
        source_reference: changed([before, now].map(|known| known.source_reference.clone())),
        destination_reference: changed([before, now].map(|known| known.destination_reference.clone())),
        description: how_it_ended(before.stage, now.stage).map(str::to_owned),
        corrects: Some(first_id),
        ..empty_entry(record, subject, evidence)
    };
    post(&mut entry, Some(before), now)?;
    Ok(Some(entry))
}

/// What no column shows where no figure changes: that a payout is over, and how.
fn how_it_ended(before: Stage, now: Stage) -> Option<&'static str> {
    match now {
        _ if before == now => None,
        Stage::InTransit => None,
        Stage::Settled => Some("completed: the beneficiary has it"),
        Stage::Returned => Some("returned: it is back in the wallet, fee and all"),
    }
}

fn changed<T: PartialEq>([before, now]: [Option<T>; 2]) -> Option<T> {
    if before == now { None } else { now }
}

/// What identifies an entry, and nothing else.
fn empty_entry(record: Record, subject: &Subject, evidence: Evidence) -> Entry {
    Entry {
        entry_id: EntryId(record.seq),
        booked_at: record.at,
        external_id: subject.external_id.clone(),
        kind: subject.entry_kind,
        policy: None,
        source_country: None,
        source_currency: None,
        source_amount: None,
        destination_country: None,
        destination_currency: None,
        destination_amount: None,
        exchange_rate: None,
        effective_rate: None,
        rate_source: None,
        indicative_rate: None,
        reference: None,
        fee_amount: None,
        fee_currency: None,
        kpay_id: None,
        source_reference: None,
        destination_reference: None,
        description: None,
        evidence,
        corrects: None,
        stage: Stage::Settled,
        lane: subject.lane,
        postings: Vec::new(),
        residue: None,
    }
}

fn post(entry: &mut Entry, before: Option<&Movement>, now: &Movement) -> Result<(), BooksError> {
    let id = entry.entry_id;
    entry.postings = postings(before, now).map_err(BooksError::money(format!("entry {id}")))?;
    assert_balanced(&format!("entry {id}"), &entry.postings)?;
    entry.stage = now.stage;
    entry.residue = now.residue().map(|amount| Money { amount, currency: now.credit_currency });
    Ok(())
}
