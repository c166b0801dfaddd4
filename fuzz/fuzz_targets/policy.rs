//! Any bytes as policy files: no panic, and an answer that holds what `treasuryd::policy::soundness` asks of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use treasuryd::policy::soundness::examine;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = examine(bytes) {
        panic!("{what}");
    }
});
