//! The commands' side of the socket.

use super::{Asked, Response};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A daemon that does not answer for so long is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why the daemon did not answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens: the daemon is down.
    #[error("no daemon listens on the control socket")]
    NobodyThere,
    /// The socket is there and not for us.
    #[error("the control socket may not be used: {0}; run the command as root or as the daemon's user")]
    Forbidden(std::io::Error),
    /// It was reached, and the answer did not come or was not understood.
    #[error("the daemon did not answer: {0}")]
    NoAnswer(String),
}

/// Asks the daemon.
///
/// # Errors
/// [`CallError`].
pub fn call(socket: &Path, asked: &Asked) -> Result<Response, CallError> {
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => CallError::Forbidden(error),
        _ => CallError::NobodyThere,
    })?;
    let no_answer = |error: std::io::Error| CallError::NoAnswer(error.to_string());
    stream.set_read_timeout(Some(PATIENCE)).map_err(no_answer)?;
    let mut text = serde_json::to_string(asked).map_err(|error| CallError::NoAnswer(error.to_string()))?;
    text.push('\n');
    stream.write_all(text.as_bytes()).map_err(no_answer)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).map_err(no_answer)?;
    serde_json::from_str(&answer).map_err(|error| CallError::NoAnswer(error.to_string()))
}
