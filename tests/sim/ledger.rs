//! The audit of the books: the program's own are made from the journal, record by record, and held against KPay's.

use super::auditor::{Journal, Lineage, instant, text};
use super::books::{Books as Kpay, Taken};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use treasuryd::books::{Account, Entry, Folder, RateSource, TrialBalance};
use treasuryd::journal::read_event;
use treasuryd::model::Kind;
use treasuryd::money::{Country, Rate};

/// What one movement did to our wallets, and at which rate it is booked.
#[derive(Default)]
struct Booked {
    wallets: BTreeMap<Country, Decimal>,
    rate: Option<Decimal>,
    is_pending: bool,
}

/// The program's own books of one journal.
#[derive(Default)]
pub struct Ledger {
    records: u64,
    folder: Folder,
    balance: TrialBalance,
    booked: BTreeMap<String, Booked>,
}

impl Ledger {
    /// Takes in the next record. The intent that it made an entry of, where it made one.
    pub fn take(&mut self, line: &str) -> Result<Option<String>, String> {
        self.records += 1;
        let at = text(line, "at").map(instant).ok_or("a record without a time")?;
        let event = line.split_once("\"event\":").and_then(|(_, rest)| rest.rsplit_once(",\"hash\":"));
        let (event, _) = event.ok_or("a record without an event")?;
        let event = read_event(event.as_bytes()).map_err(|flaw| flaw.to_string())?;
        let entry = self.folder.apply(self.records, at, &event).map_err(|error| error.to_string())?;
        let Some(entry) = entry else { return Ok(None) };
        sums_to_zero(&entry)?;
        self.balance.add(&entry).and_then(|()| self.balance.totals()).map_err(|error| error.to_string())?;
        let id = entry.external_id.to_string();
        take(self.booked.entry(id.clone()).or_default(), &entry);
        Ok(Some(id))
    }

    /// Takes in what a journal has beyond it: a process finds more than it knows was made durable, or a copy.
    pub fn catch_up(&mut self, journal: &[u8]) -> Result<(), String> {
        let known = usize::try_from(self.records).map_err(|error| error.to_string())?;
        let lines = std::str::from_utf8(journal).map_err(|error| error.to_string())?.lines();
        lines.skip(known).try_for_each(|line| self.take(line).map(drop))
    }

    /// What is wrong with how an intent is booked; nothing where KPay's books say the same.
    pub fn objection(&self, id: &str, model: &Journal, kpay: &Kpay, lineage: Lineage) -> Result<(), String> {
        let word = model.intents.get(id).map_or("", |story| story.word.as_str());
        let Some(booked) = self.booked.get(id) else {
            return if word == "applied" { Err(format!("{id} is applied and not booked")) } else { Ok(()) };
        };
        match kpay.ids.get(id) {
            Some(taken) if taken.by.contains(&lineage) => agrees(id, word, booked, taken),
            // Another state's request under the same id: a 409 can prove no amount of it (CONTRACT 5).
            Some(_) => Ok(()),
            None => Err(format!("{id} is booked, and KPay never moved it")),
        }
    }

    /// The same of all intents; `None` where nothing is wrong.
    pub fn flaw(&self, model: &Journal, kpay: &Kpay, lineage: Lineage) -> Option<String> {
        let all = model.intents.keys().chain(self.booked.keys());
        let mut wrong = all.filter_map(|id| self.objection(id, model, kpay, lineage).err());
        wrong.next().map(|flaw| format!("I8, I9: {flaw}"))
    }
}

fn take(booked: &mut Booked, entry: &Entry) {
    for posting in &entry.postings {
        if let Account::Wallet(country) = posting.account {
            *booked.wallets.entry(country).or_default() += posting.money.amount.decimal();
        }
    }
    booked.rate = entry.exchange_rate.map(Rate::decimal).or(booked.rate);
    if let Some(source) = entry.rate_source {
        booked.is_pending = source == RateSource::Pending;
    }
}

fn sums_to_zero(entry: &Entry) -> Result<(), String> {
    let mut sums = BTreeMap::new();
    for posting in &entry.postings {
        *sums.entry(posting.money.currency).or_insert(Decimal::ZERO) += posting.money.amount.decimal();
    }
    match sums.iter().find(|(_, sum)| !sum.is_zero()) {
        Some((currency, sum)) => Err(format!("the entry of {} leaves {sum} {currency}", entry.external_id)),
        None => Ok(()),
    }
}

/// What our wallets should have by one movement that is over, or a person's.
fn agrees(id: &str, word: &str, booked: &Booked, taken: &Taken) -> Result<(), String> {
    let mut moved: BTreeMap<Country, Decimal> = BTreeMap::new();
    if !taken.is_returned() {
        moved.insert(taken.source.country, -Decimal::from(taken.amount));
    }
    if let Some((to, credited)) = taken.credited().filter(|_| !booked.is_pending) {
        *moved.entry(to.country).or_default() += Decimal::from(credited);
    }
    // A person is to say how it ended: until then it is where KPay last said that it was.
    let is_settled = matches!(word, "applied" | "returned" | "resolved");
    let shown: BTreeMap<_, _> =
        booked.wallets.iter().filter(|(_, sum)| !sum.is_zero()).map(|(of, sum)| (*of, *sum)).collect();
    if is_settled && shown != moved {
        return Err(format!("{id} is `{word}` and booked with {shown:?}, and KPay moved {moved:?}"));
    }
    match booked.rate {
        Some(rate) if taken.kind == Kind::Transfer && rate != taken.rate => {
            Err(format!("{id} is booked at {rate}, and KPay's rate was {}", taken.rate))
        }
        _ => Ok(()),
    }
}
