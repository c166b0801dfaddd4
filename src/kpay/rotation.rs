//! Rotated keys: read again from where they were found when KPay does not take the old ones any more, or when somebody
//! asks for it. They are used once KPay has said that they belong to the same application: ids, and with them the promise
//! that nothing moves twice, are an application's.

use super::client::{Auth, Call, check_environment};
use super::{CallError, Client};
use crate::model::ApplicationId;
use std::sync::PoisonError;

impl Client {
    /// Reads the keys again, and uses them from the next request on where they are other ones. Whether they were.
    ///
    /// # Errors
    /// [`CallError`] where they cannot be read, are of another environment or application, or KPay does not take them: the
    /// keys before stay in use.
    pub async fn take_rotated_keys(&self) -> Result<bool, CallError> {
        let Some(source) = &self.key_source else { return Ok(false) };
        let fresh = source.read().map_err(CallError::KeysUnread)?;
        if self.keys_in_use().is_same(&fresh) {
            return Ok(false);
        }
        check_environment(self.environment, &fresh)?;
        let identity = self.read_identity(&self.ask(Self::identity_call(Auth::These(&fresh))).await?)?;
        self.belongs_to(&identity.application_id)?;
        self.use_keys(fresh);
        tracing::info!("KPay's keys were rotated: the new ones are in use");
        Ok(true)
    }

    /// Asks with the keys; where KPay does not take them any more, once again with rotated ones.
    pub(super) async fn ask_with_keys(&self, call: Call<'_>) -> Result<Vec<u8>, CallError> {
        let refusal = match self.ask(call).await {
            Err(refusal @ CallError::NotAuthorized { .. }) => refusal,
            other => return other,
        };
        match self.take_rotated_keys().await {
            Ok(true) => self.ask(call).await,
            Ok(false) => Err(refusal),
            Err(error) => {
                tracing::warn!(%error, "KPay does not take the keys any more, and no others can be used");
                Err(refusal)
            }
        }
    }

    /// All keys of one client belong to one application, the first that KPay named.
    pub(super) fn belongs_to(&self, told: &ApplicationId) -> Result<(), CallError> {
        let mut known = self.application.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| *known != told) {
            return Err(CallError::WrongApplication { expected: known.to_string(), told: told.to_string() });
        }
        *known = Some(told.clone());
        Ok(())
    }
}
