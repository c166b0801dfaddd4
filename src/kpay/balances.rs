//! From a reply that says what the wallets hold, in any of the shapes of kpay-api.md, to readings by wallet. Pure.
//!
//! A reply that contradicts itself (a wallet or a key twice) is refused whole; a row that cannot be read is a problem of
//! its wallet and the others stand. A wallet that is not in the reply is unknown, never zero.

use super::strict::Fields;
use crate::model::{Reading, WalletId, WalletProblem, tame};
use crate::money::{Amount, Country, Currency, read_plain_decimal};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wallets {
    pub(super) readings: BTreeMap<WalletId, Reading>,
    pub(super) problems: Vec<WalletProblem>,
}

/// One row, as far as it could be read.
struct Row {
    country: Option<Country>,
    currency: Currency,
    reading: Result<Reading, String>,
}

/// Reads a reply. `countries` are those of the policies in force: a row that names no country is the wallet of the only
/// one among them that uses its currency.
pub(super) fn read(body: &[u8], countries: &BTreeSet<Country>) -> Result<Wallets, String> {
    let rows = rows_of(body)?;
    let mut problems = Vec::new();
    let mut legible = Vec::new();
    for raw in &rows {
        match read_row(raw)? {
            Ok(row) => legible.push(row),
            Err(problem) => problems.push(problem),
        }
    }
    let mut found: BTreeMap<WalletId, Result<Reading, String>> = BTreeMap::new();
    for row in &legible {
        let country = match row.country.map_or_else(|| only_country(row, &legible, countries), Ok) {
            Ok(country) => country,
            Err(what) => {
                problems.push(WalletProblem { country: None, what });
                continue;
            }
        };
        let wallet = WalletId { country, currency: row.currency };
        if found.insert(wallet, row.reading.clone()).is_some() {
            return Err(format!("the wallet {wallet:?} stands twice in it"));
        }
    }
    let mut readings = BTreeMap::new();
    for (wallet, reading) in found {
        match reading {
            Ok(reading) => drop(readings.insert(wallet, reading)),
            Err(what) => {
                let what = format!("{wallet:?}: {what}");
                problems.push(WalletProblem { country: Some(wallet.country), what });
            }
        }
    }
    if readings.is_empty() {
        let first = problems.first().map_or("it lists none", |problem| problem.what.as_str());
        return Err(format!("no wallet can be read from it ({first})"));
    }
    Ok(Wallets { readings, problems })
}

/// The rows, wherever they are.
fn rows_of(body: &[u8]) -> Result<Vec<Box<RawValue>>, String> {
    let illegible = |error: serde_json::Error| tame(&error.to_string(), 120);
    let top: Box<RawValue> = serde_json::from_slice(body).map_err(|error| format!("not JSON, {}", illegible(error)))?;
    if let Some(rows) = array(&top) {
        return Ok(rows);
    }
    let fields: Fields = serde_json::from_str(top.get()).map_err(illegible)?;
    if let Some(rows) = ["wallets", "data", "balances"].iter().find_map(|name| array(fields.get(name)?)) {
        return Ok(rows);
    }
    let Some(data) = fields.get("data") else {
        return Err("no list of wallets in it".to_owned());
    };
    let inner: Fields = serde_json::from_str(data.get()).map_err(illegible)?;
    inner.get("wallets").and_then(array).ok_or_else(|| "no list of wallets in it".to_owned())
}

fn array(raw: &RawValue) -> Option<Vec<Box<RawValue>>> {
    raw.get().starts_with('[').then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

/// Outer error: the reply contradicts itself. Inner: this row is nobody's.
fn read_row(raw: &RawValue) -> Result<Result<Row, WalletProblem>, String> {
    if !raw.get().starts_with('{') {
        return Ok(Err(WalletProblem { country: None, what: format!("`{}` is no wallet", tame(raw.get(), 40)) }));
    }
    let fields: Fields = serde_json::from_str(raw.get()).map_err(|error| tame(&error.to_string(), 120))?;
    let country = match code::<Country>(&fields, ["country", "countryCode"]) {
        Ok(country) => country,
        Err(what) => return Ok(Err(WalletProblem { country: None, what })),
    };
    Ok(match code::<Currency>(&fields, ["currency", "currencyCode"]) {
        Ok(Some(currency)) => Ok(Row { country, currency, reading: read_figures(&fields) }),
        Ok(None) => Err(WalletProblem { country, what: "a wallet without a currency".to_owned() }),
        Err(what) => Err(WalletProblem { country, what }),
    })
}

/// A code under either name. Beside a proper code the other field may hold what it likes (a country's name, say), but
/// not another code.
fn code<T: std::str::FromStr<Err: ToString> + PartialEq>(
    fields: &Fields,
    names: [&str; 2],
) -> Result<Option<T>, String> {
    let mut found = None;
    let mut wrong = None;
    for raw in names.iter().filter_map(|name| fields.get(name)) {
        match serde_json::from_str::<String>(raw.get()).map_err(|_| tame(raw.get(), 40)).map(|text| text.parse::<T>()) {
            Ok(Ok(code)) if found.as_ref().is_some_and(|before| *before != code) => {
                return Err(format!("{} and {} differ", names[0], names[1]));
            }
            Ok(Ok(code)) => found = Some(code),
            Ok(Err(error)) => wrong = Some(tame(&error.to_string(), 120)),
            Err(text) => wrong = Some(format!("`{text}` is not a code")),
        }
    }
    match (found, wrong) {
        (None, Some(what)) => Err(what),
        (found, _) => Ok(found),
    }
}

fn read_figures(fields: &Fields) -> Result<Reading, String> {
    let stated = agreed(figure(fields, "availableBalance")?, figure(fields, "available")?)?;
    let (balance, reserved) = (figure(fields, "balance")?, figure(fields, "reservedBalance")?);
    if reserved.is_some_and(Amount::is_negative) {
        return Err("its reservedBalance is negative".to_owned());
    }
    let available = match (stated, balance, reserved) {
        (Some(stated), _, _) => stated,
        (None, Some(balance), Some(reserved)) => balance.checked_sub(reserved).map_err(|error| error.to_string())?,
        (None, Some(balance), None) => balance,
        (None, None, _) => return Err("it has no balance".to_owned()),
    };
    Ok(Reading { available, balance })
}

fn agreed(one: Option<Amount>, other: Option<Amount>) -> Result<Option<Amount>, String> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err("availableBalance and available differ".to_owned()),
        _ => Ok(one.or(other)),
    }
}

/// A JSON number, or a string holding a plain decimal; read exactly or not at all.
fn figure(fields: &Fields, name: &str) -> Result<Option<Amount>, String> {
    let Some(raw) = fields.get(name) else {
        return Ok(None);
    };
    let text = raw.get();
    let plain = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let decimal = read_plain_decimal(plain).map_err(|error| format!("{name}: {}", tame(&error.to_string(), 120)))?;
    Ok(Some(Amount::new(decimal)))
}

/// Whose a row without a country is: of the only country of the policies with its currency, if no other wallet of the
/// reply has it too.
fn only_country(row: &Row, all: &[Row], countries: &BTreeSet<Country>) -> Result<Country, String> {
    let currency = row.currency;
    let rows = all.iter().filter(|other| other.currency == currency).count();
    let mut candidates = countries.iter().copied().filter(|country| country.currency() == Some(currency));
    match (candidates.next(), candidates.next()) {
        (Some(country), None) if rows == 1 => Ok(country),
        (None, _) => Err(format!("a wallet in {currency} without a country, and no country of the policies uses it")),
        _ => Err(format!("a wallet in {currency} without a country could be any of several countries'")),
    }
}
