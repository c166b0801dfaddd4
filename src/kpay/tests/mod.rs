//! The room against servers that answer well, badly and wickedly. Tests carry the row of the fault catalogue they play.

mod answers;
mod attacks;
mod broken;
mod budget;
mod figures;
pub mod fixtures;
mod operators;
mod questions;
mod rotation;
mod sending;
mod withdrawals;
