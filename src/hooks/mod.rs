//! What KPay signs: webhooks, for which there is a listener that takes hints about payouts and nothing else, and the
//! return from the hosted page, which a person checks.
//!
//! A webhook is never proof. Whoever signs one can make the daemon ask KPay a moment earlier than it would have, and
//! nothing more: what becomes of an intent rests on what KPay answers then. So a forged, replayed, late or reordered one
//! changes nothing, and a lost one costs time only. Deliberately absent: the journal, intents, KPay's client, and TLS,
//! which a reverse proxy before the listener brings.

mod notice;
mod recent;
mod returned;
mod secret;
mod server;
#[cfg(test)]
mod tests;

pub use returned::{ReturnError, Returned, Unchecked};
pub use secret::Secret;
pub use server::{Parts, serve};

/// Who is told where it is worth asking KPay now.
pub trait Hints: Send + Sync {
    /// KPay says that something became of a payout. `external_id` is 1 to 64 of `A-Za-z0-9_-` and may be nobody's;
    /// `kpay_id`, of the same letters, is KPay's own id of the withdrawal where it gave one. Neither is proof of anything.
    /// Must not wait for KPay.
    fn hint(&self, kpay_id: Option<String>, external_id: String);
}
