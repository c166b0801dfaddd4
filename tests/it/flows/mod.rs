//! The contract's flows on the built binary, from the outside: `plan`, `once`, limits, people's commands, the books and
//! the daemon. The catalogue of faults is deliberately elsewhere; here a fault only sets the scene.

mod amounts;
mod approval;
mod books;
mod conservation;
mod daemon;
mod daemon_honest;
mod daemon_policies;
mod daemon_single;
mod drill;
mod exports;
mod foresight;
mod freeze;
mod fx_guard;
mod guards;
mod limits;
mod loosening;
mod manual;
mod once;
mod parts;
mod pause;
mod payout_returns;
mod payout_webhooks;
mod payouts;
mod payouts_by_hand;
mod plan_json;
mod plan_quiet;
mod production;
mod reasons;
mod reasons_state;
mod resolve;
mod simulate;
mod tools;
mod webhooks;
mod why;

pub use tools::metrics;
