//! A wallet that nothing new may leave: it fell by more than our own moves explain, or rose too far, and nobody has looked
//! into it yet.

use crate::model::{Timestamp, WalletId};
use crate::money::{Amount, Currency, Money};
use serde::{Deserialize, Serialize};

/// Why and since when a wallet is frozen. Amounts are in major units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// When the reading was asked for that froze it.
    pub since: Timestamp,
    /// What it held before the fall that froze it.
    pub before: Amount,
    /// What it held after the last fall that counts.
    pub after: Amount,
    /// What nobody explains of the fall that froze it and of those since, or the whole rise; positive.
    pub unexplained: Amount,
    /// Where it rose too far: the most that it may hold to be believed again without a person, beside what our own moves
    /// bring. `None` where it fell.
    #[serde(default)]
    pub most: Option<Amount>,
}

impl Frozen {
    /// By a rise, to more than the most that is believed. A difference that has no room is all that it holds.
    #[must_use]
    pub fn by_rise(since: Timestamp, before: Amount, after: Amount, most: Amount) -> Self {
        let unexplained = after.checked_sub(before).unwrap_or(after);
        Self { since, before, after, unexplained, most: Some(most) }
    }

    /// The same after another fall. A sum that has no room stays what it was.
    #[must_use]
    pub fn fallen_again(self, after: Amount, unexplained: Amount) -> Self {
        Self { after, unexplained: self.unexplained.checked_add(unexplained).unwrap_or(self.unexplained), ..self }
    }

    /// `GAB is frozen since 2026-11-24T17:00:00Z: it fell by 120 000 XAF more than our own moves explain, from 500 000 XAF to
    /// 380 000 XAF`.
    #[must_use]
    pub fn sentence(&self, wallet: WalletId) -> String {
        format!("{wallet} is frozen since {}: {}", self.since.format("%Y-%m-%dT%H:%M:%SZ"), self.cause(wallet.currency))
    }

    /// The same of a reading that was only looked at: `this reading would freeze GAB: it fell by …`.
    #[must_use]
    pub fn foreseen(&self, wallet: WalletId) -> String {
        format!("this reading would freeze {wallet}: {}", self.cause(wallet.currency))
    }

    fn cause(&self, currency: Currency) -> String {
        let money = |amount| money(amount, currency);
        if let Some(most) = self.most {
            return format!(
                "from one reading to the next it rose from {} to {}, and more than {}, beside what our own moves bring, is \
                 not believed without a person",
                money(self.before),
                money(self.after),
                money(most)
            );
        }
        format!(
            "it fell by {} more than our own moves explain, from {} to {}",
            money(self.unexplained),
            money(self.before),
            money(self.after)
        )
    }

    /// What ends it.
    #[must_use]
    pub fn remedy(wallet: WalletId) -> String {
        format!("somebody who may (`treasuryd status` says who) {}", Self::release(wallet))
    }

    /// `looks into it and releases it: …`.
    #[must_use]
    pub fn release(wallet: WalletId) -> String {
        format!("looks into it and releases it: `treasuryd release {wallet} --by NAME --note TEXT`")
    }
}

fn money(amount: Amount, currency: Currency) -> Money {
    Money { amount, currency }
}
