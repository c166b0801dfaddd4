//! Recorded balances as CSV: `at,country,currency,available`, the header first, in the order of time. Strict: the first
//! thing that is wrong is told with its line and column, and nothing is used.

use super::Observation;
use crate::model::{Timestamp, WalletId, tame};
use crate::money::{Amount, Country, Currency};
use std::collections::BTreeSet;

const COLUMNS: [&str; 4] = ["at", "country", "currency", "available"];

/// What is wrong with a file, and where (both 1-based; the column counts characters).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct CsvError {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// One sentence with what to do.
    pub what: String,
}

/// Reads all rows. Lines end in LF or CRLF; a byte order mark and one pair of quotes around a cell are allowed.
///
/// # Errors
/// [`CsvError`] with the first mistake.
pub fn read_csv(text: &str) -> Result<Vec<Observation>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let header = lines.next().map(|(number, line)| cells(number, line)).transpose()?.unwrap_or_default();
    if header.iter().map(|cell| cell.text).ne(COLUMNS) {
        return Err(wrong(1, 1, format!("the first line must be `{}`", COLUMNS.join(","))));
    }
    let mut rows: Vec<Observation> = Vec::new();
    let mut seen: BTreeSet<WalletId> = BTreeSet::new();
    for (number, line) in lines {
        if line.trim().is_empty() {
            continue;
        }
        let (row, place) = row(number, line)?;
        match rows.last() {
            Some(last) if row.at < last.at => {
                let what = format!("this reading is older than the one before it, {}; sort the rows by time", last.at);
                return Err(wrong(number, 1, what));
            }
            Some(last) if row.at == last.at => {}
            _ => seen.clear(),
        }
        if !seen.insert(row.wallet) {
            let what = format!("{} stands twice for {}; keep one of the rows", row.wallet, row.at);
            return Err(wrong(number, place, what));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(wrong(1, 1, "there is no reading below the header".to_owned()));
    }
    Ok(rows)
}

#[derive(Debug, Clone, Copy)]
struct Cell<'a> {
    column: usize,
    text: &'a str,
}

fn cells(number: usize, line: &str) -> Result<Vec<Cell<'_>>, CsvError> {
    let mut column = 1;
    let mut cells = Vec::with_capacity(COLUMNS.len());
    for raw in line.split(',') {
        let text = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        if text.contains('"') {
            return Err(wrong(number, column, "a stray quote; no cell of this file needs one".to_owned()));
        }
        cells.push(Cell { column, text });
        column += raw.chars().count() + 1;
    }
    Ok(cells)
}

/// One row, and the column of its country.
fn row(number: usize, line: &str) -> Result<(Observation, usize), CsvError> {
    let cells = cells(number, line)?;
    let [at, country, currency, available] = cells.as_slice() else {
        let what = format!("{} cells, not {}: `{}`", cells.len(), COLUMNS.len(), COLUMNS.join(","));
        return Err(wrong(number, 1, what));
    };
    let wallet = wallet(number, country, currency)?;
    let shown = tame(available.text, 40);
    let amount: Amount = available.text.parse().map_err(|_| {
        let what = format!("`{shown}` is not a plain decimal such as 330000 or -12.50");
        wrong(number, available.column, what)
    })?;
    let at = instant(at.text).ok_or_else(|| {
        let what = format!("`{}` is not an instant such as 2026-11-24T17:00:00Z", tame(at.text, 40));
        wrong(number, at.column, what)
    })?;
    Ok((Observation { at, wallet, available: amount }, country.column))
}

fn instant(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// A wallet that KPay has: a slip in the currency would be another wallet, which no policy ever moves.
fn wallet(number: usize, country: &Cell<'_>, currency: &Cell<'_>) -> Result<WalletId, CsvError> {
    let held = WalletId { country: known_country(number, country)?, currency: known_currency(number, currency)? };
    match held.country.currency().filter(|own| *own != held.currency) {
        None => Ok(held),
        Some(own) => {
            let what = format!("{} holds {own}, not {}; write its own currency", held.country, held.currency);
            Err(wrong(number, currency.column, what))
        }
    }
}

fn known_country(number: usize, cell: &Cell<'_>) -> Result<Country, CsvError> {
    let country = cell.text.parse::<Country>().ok().filter(|country| Country::ALL.contains(country));
    country.ok_or_else(|| {
        let known: Vec<&str> = Country::ALL.iter().map(Country::code).collect();
        let what = format!("`{}` is no country of KPay's; there are {}", tame(cell.text, 40), known.join(", "));
        wrong(number, cell.column, what)
    })
}

fn known_currency(number: usize, cell: &Cell<'_>) -> Result<Currency, CsvError> {
    let currency = cell.text.parse::<Currency>().ok().filter(|currency| Currency::ALL.contains(currency));
    currency.ok_or_else(|| {
        let known: Vec<&str> = Currency::ALL.iter().map(Currency::code).collect();
        let what = format!("`{}` is no currency of KPay's; there are {}", tame(cell.text, 40), known.join(", "));
        wrong(number, cell.column, what)
    })
}

fn wrong(line: usize, column: usize, what: String) -> CsvError {
    CsvError { line, column, what }
}
