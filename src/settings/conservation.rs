//! `[conservation]`: what is done about a wallet that falls by more than our own moves explain, and who may end it.

use crate::model::person_key;
use crate::money::{Amount, Currency};
use std::collections::BTreeMap;

/// What is done about such a fall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FallMode {
    /// Nothing: no reading is compared.
    Off,
    /// It is told.
    #[default]
    Warn,
    /// It is told, and over the bound the wallet is frozen for outgoing moves until a person releases it.
    Freeze,
}

impl FallMode {
    /// The word of the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Freeze => "freeze",
        }
    }
}

/// `[conservation]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConservationSettings {
    /// What is done.
    pub mode: FallMode,
    /// What a wallet may lose in a UTC day before it is frozen, by its currency, in major units; nothing where its currency
    /// has no entry.
    pub freeze_above: BTreeMap<Currency, Amount>,
    /// Who may release a wallet; empty: anybody who can open the control socket.
    pub release_by: Vec<String>,
}

impl ConservationSettings {
    /// Whether a loss of so much in one day freezes a wallet of a currency.
    #[must_use]
    pub fn freezes(&self, currency: Currency, lost: Amount) -> bool {
        let bound = self.freeze_above.get(&currency).copied().unwrap_or(Amount::ZERO);
        self.mode == FallMode::Freeze && lost > bound
    }

    /// Whether a person may release a wallet.
    #[must_use]
    pub fn may_release(&self, by: &str) -> bool {
        self.release_by.is_empty() || self.release_by.iter().any(|name| person_key(name) == person_key(by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_bound_freezes_and_a_currency_without_one_has_none() {
        let rules = |mode| ConservationSettings {
            mode,
            freeze_above: [(Currency::XAF, Amount::whole(1_000))].into(),
            release_by: Vec::new(),
        };
        for (mode, currency, lost, expected) in [
            (FallMode::Freeze, Currency::XAF, 1_000, false),
            (FallMode::Freeze, Currency::XAF, 1_001, true),
            (FallMode::Freeze, Currency::XOF, 1, true),
            (FallMode::Warn, Currency::XAF, 1_001, false),
            (FallMode::Off, Currency::XOF, 1, false),
        ] {
            assert_eq!(rules(mode).freezes(currency, Amount::whole(lost)), expected, "{mode:?} {currency} {lost}");
        }
    }

    #[test]
    fn those_named_may_release_and_where_nobody_is_anybody_may() {
        let named = ConservationSettings { release_by: vec!["Awa Diop".into(), "brice".into()], ..Default::default() };
        for (by, expected) in [("awa  DIOP", true), ("Brice", true), ("awa", false), ("", false), ("chantal", false)] {
            assert_eq!(named.may_release(by), expected, "{by}");
            assert!(ConservationSettings::default().may_release(by), "{by}");
        }
    }
}
