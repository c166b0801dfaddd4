//! What KPay says now of one payout: for whoever holds a hint of how it ended and wants KPay's own word for it.

use super::doors::Bank;
use super::engine::{Engine, EngineError};
use super::resolve::WishError;
use crate::intent::{Tracked, Withdrawal};
use crate::model::{ExternalId, Kind, tame};

/// Asks KPay how a payout stands. Writes nothing.
///
/// # Errors
/// [`WishError`]: it is no payout, KPay's id of it is not known, or KPay's answer could not be had.
pub async fn confirm(bank: &dyn Bank, tracked: &Tracked) -> Result<Withdrawal, WishError> {
    let id = tame(tracked.intent.external_id.as_str(), 64);
    if tracked.intent.kind != Kind::Payout {
        return Err(WishError::Refused(format!("{id} is a transfer between wallets, and no payout")));
    }
    let Some(taken) = &tracked.taken else {
        return Err(WishError::Refused(format!(
            "{id} is `{}` and KPay's id of it is not known, so KPay cannot be asked; see `treasuryd transfers show {id}`",
            tracked.outcome.word()
        )));
    };
    let said = bank.withdrawal(&tracked.intent, &taken.withdrawal.kpay_id).await;
    said.map_err(|error| WishError::Engine(EngineError::Bank(error)))
}

impl Engine {
    /// Asks KPay how a payout stands. The daemon's own task asks again at once, and records what is new.
    ///
    /// # Errors
    /// As [`confirm`]; or there is no such payout.
    pub async fn confirm(&self, external_id: &str) -> Result<Withdrawal, WishError> {
        let tracked = self.find(&ExternalId::from_text(external_id))?;
        self.identity().await?;
        let said = confirm(&*self.bank, &tracked).await?;
        self.hint(None, external_id);
        Ok(said)
    }
}
