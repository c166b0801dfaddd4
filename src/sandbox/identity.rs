//! Who is calling: key pairs, the environment they decide, and bearer tokens.

use super::clock::{Instant, millis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, fmt::Write as _, time::Duration};

/// KPay's two environments, by KPay's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Mode {
    /// `kpay_test_…` with `sk_test_…`.
    #[default]
    #[serde(rename = "TEST")]
    Test,
    /// `kpay_live_…` with `sk_live_…`.
    #[serde(rename = "PRODUCTION")]
    Production,
}

impl Mode {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Test => "TEST",
            Self::Production => "PRODUCTION",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Test => Self::Production,
            Self::Production => Self::Test,
        }
    }
}

/// An API key with its secret. Its values are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    api: String,
    secret: String,
}

impl KeyPair {
    /// `kpay_…` and `sk_…`.
    #[must_use]
    pub fn new(api: &str, secret: &str) -> Self {
        Self { api: api.to_owned(), secret: secret.to_owned() }
    }

    /// The environment of a well-formed pair; `None` for anything else, mixed pairs included.
    pub(super) fn mode(&self) -> Option<Mode> {
        let both = |api: &str, secret: &str| {
            let tail = |text: &str, prefix: &str| text.strip_prefix(prefix).is_some_and(|tail| !tail.is_empty());
            tail(&self.api, api) && tail(&self.secret, secret)
        };
        if both("kpay_test_", "sk_test_") {
            return Some(Mode::Test);
        }
        both("kpay_live_", "sk_live_").then_some(Mode::Production)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair([REDACTED])")
    }
}

/// A caller whose keys or token were accepted.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) mode: Mode,
    /// What the rate limit counts by. Secret.
    pub(super) key: String,
}

/// The tokens given out.
pub(super) struct Tokens {
    seed: u64,
    issued: u64,
    live: BTreeMap<String, (Caller, Instant)>,
}

impl Tokens {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, issued: 0, live: BTreeMap::new() }
    }

    pub(super) fn issue(&mut self, caller: &Caller, now: Instant, lifetime: Duration) -> String {
        self.live.retain(|_, (_, expires)| *expires > now);
        self.issued += 1;
        let part = |name: &str| hex(&Sha256::digest(format!("{}|{}|{name}", self.seed, self.issued)));
        // Looks like a JWT; nobody may read anything out of it.
        let token = format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{}.{}", part("payload"), part("signature"));
        self.live.insert(token.clone(), (caller.clone(), now + millis(lifetime)));
        token
    }

    pub(super) fn caller(&self, token: &str, now: Instant) -> Option<Caller> {
        self.live.get(token).filter(|(_, expires)| *expires > now).map(|(caller, _)| caller.clone())
    }

    pub(super) fn keep_only(&mut self, keys: &[KeyPair]) {
        self.live.retain(|_, (caller, _)| keys.iter().any(|pair| pair.api == caller.key));
    }

    pub(super) fn forget(&mut self, token: &str) {
        self.live.remove(token);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    #[test]
    fn the_prefixes_decide_and_mixed_pairs_are_refused() {
        for (api, secret, expected) in [
            ("kpay_test_a", "sk_test_b", Some(Mode::Test)),
            ("kpay_live_a", "sk_live_b", Some(Mode::Production)),
            ("kpay_test_a", "sk_live_b", None),
            ("kpay_live_a", "sk_test_b", None),
            ("kpay_test_", "sk_test_b", None),
            ("kpay_test_a", "sk_test_", None),
            ("sk_test_a", "kpay_test_b", None),
            ("KPAY_TEST_a", "sk_test_b", None),
            ("", "", None),
        ] {
            assert_eq!(KeyPair::new(api, secret).mode(), expected, "{api} {secret}");
        }
        assert_eq!(format!("{:?}", KeyPair::new("kpay_test_secret", "sk_test_secret")), "KeyPair([REDACTED])");
    }

    #[test]
    fn a_token_lives_as_long_as_it_was_told() {
        let (mut tokens, now) = (Tokens::new(1), Utc::now());
        let caller = Caller { mode: Mode::Test, key: "k".into() };
        let token = tokens.issue(&caller, now, Duration::from_mins(30));
        assert_ne!(token, tokens.issue(&caller, now, Duration::from_mins(30)));
        assert!(tokens.caller(&token, now + chrono::TimeDelta::minutes(29)).is_some());
        assert!(tokens.caller(&token, now + chrono::TimeDelta::minutes(30)).is_none());
        tokens.forget(&token);
        assert!(tokens.caller(&token, now).is_none());
    }
}
