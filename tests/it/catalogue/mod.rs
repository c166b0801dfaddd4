//! The fault catalogue of the reliability page, row by row, played from outside: the built binary against the sandbox's
//! fault script, judged by the sandbox's own books. A test is named by its row; the row's text stands above it.
//!
//! After each row the [`oracle`] checks the invariants; then the faults end, and within a bounded number of requests
//! every intent must be final or a person's ([`stage::Play::settle`]). Each row says how many transfers it must have
//! applied: a suite in which nothing moves is red.

mod middlebox;
mod oracle;
mod oracle_tests;
mod rewriting;
pub mod stage;

mod a_answers;
mod a_conflicts;
mod a_lost;
mod a_transport;
mod a_waiting;
mod b_limits;
mod c_figures;
mod c_lures;
mod c_rates;
mod e_calendar;
mod f_policies;
mod g_doors;
mod g_redirects;
mod g_release;
mod g_tls;
mod h_runaway;
mod payouts;
