//! Any bytes as a journal, and any lines as its events: framing, state and books.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = treasuryd::books::soundness::examine(bytes) {
        panic!("{what}");
    }
});
