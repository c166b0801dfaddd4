//! `ledger payouts`: the figures of each payout apart. Two lines each, so that they fit a terminal of 80 columns.

use super::show::{or, write_json};
use super::table::{Align, write_table};
use super::{LedgerError, Record};
use crate::books::{Folder, PayoutRow, Payouts};
use crate::money::{Amount, Currency};
use std::io::{self, Write};

/// Arguments of `ledger payouts`.
#[derive(Debug, Clone, clap::Args)]
pub struct PayoutsArgs {
    /// How many of the newest; open ones are always shown
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub last: usize,
    /// JSON, for programs
    #[arg(long)]
    pub json: bool,
}

pub(super) fn payouts<E: std::error::Error + 'static>(
    args: &PayoutsArgs,
    records: impl Iterator<Item = Result<Record, E>>,
    stdout: &mut dyn Write,
) -> Result<(), LedgerError<E>> {
    let (mut folder, mut payouts) = (Folder::new(), Payouts::new(args.last));
    for record in records {
        let (seq, at, event) = record.map_err(LedgerError::Journal)?;
        if let Some(entry) = folder.apply(seq, at, &event)? {
            payouts.add(&entry);
        }
        payouts.observe(&event);
    }
    let rows = payouts.newest_first();
    let written = if args.json { write_json(stdout, &rows) } else { write_payouts(stdout, &rows) };
    written.map_err(LedgerError::Stdout)
}

fn write_payouts(to: &mut dyn Write, rows: &[&PayoutRow]) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(to, "No payout yet.");
    }
    let whose = [("PAYOUT", Align::Left), ("BENEFICIARY", Align::Left), ("STATE", Align::Left)];
    let figures = [
        ("DATE", Align::Left),
        ("FROM", Align::Left),
        ("GROSS", Align::Right),
        ("FEE", Align::Right),
        ("NET", Align::Right),
        ("CONVERTED", Align::Right),
        ("RATE", Align::Right),
    ];
    let whose = lines(&whose, &rows.iter().map(|row| whose_cells(row)).collect::<Vec<_>>())?;
    let figures = lines(&figures, &rows.iter().map(|row| figure_cells(row)).collect::<Vec<_>>())?;
    for (above, below) in whose.lines().zip(figures.lines()) {
        writeln!(to, "{above}\n  {below}")?;
    }
    writeln!(to, "Gross is what left the wallet, net is gross less KPay's fee. What is returned")?;
    writeln!(to, "is back in the wallet, fee and all.")
}

fn lines(columns: &[(&str, Align)], cells: &[Vec<String>]) -> io::Result<String> {
    let mut text = Vec::new();
    write_table(&mut text, columns, cells)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn whose_cells(row: &PayoutRow) -> Vec<String> {
    vec![row.external_id.to_string(), or(row.beneficiary, "-"), row.state.word().to_owned()]
}

fn figure_cells(row: &PayoutRow) -> Vec<String> {
    let plainly = |amount: Option<Amount>| or(amount.map(Amount::grouped), "-");
    // Of another currency than the rest of the line's, a figure says which.
    let with = |amount: Option<Amount>, currency: Option<Currency>| {
        or(amount.map(|amount| format!("{} {}", amount.grouped(), or(currency, ""))), "-")
    };
    let fee = if row.fee_currency == row.currency { plainly(row.fee) } else { with(row.fee, row.fee_currency) };
    vec![
        row.booked_at.format("%Y-%m-%d").to_string(),
        or(row.wallet, "-"),
        with(row.gross, row.currency),
        fee,
        plainly(row.net),
        with(row.converted, row.converted_currency),
        or(row.exchange_rate, "-"),
    ]
}
