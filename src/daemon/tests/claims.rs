//! An empty journal is opened once, by whoever comes first; what others say meanwhile counts when it is durable.

use super::*;
use crate::daemon::FindingRequest;
use crate::journal::{Platter, Scribe, StoreError};
use crate::policy::PolicySet;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A disk that has nothing and takes everything.
struct Blank;

impl Platter for Blank {
    fn lock(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn segments(&mut self) -> Vec<(String, Vec<u8>)> {
        Vec::new()
    }

    fn cut(&mut self, _: &str, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn commit(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// An engine with the same bank on a journal without a record, and who writes it.
fn on_empty_journal(known: &Engine, policies: Option<Arc<PolicySet>>) -> (Engine, Scribe) {
    let (store, scribe, _) = Store::on_platter(Box::new(Blank)).unwrap();
    let parts = Parts {
        clock: known.clock.clone(),
        bank: known.bank.clone(),
        store: Arc::new(store),
        metrics: known.metrics.clone(),
        rules: known.rules.clone(),
        ahead: TimeDelta::zero(),
    };
    (Engine::new(parts, policies), scribe)
}

/// Plays a future to its end, and writes whenever it waits.
fn play<T>(work: impl Future<Output = T>, scribe: &mut Scribe) -> T {
    let (mut work, mut context) = (pin!(work), Context::from_waker(Waker::noop()));
    for _ in 0..100 {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
        scribe.turn();
    }
    panic!("it never ends");
}

/// Whoever opens an empty journal may be gone before it is durable, as a pause that KPay kept waiting: the next one goes on.
#[tokio::test]
async fn i13_policies_are_recorded_also_where_whoever_opened_the_journal_has_gone() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    let (engine, mut scribe) = on_empty_journal(&evening.engine, evening.engine.policies());
    play(engine.begin("test"), &mut scribe).unwrap();
    {
        let (mut claim, mut context) = (pin!(engine.identity()), Context::from_waker(Waker::noop()));
        while engine.store().records() == 0 {
            assert!(claim.as_mut().poll(&mut context).is_pending(), "nothing is durable yet");
        }
    }
    assert!(scribe.turn(), "it is recorded, and nobody waits for it any more");
    let recorded = || engine.store().with_state(|state| state.policy_hash.clone());
    assert_eq!((engine.store().records(), recorded()), (1, None));
    play(engine.identity(), &mut scribe).unwrap();
    assert_eq!(recorded(), engine.policies().map(|set| set.hash.clone()));
    assert_eq!(engine.store().records(), 2);
}

/// A finding is recorded even if nobody waits for it any more, and its source is free again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i18_a_finding_that_nobody_waits_for_leaves_its_source_free() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    let engine = &evening.engine;
    let tracked = engine.store().history(None).unwrap().remove(0);
    let external_id = tracked.intent.external_id.clone();
    let lost = vec![
        Event::Attempted { external_id: external_id.clone(), attempt: 1, balance_before: None },
        Event::Unknown { external_id: external_id.clone(), detail: String::new() },
    ];
    engine.append(lost).await.unwrap();
    let records = engine.store().records();
    let wish = FindingRequest {
        external_id: external_id.to_string(),
        applied: false,
        amount: None,
        rate: None,
        credited: None,
        fee: None,
        reference: None,
        by: "awa".to_owned(),
        note: "not at KPay".to_owned(),
    };
    {
        let (mut resolve, mut context) = (pin!(engine.resolve(&wish)), Context::from_waker(Waker::noop()));
        let _ = resolve.as_mut().poll(&mut context);
    }
    assert_eq!(engine.store().records(), records + 1, "it is on its way to the disk");
    assert!(engine.world().busy.is_empty(), "the source is free");
    assert_eq!(engine.store().find(&external_id).unwrap().unwrap().outcome, Outcome::Rejected);
}

#[tokio::test]
async fn i11_a_pause_of_an_empty_journal_is_not_told_before_it_is_durable() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    let (engine, mut scribe) = on_empty_journal(&evening.engine, None);
    let (mut other, mut pause) = (pin!(engine.identity()), pin!(engine.pause(None, None)));
    let mut context = Context::from_waker(Waker::noop());
    // Both ask whose money it is; the other one has the answer first, and its records are under way with the pause in them.
    assert!(other.as_mut().poll(&mut context).is_pending());
    assert!(pause.as_mut().poll(&mut context).is_pending());
    assert!(other.as_mut().poll(&mut context).is_pending());
    assert!(engine.is_paused());
    assert!(pause.as_mut().poll(&mut context).is_pending(), "a power cut now would lose it");
    assert!(scribe.turn());
    assert!(other.as_mut().poll(&mut context).is_ready());
    assert!(pause.as_mut().poll(&mut context).is_ready());
    assert_eq!(engine.store().records(), 2, "opened and paused, once each");
}
