//! Sending a withdrawal, once, and asking how it stands. The keys themselves identify us here: no token, so no second
//! try.
//!
//! **Dropping the future of [`Client::send_withdrawal`] is a lost reply**, as for a transfer.

use super::client::{Auth, Call};
use super::judge_withdrawal::{judge, masked, read, without_urls};
use super::limiter::Permit;
use super::reads::unusable_unseen;
use super::strict::{message_of, shown};
use super::withdrawal_body::disagreement;
use super::{CallError, Client, Endpoint};
use crate::intent::{Reply, Withdrawal};
use crate::model::{Intent, Timestamp, is_plain_id};
use secrecy::SecretString;

/// Leave to send one withdrawal now: a place in the request budget. Unused it gives its place back.
pub struct WithdrawalClearance {
    permit: Permit,
}

/// KPay's hosted page for one withdrawal. Whoever has its address may say who is paid: it is kept in memory only.
#[derive(Debug, Clone)]
pub struct GatewayPage {
    /// The address, on KPay's own host.
    pub url: SecretString,
    /// Until when it works; `None` where KPay did not say, or not legibly.
    pub expires_at: Option<Timestamp>,
}

impl Client {
    /// Waits for the request budget and any Retry-After, as long as it takes. Nothing is sent; the wait may be given up.
    ///
    /// # Errors
    /// [`CallError::UsedUp`] where the budget has no place within the client's patience.
    pub async fn clear_to_withdraw(&self) -> Result<WithdrawalClearance, CallError> {
        Ok(WithdrawalClearance { permit: self.permit(Endpoint::Withdraw).await? })
    }

    /// Sends the intent's bytes exactly as they are, once, under the whole-request deadline. `may_send` is asked right
    /// before. With the reply comes the hosted page, where KPay gave one on its own host.
    pub async fn send_withdrawal(
        &self,
        clearance: WithdrawalClearance,
        intent: &Intent,
        may_send: &(dyn Fn() -> bool + Send + Sync),
    ) -> (Reply, Option<GatewayPage>) {
        if let Some(what) = disagreement(intent) {
            return (Reply::NotSent { detail: format!("nothing was sent: {what}") }, None);
        }
        if let Some(not_now) = self.not_now(may_send) {
            return (not_now, None);
        }
        let call = Call { endpoint: Endpoint::Withdraw, query: "", auth: Auth::Keys, body: Some(&intent.body) };
        let answer = match self.exchange(clearance.permit, call).await {
            Ok(answer) => answer,
            Err(failure) => return (self.without_an_answer(failure), None),
        };
        if answer.status == 401 {
            let body = masked(intent, &answer.body);
            let said = message_of(&body).unwrap_or_else(|| shown(&body));
            return (
                Reply::NotAuthorized { detail: format!("KPay answered 401 to the keys: {}", without_urls(&said)) },
                None,
            );
        }
        let (reply, page) = judge(intent, self.environment, answer.status, &answer.body);
        if matches!((&reply, answer.status), (Reply::Lost { .. }, 200..=299)) {
            // It may have been the answer to another request; then the next on this connection would be, too.
            self.transport.drop_connections();
        }
        (reply, page.and_then(|(url, expires_at)| self.own_page(url, expires_at)))
    }

    /// How a withdrawal stands that KPay has taken in hand, checked against the intent. With it the hosted page, where
    /// KPay names it (again).
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Unintelligible`] where the reply is about another withdrawal, or `kpay_id` is no id.
    pub async fn withdrawal(
        &self,
        intent: &Intent,
        kpay_id: &str,
    ) -> Result<(Withdrawal, Option<GatewayPage>), CallError> {
        let endpoint = Endpoint::Withdrawal;
        if !is_plain_id(kpay_id) {
            return Err(unusable_unseen(endpoint, "its id cannot be asked for", &[]));
        }
        let body = self.ask(Call { endpoint, query: kpay_id, auth: Auth::Keys, body: None }).await?;
        let said = read(intent, self.environment, &body).map_err(|what| unusable_unseen(endpoint, &what, &body))?;
        if said.withdrawal.kpay_id != kpay_id {
            self.transport.drop_connections();
            return Err(unusable_unseen(endpoint, "it is about another withdrawal", &body));
        }
        let page = said.gateway_url.and_then(|url| self.own_page(url, said.expires_at));
        Ok((said.withdrawal, page))
    }

    /// Drops a page that is not KPay's.
    fn own_page(&self, url: String, expires_at: Option<String>) -> Option<GatewayPage> {
        if !self.base_url.is_home_of(&url) {
            tracing::warn!("kpay named a hosted page that is not on its own host; it is not passed on");
            return None;
        }
        let expires_at = expires_at.and_then(|text| text.parse::<Timestamp>().ok());
        Some(GatewayPage { url: url.into(), expires_at })
    }
}
