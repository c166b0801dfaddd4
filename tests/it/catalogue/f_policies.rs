//! F: policy files that are swapped, are no files, disarm a comparison, change their rhythm, or come too often.

use super::stage::{PATIENCE, Scene, each};
use crate::played::row;
use crate::support::{CONSOLIDATE, EVENING, Ended, Merchant, eventually};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};
use treasuryd::intent::Event;
use treasuryd::money::Amount;

fn deposit(merchant: &Merchant, amount: i64) {
    merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(amount)).unwrap();
}

fn every_second(name: &str, above: i64) -> String {
    format!(
        "version: 1\npolicies:\n  - name: {name}\n    schedule: \"* * * * * *\"\n    sweep: {{ from: [GAB], into: CMR, \
         above: {above} }}\n"
    )
}

fn hurried(text: &str) -> Merchant {
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(text);
    merchant.set("kpay", "requests_per_minute = 10000");
    merchant.set("limits", "max_transfers_per_hour = 100000");
    merchant
}

// F4: symlink swap (Kubernetes style) · content hash decides, not inotify: swap 1,000× under load: old or new, never a mix.
#[test]
fn f04_a_link_swapped_a_thousand_times_is_the_old_set_or_the_new() {
    let _row = row!();
    let merchant = hurried("");
    for (folder, name, above) in [("old", "before", 100_000), ("new", "after", 90_000)] {
        fs::create_dir(merchant.path(folder)).unwrap();
        merchant.write(&format!("{folder}/policies.yaml"), &every_second(name, above));
    }
    fs::remove_file(merchant.path("policies.yaml")).unwrap();
    std::os::unix::fs::symlink("old", merchant.path("policies")).unwrap();
    let config = fs::read_to_string(merchant.path("treasuryd.toml")).unwrap();
    merchant.write("treasuryd.toml", &config.replace("policies.yaml", "policies"));
    let mut daemon = merchant.daemon();
    eventually("the first transfer", PATIENCE, || merchant.books().transfers.len() == 1);
    for swap in 0..1_001 {
        std::os::unix::fs::symlink(["new", "old"][swap % 2], merchant.path("link")).unwrap();
        fs::rename(merchant.path("link"), merchant.path("policies")).unwrap();
        if swap % 50 == 0 {
            daemon.signal("HUP");
            // Another figure each time: one that is the same as before our last transfer would look like a stale reading.
            deposit(&merchant, 5_000 + i64::try_from(swap).unwrap());
        }
        std::thread::sleep(Duration::from_millis(4));
    }
    // It stands still at the new one.
    eventually("the new set is in force", PATIENCE, || merchant.holds("GAB") == Amount::whole(90_000));
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    let mut hashes = BTreeSet::new();
    let mut decided = BTreeSet::new();
    for event in merchant.events() {
        match event {
            Event::PoliciesInForce { hash, .. } => drop(hashes.insert(hash)),
            Event::Decided { policy, policy_hash, .. } => drop(decided.insert((policy, policy_hash))),
            _ => {}
        }
    }
    assert!(hashes.len() <= 2 && decided.len() <= 2, "{hashes:?} {decided:?}");
    let names: BTreeSet<_> = decided.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.len() == decided.len(), "one name under two hashes: {decided:?}");
}

/// Refused with 78, soon, and nothing asked.
fn refused(merchant: &Merchant, path: &str, says: &str) {
    for command in ["check", "plan", "once", "run"] {
        let began = Instant::now();
        let mut made = merchant.command(&[command]);
        let ended = Ended::of(made.env("TREASURYD__POLICIES__PATH", path));
        assert_eq!(ended.code, Some(78), "{path} {command}: {ended:?}");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains(says), "{path} {command}: {ended:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{path} {command}");
    }
    assert_eq!(merchant.books().counters.requests, 0, "{path}");
}

// F5: path is FIFO, device, directory, 1 GB file, link out of tree · refuse: regular file, size cap, owner and mode. (A link
// is followed: what it leads to must be such a file.)
#[test]
fn f05_what_is_no_small_regular_file_is_no_policy() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    assert!(Command::new("mkfifo").arg(merchant.path("pipe.yaml")).status().unwrap().success());
    let huge = fs::File::create(merchant.path("huge.yaml")).unwrap();
    huge.set_len(1 << 30).unwrap();
    fs::set_permissions(merchant.path("huge.yaml"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir_all(merchant.path("folder.yaml/inner.yaml")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", merchant.path("zero.yaml")).unwrap();
    std::os::unix::fs::symlink("loop.yaml", merchant.path("loop.yaml")).unwrap();
    std::os::unix::net::UnixListener::bind(merchant.path("socket.yaml")).unwrap();
    for path in
        ["pipe.yaml", "huge.yaml", "folder.yaml", "/dev/zero", "/dev/null", "zero.yaml", "loop.yaml", "socket.yaml"]
    {
        refused(&merchant, path, path);
    }
}

// F12: file writable by others · refuse.
#[test]
fn f12_a_file_that_others_may_write_to_is_no_policy() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    for mode in [0o666, 0o602, 0o646, 0o777] {
        fs::set_permissions(merchant.path("policies.yaml"), fs::Permissions::from_mode(mode)).unwrap();
        refused(&merchant, "policies.yaml", "policies.yaml");
    }
    fs::set_permissions(merchant.path("policies.yaml"), fs::Permissions::from_mode(0o644)).unwrap();
    merchant.once().with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1);
}

// F7: `.nan`, `.inf`, −1, alias bomb · exact decimals only; alias depth bounded.
#[test]
fn f07_no_figure_disarms_a_guard_and_no_alias_grows() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    for figure in
        [".nan", ".NaN", ".inf", "-.inf", "-1", "-0.5", "1e3", "0x10", "0100", "1,000", "~", "\"\"", "[]", "1_0__0."]
    {
        merchant.policies(&CONSOLIDATE.replace("100_000 XAF", figure));
        refused(&merchant, "policies.yaml", "policies.yaml:");
    }
    let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        let below = level - 1;
        text + &format!("a{level}: &a{level} [*a{below}, *a{below}]\n")
    });
    merchant.policies(&bomb);
    refused(&merchant, "policies.yaml", "policies.yaml:");
}

// F8: policy renamed, cadence hourly ↔ daily · slot identity unchanged or the overlap refused: rename mid-window.
#[test]
fn f08_another_name_or_rhythm_does_not_open_the_slot_again() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.once().with_code(0);
    for (name, schedule) in [
        ("renamed", "0 18 * * *"),
        ("consolidate", "0 * * * *"),
        ("both", "0 */6 * * *"),
        ("third", "0 18 * * MON-FRI"),
    ] {
        deposit(&merchant, 20_000);
        merchant.policies(&CONSOLIDATE.replace("consolidate", name).replace("0 18 * * *", schedule));
        let ended = merchant.once();
        assert_eq!(ended.code, Some(0), "{name} {schedule}: {ended:?}");
        assert_eq!(merchant.books().transfers.len(), 1, "{name} {schedule}");
        // Nor without the state that knows of it: KPay knows the id.
        let mut elsewhere = merchant.command(&["once", "--at", EVENING]);
        elsewhere.env("TREASURYD__STATE__PATH", format!("state-{name}"));
        assert_eq!(Ended::of(&mut elsewhere).code, Some(75), "{name} {schedule}");
        assert_eq!(merchant.books().transfers.len(), 1, "{name} {schedule}");
    }
    merchant.treasuryd(&["once", "--at", "2026-11-25T18:00:30Z"]).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 2, "the next evening is another slot");
}

// F9: two policies drain one wallet; cycle A→B→A · static check at load (`lane_taken` at run time; a lint refuses cycles).
#[test]
fn f09_two_that_drain_one_wallet_share_it_and_circles_are_refused() {
    let _row = row!();
    let one = |name: &str, from: &str, into: &str| {
        format!(
            "  - name: {name}\n    schedule: \"0 18 * * *\"\n    sweep: {{ from: [{from}], into: {into}, above: 100_000 }}\n"
        )
    };
    let of = |policies: &[String]| format!("version: 1\npolicies:\n{}", policies.concat());
    for circle in [
        vec![one("there", "GAB", "CMR"), one("back", "CMR", "GAB")],
        vec![one("a", "GAB", "CMR"), one("b", "CMR", "COG"), one("c", "COG", "GAB")],
    ] {
        let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 0)]);
        merchant.policies(&of(&circle));
        refused(&merchant, "policies.yaml", "circle");
    }
    each(&["CMR", "COG"], |into| {
        let play = Scene { wallets: vec![("CMR", 0), ("GAB", 130_000), ("COG", 0)], ..Scene::default() }.open();
        play.merchant.policies(&of(&[one("first", "GAB", "CMR"), one("second", "GAB", into)]));
        play.once().with_code(0);
        assert_eq!(play.merchant.holds("GAB"), Amount::whole(100_000), "into {into}");
        play.settle(1, 1);
    });
}

// F10: reload storm, 1,000 SIGHUP/s · coalesced.
#[test]
fn f10_a_storm_of_reloads_is_a_few() {
    let _row = row!();
    let merchant = hurried(&every_second("hurry", 100_000));
    let mut daemon = merchant.daemon();
    eventually("the first transfer", PATIENCE, || merchant.books().transfers.len() == 1);
    daemon.said();
    let storm = format!("i=0; while [ $i -lt 5000 ]; do kill -HUP {}; i=$((i+1)); done", daemon.child.id());
    let began = Instant::now();
    assert!(Command::new("sh").args(["-c", &storm]).status().unwrap().success(), "it ended in the storm");
    let took = began.elapsed();
    deposit(&merchant, 31_000);
    eventually("money moves on", PATIENCE, || merchant.books().transfers.len() == 2);
    let lines = daemon.said().len();
    assert!(lines < 500, "{lines} lines for 5,000 signals in {took:?}");
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    let in_force = merchant.events().iter().filter(|event| matches!(event, Event::PoliciesInForce { .. })).count();
    assert_eq!(in_force, 1, "the same policies came into force again");
}
