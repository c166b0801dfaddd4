//! Wallets and amounts in a policy file.

use super::tree::Node;
use super::walk::COMMA_HINT;
use crate::model::WalletId;
use crate::money::{Country, Currency, Money, Zone};
use crate::policy::amount::{WrittenAmount, read_amount};
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::suggest::nearest;

/// An amount as written, and where.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    pub amount: WrittenAmount,
    pub place: Place,
}

impl Findings {
    /// One of the ten wallets of KPay's table.
    pub fn wallet(&mut self, node: &Node, what: &str) -> Option<WalletId> {
        let text = self.text(node, what)?;
        self.wallet_named(text, node.place)
    }

    pub fn wallet_named(&mut self, text: &str, place: Place) -> Option<WalletId> {
        let country = text.parse().ok().filter(|country| Country::ALL.contains(country));
        let wallet = country.and_then(WalletId::of);
        if wallet.is_none() {
            let message = format!("{} is not a country with a KPay wallet", quoted(text));
            self.error(place, "unknown-country", message, country_hint(text));
        }
        wallet
    }

    /// An amount whose currency, if any, is still to be compared.
    pub fn amount(&mut self, node: &Node, what: &str) -> Option<Written> {
        let text = self.text(node, what)?;
        match read_amount(text) {
            Ok(amount) => Some(Written { amount, place: node.place }),
            Err(error) => {
                self.error(node.place, error.code(), error.to_string(), error.hint());
                None
            }
        }
    }

    /// An amount in a wallet's currency.
    pub fn in_wallet(&mut self, written: Written, wallet: WalletId) -> Option<Money> {
        let currency = wallet.currency;
        match written.amount.currency {
            Some(other) if other != currency => {
                let message = format!("the amount is in {other}, but the wallet {wallet} holds {currency}");
                let hint = format!("write it in {currency}, or give {wallet} an amount of its own");
                self.error_once(written.place, "wrong-currency", message, hint);
                None
            }
            _ => Some(Money { amount: written.amount.amount, currency }),
        }
    }

    /// An amount that KPay could send as it is.
    pub fn sendable(&mut self, money: Money, place: Place) -> Option<Money> {
        if money.amount.is_sendable_in(money.currency) {
            return Some(money);
        }
        let message = format!("{money} is finer than KPay sends {}", money.currency);
        self.error_once(place, "not-sendable", message, finest(money.currency));
        None
    }
}

fn finest(currency: Currency) -> String {
    match currency.decimals_sent() {
        0 => format!("write whole {currency}"),
        decimals => format!("write {currency} with at most {decimals} decimals"),
    }
}

fn country_hint(text: &str) -> String {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return COMMA_HINT.to_owned();
    }
    let codes = || Country::ALL.iter().map(Country::code);
    let word = text.trim_start_matches("zone(").trim_end_matches(')');
    if let Some(zone) = Zone::NAMED.into_iter().find(|zone| zone.word().eq_ignore_ascii_case(word)) {
        return format!("zone({}) stands in `from`, alone or in its list; here one country is meant", zone.word());
    }
    let named = Country::ALL.iter().find(|country| country.name().eq_ignore_ascii_case(text)).map(Country::code);
    let alpha_2 = Country::ALL.iter().zip(["CM", "GA", "CG", "SN", "CI", "BJ", "KE", "CD", "UG", "RW"]);
    let short =
        alpha_2.into_iter().find(|(_, code)| code.eq_ignore_ascii_case(text)).map(|(country, _)| country.code());
    let meant = named.or(short).or_else(|| nearest(text, codes()));
    let all = codes().collect::<Vec<_>>().join(", ");
    meant.map_or_else(|| format!("one of {all}"), |meant| format!("did you mean {meant}? The wallets are {all}"))
}
