//! The journal as a history: what changed between two readings, less what policies moved in between.
//!
//! A move by hand counts as coming from outside, as customers' money does: people would have moved it under other
//! policies too.

use super::{Change, History, What};
use crate::intent::{AppliedFacts, Event, Finding};
use crate::model::{BalanceRow, Intent, Lane, Timestamp, WalletId};
use crate::money::{Amount, MoneyError, Rate};
use std::collections::BTreeMap;

/// Takes the journal's events one by one.
#[derive(Debug, Default)]
pub struct Recorder {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    intents: BTreeMap<String, (Lane, Option<Rate>)>,
    last: BTreeMap<WalletId, Amount>,
    /// What policies did to a wallet that no reading has shown yet.
    own: BTreeMap<WalletId, Vec<(Timestamp, Amount)>>,
    changes: Vec<Change>,
    readings: Option<(Timestamp, Timestamp)>,
    /// Moves of which nobody knows what arrived: their arrival looks like customers' money.
    pub unknown_credits: usize,
}

impl Recorder {
    /// For readings from an instant on, and before another.
    #[must_use]
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self { from, to, ..Self::default() }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// [`MoneyError`] where a sum has no room.
    pub fn take(&mut self, at: Timestamp, event: &Event) -> Result<(), MoneyError> {
        match event {
            Event::Observed { taken_at, balances } | Event::Requested { taken_at, balances, .. } => {
                self.observe(*taken_at, balances)
            }
            Event::Decided { taken_at, balances, intents, planned_with, .. } => {
                self.observe(*taken_at, balances)?;
                let rates = planned_with.iter().flat_map(|with| with.rates());
                if self.is_inside(*taken_at) {
                    let at = *taken_at;
                    self.changes.extend(rates.map(|(pair, rate)| Change { at, what: What::Rate(pair, rate) }));
                }
                for intent in intents {
                    self.remember(intent);
                }
                Ok(())
            }
            Event::Applied { external_id, facts, .. }
            | Event::Resolved { external_id, finding: Finding::Applied(facts), .. } => {
                // Only the first time: a rate that is completed later moves nothing.
                let Some((lane, rate)) = self.intents.remove(external_id.as_str()) else { return Ok(()) };
                self.moved(at, lane, rate, facts)
            }
            _ => Ok(()),
        }
    }

    fn remember(&mut self, intent: &Intent) {
        if intent.origin.policy().is_some() {
            self.intents.insert(intent.external_id.to_string(), (intent.lane, intent.indicative_rate));
        }
    }

    fn moved(&mut self, at: Timestamp, lane: Lane, seen: Option<Rate>, facts: &AppliedFacts) -> Result<(), MoneyError> {
        let out = Amount::ZERO.checked_sub(facts.amount)?;
        self.own.entry(lane.from).or_default().push((at, out));
        let rate = if lane.crosses_currencies() { facts.exchange_rate.or(seen) } else { Some(Rate::ONE) };
        let credited = match (&facts.credited, rate) {
            (Some(credited), _) => Some(credited.amount),
            (None, Some(rate)) => Some(facts.amount.checked_mul(rate.decimal())?),
            (None, None) => None,
        };
        match (lane.to.wallet(), credited) {
            (Some(into), Some(credited)) => self.own.entry(into).or_default().push((at, credited)),
            (Some(_), None) => self.unknown_credits += 1,
            (None, _) => {}
        }
        Ok(())
    }

    fn is_inside(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    fn observe(&mut self, at: Timestamp, rows: &[BalanceRow]) -> Result<(), MoneyError> {
        if !self.is_inside(at) {
            return Ok(());
        }
        for row in rows {
            let wallet = WalletId { country: row.wallet, currency: row.currency };
            let own = self.own.entry(wallet).or_default();
            let mut shown = own.iter().filter(|(moved_at, _)| *moved_at <= at).map(|(_, amount)| *amount);
            let shown = shown.try_fold(Amount::ZERO, Amount::checked_add)?;
            own.retain(|(moved_at, _)| *moved_at > at);
            let what = match self.last.insert(wallet, row.available) {
                None => What::Opens(wallet, row.available),
                Some(before) => {
                    let flow = row.available.checked_sub(before)?.checked_sub(shown)?;
                    if flow == Amount::ZERO {
                        continue;
                    }
                    What::Flow(wallet, flow)
                }
            };
            self.changes.push(Change { at, what });
        }
        let (first, last) = self.readings.unwrap_or((at, at));
        self.readings = Some((first.min(at), last.max(at)));
        Ok(())
    }

    /// The history; `None` where there was no reading.
    #[must_use]
    pub fn history(mut self) -> Option<History> {
        let (start, end) = self.readings?;
        // Readings are recorded in the order they were taken, unless a clock was set back.
        self.changes.sort_by_key(|change| change.at);
        Some(History { start, end, changes: self.changes })
    }
}
