//! The last audit of the books: the program's own are made from the journal and held against KPay's.

use super::auditor::{Journal, Lineage};
use super::books::{Books as Kpay, Taken};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use treasuryd::books::{Account, Books, Entry, RateSource, TrialBalance};
use treasuryd::journal::scan;
use treasuryd::model::Kind;
use treasuryd::money::{Country, Rate};

/// What one movement did to our wallets, and at which rate it is booked.
#[derive(Default)]
struct Booked {
    wallets: BTreeMap<Country, Decimal>,
    rate: Option<Decimal>,
    is_pending: bool,
}

/// What is wrong with the books that a journal gives; `None` where nothing is.
pub fn flaw(journal: &[u8], model: &Journal, kpay: &Kpay, lineage: Lineage) -> Option<String> {
    match audit(journal, model, kpay, lineage) {
        Ok(()) => None,
        Err(flaw) => Some(format!("I8, I9: {flaw}")),
    }
}

fn audit(journal: &[u8], model: &Journal, kpay: &Kpay, lineage: Lineage) -> Result<(), String> {
    let mut books = Books::new();
    for framed in scan(journal, 0).records {
        let record = framed.record;
        books.apply(record.seq, record.at, &record.event).map_err(|error| error.to_string())?;
    }
    let mut balance = TrialBalance::new();
    let mut booked: BTreeMap<&str, Booked> = BTreeMap::new();
    for entry in books.entries() {
        sums_to_zero(entry)?;
        balance.add(entry).map_err(|error| error.to_string())?;
        take(booked.entry(entry.external_id.as_str()).or_default(), entry);
    }
    balance.totals().map_err(|error| error.to_string())?;
    for (id, booked) in &booked {
        let word = model.intents.get(*id).map_or("", |story| story.word.as_str());
        let ours = kpay.ids.get(*id).filter(|taken| taken.by.contains(&lineage));
        match ours {
            Some(taken) => agrees(id, word, booked, taken)?,
            // Another state's request under the same id: a 409 can prove no amount of it (CONTRACT 5).
            None if kpay.ids.contains_key(*id) => {}
            None => return Err(format!("{id} is booked, and KPay never moved it")),
        }
    }
    let unbooked =
        model.intents.iter().find(|(id, story)| story.word == "applied" && !booked.contains_key(id.as_str()));
    unbooked.map_or(Ok(()), |(id, _)| Err(format!("{id} is applied and not booked")))
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
