//! An empty journal is opened once, by whoever comes first; what others say meanwhile counts when it is durable.

use super::*;
use crate::journal::Platter;
use std::io;
use std::pin::pin;
use std::task::{Context, Waker};

/// A disk that has nothing and takes everything.
struct Blank;

impl Platter for Blank {
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

#[tokio::test]
async fn i11_a_pause_of_an_empty_journal_is_not_told_before_it_is_durable() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    let (store, mut scribe, _) = Store::on_platter(Box::new(Blank)).unwrap();
    let known = &evening.engine;
    let parts = Parts {
        clock: known.clock.clone(),
        bank: known.bank.clone(),
        store: Arc::new(store),
        metrics: known.metrics.clone(),
        rules: known.rules.clone(),
        ahead: TimeDelta::zero(),
    };
    let engine = Engine::new(parts, None);
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
