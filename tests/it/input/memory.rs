//! Secrets that are over leave no trace in the memory of a running daemon (reliability.md G7, B8): not in a buffer of the
//! HTTP client, not in a reply that was read, not in a file's content that was passed on.

use super::scene::merchant;
use super::secrets::hex;
use crate::played::{left_out, row};
use crate::support::{CONSOLIDATE, Daemon, eventually};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::time::Duration;
use treasuryd::money::Amount;
use treasuryd::sandbox::KeyPair;

const PATIENCE: Duration = Duration::from_secs(40);

/// Everything that the process may write to, or why that cannot be seen.
fn memory(daemon: &Daemon) -> Result<Vec<u8>, std::io::Error> {
    let pid = daemon.child.id();
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut all = Vec::new();
    for line in fs::read_to_string(format!("/proc/{pid}/maps"))?.lines() {
        let mut words = line.split_whitespace();
        let (range, mode) = (words.next().unwrap(), words.next().unwrap());
        let Some((from, to)) = range.split_once('-').filter(|_| mode.starts_with("rw")) else { continue };
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // A mapping may be gone by now, or be the kernel's own.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            all.extend_from_slice(&bytes);
        }
    }
    Ok(all)
}

fn holds(memory: &[u8], text: &str) -> bool {
    let (first, text) = (text.as_bytes()[0], text.as_bytes());
    let begins = memory.iter().enumerate().filter(|(_, byte)| **byte == first);
    begins.into_iter().any(|(at, _)| memory[at..].starts_with(text))
}

/// Part of the sandbox's n-th token, as it makes them by its seed.
fn token(issued: u32) -> String {
    hex(&Sha256::digest(format!("1|{issued}|payload")))[..24].to_owned()
}

// G7, B8: keys in the memory · wiped; key rotated on disk while running · old one wiped.
#[test]
fn g07_b08_old_keys_and_tokens_leave_no_trace_in_the_memory() {
    let _row = row!();
    let merchant = merchant();
    let pair = |name: &str| KeyPair::new(&format!("kpay_test_{name}"), &format!("sk_test_{name}"));
    merchant.write("api-key", "kpay_test_canaryBefore");
    merchant.write("secret-key", "sk_test_canaryBefore");
    merchant.bank().set_keys(vec![pair("canaryBefore"), pair("canaryAfter")]);
    merchant.policies(&CONSOLIDATE.replace("0 18 * * *", "* * * * * *").replace("100_000", "120_000"));
    let daemon = merchant.daemon();
    eventually("the first sweep", PATIENCE, || merchant.holds("GAB") == Amount::whole(120_000));
    let before = match memory(&daemon) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            left_out("only root may look into its memory");
            return;
        }
        read => read.unwrap(),
    };
    for known in ["kpay_test_canaryBefore", "sk_test_canaryBefore", &token(1)] {
        assert!(holds(&before, known), "the search does not find {known}, which is in use");
    }
    merchant.write("api-key", "kpay_test_canaryAfter");
    merchant.write("secret-key", "sk_test_canaryAfter");
    daemon.signal("HUP");
    daemon.wait_for_line("were rotated");
    merchant.bank().set_keys(vec![pair("canaryAfter")]);
    merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(50_000)).unwrap();
    eventually("the next sweep", PATIENCE, || merchant.holds("GAB") == Amount::whole(120_000));
    let left = std::cell::RefCell::new(Vec::new());
    let gone = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually("the old secrets are gone", PATIENCE, || {
            let now = memory(&daemon).unwrap();
            let old = ["kpay_test_canaryBefore", "sk_test_canaryBefore", &token(1)].map(str::to_owned);
            *left.borrow_mut() = old.into_iter().filter(|text| holds(&now, text)).collect();
            left.borrow().is_empty()
        });
    }));
    assert!(gone.is_ok(), "still in its memory: {:?}", left.borrow());
    let after = memory(&daemon).unwrap();
    assert!(holds(&after, "sk_test_canaryAfter") && holds(&after, &token(2)), "the new ones are in use");
}
