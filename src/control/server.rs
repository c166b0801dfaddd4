//! The daemon's side of the socket.

use super::handle::answer;
use super::{Asked, LONGEST_REQUEST, Request, Response};
use crate::daemon::Engine;
use rustix::fs::Mode;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};

/// A client that says nothing is dropped after so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Commands at the same time.
const AT_ONCE: usize = 16;
/// Clients that have not said yet what they want.
const MOST_SILENT: usize = 64;
/// Clients that have said it and wait for their turn, or have not read their answer yet.
const MOST_WAITING: usize = 64;

/// Who may do something, and who may wait for that.
struct Places {
    working: Semaphore,
    waiting: Semaphore,
}

/// Why the socket cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the control socket {path} cannot be opened: {why}; see control.socket in the configuration")]
pub struct ControlError {
    path: PathBuf,
    why: io::Error,
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
    // From its first moment on it is nobody else's, also where whoever started us lets everybody write everywhere.
    let before = rustix::process::umask(Mode::from_raw_mode(0o007));
    rustix::process::umask(before | Mode::from_raw_mode(0o007));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = listener.map_err(fail)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(fail)?;
    Ok(listener)
}

/// Serves until the future is dropped.
///
/// Who has connected and not yet said what it wants holds no place: past some dozens the oldest of them is dropped in
/// favour of the newest, so that the kill switch gets through however many are held open.
pub async fn serve(listener: UnixListener, engine: Arc<Engine>) {
    let (working, waiting) = (Semaphore::new(AT_ONCE), Semaphore::new(MOST_WAITING));
    let places = Arc::new(Places { working, waiting });
    let mut silent: VecDeque<oneshot::Sender<Infallible>> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        silent.retain(|leash| !leash.is_closed());
        while silent.len() >= MOST_SILENT {
            silent.pop_front();
        }
        let (leash, let_go) = oneshot::channel();
        silent.push_back(leash);
        let (engine, places) = (engine.clone(), places.clone());
        tokio::spawn(async move {
            if let Err(error) = converse(stream, let_go, &places, &engine).await {
                tracing::debug!(%error, "control connection");
            }
        });
    }
}

async fn converse(
    stream: UnixStream,
    mut let_go: oneshot::Receiver<Infallible>,
    places: &Places,
    engine: &Engine,
) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LONGEST_REQUEST));
    tokio::select! {
        read = tokio::time::timeout(PATIENCE, reading.read_line(&mut line)) => { read??; }
        _ = &mut let_go => return Err(io::Error::other("closed in favour of a newer connection")),
    }
    // Said what it wants: it is closed for nobody any more.
    drop(let_go);
    let queued = places.waiting.try_acquire();
    let response = match serde_json::from_str::<Asked>(&line) {
        // The kill switch waits for nobody.
        Ok(asked) if queued.is_err() && !matches!(asked.request, Request::Pause { .. }) => {
            Response::Failed { exit: 75, message: "too many commands wait already; try it again".to_owned() }
        }
        Ok(asked) => {
            if asked.request.changes_something() {
                let (uid, gid, pid) = (peer.uid(), peer.gid(), peer.pid());
                tracing::info!(uid, gid, pid, command = asked.request.word(), "asked through the control socket");
            }
            let _place = match asked.request {
                Request::Pause { .. } => None,
                _ => Some(places.working.acquire().await.map_err(io::Error::other)?),
            };
            answer(engine, asked).await
        }
        Err(error) => Response::Failed { exit: 2, message: format!("the request was not understood: {error}") },
    };
    let mut text = serde_json::to_string(&response).map_err(io::Error::other)?;
    text.push('\n');
    // Who does not read its answer is not waited for.
    tokio::time::timeout(PATIENCE, writing.write_all(text.as_bytes())).await??;
    writing.shutdown().await
}
