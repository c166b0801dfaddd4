//! KPay's hosted page: the beneficiary of a withdrawal names an operator and a number, or gives up, and is sent back with
//! a signed status. It is the browser's, not the client's: no keys, no limits, no faults, and not in the log of requests.
//!
//! Deliberately absent: scripts, anything from elsewhere, a second use.

mod form;
mod view;

use super::clock::Instant;
use super::read::Request;
use super::reply::{HTML, Reply};
use super::sign::signed;
use super::withdrawal::NotPaid;
use super::world::{Shared, World};
use super::{AcceptedWithdrawal, PayoutStatus};
use form::{Act, Filled};
use reqwest::Url;
use secrecy::SecretString;

/// Every hosted page is below it.
pub(super) const PREFIX: &str = "/gateway/";

/// Answers a browser.
pub(super) fn answer(shared: &Shared, request: &Request) -> Reply {
    let now = shared.clock.now();
    let mut world = shared.world();
    world.follow_payouts(now);
    let token = request.path().trim_start_matches(PREFIX);
    let Some(index) = world.page_index(token) else {
        return notice(&world, token, 404, "There is no such page", "The address is not one that was given out.", now);
    };
    let entry = world.ledger.withdrawals()[index].clone();
    if !entry.waits_for_page() {
        let (title, text) = gone(&entry);
        return notice(&world, token, 410, title, text, now);
    }
    match request.method.as_str() {
        "GET" => page(&world, &entry, 200, &Filled::default(), None, now),
        "POST" => submitted(&mut world, index, &entry, &Filled::read(&request.body), now),
        _ => notice(&world, token, 405, "That is not how this page works", "Open it in a browser.", now),
    }
}

fn submitted(world: &mut World, index: usize, entry: &AcceptedWithdrawal, filled: &Filled, now: Instant) -> Reply {
    let refused = match filled.act {
        Act::Confirm => world.confirm_page(index, &filled.provider, &filled.phone, now),
        Act::Cancel => {
            world.cancel_page(index, now);
            Ok(())
        }
        Act::Neither => Err(NotPaid("Confirm or cancel.".to_owned())),
    };
    if let Err(NotPaid(why)) = refused {
        return page(world, entry, 422, filled, Some(&why), now);
    }
    // The operator may be set to be done at once.
    world.follow_payouts(now);
    let entry = &world.ledger.withdrawals()[index];
    let Some(page) = &entry.page else { return Reply::html(500) };
    let gave_up = page.cancel_url.as_ref().filter(|_| entry.status == PayoutStatus::Cancelled);
    let back = returned(entry, gave_up.unwrap_or(&page.return_url), &world.settings.gateway_secret, now);
    safe(Reply::new(303, HTML, "").with_header("Location", back.into()), "default-src 'none'".to_owned())
}

/// The merchant's address with what became of the withdrawal, signed. `ts` is in milliseconds since 1970.
fn returned(entry: &AcceptedWithdrawal, to: &Url, secret: &SecretString, now: Instant) -> Url {
    let external_id = entry.external_id.as_deref().unwrap_or_default();
    let (status, ts) = (entry.status.word(), now.timestamp_millis().to_string());
    let sig = signed(secret, [status, &entry.reference, external_id, &ts].join("|").as_bytes());
    let mut url = to.clone();
    url.query_pairs_mut()
        .append_pair("status", status)
        .append_pair("reference", &entry.reference)
        .append_pair("externalId", external_id)
        .append_pair("ts", &ts)
        .append_pair("sig", &sig);
    url
}

fn gone(entry: &AcceptedWithdrawal) -> (&'static str, &'static str) {
    if entry.failure_reason.as_deref() == Some("GATEWAY_EXPIRED") {
        return ("This page has expired", "Nothing was paid out. Ask the sender for a new one.");
    }
    if entry.status == PayoutStatus::Cancelled {
        return ("This payout was cancelled", "Nothing was paid out. Ask the sender for a new one.");
    }
    ("This page has been used", "The payout is with the operator; it works only once.")
}

fn page(
    world: &World,
    entry: &AcceptedWithdrawal,
    status: u16,
    filled: &Filled,
    error: Option<&str>,
    now: Instant,
) -> Reply {
    let Some(page) = &entry.page else { return Reply::html(500) };
    let nonce = nonce(world, &page.token, now);
    // A browser also asks `form-action` about where a submitted form is sent on to.
    let mut onward = vec![page.return_url.origin().ascii_serialization()];
    onward.extend(page.cancel_url.as_ref().map(|url| url.origin().ascii_serialization()));
    onward.dedup();
    let policy = policy(&nonce, &format!("'self' {}", onward.join(" ")));
    match view::form(entry, page.expires, world.choices(entry), filled, error, &nonce) {
        Ok(body) => safe(Reply::new(status, HTML, body), policy),
        Err(_) => Reply::html(500),
    }
}

/// A page with a title and one sentence.
fn notice(world: &World, token: &str, status: u16, title: &str, text: &str, now: Instant) -> Reply {
    let nonce = nonce(world, token, now);
    match view::notice(title, text, &nonce) {
        Ok(body) => safe(Reply::new(status, HTML, body), policy(&nonce, "'none'")),
        Err(_) => Reply::html(500),
    }
}

/// Lets the page's own style in. Not from the seeded randomness, whose order would then depend on who looks at a page.
fn nonce(world: &World, token: &str, now: Instant) -> String {
    let what = format!("style|{token}|{}", now.timestamp_micros());
    signed(&world.settings.gateway_secret, what.as_bytes())[..32].to_owned()
}

fn policy(nonce: &str, form_action: &str) -> String {
    format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )
}

fn safe(reply: Reply, policy: String) -> Reply {
    reply
        .with_header("Content-Security-Policy", policy)
        .with_header("Cache-Control", "no-store".to_owned())
        .with_header("Referrer-Policy", "no-referrer".to_owned())
        .with_header("X-Content-Type-Options", "nosniff".to_owned())
}
