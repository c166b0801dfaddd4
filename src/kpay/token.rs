//! The bearer token: one refresh at a time, early, at most once a minute by the clock, and ever more rarely while KPay
//! refuses it.

use super::wire::TokenReply;
use super::{CallError, Endpoint};
use crate::model::Environment;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A token is refreshed no sooner than this by the clock, whatever its lifetime says; a shorter life shows as a 401.
const SOONEST_REFRESH: Duration = Duration::from_mins(1);
/// No documented token lives longer.
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// Larger texts are no token (and no header).
const LARGEST_TOKEN_BYTES: usize = 16 * 1024;

/// A token in use.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: SecretString,
    refresh_at: Instant,
    /// Tells this token from its successor.
    number: u64,
}

impl Token {
    /// Whether it should be replaced before it is used.
    pub(super) fn is_due(&self) -> bool {
        self.refresh_at <= Instant::now()
    }
}

/// What KPay issued.
pub(super) struct Issued {
    text: SecretString,
    refresh_after: Duration,
}

#[cfg(any(test, fuzzing))]
impl Issued {
    /// How many bytes the token has, and after how long it is to be renewed.
    pub(super) fn soundness(&self) -> (usize, Duration) {
        (self.text.expose_secret().len(), self.refresh_after)
    }
}

/// Keeps the one token.
#[derive(Default)]
pub(super) struct Tokens {
    /// Held over a fetch: whoever comes meanwhile waits for the same token.
    fetching: tokio::sync::Mutex<()>,
    /// Held for a moment only: an answer in hand must never wait for somebody else's fetch.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Token>,
    issued: u64,
    /// Refusals in a row, of the keys at the token endpoint or of fresh tokens elsewhere.
    refusals: u32,
    not_before: Option<Instant>,
}

impl Tokens {
    /// The token; fetched where there is none or it is due. While KPay refuses us this fails without asking, for 1, 2, 4
    /// … 60 s, so that a revoked key costs about one request a minute.
    pub(super) async fn get(&self, fetch: impl AsyncFnOnce() -> Result<Issued, CallError>) -> Result<Token, CallError> {
        let _one_at_a_time = self.fetching.lock().await;
        if let Some(known) = self.state().known() {
            return known;
        }
        let fetched = fetch().await;
        let mut state = self.state();
        match fetched {
            Ok(issued) => Ok(state.keep(issued)),
            Err(error) => {
                if error.is_refused() {
                    state.held = None;
                    state.back_off();
                }
                Err(error)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// KPay answered 401 to this token: it is not used again.
    pub(super) fn discard(&self, token: &Token) {
        let mut state = self.state();
        if state.held.as_ref().is_some_and(|held| held.number == token.number) {
            state.held = None;
        }
    }

    /// KPay answered 401 to a token it had issued a moment before: another one would not help for now.
    pub(super) fn fresh_one_refused(&self, token: &Token) {
        self.discard(token);
        self.state().back_off();
    }

    /// KPay took a token.
    pub(super) fn accepted(&self) {
        self.state().refusals = 0;
    }

    /// The keys changed.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        *state = State { issued: state.issued, ..State::default() };
    }
}

impl State {
    /// The token at hand, or that none is asked for now; `None` where one has to be fetched.
    fn known(&self) -> Option<Result<Token, CallError>> {
        if let Some(token) = self.held.as_ref().filter(|token| !token.is_due()) {
            return Some(Ok(token.clone()));
        }
        let now = Instant::now();
        let until = self.not_before.filter(|&until| until > now)?;
        let seconds = (until - now).as_secs() + 1;
        let message = format!("it was refused just before and is not asked again for {seconds} s");
        Some(Err(CallError::NotAuthorized { endpoint: Endpoint::Token, message }))
    }

    fn keep(&mut self, issued: Issued) -> Token {
        self.issued += 1;
        let refresh_at = Instant::now() + issued.refresh_after;
        let token = Token { text: issued.text, refresh_at, number: self.issued };
        self.held = Some(token.clone());
        token
    }

    fn back_off(&mut self) {
        self.refusals = self.refusals.saturating_add(1);
        self.not_before = Some(Instant::now() + super::retry_after::grown_pause(self.refusals));
    }
}

/// Reads the token reply.
pub(super) fn read(body: &[u8], expected: Environment) -> Result<Issued, CallError> {
    // The body is never shown: it holds the token.
    let unusable = |what: &str| CallError::Unintelligible {
        endpoint: Endpoint::Token,
        what: what.to_owned(),
        shown: format!("{} bytes, not shown", body.len()),
    };
    let reply: TokenReply = serde_json::from_slice(body).map_err(|_| unusable("it is not the documented object"))?;
    if let Some(told) = reply.environment.as_deref().filter(|&told| told != expected.kpay_word()) {
        return Err(CallError::WrongEnvironment {
            expected,
            told_by: "the tokens that KPay issues",
            told: crate::model::tame(told, 40),
        });
    }
    let text = SecretString::from(reply.access_token);
    let bytes = text.expose_secret().as_bytes();
    if bytes.is_empty() || bytes.len() > LARGEST_TOKEN_BYTES || !bytes.iter().all(u8::is_ascii_graphic) {
        return Err(unusable("its accessToken is empty, too long, or not plain text"));
    }
    Ok(Issued { text, refresh_after: refresh_after(reply.expires_in.as_ref()) })
}

/// After four fifths of its life, but not within a minute; a life that makes no sense is taken for a very short one.
fn refresh_after(expires_in: Option<&Value>) -> Duration {
    let life = expires_in.and_then(lifetime).unwrap_or(Duration::ZERO);
    (life * 4 / 5).max(SOONEST_REFRESH)
}

/// `"30m"`, `"1800s"`, `"1h"`, `"1800"` or `1800` (seconds); `None` for everything else, for 0, and for more than a day.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => seconds_of(text)?,
        _ => return None,
    };
    let life = Duration::from_secs(seconds);
    (!life.is_zero() && life <= LONGEST_LIFE).then_some(life)
}

fn seconds_of(text: &str) -> Option<u64> {
    let (digits, unit_seconds) = match text.as_bytes().last()? {
        b's' => (&text[..text.len() - 1], 1),
        b'm' => (&text[..text.len() - 1], 60),
        b'h' => (&text[..text.len() - 1], 3_600),
        b'd' => (&text[..text.len() - 1], 86_400),
        _ => (text, 1),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| plain)?.checked_mul(unit_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn b05_lifetimes_are_read_or_taken_for_very_short() {
        for (value, minutes_to_refresh) in [
            (json!("30m"), 24),
            (json!("1800s"), 24),
            (json!("1800"), 24),
            (json!(1800), 24),
            (json!("1h"), 48),
            (json!("1d"), 24 * 48),
            (json!("10s"), 1),
            (json!(0), 1),
            (json!("0m"), 1),
            (json!(-1), 1),
            (json!("-1"), 1),
            (json!("abc"), 1),
            (json!(""), 1),
            (json!("m"), 1),
            (json!("+30m"), 1),
            (json!("1e3"), 1),
            (json!(1800.5), 1),
            (json!("25h"), 1),
            (json!("99999999999999999999m"), 1),
            (json!("9999999999999999999d"), 1),
            (json!(null), 1),
            (json!({"m": 30}), 1),
            (json!("30 m"), 1),
            (json!("30é"), 1),
        ] {
            assert_eq!(refresh_after(Some(&value)), Duration::from_mins(minutes_to_refresh), "{value}");
        }
        assert_eq!(refresh_after(None), SOONEST_REFRESH);
    }

    #[test]
    fn b05_replies_that_are_no_token_are_refused_and_never_shown() {
        let long = format!(r#"{{"accessToken":"{}","expiresIn":"30m"}}"#, "C4N4RY".repeat(4_000));
        for body in [
            "",
            "null",
            "<html>C4N4RY</html>",
            r#"{"expiresIn":"30m"}"#,
            r#"{"accessToken":"","expiresIn":"30m"}"#,
            r#"{"accessToken":"C4N4RY b","expiresIn":"30m"}"#,
            r#"{"accessToken":"C4N4RY\r\nX-Evil: 1"}"#,
            r#"{"accessToken":"C4N4RY","accessToken":"b"}"#,
            r#"{"accessToken":17}"#,
            long.as_str(),
        ] {
            let error = read(body.as_bytes(), Environment::Sandbox).err().unwrap();
            assert!(matches!(error, CallError::Unintelligible { .. }), "{body:.80}: {error}");
            assert!(!format!("{error} {error:?}").contains("C4N4RY"));
        }
        assert!(read(br#"{"accessToken":"a.b.c","expiresIn":{}}"#, Environment::Sandbox).is_ok());
    }

    #[test]
    fn b07_a_token_of_the_other_environment_is_refused() {
        let body = br#"{"accessToken":"a","expiresIn":"30m","environment":"PRODUCTION"}"#;
        assert!(read(body, Environment::Production).is_ok());
        let error = read(body, Environment::Sandbox).err().unwrap();
        assert!(error.is_refused() && error.to_string().contains("PRODUCTION"), "{error}");
    }

    fn issued(minutes: u64) -> Issued {
        Issued { text: SecretString::from("t"), refresh_after: Duration::from_mins(minutes) }
    }

    #[tokio::test(start_paused = true)]
    async fn b04_one_refresh_at_a_time_and_early() {
        let (tokens, calls) = (Tokens::default(), AtomicU32::new(0));
        let get = || {
            tokens.get(async || {
                calls.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(2)).await;
                Ok(issued(24))
            })
        };
        let all = futures_util::future::join_all((0..20).map(|_| get())).await;
        assert!(all.iter().all(|token| token.as_ref().is_ok_and(|token| token.number == 1)));
        tokio::time::sleep(Duration::from_mins(23)).await;
        get().await.unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        tokio::time::sleep(Duration::from_mins(1)).await;
        let second = get().await.unwrap();
        tokens.discard(&all[0].as_ref().unwrap().clone());
        assert_eq!(get().await.unwrap().number, second.number, "a late 401 for the old token leaves the new one");
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn b06_refused_keys_cost_about_a_request_a_minute() {
        let (tokens, calls) = (Tokens::default(), AtomicU32::new(0));
        let start = Instant::now();
        while start.elapsed() < Duration::from_hours(1) {
            let got = tokens
                .get(async || {
                    calls.fetch_add(1, Ordering::SeqCst);
                    Err(CallError::NotAuthorized { endpoint: Endpoint::Token, message: String::new() })
                })
                .await;
            assert!(got.is_err_and(|error| error.is_refused()));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let calls = calls.load(Ordering::SeqCst);
        assert!((50..=70).contains(&calls), "{calls} token calls in an hour");
    }

    #[tokio::test(start_paused = true)]
    async fn b06_tokens_that_are_issued_and_refused_are_as_rare() {
        let (tokens, calls) = (Tokens::default(), AtomicU32::new(0));
        let start = Instant::now();
        while start.elapsed() < Duration::from_hours(1) {
            let got = tokens
                .get(async || {
                    calls.fetch_add(1, Ordering::SeqCst);
                    Ok(issued(24))
                })
                .await;
            if let Ok(token) = got {
                tokens.fresh_one_refused(&token);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let calls = calls.load(Ordering::SeqCst);
        assert!((50..=70).contains(&calls), "{calls} token calls in an hour");
        tokens.forget();
        assert!(tokens.get(async || Ok(issued(24))).await.is_ok());
    }
}
