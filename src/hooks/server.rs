//! The listener: one path, one method, the signature before anything else, and an answer at once.

use super::Hints;
use super::notice::{self, Notice, Payout};
use super::recent::Recent;
use super::secret::{Secret, Signature, signature};
use crate::daemon::doors::Clock;
use crate::daemon::metrics::{Metrics, WebhookResult};
use crate::http;
use crate::model::{Timestamp, tame};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chrono::TimeDelta;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Where KPay is told to send them.
const PATH: &str = "/webhooks/kpay";
/// The signature's header.
const SIGNATURE: HeaderName = HeaderName::from_static("x-kpay-signature");
/// The longest body.
pub(super) const MOST_BODY: usize = 64 * 1024;
/// How far from our clock a webhook may have been made. KPay tries again for 15 s only.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// Hints that wait to be passed on.
pub(super) const MOST_WAITING: usize = 64;
/// Forged ones are told of in the log this often at most; all of them are counted.
const WARN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What the listener is made of.
pub struct Parts {
    /// What KPay signs with.
    pub secret: Secret,
    /// Who is told.
    pub hints: Arc<dyn Hints>,
    /// For the window.
    pub clock: Arc<dyn Clock>,
    /// Each webhook is counted by what became of it.
    pub metrics: Arc<Metrics>,
}

struct Shared {
    secret: Secret,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    waiting: mpsc::Sender<Payout>,
    recent: Mutex<Recent>,
    warned_at: Mutex<Option<Timestamp>>,
}

/// What became of one webhook: what is counted, and what KPay is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verdict(WebhookResult, StatusCode, &'static str);

const FORGED: Verdict =
    Verdict(WebhookResult::Forged, StatusCode::UNAUTHORIZED, "the signature is missing or does not fit");
const TOO_LONG: Verdict =
    Verdict(WebhookResult::Malformed, StatusCode::PAYLOAD_TOO_LARGE, "longer than 64 KiB, or cut short");

/// Serves until `shutdown` is done. Hints that still wait then are dropped: the next start asks about every open intent.
pub async fn serve(listener: TcpListener, parts: Parts, shutdown: impl Future<Output = ()> + Send) {
    let (waiting, taken) = mpsc::channel(MOST_WAITING);
    let passing_on = tokio::spawn(pass_on(taken, parts.hints.clone()));
    http::serve(listener, router(parts, waiting), shutdown).await;
    passing_on.abort();
}

/// One after another: whatever the other side does with a hint, KPay does not wait for it.
async fn pass_on(mut taken: mpsc::Receiver<Payout>, hints: Arc<dyn Hints>) {
    while let Some(payout) = taken.recv().await {
        hints.hint(payout.kpay_id, payout.external_id);
    }
}

pub(super) fn router(parts: Parts, waiting: mpsc::Sender<Payout>) -> Router {
    let Parts { secret, clock, metrics, .. } = parts;
    let (recent, warned_at) = (Mutex::default(), Mutex::default());
    let shared = Shared { secret, clock, metrics, waiting, recent, warned_at };
    Router::new().route(PATH, post(take)).with_state(Arc::new(shared))
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Verdict(result, status, text) = shared.judge(request).await;
    shared.metrics.webhook(result);
    (status, format!("{text}\n")).into_response()
}

impl Shared {
    async fn judge(&self, request: Request) -> Verdict {
        let (head, body) = request.into_parts();
        let Some(signature) = only_signature(&head.headers) else { return self.forged() };
        let Some(body) = whole(&head.headers, body).await else { return TOO_LONG };
        if !self.secret.signed(&body, &signature) {
            return self.forged();
        }
        match notice::read(&body) {
            Ok(Notice::Payout(payout)) => self.take(payout),
            Ok(Notice::Other) => Verdict(WebhookResult::Ignored, StatusCode::OK, "not about a payout of ours"),
            Err(why) => {
                tracing::warn!(why, "a signed webhook cannot be read");
                Verdict(WebhookResult::Malformed, StatusCode::BAD_REQUEST, why)
            }
        }
    }

    /// A time that is missing or not understood shuts nothing out: it is a hint all the same, and repeats are known.
    fn take(&self, payout: Payout) -> Verdict {
        let now = self.clock.now();
        if payout.made_at().is_some_and(|made_at| (now - made_at).abs() > WINDOW) {
            tracing::info!(external_id = %payout.external_id, "a webhook came too late or too early");
            return Verdict(WebhookResult::Stale, StatusCode::ACCEPTED, "not made within five minutes of now");
        }
        // Held over both steps, so that of two at the same time one is the repeat.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if !recent.take(&payout) {
            return Verdict(WebhookResult::Repeated, StatusCode::OK, "known already");
        }
        let told = (tame(&payout.event, 64), payout.external_id.clone());
        match self.waiting.try_send(payout) {
            Ok(()) => {
                tracing::info!(event = told.0, external_id = told.1, "kpay's webhook: a payout is looked up");
                Verdict(WebhookResult::Accepted, StatusCode::OK, "taken as a hint")
            }
            // Asking in turns finds it anyway, only later.
            Err(_) => Verdict(WebhookResult::Dropped, StatusCode::OK, "too many wait; it is found without a hint"),
        }
    }

    /// The first in a while is told, for a wrong secret of ours looks just like this.
    fn forged(&self) -> Verdict {
        let now = self.clock.now();
        let mut warned_at = self.warned_at.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_at.is_none_or(|last| (now - last).abs() >= WARN_EVERY) {
            *warned_at = Some(now);
            tracing::warn!(
                "a webhook whose signature is missing or does not fit was refused; if KPay sent it, compare the webhook \
                 secret with KPay's"
            );
        }
        FORGED
    }
}

/// The signature, where there is exactly one.
fn only_signature(headers: &HeaderMap) -> Option<Signature> {
    let mut values = headers.get_all(SIGNATURE).iter();
    let (first, more) = (values.next()?, values.next());
    signature(first.as_bytes()).filter(|_| more.is_none())
}

/// The whole body; `None` where it is too long, which its length may say beforehand, or did not come.
async fn whole(headers: &HeaderMap, body: Body) -> Option<Bytes> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MOST_BODY as u64) {
        return None;
    }
    to_bytes(body, MOST_BODY).await.ok()
}
