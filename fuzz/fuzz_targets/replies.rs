//! Any bytes as KPay's answer to anything.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = treasuryd::kpay::soundness::replies(bytes) {
        panic!("{what}");
    }
});
