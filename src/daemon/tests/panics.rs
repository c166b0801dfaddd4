//! D15: a panic in one task ends them all: nothing is half alive.

use super::{TestBank, WhileWaiting, evening};
use crate::daemon::{RunRules, Wakers, run};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// The next look at the wallets panics.
fn poison(bank: &Arc<TestBank>) {
    let bank = bank.clone();
    let poisoned = std::thread::spawn(move || {
        let _held = bank.wallets.lock().unwrap();
        panic!("planted");
    });
    assert!(poisoned.join().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_a_panic_in_one_task_ends_the_daemon() {
    let evening = evening(WhileWaiting::default(), 100, true).await;
    let (_stop, stopped) = watch::channel(false);
    let wakers = Wakers { tick: Arc::new(Notify::new()), reload: Arc::new(Notify::new()), stop: stopped };
    let rules = RunRules {
        policies: evening.engine.store().dir().join("none.yaml"),
        observe_every: Duration::from_millis(1),
        drain_for: Duration::from_secs(5),
    };
    poison(&evening.bank);
    let daemon = tokio::spawn(run(evening.engine.clone(), rules, wakers));
    let ended = tokio::time::timeout(Duration::from_secs(30), daemon).await.expect("it lives on half alive");
    assert!(ended.is_err_and(|error| error.is_panic()), "it ended as if nothing had happened");
    assert_eq!(evening.sent(), 0);
}
