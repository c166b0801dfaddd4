//! The control socket: everything that changes something while the daemon runs, one JSON line each way. The same
//! requests are handled alike where the daemon is down and a command has opened the state itself.

mod client;
mod handle;
mod server;

pub use client::{CallError, call};
pub use handle::{Asked, Request, Response, StoryLine, TransferStory, handle, story_of, wish_failed};
pub use server::{ControlError, bind, serve};

/// The longest request; a reply may be longer.
const LONGEST_REQUEST: u64 = 64 * 1024;
