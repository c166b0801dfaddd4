//! What came back from one attempt, sorted by the only question that matters: is it known that nothing happened?

use super::{AppliedFacts, Withdrawal};

/// The answer to one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// No byte of the request left: no connection was made. Nothing happened; the same bytes may be sent again.
    NotSent {
        /// What stopped it.
        detail: String,
    },
    /// Anything that proves nothing: lost, cut or foreign replies, 3xx, 5xx, 429, a body that does not match.
    Lost {
        /// What came instead of an answer.
        detail: String,
    },
    /// A complete reply that matches the intent in every field.
    Applied(AppliedFacts),
    /// KPay has taken a withdrawal in hand.
    Accepted(Withdrawal),
    /// 409: an earlier request with this id was accepted.
    Conflict {
        /// KPay's words.
        detail: String,
    },
    /// A documented 4xx: KPay did nothing *this* time, and says the transfer is not acceptable.
    Refused {
        /// Status and KPay's words.
        detail: String,
    },
    /// 401, also with a fresh token: KPay did nothing this time and does not know us; no verdict on the transfer.
    NotAuthorized {
        /// KPay's words.
        detail: String,
    },
}
