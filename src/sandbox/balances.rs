//! What the two balance endpoints show: rows of raw JSON, so that a fault can put anything in a number's place.

use super::Mode;
use super::faults::Fault;
use super::reply::{JSON, Reply};
use super::settings::{OverviewNaming, OverviewShape};
use super::world::{READINGS_KEPT, Reading, World};
use crate::money::{Amount, Country};

/// One wallet as shown. The numbers are raw JSON.
#[derive(Clone)]
struct Row {
    country: Country,
    currency: String,
    balance: String,
    reserved: String,
    available: String,
}

impl World {
    /// `GET /api/v1/payments/balance`: a bare array, without countries unless set.
    pub(super) fn balance_reply(&mut self, mode: Mode, fault: Option<&Fault>) -> Reply {
        let with_country = self.settings.balance_country;
        let rows = self.rows(mode, fault);
        let row = |row: &Row| {
            let country = if with_country { format!(r#""country":"{}","#, row.country) } else { String::new() };
            format!(
                r#"{{{country}"currency":"{}","balance":{},"reservedBalance":{},"availableBalance":{}}}"#,
                row.currency, row.balance, row.reserved, row.available
            )
        };
        Reply::new(200, JSON, array(&rows, row))
    }

    /// `GET /api/wallets/overview`, in the shape that is set.
    pub(super) fn overview_reply(&mut self, mode: Mode, fault: Option<&Fault>) -> Reply {
        let (shape, naming) = (self.settings.overview, self.settings.overview_naming);
        let rows = array(&self.rows(mode, fault), |row| overview_row(row, naming));
        let body = match shape {
            OverviewShape::Array => rows,
            OverviewShape::Wallets => format!(r#"{{"wallets":{rows}}}"#),
            OverviewShape::Data => format!(r#"{{"data":{rows}}}"#),
            OverviewShape::Balances => format!(r#"{{"balances":{rows}}}"#),
            OverviewShape::DataWallets => format!(r#"{{"data":{{"wallets":{rows}}}}}"#),
            OverviewShape::Absent => return Reply::error(404, "Cannot GET /api/wallets/overview"),
        };
        Reply::new(200, JSON, body)
    }

    fn rows(&mut self, mode: Mode, fault: Option<&Fault>) -> Vec<Row> {
        let lag = if let Some(Fault::StaleBalance(lag)) = fault { *lag } else { 0 };
        let mut rows: Vec<Row> =
            self.reading(mode, lag).into_iter().filter_map(|(country, held)| row(country, held)).collect();
        if let Some(fault) = fault {
            spoil(&mut rows, fault);
        }
        rows
    }

    /// The balances now, or as they were `lag` readings ago (the oldest kept, where there are fewer).
    fn reading(&mut self, mode: Mode, lag: usize) -> Reading {
        let wallets = self.ledger.wallets().filter(|wallet| wallet.environment == mode);
        let now: Reading = wallets.map(|wallet| (wallet.country, (wallet.balance, wallet.reserved))).collect();
        let earlier = self.readings.entry(mode).or_default();
        if earlier.len() > READINGS_KEPT {
            earlier.pop_front();
        }
        earlier.push_back(now);
        let index = (earlier.len() - 1).saturating_sub(lag);
        earlier.get(index).cloned().unwrap_or_default()
    }
}

fn row(country: Country, (balance, reserved): (Amount, Amount)) -> Option<Row> {
    Some(Row {
        country,
        currency: country.currency()?.to_string(),
        balance: balance.to_string(),
        reserved: reserved.to_string(),
        available: balance.checked_sub(reserved).ok()?.to_string(),
    })
}

fn spoil(rows: &mut Vec<Row>, fault: &Fault) {
    let one = |rows: &mut Vec<Row>, wanted: &Country, change: &dyn Fn(&mut Row)| {
        rows.iter_mut().filter(|row| row.country == *wanted).for_each(change);
    };
    match fault {
        Fault::DropWallet(country) => rows.retain(|row| row.country != *country),
        Fault::BadBalance { country, text } => one(rows, country, &|row| {
            row.balance.clone_from(text);
            row.available.clone_from(text);
        }),
        Fault::Negative(country) => one(rows, country, &|row| {
            row.balance = if row.balance == "0" { "-1".to_owned() } else { format!("-{}", row.balance) };
            row.available.clone_from(&row.balance);
        }),
        Fault::SwapCurrency { country, currency } => one(rows, country, &|row| row.currency = currency.to_string()),
        Fault::DuplicateRow(country) => {
            let twin = rows.iter().find(|row| row.country == *country).cloned();
            rows.extend(twin);
        }
        _ => {}
    }
}

fn overview_row(row: &Row, naming: OverviewNaming) -> String {
    let (country, currency, available) = match naming {
        OverviewNaming::Plain => ("country", "currency", "availableBalance"),
        OverviewNaming::Coded => ("countryCode", "currencyCode", "available"),
    };
    format!(
        r#"{{"{country}":"{}","{currency}":"{}","balance":{},"reservedBalance":{},"{available}":{}}}"#,
        row.country, row.currency, row.balance, row.reserved, row.available
    )
}

fn array(rows: &[Row], render: impl Fn(&Row) -> String) -> String {
    let rows: Vec<String> = rows.iter().map(render).collect();
    format!("[{}]", rows.join(","))
}
