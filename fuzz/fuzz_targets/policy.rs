//! Any bytes as policy files: no panic, and an answer that holds what `policy::soundness` asks of it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = treasuryd::policy::soundness::examine(bytes) {
        panic!("{what}");
    }
});
