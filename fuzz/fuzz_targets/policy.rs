//! Any bytes as policy files: no panic, and an answer that holds what `policy::soundness` asks of it.
//!
//! The rooms it needs are compiled in alone: they touch nothing outside, and so it builds in a minute.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the rooms serve the whole program")]

#[path = "../../src/money/mod.rs"]
pub mod money;
#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/slot/mod.rs"]
pub mod slot;
#[path = "../../src/policy/mod.rs"]
pub mod policy;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = policy::soundness::examine(bytes) {
        panic!("{what}");
    }
});
