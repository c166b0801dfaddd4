//! The merchant's two keys. Their prefix decides the environment; their text reaches nothing but the two headers.

use crate::model::Environment;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;

/// An API key and its secret key, of the same environment.
#[derive(Clone)]
pub struct Keys {
    api: SecretString,
    secret: SecretString,
    environment: Environment,
}

/// Why the keys are refused. No text of a key is ever in here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing, or nothing but the prefix.
    #[error("the {0} is empty; take it from KPay's dashboard, My Applications")]
    Empty(&'static str),
    /// Blanks, line breaks or control characters inside, or anything outside ASCII.
    #[error("the {0} holds characters that no key has; is the file the right one, and only the key in it?")]
    Characters(&'static str),
    /// More than any key has.
    #[error("the {0} is longer than 512 characters; is the file the right one?")]
    TooLong(&'static str),
    /// Not one of the documented prefixes.
    #[error("the {which} must begin with {test} or {live}; are the two keys swapped?")]
    Prefix {
        /// Which of the two.
        which: &'static str,
        /// The sandbox's prefix.
        test: &'static str,
        /// Production's.
        live: &'static str,
    },
    /// One key of each environment.
    #[error("the API key belongs to the {api} and the secret key to the {secret}; take both from the same page")]
    Mixed {
        /// Of the API key.
        api: Environment,
        /// Of the secret key.
        secret: Environment,
    },
}

const LONGEST_KEY: usize = 512;

/// Where the keys are read from again, since a merchant may have rotated them.
#[derive(Clone)]
pub struct KeySource(Arc<dyn Fn() -> Result<Keys, String> + Send + Sync>);

impl KeySource {
    /// Asks `read` for the keys as they are now; its error never holds any text of a key.
    #[must_use]
    pub fn new(read: impl Fn() -> Result<Keys, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(super) fn read(&self) -> Result<Keys, String> {
        (self.0)()
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource")
    }
}

impl Keys {
    /// Takes both keys; blanks and line breaks at their ends are cut.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn new(api: String, secret: String) -> Result<Self, KeyError> {
        // Taken by value, so that no second copy stays behind; both are wiped when dropped.
        let (api, secret) = (SecretString::from(api), SecretString::from(secret));
        let of_api = checked("API key", &api, "kpay_test_", "kpay_live_")?;
        let of_secret = checked("secret key", &secret, "sk_test_", "sk_live_")?;
        if of_api.1 != of_secret.1 {
            return Err(KeyError::Mixed { api: of_api.1, secret: of_secret.1 });
        }
        Ok(Self { api: of_api.0, secret: of_secret.0, environment: of_api.1 })
    }

    /// What the prefix says.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// `X-API-Key` and `X-Secret-Key`, marked sensitive; `None` cannot happen with checked keys.
    pub(super) fn headers(&self) -> Option<(HeaderValue, HeaderValue)> {
        Some((sensitive(self.api.expose_secret())?, sensitive(self.secret.expose_secret())?))
    }

    /// Whether both keys are the same as the other's.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.exposed() == other.exposed()
    }

    /// Both texts, for taking them out of replies that echo them.
    pub(super) fn exposed(&self) -> [&str; 2] {
        [self.api.expose_secret(), self.secret.expose_secret()]
    }
}

/// A header value that no log shows.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn checked(
    which: &'static str,
    key: &SecretString,
    test: &'static str,
    live: &'static str,
) -> Result<(SecretString, Environment), KeyError> {
    let plain = key.expose_secret().trim();
    if plain.is_empty() {
        return Err(KeyError::Empty(which));
    }
    if plain.len() > LONGEST_KEY {
        return Err(KeyError::TooLong(which));
    }
    if !plain.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(KeyError::Characters(which));
    }
    let (environment, rest) = match (plain.strip_prefix(test), plain.strip_prefix(live)) {
        (Some(rest), _) => (Environment::Sandbox, rest),
        (_, Some(rest)) => (Environment::Production, rest),
        _ => return Err(KeyError::Prefix { which, test, live }),
    };
    if rest.is_empty() {
        return Err(KeyError::Empty(which));
    }
    Ok((SecretString::from(plain), environment))
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("environment", &self.environment).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment_of(api: &str, secret: &str) -> Result<Environment, KeyError> {
        Keys::new(api.to_owned(), secret.to_owned()).map(|keys| keys.environment())
    }

    #[test]
    fn b07_the_prefixes_decide_and_must_agree() {
        assert_eq!(environment_of("kpay_test_a", "sk_test_b"), Ok(Environment::Sandbox));
        assert_eq!(environment_of(" kpay_live_a\r\n", "\tsk_live_b\n"), Ok(Environment::Production));
        for (api, secret) in [
            ("kpay_test_a", "sk_live_b"),
            ("kpay_live_a", "sk_test_b"),
            ("sk_test_a", "kpay_test_b"),
            ("KPAY_TEST_a", "sk_test_b"),
            ("kpay_test_", "sk_test_b"),
            ("", "sk_test_b"),
            ("kpay_test_a\nb", "sk_test_b"),
            ("kpay_test_a b", "sk_test_b"),
            ("kpay_test_a\0", "sk_test_b"),
            ("kpay_test_é", "sk_test_b"),
            ("kpay_test_a", ""),
        ] {
            assert!(environment_of(api, secret).is_err(), "{api:?} {secret:?}");
        }
        assert!(environment_of(&format!("kpay_test_{}", "x".repeat(600)), "sk_test_b").is_err());
    }

    #[test]
    fn g07_no_key_in_errors_or_debug() {
        let canary = "C4N4RY";
        let keys = Keys::new(format!("kpay_test_{canary}"), format!("sk_test_{canary}")).unwrap();
        assert!(!format!("{keys:?} {:?}", keys.headers()).contains(canary));
        for (api, secret) in [
            (format!("bad_{canary}"), format!("sk_test_{canary}")),
            (format!("kpay_test_{canary}"), format!("sk_live_{canary}")),
            (format!("kpay_test_{canary}\n{canary}"), format!("sk_test_{canary}")),
        ] {
            let error = Keys::new(api, secret).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(canary), "{error}");
        }
    }
}
