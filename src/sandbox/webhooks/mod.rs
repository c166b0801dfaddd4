//! Webhooks as KPay sends them: one for each end of a withdrawal, none for transfers, signed over the raw body, tried three
//! times within 15 s. Only to this machine.
//!
//! Each is made when the books move, under the same lock, and sent by a task of its own afterwards. A fault may lose it,
//! send it twice, late, or with a signature that does not fit.

mod receiver;
mod send;

pub(super) use receiver::Receiver;
pub(super) use send::send_all;

use super::clock::{Instant, millis};
use super::faults::Fault;
use super::sign::signed;
use super::{AcceptedWithdrawal, PayoutStatus, SandboxError, world::World};
use crate::money::Number;
use chrono::SecondsFormat;
use secrecy::SecretString;
use serde::Serialize;

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOutcome {
    /// The status that came back; anything but 2xx is tried again.
    Answered(u16),
    /// Nothing came back: why.
    NoAnswer(String),
    /// A fault lost it: it was never sent.
    Lost,
}

/// One try to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookTry {
    /// Of the webhook: 1, 2, 3 … as they were made. One that is sent twice has its number in both.
    pub number: u64,
    /// 1, 2 or 3.
    pub attempt: u32,
    /// When it was over, on the sandbox's clock.
    pub at: Instant,
    /// e.g. `payout.completed`
    pub event: String,
    /// KPay's id of the withdrawal.
    pub payout_id: String,
    /// The caller's, if it gave one.
    pub external_id: Option<String>,
    /// As sent.
    pub body: String,
    /// How it ended.
    pub outcome: WebhookOutcome,
    /// The fault rule that was played on it.
    pub fault: Option<String>,
}

/// What waits to be sent, and where to.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) receiver: Option<Receiver>,
    waiting: Vec<Notice>,
    made: u64,
}

/// A webhook on its way.
#[derive(Clone)]
pub(super) struct Notice {
    receiver: Receiver,
    number: u64,
    event: String,
    payout_id: String,
    external_id: Option<String>,
    body: String,
    signature: String,
    due: Instant,
    fault: Option<String>,
}

impl Outbox {
    pub(super) fn new(url: Option<&str>) -> Result<Self, SandboxError> {
        Ok(Self { receiver: url.map(str::parse).transpose()?, ..Self::default() })
    }

    /// Whether anybody is to be told, now or when the clock gets there.
    fn is_idle(&self) -> bool {
        self.receiver.is_none() && self.waiting.is_empty()
    }

    fn take_due(&mut self, now: Instant) -> Vec<Notice> {
        self.waiting.extract_if(.., |notice| notice.due <= now).collect()
    }
}

impl Notice {
    fn tried(&self, attempt: u32, at: Instant, outcome: WebhookOutcome) -> WebhookTry {
        WebhookTry {
            number: self.number,
            attempt,
            at,
            event: self.event.clone(),
            payout_id: self.payout_id.clone(),
            external_id: self.external_id.clone(),
            body: self.body.clone(),
            outcome,
            fault: self.fault.clone(),
        }
    }
}

/// The documented fields, in their order. There is no fee and no currency.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    event: &'a str,
    payout_id: &'a str,
    reference: &'a str,
    status: &'a str,
    amount: Number,
    phone_number: Option<&'a str>,
    external_id: Option<&'a str>,
    metadata: Option<&'a serde_json::Value>,
    completed_at: Option<String>,
    failed_at: Option<String>,
    failure_reason: Option<&'a str>,
    timestamp: String,
}

fn body(entry: &AcceptedWithdrawal, event: &str, now: Instant) -> Option<String> {
    let time = |at: Instant| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let completed = entry.status == PayoutStatus::Completed;
    let body = Body {
        event,
        payout_id: &entry.id,
        reference: &entry.reference,
        status: entry.status.word(),
        amount: entry.amount.to_wire(),
        phone_number: entry.phone.as_deref(),
        external_id: entry.external_id.as_deref(),
        metadata: entry.metadata.as_ref(),
        completed_at: entry.ended.filter(|_| completed).map(time),
        failed_at: entry.ended.filter(|_| !completed).map(time),
        failure_reason: entry.failure_reason.as_deref(),
        timestamp: time(now),
    };
    serde_json::to_string(&body).ok()
}

/// The event of an end; none for a withdrawal that is under way.
fn event(status: PayoutStatus) -> Option<&'static str> {
    match status {
        PayoutStatus::Completed => Some("payout.completed"),
        PayoutStatus::Failed => Some("payout.failed"),
        PayoutStatus::Cancelled => Some("payout.cancelled"),
        PayoutStatus::Pending | PayoutStatus::Processing => None,
    }
}

impl World {
    /// Makes the webhook about a withdrawal that is over, where somebody listens.
    pub(super) fn tell_of_payout(&mut self, index: usize, now: Instant) {
        let Some(entry) = self.ledger.withdrawals().get(index) else { return };
        let Some((receiver, event)) = self.outbox.receiver.clone().zip(event(entry.status)) else { return };
        let Some(body) = body(entry, event, now) else { return };
        let (payout_id, external_id) = (entry.id.clone(), entry.external_id.clone());
        let played = self.script.pick_for_webhook(&mut self.random);
        self.log.counters.faults += u64::from(played.is_some());
        let (fault, rule) = played.map(|due| (due.fault, due.rule)).unzip();
        let forger = SecretString::from("somebody-else");
        let secret = if fault == Some(Fault::Forged) { &forger } else { &self.settings.webhook_secret };
        let late = if let Some(Fault::Late(by)) = &fault { millis(*by) } else { chrono::TimeDelta::zero() };
        self.outbox.made += 1;
        let notice = Notice {
            receiver,
            number: self.outbox.made,
            event: event.to_owned(),
            payout_id,
            external_id,
            signature: signed(secret, body.as_bytes()),
            body,
            due: now + late,
            fault: rule,
        };
        match fault {
            Some(Fault::Lost(_)) => self.log.webhook(notice.tried(1, now, WebhookOutcome::Lost)),
            Some(Fault::Duplicate) => self.outbox.waiting.extend([notice.clone(), notice]),
            _ => self.outbox.waiting.push(notice),
        }
    }
}
