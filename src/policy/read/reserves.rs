//! `reserves`: floors of every day as a map, or a list in which some hold on some days of the month only.

use super::cases;
use super::file::FileDraft;
use super::tree::Value;
use super::walk::Field;
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::CalendarReserve;
use crate::policy::findings::{Findings, Place};
use crate::policy::keys::RESERVE;
use crate::slot::MonthDays;
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// The reserves of one file, each with the place of its wallet.
#[derive(Debug, Default)]
pub struct Reserves {
    /// Of every day.
    pub always: Vec<(WalletId, Amount, Place)>,
    /// Of some days of the month.
    pub calendar: Vec<(CalendarReserve, Place)>,
}

pub fn read(findings: &mut Findings, field: Field<'_>, zone: Tz) -> Reserves {
    if !matches!(field.node.value, Value::List(_)) {
        return Reserves { always: cases::by_wallet(findings, field), ..Reserves::default() };
    }
    let mut reserves = Reserves::default();
    for item in findings.items(field.node, "`reserves`").unwrap_or_default() {
        let Some(fields) = findings.fields(item, &RESERVE) else { continue };
        let during = fields.get("during").map(|field| findings.month_days(field));
        let amount = fields.get("amount").and_then(|field| findings.amount(field.node, "`amount`"));
        let Some(named) = fields.get("wallet") else { continue };
        let Some(wallet) = findings.wallet(named.node, "`wallet`") else { continue };
        let Some(money) = amount.and_then(|written| findings.in_wallet(written, wallet)) else { continue };
        let place = named.node.place;
        match during {
            None if fields.wrote("during") => {} // without a value, which was reported
            None => reserves.always.push((wallet, money.amount, place)),
            Some(None) => {}
            Some(Some(during)) => {
                let reserve = CalendarReserve { wallet, amount: money.amount, during, zone };
                reserves.calendar.push((reserve, place));
            }
        }
    }
    reserves
}

/// The reserves of some days, of all files; one wallet twice for the same days is an error.
pub fn calendar(files: &mut [FileDraft]) -> Vec<CalendarReserve> {
    let mut reserves = Vec::new();
    let mut first_at: BTreeMap<(WalletId, String), String> = BTreeMap::new();
    for file in files {
        for (reserve, place) in &file.calendar {
            let (wallet, days) = (reserve.wallet, MonthDays::to_string(&reserve.during));
            if let Some(first) = first_at.get(&(wallet, days.clone())) {
                let message = format!("{wallet} has a reserve for the days {days} already");
                let hint = format!("it is set at {first}; keep one of the two");
                file.findings.error(*place, "reserve-twice", message, hint);
                continue;
            }
            let shown = format!("{}:{}:{}", file.findings.file(), place.line, place.column);
            first_at.insert((wallet, days), shown);
            reserves.push(reserve.clone());
        }
    }
    reserves
}
