//! D8 and D9: no room on the disk, and a disk that fails to sync.

use super::{assert_books_agree, deposit, segment, strace, transfer_posts};
use crate::played::{lacks, left_out, row};
use crate::support::{EVENING, Ended, Merchant};
use std::fs;
use std::process::{Command, Stdio};

/// With a journal that is open already: from here on only its own segment is written to.
fn merchant() -> Merchant {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 100_000), ("COG", 100_000)]);
    merchant.treasuryd(&["pause"]).with_code(0);
    merchant.treasuryd(&["resume"]).with_code(0);
    deposit(&merchant, "GAB", 30_000);
    deposit(&merchant, "COG", 15_000);
    merchant
}

/// `once`, whose n-th such call on the journal's segment fails.
fn once_failing(merchant: &Merchant, call: &str, error: &str, nth: usize) -> Ended {
    let path = segment(merchant);
    let only = ["-P", path.to_str().unwrap(), "-e", "trace=write,fdatasync"];
    let injection = format!("{call}:error={error}:when={nth}+");
    Ended::of(&mut strace(merchant, &injection, &only, &["once", "--json", "--at", EVENING]))
}

/// What the journal holds of the transfers that the sandbox has heard of: nothing was sent without a durable attempt.
fn assert_attempted_before_sent(merchant: &Merchant, what: &str) {
    let journal = fs::read_to_string(segment(merchant)).unwrap();
    for post in transfer_posts(merchant) {
        let body: serde_json::Value = serde_json::from_str(&post.body).unwrap();
        let id = body["externalId"].as_str().unwrap();
        let attempted = journal.lines().any(|line| line.contains("\"type\":\"attempted\"") && line.contains(id));
        assert!(attempted, "{what}: {id} was sent without a record");
    }
}

/// Fails each of the journal's calls in turn, then lets the disk be well again.
fn fails_at_each(call: &str, error: &str) {
    let (mut without_posts, mut with_posts) = (0, 0);
    for nth in 1.. {
        let merchant = merchant();
        let ended = once_failing(&merchant, call, error, nth);
        let what = format!("{call} {nth} {error}: {ended:?}");
        if ended.code == Some(0) {
            break;
        }
        assert_eq!(ended.code, Some(1), "{what}");
        assert!(ended.stderr.contains("the journal stopped"), "{what}");
        let trace = fs::read_to_string(merchant.path("trace")).unwrap();
        let injected = trace.lines().filter(|line| line.contains("(INJECTED)")).count();
        assert_eq!(injected, 1, "a failed {call} is not tried again: {trace}");
        let after = trace.lines().skip_while(|line| !line.contains("(INJECTED)")).skip(1);
        let more: Vec<_> = after.filter(|line| line.contains("write(") || line.contains("fdatasync(")).collect();
        assert!(more.is_empty(), "the journal was written to after the failure: {more:?}");
        assert_attempted_before_sent(&merchant, &what);
        let posts = transfer_posts(&merchant).len();
        *(if posts == 0 { &mut without_posts } else { &mut with_posts }) += 1;

        merchant.once().with_code(0);
        assert_eq!(merchant.books().transfers.len(), 2, "{what}");
        assert_books_agree(&merchant);
    }
    assert!(without_posts >= 2 && with_posts >= 2, "{without_posts} before a send, {with_posts} after one");
}

#[test]
fn d08_a_disk_that_is_full_at_any_record_loses_nothing() {
    let _row = row!();
    if lacks("strace") {
        return;
    }
    fails_at_each("write", "ENOSPC");
}

#[test]
fn d09_a_failed_sync_stops_it_at_once_and_is_never_tried_again() {
    let _row = row!();
    if lacks("strace") {
        return;
    }
    fails_at_each("fdatasync", "EIO");
}

#[test]
fn d09_a_daemon_whose_sync_fails_ends() {
    let _row = row!();
    if lacks("strace") {
        return;
    }
    let merchant = merchant();
    merchant.policies(&super::daily_policies("    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }\n"));
    let path = segment(&merchant);
    let only = ["-P", path.to_str().unwrap(), "-e", "trace=fdatasync"];
    let ended = Ended::of(&mut strace(&merchant, "fdatasync:error=EIO:when=3+", &only, &["run"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("nothing more is recorded or sent"), "{ended:?}");
    assert_attempted_before_sent(&merchant, "run");
    merchant.treasuryd(&["once"]).with_code(0);
    assert_books_agree(&merchant);
}

#[test]
fn d08_no_room_for_what_is_said_is_no_reason_to_stop() {
    let _row = row!();
    let merchant = merchant();
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    // Something to say: a reply is lost, and asked again.
    merchant.bank().set_faults(&["lost-after-apply"]).unwrap();
    let mut command = merchant.command(&["once", "--at", EVENING]);
    command.env("TREASURYD_LOG", "debug").stdout(full()).stderr(full());
    let status = command.status().unwrap();
    assert_eq!(status.code(), Some(1), "its own report could not be written: {status:?}");
    assert_eq!(merchant.books().transfers.len(), 2);
    assert_books_agree(&merchant);
}

#[test]
fn d08_a_daemon_with_no_room_for_its_log_goes_on() {
    let _row = row!();
    let merchant = merchant();
    merchant.policies(&super::daily_policies("    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }\n"));
    let mut command = merchant.command(&["run"]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let daemon = command.env("TREASURYD_LOG", "debug").stdout(Stdio::null()).stderr(full).spawn().unwrap();
    let mut daemon = KilledAtTheEnd(daemon);
    let patience = std::time::Duration::from_secs(30);
    crate::support::eventually("it moves and records it", patience, || {
        let transfers = merchant.transfers();
        transfers.len() == 2 && transfers.iter().all(|one| one["state"] == "applied")
    });
    let ended = daemon.0.try_wait().unwrap();
    drop(daemon);
    assert!(ended.is_none(), "{ended:?}");
    assert_books_agree(&merchant);
}

/// A daemon without a voice, not left behind by a test that fails.
struct KilledAtTheEnd(std::process::Child);

impl Drop for KilledAtTheEnd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A small disk of its own for the state.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// `None` where nobody may mount.
    fn mount(merchant: &Merchant) -> Option<Self> {
        let path = merchant.path("state");
        fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=0700", "treasuryd"]).arg(&path).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(path))
    }

    /// Fills it to the last page.
    fn fill(&self) {
        let filled = fs::write(self.0.join("filler"), vec![1; 4 << 20]);
        assert!(filled.is_err(), "a disk of 2 MiB took 4");
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn d08_a_really_full_disk_refuses_to_start_and_stops_a_daemon() {
    let _row = row!();
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.policies(super::EVERY_SECOND);
    merchant.set("kpay", "observe_every = \"1s\"");
    let Some(disk) = SmallDisk::mount(&merchant) else {
        left_out("this machine lets nobody mount; the same is played with strace");
        return;
    };
    disk.fill();
    let ended = merchant.treasuryd(&["run"]).with_code(1);
    assert!(ended.stderr.contains("free some space"), "{ended:?}");
    assert_eq!(merchant.books().counters.requests, 0);
    disk.free();
    let mut daemon = merchant.daemon();
    let patience = std::time::Duration::from_secs(30);
    crate::support::eventually("it moves", patience, || merchant.books().transfers.len() == 1);
    // The first slot is older than the journal: its answer must be recorded, or a 409 later proves no amount.
    crate::support::eventually("it is recorded", patience, || {
        merchant.treasuryd(&["transfers", "list", "--json"]).stdout.contains("\"applied\"")
    });
    disk.fill();
    // The last page of the journal has some room left: money moves until a record does not fit.
    let mut ended = None;
    for _ in 0..200 {
        deposit(&merchant, "GAB", 1_000);
        std::thread::sleep(std::time::Duration::from_millis(150));
        ended = daemon.child.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
    }
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "{:#?}", daemon.said());
    let posts = transfer_posts(&merchant).len();
    disk.free();
    assert_attempted_before_sent(&merchant, "a full disk");
    merchant.policies(&super::daily_policies("    sweep: { from: [GAB], into: CMR, above: 10_000_000 XAF }\n"));
    merchant.treasuryd(&["once"]).with_code(0);
    assert!(transfer_posts(&merchant).len() >= posts);
    assert_books_agree(&merchant);
    drop(daemon);
}
