//! The integration tests, one binary: one module a subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and run in the real surroundings"
)]

mod arrows;
mod catalogue;
mod crash;
mod docs;
mod flows;
mod input;
mod played;
mod reliability;
mod seeds;
mod support;
mod systemd;
mod tour;
