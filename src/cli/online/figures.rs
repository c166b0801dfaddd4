//! KPay's fees and limits: JSON of a shape nobody documented, as a list of figures with their paths, and what in it is
//! plainly other than what treasuryd plans with. What cannot be told with certainty is shown and not judged.

use crate::model::{Kind, largest_of, share_of_the_fee, smallest_transfer, tame};
use crate::money::{Amount, Country, Currency};
use crate::policy::{PolicySet, Rule};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeSet;

/// The longest text of one figure that is shown.
const LONGEST_SHOWN: usize = 60;

/// One figure.
pub(super) struct Figure {
    /// `withdrawal.feePercent`
    path: String,
    /// As it came.
    value: String,
    /// The path in words, lower case.
    words: BTreeSet<String>,
    /// Whether it is for another currency than XAF alone.
    is_foreign: bool,
}

/// Every number, text and truth value, in the order of their names. Empty for what is no JSON.
pub(super) fn read(text: &str) -> Vec<Figure> {
    let mut figures = Vec::new();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        walk(&value, "", false, &mut figures);
    }
    figures
}

fn walk(value: &Value, path: &str, is_foreign: bool, into: &mut Vec<Figure>) {
    match value {
        Value::Object(fields) => {
            let is_foreign = is_foreign || fields.values().filter_map(Value::as_str).any(is_foreign_code);
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                walk(value, &format!("{path}{dot}{name}"), is_foreign || is_foreign_code(name), into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{}]", index + 1), is_foreign, into);
            }
        }
        Value::Null => {}
        leaf => {
            let value = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
            into.push(Figure { path: path.to_owned(), value, words: words(path), is_foreign });
        }
    }
}

/// A currency other than XAF, or a country with another one.
fn is_foreign_code(text: &str) -> bool {
    let currency = text.parse::<Currency>().ok().filter(|it| Currency::ALL.contains(it));
    let country = || text.parse::<Country>().ok().and_then(Country::payout_currency);
    currency.or_else(country).is_some_and(|currency| currency != Currency::XAF)
}

/// `withdrawal.feePercent` → fee, percent, withdrawal.
fn words(path: &str) -> BTreeSet<String> {
    let mut spaced = String::new();
    let mut was_small = false;
    for letter in path.chars() {
        if letter.is_uppercase() && was_small {
            spaced.push(' ');
        }
        was_small = letter.is_lowercase();
        spaced.extend(if letter.is_alphabetic() { letter } else { ' ' }.to_lowercase());
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

impl Figure {
    /// For people: `  withdrawal.feePercent  5`.
    pub(super) fn line(&self) -> String {
        format!("  {}  {}", tame(&self.path, LONGEST_SHOWN), tame(&self.value, LONGEST_SHOWN))
    }

    fn has(&self, any: &[&str]) -> bool {
        any.iter().any(|word| self.words.contains(*word))
    }

    fn kind(&self) -> Option<Kind> {
        let payout = self.has(&["withdrawal", "withdrawals", "withdraw", "payout", "payouts"]);
        let transfer = self.has(&["transfer", "transfers"]);
        match (payout, transfer) {
            (true, false) => Some(Kind::Payout),
            (false, true) => Some(Kind::Transfer),
            _ => None,
        }
    }

    fn number(&self) -> Option<Decimal> {
        let plain = self.value.strip_suffix('%').unwrap_or(&self.value);
        plain.trim().parse().ok()
    }

    /// A fee as a fraction of the amount; `None` for what is no share of it.
    fn share(&self) -> Option<Decimal> {
        let is_share = self.value.ends_with('%') || self.has(&["percent", "percentage", "pct", "rate"]);
        let number = self.number().filter(|_| is_share && self.has(&["fee", "fees", "commission"]))?;
        // `0.05` and `5` are both written for five in a hundred; no fee is as high as 100 %.
        let is_fraction = number < Decimal::ONE && !self.value.ends_with('%');
        if is_fraction { Some(number) } else { number.checked_div(Decimal::ONE_HUNDRED) }
    }

    /// Whether it bounds one movement's amount: no fee, and nothing by the day or by number.
    fn is_bound(&self, words: &[&str]) -> bool {
        const NO_AMOUNT_OF_ONE: [&str; 15] = [
            "fee",
            "fees",
            "commission",
            "minute",
            "hour",
            "hourly",
            "day",
            "daily",
            "week",
            "weekly",
            "month",
            "monthly",
            "year",
            "count",
            "number",
        ];
        self.has(words) && !self.has(&NO_AMOUNT_OF_ONE)
    }
}

/// What KPay says otherwise than treasuryd plans, each with what to do.
pub(super) fn contradictions(figures: &[Figure], set: &PolicySet) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for figure in figures.iter().filter(|figure| !figure.is_foreign) {
        let Some(kind) = figure.kind() else { continue };
        let told = format!("KPay says {} {}", tame(&figure.path, LONGEST_SHOWN), tame(&figure.value, LONGEST_SHOWN));
        if let Some(share) = figure.share() {
            let ours = share_of_the_fee(kind);
            if share != ours {
                let percent = (ours * Decimal::ONE_HUNDRED).normalize();
                found.push((
                    format!(
                        "{told}, and what {}s are expected to bring is planned with a fee of {percent} %",
                        kind.word()
                    ),
                    "the books take the fee that KPay really names; read what `plan` expects with this in mind"
                        .to_owned(),
                ));
            }
            continue;
        }
        let Some(bound) = figure.number().map(Amount::new) else { continue };
        if figure.is_bound(&["min", "minimum", "smallest"]) && bound != smallest_transfer() {
            let ours = smallest_transfer().grouped();
            found.push((
                format!("{told}, and treasuryd plans {}s from {ours} up", kind.word()),
                format!("write `min_transfer: {bound}` under `limits` where less could be planned"),
            ));
        } else if figure.is_bound(&["max", "maximum", "largest"]) && bound != largest_of(kind) {
            let ours = largest_of(kind).grouped();
            let hint = if bound > largest_of(kind) {
                "nothing is refused for it: larger amounts go in parts".to_owned()
            } else {
                over(set, kind, bound)
            };
            found.push((format!("{told}, and treasuryd plans {}s of up to {ours}", kind.word()), hint));
        }
    }
    found
}

/// Which policies may send more at once than KPay takes.
fn over(set: &PolicySet, kind: Kind, bound: Amount) -> String {
    let of_kind = |rule: &Rule| matches!(rule, Rule::Payout(_)) == (kind == Kind::Payout);
    let may = set.policies.iter().filter(|policy| of_kind(&policy.rule)).filter(|policy| {
        policy.limits.max_transfer.is_empty() || policy.limits.max_transfer.values().any(|most| *most > bound)
    });
    let names: Vec<&str> = may.map(|policy| policy.name.as_str()).collect();
    if names.is_empty() {
        return "every policy stays under it; movements by hand may not".to_owned();
    }
    format!("write `max_transfer: {bound}` under `limits` of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{SourceFile, parse};

    const RENT: &str = "version: 1\npolicies:\n  - name: rent\n    schedule: \"0 9 1 * *\"\n    payout: { from: CMR, to: { \
                        provider: MTN_MOMO_CMR, phone: \"237653456789\" }, above: 100_000 }\n";

    fn check(info: &str, expected: &[&str]) {
        let set = parse(&[SourceFile { path: "p.yaml".into(), text: RENT.to_owned() }]).unwrap().set;
        let found = contradictions(&read(info), &set);
        assert_eq!(found.len(), expected.len(), "{info}: {found:?}");
        for ((message, hint), expected) in found.iter().zip(expected) {
            assert!(format!("{message}; {hint}").contains(expected), "{message}; {hint}");
        }
    }

    #[test]
    fn what_agrees_or_cannot_be_told_is_not_judged() {
        check(
            r#"{"withdrawal":{"feePercent":5,"minAmount":100,"maxAmount":500000},"transfer":{"minAmount":100,"maxAmount":10000000}}"#,
            &[],
        );
        check(r#"{"payouts":[{"currency":"XAF","fee_rate":0.05,"max":"500000"}]}"#, &[]);
        check(r#"{"withdrawalFee":"5%"}"#, &[]);
        // Of payments, of another currency, flat, by the day, or of nobody knows what.
        check(r#"{"deposit":{"feePercent":3},"payments":{"min":500}}"#, &[]);
        check(r#"{"payouts":[{"currency":"XOF","max":1000000}],"withdrawal":{"KEN":{"min":10}}}"#, &[]);
        check(r#"{"withdrawal":{"fee":250,"minFee":50,"dailyMax":2000000,"maxCount":9,"limits":[]}}"#, &[]);
        check(r#"{"max":1,"min":1,"withdrawalAndTransfer":1,"payout":{"max":null},"withdrawalMax":"none"}"#, &[]);
        check("<html>", &[]);
        check(r#""500000""#, &[]);
    }

    #[test]
    fn what_differs_is_told_with_what_to_do() {
        check(r#"{"withdrawal":{"feePercent":6}}"#, &["withdrawal.feePercent 6, and what payouts are expected"]);
        check(r#"{"payout_fee_rate":0.04}"#, &["planned with a fee of 5 %"]);
        check(r#"{"withdrawalCommission":"4.5%"}"#, &["4.5%"]);
        check(r#"{"transfer":{"feePercent":1}}"#, &["planned with a fee of 0 %"]);
        check(r#"{"withdrawal":{"minAmount":200}}"#, &["from 100 up; write `min_transfer: 200`"]);
        check(
            r#"{"withdrawal":{"maxAmount":300000}}"#,
            &["up to 500 000; write `max_transfer: 300000` under `limits` of rent"],
        );
        check(r#"{"withdrawal":{"maxAmount":1000000}}"#, &["nothing is refused for it"]);
        check(r#"{"transfer":{"max":5000000}}"#, &["every policy stays under it"]);
        check(r#"{"limits":{"XAF":{"withdrawal":{"max":1000}}}}"#, &["limits.XAF.withdrawal.max 1000"]);
    }

    #[test]
    fn every_figure_is_shown_tamed() {
        let lines: Vec<String> =
            read("{\"a\":{\"b\":[1,{\"c\":\"x\\u202e\"}]},\"d\":true,\"e\":null}").iter().map(Figure::line).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!((lines[0].as_str(), lines[2].as_str()), ("  a.b[1]  1", "  d  true"));
        assert!(lines[1].starts_with("  a.b[2].c") && !lines[1].contains('\u{202e}'), "{lines:?}");
    }
}
