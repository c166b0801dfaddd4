//! Whose money it is: the environment and the KPay application.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// KPay's two environments behind one base URL; the prefix of the keys decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Virtual money, keys `kpay_test_…` / `sk_test_…`; KPay calls it `TEST`.
    Sandbox,
    /// Real money, keys `kpay_live_…` / `sk_live_…`; KPay calls it `PRODUCTION`.
    Production,
}

/// Why an environment or application id is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Neither `sandbox` nor `production`.
    #[error("`{0}` is not an environment (sandbox or production)")]
    Environment(String),
    /// Not a lower-case UUID.
    #[error("`{0}` is not an application id (a UUID in lower case)")]
    Application(String),
}

impl Environment {
    /// The word used in configuration, plans and external ids.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// KPay's word for it in `/me` and in the token reply.
    #[must_use]
    pub fn kpay_word(self) -> &'static str {
        match self {
            Self::Sandbox => "TEST",
            Self::Production => "PRODUCTION",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Environment {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "production" => Ok(Self::Production),
            other => Err(IdentityError::Environment(super::tame(other, 40))),
        }
    }
}

/// KPay's `application.id`: a UUID, lower case, because it is hashed into every external id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApplicationId(String);

impl ApplicationId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApplicationId {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let dashes = [8, 13, 18, 23];
        let fits = text.len() == 36
            && text.bytes().enumerate().all(|(index, byte)| {
                if dashes.contains(&index) { byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') }
            });
        if fits { Ok(Self(text.to_owned())) } else { Err(IdentityError::Application(super::tame(text, 60))) }
    }
}

impl TryFrom<String> for ApplicationId {
    type Error = IdentityError;
    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<ApplicationId> for String {
    fn from(id: ApplicationId) -> Self {
        id.0
    }
}

impl fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Environment and application together: what a journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Sandbox or production.
    pub environment: Environment,
    /// KPay's application.
    pub application_id: ApplicationId,
}

impl Identity {
    /// Whether a configuration for an environment, and for an application where it names one, is about the same money.
    #[must_use]
    pub fn is_of(&self, environment: Environment, application_id: Option<&ApplicationId>) -> bool {
        self.environment == environment && application_id.is_none_or(|named| self.application_id == *named)
    }
}
