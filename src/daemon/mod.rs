//! The daemon: wiring and one task per file. Observes, decides, carries out, resolves, reloads.

pub mod metrics;
pub mod view;
