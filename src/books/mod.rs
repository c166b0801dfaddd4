//! The books: one entry per movement, made from the journal's events and never changed; corrections are new entries. A
//! transfer is booked once it is applied; a payout when KPay takes it in hand, as in transit, and its end is a correction.
//! Double-entry postings, applied rates, trial balance, books against wallets, falls that nobody explains, and one file per export format.
//!
//! Pure: a fold over events in the journal's order. It remembers only what is still open, so a journal of any length
//! can be streamed through it. Deliberately absent: reading the journal, opening files, and any figure that neither
//! KPay nor an operator gave us.

mod account;
mod balance;
mod booking;
mod camt053;
mod cells;
mod conservation;
mod csv;
mod entry;
mod export;
mod fold;
mod jsonl;
mod movement;
mod plain_text;
mod payouts;
mod postings;
mod rates;
mod wallets;
mod xlsx;

pub use account::{Account, Posting};
pub use balance::{AccountBalance, TrialBalance};
pub use camt053::Camt053Export;
pub use conservation::{Compared, Conservation, Fall, Move, Progress, Rise};
pub use csv::CsvExport;
pub use entry::{COLUMNS, Entry, EntryId, EntryKind, Range, RateSource, Stage};
pub use export::Export;
pub use fold::{Books, Folder};
pub use jsonl::JsonlExport;
pub use payouts::{PayoutRow, PayoutState, Payouts};
pub use plain_text::{Dialect, PlainTextExport};
pub use rates::{RateRow, Rates};
pub use wallets::{Difference, WalletCheck};
pub use xlsx::XlsxExport;

use crate::money::{Currency, MoneyError};

/// Why the books cannot be made or do not balance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BooksError {
    /// An event moves an intent that is not open.
    #[error(
        "making the books: journal record {seq} says that {external_id} moved, but no open intent has that id; \
         run `treasuryd journal verify`"
    )]
    NoSuchIntent {
        /// The record.
        seq: u64,
        /// The id it names.
        external_id: String,
    },
    /// An open intent was written again.
    #[error(
        "making the books: journal record {seq} writes intent {external_id} again while it is open; \
         run `treasuryd journal verify`"
    )]
    Twice {
        /// The record.
        seq: u64,
        /// The id it names.
        external_id: String,
    },
    /// Figures that cannot be computed with exactly.
    #[error("making the books: {what} cannot be computed exactly; look at its figures with `treasuryd transfers show`")]
    Money {
        /// An entry, an account or a wallet.
        what: String,
        /// Why.
        source: MoneyError,
    },
    /// Postings that do not sum to zero: the program is wrong.
    #[error("the books do not balance: {what} leaves {sum} {currency} over; do not use them, and report this")]
    Unbalanced {
        /// An entry, or the trial balance.
        what: String,
        /// In which currency.
        currency: Currency,
        /// What is left over.
        sum: String,
    },
}

impl BooksError {
    fn money(what: impl ToString) -> impl FnOnce(MoneyError) -> Self {
        move |source| Self::Money { what: what.to_string(), source }
    }
}

#[cfg(any(test, fuzzing))]
pub mod soundness;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
