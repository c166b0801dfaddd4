//! The request budget: at most N requests in any sliding minute, over restarts, and none while a Retry-After runs.
//!
//! A request counts from before its first byte until a minute after its *end*, because nobody knows when in between it
//! reached KPay. Waiting is in order of arrival and may be given up at any time (drop the future): nothing is spent by it.

use super::budget_file::{BudgetFile, Remembered};
use super::retry_after::grown_pause;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use tokio::time::Instant;

/// KPay's minute and a margin for clocks that do not run alike.
const WINDOW: Duration = Duration::from_millis(60_500);
/// A longer hold is not believed, wherever it comes from.
const LONGEST_HOLD: Duration = Duration::from_mins(15);

/// With a very large budget caution need not fill memory.
const MOST_CAUTION: usize = 10_000;

/// Reads the wall clock. Only what outlives the process, and dates in headers, are measured by it.
pub(super) type WallClock = fn() -> SystemTime;

/// The budget.
pub(super) struct Limiter {
    limit: usize,
    state: Mutex<State>,
    /// Lets waiters through one by one, in the order they came.
    gate: tokio::sync::Mutex<()>,
    freed: Notify,
    wall: WallClock,
}

struct State {
    in_flight: usize,
    /// When requests of the last window ended, oldest first.
    ended: VecDeque<Instant>,
    held_until: Option<Instant>,
    /// 429s in a row.
    streak: u32,
    file: Option<BudgetFile>,
}

/// Whether a request may go now.
enum Turn {
    Now,
    At(Instant),
    WhenOneEnds,
}

/// A minute whose requests are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full {
    /// How long it has been so.
    pub(super) since: Duration,
    /// How long until the next request may go.
    pub(super) left: Duration,
}

/// Leave for one request. Dropped unused it gives its place back; used, it counts for a minute more.
pub(super) struct Permit {
    limiter: Arc<Limiter>,
    begun: bool,
    place: Option<usize>,
}

impl Limiter {
    /// A budget of `limit` requests a minute (at least 1), kept in `file` over restarts where one is given.
    pub(super) fn new(limit: u32, file: Option<&Path>, wall: WallClock) -> Arc<Self> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        let mut state = State { in_flight: 0, ended: VecDeque::new(), held_until: None, streak: 0, file: None };
        if let Some(path) = file {
            state.remember(path, limit, unix_ms(wall()));
        }
        Arc::new(Self {
            limit,
            state: Mutex::new(state),
            gate: tokio::sync::Mutex::new(()),
            freed: Notify::new(),
            wall,
        })
    }

    /// Waits until a request may be sent. Outside any deadline: a wait may take as long as the longest Retry-After.
    ///
    /// # Errors
    /// [`Full`], at once, where the budget has no place within `patience`; never without one.
    pub(super) async fn acquire(self: &Arc<Self>, patience: Option<Duration>) -> Result<Permit, Full> {
        let _in_order = self.gate.lock().await;
        loop {
            match self.take_turn() {
                Turn::Now => return Ok(Permit { limiter: Arc::clone(self), begun: false, place: None }),
                Turn::At(instant) => {
                    self.is_worth_a_wait(patience)?;
                    tokio::time::sleep_until(instant).await;
                }
                Turn::WhenOneEnds => {
                    self.is_worth_a_wait(patience)?;
                    self.freed.notified().await;
                }
            }
        }
    }

    fn is_worth_a_wait(&self, patience: Option<Duration>) -> Result<(), Full> {
        let too_long = self.full().filter(|full| patience.is_some_and(|longest| full.left > longest));
        too_long.map_or(Ok(()), Err)
    }

    /// Whether a request waits now, for a Retry-After or for the budget.
    pub(super) fn somebody_waits(&self) -> bool {
        self.gate.try_lock().is_err()
    }

    /// Whether the budget has no place left; where all of it is in flight, a whole window is named.
    pub(super) fn full(&self) -> Option<Full> {
        let now = Instant::now();
        let mut state = self.lock();
        let left = match state.place(self.limit, now) {
            Turn::Now => return None,
            Turn::At(instant) => instant - now,
            Turn::WhenOneEnds => WINDOW,
        };
        Some(Full { since: state.ended.back().map_or(Duration::ZERO, |last| now - *last), left })
    }

    fn take_turn(&self) -> Turn {
        let mut state = self.lock();
        let turn = state.turn(self.limit, Instant::now());
        if matches!(turn, Turn::Now) {
            state.in_flight += 1;
        }
        turn
    }

    /// How long the next request would have to wait; `None` for not at all. A full house of requests in flight counts as
    /// a whole window.
    pub(super) fn wait(&self) -> Option<Duration> {
        let now = Instant::now();
        match self.lock().turn(self.limit, now) {
            Turn::Now => None,
            Turn::At(instant) => Some(instant - now),
            Turn::WhenOneEnds => Some(WINDOW),
        }
    }

    /// Requests a minute.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How long a Retry-After still runs.
    pub(super) fn held_for(&self) -> Option<Duration> {
        let now = Instant::now();
        self.lock().held_until.filter(|&until| until > now).map(|until| until - now)
    }

    /// KPay asked for a pause: all requests wait. Without a legible header the pauses of a row of 429s grow.
    pub(super) fn hold(&self, retry_after: Option<Duration>) -> Duration {
        let mut state = self.lock();
        state.streak = state.streak.saturating_add(1);
        let pause = retry_after.unwrap_or_else(|| grown_pause(state.streak)).min(LONGEST_HOLD);
        let until = Instant::now() + pause;
        if state.held_until.is_none_or(|before| before < until) {
            state.held_until = Some(until);
            let until_ms = unix_ms((self.wall)()).saturating_add(millis(pause));
            state.write(|file| file.hold(until_ms));
        }
        pause
    }

    /// KPay answered something else than 429: the row is broken.
    pub(super) fn heard(&self) {
        self.lock().streak = 0;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, limit: usize, now: Instant) -> Turn {
        match self.held_until.filter(|&until| until > now) {
            Some(until) => Turn::At(until),
            None => self.place(limit, now),
        }
    }

    /// The same by the budget alone.
    fn place(&mut self, limit: usize, now: Instant) -> Turn {
        while self.ended.front().is_some_and(|&ended| ended + WINDOW <= now) {
            self.ended.pop_front();
        }
        let taken = self.in_flight + self.ended.len();
        if taken < limit {
            return Turn::Now;
        }
        // A place is free once so many of the ended ones have left the window.
        match self.ended.get(taken - limit) {
            Some(&ended) => Turn::At(ended + WINDOW),
            None => Turn::WhenOneEnds,
        }
    }

    /// Takes over what an earlier process sent. What it says of the future is believed as far as a small step of the
    /// clock explains it; a file that cannot be believed leaves a quarter of the budget for the first minute.
    fn remember(&mut self, path: &Path, limit: usize, now_ms: u64) {
        let now = Instant::now();
        let remembered = match BudgetFile::open(path, limit, now_ms, millis(WINDOW)) {
            Ok((file, remembered)) => {
                self.file = Some(file);
                remembered
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the request budget will not survive a restart");
                Remembered { damaged: true, ..Remembered::default() }
            }
        };
        if remembered.damaged {
            let caution = (limit - (limit / 4).max(1)).min(MOST_CAUTION);
            self.ended.extend(std::iter::repeat_n(now, caution));
        }
        let ago = |at: u64| now.checked_sub(Duration::from_millis(now_ms.saturating_sub(at))).unwrap_or(now);
        self.ended.extend(remembered.sent_ms.into_iter().map(ago));
        // A hold that would run for longer than any does was written by a clock that has since stepped back.
        let held_for = Duration::from_millis(remembered.held_until_ms.saturating_sub(now_ms));
        self.held_until = (!held_for.is_zero() && held_for <= LONGEST_HOLD).then(|| now + held_for);
    }

    /// Writes to the file, if there is one; the first failure ends the writing, not the work.
    fn write<T>(&mut self, write: impl FnOnce(&mut BudgetFile) -> io::Result<T>) -> Option<T> {
        match write(self.file.as_mut()?) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(%error, "the request budget can no longer be kept over a restart");
                self.file = None;
                None
            }
        }
    }
}

impl Permit {
    /// Marks the request as begun; call it right before its first byte.
    pub(super) fn begin(&mut self) {
        let at_ms = unix_ms((self.limiter.wall)());
        self.place = self.limiter.lock().write(|file| file.begin(at_ms));
        self.begun = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let at_ms = unix_ms((self.limiter.wall)());
        let mut state = self.limiter.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        if self.begun {
            state.ended.push_back(Instant::now());
        }
        if let Some(place) = self.place {
            state.write(|file| file.end(place, at_ms));
        }
        drop(state);
        self.limiter.freed.notify_one();
    }
}

fn unix_ms(time: SystemTime) -> u64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Sends `count` requests of `lasting` each, one after the other, and returns when each began.
    async fn send(limiter: &Arc<Limiter>, count: usize, lasting: Duration) -> Vec<Instant> {
        let mut begun = Vec::new();
        for _ in 0..count {
            let mut permit = limiter.acquire(None).await.unwrap();
            permit.begin();
            begun.push(Instant::now());
            tokio::time::sleep(lasting).await;
        }
        begun
    }

    fn most_in_a_minute(times: &[Instant]) -> usize {
        let within = |start: &Instant| {
            let end = *start + Duration::from_mins(1);
            times.iter().filter(|time| (*start..end).contains(time)).count()
        };
        times.iter().map(within).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn i10_no_sliding_minute_holds_more_than_the_limit() {
        for (limit, count, lasting_ms) in [(1, 5, 0), (3, 20, 1), (100, 350, 10), (100, 450, 400), (7, 40, 9_000)] {
            let limiter = Limiter::new(limit, None, SystemTime::now);
            let times = send(&limiter, count, Duration::from_millis(lasting_ms)).await;
            let most = most_in_a_minute(&times);
            assert!(most <= usize::try_from(limit).unwrap(), "{most} of {limit} in a minute");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn i10_concurrent_requests_share_the_budget_and_go_in_order() {
        let limiter = Limiter::new(10, None, SystemTime::now);
        let tasks: Vec<_> = (0..45)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { send(&limiter, 1, Duration::from_millis(300)).await[0] })
            })
            .collect();
        let mut times = Vec::new();
        for task in tasks {
            times.push(task.await.unwrap());
        }
        assert_eq!(most_in_a_minute(&times), 10);
        assert!(times.is_sorted());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_given_up_and_a_permit_unused_cost_nothing() {
        let limiter = Limiter::new(1, None, SystemTime::now);
        drop(limiter.acquire(None).await.unwrap());
        assert_eq!(limiter.wait(), None);
        let held = limiter.acquire(None).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_mins(10), limiter.acquire(None)).await.is_err());
        drop(held);
        assert_eq!(limiter.wait(), None);
        send(&limiter, 1, Duration::ZERO).await;
        assert_eq!(limiter.wait(), Some(WINDOW));
    }

    /// Who has no patience for the rest of the minute is told how it stands with it, and spends nothing.
    #[tokio::test(start_paused = true)]
    async fn a_full_minute_is_told_at_once_to_who_would_wait_too_long() {
        let seconds = Duration::from_secs;
        let limiter = Limiter::new(2, None, SystemTime::now);
        send(&limiter, 2, seconds(10)).await;
        tokio::time::sleep(seconds(5)).await;
        // They ended 15 and 5 seconds ago.
        let full = Full { since: seconds(5), left: Duration::from_millis(45_500) };
        let start = Instant::now();
        assert_eq!(limiter.acquire(Some(seconds(45))).await.err(), Some(full));
        assert_eq!((start.elapsed(), limiter.somebody_waits()), (Duration::ZERO, false));
        assert!(limiter.acquire(Some(seconds(46))).await.is_ok());
        assert_eq!(start.elapsed(), full.left);
        // A pause that KPay asks for is no matter of the budget.
        limiter.hold(Some(seconds(120)));
        assert!(limiter.acquire(Some(seconds(1))).await.is_ok());
        // All places in flight: none comes back before a whole window.
        let _one = limiter.acquire(None).await.unwrap();
        let _other = limiter.acquire(None).await.unwrap();
        assert_eq!(limiter.acquire(Some(seconds(60))).await.err().map(|full| full.left), Some(WINDOW));
    }

    #[tokio::test(start_paused = true)]
    async fn b01_a_retry_after_holds_everything_and_grows_without_a_header() {
        let limiter = Limiter::new(1_000_000, None, SystemTime::now);
        for (told, expected) in [(None, 1), (None, 2), (None, 4), (Some(30), 30), (None, 16), (Some(9_999), 900)] {
            let pause = limiter.hold(told.map(Duration::from_secs));
            assert_eq!(pause.as_secs(), expected);
            let running = limiter.held_for().unwrap();
            let start = Instant::now();
            drop(limiter.acquire(None).await.unwrap());
            assert!(start.elapsed() >= running && running >= pause);
        }
        limiter.heard();
        assert_eq!(limiter.hold(None).as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn b01_a_shorter_retry_after_does_not_cut_a_longer_one() {
        let limiter = Limiter::new(5, None, SystemTime::now);
        limiter.hold(Some(Duration::from_mins(1)));
        limiter.hold(Some(Duration::from_secs(1)));
        assert_eq!(limiter.held_for(), Some(Duration::from_mins(1)));
    }

    /// A wall clock that the test moves.
    static WALL_MS: AtomicU64 = AtomicU64::new(0);

    fn wall() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(WALL_MS.load(Ordering::SeqCst))
    }

    #[tokio::test(start_paused = true)]
    async fn b09_a_restart_loop_does_not_spend_the_budget_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("budget");
        let begin = Instant::now();
        let follow = |base: u64| WALL_MS.store(base + millis(begin.elapsed()), Ordering::SeqCst);
        let base = 1_800_000_000_000;
        follow(base);
        let mut times = Vec::new();
        for _ in 0..60 {
            let limiter = Limiter::new(20, Some(&path), wall);
            let round = tokio::time::timeout(Duration::from_secs(5), async {
                loop {
                    let mut permit = limiter.acquire(None).await.unwrap();
                    follow(base);
                    permit.begin();
                    times.push(Instant::now());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    follow(base);
                }
            });
            assert!(round.await.is_err());
            follow(base);
        }
        assert!(most_in_a_minute(&times) <= 20, "{}", most_in_a_minute(&times));
        assert!(times.len() > 60, "only {} requests in five minutes", times.len());

        // A request counts from its end, also for the next process.
        let path = dir.path().join("slow");
        let slow = Limiter::new(1, Some(&path), wall);
        let mut permit = slow.acquire(None).await.unwrap();
        permit.begin();
        tokio::time::sleep(Duration::from_secs(10)).await;
        follow(base);
        drop(permit);
        assert_eq!(Limiter::new(1, Some(&path), wall).wait(), Some(WINDOW));

        // A Retry-After outlives the process; a clock an hour back is not waited for.
        Limiter::new(20, Some(&path), wall).hold(Some(Duration::from_mins(5)));
        let held = Limiter::new(20, Some(&path), wall).held_for().unwrap();
        assert_eq!(held.as_secs(), 300);
        WALL_MS.store(base - 3_600_000, Ordering::SeqCst);
        let after_step = Limiter::new(20, Some(&path), wall);
        assert_eq!(after_step.wait(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn b09_a_damaged_file_means_a_slow_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("budget");
        std::fs::write(&path, "rubbish").unwrap();
        let limiter = Limiter::new(100, Some(&path), SystemTime::now);
        let start = Instant::now();
        send(&limiter, 25, Duration::ZERO).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        send(&limiter, 1, Duration::ZERO).await;
        assert!(start.elapsed() >= Duration::from_mins(1));
    }
}
