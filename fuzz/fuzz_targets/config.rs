//! Any bytes as configuration: file, environment and flags.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = treasuryd::settings::soundness::examine(bytes) {
        panic!("{what}");
    }
});
