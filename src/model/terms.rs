//! What an intent was decided under beyond its amount: terms that are looked at again before it is sent.

use super::Timestamp;
use crate::money::{Amount, Percent, Rate};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who must agree before the intents of one lane and slot are sent. All parts have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalTerms {
    /// How many people; 1 or more.
    pub approvers: u8,
    /// Who may; empty: anybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// What they agree to: all parts of the lane and slot together, in the source's currency.
    pub amount: Amount,
    /// Until when, on the machine's clock.
    pub until: Timestamp,
}

/// What the rate of a lane between two currencies is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FxTerms {
    /// How far the rate may be from the reference, either way; `None`: it is only told.
    pub max_spread: Option<Percent>,
    /// The reference that held at the decision; `None` where there was none.
    pub reference: Option<RateReference>,
}

/// A rate that others are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateReference {
    /// The rate as it is known: of the pair itself, or of the opposite direction.
    pub rate: Rate,
    /// Whether it is of the opposite direction: the pair's own reference is one divided by it.
    pub inverse: bool,
    /// Where it comes from.
    pub kind: ReferenceKind,
}

/// Where a reference comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceKind {
    /// The peg of both currencies to the euro.
    Peg,
    /// The rate KPay last applied to the same pair.
    Last,
    /// Written in the policy.
    Fixed,
}

/// For people: `1 (the peg to the euro)`, `1 ÷ 0.985 (written in the policy)`.
impl fmt::Display for RateReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.figure(), self.kind)
    }
}

impl RateReference {
    /// The figure alone: `1`, `1 ÷ 0.985`.
    #[must_use]
    pub fn figure(&self) -> String {
        let turned = if self.inverse { "1 ÷ " } else { "" };
        format!("{turned}{}", self.rate.decimal().normalize())
    }
}

impl fmt::Display for ReferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peg => "the peg to the euro",
            Self::Last => "the last applied rate",
            Self::Fixed => "written in the policy",
        })
    }
}
