//! `treasuryd ledger`: the books as exports, applied rates, payouts, trial balance, and books against
//! wallets.
//!
//! Everything streams: the journal's records come in as an iterator, so that a long journal needs no memory. Opening
//! the journal is deliberately not done here.

mod export;
mod payouts;
mod show;
mod table;
pub(super) mod when;

use crate::books::BooksError;
use crate::intent::Event;
use crate::model::{Timestamp, tame};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use export::ExportArgs;
pub use payouts::PayoutsArgs;
pub use show::{JsonArgs, RatesArgs};

/// A record of the journal: its sequence number, its time, its event.
pub type Record = (u64, Timestamp, Event);

/// What `treasuryd ledger` can do.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum LedgerCommand {
    /// Write the books for other programs, an entry a movement
    Export(ExportArgs),
    /// Show the exchange rates really applied, newest first
    Rates(RatesArgs),
    /// Show the payouts with gross, fee, net and converted amount, newest first
    Payouts(PayoutsArgs),
    /// Show the trial balance: zero in each currency
    Balance(JsonArgs),
    /// Compare the books with the wallets
    Check(JsonArgs),
}

/// Why a ledger command failed. `E` is the journal's own error.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError<E: std::error::Error + 'static> {
    /// The journal could not be read.
    #[error(transparent)]
    Journal(E),
    /// The books could not be made, or do not balance.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// Wrong usage (exit 2): nothing can lie in that range.
    #[error(
        "nothing lies between --from and --to, from {from} on and before {to}; give an earlier --from or a later --to"
    )]
    EmptyRange {
        /// The first instant asked for.
        from: String,
        /// The first instant after.
        to: String,
    },
    /// What was booked has no room in the format, or cannot be said in it.
    #[error("writing the books: {0}; nothing was written. Take another --format, or another span with --from and --to")]
    Format(io::Error),
    /// Standard output is gone or full.
    #[error("writing the books to standard output failed: {0}")]
    Stdout(io::Error),
    /// The `-o` path is there, and is no ordinary file.
    #[error(
        "cannot write the books to {}: it is a folder or a device, not a file; give another path with -o",
        shown(path)
    )]
    NotAFile {
        /// What `-o` named.
        path: PathBuf,
    },
    /// The file could not be written; what was there before stands.
    #[error(
        "{doing} {} failed ({}); check that its folder exists, is writable and has room, or give another path with -o",
        shown(path),
        said(why)
    )]
    File {
        /// What was being done.
        doing: &'static str,
        /// What `-o` named.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

fn shown(path: &Path) -> String {
    tame(&path.display().to_string(), 200)
}

/// What the system says; the name of a temporary file helps nobody.
fn said(why: &io::Error) -> String {
    let text = why.to_string();
    tame(text.split(" at path ").next().unwrap_or(&text), 200)
}

/// Carries out a ledger command over the journal's records, oldest first. A reader of `stdout` that goes away early
/// (`| head`) is no error.
///
/// # Errors
/// [`LedgerError`]; an export to a file then leaves the file as it was.
pub fn run<E: std::error::Error + 'static>(
    command: &LedgerCommand,
    records: impl IntoIterator<Item = Result<Record, E>>,
    stdout: &mut dyn Write,
) -> Result<(), LedgerError<E>> {
    let records = records.into_iter();
    let result = match command {
        LedgerCommand::Export(args) => export::export(args, records, stdout),
        LedgerCommand::Rates(args) => show::rates(args, records, stdout),
        LedgerCommand::Payouts(args) => payouts::payouts(args, records, stdout),
        LedgerCommand::Balance(args) => show::balance(args, records, stdout),
        LedgerCommand::Check(args) => show::check(args, records, stdout),
    };
    match result {
        Err(LedgerError::Stdout(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
