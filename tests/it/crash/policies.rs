//! F1 and F2: policies that change while money moves.

use super::{assert_books_agree, daily_policies, transfer_posts};
use crate::played::row;
use crate::support::{Merchant, eventually};
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};
use treasuryd::intent::Event;
use treasuryd::money::Amount;

const PATIENCE: Duration = Duration::from_secs(30);

/// Hashes of the policies that were in force, in order.
fn in_force(merchant: &Merchant) -> Vec<String> {
    let hash = |event| match event {
        Event::PoliciesInForce { hash, .. } => Some(hash),
        _ => None,
    };
    merchant.events().into_iter().filter_map(hash).collect()
}

#[test]
fn f01_a_run_keeps_the_policies_it_began_with() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    let policies = daily_policies("    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }\n");
    merchant.policies(&policies);
    merchant.bank().set_faults(&["slow=2500@2"]).unwrap();
    let mut daemon = merchant.daemon();
    eventually("transfers are under way", PATIENCE, || transfer_posts(&merchant).len() == 2);
    // The same schedule, whatever the minute is by now: another slot would rightly be decided by the new policies.
    merchant.policies(&policies.replace("above: 100_000", "above: 5_000"));
    daemon.signal("HUP");
    eventually("the new policies are in force", PATIENCE, || in_force(&merchant).len() == 2);
    eventually("the slot is over", PATIENCE, || {
        let transfers = merchant.transfers();
        transfers.len() == 2 && transfers.iter().all(|one| one["state"] == "applied")
    });
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    let amounts: Vec<_> = merchant.books().transfers.iter().map(|entry| entry.amount.to_string()).collect();
    assert!(amounts.contains(&"30000".to_owned()) && amounts.contains(&"15000".to_owned()), "{amounts:?}");
    let hashes = in_force(&merchant);
    assert_ne!(hashes[0], hashes[1]);
    for event in merchant.events() {
        if let Event::Decided { policy_hash, intents, .. } = event {
            assert_eq!(policy_hash, hashes[0]);
            assert!(intents.iter().all(|intent| intent.policy_hash == hashes[0]), "{intents:?}");
        }
    }
    assert_books_agree(&merchant);
}

/// Cut within `above`'s figure it is a valid policy with a lower floor.
const SLOWLY_WRITTEN: &str = "version: 1
policies:
  - name: hurry
    schedule: \"* * * * * *\"
    sweep:
      from: [GAB]
      into: CMR
      above: 120000
";

/// Longer than half of the daemon's pause between two looks: the writer stood still, and what it had written may
/// rightly pass for the whole file.
const STOOD_STILL: Duration = Duration::from_millis(70);

#[test]
fn f02_a_half_written_file_never_comes_into_force() {
    let _row = row!();
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(&SLOWLY_WRITTEN.replace("120000", "130000"));
    merchant.set("kpay", "requests_per_minute = 10000");
    let mut daemon = merchant.daemon();
    eventually("the first policies are in force", PATIENCE, || {
        merchant.path("state/journal").exists() && in_force(&merchant).len() == 1
    });
    let mut file = fs::File::create(merchant.path("policies.yaml")).unwrap();
    let mut stood_still = 0;
    // Longer than a reload waits for the file to settle.
    let text = format!("{SLOWLY_WRITTEN}{}", "# and it grows and grows and grows and grows\n".repeat(5));
    for (index, byte) in text.bytes().enumerate() {
        let began = Instant::now();
        file.write_all(&[byte]).unwrap();
        if index % 5 == 0 {
            daemon.signal("HUP");
        }
        std::thread::sleep(Duration::from_millis(15));
        stood_still += usize::from(began.elapsed() > STOOD_STILL);
    }
    eventually("the new policies are in force", PATIENCE, || merchant.holds("GAB") == Amount::whole(120_000));
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    let hashes = in_force(&merchant);
    assert!(hashes.len() <= 2 + stood_still, "{hashes:?}: a half-written file came into force");
    assert_books_agree(&merchant);
}
