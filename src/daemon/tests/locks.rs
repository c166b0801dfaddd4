//! The engine's world and the store have a lock each. Nobody may hold one and wait for the other: with two orders two
//! threads would wait for each other for ever.

use super::*;
use crate::daemon::ApprovalRequest;
use crate::model::ExternalId;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tokio::runtime::Handle;

const LONG: Duration = Duration::from_secs(5);

/// Long enough to come to a lock that is held.
const A_MOMENT: Duration = Duration::from_millis(150);

type Work = fn(&Arc<Engine>, &Handle, &ApprovalRequest);

const WORKS: [(&str, Work); 8] = [
    ("status", |engine, _, _| drop(engine.status())),
    ("asks", |engine, _, _| drop(engine.asks(engine.clock.now()))),
    ("next_work_at", |engine, _, _| {
        let _ = engine.next_work_at();
    }),
    ("due", |engine, _, _| drop(engine.due(None))),
    ("approve", |engine, handle, wish| drop(handle.block_on(engine.approve(wish)))),
    ("end_wait", |engine, handle, wish| {
        let id = ExternalId::from_text(&wish.external_id);
        drop(handle.block_on(engine.end_wait(&id)));
    }),
    ("decide", |engine, handle, _| drop(handle.block_on(engine.decide(None)))),
    ("carry_out", |engine, handle, _| drop(handle.block_on(engine.carry_out()))),
];

/// All of the engine's work at once, each on a thread of its own; what is received is done.
fn start(evening: &Evening, wish: &ApprovalRequest) -> Receiver<&'static str> {
    let (done, ends) = channel();
    for (name, work) in WORKS {
        let (engine, wish, done) = (evening.engine.clone(), wish.clone(), done.clone());
        let handle = Handle::current();
        std::thread::spawn(move || {
            work(&engine, &handle, &wish);
            done.send(name).unwrap();
        });
    }
    std::thread::sleep(A_MOMENT);
    ends
}

/// Whether another thread comes through.
fn comes_through(way: impl FnOnce() + Send + 'static) -> bool {
    let (through, is_through) = channel();
    std::thread::spawn(move || {
        way();
        through.send(()).unwrap();
    });
    is_through.recv_timeout(LONG).is_ok()
}

async fn waiting_evening() -> (Evening, ApprovalRequest) {
    let text = format!("{POLICY}    approval: {{ above: 200_000 XAF, approvers: 2 }}\n");
    let evening = evening_of(&text, &[Some("1")], WhileWaiting::default(), 100, true).await;
    let external_id = evening.engine.store().with_state(|state| state.open.keys().next().unwrap().clone());
    let wish = ApprovalRequest { external_id, approve: true, by: "awa".to_owned(), note: String::new() };
    (evening, wish)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_the_world_holds_nothing_of_the_store() {
    let (evening, wish) = waiting_evening().await;
    let world = evening.engine.world();
    let ends = start(&evening, &wish);
    let store = evening.engine.store().clone();
    assert!(comes_through(move || store.with_state(|_| ())), "somebody holds the store and waits for the world");
    drop(world);
    assert!(WORKS.iter().all(|_| ends.recv_timeout(LONG).is_ok()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_the_store_holds_nothing_of_the_world() {
    let (evening, wish) = waiting_evening().await;
    let ends = evening.engine.store().with_state(|_| {
        let ends = start(&evening, &wish);
        let engine = evening.engine.clone();
        assert!(comes_through(move || drop(engine.world())), "somebody holds the world and waits for the store");
        ends
    });
    assert!(WORKS.iter().all(|_| ends.recv_timeout(LONG).is_ok()));
}

/// What the two above cannot see: a lock that is taken only after others were taken and given back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_looks_at_once_never_wait_for_each_other_for_ever() {
    let (evening, _) = waiting_evening().await;
    let (done, ends) = channel();
    let looks: [fn(&Engine); 2] = [|engine| drop(engine.status()), |engine| drop(engine.asks(engine.clock.now()))];
    for look in looks {
        let (engine, done) = (evening.engine.clone(), done.clone());
        std::thread::spawn(move || {
            (0..3_000).for_each(|_| look(&engine));
            done.send(()).unwrap();
        });
    }
    assert!(looks.iter().all(|_| ends.recv_timeout(LONG * 4).is_ok()), "two threads wait for each other");
}
