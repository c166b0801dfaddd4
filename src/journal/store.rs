//! The daemon's door to the journal: one writer, the present state, and intents by id.

use super::checkpoint::{Checkpoints, Finder};
use super::frame::Head;
use super::home::Home;
use super::recovery::{self, OpenReport};
use super::segment::Segment;
use super::shared::{Core, Shared, with_json};
use super::writer::{Disk, Door, Files, Medium, OpenSegment, Order, Writer};
use super::{Hash, StoreError, background, origin};
use crate::intent::{CopySign, Event, PolicyText, State, Tracked};
use crate::model::{ExternalId, Identity, Timestamp};
use crate::planted::{self, Mistake};
use chrono::SubsecRound;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// An open state directory. Share it in an [`Arc`]; it is closed when dropped.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    /// `None` where the journal is on no disk of the machine's.
    home: Option<Arc<Home>>,
    /// By what the state was seen to be a copy when it was opened, and the file that it begins in.
    pub(super) copied: Option<CopySign>,
    first: Option<PathBuf>,
    /// The texts of the policies last in force, where there is no directory for a copy of them.
    pub(super) texts: Mutex<Vec<PolicyText>>,
    shared: Arc<Shared>,
    finder: Arc<Finder>,
    orders: mpsc::Sender<Order>,
    syncs: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What became of events that were to be recorded.
enum Queued {
    /// There were none.
    Nothing,
    /// Another record came before them; they are not recorded.
    Moved,
    /// In the state and under way to the disk.
    Under(Vec<Tracked>, oneshot::Receiver<Result<(), StoreError>>),
}

impl Store {
    /// Takes the lock, verifies the current segment, recovers the state, and starts the threads.
    ///
    /// # Errors
    /// [`StoreError`], each with what to do; nothing was changed then, except that a missing directory was made.
    pub fn open(dir: &Path) -> Result<(Self, OpenReport), StoreError> {
        Self::open_through(dir, Box::new(Disk))
    }

    /// [`Store::open`] with another door to the disk, for tests of its failures.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_through(dir: &Path, door: Box<dyn Door>) -> Result<(Self, OpenReport), StoreError> {
        let home = Arc::new(Home::take(dir)?);
        let recovered = recovery::recover(&home)?;
        let finder = Finder::new(home.journal(), recovered.source);
        let (mut store, queue) = Self::assemble(home.dir().to_owned(), recovered.core, finder);
        store.home = Some(home.clone());
        store.copied = recovered.report.copied;
        store.first = recovered.first.map(|segment| segment.path);
        let current = recovered.current.map(OpenSegment::reopen).transpose()?;
        store.start_writing(Files { home, door, current }, queue, recovered.saved)?;
        store.start_verifying(recovered.older)?;
        Ok((store, recovered.report))
    }

    /// A store without threads, and the end of its queue.
    pub(super) fn assemble(dir: PathBuf, core: Core, finder: Finder) -> (Self, mpsc::Receiver<Order>) {
        let (orders, queue) = mpsc::channel();
        let store = Self {
            dir,
            home: None,
            copied: None,
            first: None,
            texts: Mutex::default(),
            shared: Arc::new(Shared::new(core)),
            finder: Arc::new(finder),
            orders,
            syncs: Arc::default(),
            stop: Arc::default(),
            threads: Mutex::default(),
        };
        (store, queue)
    }

    /// The writer of this store, and where it tells what is synced.
    pub(super) fn writer(&self, medium: Medium) -> (Writer, mpsc::Receiver<u64>) {
        let (synced, heard) = mpsc::channel();
        let (shared, syncs) = (Arc::clone(&self.shared), Arc::clone(&self.syncs));
        (Writer { medium, shared, synced, syncs, failed: None }, heard)
    }

    /// The writer, and behind it the checkpoints.
    fn start_writing(&self, files: Files, queue: mpsc::Receiver<Order>, saved: u64) -> Result<(), StoreError> {
        let (writer, heard) = self.writer(Medium::Files(files));
        let (shared, finder) = (Arc::clone(&self.shared), Arc::clone(&self.finder));
        let checkpoints = Checkpoints { shared, finder, saved, synced: self.records() };
        self.spawn("journal", move || writer.run(&queue))?;
        self.spawn("journal-index", move || checkpoints.run(&heard))
    }

    fn start_verifying(&self, (older, end): (Vec<Segment>, Head)) -> Result<(), StoreError> {
        if older.is_empty() {
            return Ok(());
        }
        let (stop, shared) = (Arc::clone(&self.stop), Arc::clone(&self.shared));
        self.spawn("journal-verify", move || background::run(&older, end, &stop, &shared))
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        let failed = |error| StoreError::Stopped(format!("starting the thread {name} failed: {error}"));
        self.threads().push(spawned.map_err(failed)?);
        Ok(())
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records events, one record each, in this order and right after one another. The state shows them at once, in the
    /// order of the file; the future ends when they are durable. They are recorded even if the future is dropped.
    ///
    /// `at` is cut to the millisecond. Returns the intents that changed.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] records nothing and changes nothing; after any other nothing more is ever recorded.
    pub fn append(
        &self,
        at: Timestamp,
        events: Vec<Event>,
    ) -> impl Future<Output = Result<Vec<Tracked>, StoreError>> + Send + use<> {
        let queued = self.queue(None, at, events);
        async move { durable(queued?).await }
    }

    /// [`Store::append`] for events that were made from the state after record `seq` (see [`Store::with_state_at`]):
    /// `None`, with nothing recorded, where another record came in between.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn append_after(
        &self,
        seq: u64,
        at: Timestamp,
        events: Vec<Event>,
    ) -> impl Future<Output = Result<Option<Vec<Tracked>>, StoreError>> + Send + use<> {
        let queued = self.queue(Some(seq), at, events);
        async move {
            match queued? {
                Queued::Moved => Ok(None),
                queued => durable(queued).await.map(Some),
            }
        }
    }

    /// [`Store::append`] for callers outside an async runtime; it panics inside one.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn append_blocking(&self, at: Timestamp, events: Vec<Event>) -> Result<Vec<Tracked>, StoreError> {
        let Queued::Under(changed, durable) = self.queue(None, at, events)? else { return Ok(Vec::new()) };
        durable.blocking_recv().unwrap_or_else(|_| Err(writer_is_gone()))?;
        Ok(changed)
    }

    fn queue(&self, after: Option<u64>, at: Timestamp, events: Vec<Event>) -> Result<Queued, StoreError> {
        let events = with_json(events)?;
        if events.is_empty() {
            return Ok(Queued::Nothing);
        }
        let (done, durable) = oneshot::channel();
        let mut core = self.shared.core();
        if after.is_some_and(|seq| core.head.seq != seq) {
            return Ok(Queued::Moved);
        }
        let (lines, changed) = core.record(at.trunc_subsecs(3), &events)?;
        // Under the lock: the queue's order is the order of the records.
        if self.orders.send(Order::Write(lines, done)).is_err() {
            core.refusal.get_or_insert_with(writer_is_gone);
        }
        drop(core);
        Ok(Queued::Under(changed, durable))
    }

    /// Looks at the present state. Appends wait meanwhile: be quick.
    pub fn with_state<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.core().state)
    }

    /// [`Store::with_state`] with the number of the last record in it, for [`Store::append_after`].
    pub fn with_state_at<R>(&self, look: impl FnOnce(&State, u64) -> R) -> R {
        let core = self.shared.core();
        look(&core.state, core.head.seq)
    }

    /// An intent, open or long done, as it stands; `None` where the journal never heard of it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] or [`StoreError::Read`] where the journal cannot be read; [`StoreError::Closed`].
    pub fn find(&self, id: &ExternalId) -> Result<Option<Tracked>, StoreError> {
        let known = self.shared.core().find(id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let places = self.finder.places(id)?;
        self.finder.shelf().story(id, places)
    }

    /// The intents decided last, newest first; all of them without a limit.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub fn history(&self, limit: Option<usize>) -> Result<Vec<Tracked>, StoreError> {
        let limit = limit.unwrap_or(usize::MAX);
        let mut ids = self.shared.core().newest(limit);
        if ids.len() < limit {
            ids.extend(self.finder.newest(limit)?);
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        ids.truncate(limit);
        let mut reader = self.finder.shelf();
        let mut history = Vec::new();
        for id in &ids {
            let known = self.shared.core().find(id).cloned();
            let tracked = match known {
                Some(tracked) => Some(tracked),
                None => reader.story(id, self.finder.places(id)?)?,
            };
            history.extend(tracked);
        }
        Ok(history)
    }

    /// By what the state was seen to be a copy when it was opened; `None` where it is the one it was. Whoever begins to work
    /// on it records that first, and then [`Store::remember_origin`] makes it the one it is from now on.
    #[must_use]
    pub fn sign_of_copy(&self) -> Option<CopySign> {
        self.copied
    }

    /// Remembers which file the journal begins in; durable when it returns. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written: the next start sees the copy again.
    pub fn remember_origin(&self) -> Result<(), StoreError> {
        let (Some(home), Some(first)) = (&self.home, &self.first) else { return Ok(()) };
        if !home.is_ours() {
            return Err(StoreError::Replaced { path: self.dir.clone() });
        }
        origin::remember(home, first).map_err(|error| StoreError::write(&self.dir, &error))
    }

    /// The state directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether there is no state directory, and no thread of this store's.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.home.is_none()
    }

    /// Does work that blocks on a thread for such; in place where the store has none and nothing of it blocks.
    pub async fn aside<R: Send + 'static>(self: &Arc<Self>, work: impl FnOnce(&Self) -> R + Send + 'static) -> R {
        if self.is_elsewhere() {
            return work(self);
        }
        let store = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Whether the state directory is still the one that was opened.
    pub(super) fn is_in_place(&self) -> bool {
        self.home.as_ref().is_none_or(|home| home.is_ours())
    }

    /// Records in the journal, those under way included.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.head().seq
    }

    /// The last record's hash.
    #[must_use]
    pub fn head_hash(&self) -> Hash {
        self.head().hash
    }

    fn head(&self) -> Head {
        self.shared.core().head
    }

    /// Whose journal it is; `None` before its first record.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.with_state(|state| state.identity.clone())
    }

    /// Why nothing more is recorded: damage found in an older segment, or a failed write. Whoever sees it must end.
    #[must_use]
    pub fn is_read_only(&self) -> Option<String> {
        self.refusal().map(|refusal| refusal.to_string())
    }

    /// [`Store::is_read_only`] as the error itself.
    #[must_use]
    pub fn refusal(&self) -> Option<StoreError> {
        self.shared.core().refusal.clone().filter(|refusal| *refusal != StoreError::Closed)
    }

    /// Syncs since the start: appends that were under way together share one.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Writes what is queued, saves the last checkpoint, and gives the lock back. Later appends fail.
    pub fn close(&self) {
        self.shared.refuse(StoreError::Closed);
        self.stop.store(true, Ordering::Relaxed);
        // A writer that is gone needs no order to stop.
        let _ = self.orders.send(Order::Stop);
        let threads = std::mem::take(&mut *self.threads());
        if threads.is_empty() {
            return;
        }
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the journal panicked");
            }
        }
        self.finder.close();
        if let Some(home) = &self.home {
            home.release();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

async fn durable(queued: Queued) -> Result<Vec<Tracked>, StoreError> {
    let Queued::Under(changed, durable) = queued else { return Ok(Vec::new()) };
    if planted::is(Mistake::SendBeforeSync) {
        return Ok(changed);
    }
    durable.await.unwrap_or_else(|_| Err(writer_is_gone()))?;
    Ok(changed)
}

fn writer_is_gone() -> StoreError {
    StoreError::Stopped("the thread that writes ended".to_owned())
}
