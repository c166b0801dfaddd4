//! The closed sets that labels come from. Whatever is outside of its set becomes one word, so that neither KPay nor a
//! storm of reloads can make the number of series grow (reliability G10).

use crate::model::{End, WalletId};
use crate::money::{Country, Currency};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What stands for anything outside of a closed set.
const OTHER: &str = "other";
/// The policy of a manual move; no policy can have this name.
const MANUAL: &str = "(manual)";
/// The policy past the last one that gets a label of its own; no policy can have this name.
const TOO_MANY: &str = "(other)";
/// How many policies get a label of their own in the life of a process, renamed ones included.
const MOST_POLICIES: usize = 1_000;

/// A limit as `limit_used_ratio` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitLabel<'a> {
    /// `[limits] max_transfers_per_hour`.
    TransfersPerHour,
    /// `[limits] max_per_day` of a currency.
    PerDay(Currency),
    /// `limits.max_per_day` of a policy and currency.
    PolicyPerDay(&'a str, Currency),
}

impl LimitLabel<'_> {
    pub(super) fn text(self, policies: &PolicyLabels) -> String {
        match self {
            Self::TransfersPerHour => "max_transfers_per_hour".to_owned(),
            Self::PerDay(of) => format!("max_per_day/{}", currency(of)),
            Self::PolicyPerDay(policy, of) => format!("{}/max_per_day/{}", policies.label(Some(policy)), currency(of)),
        }
    }
}

/// The policies that have a label of their own: the first thousand names.
#[derive(Debug, Default)]
pub(super) struct PolicyLabels(Mutex<BTreeSet<String>>);

impl PolicyLabels {
    pub(super) fn label(&self, policy: Option<&str>) -> String {
        let Some(name) = policy else { return MANUAL.to_owned() };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(name) {
            return name.to_owned();
        }
        if known.len() >= MOST_POLICIES {
            return TOO_MANY.to_owned();
        }
        known.insert(name.to_owned());
        name.to_owned()
    }
}

/// One of the ten countries of KPay's table, or `other`.
pub(super) fn country(country: Country) -> &'static str {
    const CODES: [&str; 10] = ["CMR", "GAB", "COG", "SEN", "CIV", "BEN", "KEN", "COD", "UGA", "RWA"];
    one_of(&CODES, country.code())
}

/// Where money goes: a country of KPay's table, or `PAY` for whoever is outside, as in the external ids.
pub(super) fn destination(end: End) -> &'static str {
    end.wallet().map_or("PAY", |wallet| country(wallet.country))
}

/// One of the six currencies of KPay's table, or `other`.
pub(super) fn currency(currency: Currency) -> &'static str {
    const CODES: [&str; 6] = ["XAF", "XOF", "KES", "CDF", "UGX", "RWF"];
    one_of(&CODES, currency.code())
}

/// Country and currency of a wallet; `None` outside of KPay's table, because the figures of different wallets must not
/// share one series.
pub(super) fn wallet(wallet: WalletId) -> Option<[&'static str; 2]> {
    let labels = [country(wallet.country), currency(wallet.currency)];
    (!labels.contains(&OTHER)).then_some(labels)
}

/// The currencies of a rate; `None` outside of KPay's table.
pub(super) fn pair(from: Currency, to: Currency) -> Option<[&'static str; 2]> {
    let labels = [currency(from), currency(to)];
    (!labels.contains(&OTHER)).then_some(labels)
}

/// A documented status, else its class, else `other`; `none` where no answer came.
pub(super) fn status(status: Option<u16>) -> &'static str {
    let Some(code) = status else { return "none" };
    match code {
        200 => "200",
        201 => "201",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        422 => "422",
        429 => "429",
        500 => "500",
        502 => "502",
        503 => "503",
        504 => "504",
        100..=199 => "1xx",
        202..=299 => "2xx",
        300..=399 => "3xx",
        402..=499 => "4xx",
        501..=599 => "5xx",
        _ => OTHER,
    }
}

fn one_of(set: &[&'static str], word: &str) -> &'static str {
    set.iter().find(|known| **known == word).copied().unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_and_currency_of_the_table_has_its_own_label() {
        assert!(Country::ALL.iter().all(|one| country(*one) == one.code()));
        assert!(Currency::ALL.iter().all(|one| currency(*one) == one.code()));
        assert_eq!(country("FRA".parse().unwrap()), "other");
        assert_eq!(wallet(WalletId { country: Country::COD, currency: "USD".parse().unwrap() }), None);
    }

    #[test]
    fn statuses_fall_into_a_few_words() {
        for (code, word) in
            [(None, "none"), (Some(409), "409"), (Some(418), "4xx"), (Some(204), "2xx"), (Some(999), "other")]
        {
            assert_eq!(status(code), word);
        }
    }

    #[test]
    fn policies_past_the_last_label_share_one() {
        let labels = PolicyLabels::default();
        for number in 0..MOST_POLICIES {
            assert_eq!(labels.label(Some(&format!("p-{number}"))), format!("p-{number}"));
        }
        assert_eq!(labels.label(Some("one-too-many")), "(other)");
        assert_eq!(labels.label(Some("p-7")), "p-7");
        assert_eq!(labels.label(None), "(manual)");
    }
}
