//! The client: keys, token, budget and connection in one place, and the one way in which a request is made.

use super::judge_withdrawal::without_urls;
use super::keys::sensitive;
use super::limiter::{Full, Limiter, Permit};
use super::retry_after::read_retry_after;
use super::server_clock::ServerClock;
use super::strict::{message_of, shown};
use super::token::{Issued, Token, Tokens};
use super::transport::{Answer, Failure, Transport};
use super::used_up::UsedUp;
use super::{BaseUrl, CallError, Endpoint, KeySource, Keys, Observer, StatusLabel, token};
use crate::model::{ApplicationId, Environment, tame};
use reqwest::header::{self, HeaderValue};
use secrecy::ExposeSecret;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Where KPay is.
    pub base_url: BaseUrl,
    /// Whether its name may lead to addresses that are not public.
    pub allow_private_addresses: bool,
    /// What the configuration says; keys, `/me` and tokens must agree.
    pub environment: Environment,
    /// Both keys.
    pub keys: Keys,
    /// Where they are read from again when KPay does not take them any more; `None`: nowhere.
    pub key_source: Option<KeySource>,
    /// What `/me` must say, where the configuration names it.
    pub application_id: Option<ApplicationId>,
    /// The budget, at least 1; tokens and probes count.
    pub requests_per_minute: u32,
    /// For one whole request: connection, headers and body.
    pub timeout: Duration,
    /// Where the budget is kept over restarts; `None` for commands that write nothing.
    pub budget_file: Option<PathBuf>,
    /// How long a request waits for a place in the budget, a Retry-After left out; `None`: as long as it takes.
    pub patience: Option<Duration>,
}

/// A wait as long as this is told to whoever reads the log.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

/// A client of KPay's REST API. Share it by [`Arc`]: budget and token belong to the keys, not to a caller.
pub struct Client {
    pub(super) base_url: BaseUrl,
    pub(super) environment: Environment,
    pub(super) application_id: Option<ApplicationId>,
    pub(super) transport: Transport,
    pub(super) limiter: Arc<Limiter>,
    pub(super) tokens: Tokens,
    /// Until when `overview` is left alone because KPay does not offer it to us.
    pub(super) overview_rests_until: Mutex<Option<Instant>>,
    server_clock: ServerClock,
    keys: RwLock<Keys>,
    pub(super) key_source: Option<KeySource>,
    /// Whose the keys are, by KPay's word.
    pub(super) application: Mutex<Option<ApplicationId>>,
    observer: Arc<dyn Observer>,
    patience: Option<Duration>,
}

/// How a request identifies itself.
#[derive(Clone, Copy)]
pub(super) enum Auth<'a> {
    /// Both key headers.
    Keys,
    /// The headers of keys that are not in use yet.
    These(&'a Keys),
    /// The bearer token.
    Bearer(&'a Token),
    /// Not at all: what KPay tells everybody.
    Nobody,
}

/// One request, before it is sent.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) endpoint: Endpoint,
    /// What follows the endpoint's path: a query, or an id.
    pub(super) query: &'a str,
    pub(super) auth: Auth<'a>,
    pub(super) body: Option<&'a str>,
}

impl Client {
    /// Makes a client; sends nothing.
    ///
    /// # Errors
    /// [`CallError::WrongEnvironment`] where the keys are of another environment than the configuration;
    /// [`CallError::Setup`] where the machine has no certificate authorities.
    #[allow(clippy::disallowed_methods, reason = "the wall clock, for the budget that outlives the process")]
    pub fn new(settings: ClientSettings, observer: Arc<dyn Observer>) -> Result<Self, CallError> {
        check_environment(settings.environment, &settings.keys)?;
        let transport = Transport::new(&settings.base_url, settings.allow_private_addresses, settings.timeout)
            .map_err(CallError::Setup)?;
        let file = settings.budget_file.as_deref();
        Ok(Self {
            base_url: settings.base_url,
            environment: settings.environment,
            application_id: settings.application_id,
            transport,
            limiter: Limiter::new(settings.requests_per_minute, file, SystemTime::now),
            tokens: Tokens::default(),
            overview_rests_until: Mutex::new(None),
            server_clock: ServerClock::default(),
            keys: RwLock::new(settings.keys),
            key_source: settings.key_source,
            application: Mutex::default(),
            observer,
            patience: settings.patience,
        })
    }

    /// Whether the budget has room for another request while one [`super::Clearance`] is held.
    #[must_use]
    pub fn has_room_beside_a_clearance(&self) -> bool {
        self.limiter.limit() > 1
    }

    /// By how many seconds the machine's clock is ahead of KPay's, negative where it is behind, as the last reply with a
    /// `Date` told; `None` where none did.
    #[must_use]
    pub fn clock_ahead_seconds(&self) -> Option<i64> {
        self.server_clock.ahead_seconds()
    }

    /// How long a Retry-After of KPay's still holds every request; `None` where none runs.
    #[must_use]
    pub fn held_for(&self) -> Option<Duration> {
        self.limiter.held_for()
    }

    /// How long the next request would wait, for a Retry-After or for the budget; `None` for not at all.
    #[must_use]
    pub fn wait_expected(&self) -> Option<Duration> {
        self.limiter.wait()
    }

    /// What a request that waits now waits for: a Retry-After or the budget; `None` where none waits.
    #[must_use]
    pub fn waits_for(&self) -> Option<String> {
        if !self.limiter.somebody_waits() {
            return None;
        }
        match self.held_for() {
            Some(hold) => Some(format!("KPay asked us to wait (Retry-After): {} s more", hold.as_secs() + 1)),
            None => self.limiter.full().map(|full| self.used_up(full).to_string()),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the wall clock, for people who read it")]
    fn used_up(&self, full: Full) -> UsedUp {
        UsedUp::at(SystemTime::now().into(), self.limiter.limit(), full.since, full.left)
    }

    /// Waits for leave to send one request, outside any deadline.
    ///
    /// # Errors
    /// [`CallError::UsedUp`] where the budget has no place within [`ClientSettings::patience`].
    pub(super) async fn permit(&self, endpoint: Endpoint) -> Result<Permit, CallError> {
        let start = Instant::now();
        if let Some(wait) = self.wait_expected().filter(|wait| *wait >= WORTH_A_WORD) {
            tracing::info!(seconds = wait.as_secs(), "waiting for the request budget or a retry-after");
        }
        let permit = self.limiter.acquire(self.patience).await;
        let waited = start.elapsed();
        if !waited.is_zero() {
            self.observer.waited(waited.as_secs_f64());
        }
        permit.map_err(|full| CallError::UsedUp { endpoint, used_up: self.used_up(full) })
    }

    /// Sends one request, once, and tells the budget and the observer.
    pub(super) async fn exchange(&self, mut permit: Permit, call: Call<'_>) -> Result<Answer, Failure> {
        let url = format!("{}{}", self.base_url.join(call.endpoint.path()), call.query);
        let mut request = self.transport.request(call.endpoint.is_post(), &url);
        let odd_header = || Failure::NotSent("a key or token does not fit a header".to_owned());
        match call.auth {
            Auth::Keys | Auth::These(_) => {
                let headers = match call.auth {
                    Auth::These(keys) => keys.headers(),
                    _ => self.keys_in_use().headers(),
                };
                let (api, secret) = headers.ok_or_else(odd_header)?;
                request = request.header("X-API-Key", api).header("X-Secret-Key", secret);
            }
            Auth::Bearer(token) => {
                let value = sensitive(&format!("Bearer {}", token.text.expose_secret())).ok_or_else(odd_header)?;
                request = request.header(header::AUTHORIZATION, value);
            }
            Auth::Nobody => {}
        }
        if let Some(body) = call.body {
            let json = HeaderValue::from_static("application/json");
            request = request.header(header::CONTENT_TYPE, json).body(body.to_owned());
        }
        permit.begin();
        let start = Instant::now();
        let mut outcome = Transport::send(request).await;
        let label = outcome.as_ref().map_or(StatusLabel::ERROR, |answer| StatusLabel::of(answer.status));
        let elapsed = start.elapsed();
        self.observer.request(call.endpoint, label, elapsed.as_secs_f64());
        if let Ok(answer) = &mut outcome {
            self.heed(answer, elapsed);
            self.scrub(&mut answer.body, call.auth);
        }
        outcome
    }

    /// A question (not a transfer): only 200 and 201 are answers.
    pub(super) async fn ask(&self, call: Call<'_>) -> Result<Vec<u8>, CallError> {
        let endpoint = call.endpoint;
        let permit = self.permit(endpoint).await?;
        let answer = self.exchange(permit, call).await.map_err(|failure| self.explain(endpoint, failure))?;
        let message = || {
            let said = message_of(&answer.body).unwrap_or_else(|| shown(&answer.body));
            if endpoint == Endpoint::Withdrawal { without_urls(&said) } else { said }
        };
        match answer.status {
            200 | 201 => Ok(answer.body),
            401 => Err(CallError::NotAuthorized { endpoint, message: message() }),
            403 => Err(CallError::Forbidden { endpoint, message: message() }),
            429 => {
                let held_for_seconds = self.held_for().map_or(0, |wait| wait.as_secs() + 1);
                Err(CallError::RateLimited { endpoint, held_for_seconds })
            }
            300..=399 => {
                let message = "a redirect, which is not followed; check kpay.base_url".to_owned();
                Err(CallError::Status { endpoint, status: answer.status, message })
            }
            status => Err(CallError::Status { endpoint, status, message: message() }),
        }
    }

    /// The bearer token, fetched where needed.
    pub(super) async fn token(&self) -> Result<Token, CallError> {
        self.tokens.get(async || self.fetch_token().await).await
    }

    async fn fetch_token(&self) -> Result<Issued, CallError> {
        let call = Call { endpoint: Endpoint::Token, query: "", auth: Auth::Keys, body: Some("{}") };
        token::read(&self.ask_with_keys(call).await?, self.environment)
    }

    fn explain(&self, endpoint: Endpoint, failure: Failure) -> CallError {
        match failure {
            Failure::NotSent(what) => CallError::Unreachable { endpoint, what },
            Failure::TimedOut => CallError::TimedOut { endpoint, seconds: self.transport.timeout().as_secs() },
            Failure::Broken(what) => CallError::Broken { endpoint, what },
            Failure::TooLarge => CallError::TooLarge { endpoint },
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the wall clock, for a Retry-After that is a date, and to compare it")]
    /// Looks at KPay's clock; holds everything after a 429, and after a 503 that says for how long.
    fn heed(&self, answer: &Answer, elapsed: Duration) {
        let now = SystemTime::now();
        self.server_clock.hear(answer.date.as_deref(), now, elapsed);
        let told = read_retry_after(&answer.retry_after, answer.date.as_deref(), now);
        match (answer.status, told) {
            (429, _) | (503, Some(_)) => {
                let pause = self.limiter.hold(told);
                tracing::warn!(status = answer.status, pause_seconds = pause.as_secs(), "kpay asks for a pause");
            }
            _ => self.limiter.heard(),
        }
    }

    /// Takes our own secrets out of a reply that echoes them, before anything of it can be shown.
    fn scrub(&self, body: &mut [u8], auth: Auth<'_>) {
        let keys = self.keys_in_use();
        let more = match auth {
            Auth::Keys | Auth::Nobody => [""; 2],
            Auth::These(keys) => keys.exposed(),
            Auth::Bearer(token) => [token.text.expose_secret(), ""],
        };
        for secret in keys.exposed().into_iter().chain(more).filter(|secret| !secret.is_empty()) {
            blot_out(body, secret.as_bytes());
        }
    }

    pub(super) fn keys_in_use(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses other keys from the next request on; the old token is forgotten.
    pub(super) fn use_keys(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.tokens.forget();
    }
}

fn blot_out(body: &mut [u8], secret: &[u8]) {
    let mut from = 0;
    while let Some(found) = body.get(from..).and_then(|rest| rest.windows(secret.len()).position(|part| part == secret))
    {
        let end = from + found + secret.len();
        body[from + found..end].fill(b'*');
        from = end;
    }
}

pub(super) fn check_environment(expected: Environment, keys: &Keys) -> Result<(), CallError> {
    if keys.environment() == expected {
        return Ok(());
    }
    let told = keys.environment().to_string();
    Err(CallError::WrongEnvironment { expected, told_by: "the keys (by their prefix)", told })
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        shown.field("base_url", &tame(&self.base_url.to_string(), 80));
        shown.field("environment", &self.environment).finish_non_exhaustive()
    }
}
