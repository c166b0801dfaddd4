//! Why a question to KPay has no answer. Each text says what was being done, what came, and what to do.

use super::{Endpoint, KeyError, UsedUp};
use crate::intent::Reply;
use crate::model::Environment;

/// A call that gave no usable answer. No text of a key or token is ever in here; KPay's words are tamed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The client could not be made.
    #[error("setting up the connection to KPay: {0}")]
    Setup(String),
    /// The keys themselves.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The keys were to be read again, and could not be.
    #[error("reading KPay's keys again: {0}; the keys before stay in use")]
    KeysUnread(String),
    /// No connection: nothing was sent.
    #[error("{}: no connection ({what}); check kpay.base_url and the network", .endpoint.doing())]
    Unreachable {
        /// Which call.
        endpoint: Endpoint,
        /// What stopped it.
        what: String,
    },
    /// The deadline passed.
    #[error("{} ({endpoint}): no full answer within {seconds} s; try again, or raise kpay.timeout", .endpoint.doing())]
    TimedOut {
        /// Which call.
        endpoint: Endpoint,
        /// The deadline.
        seconds: u64,
    },
    /// The connection broke, or the reply was cut or malformed.
    #[error("{} ({endpoint}): the answer broke off ({what}); try again", .endpoint.doing())]
    Broken {
        /// Which call.
        endpoint: Endpoint,
        /// How.
        what: String,
    },
    /// More bytes than any documented reply has.
    #[error("{} ({endpoint}): the answer is larger than 1 MiB and was not read; is kpay.base_url KPay's?", .endpoint.doing())]
    TooLarge {
        /// Which call.
        endpoint: Endpoint,
    },
    /// A status other than success that has no variant of its own.
    #[error("{} ({endpoint}): KPay answered {status}: {message}", .endpoint.doing())]
    Status {
        /// Which call.
        endpoint: Endpoint,
        /// HTTP status.
        status: u16,
        /// KPay's words, or the shortened body.
        message: String,
    },
    /// 429: the request budget is held for a while.
    #[error("{} ({endpoint}): too many requests (429); nothing is asked for {held_for_seconds} s", .endpoint.doing())]
    RateLimited {
        /// Which call.
        endpoint: Endpoint,
        /// How long everything waits.
        held_for_seconds: u64,
    },
    /// This minute's requests are used up: nothing was sent.
    #[error("{} ({endpoint}): nothing was sent: {used_up}", .endpoint.doing())]
    UsedUp {
        /// Which call.
        endpoint: Endpoint,
        /// Since when, and until when.
        used_up: UsedUp,
    },
    /// 401: KPay does not know these keys.
    #[error("{} ({endpoint}): KPay does not accept the keys ({message}); check both keys, and whether they were revoked", .endpoint.doing())]
    NotAuthorized {
        /// Which call.
        endpoint: Endpoint,
        /// KPay's words.
        message: String,
    },
    /// 403: the keys are known but not allowed.
    #[error("{} ({endpoint}): KPay refuses these keys ({message}); check the application and its verification with KPay", .endpoint.doing())]
    Forbidden {
        /// Which call.
        endpoint: Endpoint,
        /// KPay's words.
        message: String,
    },
    /// Configuration, keys, `/me` and token do not name one environment.
    #[error("the configuration says {expected}, {told_by} say {told}; correct kpay.environment or use the other keys")]
    WrongEnvironment {
        /// kpay.environment.
        expected: Environment,
        /// Who says otherwise.
        told_by: &'static str,
        /// What they say.
        told: String,
    },
    /// `/me` names another application than the configuration.
    #[error(
        "the configuration says application {expected}, the keys belong to {told}; correct kpay.application_id or use its keys"
    )]
    WrongApplication {
        /// `kpay.application_id`.
        expected: String,
        /// What `/me` says.
        told: String,
    },
    /// A reply in a shape nobody documented, or a number, code or name that is not what was asked.
    #[error("{} ({endpoint}): the answer cannot be used: {what}; it was {shown}", .endpoint.doing())]
    Unintelligible {
        /// Which call.
        endpoint: Endpoint,
        /// What is wrong.
        what: String,
        /// The body, shortened.
        shown: String,
    },
    /// Both places that could say what the wallets hold failed.
    #[error("{balance}; and before that, {overview}")]
    Wallets {
        /// `GET /api/wallets/overview`.
        overview: Box<CallError>,
        /// `GET /api/v1/payments/balance`.
        balance: Box<CallError>,
    },
}

impl CallError {
    /// Whether KPay or the configuration refuses us (exit 77), rather than KPay being unreachable or not understood
    /// (exit 75).
    #[must_use]
    pub fn is_refused(&self) -> bool {
        match self {
            Self::Keys(_)
            | Self::NotAuthorized { .. }
            | Self::Forbidden { .. }
            | Self::WrongEnvironment { .. }
            | Self::WrongApplication { .. } => true,
            // The balance is the documented place for these keys; what the dashboard's overview thinks of them is not.
            Self::Wallets { balance, .. } => balance.is_refused(),
            _ => false,
        }
    }

    /// Whether KPay answered, and neither with what was asked nor with trouble of its own or of ours: it does not know it, or
    /// speaks of something else.
    #[must_use]
    pub fn is_astray(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 400 | 404 | 410 | 422),
            Self::Unintelligible { .. } => true,
            _ => false,
        }
    }

    /// What this error of [`super::Client::clear_to_send`] means for the attempt that waited for it: nothing was sent.
    #[must_use]
    pub fn before_sending(&self) -> Reply {
        let detail = self.to_string();
        if self.is_refused() { Reply::NotAuthorized { detail } } else { Reply::NotSent { detail } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_an_answer_about_something_else_is_astray() {
        let endpoint = Endpoint::Withdrawal;
        for (status, expected) in
            [(400, true), (404, true), (410, true), (422, true), (409, false), (500, false), (503, false)]
        {
            let error = CallError::Status { endpoint, status, message: String::new() };
            assert_eq!(error.is_astray(), expected, "{status}");
        }
        let text = String::new;
        assert!(CallError::Unintelligible { endpoint, what: text(), shown: text() }.is_astray());
        for error in [
            CallError::Forbidden { endpoint, message: text() },
            CallError::NotAuthorized { endpoint, message: text() },
            CallError::RateLimited { endpoint, held_for_seconds: 1 },
            CallError::Broken { endpoint, what: text() },
            CallError::UsedUp {
                endpoint,
                used_up: UsedUp::at("2026-11-24T17:00:00Z".parse().unwrap(), 100, Duration::ZERO, Duration::ZERO),
            },
        ] {
            assert!(!error.is_astray(), "{error}");
        }
    }
}
