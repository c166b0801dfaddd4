//! Exchange rates and the pairs of currencies they are for.

use super::percent::has_needless_zero;
use super::tree::Node;
use crate::money::{Currency, Rate};
use crate::policy::findings::{Findings, Place, quoted};

/// Source and destination currency.
pub type Pair = (Currency, Currency);

/// A rate as written, and where its pair stands.
#[derive(Debug, Clone, Copy)]
pub struct WrittenRate {
    pub pair: Pair,
    pub rate: Rate,
    pub place: Place,
}

impl Findings {
    /// `{ XAF/XOF: 1.0153 }`: units of the second currency for one of the first.
    pub fn rates(&mut self, node: &Node, what: &str) -> Vec<WrittenRate> {
        let mut rates = Vec::new();
        for entry in self.entries(node, what).unwrap_or_default() {
            let pair = self.pair_named(&entry.key, entry.place);
            if pair.is_none() && entry.node.is_empty_value() {
                continue; // no pair without a rate, but a word that is neither
            }
            let rate = self.rate(&entry.node, &format!("the rate of {}", quoted(&entry.key)));
            if let (Some(pair), Some(rate)) = (pair, rate) {
                rates.push(WrittenRate { pair, rate, place: entry.place });
            }
        }
        rates
    }

    fn rate(&mut self, node: &Node, what: &str) -> Option<Rate> {
        let text = self.text(node, what)?;
        match text.parse() {
            Ok(rate) if !has_needless_zero(text) => Some(rate),
            _ => {
                let message = format!("{what} must be a rate, not {}", quoted(text));
                let with_point = text.replace(',', ".");
                let hint = match with_point.parse::<Rate>() {
                    Ok(rate) if text.contains(',') => format!("write {rate}, with a point before decimals"),
                    _ => "write plain digits above zero, with a point before decimals: 1.0153".to_owned(),
                };
                self.error(node.place, "bad-rate", message, hint);
                None
            }
        }
    }

    fn pair_named(&mut self, text: &str, place: Place) -> Option<Pair> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            let message = format!("{} is not a pair of currencies", quoted(text));
            let hint = "inside { } a comma ends a value: write a point before decimals: { XAF/XOF: 1.0153 }";
            self.error(place, "bad-pair", message, hint);
            return None;
        }
        let Some((from, to)) = text.split_once('/') else {
            let message = format!("{} is not a pair of currencies", quoted(text));
            self.error(place, "bad-pair", message, pair_hint(text));
            return None;
        };
        let from = self.currency_named(from, place);
        let to = self.currency_named(to, place);
        let (from, to) = (from?, to?);
        if from == to {
            let message = format!("{from} into {to} has no rate: it is the same currency");
            self.error(place, "bad-pair", message, "name two currencies: XAF/XOF");
            return None;
        }
        Some((from, to))
    }
}

/// `XAFXOF`, `XAF-XOF` and `XAF>XOF` are pairs in other programs.
fn pair_hint(text: &str) -> String {
    let letters: String =
        text.chars().filter(char::is_ascii_alphabetic).take(7).collect::<String>().to_ascii_uppercase();
    let known = |code: Option<&str>| {
        let currency: Option<Currency> = code.and_then(|code| code.parse().ok());
        currency.filter(|currency| Currency::ALL.contains(currency))
    };
    match (letters.len(), known(letters.get(..3)), known(letters.get(3..))) {
        (6, Some(from), Some(to)) => format!("write {from}/{to}"),
        _ => "write the currency that is given, a slash, and the currency that is received: XAF/XOF".to_owned(),
    }
}
