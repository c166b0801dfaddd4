//! Our books against the sandbox's own: movement by movement, both ways.

use crate::books::{Books, Entry, EntryKind, PayoutRow, PayoutState, Payouts};
use crate::cli::exit::{CliError, Exit};
use crate::cli::output;
use crate::journal;
use crate::money::{Amount, Country, Currency};
use crate::sandbox::{AcceptedWithdrawal, AppliedTransfer, Handle, PayoutStatus};
use std::collections::BTreeMap;
use std::path::Path;

/// What the comparison found.
pub struct Audit {
    /// Transfers the sandbox applied.
    pub applied: usize,
    /// One sentence for each difference.
    pub differences: Vec<String>,
    /// Payouts that the sandbox completed.
    completed: usize,
    /// Payouts that it has in hand.
    in_hand: usize,
    /// What the wallets hold, by the sandbox's books.
    wallets: Vec<Vec<String>>,
}

impl Audit {
    /// For the terminal.
    pub fn summary(&self) -> String {
        let verdict = if self.differences.is_empty() {
            let in_hand = match self.in_hand {
                0 => String::new(),
                some => format!(", {some} in KPay's hands"),
            };
            format!(
                "{} applied, {} completed{in_hand}\nOur books and the sandbox's agree to the unit",
                counted(self.applied, "transfer"),
                counted(self.completed, "payout")
            )
        } else {
            self.differences.join("\n")
        };
        let head = ["wallet", "opening", "paid in", "balance", "currency"];
        format!("\n{}\n\n{verdict}", output::table(&head, &self.wallets, &[1, 2, 3]))
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
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
    let transfers: Vec<Moved> = theirs.transfers.iter().map(Moved::from).collect();
    let payouts: Vec<PaidOut> = theirs.withdrawals.iter().map(PaidOut::from).collect();
    differences.extend(compared(books.entries(), &transfers, &payouts));
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
    Ok(Audit {
        applied: transfers.len(),
        differences,
        completed: payouts.iter().filter(|payout| payout.status == PayoutStatus::Completed).count(),
        in_hand: payouts.iter().filter(|payout| !payout.status.is_end()).count(),
        wallets: wallets.map(row).collect(),
    })
}

/// A transfer as the sandbox has it.
struct Moved {
    id: String,
    from: Country,
    to: Country,
    amount: Amount,
    credited: Amount,
}

impl From<&AppliedTransfer> for Moved {
    fn from(entry: &AppliedTransfer) -> Self {
        let id = entry.external_id.clone().unwrap_or_default();
        Self { id, from: entry.from, to: entry.to, amount: entry.amount, credited: entry.credited }
    }
}

/// A withdrawal as the sandbox has it.
struct PaidOut {
    id: String,
    from: Country,
    /// `ORANGE_SEN:221763456789`
    to: Option<String>,
    gross: Amount,
    fee: Amount,
    net: Amount,
    currency: Currency,
    /// What the beneficiary gets, where that is another currency.
    converted: Option<(Amount, Currency)>,
    status: PayoutStatus,
}

impl From<&AcceptedWithdrawal> for PaidOut {
    fn from(entry: &AcceptedWithdrawal) -> Self {
        let converts = entry.payout_currency != entry.currency;
        Self {
            id: entry.external_id.clone().unwrap_or_default(),
            from: entry.source,
            to: entry.provider.as_ref().zip(entry.phone.as_ref()).map(|(code, phone)| format!("{code}:{phone}")),
            gross: entry.amount,
            fee: entry.fee,
            net: entry.net,
            currency: entry.currency,
            converted: converts.then_some((entry.payout_amount, entry.payout_currency)),
            status: entry.status,
        }
    }
}

/// One sentence for each difference. What corrects an entry belongs to it, and is no second movement.
fn compared(entries: &[Entry], transfers: &[Moved], payouts: &[PaidOut]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut booked: BTreeMap<String, Entry> = BTreeMap::new();
    let mut rows = Payouts::new(usize::MAX);
    for entry in entries {
        rows.add(entry);
        let id = entry.external_id.to_string();
        match (entry.corrects, booked.get_mut(&id)) {
            (None, None) => drop(booked.insert(id, entry.clone())),
            (None, Some(_)) => differences.push(format!("we booked {id} twice")),
            (Some(corrected), Some(first)) if corrected == first.entry_id => {
                first.source_amount = entry.source_amount.or(first.source_amount);
                first.destination_amount = entry.destination_amount.or(first.destination_amount);
            }
            (Some(corrected), _) => {
                differences.push(format!("{} corrects {corrected}, which is no entry of {id}", entry.entry_id));
            }
        }
    }
    for transfer in transfers {
        let entry = booked.remove(&transfer.id);
        differences.extend(told(&transfer.id, "applied", entry.map(|entry| is_transfer(&entry, transfer))));
    }
    let rows: BTreeMap<String, &PayoutRow> =
        rows.newest_first().into_iter().map(|row| (row.external_id.to_string(), row)).collect();
    for payout in payouts {
        let is_booked = booked.remove(&payout.id).is_some();
        let row = rows.get(&payout.id).filter(|_| is_booked);
        differences.extend(told(&payout.id, "took in", row.map(|row| is_payout(row, payout))));
    }
    differences.extend(booked.keys().map(|id| format!("we booked {id}, and the sandbox knows nothing of it")));
    differences
}

/// The difference about a movement of the sandbox's; `agrees` is `None` where we did not book it.
fn told(id: &str, did: &str, agrees: Option<bool>) -> Option<String> {
    match agrees {
        Some(true) => None,
        Some(false) => Some(format!("our entry for {id} differs from the sandbox's")),
        None => Some(format!("the sandbox {did} {id}, and we did not book it")),
    }
}

fn is_transfer(entry: &Entry, transfer: &Moved) -> bool {
    matches!(entry.kind, EntryKind::Transfer | EntryKind::ManualTransfer)
        && entry.source_amount == Some(transfer.amount)
        && entry.destination_amount == Some(transfer.credited)
        && entry.source_country == Some(transfer.from)
        && entry.destination_country == Some(transfer.to)
}

fn is_payout(row: &PayoutRow, payout: &PaidOut) -> bool {
    let stands = match row.state {
        // KPay may be further than its last answer to us.
        PayoutState::InTransit => true,
        PayoutState::Completed => payout.status == PayoutStatus::Completed,
        PayoutState::Returned => payout.status.is_returned(),
        PayoutState::NeedsOperator => false,
    };
    stands
        && row.wallet == Some(payout.from)
        && row.beneficiary.map(|payee| payee.to_string()) == payout.to
        && (row.gross, row.fee, row.net) == (Some(payout.gross), Some(payout.fee), Some(payout.net))
        && (row.currency, row.fee_currency) == (Some(payout.currency), Some(payout.currency))
        && row.converted.zip(row.converted_currency) == payout.converted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::testing::{
        accepted, amount, applied, country, decided, facts, intent, less_fee, payout, requested, returned,
    };
    use crate::intent::{Event, Evidence};

    const RENT: &str = "SEN>ORANGE_SEN:221763456789";

    fn books(events: Vec<Event>) -> Books {
        let mut books = Books::new();
        for (seq, event) in (1..).zip(events) {
            books.apply(seq, crate::books::testing::at(seq), &event).unwrap();
        }
        books
    }

    fn moved() -> Moved {
        let (from, to) = (country("CMR"), country("SEN"));
        Moved { id: "T".to_owned(), from, to, amount: amount("100000"), credited: amount("101530") }
    }

    fn paid(status: PayoutStatus) -> PaidOut {
        PaidOut {
            id: "P".to_owned(),
            from: country("SEN"),
            to: Some("ORANGE_SEN:221763456789".to_owned()),
            gross: amount("10000"),
            fee: amount("500"),
            net: amount("9500"),
            currency: Currency::XOF,
            converted: None,
            status,
        }
    }

    fn in_hand() -> Vec<Event> {
        vec![requested(vec![payout("P", RENT, "10000", None)]), accepted("P", rent("500"))]
    }

    fn rent(fee: &str) -> crate::intent::AppliedFacts {
        let net = amount("10000").checked_sub(amount(fee)).unwrap();
        less_fee("10000", &format!("{fee} XOF"), &format!("{net} XOF"), None)
    }

    fn completed() -> Vec<Event> {
        [in_hand(), vec![applied("P", Evidence::Status, rent("500"))]].concat()
    }

    fn check(events: Vec<Event>, transfers: &[Moved], payouts: &[PaidOut], expected: &[&str]) {
        assert_eq!(compared(books(events).entries(), transfers, payouts), expected);
    }

    #[test]
    fn a_payout_is_one_movement_however_many_entries_tell_of_it() {
        check(in_hand(), &[], &[paid(PayoutStatus::Processing)], &[]);
        check(in_hand(), &[], &[paid(PayoutStatus::Completed)], &[]);
        check(completed(), &[], &[paid(PayoutStatus::Completed)], &[]);
        let back = [in_hand(), vec![returned("P")]].concat();
        check(back.clone(), &[], &[paid(PayoutStatus::Failed)], &[]);
        let differs = ["our entry for P differs from the sandbox's"];
        check(back, &[], &[paid(PayoutStatus::Completed)], &differs);
        check(completed(), &[], &[paid(PayoutStatus::Processing)], &differs);
    }

    #[test]
    fn every_figure_of_a_payout_is_compared() {
        let differs = ["our entry for P differs from the sandbox's"];
        let right = || paid(PayoutStatus::Completed);
        for wrong in [
            PaidOut { from: country("CIV"), ..right() },
            PaidOut { to: Some("ORANGE_SEN:221763456780".to_owned()), ..right() },
            PaidOut { to: None, ..right() },
            PaidOut { gross: amount("10001"), ..right() },
            PaidOut { fee: amount("501"), ..right() },
            PaidOut { net: amount("9499"), ..right() },
            PaidOut { currency: Currency::XAF, ..right() },
            PaidOut { converted: Some((amount("9500"), Currency::XAF)), ..right() },
        ] {
            check(completed(), &[], &[wrong], &differs);
        }
    }

    #[test]
    fn nothing_is_missing_on_either_side() {
        let sent = || vec![decided(vec![intent("T", "CMR>SEN", "100000", None)])];
        let facts = || facts("100000", Some("101530 XOF"), Some("1.0153"));
        let gone = || [sent(), vec![applied("T", Evidence::Response, facts())]].concat();
        check(gone(), &[moved()], &[], &[]);
        check(
            gone(),
            &[Moved { credited: amount("101531"), ..moved() }],
            &[],
            &["our entry for T differs from the sandbox's"],
        );
        check(sent(), &[moved()], &[], &["the sandbox applied T, and we did not book it"]);
        check(gone(), &[], &[], &["we booked T, and the sandbox knows nothing of it"]);
        check(completed(), &[], &[], &["we booked P, and the sandbox knows nothing of it"]);
        check(vec![], &[], &[paid(PayoutStatus::Pending)], &["the sandbox took in P, and we did not book it"]);
        let mut entries = books(gone()).entries().to_vec();
        entries.extend(entries.clone());
        assert_eq!(compared(&entries, &[moved()], &[]), ["we booked T twice"]);
    }
}
