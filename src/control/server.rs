//! The daemon's side of the socket.

use super::{LONGEST_REQUEST, Request, Response, handle};
use crate::daemon::Engine;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// A client that says nothing is dropped after so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Commands at the same time.
const AT_ONCE: usize = 16;

/// Why the socket cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the control socket {path} cannot be opened: {why}; see control.socket in the configuration")]
pub struct ControlError {
    path: PathBuf,
    why: std::io::Error,
}

/// Binds the socket, in place of a stale one. The caller holds the state's lock, so no other daemon listens there.
///
/// # Errors
/// [`ControlError`].
pub fn bind(path: &Path) -> Result<UnixListener, ControlError> {
    let fail = |why| ControlError { path: path.to_owned(), why };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    let is_socket = std::fs::symlink_metadata(path)
        .is_ok_and(|metadata| std::os::unix::fs::FileTypeExt::is_socket(&metadata.file_type()));
    if is_socket {
        std::fs::remove_file(path).map_err(fail)?;
    }
    let listener = UnixListener::bind(path).map_err(fail)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(fail)?;
    Ok(listener)
}

/// Serves until the future is dropped.
pub async fn serve(listener: UnixListener, engine: Arc<Engine>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let engine = engine.clone();
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &engine).await {
                tracing::debug!(%error, "control connection");
            }
            drop(place);
        });
    }
}

async fn converse(stream: UnixStream, engine: &Engine) -> std::io::Result<()> {
    let peer = stream.peer_cred()?;
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LONGEST_REQUEST));
    tokio::time::timeout(PATIENCE, reading.read_line(&mut line)).await??;
    let response = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            if request.changes_something() {
                let (uid, gid, pid) = (peer.uid(), peer.gid(), peer.pid());
                tracing::info!(uid, gid, pid, command = request.word(), "asked through the control socket");
            }
            handle(engine, request).await
        }
        Err(error) => Response::Failed { exit: 2, message: format!("the request was not understood: {error}") },
    };
    let mut text = serde_json::to_string(&response).map_err(std::io::Error::other)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await?;
    writing.shutdown().await
}
