//! Policies: YAML text in, checked policies and diagnostics out.
//!
//! Reads no file itself: callers pass `(path, text)` pairs. Everything that leaves this room is already valid.

mod checked;
mod diagnostic;

pub use checked::{ExpectedMove, Fx, Limits, Mode, Policy, PolicySet, PolicyTest, Rule, Source, Sweep};
pub use diagnostic::{Diagnostic, Severity};
