//! KPay's REST API: wire types exactly as documented, conversion lossless or an error, tokens, the rate limit, and
//! errors that answer one question: is it known that nothing happened?
//!
//! What goes in and out is judged by pure functions (`balances`, `judge`, `judge_withdrawal`, `retry_after`,
//! `server_clock`, `token::lifetime`); the [`Client`] around them owns the connection, the token and the request budget. Deliberately
//! absent: retries of a transfer or withdrawal (the intents decide those), webhooks, payments and refunds, proxies,
//! cookies, redirects, decompression.

pub mod wire;

mod balances;
mod base_url;
mod budget_file;
mod client;
mod error;
mod judge;
mod judge_withdrawal;
mod keys;
mod limiter;
mod observer;
mod operators;
mod reads;
mod resolver;
mod retry_after;
mod rotation;
mod sending;
mod server_clock;
mod strict;
mod tls;
mod token;
mod transfer_body;
mod transport;
mod used_up;
mod withdrawal_body;
mod withdrawing;

#[cfg(any(test, fuzzing))]
pub mod soundness;
#[cfg(test)]
mod tests;

pub use base_url::{BaseUrl, BaseUrlError, is_way_back, own_parameter_of_a_return};
pub use client::{Client, ClientSettings};
pub use error::CallError;
pub use judge::judge as judge_transfer;
pub use judge_withdrawal::{judge_reply as judge_withdrawal, judge_status};
pub use keys::{KeyError, KeySource, Keys};
pub use observer::{Endpoint, NoObserver, Observer, StatusLabel};
pub use sending::Clearance;
pub use transfer_body::transfer_body;
pub use used_up::UsedUp;
pub use withdrawal_body::{WithdrawalAsk, withdrawal_body};
pub use withdrawing::{GatewayPage, WithdrawalClearance};
