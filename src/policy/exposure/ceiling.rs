//! The signed-off ceiling: what `exposure --json` printed once, and somebody agreed to. Whatever exceeds it now is an
//! error, and so is whatever it does not name.

use super::{Exposure, Figures};
use crate::model::{Destination, tame};
use crate::money::{Amount, Country, Currency, Money};
use crate::policy::{Diagnostic, PolicySet, Severity};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A ceiling as signed off. What bounded the figures then, and the policies' names, are read over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    wallets: BTreeMap<(Country, Currency), CeilingFigures>,
    lanes: BTreeMap<(Country, Currency, Destination, Currency), CeilingFigures>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CeilingFigures {
    transfer: Amount,
    slot: Amount,
    day: Amount,
}

/// Why a text is no ceiling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct CeilingError {
    /// 1-based; 0 where it is about the whole.
    pub line: usize,
    /// 1-based; 0 where it is about the whole.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    wallets: Vec<WalletEntry>,
    lanes: Vec<LaneEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WalletEntry {
    wallet: Country,
    currency: Currency,
    per_transfer: Amount,
    per_slot: Amount,
    per_day: Amount,
    #[serde(default, rename = "bounded_by")]
    _bounded_by: serde::de::IgnoredAny,
    #[serde(default, rename = "policies")]
    _policies: serde::de::IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LaneEntry {
    from: Country,
    to: Destination,
    currency: Currency,
    credit_currency: Currency,
    per_transfer: Amount,
    per_slot: Amount,
    per_day: Amount,
    #[serde(default, rename = "bounded_by")]
    _bounded_by: serde::de::IgnoredAny,
    #[serde(default, rename = "policies")]
    _policies: serde::de::IgnoredAny,
}

impl Ceiling {
    /// Reads what `exposure --json` printed.
    ///
    /// # Errors
    /// [`CeilingError`] with the place, where the text is anything else or names a wallet or lane twice.
    pub fn read(text: &str) -> Result<Self, CeilingError> {
        let file: File = serde_json::from_str(text).map_err(|error| CeilingError {
            line: error.line(),
            column: error.column().max(1),
            what: tame(&error.to_string(), 200),
        })?;
        let mut ceiling = Self { wallets: BTreeMap::new(), lanes: BTreeMap::new() };
        for it in file.wallets {
            let figures = CeilingFigures { transfer: it.per_transfer, slot: it.per_slot, day: it.per_day };
            if ceiling.wallets.insert((it.wallet, it.currency), figures).is_some() {
                return Err(twice(&it.wallet.to_string()));
            }
        }
        for it in file.lanes {
            let figures = CeilingFigures { transfer: it.per_transfer, slot: it.per_slot, day: it.per_day };
            let lane = (it.from, it.currency, it.to, it.credit_currency);
            if ceiling.lanes.insert(lane, figures).is_some() {
                return Err(twice(&format!("{}>{}", it.from, it.to)));
            }
        }
        Ok(ceiling)
    }
}

fn twice(what: &str) -> CeilingError {
    CeilingError { line: 0, column: 0, what: format!("{what} is named twice") }
}

/// One error for every figure of the exposure that is over the ceiling, and for every wallet and lane that the ceiling
/// does not name, at the policy it comes from.
#[must_use]
pub fn over_ceiling(set: &PolicySet, exposure: &Exposure, ceiling: &Ceiling) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for it in &exposure.wallets {
        let signed = ceiling.wallets.get(&(it.wallet, it.currency));
        let checked =
            Checked { what: format!("wallet {} may lose", it.wallet), currency: it.currency, policies: &it.policies };
        found.extend(checked.against(set, &it.most, signed));
    }
    for it in &exposure.lanes {
        let signed = ceiling.lanes.get(&(it.from, it.currency, it.to, it.credit_currency));
        let what = format!("lane {}>{} may carry", it.from, it.to);
        let checked = Checked { what, currency: it.currency, policies: &it.policies };
        found.extend(checked.against(set, &it.most, signed));
    }
    found
}

/// A wallet or lane under the ceiling's eyes.
struct Checked<'a> {
    /// `wallet GAB may lose`.
    what: String,
    currency: Currency,
    policies: &'a [String],
}

impl Checked<'_> {
    fn against(&self, set: &PolicySet, most: &Figures, signed: Option<&CeilingFigures>) -> Vec<Diagnostic> {
        let money = |amount| Money { amount, currency: self.currency };
        let policies = self.policies.join(", ");
        let Some(signed) = signed else {
            let (what, day) = (&self.what, money(most.per_day));
            let message = format!("{what} {day} a day by {policies}, and the ceiling does not name it");
            return vec![self.diagnostic(set, message)];
        };
        let figures = [
            ("in one transfer", most.per_transfer, signed.transfer, &most.bounded_by.per_transfer),
            ("in one slot", most.per_slot, signed.slot, &most.bounded_by.per_slot),
            ("on one day", most.per_day, signed.day, &most.bounded_by.per_day),
        ];
        let over = figures.into_iter().filter(|(_, now, signed, _)| now > signed);
        over.map(|(span, now, signed, by)| {
            let (what, now, signed, by) = (&self.what, money(now), money(signed), super::bounds_text(by));
            let message = format!("{what} {now} {span} by {policies} (bounded by {by}); the ceiling is {signed}");
            self.diagnostic(set, message)
        })
        .collect()
    }

    fn diagnostic(&self, set: &PolicySet, message: String) -> Diagnostic {
        let policy = self.policies.first().and_then(|name| set.get(name));
        let (file, line) = policy.map_or_else(|| ("policies".to_owned(), 0), |it| (it.file.clone(), it.line));
        let text = set.files.iter().find(|it| it.shown_name() == file || it.path == file).and_then(|it| it.line(line));
        let indent = text.map_or(0, |text| text.chars().take_while(|it| matches!(it, ' ' | '-')).count());
        Diagnostic {
            file,
            line,
            column: if line == 0 { 0 } else { indent + 1 },
            severity: Severity::Error,
            code: "exposure-over-ceiling",
            message,
            hint: "lower the policy's limits, or have a new ceiling signed off: `treasuryd exposure --json`".to_owned(),
        }
    }
}
