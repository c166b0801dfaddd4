//! The books: wallets, what came from and went outside, and one entry per applied transfer. Entries are only ever
//! added, and [`Ledger::check`] recomputes every balance from them.

use super::withdrawal::Named;
use super::{AcceptedWithdrawal, Mode, PayoutStatus, SandboxError, clock::Instant};
use crate::money::{Amount, Country, Currency, MoneyError, Rate};
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use std::collections::BTreeMap;

/// One wallet as the books hold it; amounts in its own currency. Written as JSON it shows `available` as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Whose environment.
    pub environment: Mode,
    /// ISO 3166-1 alpha-3.
    pub country: Country,
    /// The country's.
    pub currency: Currency,
    /// What it started with.
    pub opening: Amount,
    /// What came from outside since.
    pub deposited: Amount,
    /// What went outside since.
    pub withdrawn: Amount,
    /// What is there now.
    pub balance: Amount,
    /// The part of it that is held for something in flight.
    pub reserved: Amount,
}

impl Wallet {
    /// `balance − reserved`.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past 28 digits.
    pub fn available(&self) -> Result<Amount, MoneyError> {
        self.balance.checked_sub(self.reserved)
    }
}

impl Serialize for Wallet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wallet = serializer.serialize_struct("Wallet", 9)?;
        wallet.serialize_field("environment", &self.environment)?;
        wallet.serialize_field("country", &self.country)?;
        wallet.serialize_field("currency", &self.currency)?;
        wallet.serialize_field("opening", &self.opening)?;
        wallet.serialize_field("deposited", &self.deposited)?;
        wallet.serialize_field("withdrawn", &self.withdrawn)?;
        wallet.serialize_field("balance", &self.balance)?;
        wallet.serialize_field("reserved", &self.reserved)?;
        wallet.serialize_field("available", &self.available().map_err(serde::ser::Error::custom)?)?;
        wallet.end()
    }
}

/// One transfer that was applied: the judge's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedTransfer {
    /// 1, 2, 3 … in the order they were applied.
    pub number: u64,
    /// The request that applied it, by its number in the log.
    pub request: u64,
    /// Whose environment.
    pub environment: Mode,
    /// KPay's id, of the transfer and of its debit.
    pub id: String,
    /// KPay's id of the credit.
    pub credit_id: String,
    /// Of the debit, `TRF-OUT-XXXXXX`.
    pub source_reference: String,
    /// Of the credit, `TRF-IN-XXXXXX`.
    pub destination_reference: String,
    /// The caller's id, if it gave one.
    pub external_id: Option<String>,
    /// Debited wallet.
    pub from: Country,
    /// Credited wallet.
    pub to: Country,
    /// Debited, in `currency`, without the fee.
    pub amount: Amount,
    /// Of the source.
    pub currency: Currency,
    /// Credited, in `credited_currency`.
    pub credited: Amount,
    /// Of the destination.
    pub credited_currency: Currency,
    /// The rate applied.
    pub rate: Rate,
    /// Debited on top, in `currency`; zero unless a fault took one.
    pub fee: Amount,
    /// The caller's words.
    pub description: Option<String>,
    /// When, on the sandbox's clock.
    pub at: Instant,
}

#[derive(Default)]
pub(super) struct Ledger {
    wallets: BTreeMap<(Mode, Country), Wallet>,
    transfers: Vec<AppliedTransfer>,
    withdrawals: Vec<AcceptedWithdrawal>,
    /// Reserved for other things than withdrawals.
    held: BTreeMap<(Mode, Country), Amount>,
}

impl Ledger {
    /// Opens a wallet with what it starts with.
    pub(super) fn open(&mut self, mode: Mode, country: Country, opening: Amount) -> Result<(), SandboxError> {
        if opening.is_negative() {
            return Err(SandboxError::Amount(opening));
        }
        let wallet = self.wallet_or_new(mode, country)?;
        wallet.opening = opening;
        wallet.balance = opening;
        Ok(())
    }

    pub(super) fn deposit(&mut self, mode: Mode, country: Country, amount: Amount) -> Result<(), SandboxError> {
        positive(amount)?;
        let wallet = self.wallet_or_new(mode, country)?;
        let (deposited, balance) = (wallet.deposited.checked_add(amount)?, wallet.balance.checked_add(amount)?);
        (wallet.deposited, wallet.balance) = (deposited, balance);
        Ok(())
    }

    pub(super) fn withdraw(&mut self, mode: Mode, country: Country, amount: Amount) -> Result<(), SandboxError> {
        positive(amount)?;
        let wallet = self.wallets.get_mut(&(mode, country)).ok_or(SandboxError::NoWallet(country))?;
        let available = wallet.available()?;
        if amount > available {
            return Err(SandboxError::Short { country, available, asked: amount });
        }
        let (withdrawn, balance) = (wallet.withdrawn.checked_add(amount)?, wallet.balance.checked_sub(amount)?);
        (wallet.withdrawn, wallet.balance) = (withdrawn, balance);
        Ok(())
    }

    pub(super) fn wallet(&self, mode: Mode, country: Country) -> Option<&Wallet> {
        self.wallets.get(&(mode, country))
    }

    pub(super) fn wallets(&self) -> impl Iterator<Item = &Wallet> {
        self.wallets.values()
    }

    pub(super) fn transfers(&self) -> &[AppliedTransfer] {
        &self.transfers
    }

    pub(super) fn withdrawals(&self) -> &[AcceptedWithdrawal] {
        &self.withdrawals
    }

    /// Takes a withdrawal in: its amount is reserved from now on.
    pub(super) fn accept(&mut self, entry: AcceptedWithdrawal) -> Result<(), SandboxError> {
        let wallet = self.wallets.get_mut(&(entry.environment, entry.source));
        let wallet = wallet.ok_or(SandboxError::NoWallet(entry.source))?;
        wallet.reserved = wallet.reserved.checked_add(entry.amount)?;
        self.withdrawals.push(entry);
        Ok(())
    }

    /// Moves a withdrawal on. At its end the amount is no longer reserved, and leaves the wallet if it was completed.
    pub(super) fn move_withdrawal(&mut self, index: usize, to: PayoutStatus, reason: Option<&str>, now: Instant) {
        let Some(entry) = self.withdrawals.get_mut(index).filter(|entry| !entry.status.is_end()) else { return };
        let Some(wallet) = self.wallets.get_mut(&(entry.environment, entry.source)) else { return };
        if to.is_end() {
            let gone = if to == PayoutStatus::Completed { entry.amount } else { Amount::ZERO };
            let (reserved, balance) = (wallet.reserved.checked_sub(entry.amount), wallet.balance.checked_sub(gone));
            let (Ok(reserved), Ok(balance)) = (reserved, balance) else { return };
            (wallet.reserved, wallet.balance) = (reserved, balance);
            entry.ended = Some(now);
        }
        entry.status = to;
        entry.failure_reason = reason.map(str::to_owned);
    }

    /// Gives a withdrawal whose page was confirmed to the operator.
    pub(super) fn hand_over(&mut self, index: usize, named: Named, now: Instant) {
        let Some(entry) = self.withdrawals.get_mut(index).filter(|entry| entry.waits_for_page()) else { return };
        (entry.provider, entry.phone) = (Some(named.provider), Some(named.phone));
        (entry.payout_currency, entry.payout_amount) = (named.payout_currency, named.payout_amount);
        entry.provider_reference = Some(named.provider_reference);
        (entry.rate, entry.handed_over) = (named.rate, Some(now));
    }

    /// Holds `amount` of a wallet, or lets go of it with `hold` false.
    pub(super) fn reserve(
        &mut self,
        mode: Mode,
        country: Country,
        amount: Amount,
        hold: bool,
    ) -> Result<(), MoneyError> {
        if let Some(wallet) = self.wallets.get_mut(&(mode, country)) {
            let in_flight = self.held.entry((mode, country)).or_default();
            let change = |sum: Amount| if hold { sum.checked_add(amount) } else { sum.checked_sub(amount) };
            (*in_flight, wallet.reserved) = (change(*in_flight)?, change(wallet.reserved)?);
        }
        Ok(())
    }

    /// Books one transfer, both sides or none. A wallet that was never seen is opened by its first credit.
    pub(super) fn book(&mut self, entry: AppliedTransfer) -> Result<&AppliedTransfer, SandboxError> {
        let debit = entry.amount.checked_add(entry.fee)?;
        let source = self.wallet(entry.environment, entry.from).ok_or(SandboxError::NoWallet(entry.from))?;
        let source_balance = source.balance.checked_sub(debit)?;
        let destination = self.wallet_or_new(entry.environment, entry.to)?;
        let destination_balance = destination.balance.checked_add(entry.credited)?;
        // From here on nothing can fail.
        destination.balance = destination_balance;
        if let Some(source) = self.wallets.get_mut(&(entry.environment, entry.from)) {
            source.balance = source_balance;
        }
        let index = self.transfers.len();
        self.transfers.push(entry);
        Ok(&self.transfers[index])
    }

    /// Recomputes every balance from the entries; says the first thing that is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        let mut expected = BTreeMap::new();
        for (key, wallet) in &self.wallets {
            let sum = wallet.opening.checked_add(wallet.deposited).and_then(|sum| sum.checked_sub(wallet.withdrawn));
            expected.insert(*key, sum.map_err(|error| error.to_string())?);
        }
        for entry in &self.transfers {
            let debit = entry.amount.checked_add(entry.fee).map_err(|error| error.to_string())?;
            shift(&mut expected, (entry.environment, entry.from), |sum| sum.checked_sub(debit))?;
            shift(&mut expected, (entry.environment, entry.to), |sum| sum.checked_add(entry.credited))?;
        }
        let mut reserved = self.held.clone();
        for entry in &self.withdrawals {
            let key = (entry.environment, entry.source);
            if entry.status == PayoutStatus::Completed {
                shift(&mut expected, key, |sum| sum.checked_sub(entry.amount))?;
            } else if !entry.status.is_end() {
                let sum = reserved.entry(key).or_default();
                *sum = sum.checked_add(entry.amount).map_err(|error| error.to_string())?;
            }
        }
        for (key, wallet) in &self.wallets {
            let explained = reserved.get(key).copied().unwrap_or_default();
            if explained != wallet.reserved {
                let (country, held) = (wallet.country, wallet.reserved);
                return Err(format!("the {country} wallet has {held} reserved, its entries say {explained}"));
            }
            let sum = expected.get(key).copied().unwrap_or_default();
            if sum != wallet.balance {
                return Err(format!("the {} wallet holds {}, its entries say {sum}", wallet.country, wallet.balance));
            }
            if sum.is_negative() || wallet.reserved.is_negative() || wallet.reserved > sum {
                return Err(format!("the {} wallet holds {sum}, {} reserved", wallet.country, wallet.reserved));
            }
        }
        Ok(())
    }

    fn wallet_or_new(&mut self, mode: Mode, country: Country) -> Result<&mut Wallet, SandboxError> {
        let currency = country.currency().ok_or(SandboxError::Country(country))?;
        Ok(self.wallets.entry((mode, country)).or_insert(Wallet {
            environment: mode,
            country,
            currency,
            opening: Amount::ZERO,
            deposited: Amount::ZERO,
            withdrawn: Amount::ZERO,
            balance: Amount::ZERO,
            reserved: Amount::ZERO,
        }))
    }
}

fn positive(amount: Amount) -> Result<(), SandboxError> {
    if amount.is_positive() { Ok(()) } else { Err(SandboxError::Amount(amount)) }
}

fn shift(
    sums: &mut BTreeMap<(Mode, Country), Amount>,
    key: (Mode, Country),
    change: impl Fn(Amount) -> Result<Amount, MoneyError>,
) -> Result<(), String> {
    let sum = sums.get_mut(&key).ok_or_else(|| format!("an entry names the {} wallet, which is not there", key.1))?;
    *sum = change(*sum).map_err(|error| error.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    fn opened() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.open(Mode::Test, Country::CMR, Amount::whole(1_000)).unwrap();
        ledger
    }

    fn entry(amount: i64, credited: i64) -> AppliedTransfer {
        AppliedTransfer {
            number: 1,
            request: 1,
            environment: Mode::Test,
            id: "i".into(),
            credit_id: "c".into(),
            source_reference: "o".into(),
            destination_reference: "n".into(),
            external_id: None,
            from: Country::CMR,
            to: Country::GAB,
            amount: Amount::whole(amount),
            currency: Currency::XAF,
            credited: Amount::whole(credited),
            credited_currency: Currency::XAF,
            rate: Rate::ONE,
            fee: Amount::ZERO,
            description: None,
            at: Utc::now(),
        }
    }

    #[test]
    fn outside_money_is_counted_and_environments_are_apart() {
        let mut ledger = opened();
        ledger.deposit(Mode::Test, Country::CMR, Amount::whole(50)).unwrap();
        ledger.withdraw(Mode::Test, Country::CMR, Amount::whole(1_050)).unwrap();
        assert!(ledger.withdraw(Mode::Test, Country::CMR, Amount::whole(1)).is_err());
        assert!(ledger.withdraw(Mode::Production, Country::CMR, Amount::whole(1)).is_err());
        assert!(ledger.deposit(Mode::Test, Country::CMR, Amount::whole(-5)).is_err());
        assert!(ledger.deposit(Mode::Test, "FRA".parse().unwrap(), Amount::whole(5)).is_err());
        ledger.check().unwrap();
    }

    #[test]
    fn held_money_is_not_available() {
        let mut ledger = opened();
        ledger.reserve(Mode::Test, Country::CMR, Amount::whole(900), true).unwrap();
        assert!(ledger.withdraw(Mode::Test, Country::CMR, Amount::whole(200)).is_err());
        ledger.reserve(Mode::Test, Country::CMR, Amount::whole(900), false).unwrap();
        ledger.withdraw(Mode::Test, Country::CMR, Amount::whole(200)).unwrap();
    }

    #[test]
    fn the_check_finds_money_that_no_entry_explains() {
        let mut ledger = opened();
        ledger.book(entry(300, 300)).unwrap();
        ledger.check().unwrap();
        let mut tampered = opened();
        tampered.transfers.push(entry(300, 300));
        assert!(tampered.check().is_err(), "an entry without its money");
        let mut conjured = opened();
        conjured.wallets.get_mut(&(Mode::Test, Country::CMR)).unwrap().balance = Amount::whole(1_001);
        assert!(conjured.check().is_err(), "money without an entry");
        let mut overdrawn = opened();
        overdrawn.book(entry(1_001, 1_001)).unwrap();
        assert!(overdrawn.check().is_err(), "a wallet below zero");
    }
}
