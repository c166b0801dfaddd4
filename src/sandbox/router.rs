//! From a request to an answer: written down, keys or token asked, limit asked, fault picked, processed. All of it under the
//! world's lock and without waiting, so that requests are decided one after the other.

use super::answer::{Answer, Delivery};
use super::endpoint::Endpoint;
use super::handlers::Call;
use super::identity::{Caller, KeyPair};
use super::journal::{Delivered, RequestRecord};
use super::play::{http_date, play};
use super::read::Request;
use super::reply::Reply;
use super::settings::RetryAfterForm;
use super::world::{Shared, World};
use super::{admin, clock::Instant, gateway, withdrawal};
use chrono::TimeDelta;

/// Decides what to do about a request.
pub(super) fn answer(shared: &Shared, request: &Request) -> Answer {
    if request.path().starts_with(admin::PREFIX) {
        return Answer::whole(admin::answer(shared, request));
    }
    if request.path().starts_with(gateway::PREFIX) {
        return Answer::whole(gateway::answer(shared, request));
    }
    let now = shared.clock.now();
    let mut world = shared.world();
    world.follow_payouts(now);
    let number = world.log.begin(record(request, now));
    let answer = Answer { number, ..decide(&mut world, request, number, now) };
    let (status, delivered) = on_the_wire(&answer);
    world.log.amend(number, |record| (record.status, record.delivered) = (status, delivered));
    answer
}

fn decide(world: &mut World, request: &Request, number: u64, now: Instant) -> Answer {
    if (request.method.as_str(), request.path()) == ("GET", "/api/public/platform-info") {
        return Answer::whole(withdrawal::platform_info());
    }
    let Some(endpoint) = Endpoint::of(&request.method, request.path()) else {
        let message = format!("Cannot {} {}", request.method, request.path());
        return Answer::whole(Reply::error(404, &message));
    };
    if endpoint == Endpoint::Transfer {
        world.log.counters.transfer_requests += 1;
    }
    let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let caller = match identify(world, endpoint, request, bearer, now) {
        Ok(caller) => caller,
        Err(refusal) => return Answer::whole(refusal),
    };
    world.log.amend(number, |record| record.environment = Some(caller.mode));
    if let Err(seconds) = world.limiter.take(&caller.key, now) {
        world.log.counters.limited += 1;
        return Answer::whole(limited(seconds, world.settings.retry_after, now));
    }
    if endpoint == Endpoint::Withdraw
        && let Some(id) = withdrawal::external_id(&request.body)
    {
        *world.withdraw_attempts.entry((caller.mode, id)).or_default() += 1;
    }
    let pair = (request.query("from"), request.query("to"));
    let call = Call { endpoint, caller: &caller, bearer, pair, path: request.path(), body: &request.body, number, now };
    let World { script, random, .. } = world;
    let due = script.pick(endpoint, random);
    if let Some(due) = &due {
        world.log.counters.faults += 1;
        world.log.amend(number, |record| record.fault = Some(due.rule.clone()));
    }
    play(world, &call, due.as_ref().map(|due| &due.fault))
}

/// The caller behind the keys or the token; each endpoint takes one of the two and never the other.
fn identify(
    world: &World,
    endpoint: Endpoint,
    request: &Request,
    bearer: Option<&str>,
    now: Instant,
) -> Result<Caller, Reply> {
    if endpoint.wants_bearer() {
        let caller = bearer.and_then(|token| world.tokens.caller(token, now));
        return caller.ok_or_else(|| Reply::error(401, "Unauthorized"));
    }
    let refused = || Reply::error(401, "Invalid API credentials");
    let (Some(api), Some(secret)) = (request.header("x-api-key"), request.header("x-secret-key")) else {
        return Err(refused());
    };
    let pair = KeyPair::new(api, secret);
    let known = world.settings.keys.is_empty() || world.settings.keys.contains(&pair);
    let mode = pair.mode().filter(|_| known).ok_or_else(refused)?;
    Ok(Caller { mode, key: api.to_owned() })
}

fn limited(seconds: u64, form: RetryAfterForm, now: Instant) -> Reply {
    let value = match form {
        RetryAfterForm::Seconds => seconds.to_string(),
        RetryAfterForm::Date => {
            // A date has whole seconds: one more, so that it is never too early.
            let seconds = i64::try_from(seconds).unwrap_or(60).saturating_add(1);
            http_date(now + TimeDelta::seconds(seconds))
        }
    };
    Reply::error(429, "ThrottlerException: Too Many Requests").with_header("Retry-After", value)
}

fn record(request: &Request, now: Instant) -> RequestRecord {
    RequestRecord {
        number: 0,
        at: now,
        method: request.method.clone(),
        path: request.target.clone(),
        header_names: request.header_names(),
        body: String::from_utf8_lossy(&request.body).into_owned(),
        environment: None,
        status: None,
        delivered: Delivered::Pending,
        applied: None,
        refused: None,
        fault: None,
    }
}

/// What the log says of an answer; the server amends it where the caller was gone before the end.
fn on_the_wire(answer: &Answer) -> (Option<u16>, Delivered) {
    let status = Some(answer.reply.status);
    match answer.delivery {
        Delivery::Whole | Delivery::Drip(_) | Delivery::Padded(_) => (status, Delivered::Whole),
        Delivery::Cut(_) | Delivery::Headers => (status, Delivered::Cut),
        Delivery::Reset => (None, Delivered::Reset),
        Delivery::Hang => (None, Delivered::Hung),
    }
}
