//! What is to be done about one request: the reply, when, and how much of it reaches the wire.

use super::{Mode, reply::Reply};
use std::time::Duration;

/// How a reply is put on the wire.
#[derive(Clone, Copy)]
pub(super) enum Delivery {
    Whole,
    /// Nothing at all: the connection is reset.
    Reset,
    /// Nothing at all: the connection stays open until the caller gives up.
    Hang,
    /// The head, so many bytes of the body, end.
    Cut(usize),
    /// One byte every so often.
    Drip(Duration),
    /// So many blanks before the body.
    Padded(u64),
    /// Header after header, never a body.
    Headers,
}

/// A transfer or a withdrawal to be processed after its connection is gone.
pub(super) struct Late {
    pub(super) mode: Mode,
    pub(super) body: Vec<u8>,
    pub(super) request: u64,
    /// Whether it is a withdrawal.
    pub(super) withdrawal: bool,
    pub(super) after: Duration,
}

pub(super) struct Answer {
    /// Number of the request in the log; 0 for the admin's.
    pub(super) number: u64,
    pub(super) reply: Reply,
    pub(super) wait: Duration,
    pub(super) delivery: Delivery,
    pub(super) late: Option<Late>,
}

impl Answer {
    pub(super) fn whole(reply: Reply) -> Self {
        Self::by(Delivery::Whole, reply)
    }

    pub(super) fn by(delivery: Delivery, reply: Reply) -> Self {
        Self { number: 0, reply, wait: Duration::ZERO, delivery, late: None }
    }

    /// No reply: the connection is reset.
    pub(super) fn reset() -> Self {
        Self::by(Delivery::Reset, Reply::error(500, "reset"))
    }

    pub(super) fn hang() -> Self {
        Self::by(Delivery::Hang, Reply::error(500, "hang"))
    }
}
