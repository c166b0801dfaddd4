//! The task that sends what waits. HTTP/1.1 by hand, as the server speaks it.

use super::{Notice, WebhookOutcome};
use crate::sandbox::clock::{Instant, millis};
use crate::sandbox::world::Shared;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::{sync::watch, task::JoinSet, time};

/// How often the withdrawals and the clock are looked at: the clock may be pushed forward meanwhile.
const TICK: Duration = Duration::from_millis(10);
/// When each try begins, after the first.
const TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(5), Duration::from_secs(10)];
/// How long one may take: the third is over within 15 s.
const LONGEST: Duration = Duration::from_secs(4);
/// More than any head that is answered.
const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// Sends webhooks until `stopped`; those on their way then are dropped.
pub(in crate::sandbox) async fn send_all(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            // An error means that the sandbox is gone: the same.
            _ = stopped.wait_for(|stop| *stop) => return,
            () = time::sleep(TICK) => {}
        }
        while tasks.try_join_next().is_some() {}
        for notice in due(&shared) {
            tasks.spawn(deliver(Arc::clone(&shared), notice));
        }
    }
}

fn due(shared: &Shared) -> Vec<Notice> {
    let mut world = shared.world();
    if world.outbox.is_idle() {
        return Vec::new();
    }
    let now = shared.clock.now();
    // Nobody may be asking about a withdrawal; it is over all the same.
    world.follow_payouts(now);
    world.outbox.take_due(now)
}

async fn deliver(shared: Arc<Shared>, notice: Notice) {
    let first = shared.clock.now();
    for (attempt, after) in (1..).zip(TRIES) {
        until(&shared, first + millis(after)).await;
        let outcome = match time::timeout(LONGEST, post(&notice)).await {
            Ok(Ok(status)) => WebhookOutcome::Answered(status),
            Ok(Err(error)) => WebhookOutcome::NoAnswer(error.to_string()),
            Err(_) => WebhookOutcome::NoAnswer(format!("nothing within {} s", LONGEST.as_secs())),
        };
        let is_taken = matches!(outcome, WebhookOutcome::Answered(200..300));
        shared.world().log.webhook(notice.tried(attempt, shared.clock.now(), outcome));
        if is_taken {
            return;
        }
    }
}

async fn until(shared: &Shared, at: Instant) {
    while shared.clock.now() < at {
        time::sleep(TICK).await;
    }
}

/// The status that is answered.
async fn post(notice: &Notice) -> io::Result<u16> {
    let Notice { receiver, body, event, signature, .. } = notice;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-KPAY-Event: {event}\r\n\
         X-KPAY-Signature: {signature}\r\nConnection: close\r\n\r\n",
        receiver.target,
        receiver.addr,
        body.len(),
    );
    let mut stream = TcpStream::connect(receiver.addr).await?;
    // One that answers before it has read everything may have closed: its answer counts.
    let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await;
    let mut answer = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        let whole = parsed.parse(&answer).map_err(io::Error::other)?.is_complete();
        if let Some(status) = parsed.code.filter(|_| whole) {
            return Ok(status);
        }
        if answer.len() > LONGEST_HEAD || stream.read_buf(&mut answer).await? == 0 {
            return Err(io::Error::other("no whole answer"));
        }
    }
}
