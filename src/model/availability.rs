//! What KPay says of its operators at one moment.

use super::Provider;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an operator takes payouts (kpay-api.md, "availability").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperatorStatus {
    /// As usual.
    Operational,
    /// It takes them and is late.
    Delayed,
    /// It takes none.
    Closed,
}

/// KPay's answer, as far as payouts go. An operator that is not in it is not down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// By operator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub payouts: BTreeMap<Provider, OperatorStatus>,
    /// Why it could not be read; `None` where it was, or where nobody had to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

impl Availability {
    /// Nothing asked, or nothing said: no operator is down, but for Wave's.
    #[must_use]
    pub fn unasked() -> &'static Self {
        static UNASKED: Availability = Availability { payouts: BTreeMap::new(), unread: None };
        &UNASKED
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        *self == Self::default()
    }

    /// Why no payout may go through an operator now; `None` where one may.
    #[must_use]
    pub fn closed(&self, provider: Provider) -> Option<String> {
        if let Some(why) = &self.unread {
            return Some(format!("whether {provider} takes payouts could not be read: {why}"));
        }
        match self.payouts.get(&provider) {
            Some(OperatorStatus::Closed) => Some(format!("KPay says that {provider} takes no payouts now (CLOSED)")),
            None if provider.is_wave() => Some(format!("{provider}: KPay has suspended Wave's operators")),
            Some(OperatorStatus::Operational | OperatorStatus::Delayed) | None => None,
        }
    }

    /// Whether an operator takes payouts and is late.
    #[must_use]
    pub fn is_delayed(&self, provider: Provider) -> bool {
        self.payouts.get(&provider) == Some(&OperatorStatus::Delayed)
    }
}
