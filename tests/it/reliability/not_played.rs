//! Rows that no test of `tests/it` plays, each with its honest reason.

/// Row and reason.
pub const NOT_PLAYED: &[(&str, &str)] = &[];
