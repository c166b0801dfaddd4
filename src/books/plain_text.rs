//! Plain-text accounting: hledger's journal and beancount's, an entry a transaction. Each transaction sums to zero in each
//! currency by itself, without a price: what was converted passes through the clearing accounts. Columns that hold something
//! are tags (hledger) or metadata (beancount), so that nothing of the books is lost on the way.
//!
//! Both know five kinds of account, and both files use the same names for ours ([`account_name`]).

use super::cells::{cells, on_one_line};
use super::entry::COLUMNS;
use super::{Account, Entry, Export};
use crate::money::Currency;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Whose file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// hledger 1.25 and later; also by `hledger check --strict`.
    Hledger,
    /// beancount 2 and later.
    Beancount,
}

/// Writes entries as transactions, one at a time; an account is declared before the first one that posts to it. Buffering is
/// the caller's.
pub struct PlainTextExport<W: Write> {
    dialect: Dialect,
    to: W,
    accounts: BTreeSet<Account>,
    currencies: BTreeSet<Currency>,
}

impl<W: Write> PlainTextExport<W> {
    /// Writes what stands above all transactions.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(dialect: Dialect, mut to: W) -> io::Result<Self> {
        to.write_all(b"; The books of treasuryd, made from its journal. Make them again rather than edit them.\n")?;
        if dialect == Dialect::Hledger {
            to.write_all(b"decimal-mark .\n")?;
        }
        Ok(Self { dialect, to, accounts: BTreeSet::new(), currencies: BTreeSet::new() })
    }

    fn declare(&mut self, account: Account, currency: Currency) -> io::Result<()> {
        let (new_account, new_currency) = (self.accounts.insert(account), self.currencies.insert(currency));
        match self.dialect {
            Dialect::Hledger => {
                if new_currency {
                    writeln!(self.to, "\ncommodity {currency}")?;
                }
                if new_account {
                    writeln!(self.to, "\naccount {}", account_name(account))?;
                }
            }
            // Open from ever on: where a clock was set back, a later entry has an earlier date.
            Dialect::Beancount if new_account => {
                writeln!(self.to, "\n1970-01-01 open {}", account_name(account))?;
            }
            Dialect::Beancount => {}
        }
        Ok(())
    }
}

impl<W: Write> Export for PlainTextExport<W> {
    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        for posting in &entry.postings {
            self.declare(posting.account, posting.money.currency)?;
        }
        let date = entry.booked_at.format("%Y-%m-%d");
        let told = match (&entry.description, entry.corrects) {
            (Some(description), _) => description.clone(),
            (None, Some(first)) => format!("correction of {first}"),
            (None, None) => entry.kind.word().to_owned(),
        };
        match self.dialect {
            Dialect::Hledger => writeln!(self.to, "\n{date} * ({}) {}", entry.entry_id, described(&told))?,
            Dialect::Beancount => writeln!(self.to, "\n{date} * {}", quoted(&told))?,
        }
        for (column, cell) in COLUMNS.iter().zip(cells(entry)) {
            let text = cell.as_text();
            if text.is_empty() || *column == "description" {
                continue;
            }
            match self.dialect {
                Dialect::Hledger => writeln!(self.to, "    ; {column}: {}", tag_value(&text))?,
                Dialect::Beancount => writeln!(self.to, "  {column}: {}", quoted(&text))?,
            }
        }
        for posting in &entry.postings {
            let (account, money) = (account_name(posting.account), posting.money);
            writeln!(self.to, "    {account}  {} {}", money.amount, money.currency)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.to.flush()
    }
}

/// The account's name in both formats. What a payout was for, nobody here knows: an expense, until the accountant says more.
fn account_name(account: Account) -> String {
    match account {
        Account::Wallet(country) => format!("Assets:KPay:Wallet:{country}"),
        Account::InTransit(currency) => format!("Assets:KPay:In-Transit:{currency}"),
        Account::PaidOut(Some(country)) => format!("Expenses:Paid-Out:{country}"),
        Account::PaidOut(None) => "Expenses:Paid-Out:GATEWAY".to_owned(),
        Account::FxClearing(currency) => format!("Equity:FX-Clearing:{currency}"),
        Account::FxResidue(currency) => format!("Expenses:FX-Residue:{currency}"),
        Account::Fees => "Expenses:Fees:KPay".to_owned(),
    }
}

/// One line, without what begins a comment.
fn described(text: &str) -> String {
    on_one_line(text).replace(';', ",")
}

/// One line, without what ends a tag's value.
fn tag_value(text: &str) -> String {
    on_one_line(text).replace(',', ";")
}

/// A string of beancount's.
fn quoted(text: &str) -> String {
    format!("\"{}\"", on_one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_where_it_is_put() {
        let check = |made: fn(&str) -> String, text: &str, expected: &str| assert_eq!(made(text), expected, "{text:?}");
        check(described, "rent; kind: x", "rent, kind: x");
        check(described, "two\nlines", "two lines");
        check(tag_value, "A, kind: x; y", "A; kind: x; y");
        check(tag_value, "=1\r\n2026-01-01 x", "=1  2026-01-01 x");
        check(quoted, "say \"hi\" \\ bye", "\"say \\\"hi\\\" \\\\ bye\"");
        check(quoted, "a\n1970-01-01 close X", "\"a 1970-01-01 close X\"");
    }
}
