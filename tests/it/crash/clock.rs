//! E2: the machine's clock steps back. `faketime` moves it for one process; CI installs it, without it the test fails.

use super::{EVERY_SECOND, assert_books_agree, deposit, transfer_posts};
use crate::support::{Ended, Merchant, eventually};
use std::time::Duration;

fn once_at_shifted_clock(merchant: &Merchant, shift: &str) -> Ended {
    Ended::of(&mut merchant.command_under(&["faketime", "-f", shift], &["once", "--json"]))
}

#[test]
fn e02_a_clock_set_back_reopens_nothing() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(EVERY_SECOND);
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1);
    for shift in ["-60s", "-1h", "-400d"] {
        deposit(&merchant, "GAB", 50_000);
        let ended = once_at_shifted_clock(&merchant, shift);
        assert_eq!(ended.code, Some(0), "{shift}: {ended:?}");
        assert!(ended.stderr.contains("clock stands before the journal's last record"), "{shift}: {ended:?}");
        assert_eq!(transfer_posts(&merchant).len(), 1, "{shift}: {ended:?}");
    }
    eventually("with the time right again it goes on", Duration::from_secs(30), || {
        merchant.treasuryd(&["once"]).with_code(0);
        merchant.books().transfers.len() == 2
    });
    assert_books_agree(&merchant);
}
