//! Serving: what a connection may cost is bounded, and a full house never keeps the next one out.
//!
//! A connection lives for [`LIFETIME`] at most, carries one request, and that has a head of [`HEAD_BYTES`] at most; how much
//! of a body is read is up to who takes it. Past [`MOST_CONNECTIONS`] the oldest is closed in favour of the newest: an honest
//! request is answered within milliseconds, so the oldest are the slow ones, and a probe gets through however many of them
//! are held open.

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// From the accepted connection to the last byte handed to the kernel.
const LIFETIME: Duration = Duration::from_secs(5);
/// Request line and headers together.
const HEAD_BYTES: usize = 16 * 1024;
/// Connections open at one time.
const MOST_CONNECTIONS: usize = 64;

/// Serves until `shutdown` is done. Connections still open then are closed: an answer is computed in one go, so only a slow
/// or idle reader is cut off, and the end of the daemon waits for nobody.
pub async fn serve(mut listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) {
    let mut shutdown = pin!(shutdown);
    let mut leashes: VecDeque<oneshot::Sender<Infallible>> = VecDeque::new();
    // Dropped at the end, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            // axum's accept logs what fails and tries again, with a pause where descriptors have run out.
            (stream, _) = Listener::accept(&mut listener) => stream,
            () = &mut shutdown => return,
        };
        while connections.try_join_next().is_some() {}
        leashes.retain(|leash| !leash.is_closed());
        while leashes.len() >= MOST_CONNECTIONS {
            leashes.pop_front();
        }
        let (leash, let_go) = oneshot::channel();
        leashes.push_back(leash);
        connections.spawn(converse(stream, router.clone(), let_go));
    }
}

/// One request and its answer, until its time is over or its leash is dropped.
async fn converse(stream: TcpStream, router: Router, let_go: oneshot::Receiver<Infallible>) {
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection");
        },
        () = tokio::time::sleep(LIFETIME) => tracing::debug!("a connection took too long"),
        _ = let_go => tracing::debug!("a connection was closed in favour of a newer one"),
    }
}
