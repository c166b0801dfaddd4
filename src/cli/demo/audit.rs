//! Our books against the sandbox's own: transfer by transfer, both ways.

use crate::books::{Books, Entry};
use crate::cli::exit::{CliError, Exit};
use crate::cli::output;
use crate::journal;
use crate::money::Amount;
use crate::sandbox::{AppliedTransfer, Handle};
use std::collections::BTreeMap;
use std::path::Path;

/// What the comparison found.
pub struct Audit {
    /// Transfers the sandbox applied.
    pub applied: usize,
    /// One sentence for each difference.
    pub differences: Vec<String>,
    /// What the wallets hold, by the sandbox's books.
    wallets: Vec<Vec<String>>,
}

impl Audit {
    /// For the terminal.
    pub fn summary(&self) -> String {
        let verdict = if self.differences.is_empty() {
            format!("{} transfers applied; our books and the sandbox's agree to the unit", self.applied)
        } else {
            self.differences.join("\n")
        };
        let head = ["wallet", "opening", "paid in", "balance", "currency"];
        format!("\n{}\n\n{verdict}", output::table(&head, &self.wallets, &[1, 2, 3]))
    }
}

/// Compares the journal's books in `state` with the sandbox's.
///
/// # Errors
/// Where the journal cannot be read.
pub fn compare(state: &Path, sandbox: &Handle) -> Result<Audit, CliError> {
    let mut books = Books::new();
    for record in journal::records(state)? {
        let record = record?;
        books.apply(record.seq, record.at, &record.event).map_err(|error| CliError::new(Exit::Failed, error))?;
    }
    let theirs = sandbox.books();
    let mut differences: Vec<String> = theirs.wrong.iter().cloned().collect();
    let mut ours: BTreeMap<String, &Entry> = BTreeMap::new();
    for entry in books.entries() {
        if ours.insert(entry.external_id.to_string(), entry).is_some() {
            differences.push(format!("we booked {} twice", entry.external_id));
        }
    }
    for transfer in &theirs.transfers {
        let id = transfer.external_id.clone().unwrap_or_default();
        match ours.remove(&id) {
            Some(entry) if agrees(entry, transfer) => {}
            Some(_) => differences.push(format!("our entry for {id} differs from the sandbox's")),
            None => differences.push(format!("the sandbox applied {id}, and we did not book it")),
        }
    }
    differences.extend(ours.keys().map(|id| format!("we booked {id}, and the sandbox did not apply it")));
    let wallets =
        theirs.wallets.iter().filter(|wallet| !wallet.opening.is_negative() && wallet.balance != Amount::ZERO);
    let row = |wallet: &crate::sandbox::Wallet| {
        vec![
            wallet.country.to_string(),
            wallet.opening.grouped(),
            wallet.deposited.grouped(),
            wallet.balance.grouped(),
            wallet.currency.to_string(),
        ]
    };
    Ok(Audit { applied: theirs.transfers.len(), differences, wallets: wallets.map(row).collect() })
}

fn agrees(entry: &Entry, transfer: &AppliedTransfer) -> bool {
    entry.source_amount == Some(transfer.amount)
        && entry.destination_amount == Some(transfer.credited)
        && entry.source_country == Some(transfer.from)
        && entry.destination_country == Some(transfer.to)
}
