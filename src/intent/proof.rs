//! What the records of a state prove of money that moved, and that those of a copy prove less.

use super::State;
use crate::model::{Intent, Timestamp};
use crate::planted::{self, Mistake};

impl State {
    /// Whether records prove that what moved under an intent's id was its own amount: one is from the hour before its slot,
    /// and the state was not copied since. A copy from before the slot decides it again, maybe on another balance, and
    /// what the first one sent is not in it.
    #[must_use]
    pub fn journal_proves(&self, intent: &Intent) -> bool {
        let is_after = |copied: Timestamp| intent.slot.is_some_and(|slot| slot.instant() > copied);
        intent.journal_before_slot && self.copied_at.is_none_or(is_after)
    }

    pub(super) fn note_copy(&mut self) {
        if !planted::is(Mistake::CopyProvesAmounts) {
            self.copied_at = self.copied_at.max(self.high_water);
        }
    }
}
