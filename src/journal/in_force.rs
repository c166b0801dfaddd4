//! The texts of policies that were in force. They stand in the journal, in the record that put them in force; a copy of the
//! last ones beside it, `policies/in-force.json`, spares reading it all. The copy is believed only where its hash is the
//! one asked for.

use super::home::ensure_directory;
use super::{Store, StoreError, records};
use crate::intent::{Event, PolicyText};
use crate::policy::{SourceFile, hash};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// More text than this is not put into one record: a line has at most [`super::LONGEST_LINE`] bytes, and JSON may need
/// two for one. Then only the copy has it.
pub const MOST_TEXT_BYTES: usize = 6 * 1024 * 1024;
/// No copy of ours is longer.
const LONGEST_COPY: u64 = 256 * 1024 * 1024;

impl Store {
    /// [`policy_texts`] of this store.
    ///
    /// # Errors
    /// As there.
    pub fn policy_texts(&self, wanted: &str) -> Result<Option<Vec<SourceFile>>, StoreError> {
        if !self.is_elsewhere() {
            return policy_texts(self.dir(), wanted);
        }
        let files = sources(self.texts.lock().unwrap_or_else(PoisonError::into_inner).clone());
        Ok(Some(files).filter(|files| hash(files) == wanted))
    }

    /// Writes the copy, synced when it returns. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written; the one before stands then.
    pub fn keep_policy_texts(&self, files: &[PolicyText]) -> Result<(), StoreError> {
        if self.is_elsewhere() {
            files.clone_into(&mut self.texts.lock().unwrap_or_else(PoisonError::into_inner));
            return Ok(());
        }
        // A directory that was deleted under our hands is not made again.
        if !self.is_in_place() {
            return Err(StoreError::Replaced { path: self.dir().to_owned() });
        }
        let folder = self.dir().join("policies");
        ensure_directory(&folder)?;
        write(&folder, files).map_err(|error| StoreError::write(&folder, &error))
    }
}

fn write(folder: &Path, files: &[PolicyText]) -> io::Result<()> {
    let draft = folder.join("in-force.json.new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    io::Write::write_all(&mut file, &serde_json::to_vec(files)?)?;
    file.sync_all()?;
    std::fs::rename(&draft, copy_in(folder))?;
    File::open(folder)?.sync_all()
}

fn copy_in(folder: &Path) -> PathBuf {
    folder.join("in-force.json")
}

/// The files of policies that were in force in the state at `dir`, by their hash; `None` where neither the copy nor the
/// journal has them. Takes no lock.
///
/// # Errors
/// [`StoreError`] where the journal cannot be read.
pub fn policy_texts(dir: &Path, wanted: &str) -> Result<Option<Vec<SourceFile>>, StoreError> {
    if let Some(files) = read_copy(&copy_in(&dir.join("policies"))).filter(|files| hash(files) == wanted) {
        return Ok(Some(files));
    }
    let mut found = None;
    for record in records(dir)? {
        match record?.event {
            Event::PoliciesInForce { hash, files, .. } if hash == wanted && !files.is_empty() => found = Some(files),
            _ => {}
        }
    }
    Ok(found.map(sources).filter(|files| hash(files) == wanted))
}

/// A copy that cannot be read is none: the journal is asked.
fn read_copy(path: &Path) -> Option<Vec<SourceFile>> {
    if !std::fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST_COPY).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok().map(sources)
}

fn sources(files: Vec<PolicyText>) -> Vec<SourceFile> {
    files.into_iter().map(|PolicyText { name, text }| SourceFile { path: name, text }).collect()
}
