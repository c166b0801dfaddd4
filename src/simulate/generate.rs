//! Made-up histories: `days=365,seed=7,wallets=GAB:300000+CMR:0,daily=50000`. The same text always gives the same
//! history: the generator is a plain one of our own, and its seed is part of the text.

use super::Observation;
use crate::model::{Timestamp, WalletId, tame};
use crate::money::{Amount, Country};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use std::str::FromStr;

/// What to make up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// How many days, 1 to 3660.
    pub days: u32,
    /// Of the generator.
    pub seed: u64,
    /// What each wallet begins with, in whole units.
    pub wallets: Vec<(WalletId, i64)>,
    /// About how much comes into each wallet a day, in whole units.
    pub daily: i64,
    /// The first day, UTC.
    pub start: NaiveDate,
}

const FORM: &str = "write it like days=365,seed=7,wallets=GAB:300000+CMR:0,daily=50000 (and start=2026-01-01)";
const LARGEST: i64 = 1_000_000_000_000;

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let start = NaiveDate::from_ymd_opt(2026, 1, 1).ok_or(FORM)?;
        let mut spec = Self { days: 365, seed: 1, wallets: Vec::new(), daily: 50_000, start };
        for part in text.split(',') {
            let wrong = || format!("`{}` is not understood; {FORM}", tame(part, 60));
            let (key, value) = part.split_once('=').ok_or_else(wrong)?;
            match key {
                "days" => spec.days = value.parse().ok().filter(|days| (1..=3660).contains(days)).ok_or_else(wrong)?,
                "seed" => spec.seed = value.parse().map_err(|_| wrong())?,
                "daily" => spec.daily = value.parse().ok().filter(|it| (0..=LARGEST).contains(it)).ok_or_else(wrong)?,
                "start" => spec.start = value.parse().map_err(|_| wrong())?,
                "wallets" => {
                    for wallet in value.split('+') {
                        let wallet = read_wallet(wallet).ok_or_else(wrong)?;
                        if spec.wallets.iter().any(|(known, _)| *known == wallet.0) {
                            return Err(format!("{} stands twice; {FORM}", wallet.0));
                        }
                        spec.wallets.push(wallet);
                    }
                }
                _ => return Err(wrong()),
            }
        }
        if spec.wallets.is_empty() {
            return Err(format!("no wallets are named; {FORM}"));
        }
        Ok(spec)
    }
}

fn read_wallet(text: &str) -> Option<(WalletId, i64)> {
    let (country, amount) = text.split_once(':').unwrap_or((text, "0"));
    let amount = amount.parse().ok().filter(|amount| (0..=LARGEST).contains(amount))?;
    Some((WalletId::of(country.parse::<Country>().ok()?)?, amount))
}

/// Hourly readings. Customers pay between 6 and 22 o'clock UTC, each hour from nothing to twice its share of `daily`; at
/// weekends half as much. On about one day in ten a withdrawal takes up to half of what is there, at most `daily`.
#[must_use]
pub fn generate(spec: &Spec) -> Vec<Observation> {
    let mut random = Random(spec.seed);
    let mut balances: Vec<(WalletId, i64)> = spec.wallets.clone();
    let start: Timestamp = DateTime::from_naive_utc_and_offset(spec.start.and_time(NaiveTime::MIN), chrono::Utc);
    let mut readings = Vec::new();
    for hour in 0..=i64::from(spec.days) * 24 {
        let at = start + TimeDelta::hours(hour);
        let (of_day, day) = (hour % 24, hour / 24);
        for (wallet, balance) in &mut balances {
            if hour > 0 && (6..22).contains(&of_day) {
                let full = spec.daily / 8;
                let most = if day % 7 >= 5 { full / 2 } else { full };
                *balance += random.up_to(most);
            }
            if of_day == 14 && random.up_to(9) == 0 {
                *balance -= random.up_to((*balance / 2).min(spec.daily));
            }
            readings.push(Observation { at, wallet: *wallet, available: Amount::whole(*balance) });
        }
    }
    readings
}

/// `SplitMix64` (Steele, Lea, Flood 2014): short, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// From 0 to `most`, both included; 0 where `most` is below.
    fn up_to(&mut self, most: i64) -> i64 {
        let range = u64::try_from(most).unwrap_or(0) + 1;
        i64::try_from(self.next() % range).unwrap_or(0)
    }
}
