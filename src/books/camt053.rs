//! ISO 20022's statement of an account, camt.053.001.08: one statement a wallet, for programs that read a bank's.
//!
//! A statement opens and closes with what we moved in and out of the wallet, from zero, as the trial balance has it. What
//! customers paid in and what KPay shows is not in the books, and so not in here; the statement says so.

use super::cells::on_one_line;
use super::entry::in_words;
use super::{Account, Entry, EntryId, Export, Range, Stage};
use crate::model::Timestamp;
use crate::money::{Amount, Country, Currency, MoneyError};
use chrono::TimeDelta;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// More decimals than this have no room in the format (`ActiveOrHistoricCurrencyAndAmount`).
const MOST_DECIMALS: u32 = 5;
/// Nor have more digits in all.
const MOST_DIGITS: usize = 18;
/// Longest text in a reference (`Max35Text`).
const REFERENCE: usize = 35;
/// Longest further text (`Max500Text`).
const FURTHER: usize = 500;

const TOLD: &str =
    "Balances are what treasuryd moved, from zero: neither payments received nor KPay's own balance is in its books.";

/// Collects the entries of each wallet, and writes the statements at the end.
pub struct Camt053Export<W: Write> {
    to: W,
    range: Range,
    statements: BTreeMap<(Country, Currency), Statement>,
    /// The first and the last that was written, by their times.
    written: Option<(Timestamp, Timestamp)>,
    /// The last that was taken in at all.
    last: Option<Timestamp>,
}

/// One wallet's.
#[derive(Debug, Default)]
struct Statement {
    opening: Amount,
    lines: Vec<Line>,
}

/// One entry, as it shows in one wallet.
#[derive(Debug)]
struct Line {
    entry_id: EntryId,
    booked_at: Timestamp,
    /// Positive into the wallet.
    amount: Amount,
    external_id: String,
    kpay_id: Option<String>,
    reference: Option<String>,
    kind: &'static str,
    /// Whether it gives back what an earlier one took.
    is_returned: bool,
    further: String,
}

impl<W: Write> Camt053Export<W> {
    /// Writes nothing yet. `range` is the span that the statements are for.
    pub fn new(range: Range, to: W) -> Self {
        Self { to, range, statements: BTreeMap::new(), written: None, last: None }
    }

    /// The first and the last instant of the span; the entries' own where none was given.
    fn span(&self, last: Timestamp) -> (Timestamp, Timestamp) {
        let (first_written, last_written) = self.written.unwrap_or((last, last));
        let first = self.range.from.unwrap_or(first_written);
        let until = self.range.to.map_or(last_written, |to| to - TimeDelta::milliseconds(1));
        (first, until.max(first))
    }

    fn take_in(&mut self, entry: &Entry) {
        self.last = self.last.max(Some(entry.booked_at));
    }
}

impl<W: Write> Export for Camt053Export<W> {
    fn pass(&mut self, entry: &Entry) -> io::Result<()> {
        if self.range.from.is_none_or(|from| entry.booked_at >= from) {
            return Ok(());
        }
        self.take_in(entry);
        for (wallet, amount) in in_wallets(entry) {
            let statement = self.statements.entry(wallet).or_default();
            statement.opening = statement.opening.checked_add(amount).map_err(|error| no_room(&error))?;
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.take_in(entry);
        let (first, last) = self.written.unwrap_or((entry.booked_at, entry.booked_at));
        self.written = Some((first.min(entry.booked_at), last.max(entry.booked_at)));
        for (wallet, amount) in in_wallets(entry) {
            self.statements.entry(wallet).or_default().lines.push(Line::new(entry, wallet, amount));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let Some(last) = self.last.filter(|_| !self.statements.is_empty()) else {
            let told = "camt053 needs a statement, and up to the end of the span nothing was booked in any wallet";
            return Err(io::Error::other(told));
        };
        let span = self.span(last);
        let statements = std::mem::take(&mut self.statements);
        let ids: Vec<String> = statements.iter().map(|(wallet, one)| one.id(*wallet, span)).collect();
        // Whole or not at all: a figure may have no room.
        let mut made = Vec::new();
        let mut xml = Writer::new_with_indent(&mut made, b' ', 1);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let document = xml.create_element("Document");
        let document = document.with_attribute(("xmlns", "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"));
        document.write_inner_content(|xml| {
            within(xml, "BkToCstmrStmt", |xml| {
                within(xml, "GrpHdr", |xml| {
                    text(xml, "MsgId", &format!("treasuryd-{}", short_hash(&ids)))?;
                    text(xml, "CreDtTm", &in_words(last))
                })?;
                let mut statements = statements.iter().zip(&ids);
                statements.try_for_each(|((wallet, one), id)| one.write(xml, *wallet, span, (id, last)))
            })
        })?;
        made.push(b'\n');
        self.to.write_all(&made)?;
        self.to.flush()
    }
}

/// What the entry puts into our wallets, and takes out of them.
fn in_wallets(entry: &Entry) -> impl Iterator<Item = ((Country, Currency), Amount)> {
    entry.postings.iter().filter_map(|posting| match posting.account {
        Account::Wallet(country) => Some(((country, posting.money.currency), posting.money.amount)),
        _ => None,
    })
}

impl Line {
    fn new(entry: &Entry, (country, currency): (Country, Currency), amount: Amount) -> Self {
        let lane = entry.lane;
        let is_source = (lane.from.country, lane.from.currency) == (country, currency);
        let reference = if is_source { &entry.source_reference } else { &entry.destination_reference };
        let corrected = entry.corrects.map(|first| format!("correction of {first}, {lane}"));
        let rate = entry.exchange_rate.filter(|_| lane.crosses_currencies()).map(|rate| format!("rate {rate}"));
        // What has no room in its own place; KPay's ids are UUIDs, which are one character too long.
        let too_long = |what: &str, text: &Option<String>| {
            text.as_ref().filter(|text| !fits(text)).map(|text| format!("{what} {text}"))
        };
        let (reference_too, id_too) = (too_long("reference", reference), too_long("KPay id", &entry.kpay_id));
        let told = [corrected, entry.description.clone(), rate, reference_too, id_too];
        Self {
            entry_id: entry.entry_id,
            booked_at: entry.booked_at,
            amount,
            external_id: entry.external_id.to_string(),
            kpay_id: entry.kpay_id.clone(),
            reference: reference.clone(),
            kind: entry.kind.word(),
            is_returned: entry.stage == Stage::Returned,
            further: told.into_iter().flatten().collect::<Vec<_>>().join("; "),
        }
    }

    fn write<W: Write>(&self, xml: &mut Writer<W>, currency: Currency) -> io::Result<()> {
        within(xml, "Ntry", |xml| {
            text(xml, "NtryRef", &self.entry_id.to_string())?;
            let of = || format!("entry {}", self.entry_id);
            signed(xml, (self.amount, currency), of)?;
            if self.is_returned {
                text(xml, "RvslInd", "true")?;
            }
            within(xml, "Sts", |xml| text(xml, "Cd", "BOOK"))?;
            within(xml, "BookgDt", |xml| text(xml, "DtTm", &in_words(self.booked_at)))?;
            if let Some(reference) = self.reference.as_ref().filter(|text| fits(text)) {
                text(xml, "AcctSvcrRef", reference)?;
            }
            within(xml, "BkTxCd", |xml| {
                within(xml, "Prtry", |xml| {
                    text(xml, "Cd", self.kind)?;
                    text(xml, "Issr", "treasuryd")
                })
            })?;
            within(xml, "NtryDtls", |xml| {
                within(xml, "TxDtls", |xml| within(xml, "Refs", |xml| self.references(xml)))
            })?;
            let further: String = self.further.chars().take(FURTHER).collect();
            if further.is_empty() { Ok(()) } else { text(xml, "AddtlNtryInf", &further) }
        })
    }

    fn references<W: Write>(&self, xml: &mut Writer<W>) -> io::Result<()> {
        if fits(&self.external_id) {
            text(xml, "EndToEndId", &self.external_id)?;
        }
        match self.kpay_id.as_ref().filter(|id| fits(id)) {
            Some(id) => text(xml, "TxId", id),
            None => Ok(()),
        }
    }
}

impl Statement {
    /// Of the wallet, and of all that it states: another span or other entries have another id.
    fn id(&self, (country, currency): (Country, Currency), (first, last): (Timestamp, Timestamp)) -> String {
        let mut parts = vec![in_words(first), in_words(last), self.opening.to_string()];
        for line in &self.lines {
            parts.push(format!("{} {} {} {}", line.entry_id, in_words(line.booked_at), line.external_id, line.amount));
        }
        format!("{country}-{currency}-{}-{}", last.format("%Y%m%d"), short_hash(&parts))
    }

    fn write<W: Write>(
        &self,
        xml: &mut Writer<W>,
        (country, currency): (Country, Currency),
        (first, last): (Timestamp, Timestamp),
        (id, made_at): (&str, Timestamp),
    ) -> io::Result<()> {
        let closing = self.lines.iter().try_fold(self.opening, |sum, line| sum.checked_add(line.amount));
        let closing = closing.map_err(|error| no_room(&error))?;
        within(xml, "Stmt", |xml| {
            text(xml, "Id", id)?;
            text(xml, "CreDtTm", &in_words(made_at))?;
            within(xml, "FrToDt", |xml| {
                text(xml, "FrDtTm", &in_words(first))?;
                text(xml, "ToDtTm", &in_words(last))
            })?;
            within(xml, "Acct", |xml| {
                let id = format!("KPay-{country}-{currency}");
                within(xml, "Id", |xml| within(xml, "Othr", |xml| text(xml, "Id", &id)))?;
                text(xml, "Ccy", &currency.to_string())
            })?;
            for (code, amount, at) in [("OPBD", self.opening, first), ("CLBD", closing, last)] {
                within(xml, "Bal", |xml| {
                    within(xml, "Tp", |xml| within(xml, "CdOrPrtry", |xml| text(xml, "Cd", code)))?;
                    let of = || format!("the balance of {country} at {}", in_words(at));
                    signed(xml, (amount, currency), of)?;
                    within(xml, "Dt", |xml| text(xml, "Dt", &at.format("%Y-%m-%d").to_string()))
                })?;
            }
            self.lines.iter().try_for_each(|line| line.write(xml, currency))?;
            text(xml, "AddtlStmtInf", TOLD)
        })
    }
}

/// An element with elements in it.
fn within<W: Write>(
    xml: &mut Writer<W>,
    name: &str,
    inner: impl FnOnce(&mut Writer<W>) -> io::Result<()>,
) -> io::Result<()> {
    xml.create_element(name).write_inner_content(inner).map(|_| ())
}

/// An element with text in it.
fn text<W: Write>(xml: &mut Writer<W>, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&on_one_line(text))).map(|_| ())
}

/// An amount without its sign, and which way it goes; `of` says what it belongs to.
fn signed<W: Write>(
    xml: &mut Writer<W>,
    (amount, currency): (Amount, Currency),
    of: impl Fn() -> String,
) -> io::Result<()> {
    let shown = amount.decimal().abs().normalize();
    if shown.scale() > MOST_DECIMALS || shown.mantissa().to_string().len() > MOST_DIGITS {
        let of = of();
        return Err(io::Error::other(format!(
            "camt053 has no room for {amount} {currency} of {of}: at most {MOST_DIGITS} digits, {MOST_DECIMALS} decimals"
        )));
    }
    let element = xml.create_element("Amt").with_attribute(("Ccy", currency.to_string().as_str()));
    element.write_text_content(BytesText::new(&shown.to_string()))?;
    text(xml, "CdtDbtInd", if amount.is_negative() { "DBIT" } else { "CRDT" })
}

/// The first twelve hexadecimal digits of a SHA-256.
fn short_hash(parts: &[String]) -> String {
    let digest = format!("{:x}", Sha256::digest(parts.join("\n")));
    digest.chars().take(12).collect()
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= REFERENCE
}

fn no_room(error: &MoneyError) -> io::Error {
    io::Error::other(format!("adding up a wallet: {error}"))
}
