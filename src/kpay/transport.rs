//! One HTTP exchange: bytes out, status and capped bytes in, or how far it got. Knows nothing of KPay.
//!
//! Deliberately off: redirects, retries by the library, proxies (also those of the environment), cookies, referer,
//! decompression, HTTP/2.

use super::resolver::Reach;
use super::{BaseUrl, tls};
use crate::model::tame;
use reqwest::{RequestBuilder, Response, header, redirect, retry};
use std::error::Error;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// No documented reply is anywhere near.
const LARGEST_BODY_BYTES: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than any server's keep-alive, so that a request hardly ever meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// What came back, whole.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Every `Retry-After`; a value that is not ASCII text is an empty string.
    pub(super) retry_after: Vec<String>,
    pub(super) date: Option<String>,
    pub(super) body: Vec<u8>,
}

/// How far it got instead.
#[derive(Debug)]
pub(super) enum Failure {
    /// No connection was made: not one byte of the request left.
    NotSent(String),
    /// The deadline passed; bytes may have left.
    TimedOut,
    /// Bytes may have left; the answer did not come whole. The status line may have come.
    Broken(String),
    /// The answer was larger than the cap.
    TooLarge,
}

/// The connection pool.
pub(super) struct Transport {
    http: RwLock<reqwest::Client>,
    tls: rustls::ClientConfig,
    plain_http: bool,
    reach: Reach,
    timeout: Duration,
}

impl Transport {
    pub(super) fn new(base_url: &BaseUrl, allow_private: bool, timeout: Duration) -> Result<Self, String> {
        let plain_http = base_url.is_plain_http();
        let reach = match (base_url.is_this_machine(), allow_private) {
            (true, _) => Reach::ThisMachine,
            (false, true) => Reach::Anywhere,
            (false, false) => Reach::Public,
        };
        let tls = tls::config(!plain_http)?;
        let http = RwLock::new(build(&tls, plain_http, reach, timeout)?);
        Ok(Self { http, tls, plain_http, reach, timeout })
    }

    /// The whole-request deadline.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A request to be filled in.
    pub(super) fn request(&self, is_post: bool, url: &str) -> RequestBuilder {
        let http = self.http.read().unwrap_or_else(PoisonError::into_inner);
        if is_post { http.post(url) } else { http.get(url) }
    }

    /// Sends one request, once.
    pub(super) async fn send(request: RequestBuilder) -> Result<Answer, Failure> {
        let response = request.send().await.map_err(|error| failure(&error))?;
        let texts = |name| {
            let values = response.headers().get_all(name).into_iter();
            values.map(|value| value.to_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        let (retry_after, date) = (texts(header::RETRY_AFTER), texts(header::DATE).pop());
        let status = response.status().as_u16();
        let body = read_body(response).await?;
        Ok(Answer { status, retry_after, date, body })
    }

    /// Forgets every open connection: after a reply that belongs to another request the next one would too.
    pub(super) fn drop_connections(&self) {
        if let Ok(fresh) = build(&self.tls, self.plain_http, self.reach, self.timeout) {
            *self.http.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }
}

fn build(
    tls: &rustls::ClientConfig,
    plain_http: bool,
    reach: Reach,
    timeout: Duration,
) -> Result<reqwest::Client, String> {
    let mut headers = header::HeaderMap::new();
    headers.insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .https_only(!plain_http)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .dns_resolver(reach)
        .referer(false)
        .user_agent(concat!("treasuryd/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .pool_idle_timeout(POOL_IDLE)
        .build()
        .map_err(|error| innermost(&error))
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > LARGEST_BODY_BYTES {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_connect() || error.is_builder() {
        return Failure::NotSent(innermost(error));
    }
    if error.is_timeout() {
        return Failure::TimedOut;
    }
    Failure::Broken(innermost(error))
}

/// The cause behind the causes; reqwest's own text names only the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    tame(&cause.to_string(), 160)
}
