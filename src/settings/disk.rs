//! Reading small regular files whole: size-capped, and never a pipe, device or folder, which could block or never end.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Why a file was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// The operating system said no.
    Io(io::Error),
    /// It is not what it should be; the text completes "the file …".
    Unfit(String),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The bytes of a regular file (or of what a symlink to one points at) and its metadata.
///
/// The buffer has its full size from the start, so that a secret is never left behind in a smaller one.
pub(super) fn read_regular(path: &Path, most_bytes: u32) -> Result<(Vec<u8>, Metadata), Unread> {
    // Asked before opening: opening a pipe would wait for its writer.
    refuse_special(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    refuse_special(&metadata)?;
    let most = u64::from(most_bytes);
    if metadata.len() > most {
        return Err(too_large(most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 64);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        return Err(too_large(most));
    }
    Ok((bytes, metadata))
}

/// Whether anyone but owner and group may write to it.
pub(super) fn writable_by_others(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o002 != 0
}

/// Whether anyone but the owner may do anything with it.
pub(super) fn open_to_others(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o077 != 0
}

fn refuse_special(metadata: &Metadata) -> Result<(), Unread> {
    if metadata.is_dir() {
        return Err(Unread::Unfit("is a folder".to_owned()));
    }
    if metadata.is_file() { Ok(()) } else { Err(Unread::Unfit("is a pipe, socket or device".to_owned())) }
}

fn too_large(most: u64) -> Unread {
    Unread::Unfit(format!("is larger than {} KiB", most / 1024))
}

/// Whether something stands at the path, or something other than its absence keeps us from knowing.
pub(super) fn is_there(path: &Path) -> bool {
    let absent = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    std::fs::metadata(path).map_or_else(|error| !absent.contains(&error.kind()), |_| true)
}
