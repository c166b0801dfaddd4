//! Any bytes as the answer that holds a token.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = treasuryd::kpay::soundness::token(bytes) {
        panic!("{what}");
    }
});
