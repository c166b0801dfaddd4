//! I10 in seeded runs: requests of any length side by side, pauses that KPay asks for, kills and starts at any moment, on a
//! virtual clock and a real file.

use crate::kpay::limiter::Limiter;
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

/// KPay's minute.
const MINUTE: Duration = Duration::from_mins(1);

thread_local! {
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A wall clock that goes with the virtual one.
fn wall() -> SystemTime {
    let since = BEGUN.get().map_or(Duration::ZERO, |begun| begun.elapsed());
    UNIX_EPOCH + Duration::from_hours(500_000) + since
}

#[derive(Debug, Clone)]
enum Step {
    /// A request that takes so many milliseconds once it may go.
    Ask(u64),
    Wait(u64),
    /// KPay asks for a pause of so many milliseconds.
    Hold(u64),
    /// The process is killed; the next starts so many milliseconds later.
    Kill(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let lasting = || prop_oneof![0_u64..50, 0_u64..2_000, 0_u64..70_000];
    prop_oneof![
        8 => lasting().prop_map(Step::Ask),
        4 => lasting().prop_map(Step::Wait),
        1 => (1_000_u64..90_000).prop_map(Step::Hold),
        2 => prop_oneof![Just(0_u64), 0_u64..5_000].prop_map(Step::Kill),
    ]
}

/// A request as KPay may have seen it: it arrived at some moment from `begun` to `over`.
#[derive(Debug, Clone, Copy)]
struct Sent {
    begun: Instant,
    over: Option<Instant>,
}

type Log = Rc<RefCell<Vec<Sent>>>;

async fn request(limiter: Arc<Limiter>, lasting: Duration, log: Log) {
    let mut permit = limiter.acquire(None).await.unwrap();
    permit.begin();
    let place = log.borrow().len();
    log.borrow_mut().push(Sent { begun: Instant::now(), over: None });
    sleep(lasting).await;
    log.borrow_mut()[place].over = Some(Instant::now());
}

/// What is said when the budget is broken, and how many requests began.
async fn play(limit: u32, steps: &[Step], file: &Path) -> Result<usize, String> {
    BEGUN.set(Some(Instant::now()));
    let log = Log::default();
    let mut holds: Vec<(Instant, Instant)> = Vec::new();
    let mut steps = steps.iter();
    let mut is_over = false;
    while !is_over {
        let limiter = Limiter::new(limit, Some(file), wall);
        let tasks = LocalSet::new();
        let pause = tasks
            .run_until(async {
                for step in steps.by_ref() {
                    match step {
                        Step::Ask(ms) => {
                            let lasting = Duration::from_millis(*ms);
                            tokio::task::spawn_local(request(limiter.clone(), lasting, log.clone()));
                            tokio::task::yield_now().await;
                        }
                        Step::Wait(ms) => sleep(Duration::from_millis(*ms)).await,
                        Step::Hold(ms) => {
                            let pause = limiter.hold(Some(Duration::from_millis(*ms)));
                            holds.push((Instant::now(), Instant::now() + pause));
                        }
                        Step::Kill(ms) => return Some(Duration::from_millis(*ms)),
                    }
                }
                None
            })
            .await;
        is_over = pause.is_none();
        // A process that is killed writes nothing more.
        let left = std::fs::read(file).unwrap();
        drop(tasks);
        std::fs::write(file, left).unwrap();
        for sent in log.borrow_mut().iter_mut() {
            sent.over.get_or_insert_with(Instant::now);
        }
        sleep(pause.unwrap_or_default()).await;
    }
    let log = log.borrow();
    for (nth, sent) in log.iter().enumerate() {
        let earlier = log[..=nth].iter().filter(|other| other.over.unwrap() + MINUTE > sent.begun).count();
        if earlier > usize::try_from(limit).unwrap() {
            return Err(format!("request {nth}: {earlier} may have arrived within a minute, of {limit}: {log:#?}"));
        }
        if let Some((from, until)) = holds.iter().find(|(from, until)| *from < sent.begun && sent.begun < *until) {
            return Err(format!("request {nth} began at {:?}, held from {from:?} until {until:?}", sent.begun));
        }
    }
    Ok(log.len())
}

fn alone<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(run)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn i10_no_order_of_requests_pauses_and_kills_breaks_the_budget(limit in 1_u32..6, steps in proptest::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let asked = steps.iter().filter(|step| matches!(step, Step::Ask(_))).count();
        let sent = alone(play(limit, &steps, &dir.path().join("budget"))).map_err(TestCaseError::fail)?;
        prop_assert!(sent <= asked);
        prop_assert!(asked == 0 || sent > 0 || steps.iter().any(|step| matches!(step, Step::Kill(_) | Step::Hold(_))));
    }
}
