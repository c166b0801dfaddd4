//! Puts an answer on the wire, byte for byte as its delivery says.

use super::answer::{Answer, Delivery};
use super::clock::Instant;
use super::play::http_date;
use super::reply::{Reply, reason};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::{net::TcpStream, time};

/// How long `hang` holds a connection at most.
const LONGEST_HANG: Duration = Duration::from_mins(1);
/// How much of `endless-headers` goes to a caller that takes it all.
const MOST_HEADERS: usize = 64 * 1024 * 1024;
static BLANKS: [u8; 64 * 1024] = [b' '; 64 * 1024];

/// What the connection is good for afterwards.
#[derive(PartialEq, Eq)]
pub(super) enum Next {
    KeepAlive,
    Close,
}

/// Waits, writes, resets or hangs, as the answer says.
pub(super) async fn deliver(
    stream: &mut TcpStream,
    answer: &Answer,
    keep_alive: bool,
    now: Instant,
) -> io::Result<Next> {
    if !answer.wait.is_zero() {
        time::sleep(answer.wait).await;
    }
    let whole = matches!(answer.delivery, Delivery::Whole | Delivery::Drip(_) | Delivery::Padded(_));
    let stays = keep_alive && whole;
    let body = &answer.reply.body;
    match answer.delivery {
        // The kernel sends RST instead of FIN when the socket is dropped.
        Delivery::Reset => stream.set_zero_linger()?,
        Delivery::Hang => until_gone(stream).await,
        Delivery::Whole => {
            let mut bytes = head(&answer.reply, length(body), stays, now);
            bytes.extend_from_slice(body);
            stream.write_all(&bytes).await?;
        }
        Delivery::Cut(kept) => {
            let mut bytes = head(&answer.reply, length(body), false, now);
            bytes.extend_from_slice(&body[..kept.min(body.len())]);
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
        }
        Delivery::Drip(pause) => {
            let mut bytes = head(&answer.reply, length(body), stays, now);
            bytes.extend_from_slice(body);
            drip(stream, &bytes, pause).await?;
        }
        Delivery::Headers => endless_headers(stream, &answer.reply, now).await?,
        Delivery::Padded(blanks) => {
            stream.write_all(&head(&answer.reply, length(body).saturating_add(blanks), stays, now)).await?;
            pad(stream, blanks).await?;
            stream.write_all(body).await?;
        }
    }
    Ok(if stays { Next::KeepAlive } else { Next::Close })
}

fn length(body: &[u8]) -> u64 {
    u64::try_from(body.len()).unwrap_or(u64::MAX)
}

fn head(reply: &Reply, length: u64, keep_alive: bool, now: Instant) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} {}\r\nDate: {}\r\n", reply.status, reason(reply.status), http_date(now));
    // Writing into a String cannot fail. 204 and 304 have no body by definition, so no length either.
    if !matches!(reply.status, 204 | 304) {
        let _ = write!(text, "Content-Type: {}\r\nContent-Length: {length}\r\n", reply.content_type);
    }
    for (name, value) in &reply.headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text.push_str(if keep_alive { "Connection: keep-alive\r\n\r\n" } else { "Connection: close\r\n\r\n" });
    text.into_bytes()
}

/// Holds the connection until the caller closes it.
async fn until_gone(stream: &mut TcpStream) {
    let mut ignored = [0_u8; 64];
    let gone = async { while matches!(stream.read(&mut ignored).await, Ok(read) if read > 0) {} };
    // Either way the connection ends now.
    let _ = time::timeout(LONGEST_HANG, gone).await;
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(std::slice::from_ref(byte)).await?;
        time::sleep(pause).await;
    }
    Ok(())
}

async fn endless_headers(stream: &mut TcpStream, reply: &Reply, now: Instant) -> io::Result<()> {
    let mut head = head(reply, 0, false, now);
    // The blank line that would end them stays away.
    head.truncate(head.len() - 2);
    stream.write_all(&head).await?;
    let line = format!("X-Padding: {}\r\n", "x".repeat(1_000));
    for _ in 0..MOST_HEADERS / line.len() {
        stream.write_all(line.as_bytes()).await?;
    }
    Ok(())
}

async fn pad(stream: &mut TcpStream, mut blanks: u64) -> io::Result<()> {
    while blanks > 0 {
        let now = usize::try_from(blanks).unwrap_or(BLANKS.len()).min(BLANKS.len());
        stream.write_all(&BLANKS[..now]).await?;
        blanks = blanks.saturating_sub(length(&BLANKS[..now]));
    }
    Ok(())
}
