//! Policies that are replaced, taken away or wait for a person while work is under way; and waits that end meanwhile.

use super::*;
use crate::daemon::{ApprovalRequest, Held};
use crate::policy::PolicySet;

fn set(text: &str) -> Arc<PolicySet> {
    Arc::new(parse(&[SourceFile { path: "p.yaml".to_owned(), text: text.to_owned() }]).unwrap().set)
}

fn pass(evening: &Evening, time: TimeDelta) {
    *evening.bank.clock.0.lock().unwrap() += time;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_decided_by_policies_that_were_replaced_meanwhile() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    pass(&evening, TimeDelta::days(1));
    let engine = &evening.engine;
    let (then, now) = (engine.policies().unwrap(), set(&POLICY.replace("100_000", "200_000")));
    engine.adopt(now.clone()).await.unwrap();
    let records = engine.store().records();
    assert!(engine.decide_due(&then, None).await.unwrap().is_none());
    assert_eq!(engine.store().records(), records);
    assert!(engine.decide_due(&now, None).await.unwrap().is_some());
    assert!(engine.store().records() > records);
}

/// The record that names the policies is what puts them in force: the engine knows of them a moment before it, or after it
/// where a person accepted them. In that moment nothing is decided, by the ones or the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i13_what_is_decided_rests_on_the_policies_of_the_last_record() {
    for is_recorded_first in [true, false] {
        let evening = evening(WhileWaiting::default(), 100, true).await;
        pass(&evening, TimeDelta::days(1));
        let engine = &evening.engine;
        let (then, now) = (engine.policies().unwrap(), set(&POLICY.replace("100_000", "50_000")));
        let known = if is_recorded_first {
            let event = Event::PoliciesInForce { hash: now.hash.clone(), count: 1, files: Vec::new() };
            engine.append(vec![event]).await.unwrap();
            then
        } else {
            engine.world().policies = Some(now.clone());
            now.clone()
        };
        let records = engine.store().records();
        assert!(engine.decide_due(&known, None).await.unwrap().is_none(), "{is_recorded_first}");
        assert_eq!(engine.store().records(), records, "{is_recorded_first}");
        // The slot stays due, and the next look decides it.
        engine.adopt(now.clone()).await.unwrap();
        assert!(engine.decide(None).await.unwrap().is_some(), "{is_recorded_first}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i13_between_two_sets_of_policies_nothing_new_is_sent() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    let (engine, now) = (&evening.engine, set(&POLICY.replace("100_000", "50_000")));
    let event = Event::PoliciesInForce { hash: now.hash.clone(), count: 1, files: Vec::new() };
    engine.append(vec![event]).await.unwrap();
    evening.work().await;
    assert_eq!((evening.sent(), engine.store().with_state(|state| state.count(Outcome::Planned))), (0, 2));
    engine.adopt(now).await.unwrap();
    pass(&evening, TimeDelta::minutes(2));
    evening.work().await;
    assert_eq!(evening.sent(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_policies_wait_and_none_are_in_force_nothing_new_is_sent() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    let engine = &evening.engine;
    let in_force = engine.policies();
    {
        let mut world = engine.world();
        world.policies = None;
        world.held = Some(Held { set: set(POLICY), loosens: vec!["nobody knows".to_owned()] });
    }
    evening.work().await;
    assert_eq!((evening.sent(), engine.store().with_state(|state| state.count(Outcome::Planned))), (0, 2));
    {
        let mut world = engine.world();
        (world.policies, world.held) = (in_force, None);
    }
    pass(&evening, TimeDelta::minutes(2));
    evening.work().await;
    assert_eq!(evening.sent(), 2);
}

/// A wait that is over ends although nothing can be sent from the same wallet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_ends_before_anything_is_sent() {
    let text = "version: 1
policies:
  - name: first
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB], into: CMR, above: 100_000 XAF, fixed: 50_000 XAF }
    priority: 1
  - name: second
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB], into: COG, above: 100_000 XAF, fixed: 50_000 XAF }
    approval: { above: 1_000 XAF, approvers: 1, within: 5m }
";
    let evening = evening_of(text, &[Some("1")], WhileWaiting::default(), 100, false).await;
    pass(&evening, TimeDelta::minutes(6));
    evening.work().await;
    assert_eq!((evening.sent(), evening.count(Outcome::Cancelled), evening.count(Outcome::Planned)), (0, 1, 1));
}

/// A power loss may leave the first part's record of an approval alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_approval_can_be_given_again() {
    let text = format!(
        "{}    approval: {{ above: 200_000 XAF, approvers: 2 }}\n    limits: {{ max_transfer: 100_000 XAF }}\n",
        POLICY.replace("[GAB, COG]", "[GAB]")
    );
    let evening = evening_of(&text, &[Some("1")], WhileWaiting::default(), 100, true).await;
    let engine = &evening.engine;
    let parts = || engine.store().with_state(|state| state.open.values().cloned().collect::<Vec<_>>());
    let first = parts().into_iter().find(|part| part.intent.part == 1).unwrap().intent.external_id;
    assert_eq!(parts().len(), 3);
    let alone = Event::Approved { external_id: first.clone(), by: "awa".to_owned(), note: String::new() };
    engine.append(vec![alone]).await.unwrap();
    let say = |by: &str| ApprovalRequest {
        external_id: first.to_string(),
        approve: true,
        by: by.to_owned(),
        note: String::new(),
    };
    engine.approve(&say("awa")).await.unwrap();
    assert!(parts().iter().all(|part| part.approvals.len() == 1 && part.outcome == Outcome::AwaitingApproval));
    assert!(engine.approve(&say("awa")).await.is_err());
    engine.approve(&say("brice")).await.unwrap();
    evening.work().await;
    assert_eq!((evening.sent(), engine.store().is_read_only()), (3, None));
}
