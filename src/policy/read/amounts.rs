//! Amounts that hold for several currencies: one for all, or a map with one for each.

use super::money::Written;
use super::tree::{Node, Value};
use super::walk::COMMA_HINT;
use crate::model::WalletId;
use crate::money::{Amount, Currency, Money};
use crate::policy::findings::{Findings, Place, one_of, quoted};
use crate::policy::suggest::nearest;
use std::collections::{BTreeMap, BTreeSet};

/// As written.
#[derive(Debug, Clone)]
pub enum Amounts {
    One(Written),
    Each { place: Place, by_currency: BTreeMap<Currency, Written> },
}

/// An amount of a currency known from context, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub amount: Amount,
    pub place: Place,
}

/// What it means that a map of amounts leaves a currency of the policy out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// The rule would not know what to do.
    Refused,
    /// There is no bound for it, which somebody should know.
    Unbounded,
}

impl Findings {
    /// One amount, or a map `{ XAF: 250_000, XOF: 200_000 }`.
    pub fn amounts(&mut self, node: &Node, what: &str) -> Option<Amounts> {
        let Value::Map(entries) = &node.value else { return self.amount(node, what).map(Amounts::One) };
        if entries.is_empty() {
            let hint = "write one amount a currency: { XAF: 250_000, XOF: 200_000 }";
            self.error(node.place, "empty-map", format!("{what} holds no amount"), hint);
            return None;
        }
        let mut by_currency = BTreeMap::new();
        let mut good = true;
        for entry in entries {
            let currency = self.currency_named(&entry.key, entry.place);
            if currency.is_none() && entry.node.is_empty_value() {
                good = false; // no currency without an amount, but a word that is neither
                continue;
            }
            let written = self.amount(&entry.node, &format!("{what} for {}", quoted(&entry.key)));
            let (Some(currency), Some(written)) = (currency, written) else {
                good = false;
                continue;
            };
            if let Some(other) = written.amount.currency.filter(|other| *other != currency) {
                let message = format!("{what} for {currency} is in {other}");
                self.error(written.place, "wrong-currency", message, format!("write it in {currency}"));
                good = false;
                continue;
            }
            by_currency.insert(currency, written);
        }
        good.then_some(Amounts::Each { place: node.place, by_currency })
    }

    /// One of the currencies of KPay's wallets.
    pub fn currency_named(&mut self, text: &str, place: Place) -> Option<Currency> {
        let currency = text.parse().ok().filter(|currency| Currency::ALL.contains(currency));
        if currency.is_none() {
            let codes = || Currency::ALL.iter().map(Currency::code);
            let all = one_of(codes());
            let hint = if text.starts_with(|first: char| first.is_ascii_digit()) {
                COMMA_HINT.to_owned()
            } else {
                nearest(text, codes()).map_or_else(
                    || format!("one of {all}"),
                    |meant| format!("did you mean {meant}? The currencies are {all}"),
                )
            };
            let message = format!("{} is not a currency of KPay's wallets", quoted(text));
            self.error(place, "unknown-currency", message, hint);
        }
        currency
    }

    /// What holds for a wallet.
    pub fn amount_for(&mut self, amounts: &Amounts, wallet: WalletId, what: &str) -> Option<Held> {
        let written = match amounts {
            Amounts::One(written) => *written,
            Amounts::Each { place, by_currency } => {
                let Some(written) = by_currency.get(&wallet.currency) else {
                    self.missing_currency(*place, what, wallet.currency);
                    return None;
                };
                *written
            }
        };
        let money = self.in_wallet(written, wallet)?;
        Some(Held { amount: money.amount, place: written.place })
    }

    /// What holds for each of the currencies that a policy's sources hold, in amounts that KPay could send. An amount
    /// with a currency bounds a policy whose sources all hold that currency.
    pub fn spread(
        &mut self,
        amounts: &Amounts,
        currencies: &BTreeSet<Currency>,
        what: &str,
        left_out: LeftOut,
    ) -> BTreeMap<Currency, Held> {
        let mut held = BTreeMap::new();
        if currencies.is_empty() {
            return held; // the sources could not be read, which was reported
        }
        match amounts {
            Amounts::One(written) => {
                if written.amount.currency.is_some_and(|given| !self.is_shared(given, currencies, written.place)) {
                    return held;
                }
                held.extend(
                    currencies.iter().filter_map(|currency| Some((*currency, self.held(*written, *currency)?))),
                );
            }
            Amounts::Each { place, by_currency } => {
                for (currency, written) in by_currency {
                    if !currencies.contains(currency) {
                        let message =
                            format!("{what} has an amount in {currency}, which no source of this policy holds");
                        let hint = format!("the sources hold {}; take {currency} out", shown(currencies));
                        self.error(written.place, "wrong-currency", message, hint);
                    } else if let Some(one) = self.held(*written, *currency) {
                        held.insert(*currency, one);
                    }
                }
                // A currency too many usually stands where one is missing: one mistake, reported once.
                let is_known = by_currency.keys().all(|currency| currencies.contains(currency));
                let missing = |currency: &&Currency| is_known && !by_currency.contains_key(currency);
                for currency in currencies.iter().filter(missing) {
                    if left_out == LeftOut::Refused {
                        self.missing_currency(*place, what, *currency);
                    } else {
                        let message = format!("{what} says nothing of {currency}, so it does not bound it");
                        let hint =
                            format!("the sources of this policy hold {}; write {currency} too", shown(currencies));
                        self.warning(*place, "missing-currency", message, hint);
                    }
                }
            }
        }
        held
    }

    fn held(&mut self, written: Written, currency: Currency) -> Option<Held> {
        let money = self.sendable(Money { amount: written.amount.amount, currency }, written.place)?;
        Some(Held { amount: money.amount, place: written.place })
    }

    fn missing_currency(&mut self, place: Place, what: &str, currency: Currency) {
        let message = format!("{what} has no amount in {currency}, which a wallet of this policy holds");
        self.error_once(place, "missing-currency", message, format!("write one: {{ {currency}: 250_000 }}"));
    }

    fn is_shared(&mut self, given: Currency, currencies: &BTreeSet<Currency>, place: Place) -> bool {
        let held = shown(currencies);
        let message = format!("the amount is in {given}, but the sources of this policy hold {held}");
        if !currencies.contains(&given) {
            let hint = "limits and amounts that are sent are counted in the sources' currency";
            self.error(place, "wrong-currency", message, hint);
            return false;
        }
        if currencies.len() > 1 {
            let hint = "write one amount a currency, { XAF: 250_000, XOF: 200_000 }; without a currency it holds for each \
                        of them in its own";
            self.error(place, "mixed-currencies", message, hint);
            return false;
        }
        true
    }
}

/// The amounts without their places.
pub fn bare(held: &BTreeMap<Currency, Held>) -> BTreeMap<Currency, Amount> {
    held.iter().map(|(currency, held)| (*currency, held.amount)).collect()
}

fn shown(currencies: &BTreeSet<Currency>) -> String {
    currencies.iter().map(Currency::code).collect::<Vec<_>>().join(", ")
}
