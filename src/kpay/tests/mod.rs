//! The room against servers that answer well, badly and wickedly. Tests carry the row of the fault catalogue they play.

pub mod fixtures;
