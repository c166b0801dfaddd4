//! The state directory: whose it is, that it is fit to hold the journal, and the lock that dies with its holder.

use super::StoreError;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes written, synced and removed again at every start, to meet a full disk before a transfer does.
const PROBE: usize = 64 * 1024;

/// A file, wherever its name went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inode(u64, u64);

impl Inode {
    pub fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// A state directory that is ours for as long as this lives.
#[derive(Debug)]
pub(super) struct Home {
    dir: PathBuf,
    lock: File,
    lock_inode: Inode,
}

pub(super) fn journal_of(dir: &Path) -> PathBuf {
    dir.join("journal")
}

impl Home {
    /// Makes the directory where there is none, refuses one that is not fit, and takes the lock.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        // Without a trailing slash: `lstat("link/")` would follow the link.
        let dir: PathBuf = dir.components().collect();
        ensure_directory(&dir)?;
        check_fitness(&dir)?;
        let (lock, lock_inode) = take_lock(&dir)?;
        probe(&dir).map_err(|error| StoreError::write(&dir, &error))?;
        ensure_directory(&journal_of(&dir))?;
        Ok(Self { dir, lock, lock_inode })
    }

    pub fn journal(&self) -> PathBuf {
        journal_of(&self.dir)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the directory's name still leads to the lock we hold: not after it was deleted, moved or swapped.
    pub fn is_ours(&self) -> bool {
        std::fs::symlink_metadata(self.dir.join("lock")).is_ok_and(|found| Inode::of(&found) == self.lock_inode)
    }

    /// Gives the lock back before the end of the process.
    pub fn release(&self) {
        // An unlock that fails leaves the lock to the end of the process, where it ends in any case.
        let _ = self.lock.unlock();
    }
}

/// Makes a directory (0700) and its name durable; an existing one must be a real one.
pub(super) fn ensure_directory(dir: &Path) -> Result<(), StoreError> {
    match std::fs::symlink_metadata(dir) {
        Ok(found) if found.is_symlink() => return Err(StoreError::Symlink { path: dir.to_owned() }),
        Ok(found) if !found.is_dir() => return Err(StoreError::NotADirectory { path: dir.to_owned() }),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::create(dir, &error)),
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    let synced = made.and_then(|()| sync_directory(dir)).and_then(|()| match dir.parent() {
        Some(parent) if parent != Path::new("") => sync_directory(parent),
        _ => sync_directory(Path::new(".")),
    });
    synced.map_err(|error| StoreError::create(dir, &error))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn check_fitness(dir: &Path) -> Result<(), StoreError> {
    let path = || dir.to_owned();
    let found = std::fs::symlink_metadata(dir).map_err(|error| StoreError::create(dir, &error))?;
    let ours = rustix::process::geteuid().as_raw();
    if found.uid() != ours {
        return Err(StoreError::Owner { path: path(), owner: found.uid(), ours });
    }
    let mode = found.mode() & 0o777;
    if mode & 0o002 != 0 {
        return Err(StoreError::WorldWritable { path: path(), mode });
    }
    // Root could write there all the same; whoever took the bit away did not want that.
    if mode & 0o300 != 0o300 {
        return Err(StoreError::NotWritable { path: path(), why: format!("its mode is {mode:03o}") });
    }
    Ok(())
}

fn take_lock(dir: &Path) -> Result<(File, Inode), StoreError> {
    let path = dir.join("lock");
    if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
        return Err(StoreError::Symlink { path });
    }
    let write_error = |error: io::Error| StoreError::write(dir, &error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut lock = options.open(&path).map_err(write_error)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::Locked { path: dir.to_owned(), pid: read_pid(&mut lock) });
        }
        Err(TryLockError::Error(error)) => return Err(write_error(error)),
    }
    let inode = Inode::of(&lock.metadata().map_err(write_error)?);
    // Somebody may have replaced the file between our opening and locking it.
    if std::fs::symlink_metadata(&path).map_err(write_error).map(|found| Inode::of(&found))? != inode {
        return Err(StoreError::Locked { path: dir.to_owned(), pid: None });
    }
    let pid = format!("{}\n", std::process::id());
    lock.set_len(0).and_then(|()| lock.write_all(pid.as_bytes())).map_err(write_error)?;
    Ok((lock, inode))
}

fn read_pid(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn probe(dir: &Path) -> io::Result<()> {
    let path = dir.join("probe");
    // Left behind by a start that was killed; a link of that name is removed, never followed.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(&vec![0; PROBE]).and_then(|()| file.sync_data()));
    std::fs::remove_file(&path).and(written)
}
