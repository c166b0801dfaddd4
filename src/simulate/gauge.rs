//! What is measured of one wallet while a simulation runs.

use super::WalletFigures;
use crate::model::{Timestamp, WalletId};
use crate::money::{Amount, MoneyError};
use rust_decimal::Decimal;

/// One wallet.
#[derive(Debug, Clone)]
pub(super) struct Gauge {
    pub(super) balance: Amount,
    /// What a policy that sweeps it leaves in it; `None` where none sweeps it.
    keep: Option<Amount>,
    floor: Amount,
    start: Amount,
    flows: Amount,
    moved_in: Amount,
    moved_out: Amount,
    lowest: Amount,
    opened: Timestamp,
    /// Everything up to here is measured.
    measured_to: Timestamp,
    below_ms: i64,
    /// Idle money times milliseconds.
    idle: Amount,
    /// Each change of the balance.
    pub(super) points: Vec<(Timestamp, Amount)>,
    /// Each change of the floor.
    pub(super) floors: Vec<(Timestamp, Amount)>,
}

impl Gauge {
    pub(super) fn new(at: Timestamp, start: Amount, floor: Amount, keep: Option<Amount>) -> Self {
        Self {
            balance: start,
            keep,
            floor,
            start,
            flows: Amount::ZERO,
            moved_in: Amount::ZERO,
            moved_out: Amount::ZERO,
            lowest: start,
            opened: at,
            measured_to: at,
            below_ms: 0,
            idle: Amount::ZERO,
            points: vec![(at, start)],
            floors: vec![(at, floor)],
        }
    }

    pub(super) fn flow(&mut self, at: Timestamp, amount: Amount) -> Result<(), MoneyError> {
        self.flows = self.flows.checked_add(amount)?;
        self.set(at, self.balance.checked_add(amount)?)
    }

    pub(super) fn take(&mut self, at: Timestamp, amount: Amount) -> Result<(), MoneyError> {
        self.moved_out = self.moved_out.checked_add(amount)?;
        self.set(at, self.balance.checked_sub(amount)?)
    }

    pub(super) fn bring(&mut self, at: Timestamp, amount: Amount) -> Result<(), MoneyError> {
        self.moved_in = self.moved_in.checked_add(amount)?;
        self.set(at, self.balance.checked_add(amount)?)
    }

    pub(super) fn set_floor(&mut self, at: Timestamp, floor: Amount) -> Result<(), MoneyError> {
        if floor != self.floor {
            self.measure(at)?;
            self.floor = floor;
            self.floors.push((at, floor));
        }
        Ok(())
    }

    fn set(&mut self, at: Timestamp, balance: Amount) -> Result<(), MoneyError> {
        self.measure(at)?;
        self.balance = balance;
        self.lowest = self.lowest.min(balance);
        self.points.push((at, balance));
        Ok(())
    }

    fn measure(&mut self, to: Timestamp) -> Result<(), MoneyError> {
        let span = (to - self.measured_to).num_milliseconds();
        self.measured_to = to;
        if span == 0 {
            return Ok(());
        }
        if self.balance < self.floor {
            self.below_ms += span;
        }
        if let Some(keep) = self.keep {
            let over = self.balance.checked_sub(keep.max(self.floor))?;
            if over.is_positive() {
                self.idle = self.idle.checked_add(over.checked_mul(Decimal::from(span))?)?;
            }
        }
        Ok(())
    }

    /// Its figures at the end.
    pub(super) fn figures(&mut self, wallet: WalletId, end: Timestamp) -> Result<WalletFigures, MoneyError> {
        self.measure(end)?;
        let span = Decimal::from((end - self.opened).num_milliseconds().max(1));
        let average = self.idle.decimal().checked_div(span).ok_or(MoneyError::Overflow("a division"))?;
        Ok(WalletFigures {
            wallet: wallet.country,
            currency: wallet.currency,
            start: self.start,
            flows: self.flows,
            moved_in: self.moved_in,
            moved_out: self.moved_out,
            end: self.balance,
            lowest: self.lowest,
            floor: self.floor,
            seconds_below_floor: self.below_ms / 1_000,
            idle: self.keep.map(|_| Amount::new(average).round_down_for(wallet.currency)),
        })
    }
}
