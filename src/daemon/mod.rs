//! The daemon: wiring and one task per file. Observes, decides, carries out, resolves, reloads.

mod approve;
mod bank;
mod carry_out;
mod clock;
mod confirm;
mod conserve;
mod decide;
pub mod doors;
mod draft;
mod due;
mod engine;
mod follow;
mod held;
mod intents;
pub mod metrics;
mod observe;
mod once;
mod operators;
mod policies;
mod preview;
mod release;
mod reload;
mod request;
mod resolve;
mod run;
mod seen;
mod status;
mod telemetry;
pub mod view;
mod why;

pub use approve::ApprovalRequest;
pub use bank::{Counted, KpayBank};
pub use confirm::confirm;
pub use conserve::may_release;
pub use engine::{DAEMON, Engine, EngineError, Parts, Rules};
pub use held::{AcceptRequest, Held, Judged, judge};
pub use once::{OnceReport, PATIENCE, Trouble, once};
pub use operators::read_availability;
pub use policies::{Loaded, load};
pub use preview::{Basis, read_rates};
pub use release::ReleaseRequest;
pub use request::{HostedPage, MoveRequest, Moved, WayBack, rehearse};
pub use resolve::{FindingRequest, WishError};
pub use run::{RunRules, Wakers, run};
pub use status::status_of;
pub use why::decisions;

#[cfg(test)]
mod tests;
