//! Any bytes as `Retry-After`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = treasuryd::kpay::soundness::retry_after(bytes) {
        panic!("{what}");
    }
});
