//! The five pages and what each of them answers.

use super::{StatusSource, guard, page};
use crate::daemon::metrics::Metrics;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::Display;
use std::sync::Arc;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The query of a page that does not reload itself.
const STILL: &str = "still";

#[derive(Clone)]
struct Shared {
    source: Arc<dyn StatusSource>,
    metrics: Arc<Metrics>,
}

/// `/`, `/metrics`, `/healthz`, `/readyz` and the style sheet; 404 for the rest.
pub fn router(source: Arc<dyn StatusSource>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/", get(dashboard))
        .route("/style.css", get(style))
        .route("/metrics", get(scrape))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(nothing_here)
        .with_state(Shared { source, metrics })
        .layer(axum::middleware::from_fn(guard::guard))
}

async fn dashboard(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let reloads = query.as_deref() != Some(STILL);
    match page::render(&shared.source.status(), reloads) {
        Ok(html) => (typed(HTML), html).into_response(),
        Err(error) => broken("the dashboard", &error),
    }
}

async fn style() -> impl IntoResponse {
    (typed(CSS), include_str!("style.css"))
}

async fn scrape(State(shared): State<Shared>) -> Response {
    match shared.metrics.render(&shared.source.status()) {
        Ok(text) => (typed(PROMETHEUS), text).into_response(),
        Err(error) => broken("the metrics", &error),
    }
}

async fn healthz(State(shared): State<Shared>) -> Response {
    match shared.source.healthy() {
        Ok(()) => plain(StatusCode::OK, "ok"),
        Err(because) => plain(StatusCode::SERVICE_UNAVAILABLE, &crate::model::tame(&because, 600)),
    }
}

async fn readyz(State(shared): State<Shared>) -> Response {
    let view = shared.source.status();
    if view.ready {
        return plain(StatusCode::OK, "ready");
    }
    let reasons = view.not_ready_because.iter().map(|reason| format!("\n- {}", crate::model::tame(reason, 600)));
    plain(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready{}", reasons.collect::<String>()))
}

async fn nothing_here() -> Response {
    plain(StatusCode::NOT_FOUND, "nothing here: there are /, /metrics, /healthz and /readyz")
}

/// A short answer for people and probes.
pub(super) fn plain(status: StatusCode, text: &str) -> Response {
    (status, typed(TEXT), format!("{text}\n")).into_response()
}

fn broken(what: &str, error: &dyn Display) -> Response {
    tracing::error!(%error, "could not write {what}");
    plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("could not write {what}; the log says why"))
}

fn typed(content_type: &'static str) -> [(HeaderName, &'static str); 1] {
    [(header::CONTENT_TYPE, content_type)]
}
