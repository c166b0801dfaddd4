//! The control socket: everything that changes something while the daemon runs.
