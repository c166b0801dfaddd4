//! A workbook: a sheet of the entries with the columns of CONTRACT 7, and a sheet of their postings. Text is never a formula.
//!
//! A cell's number has 15 digits. An amount of up to so many is a number, a longer one is text, digit for digit; so are rates
//! always. Times are dates in UTC. The workbook's own date is its last entry's, so that the same books give the same file.

use super::cells::{Cell, cells};
use super::entry::COLUMNS;
use super::{Entry, Export};
use crate::money::Amount;
use rust_decimal::Decimal;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use std::io::{self, Write};

/// As many digits as a spreadsheet's number keeps; with no more decimals than that, the nearest one is found exactly.
const EXACT_DIGITS: usize = 15;

const POSTING_COLUMNS: [&str; 6] = ["entry_id", "booked_at", "external_id", "account", "amount", "currency"];

/// Builds the workbook in memory, and writes it at the end: the format is a ZIP archive.
pub struct XlsxExport<W: Write> {
    to: W,
    entries: Sheet,
    postings: Sheet,
    /// Seconds since 1970 of the last entry.
    as_of: i64,
}

/// A sheet and its next free row.
struct Sheet {
    sheet: Worksheet,
    row: u32,
}

impl<W: Write> XlsxExport<W> {
    /// Begins with the headers.
    ///
    /// # Errors
    /// None that is known.
    pub fn new(to: W) -> io::Result<Self> {
        let entries = Sheet::new("entries", &COLUMNS)?;
        let mut postings = Sheet::new("postings", &POSTING_COLUMNS)?;
        // On paper as wide as the page; the entries have too many columns for that.
        postings.sheet.set_print_fit_to_pages(1, 0);
        Ok(Self { to, entries, postings, as_of: 0 })
    }
}

impl<W: Write> Export for XlsxExport<W> {
    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.as_of = entry.booked_at.timestamp();
        self.entries.push(&cells(entry))?;
        for posting in &entry.postings {
            self.postings.push(&[
                Cell::Word(entry.entry_id.to_string().into()),
                Cell::Time(entry.booked_at),
                Cell::Text(entry.external_id.as_str()),
                Cell::Word(posting.account.to_string().into()),
                Cell::Figure(posting.money.amount),
                Cell::Word(posting.money.currency.to_string().into()),
            ])?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let mut workbook = Workbook::new();
        let as_of = ExcelDateTime::from_timestamp(self.as_of).map_err(told)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&as_of));
        for sheet in [self.entries, self.postings] {
            workbook.push_worksheet(sheet.finished());
        }
        self.to.write_all(&workbook.save_to_buffer().map_err(told)?)?;
        self.to.flush()
    }
}

impl Sheet {
    fn new(name: &str, columns: &[&str]) -> io::Result<Self> {
        let mut sheet = Worksheet::new();
        sheet.set_name(name).and_then(|sheet| sheet.set_freeze_panes(1, 0)).map_err(told)?;
        sheet.set_landscape().set_repeat_rows(0, 0).map_err(told)?;
        let bold = Format::new().set_bold();
        for (column, name) in (0..).zip(columns) {
            sheet.write_string_with_format(0, column, *name, &bold).map_err(told)?;
        }
        Ok(Self { sheet, row: 1 })
    }

    fn push(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (column, cell) in (0..).zip(cells) {
            let written = match cell {
                Cell::Empty => continue,
                Cell::Figure(amount) => match number(*amount) {
                    Some((number, format)) => self.sheet.write_with_format(self.row, column, number, &format),
                    None => self.sheet.write_string(self.row, column, cell.as_text()),
                },
                Cell::Time(at) => {
                    let format = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
                    self.sheet.write_datetime_with_format(self.row, column, at.naive_utc(), &format)
                }
                Cell::Word(_) | Cell::Text(_) => self.sheet.write_string(self.row, column, cell.as_text()),
            };
            written.map_err(told)?;
        }
        self.row += 1;
        Ok(())
    }

    fn finished(mut self) -> Worksheet {
        self.sheet.autofit();
        self.sheet
    }
}

/// The amount as a cell's number, shown with as many decimals as it has; `None` where digits would be lost.
fn number(amount: Amount) -> Option<(Decimal, Format)> {
    let decimal = amount.decimal().normalize();
    let scale = usize::try_from(decimal.scale()).ok()?;
    if decimal.mantissa().unsigned_abs().to_string().len() > EXACT_DIGITS || scale > EXACT_DIGITS {
        return None;
    }
    let decimals = "0".repeat(scale);
    let shown = if decimals.is_empty() { "#,##0".to_owned() } else { format!("#,##0.{decimals}") };
    Some((decimal, Format::new().set_num_format(shown)))
}

/// The library's own error as one of the writer's.
fn told(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        XlsxError::RowColumnLimitError => io::Error::other("a sheet has no room for so many entries"),
        other => io::Error::other(format!("making the workbook: {other}")),
    }
}
