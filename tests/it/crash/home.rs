//! Whose state it is: deleted under the daemon, held twice, cloned, or not fit.

use super::{EVERY_SECOND, assert_books_agree, copy_state, deposit, transfer_posts};
use crate::played::{left_out, row};
use crate::support::{Daemon, Ended, Merchant, eventually};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

const PATIENCE: Duration = Duration::from_secs(30);

fn hurried() -> Merchant {
    let settings = SandboxSettings {
        wallets: crate::support::wallets_of(&[("CMR", 0), ("GAB", 130_000)]),
        requests_per_minute: 0,
        ..SandboxSettings::default()
    };
    let mut merchant = Merchant::with(settings);
    merchant.policies(EVERY_SECOND);
    merchant.set("kpay", "requests_per_minute = 60000");
    merchant.set("limits", "max_transfers_per_hour = 100000");
    merchant
}

/// The daemon on another state directory, socket and all.
fn on_state(merchant: &Merchant, state: &str, args: &[&str]) -> Command {
    let mut command = merchant.command(args);
    command.env("TREASURYD__STATE__PATH", merchant.path(state));
    command.env("TREASURYD__CONTROL__SOCKET", merchant.path(&format!("{state}.sock")));
    command
}

fn applied(merchant: &Merchant) -> usize {
    merchant.books().transfers.len()
}

#[test]
fn d04_a_state_deleted_while_running_stops_it_before_it_sends() {
    let _row = row!();
    let merchant = hurried();
    let mut daemon = merchant.daemon();
    eventually("the first transfer", PATIENCE, || applied(&merchant) == 1);
    eventually("it is recorded", PATIENCE, || merchant.transfers().iter().all(|one| one["state"] == "applied"));
    fs::remove_dir_all(merchant.path("state")).unwrap();
    let posts = transfer_posts(&merchant).len();
    deposit(&merchant, "GAB", 50_000);
    assert_eq!(daemon.wait(PATIENCE), Some(77), "{:#?}", daemon.said());
    let said = daemon.said().join("\n");
    assert!(said.contains("was deleted, replaced or changed"), "{said}");
    assert_eq!(transfer_posts(&merchant).len(), posts, "nothing was sent after the loss");
}

#[test]
fn d04_a_state_swapped_for_a_copy_while_running_stops_it_too() {
    let _row = row!();
    let merchant = hurried();
    let mut daemon = merchant.daemon();
    eventually("the first transfer", PATIENCE, || applied(&merchant) == 1);
    eventually("it is recorded", PATIENCE, || merchant.transfers().iter().all(|one| one["state"] == "applied"));
    copy_state(&merchant, "state", "copy");
    fs::rename(merchant.path("state"), merchant.path("old")).unwrap();
    fs::rename(merchant.path("copy"), merchant.path("state")).unwrap();
    let posts = transfer_posts(&merchant).len();
    deposit(&merchant, "GAB", 50_000);
    assert_eq!(daemon.wait(PATIENCE), Some(77));
    assert_eq!(transfer_posts(&merchant).len(), posts);
}

/// At most one transfer for each lane and slot, whoever sent it.
fn assert_one_a_slot(merchant: &Merchant) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for entry in merchant.books().transfers {
        *times.entry(entry.external_id.unwrap()).or_default() += 1;
    }
    assert!(times.values().all(|count| *count == 1), "{times:?}");
    assert_eq!(merchant.books().wrong, None);
}

#[test]
fn d06_two_daemons_with_two_states_move_a_slot_once() {
    let _row = row!();
    for cloned in [true, false] {
        let merchant = hurried();
        if cloned {
            merchant.treasuryd(&["once"]).with_code(0);
            copy_state(&merchant, "state", "twin");
        }
        let at_first = applied(&merchant);
        let twins = [
            Daemon::start(on_state(&merchant, "state", &["run"])),
            Daemon::start(on_state(&merchant, "twin", &["run"])),
        ];
        for round in 0..3 {
            let before = applied(&merchant);
            // Never back to a figure that was there before a transfer: that would look like a balance that is stale.
            deposit(&merchant, "GAB", 31_000 + round);
            eventually("the deposit moves", PATIENCE, || applied(&merchant) > before);
        }
        drop(twins);
        assert!(applied(&merchant) >= at_first + 3);
        assert_one_a_slot(&merchant);
    }
}

#[test]
fn d06_the_twin_that_comes_second_books_nothing_and_calls_a_person() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 100_000)]);
    merchant.once().with_code(0);
    deposit(&merchant, "GAB", 20_000);
    let evening = ["once", "--json", "--at", crate::support::EVENING];
    let twin = Ended::of(&mut on_state(&merchant, "twin", &evening)).with_code(75);
    assert_eq!(twin.json()[0]["state"], "needs_operator");
    let booked = Ended::of(&mut on_state(&merchant, "twin", &["ledger", "export", "--format", "jsonl"])).with_code(0);
    assert_eq!(booked.stdout, "");
    assert_eq!(applied(&merchant), 1);
    assert_one_a_slot(&merchant);
}

#[test]
fn d07_a_second_daemon_or_once_is_refused_and_sends_nothing() {
    let _row = row!();
    let mut merchant = hurried();
    // Nothing is due, so every request from here on is the second one's.
    merchant.policies(crate::support::CONSOLIDATE);
    merchant.set("kpay", "observe_every = \"1h\"");
    merchant.once().with_code(0);
    let daemon = merchant.daemon();
    eventually("it is ready", PATIENCE, || daemon.get("/readyz").0 == 200);
    let requests = merchant.books().counters.requests;
    for args in [vec!["run"], vec!["once", "--at", crate::support::EVENING]] {
        // A stale index or a deleted one is no way in: the lock is the journal's own.
        for index_is_there in [true, false] {
            if !index_is_there {
                fs::remove_dir_all(merchant.path("state/index")).unwrap_or_default();
            }
            let second = merchant.treasuryd(&args).with_code(77);
            assert!(second.stderr.contains("in use by another treasuryd"), "{second:?}");
        }
    }
    assert_eq!(merchant.books().counters.requests, requests);
    assert_eq!(daemon.get("/healthz").0, 200);
}

#[test]
fn d07_the_lock_dies_with_its_holder_and_a_stale_socket_stops_nobody() {
    let _row = row!();
    let merchant = hurried();
    let daemon = merchant.daemon();
    eventually("the first transfer", PATIENCE, || applied(&merchant) == 1);
    drop(daemon);
    assert!(merchant.path("control.sock").exists());
    let daemon = merchant.daemon();
    eventually("it is ready", PATIENCE, || daemon.get("/readyz").0 == 200);
    // The first one was killed with its transfer perhaps unsettled: only a daemon that lives can settle it.
    eventually("it is recorded", PATIENCE, || merchant.transfers().iter().all(|one| one["state"] == "applied"));
    daemon.signal("TERM");
    drop(daemon);
    assert_books_agree(&merchant);
}

/// Undoes a mount.
struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn assert_refused(merchant: &Merchant, what: &str, says: &str) {
    for args in [vec!["run"], vec!["once", "--at", crate::support::EVENING]] {
        let ended = merchant.treasuryd(&args);
        assert_eq!(ended.code, Some(77), "{what}: {ended:?}");
        assert!(ended.stderr.contains(says), "{what}: {ended:?}");
    }
    assert_eq!(merchant.books().counters.requests, 0, "{what}: nothing was sent, not even a question");
}

#[test]
fn d11_a_state_that_is_not_fit_is_refused_before_anything_is_sent() {
    let _row = row!();
    let refused = |what: &str, says: &str, lay: &dyn Fn(&Merchant)| {
        let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
        lay(&merchant);
        assert_refused(&merchant, what, says);
    };
    let made = |merchant: &Merchant, mode: u32| {
        fs::create_dir(merchant.path("state")).unwrap();
        fs::set_permissions(merchant.path("state"), fs::Permissions::from_mode(mode)).unwrap();
    };
    refused("a link", "is a symbolic link", &|merchant| {
        fs::create_dir(merchant.path("real")).unwrap();
        std::os::unix::fs::symlink("real", merchant.path("state")).unwrap();
    });
    refused("a file", "is not a directory", &|merchant| merchant.write("state", "no directory"));
    refused("read-only by its mode", "cannot write to", &|merchant| made(merchant, 0o500));
    refused("open to everybody", "may be written to by everybody", &|merchant| made(merchant, 0o777));
    refused("a lock that is a link", "is a symbolic link", &|merchant| {
        made(merchant, 0o700);
        std::os::unix::fs::symlink("elsewhere", merchant.path("state/lock")).unwrap();
    });
    let elsewhere = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    let config = fs::read_to_string(elsewhere.path("treasuryd.toml")).unwrap();
    elsewhere.write("treasuryd.toml", &config.replace("path = \"state\"", "path = \"/proc/treasuryd-state\""));
    assert_refused(&elsewhere, "a file system that takes no directories", "cannot create /proc/treasuryd-state");
}

#[test]
fn d11_somebody_elses_state_or_a_read_only_mount_is_refused() {
    let _row = row!();
    if !is_root() {
        left_out("only root can give a directory away or mount one");
        return;
    }
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    let state = merchant.path("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(&state, Some(65_534), Some(65_534)).unwrap();
    assert_refused(&merchant, "another owner", "belongs to user 65534");
    std::os::unix::fs::chown(&state, Some(0), Some(0)).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "ro,mode=0700", "treasuryd"]).arg(&state).status();
    if !mounted.is_ok_and(|status| status.success()) {
        left_out("this machine lets nobody mount");
        return;
    }
    let _mounted = Mounted(state);
    assert_refused(&merchant, "a read-only mount", "Read-only file system");
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}
