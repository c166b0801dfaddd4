//! D3 and D5 with the program's own backups: taken while money moves, put back, moved elsewhere, lost altogether. The
//! commands are those of docs/operations.md.

use super::{EVERY_SECOND, assert_books_agree, copy_state, deposit, transfer_posts};
use crate::played::row;
use crate::support::{EVENING, Ended, Merchant, eventually};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

const PATIENCE: Duration = Duration::from_secs(30);

fn backup(merchant: &Merchant, name: &str) -> serde_json::Value {
    merchant.treasuryd(&["state", "backup", name, "--json"]).with_code(0).json()
}

#[test]
fn backups_taken_while_money_moves_are_whole_and_put_back_move_nothing_twice() {
    let settings = SandboxSettings {
        wallets: crate::support::wallets_of(&[("CMR", 0), ("GAB", 130_000)]),
        requests_per_minute: 0,
        ..SandboxSettings::default()
    };
    let mut merchant = Merchant::with(settings);
    merchant.policies(EVERY_SECOND);
    merchant.set("kpay", "requests_per_minute = 60000");
    merchant.set("limits", "max_transfers_per_hour = 100000");
    let mut daemon = merchant.daemon();
    eventually("it is ready, and its journal begun", PATIENCE, || daemon.get("/readyz").0 == 200);
    for round in 0..4 {
        let before = merchant.books().transfers.len();
        deposit(&merchant, "GAB", 31_000 + round);
        let taken = backup(&merchant, &format!("backup-{round}"));
        assert!(taken["records"].as_u64().unwrap() > 0, "{taken}");
        eventually("money moves meanwhile", PATIENCE, || merchant.books().transfers.len() > before);
        let args = ["state", "verify", &format!("backup-{round}"), "--against", "state"];
        let said = merchant.treasuryd(&args).with_code(0).stdout;
        assert!(said.contains(taken["head_hash"].as_str().unwrap()), "{said}");
        assert!(said.contains("older: the journal there goes on for "), "{said}");
    }
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert_books_agree(&merchant);

    fs::rename(merchant.path("state"), merchant.path("lost")).unwrap();
    copy_state(&merchant, "backup-1", "state");
    let back = merchant.daemon();
    let before = merchant.books().transfers.len();
    deposit(&merchant, "GAB", 77_000);
    eventually("it goes on", PATIENCE, || merchant.books().transfers.len() > before);
    drop(back);
    let theirs = merchant.books();
    assert!(theirs.applied_twice.is_empty() && theirs.wrong.is_none(), "{:?}", theirs.applied_twice);
    merchant.treasuryd(&["state", "verify", "state"]).with_code(0);
    let parted = merchant.treasuryd(&["state", "verify", "state", "--against", "lost"]).with_code(77);
    assert!(parted.stdout.contains("another story from record "), "{parted:?}");
}

/// The slot moved after the backup was taken. What is put back does not know that, KPay does.
#[test]
fn what_kpay_knows_and_the_state_does_not_is_held_with_the_reason() {
    for restored in [Some("before"), None] {
        let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 100_000)]);
        super::begin_before_the_first_slot(&merchant);
        backup(&merchant, "before");
        merchant.once().with_code(0);
        assert_eq!(merchant.books().transfers.len(), 1);

        fs::rename(merchant.path("state"), merchant.path("lost")).unwrap();
        if let Some(name) = restored {
            copy_state(&merchant, name, "state");
        }
        deposit(&merchant, "GAB", 40_000);
        let ended = merchant.once().with_code(75);
        let held = &ended.json()[0];
        assert_eq!(held["state"], "needs_operator", "{restored:?}: {held}");
        let detail = held["detail"].as_str().unwrap();
        assert!(detail.contains("409") || detail.contains("already"), "it says why: {detail}");
        assert_eq!((merchant.books().transfers.len(), transfer_posts(&merchant).len()), (1, 2), "{restored:?}");
        let id = held["external_id"].as_str().unwrap();
        let finding =
            ["transfers", "resolve", id, "--applied", "--amount", "30000", "--by", "awa", "--note", "KPay's list"];
        merchant.treasuryd(&finding).with_code(0);
        merchant.once().with_code(0);
        assert_books_agree(&merchant);
    }
}

/// The same, and the first attempt of what was put back is lost as well: the 409 on the second is an answer to neither.
#[test]
fn d05_what_is_put_back_after_its_slot_moved_never_books_its_own_amount() {
    let _row = row!();
    let slot = chrono::Utc::now() + chrono::TimeDelta::seconds(6);
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    let schedule = slot.format("%-S %-M %-H * * *").to_string();
    merchant.policies(&EVERY_SECOND.replace("* * * * * *", &schedule));
    let once = || merchant.treasuryd(&["once", "--json"]);
    once().with_code(0);
    backup(&merchant, "before");
    assert!(chrono::Utc::now() < slot, "the machine is too slow for this test");
    // Looking again and again meanwhile would use up the minute's requests.
    eventually("the slot comes", PATIENCE, || chrono::Utc::now() > slot);
    once().with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1);

    fs::rename(merchant.path("state"), merchant.path("lost")).unwrap();
    copy_state(&merchant, "before", "state");
    deposit(&merchant, "GAB", 40_000);
    merchant.bank().set_faults(&["lost-before"]).unwrap();
    let ended = once().with_code(75);
    assert!(ended.stderr.contains("copied, put back or moved here"), "{ended:?}");
    let held = &ended.json()[0];
    assert_eq!((&held["state"], &held["amount"]), (&"needs_operator".into(), &"40000".into()), "{held}");
    assert!(held["detail"].as_str().unwrap().contains("copied or put back since its slot"), "{held}");
    let booked = merchant.treasuryd(&["ledger", "export", "--format", "csv"]).with_code(0).stdout;
    assert_eq!(booked.lines().count(), 1, "nothing is booked: {booked}");
    let status = merchant.treasuryd(&["status"]).with_code(0).stdout;
    assert!(status.contains("this state was copied, put back or moved here, as seen at "), "{status}");
    let again = once().with_code(75);
    assert!(!again.stderr.contains("put back"), "it is recorded: {again:?}");

    let id = held["external_id"].as_str().unwrap();
    let finding = ["transfers", "resolve", id, "--applied", "--by", "awa", "--note", "KPay's list"];
    merchant.treasuryd(&finding).with_code(2);
    merchant.treasuryd(&[&finding[..], &["--amount", "30000"]].concat()).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1);
    once().with_code(0);
    assert_books_agree(&merchant);
}

#[test]
fn on_another_machine_the_state_goes_on_where_it_was() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 100_000)]);
    merchant.once().with_code(0);
    let taken = backup(&merchant, "moved");
    fs::remove_dir_all(merchant.path("state")).unwrap();
    let there = |args: &[&str]| {
        let mut command = merchant.command(args);
        Ended::of(command.env("TREASURYD__STATE__PATH", merchant.path("moved")))
    };
    deposit(&merchant, "GAB", 40_000);
    there(&["once", "--at", EVENING]).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1, "the slot is done, and the state knows");
    let listed = there(&["transfers", "list", "--json"]).with_code(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    there(&["state", "verify", "moved"]).with_code(0);
    let verified = there(&["journal", "verify", "--json"]).with_code(0).json();
    assert!(verified["records"].as_u64() > taken["records"].as_u64(), "it goes on with the chain");
}

#[test]
fn a_backup_overwrites_nothing_and_a_bad_copy_is_77() {
    let merchant = Merchant::new(&[("GAB", 130_000)]);
    let none = merchant.treasuryd(&["state", "backup", "copy"]).with_code(77);
    assert!(none.stderr.contains("holds no journal"), "{none:?}");
    merchant.once().with_code(0);
    let taken = merchant.treasuryd(&["state", "backup", "copy"]).with_code(0);
    assert!(taken.stdout.contains("head hash  ") && taken.stderr.contains("copy is complete"), "{taken:?}");
    let again = merchant.treasuryd(&["state", "backup", "copy"]).with_code(77);
    assert!(again.stderr.contains("overwrites nothing"), "{again:?}");
    let mode = fs::metadata(merchant.path("copy")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    let segment = fs::read_dir(merchant.path("copy/journal")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&segment).unwrap();
    let check = |text: &str, says: &str| {
        fs::write(&segment, text).unwrap();
        let ended = merchant.treasuryd(&["state", "verify", "copy"]).with_code(77);
        assert!(ended.stderr.contains(says) && ended.stderr.contains("hint: "), "{ended:?}");
        merchant.treasuryd(&["state", "verify", "copy", "--json"]).with_code(77);
    };
    check(&text[..=text.trim_end().rfind('\n').unwrap()], "fewer are here");
    check(&text.replace("\"type\":\"opened\"", "\"type\":\"openeD\""), "line 1");
    let not_there = merchant.treasuryd(&["state", "verify", "nowhere"]).with_code(77);
    assert!(not_there.stderr.contains("nowhere"), "{not_there:?}");
}
