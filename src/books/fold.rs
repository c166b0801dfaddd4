//! From events to entries. [`Folder`] remembers only what is open and hands each entry out; [`Books`] keeps them all.

use super::BooksError;
use super::booking::{Record, corrected, correction, normal_entry};
use super::entry::{Entry, EntryId, RateSource, Stage};
use super::movement::{Movement, Subject};
use crate::intent::{AppliedFacts, Event, Evidence, Finding};
use crate::model::{ExternalId, Intent, Timestamp};
use crate::planted::{self, Mistake};
use std::collections::BTreeMap;

/// The fold itself: constant memory but for open intents, so a journal of any length streams through it.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    open: BTreeMap<ExternalId, Open>,
}

/// An intent that may still be booked or corrected.
#[derive(Debug, Clone)]
struct Open {
    subject: Subject,
    /// The entry that booked it and what is known since, once it is applied or KPay has it in hand.
    booked: Option<(EntryId, Movement)>,
}

impl Folder {
    /// Nothing read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the journal; returns the entry it makes, if it makes one. `seq` and `at` are the journal
    /// record's own. On an error the fold must be dropped.
    ///
    /// # Errors
    /// [`BooksError`] where the event cannot follow what was before it, or its figures cannot be booked exactly.
    pub fn apply(&mut self, seq: u64, at: Timestamp, event: &Event) -> Result<Option<Entry>, BooksError> {
        let record = Record { seq, at };
        match event {
            Event::Decided { intents, .. } | Event::Requested { intents, .. } => {
                for intent in intents {
                    self.begin(record, intent)?;
                }
            }
            Event::Accepted { external_id, withdrawal, .. } => {
                return self.book(record, external_id, (Evidence::Response, Stage::InTransit), &withdrawal.facts);
            }
            Event::Followed { external_id, withdrawal } => {
                return self.book(record, external_id, (Evidence::Status, Stage::InTransit), &withdrawal.facts);
            }
            Event::Applied { external_id, evidence, facts } => {
                return self.book(record, external_id, (*evidence, Stage::Settled), facts);
            }
            Event::Resolved { external_id, finding: Finding::Applied(facts), .. } => {
                return self.book(record, external_id, (Evidence::Operator, Stage::Settled), facts);
            }
            Event::Returned { .. } if planted::is(Mistake::ReturnNotBooked) => {}
            Event::Returned { external_id, .. } => return self.give_back(record, external_id, Evidence::Status),
            Event::Resolved { external_id, finding: Finding::NotApplied, .. } => {
                return self.give_back(record, external_id, Evidence::Operator);
            }
            Event::Rejected { external_id, .. }
            | Event::Declined { external_id, .. }
            | Event::Cancelled { external_id, .. } => {
                return self.give_back(record, external_id, Evidence::Response);
            }
            Event::Opened { .. }
            | Event::Started { .. }
            | Event::Copied { .. }
            | Event::Alive
            | Event::Observed { .. }
            | Event::Fell { .. }
            | Event::Breached { .. }
            | Event::Rose { .. }
            | Event::CameBack { .. }
            | Event::Released { .. }
            | Event::PoliciesInForce { .. }
            | Event::PoliciesAccepted { .. }
            | Event::Approved { .. }
            | Event::Attempted { .. }
            | Event::NotSent { .. }
            | Event::Unknown { .. }
            | Event::NeedsOperator { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. } => {}
        }
        Ok(None)
    }

    fn begin(&mut self, record: Record, intent: &Intent) -> Result<(), BooksError> {
        let open = Open { subject: Subject::new(intent), booked: None };
        match self.open.insert(intent.external_id.clone(), open) {
            Some(_) => Err(BooksError::Twice { seq: record.seq, external_id: intent.external_id.to_string() }),
            None => Ok(()),
        }
    }

    fn take(&mut self, record: Record, external_id: &ExternalId) -> Result<Open, BooksError> {
        self.open
            .remove(external_id)
            .ok_or_else(|| BooksError::NoSuchIntent { seq: record.seq, external_id: external_id.to_string() })
    }

    fn book(
        &mut self,
        record: Record,
        external_id: &ExternalId,
        (evidence, stage): (Evidence, Stage),
        facts: &AppliedFacts,
    ) -> Result<Option<Entry>, BooksError> {
        let Open { subject, booked } = self.take(record, external_id)?;
        let id = EntryId(record.seq);
        let giver = if evidence == Evidence::Operator { RateSource::Operator } else { RateSource::Response };
        let (first_id, entry, movement) = match booked {
            None => {
                let movement = Movement::new(&subject, facts, giver, stage);
                (id, Some(normal_entry(record, &subject, &movement, evidence)?), movement)
            }
            Some((first_id, before)) => {
                let movement = corrected(&subject, &before, facts, (giver, stage));
                let entry = correction(record, &subject, first_id, (&before, &movement), evidence)?;
                (first_id, entry, movement)
            }
        };
        // The same rule as `intent::Tracked::rate_is_pending`: these an operator may still complete.
        let incomplete = facts.exchange_rate.is_none() || facts.credited.is_none();
        if stage == Stage::InTransit || (subject.lane.crosses_currencies() && incomplete) {
            self.open.insert(external_id.clone(), Open { subject, booked: Some((first_id, movement)) });
        }
        Ok(entry)
    }

    /// Nothing moved: what was booked as in transit goes back.
    fn give_back(
        &mut self,
        record: Record,
        external_id: &ExternalId,
        evidence: Evidence,
    ) -> Result<Option<Entry>, BooksError> {
        let Open { subject, booked } = self.take(record, external_id)?;
        let Some((first_id, before)) = booked else { return Ok(None) };
        correction(record, &subject, first_id, (&before, &before.returned()), evidence)
    }
}

/// The fold with all its entries kept, for books that fit in memory.
#[derive(Debug, Clone, Default)]
pub struct Books {
    folder: Folder,
    entries: Vec<Entry>,
}

impl Books {
    /// Empty books.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the journal, as [`Folder::apply`] does, and keeps its entry.
    ///
    /// # Errors
    /// [`BooksError`] as [`Folder::apply`].
    pub fn apply(&mut self, seq: u64, at: Timestamp, event: &Event) -> Result<(), BooksError> {
        self.entries.extend(self.folder.apply(seq, at, event)?);
        Ok(())
    }

    /// Every entry so far, in the journal's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
