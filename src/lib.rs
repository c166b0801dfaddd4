//! treasuryd: consolidates a merchant's KPay wallets by policy, moves money exactly once, and keeps the books.
//!
//! The rooms, in reading order. A room uses only rooms above it; `tests/it/arrows.rs` enforces that. `money` to
//! `intent`, `books` and `simulate` compute and touch nothing: no clock, disk, network, randomness or async of their own.
//! `planted` comes before all of them: mistakes that tests make on purpose, of which a release build has nothing.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests run in the real surroundings"))]

pub mod planted;
pub mod money;
pub mod model;
pub mod slot;
pub mod policy;
pub mod plan;
pub mod intent;
pub mod journal;
pub mod books;
pub mod simulate;
pub mod kpay;
pub mod settings;
pub mod schedule;
pub mod daemon;
pub mod http;
pub mod control;
pub mod hooks;
pub mod sandbox;
pub mod cli;
