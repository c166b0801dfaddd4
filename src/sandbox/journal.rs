//! The raw request log: every request to KPay's endpoints as it came in, and what became of it. The values of key and
//! authorization headers are never kept.

use super::{Mode, WebhookOutcome, WebhookTry, clock::Instant};
use serde::Serialize;
use std::collections::VecDeque;

/// What was put on the wire in reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivered {
    /// Not answered yet.
    Pending,
    /// The whole reply.
    Whole,
    /// A reply cut off before its end.
    Cut,
    /// Nothing: the connection was reset.
    Reset,
    /// Nothing: the connection was held open.
    Hung,
    /// The caller had gone before the reply was out.
    CallerGone,
}

/// One request to one of KPay's endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// 1, 2, 3 … in the order they came in whole.
    pub number: u64,
    /// When, on the sandbox's clock.
    pub at: Instant,
    /// As sent.
    pub method: String,
    /// As sent, with its query.
    pub path: String,
    /// Lower case, in the order sent; no values.
    pub header_names: Vec<String>,
    /// As sent (bytes that are not UTF-8 are replaced).
    pub body: String,
    /// Of the keys or the token, once they were accepted.
    pub environment: Option<Mode>,
    /// The status put on the wire; `None` where no reply was.
    pub status: Option<u16>,
    /// How the reply ended.
    pub delivered: Delivered,
    /// Number of the transfer that this request applied.
    pub applied: Option<u64>,
    /// Why its transfer was refused.
    pub refused: Option<String>,
    /// The fault rule that was played on it.
    pub fault: Option<String>,
}

/// A transfer that was refused, whatever the caller was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedTransfer {
    /// The request, by its number.
    pub request: u64,
    /// When.
    pub at: Instant,
    /// Whose environment.
    pub environment: Mode,
    /// The caller's id, if it could be read.
    pub external_id: Option<String>,
    /// In one word, e.g. `conflict`, `short`.
    pub reason: String,
}

/// Running totals, unaffected by what the log drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counters {
    /// Whole requests to KPay's endpoints.
    pub requests: u64,
    /// Requests to the transfer endpoint.
    pub transfer_requests: u64,
    /// Tokens given out.
    pub tokens: u64,
    /// Transfers refused.
    pub refused: u64,
    /// Requests refused by the rate limit.
    pub limited: u64,
    /// Faults played.
    pub faults: u64,
    /// Tries to deliver a webhook, and webhooks that a fault lost.
    pub webhook_tries: u64,
    /// Of the tries, those that were answered 2xx.
    pub webhooks_taken: u64,
    /// Connections on which something other than a whole request came.
    pub broken: u64,
}

pub(super) struct Journal {
    keep: usize,
    requests: VecDeque<RequestRecord>,
    refused: VecDeque<RefusedTransfer>,
    webhooks: VecDeque<WebhookTry>,
    pub(super) counters: Counters,
}

impl Journal {
    pub(super) fn new(keep: usize) -> Self {
        let (requests, refused, webhooks) = Default::default();
        Self { keep: keep.max(1), requests, refused, webhooks, counters: Counters::default() }
    }

    /// Writes down a request and gives it its number.
    pub(super) fn begin(&mut self, mut record: RequestRecord) -> u64 {
        self.counters.requests += 1;
        record.number = self.counters.requests;
        push(&mut self.requests, record, self.keep);
        self.counters.requests
    }

    /// Completes a record; one that was dropped already stays dropped.
    pub(super) fn amend(&mut self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let Some(first) = self.requests.front().map(|record| record.number) else { return };
        let index = number.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(record) = index.and_then(|index| self.requests.get_mut(index)) {
            change(record);
        }
    }

    pub(super) fn refuse(&mut self, refused: RefusedTransfer) {
        self.counters.refused += 1;
        self.amend(refused.request, |record| record.refused = Some(refused.reason.clone()));
        push(&mut self.refused, refused, self.keep);
    }

    pub(super) fn webhook(&mut self, tried: WebhookTry) {
        self.counters.webhook_tries += 1;
        self.counters.webhooks_taken += u64::from(matches!(tried.outcome, WebhookOutcome::Answered(200..300)));
        push(&mut self.webhooks, tried, self.keep);
    }

    pub(super) fn webhooks(&self) -> Vec<WebhookTry> {
        self.webhooks.iter().cloned().collect()
    }

    pub(super) fn requests(&self) -> Vec<RequestRecord> {
        self.requests.iter().cloned().collect()
    }

    pub(super) fn refused(&self) -> Vec<RefusedTransfer> {
        self.refused.iter().cloned().collect()
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T, keep: usize) {
    if list.len() >= keep {
        list.pop_front();
    }
    list.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    fn record(path: &str) -> RequestRecord {
        RequestRecord {
            number: 0,
            at: Utc::now(),
            method: "GET".into(),
            path: path.into(),
            header_names: vec![],
            body: String::new(),
            environment: None,
            status: None,
            delivered: Delivered::Pending,
            applied: None,
            refused: None,
            fault: None,
        }
    }

    #[test]
    fn the_log_keeps_the_newest_and_its_numbers() {
        let mut journal = Journal::new(2);
        for path in ["/a", "/b", "/c"] {
            journal.begin(record(path));
        }
        journal.amend(1, |record| record.status = Some(1));
        journal.amend(3, |record| record.status = Some(3));
        journal.amend(9, |record| record.status = Some(9));
        let kept: Vec<_> =
            journal.requests().into_iter().map(|record| (record.number, record.path, record.status)).collect();
        assert_eq!(kept, [(2, "/b".into(), None), (3, "/c".into(), Some(3))]);
        assert_eq!(journal.counters.requests, 3);
    }
}
