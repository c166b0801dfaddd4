//! What `why` answers from, beside the balances: what the journal says was decided for the slots that are over.

use super::doors::BankError;
use super::engine::{Engine, EngineError};
use super::operators::read_availability;
use super::preview::{Basis, read_rates};
use crate::daemon::doors::Bank;
use crate::intent::{Event, State, Tracked};
use crate::journal::{self, StoreError};
use crate::model::{Availability, ExternalId, Lane, Timestamp};
use crate::plan::why::{Answer, Decisions, Past, PastTransfer, Subject, why};
use crate::policy::{Policy, Rule};
use std::path::Path;

impl Basis<'_> {
    /// Asks the bank for everything and answers.
    ///
    /// # Errors
    /// [`BankError`]. A rate that cannot be had is only missing.
    pub async fn explain(&self, bank: &dyn Bank, subject: Subject, decisions: &Decisions) -> Result<Answer, BankError> {
        let identity = self.identity(bank).await?;
        let snapshot = bank.wallets(self.clock, &self.policies.countries()).await?;
        let concerned = |policy: &&Policy| policy.lanes().into_iter().any(|lane| subject.concerns(lane));
        let policies = self.policies.policies.iter().filter(concerned);
        let pairs = policies.flat_map(Policy::rate_pairs).chain(self.pairs()).collect();
        let (rates, _) = read_rates(bank, pairs).await;
        let mut concerned = self.policies.policies.iter().filter(concerned);
        let pays_out = concerned.any(|policy| matches!(policy.rule, Rule::Payout(_)));
        let availability = if pays_out { read_availability(bank).await } else { Availability::unasked().clone() };
        let state = self.with_reading(&snapshot);
        let basis = Basis { availability: &availability, state: &state, ..*self };
        Ok(why(&basis.inputs(&snapshot, &rates, Some(&identity)), subject, decisions))
    }
}

impl Engine {
    /// Why lanes move or do not, with live balances. Sends nothing, writes nothing.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn explain(
        &self,
        subject: Subject,
        at: Option<Timestamp>,
        only: Option<&str>,
    ) -> Result<Answer, EngineError> {
        let policies = self.policies().unwrap_or_default();
        let state = self.store.with_state(State::clone);
        let decisions =
            tokio::task::block_in_place(|| decisions(self.store.dir(), &state, subject, &|id| self.store.find(id)))?;
        let now = at.unwrap_or_else(|| self.decision_now());
        let before = self.world().conservation.clone();
        let basis = Basis { before: Some(&before), ..self.basis(&state, &policies, now, only) };
        Ok(basis.explain(&*self.bank, subject, &decisions).await?)
    }
}

/// What was decided last for the lanes asked about, with the present outcomes. Reads the journal once, from its
/// beginning; nothing where no policy has decided anything.
///
/// # Errors
/// [`StoreError`] where the journal cannot be read.
pub fn decisions(
    dir: &Path,
    state: &State,
    subject: Subject,
    find: &dyn Fn(&ExternalId) -> Result<Option<Tracked>, StoreError>,
) -> Result<Decisions, StoreError> {
    let mut decisions = Decisions::new();
    if state.standing.decided.is_empty() {
        return Ok(decisions);
    }
    for record in journal::records(dir)? {
        let record = record?;
        let Event::Decided { policy, slot, lanes, intents, .. } = &record.event else { continue };
        for verdict in lanes.iter().filter(|verdict| subject.concerns(verdict.lane)) {
            let of_lane = |lane: Lane| intents.iter().filter(move |intent| intent.lane == lane);
            let transfers = of_lane(verdict.lane).map(|intent| PastTransfer {
                external_id: intent.external_id.clone(),
                amount: intent.amount,
                outcome: String::new(),
            });
            let past = Past {
                slot: *slot,
                decided_at: record.at,
                reason: verdict.reason,
                detail: verdict.detail.clone(),
                transfers: transfers.collect(),
            };
            decisions.insert((policy.clone(), verdict.lane), past);
        }
    }
    for transfer in decisions.values_mut().flat_map(|past| &mut past.transfers) {
        let found = find(&transfer.external_id)?;
        found.map_or("unknown", |tracked| tracked.outcome.word()).clone_into(&mut transfer.outcome);
    }
    Ok(decisions)
}
