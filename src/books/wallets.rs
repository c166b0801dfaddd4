//! Books against wallets: opening + external − own out + own in = closing (I8). `external` is what the books cannot
//! know: customers' payments, withdrawals made by hand, fees that nobody named. It is shown, never asserted.

use super::entry::in_milliseconds;
use super::{Account, BooksError, Entry, EntryId, EntryKind, Stage};
use crate::intent::Event;
use crate::model::{Timestamp, WalletId};
use crate::money::{Amount, Country, Currency, MoneyError};
use serde::Serialize;
use std::collections::BTreeMap;

/// A fold beside the books: what each wallet was first and last observed to hold, and what we moved in between.
#[derive(Debug, Clone, Default)]
pub struct WalletCheck {
    moved: BTreeMap<WalletId, Moved>,
    seen: BTreeMap<WalletId, Seen>,
    newest: Option<EntryId>,
    /// Entries that moved a wallet's money after the last reading.
    unread: usize,
}

/// Our own movements of a wallet since the journal began.
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    inward: Amount,
    outward: Amount,
}

impl Moved {
    fn add(&mut self, amount: Amount) -> Result<(), MoneyError> {
        let direction = if amount.is_negative() { &mut self.outward } else { &mut self.inward };
        *direction = direction.checked_add(Amount::new(amount.decimal().abs()))?;
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
struct Observation {
    at: Timestamp,
    available: Amount,
    moved: Moved,
    /// The newest entry that was booked by then.
    after: Option<EntryId>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    first: Observation,
    last: Observation,
}

/// One wallet between its first and its last observed balance, in major units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Country.
    pub wallet: Country,
    /// Currency.
    pub currency: Currency,
    /// When it was first observed.
    #[serde(serialize_with = "in_milliseconds")]
    pub first_observed_at: Timestamp,
    /// What it held then.
    pub opening: Amount,
    /// What our movements brought since.
    pub own_in: Amount,
    /// What they took since.
    pub own_out: Amount,
    /// `opening + own_in − own_out`.
    pub expected: Amount,
    /// When it was last observed.
    #[serde(serialize_with = "in_milliseconds")]
    pub last_observed_at: Timestamp,
    /// What it held then.
    pub closing: Amount,
    /// `closing − expected`: everybody else's movements.
    pub external: Amount,
}

impl WalletCheck {
    /// Nothing observed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the journal: observed balances count. Those that a move was decided on open a wallet that
    /// nobody observed before it: what is found of that move later must not look like somebody else's.
    pub fn observe(&mut self, at: Timestamp, event: &Event) {
        let (balances, opens_only) = match event {
            Event::Observed { balances, .. } => (balances, false),
            Event::Decided { balances, .. } | Event::Requested { balances, .. } => (balances, true),
            _ => return,
        };
        if !opens_only {
            self.unread = 0;
        }
        for row in balances {
            let wallet = row.id();
            let moved = self.moved.get(&wallet).copied().unwrap_or_default();
            let observation = Observation { at, available: row.available, moved, after: self.newest };
            let seen = self.seen.entry(wallet).or_insert(Seen { first: observation, last: observation });
            if !opens_only {
                seen.last = observation;
            }
        }
    }

    /// Takes the next entry, between the observations around it. What became known only later of money that had moved (a
    /// lost reply's credit) counts for every observation since it moved; what came back counts from then on.
    ///
    /// # Errors
    /// [`BooksError::Money`] where a sum does not fit 28 digits.
    pub fn add(&mut self, entry: &Entry) -> Result<(), BooksError> {
        let is_late = entry.kind == EntryKind::Correction && entry.stage == Stage::Settled;
        let had_moved_by = |observation: &Observation| is_late && observation.after >= entry.corrects;
        let moves_a_wallet = entry.postings.iter().any(|posting| matches!(posting.account, Account::Wallet(_)));
        self.unread += usize::from(moves_a_wallet && !is_late);
        for posting in &entry.postings {
            let Account::Wallet(country) = posting.account else { continue };
            let wallet = WalletId { country, currency: posting.money.currency };
            let seen = self.seen.get_mut(&wallet).into_iter().flat_map(|seen| [&mut seen.first, &mut seen.last]);
            let since = seen.filter(|observation| had_moved_by(observation)).map(|observation| &mut observation.moved);
            for moved in since.chain([self.moved.entry(wallet).or_default()]) {
                moved.add(posting.money.amount).map_err(BooksError::money(posting.account))?;
            }
        }
        self.newest = Some(entry.entry_id);
        Ok(())
    }

    /// How many entries moved a wallet's money after the last reading: they are in no row yet.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// One row per wallet ever observed, by country and currency.
    ///
    /// # Errors
    /// [`BooksError::Money`] where a sum does not fit 28 digits.
    pub fn differences(&self) -> Result<Vec<Difference>, BooksError> {
        let one = |(wallet, seen): (&WalletId, &Seen)| {
            difference(*wallet, *seen).map_err(BooksError::money(format!("wallet {wallet:?}")))
        };
        self.seen.iter().map(one).collect()
    }
}

fn difference(wallet: WalletId, Seen { first, last }: Seen) -> Result<Difference, MoneyError> {
    let own_in = last.moved.inward.checked_sub(first.moved.inward)?;
    let own_out = last.moved.outward.checked_sub(first.moved.outward)?;
    let expected = first.available.checked_add(own_in)?.checked_sub(own_out)?;
    Ok(Difference {
        wallet: wallet.country,
        currency: wallet.currency,
        first_observed_at: first.at,
        opening: first.available,
        own_in,
        own_out,
        expected,
        last_observed_at: last.at,
        closing: last.available,
        external: last.available.checked_sub(expected)?,
    })
}
