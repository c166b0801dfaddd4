//! KPay's stand-in over real HTTP, with its own books and a fault script.
//!
//! It is the judge of the tests: what it says was applied *was* applied, whatever the client was told. Its books are
//! recomputed from their entries by [`Handle::check`], and every request is kept as it came in. It shares nothing
//! with the daemon but [`crate::money`] and the wire types of [`crate::kpay::wire`].
//!
//! Where KPay's pages leave a question open (`kpay-api.md`, "unknown"), a field of [`SandboxSettings`] picks the
//! answer. Deliberately absent: TLS, persistence, any listener or receiver of webhooks off the loopback.
//!
//! The server speaks HTTP/1.1 by hand, because a fault must decide about every byte: a reset in place of a reply, a
//! body cut half-way, one byte at a time.

mod admin;
mod answer;
mod balances;
mod bomb;
mod clock;
mod endpoint;
mod error;
mod faults;
mod gateway;
mod handle;
mod handlers;
mod identity;
mod journal;
mod ledger;
mod limiter;
mod play;
mod random;
mod rates;
mod read;
mod reply;
mod router;
mod server;
mod settings;
mod sign;
mod transfer;
mod webhooks;
mod withdrawal;
mod world;
mod write;

#[cfg(test)]
mod tests;

pub use clock::parse_duration;
pub use error::SandboxError;
pub use faults::{FaultError, Rule, fault_table};
pub use handle::{Books, Handle};
pub use identity::{KeyPair, Mode};
pub use journal::{Counters, Delivered, RefusedTransfer, RequestRecord};
pub use ledger::{AppliedTransfer, Wallet};
pub use server::{Running, Sandbox};
pub use settings::{
    AppliedRate, CheckOrder, ConflictBody, FailedIds, OverviewNaming, OverviewShape, RetryAfterForm, Rounding,
    SandboxSettings, ShortStatus,
};
pub use webhooks::{WebhookOutcome, WebhookTry};
pub use withdrawal::{AcceptedWithdrawal, OperatorStatus, PayoutStatus};
