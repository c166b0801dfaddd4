//! What an intent was decided under is looked at again before its first attempt: the rate, and what people approved.

use super::*;
use crate::daemon::{ApprovalRequest, WishError};
use crate::intent::Event;

const ACROSS: &str = "version: 1
policies:
  - name: evening
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB], into: SEN, above: 100_000 XAF }
    fx: { allow: true, max_spread: 1.5% }
";

fn approved_above(amount: &str) -> String {
    format!("{POLICY}    approval: {{ above: {amount}, approvers: 2 }}\n")
}

async fn of(text: &str, rates: &[Option<&str>]) -> Evening {
    evening_of(text, rates, WhileWaiting::default(), 100, true).await
}

/// The rate as it was at the decision, and before the send.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c10_the_rate_is_compared_again_before_a_first_attempt() {
    let cases = [
        (Some("1.015"), Outcome::Applied),
        (Some("1.0151"), Outcome::Cancelled),
        (Some("0.9849"), Outcome::Cancelled),
        (None, Outcome::Planned),
    ];
    for (before_the_send, outcome) in cases {
        let evening = of(ACROSS, &[Some("1.01"), before_the_send]).await;
        evening.work().await;
        let open = evening.engine.store().with_state(|state| state.count(Outcome::Planned));
        assert_eq!(evening.sent(), usize::from(outcome == Outcome::Applied), "{before_the_send:?}");
        assert_eq!(open, usize::from(outcome == Outcome::Planned), "{before_the_send:?}");
        assert_eq!(
            evening.count(Outcome::Cancelled),
            usize::from(outcome == Outcome::Cancelled),
            "{before_the_send:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bound_no_rate_is_read_before_the_send() {
    let evening = of(&ACROSS.replace(", max_spread: 1.5%", ""), &[Some("1.01"), None]).await;
    evening.work().await;
    assert_eq!(evening.sent(), 1);
}

fn say(by: &str, approve: bool, evening: &Evening) -> ApprovalRequest {
    let external_id = evening.engine.store().with_state(|state| state.open.keys().next().unwrap().clone());
    ApprovalRequest { external_id, approve, by: by.to_owned(), note: String::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_sent_once_enough_have_approved() {
    let evening = of(&approved_above("200_000 XAF"), &[Some("1")]).await;
    evening.work().await;
    assert_eq!(evening.sent(), 0);
    evening.engine.approve(&say("awa", true, &evening)).await.unwrap();
    let again = evening.engine.approve(&say("AWA", true, &evening)).await;
    assert!(matches!(again, Err(WishError::Refused(_))), "{again:?}");
    evening.work().await;
    assert_eq!(evening.sent(), 0);
    evening.engine.approve(&say("brice", true, &evening)).await.unwrap();
    evening.work().await;
    assert_eq!(evening.sent(), 1, "the other lane still waits");
    let left = evening.engine.store().with_state(|state| state.count(Outcome::AwaitingApproval));
    assert_eq!(left, 1);
}

/// Many people at once: never more approvals than people, never an illegal record.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn approvals_and_refusals_at_the_same_moment_leave_one_answer() {
    for round in 0..20 {
        let evening = of(&approved_above("200_000 XAF"), &[Some("1")]).await;
        let wishes: Vec<_> = [("awa", true), ("Awa", true), ("brice", true), ("chantal", false), ("awa ", true)]
            .map(|(by, approve)| say(by, approve, &evening))
            .into();
        let id = crate::model::ExternalId::from_text(&wishes[0].external_id);
        let mut tasks = tokio::task::JoinSet::new();
        for wish in wishes {
            let engine = evening.engine.clone();
            tasks.spawn(async move { engine.approve(&wish).await });
        }
        evening.work().await;
        for done in tasks.join_all().await {
            assert!(!matches!(done, Err(WishError::Engine(_))), "{done:?}");
        }
        evening.work().await;
        let store = evening.engine.store();
        assert_eq!(store.is_read_only(), None, "round {round}");
        let ended = store.find(&id).unwrap().unwrap();
        assert!(matches!(ended.outcome, Outcome::Applied | Outcome::Cancelled), "round {round}: {:?}", ended.outcome);
        assert_eq!(evening.sent(), usize::from(ended.outcome == Outcome::Applied), "round {round}");
        let approvals = records(store.dir()).unwrap().filter(|record| {
            matches!(&record.as_ref().unwrap().event, Event::Approved { by, .. } if by.eq_ignore_ascii_case("awa"))
        });
        assert!(approvals.count() <= 1, "round {round}");
    }
}

/// The leave to send may be long in coming: a rate from before it says nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rate_is_read_again_after_a_long_wait_for_the_leave() {
    for (rate_then, sent) in [("1.015", 1), ("1.0151", 0)] {
        let waiting = WhileWaiting { seconds: 60, spent_elsewhere: 1 };
        let text = ACROSS.replace("above: 100_000 XAF", "above: 100_000 XAF, fixed: 100_000 XAF");
        let evening = evening_of(&text, &[Some("1.01"), Some("1.01"), Some(rate_then)], waiting, 100, true).await;
        evening.work().await;
        assert_eq!((evening.sent(), evening.count(Outcome::Cancelled)), (sent, 1 - sent), "{rate_then}");
    }
}
