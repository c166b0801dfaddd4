//! Metrics, health and the dashboard: read-only, over plain HTTP on the loopback.
//!
//! Changes nothing and has no way to: it sees a [`StatusSource`] and the metrics, never intents or KPay. Everything
//! that changes something is behind the control socket. There is no log-in, no cookie and no script; `guard` refuses
//! other methods and foreign host names, [`serve()`] bounds what a connection may cost.

mod guard;
mod page;
mod router;
mod serve;
#[cfg(test)]
mod tests;

pub use router::router;
pub use serve::serve;

use crate::daemon::view::StatusView;

/// Where the pages get what they show.
pub trait StatusSource: Send + Sync {
    /// Everything as of now. Called on a task of the runtime: it must not wait for KPay or the disk.
    fn status(&self) -> StatusView;

    /// Whether the process is alive: its tasks run and its state can be written.
    ///
    /// # Errors
    /// One sentence that says what is wrong.
    fn healthy(&self) -> Result<(), String>;
}
