//! Kills, lost and broken disks, and hands on the files while money moves. Every test carries the row of the fault
//! catalogue that it plays; the judge is the sandbox's own books.

pub mod agreement;
mod backup;
mod clock;
mod damage;
mod disk;
mod forms;
mod hands;
mod home;
mod payouts;
mod policies;
mod power;
mod signals;
mod steps;
mod storm;
mod suspended;

use crate::support::{Ended, Merchant};
use agreement::{assert_books_agree, our_entries};
use std::path::PathBuf;
use std::process::Command;
use treasuryd::sandbox::RequestRecord;

/// Customers keep paying: money for the next slot.
fn deposit(merchant: &Merchant, country: &str, amount: i64) {
    let country = country.parse().unwrap();
    merchant.bank().deposit(country, treasuryd::money::Amount::whole(amount)).unwrap();
}

/// Requests that would move money, as they came in.
fn transfer_posts(merchant: &Merchant) -> Vec<RequestRecord> {
    merchant.bank().requests().into_iter().filter(|request| request.path.ends_with("/wallets/transfer")).collect()
}

/// Runs `once` at the evening under strace with an injected fault.
fn once_with(merchant: &Merchant, injection: &str, more: &[&str]) -> Ended {
    Ended::of(&mut strace(merchant, injection, more, &["once", "--json", "--at", crate::support::EVENING]))
}

fn strace(merchant: &Merchant, injection: &str, more: &[&str], args: &[&str]) -> Command {
    let inject = format!("inject={injection}");
    let mut wrapper = vec!["strace", "-f", "-qq", "-o", "trace", "-e", &inject];
    wrapper.extend(more);
    merchant.command_under(&wrapper, args)
}

/// The journal's one segment.
fn segment(merchant: &Merchant) -> PathBuf {
    let mut found: Vec<_> =
        std::fs::read_dir(merchant.path("state/journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Copies the state directory, as a backup would.
fn copy_state(merchant: &Merchant, from: &str, to: &str) {
    let status = Command::new("cp").args(["-a", from, to]).current_dir(merchant.folder.path()).status().unwrap();
    assert!(status.success());
}

/// Writes a record and lets the next slot of every schedule up to two seconds come: with a record in the hour before
/// its slot, a 409 after an attempt of ours proves our amount (CONTRACT, "What a 409 means").
pub fn begin_before_the_first_slot(merchant: &Merchant) {
    merchant.treasuryd(&["pause"]).with_code(0);
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    merchant.treasuryd(&["resume"]).with_code(0);
}

/// A policy with one slot some minutes ago and the next a day later: due once during a test, never twice.
fn daily_policies(rest: &str) -> String {
    let slot = chrono::Utc::now() - chrono::TimeDelta::minutes(3);
    format!("version: 1\npolicies:\n  - name: daily\n    schedule: \"{}\"\n{rest}", slot.format("%-M %-H * * *"))
}

/// Gabon into Cameroon on every second.
const EVERY_SECOND: &str = "version: 1
policies:
  - name: hurry
    schedule: \"* * * * * *\"
    sweep: { from: [GAB], into: CMR, above: 100_000 XAF }
";
