//! Which operators take payouts now: asked where a payout depends on it, at most once a minute.

use super::doors::Bank;
use super::engine::Engine;
use crate::model::{Availability, Intent, Payee, Provider, Timestamp};
use chrono::TimeDelta;
use std::sync::Arc;

/// An answer is good for so long.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(1);
/// And a missing one for so long.
const UNREAD_FOR: TimeDelta = TimeDelta::seconds(10);

/// KPay's answer, or why there is none: then no operator counts as open.
pub async fn read_availability(bank: &dyn Bank) -> Availability {
    match bank.availability().await {
        Ok(availability) => availability,
        Err(error) => Availability { unread: Some(error.to_string()), ..Availability::default() },
    }
}

impl Engine {
    /// KPay's answer, at most a minute old.
    pub(super) async fn availability(&self) -> Arc<Availability> {
        if let Some(known) = self.known_availability(self.clock.now()) {
            return known;
        }
        let read = Arc::new(read_availability(&*self.bank).await);
        if let Some(why) = &read.unread {
            self.note_problem(&format!("which operators take payouts could not be read: {why}"));
        }
        let newly_late: Vec<Provider> = {
            let mut world = self.world();
            let late: Vec<_> = read.payouts.keys().copied().filter(|it| read.is_delayed(*it)).collect();
            let newly = late.iter().copied().filter(|it| !world.late.contains(it)).collect();
            if read.unread.is_none() {
                world.late = late.into_iter().collect();
            }
            world.availability = Some((self.clock.now(), read.clone()));
            newly
        };
        for provider in newly_late {
            self.note_problem(&format!("KPay says that {provider} is late with payouts (DELAYED)"));
        }
        read
    }

    /// The last answer, while it is good.
    fn known_availability(&self, now: Timestamp) -> Option<Arc<Availability>> {
        let (read_at, known) = self.world().availability.clone()?;
        let good_for = if known.unread.is_some() { UNREAD_FOR } else { GOOD_FOR };
        ((now - read_at).abs() < good_for).then_some(known)
    }

    /// Whether the last answer, while it is good, says that a payout cannot go now: it does not keep others from going.
    pub(super) fn is_known_closed(&self, intent: &Intent, now: Timestamp) -> bool {
        provider_of(intent)
            .is_some_and(|provider| self.known_availability(now).is_some_and(|known| known.closed(provider).is_some()))
    }

    /// Why a payout cannot go now; `None` where it can, and for what is no payout through an operator.
    pub(super) async fn operator_closed(&self, intent: &Intent) -> Option<String> {
        let provider = provider_of(intent)?;
        self.availability().await.closed(provider)
    }
}

fn provider_of(intent: &Intent) -> Option<Provider> {
    match intent.lane.to.payee? {
        Payee::Phone(to) => Some(to.provider),
        Payee::Gateway => None,
    }
}
