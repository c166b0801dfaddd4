//! The fault script: rules of the form `[ENDPOINT:]NAME[=ARGS][@TIMES]`, asked in order for every accepted request. The
//! first rule that covers the endpoint and is due is played, and no other. `table.rs` lists them all.

mod fields;
mod parse;
mod script;
mod table;

pub use parse::{FaultError, Rule};
pub use table::fault_table;

pub(super) use fields::Field;
pub(super) use script::Script;

use crate::money::{Country, Currency, Rate};
use rust_decimal::Decimal;
use std::time::Duration;

/// Whether the request is processed before the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Before,
    After,
}

/// What the `Retry-After` of a played 429 says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RetryAfter {
    None,
    /// An HTTP-date so many seconds from now.
    Date(u32),
    /// As it stands; each part between bars is a header of its own.
    Text(String),
}

/// What is done to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing: lets requests through before the next rule.
    Ok,
    Lost(When),
    Status {
        status: u16,
        when: When,
        html: bool,
    },
    TooMany {
        when: When,
        retry_after: RetryAfter,
    },
    ExpiredToken,
    Redirect {
        url: String,
        status: u16,
    },
    Message {
        status: u16,
        text: String,
    },
    Hang(When),
    LateApply(Duration),
    /// A webhook alone: sent so much later.
    Late(Duration),
    /// A webhook alone: its signature does not fit.
    Forged,
    ConflictPending(u32),
    Duplicate,
    CutBody(Option<usize>),
    EmptyCreated,
    HtmlCreated,
    WrongField {
        field: Field,
        value: Option<String>,
    },
    Slow(Duration),
    SlowLoris(Duration),
    Nested,
    /// Padding in MiB.
    HugeBody(u32),
    /// In MiB, once inflated.
    GzipBomb(u32),
    EndlessHeaders,
    SwapReply,
    /// As a fraction of the amount.
    Fee(Decimal),
    RateMoves(Rate),
    StaleBalance(usize),
    DropWallet(Country),
    BadBalance {
        country: Country,
        text: String,
    },
    Negative(Country),
    SwapCurrency {
        country: Country,
        currency: Currency,
    },
    DuplicateRow(Country),
    NoRate,
    BadRate(String),
    InvertedRate,
    EnvFlip,
    /// Raw JSON in the place of `expiresIn`.
    ExpiresIn(String),
}
