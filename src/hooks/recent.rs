//! The last webhooks that were taken, so that a repeat is known as one.

use super::notice::Payout;
use std::collections::{BTreeSet, VecDeque};

/// How many are remembered; a few hundred bytes each at most.
pub(super) const KEPT: usize = 1_000;

/// The newest [`KEPT`], each once.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: BTreeSet<Payout>,
    in_order: VecDeque<Payout>,
}

impl Recent {
    /// Takes one in; false where it is known already.
    pub fn take(&mut self, payout: &Payout) -> bool {
        if !self.known.insert(payout.clone()) {
            return false;
        }
        self.in_order.push_back(payout.clone());
        while self.in_order.len() > KEPT {
            if let Some(oldest) = self.in_order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payout(kpay_id: &str, event: &str, written_at: &str) -> Payout {
        let [kpay_id, event, written_at] = [kpay_id, event, written_at].map(str::to_owned);
        Payout { kpay_id: Some(kpay_id), external_id: "TRD-1".to_owned(), event, written_at }
    }

    #[test]
    fn a_repeat_has_the_same_payout_event_and_time() {
        let mut recent = Recent::default();
        for (kpay_id, event, written_at, is_new) in [
            ("a", "payout.failed", "1", true),
            ("a", "payout.failed", "1", false),
            ("b", "payout.failed", "1", true),
            ("a", "payout.completed", "1", true),
            ("a", "payout.failed", "2", true),
            ("a", "payout.failed", "", true),
            ("a", "payout.failed", "", false),
            ("a", "payout.failed", "1", false),
        ] {
            assert_eq!(recent.take(&payout(kpay_id, event, written_at)), is_new, "{kpay_id} {event} {written_at:?}");
        }
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut recent = Recent::default();
        let numbered = |number: usize| payout("a", "payout.failed", &number.to_string());
        for number in 0..3 * KEPT {
            assert!(recent.take(&numbered(number)));
        }
        assert_eq!((recent.known.len(), recent.in_order.len()), (KEPT, KEPT));
        assert!(!recent.take(&numbered(2 * KEPT)), "the oldest that is kept");
        assert!(recent.take(&numbered(2 * KEPT - 1)), "the newest that is not");
    }
}
