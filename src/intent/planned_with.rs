//! What a plan was made from beside the state and the policies, recorded with each decision: whoever replays the journal
//! makes the same plan again.

use crate::model::{Availability, Timestamp, WalletProblem};
use crate::money::{Currency, Rate};
use crate::plan::Caps;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The circumstances of one plan. The state is the one of all records before its first decision; the policies are those
/// of the decision's hash; reading and instant stand in the decision itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedWith {
    /// The machine's clock.
    pub clock: Timestamp,
    /// The one policy that was planned (`once --policy`); `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    /// KPay's indicative rates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<RateSeen>,
    /// What KPay said of its operators.
    #[serde(default, skip_serializing_if = "Availability::is_unasked")]
    pub availability: Availability,
    /// Wallets of the reading that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<WalletProblem>,
    /// The configuration's caps.
    pub caps: Caps,
}

/// An indicative rate as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSeen {
    /// Source currency.
    pub from: Currency,
    /// Destination currency.
    pub to: Currency,
    /// Units of the destination for one of the source.
    pub rate: Rate,
}

impl PlannedWith {
    /// The rates as the planner takes them.
    #[must_use]
    pub fn rates(&self) -> BTreeMap<(Currency, Currency), Rate> {
        self.rates.iter().map(|seen| ((seen.from, seen.to), seen.rate)).collect()
    }
}

/// Rates as they are recorded.
#[must_use]
pub fn rates_seen(rates: &BTreeMap<(Currency, Currency), Rate>) -> Vec<RateSeen> {
    rates.iter().map(|((from, to), rate)| RateSeen { from: *from, to: *to, rate: *rate }).collect()
}
