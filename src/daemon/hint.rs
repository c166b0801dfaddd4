//! What a webhook of KPay's is good for: a payout that KPay has in hand is asked about at once. Nothing else changes, and
//! what becomes of the intent rests on the answer.

use super::engine::Engine;
use crate::intent::Tracked;
use crate::model::ExternalId;

impl Engine {
    /// KPay says that something became of a payout, which may be nobody's. What KPay does not have in hand is left as it
    /// is: wallet transfers have no webhooks, and to ask about one is to send it again.
    pub fn hint(&self, external_id: &str) {
        let in_hand = |tracked: &Tracked| tracked.taken.is_some();
        if self.store.with_state(|state| state.open.get(external_id).is_some_and(in_hand)) {
            self.world().asked.remove(&ExternalId::from_text(external_id));
        }
    }
}
