//! Serving: what a connection may cost is bounded, and a full house never keeps the next one out.
//!
//! A connection lives for [`LIFETIME`] at most, may send so many bytes ([`PAGE_BYTES`] for the pages) and carries one
//! request. Past [`MOST_CONNECTIONS`] the oldest is closed in favour of the newest: an honest request is answered within
//! milliseconds, so the oldest are the slow ones, and a probe gets through however many of them are held open.

use axum::Router;
use axum::serve::Listener;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Sleep;

/// From the accepted connection to the last byte handed to the kernel.
const LIFETIME: Duration = Duration::from_secs(5);
/// What a request for a page may have: request line, headers and body together.
pub const PAGE_BYTES: usize = 16 * 1024;
/// How a connection begins that speaks HTTP/2, where one connection carries any number of requests. None is spoken here,
/// whatever the libraries are built with.
const HTTP_2: &[u8] = b"PRI ";
/// Connections open at one time.
const MOST_CONNECTIONS: usize = 64;

/// Serves until `shutdown` is done. A connection may send `most_bytes`: request line, headers and body together.
/// Connections still open at the end are closed: an answer is computed in one go, so only
/// a slow or idle reader is cut off, and the end of the daemon waits for nobody.
///
/// # Errors
/// [`io::Error`] where the listener breaks down.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    most_bytes: usize,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = Bounded { listener, most_bytes, open: VecDeque::new() };
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

/// A listener that keeps the leash of every connection it gave out: dropping a leash closes its connection.
struct Bounded {
    listener: TcpListener,
    most_bytes: usize,
    open: VecDeque<oneshot::Sender<Infallible>>,
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // axum's accept logs what fails and tries again, with a pause where descriptors have run out.
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        self.open.retain(|leash| !leash.is_closed());
        while self.open.len() >= MOST_CONNECTIONS {
            self.open.pop_front();
        }
        let (leash, let_go) = oneshot::channel();
        self.open.push_back(leash);
        let until = Box::pin(tokio::time::sleep(LIFETIME));
        (Connection { stream, bytes_left: self.most_bytes, begins: Vec::new(), until, let_go }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection with its bounds.
struct Connection {
    stream: TcpStream,
    bytes_left: usize,
    /// The first bytes that came, as many as [`HTTP_2`] has.
    begins: Vec<u8>,
    until: Pin<Box<Sleep>>,
    let_go: oneshot::Receiver<Infallible>,
}

impl Connection {
    /// Also leaves the task's waker with the clock and the leash, so that a stalled connection ends too.
    fn check_bounds(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.until.as_mut().poll(cx).is_ready() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the connection took too long"));
        }
        if Pin::new(&mut self.let_go).poll(cx).is_ready() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "closed in favour of a newer connection"));
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_bounds(cx)?;
        if self.bytes_left == 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the request is too long")));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let came = buffer.filled().len().saturating_sub(before);
        self.bytes_left = self.bytes_left.saturating_sub(came);
        let wanting = HTTP_2.len().saturating_sub(self.begins.len());
        self.begins.extend(buffer.filled().iter().skip(before).take(wanting));
        if self.begins == HTTP_2 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "HTTP/2 is not spoken here")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check_bounds(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
