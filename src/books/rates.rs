//! Applied rates: one row per applied movement, completed by its corrections; the newest, and every one still pending.
//! A payout has its row once it is over; one that came back has none.

use super::{Entry, EntryId, EntryKind, RateSource, Stage};
use crate::intent::plainly;
use crate::model::{ExternalId, RateReference};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::basis_points;
use serde::Serialize;
use std::collections::BTreeMap;

/// The newest rows, up to a number given, and every incomplete one however old.
#[derive(Debug, Clone)]
pub struct Rates {
    keep: usize,
    /// Not applied yet, so not shown.
    in_transit: BTreeMap<EntryId, RateRow>,
    complete: BTreeMap<EntryId, RateRow>,
    incomplete: BTreeMap<EntryId, RateRow>,
}

/// The rate of one movement. Whatever nobody gave is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RateRow {
    /// The entry that booked the movement.
    pub entry_id: EntryId,
    /// When; RFC 3339, UTC, milliseconds.
    pub booked_at: String,
    /// The intent's id.
    pub external_id: ExternalId,
    /// Country debited.
    pub source_country: Option<Country>,
    /// In which currency.
    pub source_currency: Option<Currency>,
    /// What left.
    pub source_amount: Option<Amount>,
    /// Country credited.
    pub destination_country: Option<Country>,
    /// In which currency.
    pub destination_currency: Option<Currency>,
    /// What arrived.
    pub destination_amount: Option<Amount>,
    /// Digit for digit as given.
    pub exchange_rate: Option<Rate>,
    /// Destination / source, as in the entry.
    pub effective_rate: Option<Rate>,
    /// Who gave the rate, or `pending`.
    pub rate_source: Option<RateSource>,
    /// KPay's indicative rate at the decision.
    pub indicative_rate: Option<Rate>,
    /// What the rate is compared with, for people: `1 (the peg to the euro)`; `None` within one currency.
    pub reference_rate: Option<String>,
    /// How far the rate is from it, in basis points, a decimal string; below zero where it brought less.
    pub off_reference_bp: Option<String>,
    /// How far the rate is from the indicative one, likewise.
    pub off_indicative_bp: Option<String>,
    /// The same as data. Not shown in JSON.
    #[serde(skip)]
    pub reference: Option<RateReference>,
    /// The last correction that completed it.
    pub corrected_by: Option<EntryId>,
}

impl RateRow {
    fn new(entry: &Entry) -> Self {
        Self {
            entry_id: entry.entry_id,
            booked_at: entry.booked_at_text(),
            external_id: entry.external_id.clone(),
            source_country: entry.source_country,
            source_currency: entry.source_currency,
            source_amount: entry.source_amount,
            destination_country: entry.destination_country,
            destination_currency: entry.destination_currency,
            destination_amount: entry.destination_amount,
            exchange_rate: entry.exchange_rate,
            effective_rate: entry.effective_rate,
            rate_source: entry.rate_source,
            indicative_rate: entry.indicative_rate,
            reference: entry.reference,
            reference_rate: entry.reference.map(|reference| reference.to_string()),
            off_reference_bp: None,
            off_indicative_bp: None,
            corrected_by: None,
        }
        .compared()
    }

    /// With the comparisons of its rate; within one currency there is nothing to compare.
    fn compared(mut self) -> Self {
        let Some(rate) = self.exchange_rate.filter(|_| self.source_currency != self.destination_currency) else {
            return self;
        };
        let off = |reference| basis_points(reference, rate).map(|points| points.to_string());
        self.off_reference_bp = self.reference.and_then(off);
        self.off_indicative_bp = self.indicative_rate.map(plainly).and_then(off);
        self
    }

    /// Whether nobody gave the rate, or the credit, yet. Within one currency nobody has to: a payout without figures is
    /// complete, all but its fee arrived.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        let is_within_one = self.rate_source == Some(RateSource::SameCurrency);
        self.exchange_rate.is_none() || (self.destination_amount.is_none() && !is_within_one)
    }

    fn correct(&mut self, correction: &Entry) {
        self.source_amount = correction.source_amount.or(self.source_amount);
        self.destination_currency = correction.destination_currency.or(self.destination_currency);
        self.destination_amount = correction.destination_amount.or(self.destination_amount);
        self.exchange_rate = correction.exchange_rate.or(self.exchange_rate);
        self.effective_rate = correction.effective_rate.or(self.effective_rate);
        self.rate_source = correction.rate_source.or(self.rate_source);
        self.corrected_by = Some(correction.entry_id);
    }
}

impl Rates {
    /// Keeps the newest `keep` complete rows.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self { keep, in_transit: BTreeMap::new(), complete: BTreeMap::new(), incomplete: BTreeMap::new() }
    }

    /// Takes the next entry.
    pub fn add(&mut self, entry: &Entry) {
        let row = match (entry.kind, entry.corrects) {
            (EntryKind::Correction, Some(corrected)) => {
                let known = self.in_transit.remove(&corrected).or_else(|| self.incomplete.remove(&corrected));
                let known = known.or_else(|| self.complete.remove(&corrected));
                let Some(mut row) = known else { return };
                row.correct(entry);
                row.compared()
            }
            _ => RateRow::new(entry),
        };
        let rows = match entry.stage {
            Stage::InTransit => &mut self.in_transit,
            Stage::Settled if row.is_pending() => &mut self.incomplete,
            Stage::Settled => &mut self.complete,
            Stage::Returned => return,
        };
        rows.insert(row.entry_id, row);
        if self.complete.len() > self.keep {
            self.complete.pop_first();
        }
    }

    /// Newest first, the pending ones at their place in time.
    #[must_use]
    pub fn newest_first(&self) -> Vec<&RateRow> {
        let mut rows: Vec<&RateRow> = self.complete.values().chain(self.incomplete.values()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.entry_id));
        rows
    }

    /// How many are pending.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.incomplete.len()
    }
}
