//! The one thread that writes to the journal: it drains its queue, writes everything, syncs once, and answers everybody.
//! Where there is no disk of the machine's (`platter`), somebody else takes its turns.
//!
//! A failed write or sync ends recording for good. The sync is never tried again: after a failed one the kernel may have
//! dropped the pages and call the next one a success.

use super::home::{Home, Inode, sync_directory};
use super::platter::Platter;
use super::segment::{Month, Segment};
use super::shared::{Lines, Shared};
use super::{StoreError, origin};
use crate::planted::{self, Mistake};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// The most that is written before a sync, in bytes, beyond one order.
const BATCH: usize = 4 * 1024 * 1024;

/// The door to the disk, so that tests and the simulator can make it fail.
pub trait Door: Send {
    /// Writes all of `bytes` to the file's end.
    ///
    /// # Errors
    /// The system's; some of the bytes may be in the file.
    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// The system's; nothing is known about what was written since the last success.
    fn sync(&mut self, file: &File) -> io::Result<()>;
}

/// The disk as it is.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl Door for Disk {
    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// Told once the lines are durable, or never will be.
pub(super) type Done = oneshot::Sender<Result<(), StoreError>>;

/// What the writer is asked for.
pub(super) enum Order {
    Write(Lines, Done),
    Stop,
}

/// The current segment and how long it is when nobody but us wrote to it.
pub(super) struct OpenSegment {
    segment: Segment,
    file: File,
    inode: Inode,
    len: u64,
}

impl OpenSegment {
    /// The last segment, to be written on.
    pub fn reopen(segment: Segment) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::write(&segment.path, &error);
        let file = OpenOptions::new().append(true).open(&segment.path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        Ok(Self { segment, file, inode: Inode::of(&metadata), len: metadata.len() })
    }

    /// A new, empty one; its name is durable.
    fn create(segment: Segment, home: &Home) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&segment.path)?;
        file.sync_all()?;
        sync_directory(&home.journal())?;
        let inode = Inode::of(&file.metadata()?);
        Ok(Self { segment, file, inode, len: 0 })
    }

    fn is_untouched(&self) -> bool {
        let found = std::fs::symlink_metadata(&self.segment.path);
        found.is_ok_and(|found| Inode::of(&found) == self.inode && found.len() == self.len)
    }
}

/// What the journal is written to.
pub(super) enum Medium {
    /// Files of the machine's.
    Files(Files),
    /// Anything else.
    Platter(Box<dyn Platter>),
}

impl Medium {
    fn commit(&mut self, month: Month, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Files(files) => files.commit(month, bytes),
            Self::Platter(platter) => {
                let name = month.file_name();
                let failed = |error| StoreError::Stopped(format!("writing to {name} failed: {error}"));
                platter.commit(&name, bytes).map_err(failed)
            }
        }
    }
}

/// The writer's side of the queue.
pub(super) struct Writer {
    pub medium: Medium,
    pub shared: Arc<Shared>,
    /// Told the last synced record's number after every sync; closed when the writer ends.
    pub synced: mpsc::Sender<u64>,
    pub syncs: Arc<AtomicU64>,
    /// Why nothing more is written.
    pub failed: Option<StoreError>,
}

impl Writer {
    /// Works until told to stop or everybody is gone.
    pub fn run(mut self, orders: &mpsc::Receiver<Order>) {
        let mut is_over = false;
        while !is_over {
            let Ok(order) = orders.recv() else { return };
            is_over = self.turn(order, orders);
        }
    }

    /// Writes an order and what is queued behind it, and answers; `true` when told to stop.
    pub fn turn(&mut self, order: Order, orders: &mpsc::Receiver<Order>) -> bool {
        let mut batch = Vec::new();
        let is_over = gather(order, orders, &mut batch);
        let (lines, done): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let result = self.failed.clone().map_or_else(|| self.commit(&lines), Err);
        let result = if planted::is(Mistake::FailedSyncIsSuccess) { Ok(()) } else { result };
        if let Err(error) = &result {
            self.failed = Some(error.clone());
            self.shared.refuse(error.clone());
        } else if let Some(last) = lines.last() {
            // Without anybody to make checkpoints the next start reads more: nothing is lost.
            let _ = self.synced.send(last.head.seq);
        }
        for done in done {
            // Whoever asked may have gone; the record stands all the same.
            let _ = done.send(result.clone());
        }
        is_over
    }

    fn commit(&mut self, batch: &[Lines]) -> Result<(), StoreError> {
        for lines in batch.chunk_by(|one, next| one.month == next.month) {
            let Some(month) = lines.first().map(|lines| lines.month) else { continue };
            let bytes = lines.iter().map(|lines| lines.bytes.as_slice()).collect::<Vec<_>>().concat();
            self.medium.commit(month, &bytes)?;
            self.syncs.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The segments of a state directory.
pub(super) struct Files {
    pub home: Arc<Home>,
    pub door: Box<dyn Door>,
    pub current: Option<OpenSegment>,
}

impl Files {
    fn commit(&mut self, month: Month, bytes: &[u8]) -> Result<(), StoreError> {
        self.check_untouched()?;
        let current = self.segment_of(month)?;
        let path = current.segment.path.clone();
        current.len += bytes.len() as u64;
        let Self { current: Some(current), door, .. } = self else { return Ok(()) };
        let failed =
            |what: &str, error: io::Error| StoreError::Stopped(format!("{what} {} failed: {error}", path.display()));
        door.write(&mut current.file, bytes).map_err(|error| failed("writing to", error))?;
        door.sync(&current.file).map_err(|error| failed("syncing", error))
    }

    /// A segment that was deleted, swapped or written to by somebody else would take our records with it.
    fn check_untouched(&self) -> Result<(), StoreError> {
        let is_untouched = self.home.is_ours() && self.current.as_ref().is_none_or(OpenSegment::is_untouched);
        if is_untouched {
            return Ok(());
        }
        Err(StoreError::Replaced { path: self.home.dir().to_owned() })
    }

    fn segment_of(&mut self, month: Month) -> Result<&mut OpenSegment, StoreError> {
        if self.current.as_ref().is_none_or(|current| current.segment.month != month) {
            let segment = Segment::new(&self.home.journal(), month);
            let path = segment.path.clone();
            let is_first = self.current.is_none();
            let created = OpenSegment::create(segment, &self.home)
                .and_then(|created| {
                    // Before its first record: a journal with records and no note is a copy.
                    if is_first { origin::remember(&self.home, &path).map(|()| created) } else { Ok(created) }
                })
                .map_err(|error| StoreError::Stopped(format!("creating {} failed: {error}", path.display())))?;
            self.current = Some(created);
        }
        self.current.as_mut().ok_or(StoreError::Closed)
    }
}

/// Takes what is queued, up to a batch; `true` when told to stop.
fn gather(first: Order, orders: &mpsc::Receiver<Order>, batch: &mut Vec<(Lines, Done)>) -> bool {
    let mut size = 0;
    let mut next = Some(first);
    while let Some(order) = next {
        let Order::Write(lines, done) = order else { return true };
        size += lines.bytes.len();
        batch.push((lines, done));
        next = if size < BATCH { orders.try_recv().ok() } else { None };
    }
    false
}
