//! Kills, lost and broken disks, and hands on the files while money moves. Every test carries the row of the fault
//! catalogue that it plays; the judge is the sandbox's own books.

mod backup;
mod clock;
mod damage;
mod disk;
mod forms;
mod hands;
mod home;
mod policies;
mod power;
mod signals;
mod steps;
mod storm;
mod suspended;

use crate::support::{Ended, Merchant};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use treasuryd::sandbox::{AppliedTransfer, RequestRecord};

/// Customers keep paying: money for the next slot.
fn deposit(merchant: &Merchant, country: &str, amount: i64) {
    let country = country.parse().unwrap();
    merchant.bank().deposit(country, treasuryd::money::Amount::whole(amount)).unwrap();
}

/// Requests that would move money, as they came in.
fn transfer_posts(merchant: &Merchant) -> Vec<RequestRecord> {
    merchant.bank().requests().into_iter().filter(|request| request.path.ends_with("/wallets/transfer")).collect()
}

/// Our books: one JSON object an entry.
fn our_entries(merchant: &Merchant) -> Vec<Value> {
    let exported = merchant.treasuryd(&["ledger", "export", "--format", "jsonl"]).with_code(0).stdout;
    exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the comparison of the books counted.
pub struct Agreed {
    /// Applied by both.
    pub applied: usize,
    /// Of these, those whose rate nobody gave.
    pub rates_pending: usize,
}

/// Our books and the sandbox's, transfer by transfer and both ways; no id twice on either side; the sandbox's balances
/// are what its entries say; our journal is whole and our trial balance zero.
pub fn assert_books_agree(merchant: &Merchant) -> Agreed {
    let theirs = merchant.books();
    assert_eq!(theirs.wrong, None);
    assert!(theirs.applied_twice.is_empty(), "{:?}", theirs.applied_twice);
    let mut ours = BTreeMap::new();
    for entry in our_entries(merchant) {
        let id = entry["external_id"].as_str().unwrap().to_owned();
        assert!(ours.insert(id, entry.clone()).is_none(), "booked twice: {entry}");
    }
    let mut rates_pending = 0;
    for transfer in &theirs.transfers {
        let id = transfer.external_id.clone().unwrap();
        let entry = ours.remove(&id).unwrap_or_else(|| panic!("applied and not booked: {transfer:?}"));
        rates_pending += usize::from(assert_entry_agrees(&entry, transfer));
    }
    assert!(ours.is_empty(), "booked and never applied: {ours:#?}");
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
    let balance = merchant.treasuryd(&["ledger", "balance", "--json"]).with_code(0).json();
    for (currency, total) in balance["totals"].as_object().unwrap() {
        assert_eq!(total, "0", "trial balance in {currency}: {balance:#}");
    }
    Agreed { applied: theirs.transfers.len(), rates_pending }
}

/// True where the entry's rate is pending, which only a lost reply across currencies excuses.
fn assert_entry_agrees(entry: &Value, transfer: &AppliedTransfer) -> bool {
    let both = format!("{entry}\n{transfer:?}");
    assert_eq!(entry["source_country"], transfer.from.code(), "{both}");
    assert_eq!(entry["destination_country"], transfer.to.code(), "{both}");
    assert_eq!(entry["source_amount"], transfer.amount.to_string(), "{both}");
    if entry["rate_source"] == "pending" {
        assert_ne!(transfer.currency, transfer.credited_currency, "{both}");
        assert_eq!(entry["evidence"], "conflict", "{both}");
        assert!(entry["exchange_rate"].as_str().is_none_or(str::is_empty), "a rate nobody gave: {both}");
        return true;
    }
    assert_eq!(entry["destination_amount"], transfer.credited.to_string(), "{both}");
    assert_eq!(entry["exchange_rate"], transfer.rate.to_string(), "{both}");
    false
}

/// Runs `once` at the evening under strace with an injected fault. `CI` installs strace; without it the test fails.
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
