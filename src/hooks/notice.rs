//! The body of a webhook, read after its signature was found good: which payout it speaks of, and when it was made.
//!
//! Status, amount and reason in it are not read at all: nothing could be done with them without asking KPay.

use crate::model::{Timestamp, is_plain_id};
use chrono::DateTime;
use serde::Deserialize;
use serde_json::Value;

/// The longest name of an event; documented ones have 16 letters at most.
const LONGEST_EVENT: usize = 64;
/// How much of a time that is not understood is kept to tell two webhooks apart.
const LONGEST_TIME: usize = 64;
/// Whole numbers below are seconds since 1970, others milliseconds: in seconds it is the year 5138.
const LEAST_MILLISECONDS: i64 = 100_000_000_000;

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// Something became of a payout that may be ours.
    Payout(Payout),
    /// A payment, a refund, or a payout that cannot be ours.
    Other,
}

/// A webhook about a payout. As a whole it also tells repeats from news.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Payout {
    /// KPay's id of the withdrawal.
    pub kpay_id: Option<String>,
    /// Our id of it.
    pub external_id: String,
    /// e.g. `payout.completed`.
    pub event: String,
    /// The time as it was written; empty where there was none.
    pub written_at: String,
}

/// Documented fields (`kpay-api.md`, webhooks); the rest is skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    event: String,
    payout_id: Option<String>,
    /// Some payouts come with this name instead.
    payment_id: Option<String>,
    external_id: Option<String>,
    #[serde(default)]
    timestamp: Value,
}

/// Reads a body.
///
/// # Errors
/// What is wrong with it, in a few words and without anything of it.
pub(super) fn read(body: &[u8]) -> Result<Notice, &'static str> {
    let body: Body = serde_json::from_slice(body).map_err(|_| "no JSON object with an event and ids as text")?;
    if body.event.is_empty() || body.event.len() > LONGEST_EVENT {
        return Err("an event without a name, or with an endless one");
    }
    if !body.event.starts_with("payout.") {
        return Ok(Notice::Other);
    }
    let kpay_id = body.payout_id.or(body.payment_id);
    if kpay_id.as_deref().is_some_and(|id| !is_plain_id(id)) {
        return Err("an id of KPay's with letters that no id has");
    }
    // Every payout of ours carries an id of ours, and that has these letters only.
    let Some(external_id) = body.external_id.filter(|id| is_plain_id(id)) else { return Ok(Notice::Other) };
    let written_at = match body.timestamp {
        Value::Null => String::new(),
        Value::String(text) => text.chars().take(LONGEST_TIME).collect(),
        other => other.to_string().chars().take(LONGEST_TIME).collect(),
    };
    Ok(Notice::Payout(Payout { kpay_id, external_id, event: body.event, written_at }))
}

impl Payout {
    /// When it was made: RFC 3339, or a whole number of seconds or milliseconds since 1970, as number or text. `None`
    /// where that is missing or written in another way, which nobody documented.
    pub fn made_at(&self) -> Option<Timestamp> {
        let text = &self.written_at;
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(at.to_utc());
        }
        let number: i64 = text.parse().ok()?;
        if number < LEAST_MILLISECONDS {
            DateTime::from_timestamp(number, 0)
        } else {
            DateTime::from_timestamp_millis(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&Notice>) {
        assert_eq!(read(body.as_bytes()).ok().as_ref(), expected, "{body}");
    }

    fn payout(kpay_id: Option<&str>, event: &str, written_at: &str) -> Notice {
        let text = |text: &str| text.to_owned();
        let kpay_id = kpay_id.map(text);
        let (external_id, event, written_at) = (text("TRD-1"), text(event), text(written_at));
        Notice::Payout(Payout { kpay_id, external_id, event, written_at })
    }

    #[test]
    fn payouts_are_told_with_their_ids() {
        check(
            r#"{"event":"payout.completed","payoutId":"wdr_1","externalId":"TRD-1","timestamp":"2026-11-24T18:00:00Z",
                "status":"COMPLETED","amount":5000,"metadata":{"a":[1]},"phoneNumber":null}"#,
            Some(&payout(Some("wdr_1"), "payout.completed", "2026-11-24T18:00:00Z")),
        );
        let named = |names: &str| format!(r#"{{"event":"payout.failed",{names}"externalId":"TRD-1"}}"#);
        check(&named(r#""paymentId":"p-2","#), Some(&payout(Some("p-2"), "payout.failed", "")));
        check(&named(r#""paymentId":"p-2","payoutId":"wdr_1","#), Some(&payout(Some("wdr_1"), "payout.failed", "")));
        check(&named(r#""payoutId":null,"timestamp":17,"#), Some(&payout(None, "payout.failed", "17")));
        check(&named(r#""timestamp":{"at":1},"#), Some(&payout(None, "payout.failed", r#"{"at":1}"#)));
        check(&named(""), Some(&payout(None, "payout.failed", "")));
    }

    #[test]
    fn what_is_not_ours_is_let_pass_and_what_cannot_be_read_is_refused() {
        let long = "x".repeat(65);
        for other in [
            r#"{"event":"payment.completed","paymentId":"a/../b","externalId":"ORDER 17"}"#,
            r#"{"event":"refund.failed"}"#,
            r#"{"event":"payouts"}"#,
            r#"{"event":"payout.failed","payoutId":"wdr_1"}"#,
            r#"{"event":"payout.failed","payoutId":"wdr_1","externalId":null}"#,
            r#"{"event":"payout.failed","externalId":""}"#,
            r#"{"event":"payout.failed","externalId":"ORDER 17/2026"}"#,
            &format!(r#"{{"event":"payout.failed","externalId":"{long}"}}"#),
        ] {
            check(other, Some(&Notice::Other));
        }
        for wrong in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"event":""}"#,
            r#"{"event":1}"#,
            r#"{"event":"payout.failed","externalId":1}"#,
            r#"{"event":"payout.failed","externalId":"a","externalId":"b"}"#,
            r#"{"event":"payout.failed","externalId":"a"} x"#,
            r#"{"event":"payout.failed","externalId":"a""#,
            r#"{"event":"payout.failed","payoutId":"../me","externalId":"a"}"#,
            r#"{"event":"payout.failed","payoutId":"","externalId":"a"}"#,
            &format!(r#"{{"event":"payout.failed","payoutId":"{long}","externalId":"a"}}"#),
            &format!(r#"{{"event":"payout.{long}","externalId":"a"}}"#),
            &format!(r#"{{"event":"payout.failed","externalId":"a","metadata":{}1"#, "[".repeat(50_000)),
        ] {
            check(wrong, None);
        }
        assert!(read(b"{\"event\":\"payout.\xff\"}").is_err());
    }

    #[test]
    fn times_are_read_as_text_seconds_or_milliseconds() {
        let made_at = |written_at: &str| {
            let Notice::Payout(payout) = payout(None, "payout.failed", written_at) else { panic!() };
            payout.made_at().map(|at| at.timestamp_millis())
        };
        for (text, expected) in [
            ("2026-11-24T18:00:00Z", Some(1_795_543_200_000)),
            ("2026-11-24T19:00:00.5+01:00", Some(1_795_543_200_500)),
            ("1795543200", Some(1_795_543_200_000)),
            ("1795543200123", Some(1_795_543_200_123)),
            ("", None),
            ("soon", None),
            ("2026-11-24", None),
            ("1795543200.5", None),
            ("99999999999999999999", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(made_at(text), expected, "{text:?}");
        }
    }
}
