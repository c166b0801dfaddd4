//! `[conservation]`: what is done about a wallet that falls by more than our own moves explain, or rises further than is
//! believed, and who may end it.

use crate::model::person_key;
use crate::money::{Amount, Currency};
use rust_decimal::Decimal;
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
    /// A wallet that rises from one reading to the next to more than so many times what it held, beyond what our own moves may
    /// have brought, is frozen; `None`: however far it rises, it is believed.
    pub rise_times: Option<u32>,
    /// A rise of at most so much is always believed, by the wallet's currency, in major units; nothing where its currency has
    /// no entry.
    pub rise_above: BTreeMap<Currency, Amount>,
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

    /// The most that a wallet may hold at a reading, and be believed, that held so much at the one before, beside what our own
    /// moves may have brought; `None` where whatever comes is believed.
    #[must_use]
    pub fn most_after(&self, currency: Currency, before: Amount) -> Option<Amount> {
        let times = Decimal::from(self.rise_times?);
        let rise = self.rise_above.get(&currency).copied().unwrap_or(Amount::ZERO);
        // A figure that has no room is over whatever KPay can show.
        let (multiple, sum) = (before.max(Amount::ZERO).checked_mul(times).ok()?, before.checked_add(rise).ok()?);
        Some(multiple.max(sum))
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
            ..Default::default()
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
    fn a_wallet_is_believed_up_to_so_many_times_what_it_held_or_so_much_more() {
        let rules = |rise_times| ConservationSettings {
            rise_times,
            rise_above: [(Currency::XAF, Amount::whole(1_000))].into(),
            ..Default::default()
        };
        for (times, currency, before, expected) in [
            (None, Currency::XAF, "100", None),
            (Some(50), Currency::XAF, "100", Some("5000")),
            (Some(50), Currency::XAF, "10", Some("1010")),
            (Some(50), Currency::XAF, "0", Some("1000")),
            (Some(50), Currency::XAF, "-500", Some("500")),
            (Some(50), Currency::XOF, "0.01", Some("0.5")),
            (Some(50), Currency::XOF, "-500", Some("0")),
            (Some(2), Currency::XOF, "79228162514264337593543950335", None),
        ] {
            let most = rules(times).most_after(currency, before.parse().unwrap());
            assert_eq!(most.map(|most| most.to_string()).as_deref(), expected, "{times:?} {currency} {before}");
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
