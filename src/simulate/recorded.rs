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
    intents: BTreeMap<String, Moving>,
    last: BTreeMap<WalletId, Amount>,
    /// What policies did to a wallet that no reading has shown yet.
    own: BTreeMap<WalletId, Vec<(Timestamp, Amount)>>,
    changes: Vec<Change>,
    readings: Option<(Timestamp, Timestamp)>,
    /// Moves of which nobody knows what arrived: their arrival looks like customers' money.
    pub unknown_credits: usize,
}

/// A policy's movement that is not over.
#[derive(Debug)]
struct Moving {
    lane: Lane,
    indicative_rate: Option<Rate>,
    /// What left the source already: a payout leaves when KPay takes it in hand.
    left: Amount,
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
                let Some(mut moving) = self.intents.remove(external_id.as_str()) else { return Ok(()) };
                self.has_left(at, &mut moving, facts.amount)?;
                self.arrived(at, &moving, facts)
            }
            Event::Accepted { external_id, withdrawal, .. } | Event::Followed { external_id, withdrawal } => {
                let Some(mut moving) = self.intents.remove(external_id.as_str()) else { return Ok(()) };
                self.has_left(at, &mut moving, withdrawal.facts.amount)?;
                self.intents.insert(external_id.to_string(), moving);
                Ok(())
            }
            Event::Returned { external_id, .. }
            | Event::Rejected { external_id, .. }
            | Event::Declined { external_id, .. }
            | Event::Cancelled { external_id, .. }
            | Event::Resolved { external_id, finding: Finding::NotApplied, .. } => {
                let Some(mut moving) = self.intents.remove(external_id.as_str()) else { return Ok(()) };
                self.has_left(at, &mut moving, Amount::ZERO)
            }
            _ => Ok(()),
        }
    }

    fn remember(&mut self, intent: &Intent) {
        if intent.origin.policy().is_some() {
            let (lane, indicative_rate) = (intent.lane, intent.indicative_rate);
            let moving = Moving { lane, indicative_rate, left: Amount::ZERO };
            self.intents.insert(intent.external_id.to_string(), moving);
        }
    }

    /// From now on `left` in all has left its source.
    fn has_left(&mut self, at: Timestamp, moving: &mut Moving, left: Amount) -> Result<(), MoneyError> {
        let change = moving.left.checked_sub(left)?;
        moving.left = left;
        if change != Amount::ZERO {
            self.own.entry(moving.lane.from).or_default().push((at, change));
        }
        Ok(())
    }

    fn arrived(&mut self, at: Timestamp, moving: &Moving, facts: &AppliedFacts) -> Result<(), MoneyError> {
        let lane = moving.lane;
        let given = facts.exchange_rate.or(moving.indicative_rate);
        let rate = if lane.crosses_currencies() { given } else { Some(Rate::ONE) };
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
            let wallet = row.id();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::testing::{accepted, applied, at, decided, facts, observed, payout, returned};
    use crate::intent::Evidence;
    use crate::model::Origin;

    /// A policy's payout of 5,000 from a wallet of 20,000, `events` with a reading after each: what came from outside.
    fn check(events: &[(Event, &str)], expected: &[&str]) {
        let mut intent = payout("T", "CMR>MTN_MOMO_CMR:237653456789", "5000", None);
        intent.origin = Origin::Policy("pay".to_owned());
        let reading = |seq, available: &str| match observed(&[("CMR", available)]) {
            Event::Observed { balances, .. } => Event::Observed { taken_at: at(seq), balances },
            other => other,
        };
        let mut recorder = Recorder::new(None, None);
        recorder.take(at(0), &reading(0, "20000")).unwrap();
        recorder.take(at(0), &decided(vec![intent])).unwrap();
        for (seq, (event, available)) in (1..).zip(events) {
            recorder.take(at(seq), event).unwrap();
            recorder.take(at(seq), &reading(seq, available)).unwrap();
        }
        let history = recorder.history().unwrap();
        let flows = history.changes.iter().filter_map(|change| match change.what {
            What::Flow(_, amount) => Some(amount.to_string()),
            _ => None,
        });
        assert_eq!(flows.collect::<Vec<_>>(), expected, "{events:?}");
    }

    #[test]
    fn a_payout_leaves_when_kpay_has_it_and_not_again_when_it_is_over() {
        let given = || facts("5000", Some("4750 XAF"), None);
        let taken = || accepted("T", given());
        let over = || applied("T", Evidence::Status, given());
        check(&[(taken(), "15000"), (over(), "15000")], &[]);
        check(&[(taken(), "15000"), (returned("T"), "20000")], &[]);
        check(&[(over(), "15000")], &[]);
        check(&[(taken(), "15000"), (over(), "16000")], &["1000"]);
    }
}
