//! Plays a fault on an accepted request: some strike before it is processed, some spoil what comes after.

use super::answer::{Answer, Delivery, Late};
use super::faults::{Fault, RetryAfter, When};
use super::handlers::{self, Call};
use super::reply::{HTML, JSON, Reply};
use super::transfer::Order;
use super::{
    clock::Instant,
    endpoint::Endpoint,
    world::{Moved, World},
};
use chrono::TimeDelta;

/// How deep `nested` goes.
const NESTING: usize = 200_000;

/// Processes a request under a fault, or without one.
pub(super) fn play(world: &mut World, call: &Call<'_>, fault: Option<&Fault>) -> Answer {
    if let Some(answer) = fault.and_then(|fault| before(world, call, fault)) {
        return answer;
    }
    let reply = handlers::handle(world, call, fault);
    let moves = matches!(call.endpoint, Endpoint::Transfer | Endpoint::Withdraw);
    let before = if moves { world.last_reply.replace(reply.clone()) } else { None };
    match fault {
        Some(Fault::SwapReply) => Answer::whole(before.unwrap_or(reply)),
        Some(Fault::Duplicate) => Answer::whole(handlers::handle(world, call, None)),
        Some(fault) => after(reply, fault, call.now),
        None => Answer::whole(reply),
    }
}

/// The answer of a fault that keeps the request from being processed, at least for now.
fn before(world: &mut World, call: &Call<'_>, fault: &Fault) -> Option<Answer> {
    Some(match fault {
        Fault::Lost(When::Before) => Answer::reset(),
        Fault::Hang(When::Before) => Answer::hang(),
        Fault::Status { status, when: When::Before, html } => Answer::whole(failed(*status, *html)),
        Fault::TooMany { when: When::Before, retry_after } => Answer::whole(too_many(retry_after, call.now)),
        Fault::ExpiredToken => {
            if let Some(token) = call.bearer {
                world.tokens.forget(token);
            }
            let said = if call.endpoint.wants_bearer() { "Unauthorized" } else { "Invalid API credentials" };
            Answer::whole(Reply::error(401, said))
        }
        Fault::Redirect { url, status } => {
            Answer::whole(Reply::new(*status, HTML, "").with_header("Location", url.clone()))
        }
        Fault::Message { status, text } => Answer::whole(Reply::error(*status, text)),
        Fault::LateApply(after) if matches!(call.endpoint, Endpoint::Transfer | Endpoint::Withdraw) => Answer {
            late: Some(Late {
                mode: call.caller.mode,
                body: call.body.to_vec(),
                request: call.number,
                withdrawal: call.endpoint == Endpoint::Withdraw,
                after: *after,
            }),
            ..Answer::reset()
        },
        Fault::ConflictPending(conflicts) if matches!(call.endpoint, Endpoint::Transfer | Endpoint::Withdraw) => {
            let is_transfer = call.endpoint == Endpoint::Transfer;
            let what = if is_transfer { Moved::Transfer } else { Moved::Withdrawal };
            let order = Order { mode: call.caller.mode, body: call.body, request: call.number, now: call.now };
            world.hold_pending(what, &order, *conflicts);
            Answer::reset()
        }
        _ => return None,
    })
}

/// What becomes of the reply of a request that was processed.
fn after(reply: Reply, fault: &Fault, now: Instant) -> Answer {
    let success = reply.is_success();
    match fault {
        Fault::Lost(_) => Answer::reset(),
        Fault::Hang(_) => Answer::hang(),
        Fault::Status { status: status @ 200..300, .. } => Answer::whole(Reply { status: *status, ..reply }),
        Fault::Status { status, html, .. } => Answer::whole(failed(*status, *html)),
        Fault::TooMany { retry_after, .. } => Answer::whole(too_many(retry_after, now)),
        Fault::CutBody(bytes) => {
            let cut = bytes.unwrap_or(reply.body.len() / 2);
            Answer::by(Delivery::Cut(cut), reply)
        }
        Fault::EmptyCreated if success => Answer::whole(Reply::new(201, JSON, "")),
        Fault::HtmlCreated if success => Answer::whole(Reply::new(201, HTML, "<html><body>Welcome</body></html>")),
        Fault::Slow(wait) => Answer { wait: *wait, ..Answer::whole(reply) },
        Fault::SlowLoris(pause) => Answer::by(Delivery::Drip(*pause), reply),
        Fault::HugeBody(mib) => Answer::by(Delivery::Padded(u64::from(*mib) * 1024 * 1024), reply),
        Fault::GzipBomb(mib) => Answer::whole(super::bomb::gzip(reply.status, *mib)),
        Fault::EndlessHeaders => Answer::by(Delivery::Headers, reply),
        Fault::Nested => {
            let body = format!("{}{}", "[".repeat(NESTING), "]".repeat(NESTING));
            Answer::whole(Reply::new(reply.status, JSON, body))
        }
        _ => Answer::whole(reply),
    }
}

/// A reply that says only how it failed. A status below 400 has no error to tell.
fn failed(status: u16, html: bool) -> Reply {
    match status {
        _ if html => Reply::html(status),
        0..400 => Reply::new(status, JSON, if status == 204 || status == 304 { "" } else { "{}" }),
        _ => Reply::error(status, super::reply::reason(status)),
    }
}

fn too_many(retry_after: &RetryAfter, now: Instant) -> Reply {
    let reply = Reply::error(429, "ThrottlerException: Too Many Requests");
    let value = match retry_after {
        RetryAfter::None => return reply,
        RetryAfter::Date(seconds) => http_date(now + TimeDelta::seconds(i64::from(*seconds))),
        RetryAfter::Text(text) => {
            return text.split('|').fold(reply, |reply, value| reply.with_header("Retry-After", value.to_owned()));
        }
    };
    reply.with_header("Retry-After", value)
}

/// `Sat, 21 Nov 2026 22:00:00 GMT`
pub(super) fn http_date(at: Instant) -> String {
    httpdate::fmt_http_date(at.into())
}
