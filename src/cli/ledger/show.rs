//! `ledger rates`, `ledger balance` and `ledger check`: for people as tables, for programs as JSON.

use super::table::{Align, write_table};
use super::{LedgerError, Record};
use crate::books::{AccountBalance, Difference, Entry, Folder, RateRow, Rates, TrialBalance, WalletCheck};
use crate::intent::Event;
use crate::model::Timestamp;
use crate::money::{Amount, Currency};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

/// Arguments of `ledger rates`.
#[derive(Debug, Clone, clap::Args)]
pub struct RatesArgs {
    /// How many of the newest; pending ones are always shown
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub last: usize,
    /// JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ledger balance` and `ledger check`.
#[derive(Debug, Clone, clap::Args)]
pub struct JsonArgs {
    /// JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// What `ledger balance --json` writes.
#[derive(Serialize)]
struct BalanceReport {
    accounts: Vec<AccountBalance>,
    totals: BTreeMap<Currency, Amount>,
    entries: usize,
    pending: usize,
}

/// What `ledger check --json` writes.
#[derive(Serialize)]
struct CheckReport {
    wallets: Vec<Difference>,
    #[serde(skip)]
    unread: usize,
    entries: usize,
    pending: usize,
}

/// Everything that the three commands gather on one way through the journal.
struct Gathered {
    rates: Rates,
    balance: TrialBalance,
    wallets: WalletCheck,
    entries: usize,
}

impl Gathered {
    fn from<E: std::error::Error + 'static>(
        records: impl Iterator<Item = Result<Record, E>>,
        rates_kept: usize,
    ) -> Result<Self, LedgerError<E>> {
        let mut folder = Folder::new();
        let mut gathered = Self {
            rates: Rates::new(rates_kept),
            balance: TrialBalance::new(),
            wallets: WalletCheck::new(),
            entries: 0,
        };
        for record in records {
            let (seq, at, event) = record.map_err(LedgerError::Journal)?;
            gathered.take(at, &event, folder.apply(seq, at, &event)?.as_ref())?;
        }
        Ok(gathered)
    }

    fn take(&mut self, at: Timestamp, event: &Event, entry: Option<&Entry>) -> Result<(), crate::books::BooksError> {
        self.wallets.observe(at, event);
        let Some(entry) = entry else { return Ok(()) };
        self.entries += 1;
        self.rates.add(entry);
        self.balance.add(entry)?;
        self.wallets.add(entry)
    }
}

pub(super) fn rates<E: std::error::Error + 'static>(
    args: &RatesArgs,
    records: impl Iterator<Item = Result<Record, E>>,
    stdout: &mut dyn Write,
) -> Result<(), LedgerError<E>> {
    let gathered = Gathered::from(records, args.last)?;
    let rows = gathered.rates.newest_first();
    let written = if args.json { write_json(stdout, &rows) } else { write_rates(stdout, &rows) };
    written.map_err(LedgerError::Stdout)
}

pub(super) fn balance<E: std::error::Error + 'static>(
    args: &JsonArgs,
    records: impl Iterator<Item = Result<Record, E>>,
    stdout: &mut dyn Write,
) -> Result<(), LedgerError<E>> {
    let gathered = Gathered::from(records, 0)?;
    let report = BalanceReport {
        accounts: gathered.balance.accounts(),
        totals: gathered.balance.totals()?,
        entries: gathered.entries,
        pending: gathered.rates.pending(),
    };
    let written = if args.json { write_json(stdout, &report) } else { write_balance(stdout, &report) };
    written.map_err(LedgerError::Stdout)
}

pub(super) fn check<E: std::error::Error + 'static>(
    args: &JsonArgs,
    records: impl Iterator<Item = Result<Record, E>>,
    stdout: &mut dyn Write,
) -> Result<(), LedgerError<E>> {
    let gathered = Gathered::from(records, 0)?;
    gathered.balance.totals()?;
    let report = CheckReport {
        wallets: gathered.wallets.differences()?,
        unread: gathered.wallets.unread(),
        entries: gathered.entries,
        pending: gathered.rates.pending(),
    };
    let written = if args.json { write_json(stdout, &report) } else { write_check(stdout, &report) };
    written.map_err(LedgerError::Stdout)
}

pub(super) fn write_json(to: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, value).map_err(io::Error::from)?;
    writeln!(to)
}

fn write_rates(to: &mut dyn Write, rows: &[&RateRow]) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(to, "No rate yet: no movement has been applied.");
    }
    let columns = [
        ("BOOKED AT", Align::Left),
        ("LANE", Align::Left),
        ("SENT", Align::Right),
        ("ARRIVED", Align::Right),
        ("RATE", Align::Right),
        ("EFFECTIVE", Align::Right),
        ("INDICATIVE", Align::Right),
        ("REFERENCE", Align::Right),
        ("OFF REFERENCE", Align::Right),
        ("OFF INDICATIVE", Align::Right),
        ("GIVEN BY", Align::Left),
        ("TRANSFER", Align::Left),
    ];
    let cells: Vec<Vec<String>> = rows.iter().map(|row| rate_cells(row)).collect();
    write_table(to, &columns, &cells)
}

fn rate_cells(row: &RateRow) -> Vec<String> {
    let is_unnamed = row.destination_amount.is_none() && !row.is_pending();
    let arrived = if is_unnamed { "-".to_owned() } else { money(row.destination_amount, row.destination_currency) };
    vec![
        row.booked_at.clone(),
        format!("{}>{}", or(row.source_country, "?"), or(row.destination_country, "?")),
        money(row.source_amount, row.source_currency),
        arrived,
        or(row.exchange_rate, "pending"),
        or(row.effective_rate, "-"),
        or(row.indicative_rate, "-"),
        or(row.reference.map(|reference| reference.figure()), "-"),
        or(row.off_reference_bp.as_deref().map(in_points), "-"),
        or(row.off_indicative_bp.as_deref().map(in_points), "-"),
        or(row.rate_source.map(crate::books::RateSource::word), "-"),
        row.external_id.to_string(),
    ]
}

fn in_points(points: &str) -> String {
    let sign = if points.starts_with('-') || points == "0" { "" } else { "+" };
    format!("{sign}{points} bp")
}

fn write_balance(to: &mut dyn Write, report: &BalanceReport) -> io::Result<()> {
    if report.entries == 0 {
        return writeln!(to, "The books are empty: no movement has been applied yet.");
    }
    let columns = [("ACCOUNT", Align::Left), ("BALANCE", Align::Right), ("CURRENCY", Align::Left)];
    let line = |name: String, amount: &Amount, currency: Currency| vec![name, amount.grouped(), currency.to_string()];
    let accounts = report.accounts.iter().map(|row| line(row.account.to_string(), &row.balance, row.currency));
    let totals = report.totals.iter().map(|(currency, total)| line("sum".to_owned(), total, *currency));
    write_table(to, &columns, &accounts.chain(totals).collect::<Vec<_>>())?;
    writeln!(to, "{}", counts(report.entries, report.pending))?;
    writeln!(to, "Wallets show what we moved, not KPay's balance. Under fx-residue a positive figure is a loss.")
}

fn write_check(to: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    if report.wallets.is_empty() {
        return writeln!(to, "Nothing to compare with: no balance has been recorded yet.");
    }
    let columns = [
        ("WALLET", Align::Left),
        ("CURRENCY", Align::Left),
        ("OPENING", Align::Right),
        ("OWN IN", Align::Right),
        ("OWN OUT", Align::Right),
        ("EXPECTED", Align::Right),
        ("OBSERVED", Align::Right),
        ("EXTERNAL", Align::Right),
    ];
    let rows: Vec<Vec<String>> = report.wallets.iter().map(wallet_cells).collect();
    write_table(to, &columns, &rows)?;
    writeln!(to, "{}", counts(report.entries, report.pending))?;
    if report.unread > 0 {
        writeln!(
            to,
            "Entries since the last reading of the wallets: {}. They count with the next one.",
            report.unread
        )?;
    }
    writeln!(to, "External is what the books cannot know: payments received, withdrawals by hand, fees nobody named.")
}

fn wallet_cells(row: &Difference) -> Vec<String> {
    let mut cells = vec![row.wallet.to_string(), row.currency.to_string()];
    let figures = [row.opening, row.own_in, row.own_out, row.expected, row.closing, row.external];
    cells.extend(figures.map(Amount::grouped));
    cells
}

fn counts(entries: usize, pending: usize) -> String {
    format!("Entries: {entries}. Pending rates or credits: {pending}. Every currency sums to zero.")
}

fn money(amount: Option<Amount>, currency: Option<Currency>) -> String {
    amount.map_or_else(|| "pending".to_owned(), |amount| format!("{} {}", amount.grouped(), or(currency, "")))
}

pub(super) fn or(value: Option<impl Display>, otherwise: &str) -> String {
    value.map_or_else(|| otherwise.to_owned(), |value| value.to_string())
}
