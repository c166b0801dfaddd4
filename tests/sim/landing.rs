//! A request arrives at KPay, and what becomes of its answer.

use super::stage::{Fate, Flight, Stage};
use super::tally::Fault;
use chrono::TimeDelta;
use treasuryd::intent::Reply;
use treasuryd::kpay::{judge_transfer, judge_withdrawal};
use treasuryd::model::{Environment, Intent, Kind};

/// Delivers a request, once or twice.
pub fn land(stage: &mut Stage, nth: usize, is_rough: bool) {
    let flight = stage.flights.remove(nth);
    let mut answers = Vec::new();
    for time in 0..flight.times {
        let (now, id) = (stage.now, flight.intent.external_id.as_str().to_owned());
        match stage.books.post(&flight.intent, flight.by, now, time > 0) {
            Ok(answer) => {
                if answer.moved {
                    stage.on_moved(&id, flight.by);
                }
                stage.note(&[u8::from(answer.moved)]);
                stage.tell(flight.by.0, format_args!("KPay answers {id} with {}", answer.status));
                answers.push((answer.status, answer.body));
            }
            Err(broken) => return stage.violation(broken),
        }
    }
    // Of two answers either may be the one that comes back.
    let seen = if answers.len() > 1 { stage.chance.below(2) } else { 0 };
    let (status, body) = answers.swap_remove(seen);
    let reply = told(stage, &flight, status, body, is_rough);
    stage.answer(flight.call, reply);
}

fn told(stage: &mut Stage, flight: &Flight, status: u16, mut body: Vec<u8>, _is_rough: bool) -> Reply {
    let Fate::Instead(fault) = flight.fate else { return judged(&flight.intent, status, &body) };
    let page: &[u8] = b"<html>not today</html>";
    match fault {
        Fault::LostAfter => {
            stage.now += TimeDelta::seconds(10);
            Reply::Lost { detail: "the connection was reset".to_owned() }
        }
        Fault::ServerError => {
            let status = stage.chance.pick(&[500, 502, 503, 504]);
            judged(&flight.intent, status, page)
        }
        Fault::TooMany => judged(&flight.intent, 429, b"{\"message\":\"slow down\"}"),
        Fault::Redirect => judged(&flight.intent, 302, b""),
        Fault::GatewayConflict => judged(&flight.intent, stage.chance.pick(&[409, 400, 403, 404]), page),
        Fault::CutBody => {
            let left = stage.chance.below(body.len());
            body.truncate(left);
            judged(&flight.intent, if status == 409 { 500 } else { status }, &body)
        }
        Fault::OtherBody => {
            let text = String::from_utf8(body).unwrap();
            let (field, other) = stage.chance.pick(&[
                ("TRD-", "TRD-X"),
                ("\"amount\":", "\"amount\":1"),
                ("COMPLETED", "FAILED"),
                ("COMPLETED", "PENDING_REVIEW"),
                ("\"country\":\"", "\"country\":\"X"),
            ]);
            let text = if text.contains(field) { text.replacen(field, other, 1) } else { String::new() };
            judged(&flight.intent, if status == 201 { 201 } else { 500 }, text.as_bytes())
        }
        _ => judged(&flight.intent, status, &body),
    }
}

/// By the daemon's own judge.
fn judged(intent: &Intent, status: u16, body: &[u8]) -> Reply {
    match intent.kind {
        Kind::Transfer => judge_transfer(intent, status, body),
        Kind::Payout => judge_withdrawal(intent, Environment::Sandbox, status, body),
    }
}
