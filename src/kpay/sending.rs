//! Sending a transfer: the same bytes, at most twice (a token that had run out), and a verdict.
//!
//! **Dropping the future of [`Client::transfer`] or [`Client::send_transfer`] is a lost reply**: bytes may have left, so the
//! caller must treat it as [`Reply::Lost`]. Dropping that of [`Client::clear_to_send`] costs nothing.

use super::client::{Auth, Call};
use super::judge::judge;
use super::limiter::Permit;
use super::strict::{message_of, shown};
use super::token::Token;
use super::transfer_body::disagreement;
use super::transport::{Answer, Failure};
use super::{CallError, Client, Endpoint};
use crate::intent::Reply;
use crate::model::Intent;
use std::time::Duration;

/// A second try inside one call waits no longer than this for its turn; beyond, the caller decides anew.
const LONGEST_SECOND_WAIT: Duration = Duration::from_secs(1);

/// Leave to send one transfer now: a token in hand and a place in the request budget. Unused it gives its place back.
pub struct Clearance {
    token: Token,
    permit: Permit,
}

impl Client {
    /// Sends a transfer: [`Client::clear_to_send`], then [`Client::send_transfer`].
    pub async fn transfer(&self, intent: &Intent) -> Reply {
        match self.clear_to_send().await {
            Ok(clearance) => self.send_transfer(clearance, intent, &|| true).await,
            Err(error) => error.before_sending(),
        }
    }

    /// Fetches a token if needed and waits for the request budget and any Retry-After, as long as it takes. Nothing of a
    /// transfer is sent; the wait may be given up at any time. With the leave in hand the caller looks at the pause once
    /// more and sends at once. Take it last: it holds a place that other calls then wait for.
    ///
    /// # Errors
    /// No token could be had; [`CallError::before_sending`] says what that means for an attempt.
    pub async fn clear_to_send(&self) -> Result<Clearance, CallError> {
        loop {
            let token = self.token().await?;
            let permit = self.permit(Endpoint::Transfer).await?;
            // The wait may have outlasted the token; its successor needs a place of its own.
            if !token.is_due() {
                return Ok(Clearance { token, permit });
            }
        }
    }

    /// Sends the intent's bytes exactly as they are, under the whole-request deadline. After a 401 the token is renewed
    /// once and the same bytes are sent once more; no other answer is followed by a second request.
    ///
    /// `may_send` is asked right before each of the two: a pause that came meanwhile is not passed by.
    pub async fn send_transfer(
        &self,
        clearance: Clearance,
        intent: &Intent,
        may_send: &(dyn Fn() -> bool + Send + Sync),
    ) -> Reply {
        if let Some(what) = disagreement(intent) {
            return Reply::NotSent { detail: format!("nothing was sent: {what}") };
        }
        if let Some(not_now) = self.not_now(may_send) {
            return not_now;
        }
        let Clearance { token, permit } = clearance;
        match self.post(permit, &token, intent).await {
            Ok(answer) if answer.status == 401 => {}
            outcome => return self.verdict(intent, outcome),
        }
        self.tokens.discard(&token);
        let (fresh, permit) = match self.second_leave().await {
            Some(Ok(leave)) => leave,
            Some(Err(error)) => return error.before_sending(),
            None => return Reply::NotSent { detail: "the token had run out; no room for a second try now".to_owned() },
        };
        if !may_send() {
            return stopped();
        }
        match self.post(permit, &fresh, intent).await {
            Ok(answer) if answer.status == 401 => {
                self.tokens.fresh_one_refused(&fresh);
                let said = message_of(&answer.body).unwrap_or_else(|| shown(&answer.body));
                Reply::NotAuthorized { detail: format!("KPay answered 401, also to a fresh token: {said}") }
            }
            outcome => self.verdict(intent, outcome),
        }
    }

    /// Why nothing may leave now; `None` where it may.
    pub(super) fn not_now(&self, may_send: &(dyn Fn() -> bool + Send + Sync)) -> Option<Reply> {
        if let Some(wait) = self.held_for() {
            return Some(Reply::NotSent { detail: format!("KPay asked for a pause of {} s more", wait.as_secs() + 1) });
        }
        (!may_send()).then(stopped)
    }

    /// A new token and a place for the second try, soon or not at all (`None`): the caller has recorded an attempt and
    /// cannot look at the pause meanwhile.
    async fn second_leave(&self) -> Option<Result<(Token, Permit), CallError>> {
        if self.wait_expected().is_some_and(|wait| wait > LONGEST_SECOND_WAIT) {
            return None;
        }
        let leave = async { Ok((self.token().await?, self.permit(Endpoint::Transfer).await?)) };
        tokio::time::timeout(self.transport.timeout() + LONGEST_SECOND_WAIT, leave).await.ok()
    }

    async fn post(&self, permit: Permit, token: &Token, intent: &Intent) -> Result<Answer, Failure> {
        let auth = Auth::Bearer(token);
        self.exchange(permit, Call { endpoint: Endpoint::Transfer, query: "", auth, body: Some(&intent.body) }).await
    }

    fn verdict(&self, intent: &Intent, outcome: Result<Answer, Failure>) -> Reply {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(failure) => return self.without_an_answer(failure),
        };
        if answer.status < 500 {
            self.tokens.accepted();
        }
        let reply = judge(intent, answer.status, &answer.body);
        if matches!((&reply, answer.status), (Reply::Lost { .. }, 200..=299)) {
            // It may have been the answer to another request; then the next on this connection would be, too.
            self.transport.drop_connections();
        }
        reply
    }

    /// What it means for an attempt that no whole answer came.
    pub(super) fn without_an_answer(&self, failure: Failure) -> Reply {
        match failure {
            Failure::NotSent(what) => Reply::NotSent { detail: format!("no connection to KPay: {what}") },
            Failure::TimedOut => {
                let seconds = self.transport.timeout().as_secs();
                Reply::Lost { detail: format!("no full answer within {seconds} s") }
            }
            Failure::Broken(what) => Reply::Lost { detail: format!("the answer broke off: {what}") },
            Failure::TooLarge => Reply::Lost { detail: "the answer is larger than 1 MiB".to_owned() },
        }
    }
}

fn stopped() -> Reply {
    Reply::NotSent { detail: "paused or stopped just before the first byte".to_owned() }
}
