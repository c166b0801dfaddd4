//! The heartbeat: tokio-cron-scheduler wakes the tasks once a second and decides nothing.
//!
//! Its one job is in UTC and has no policy's cron, because the scheduler keeps a zone's offset from the moment a job
//! is made (its issues #87 and #107) and keeps nothing over a restart. What is due is computed purely, by the `slot`
//! room, each time the tasks wake; a tick that is lost, late or doubled changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Every second; six fields, seconds first.
const EVERY_SECOND: &str = "* * * * * *";

/// Why the heartbeat does not beat.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The scheduler did not start.
    #[error("the scheduler that wakes the daemon did not start")]
    Start(#[source] JobSchedulerError),
    /// The scheduler did not stop.
    #[error("the scheduler that wakes the daemon did not stop")]
    Stop(#[source] JobSchedulerError),
}

/// A running heartbeat.
///
/// The scheduler reads the wall clock: set back by an hour, it is silent for an hour. [`Heartbeat::last_tick_age`]
/// shows it on a clock that is never set, so that the watchdog restarts the daemon; a waiter that must not depend on
/// it waits with a time-out of its own.
pub struct Heartbeat {
    scheduler: JobScheduler,
    last_tick: Arc<LastTick>,
}

/// When the last tick was, on the monotonic clock.
struct LastTick {
    started: Instant,
    millis_after_start: AtomicU64,
}

impl LastTick {
    fn new() -> Self {
        Self { started: Instant::now(), millis_after_start: AtomicU64::new(0) }
    }

    fn elapsed_millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn set(&self) {
        self.millis_after_start.store(self.elapsed_millis(), Ordering::Release);
    }

    fn age(&self) -> Duration {
        let last = self.millis_after_start.load(Ordering::Acquire);
        Duration::from_millis(self.elapsed_millis().saturating_sub(last))
    }
}

impl Heartbeat {
    /// Starts beating: each second everyone who waits on `wake` is woken. Who is busy then is woken by a later tick.
    ///
    /// # Errors
    /// [`ScheduleError::Start`].
    pub async fn start(wake: Arc<Notify>) -> Result<Self, ScheduleError> {
        let last_tick = Arc::new(LastTick::new());
        let ticked = Arc::clone(&last_tick);
        let job = Job::new(EVERY_SECOND, move |_, _| {
            ticked.set();
            wake.notify_waiters();
        });
        let scheduler = JobScheduler::new().await.map_err(ScheduleError::Start)?;
        scheduler.add(job.map_err(ScheduleError::Start)?).await.map_err(ScheduleError::Start)?;
        scheduler.start().await.map_err(ScheduleError::Start)?;
        Ok(Self { scheduler, last_tick })
    }

    /// How long ago the last tick was; before the first one, how long ago the start was.
    #[must_use]
    pub fn last_tick_age(&self) -> Duration {
        self.last_tick.age()
    }

    /// Stops beating within half a second.
    ///
    /// # Errors
    /// [`ScheduleError::Stop`].
    pub async fn shutdown(mut self) -> Result<(), ScheduleError> {
        self.scheduler.shutdown().await.map_err(ScheduleError::Stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one test that drives the real scheduler; everything else uses a clock of its own.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_heart_beats_each_second_and_stops_when_told() {
        let wake = Arc::new(Notify::new());
        let heartbeat = Heartbeat::start(Arc::clone(&wake)).await.unwrap();
        let soon = Duration::from_secs(5);
        for beat in 0..2 {
            let woken = tokio::time::timeout(soon, wake.notified()).await;
            assert!(woken.is_ok(), "beat {beat} did not come");
            assert!(heartbeat.last_tick_age() < Duration::from_secs(1));
        }
        let last_tick = Arc::clone(&heartbeat.last_tick);
        heartbeat.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        let stopped = last_tick.millis_after_start.load(Ordering::Acquire);
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        assert_eq!(last_tick.millis_after_start.load(Ordering::Acquire), stopped, "it still beats");
    }
}
