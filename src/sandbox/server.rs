//! The listener and its connections. It speaks HTTP/1.1 itself, because a fault decides about every byte.

use super::answer::{Answer, Late};
use super::handle::Handle;
use super::journal::Delivered;
use super::read::{ReadError, Request, read_request};
use super::transfer::{Order, Terms};
use super::withdrawal::PayoutTerms;
use super::world::Shared;
use super::write::{Next, deliver};
use super::{SandboxError, SandboxSettings, clock, router, webhooks};
use bytes::BytesMut;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio::{sync::watch, task::JoinHandle, task::JoinSet, time};

/// How long a connection may say nothing.
const LONGEST_SILENCE: Duration = Duration::from_secs(90);
/// How long connections have to finish what they are writing at the end.
const DRAIN: Duration = Duration::from_secs(1);
/// Connections at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;
/// How often a late transfer looks whether its time has come: the clock may be pushed forward meanwhile.
const LATE_TICK: Duration = Duration::from_millis(10);

/// The sandbox as a thing to start.
pub struct Sandbox;

/// A sandbox that serves until [`Running::shutdown`], or until it is dropped.
pub struct Running {
    addr: SocketAddr,
    handle: Handle,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Opens the books and listens; port 0 takes a free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::NotLoopback`], [`SandboxError::Listen`], or an opening balance that cannot be.
    pub async fn start(settings: SandboxSettings, listen: SocketAddr) -> Result<Running, SandboxError> {
        if !listen.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(listen));
        }
        let shared = Arc::new(Shared::new(settings)?);
        let refused = |source| SandboxError::Listen { addr: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        shared.world().base_url = format!("http://{addr}");
        let (stop, stopped) = watch::channel(false);
        // Ends by itself with the server.
        tokio::spawn(webhooks::send_all(Arc::clone(&shared), stopped.clone()));
        let server = tokio::spawn(serve(listener, Arc::clone(&shared), stopped));
        Ok(Running { addr, handle: Handle::new(shared), stop, server })
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The door to books, log and faults from inside the process.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops accepting, lets replies being written finish, drops the rest; transfers still to land late never do.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        // The server task ends by itself and has nothing to tell.
        let _ = self.server.await;
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    loop {
        let full = tasks.len() >= MOST_CONNECTIONS;
        tokio::select! {
            () = stop_asked(&mut stopped) => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, _)) => { tasks.spawn(converse(Arc::clone(&shared), stream, stopped.clone())); }
                // Out of descriptors, or a caller that left at once: neither goes away by asking again at once.
                Err(_) => time::sleep(LATE_TICK).await,
            },
        }
    }
    drop(listener);
    // What is not done by then is aborted with the set.
    let _ = time::timeout(DRAIN, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Returns when the sandbox is to stop, or its [`Running`] is gone.
async fn stop_asked(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn converse(shared: Arc<Shared>, mut stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    // Only a hint to the kernel.
    let _ = stream.set_nodelay(true);
    let mut buffer = BytesMut::new();
    loop {
        let read = tokio::select! {
            () = stop_asked(&mut stopped) => return,
            read = time::timeout(LONGEST_SILENCE, read_request(&mut stream, &mut buffer)) => read,
        };
        let request = match read {
            Ok(Ok(request)) => request,
            Ok(Err(error)) => return refuse(&shared, &mut stream, error).await,
            Err(_) => return,
        };
        if reply_to(&shared, &mut stream, &request, &mut stopped).await == Next::Close {
            return;
        }
    }
}

async fn reply_to(
    shared: &Arc<Shared>,
    stream: &mut TcpStream,
    request: &Request,
    stopped: &mut watch::Receiver<bool>,
) -> Next {
    let mut answer = router::answer(shared, request);
    if let Some(late) = answer.late.take() {
        tokio::spawn(land_late(Arc::clone(shared), late, stopped.clone()));
    }
    let now = shared.clock.now();
    // A reply without an artificial wait in it is out before anybody could ask to stop.
    let delivered = tokio::select! {
        biased;
        delivered = deliver(stream, &answer, request.keep_alive, now) => delivered,
        () = stop_asked(stopped) => return Next::Close,
    };
    delivered.unwrap_or_else(|_| {
        shared.world().log.amend(answer.number, |record| record.delivered = Delivered::CallerGone);
        Next::Close
    })
}

/// Processes a transfer whose connection is long gone.
async fn land_late(shared: Arc<Shared>, late: Late, mut stopped: watch::Receiver<bool>) {
    let due = shared.clock.now() + clock::millis(late.after);
    while shared.clock.now() < due {
        tokio::select! {
            () = stop_asked(&mut stopped) => return,
            () = time::sleep(LATE_TICK) => {}
        }
    }
    let order = Order { mode: late.mode, body: &late.body, request: late.request, now: shared.clock.now() };
    // Applied or refused, it is in the books and in the log; nobody is left to be told.
    if late.withdrawal {
        let _ = shared.world().withdraw(&order, PayoutTerms::default());
        return;
    }
    let _ = shared.world().transfer(&order, Terms::default());
}

/// Something that is not a whole request.
async fn refuse(shared: &Shared, stream: &mut TcpStream, error: ReadError) {
    let reply = match error {
        ReadError::Closed { partial: false } => return,
        ReadError::Closed { partial: true } => {
            shared.world().log.counters.broken += 1;
            return;
        }
        ReadError::Broken(reply) => reply,
    };
    shared.world().log.counters.broken += 1;
    // The caller may be gone; there is nothing else to do for it.
    let _ = deliver(stream, &Answer::whole(reply), false, shared.clock.now()).await;
}
