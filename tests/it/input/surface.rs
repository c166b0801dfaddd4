//! What the process shows of itself to the machine it runs on, and keys that change under it (reliability.md G7, B8).

use super::scene::merchant;
use crate::played::{lacks, row};
use crate::support::{API_KEY, CONSOLIDATE, Daemon, EVENING, Merchant, SECRET_KEY, eventually};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;
use treasuryd::money::Amount;
use treasuryd::sandbox::KeyPair;

const PATIENCE: Duration = Duration::from_secs(30);

/// The keys are nowhere but in the environment.
fn without_key_files(merchant: &Merchant) {
    let text = fs::read_to_string(merchant.path("treasuryd.toml")).unwrap();
    let lines = text.lines().filter(|line| !line.contains("_key_file"));
    merchant.write("treasuryd.toml", &lines.flat_map(|line| [line, "\n"]).collect::<String>());
    for key in ["api-key", "secret-key"] {
        fs::remove_file(merchant.path(key)).unwrap();
    }
}

fn proc(daemon: &Daemon, file: &str) -> String {
    let bytes = fs::read(format!("/proc/{}/{file}", daemon.child.id())).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn g07_keys_given_in_the_environment_do_not_stay_there() {
    let _row = row!();
    let merchant = merchant();
    without_key_files(&merchant);
    let mut command = merchant.command(&["run"]);
    command.env("KPAY_API_KEY", API_KEY).env("KPAY_SECRET_KEY", SECRET_KEY);
    let daemon = Daemon::start(command);
    for file in ["environ", "cmdline"] {
        let text = proc(&daemon, file);
        assert!(!text.contains(API_KEY) && !text.contains(SECRET_KEY) && !text.contains("KPAY_"), "{file}: {text}");
    }
    assert!(proc(&daemon, "cmdline").ends_with("treasuryd\0run\0"), "its arguments are as they were typed");
    assert_eq!(proc(&daemon, "comm").trim(), "treasuryd");
    eventually("the keys are used all the same", PATIENCE, || merchant.books().counters.requests > 0);
    drop(daemon);
    let mut command = merchant.command(&["once", "--at", EVENING]);
    command.env("KPAY_API_KEY", API_KEY).env("KPAY_SECRET_KEY", SECRET_KEY);
    assert!(command.output().unwrap().status.success());
    assert_eq!(merchant.books().transfers.len(), 2);
}

#[test]
fn g07_no_core_dump_and_no_look_into_the_memory() {
    let _row = row!();
    let merchant = merchant();
    let mut daemon = merchant.daemon();
    let limits = proc(&daemon, "limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    if !rustix::process::geteuid().is_root() {
        println!("not seen: only root can start it as another user and see whose memory it is");
        return;
    }
    // The kernel gives what others may not look into to root.
    let nobody = 65_534;
    fs::remove_dir_all(merchant.path("state")).unwrap();
    for path in ["", "api-key", "secret-key", "treasuryd.toml", "policies.yaml"] {
        std::os::unix::fs::chown(merchant.path(path), Some(nobody), Some(nobody)).unwrap();
    }
    let folder = merchant.path("");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let daemon = Daemon::start(
        merchant.command_under(&["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], &["run"]),
    );
    let pid = daemon.child.id();
    let status = proc(&daemon, "status");
    assert!(status.lines().any(|line| line.starts_with("Uid:\t65534\t65534")), "{status}");
    assert_eq!(fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid(), 0);
    assert_eq!(fs::metadata(merchant.path("control.sock")).unwrap().permissions().mode() & 0o777, 0o660);
}

#[test]
fn whoever_changes_something_through_the_socket_is_named_in_the_log() {
    let merchant = merchant();
    let daemon = merchant.daemon();
    merchant.treasuryd(&["status"]).with_code(0);
    merchant.treasuryd(&["pause", "--by", "ann"]).with_code(0);
    let line = daemon.wait_for_line("asked through the control socket");
    let uid = rustix::process::geteuid().as_raw();
    assert!(line.contains(&format!("uid={uid}")) && line.contains("pid="), "{line}");
    assert!(line.contains("pause"), "reading is not logged: {line}");
}

/// Between its making and its mode the socket is open to nobody either, whatever the umask we were started with.
#[test]
fn g08_the_socket_is_private_from_its_first_moment() {
    let _row = row!();
    if lacks("strace") {
        return;
    }
    let merchant = merchant();
    // `-D`: the daemon is our child, and not the tracer's, which would leave it behind when it is killed.
    let open_to_all = ["strace", "-D", "-f", "-qq", "-o", "trace", "-e", "trace=umask,bind,chmod", "sh", "-c"];
    let shell = [&open_to_all[..], &["umask 0; exec \"$@\"", "sh"]].concat();
    let daemon = Daemon::start(merchant.command_under(&shell, &["run"]));
    assert_eq!(fs::metadata(merchant.path("control.sock")).unwrap().permissions().mode() & 0o777, 0o660);
    drop(daemon);
    let trace = || fs::read_to_string(merchant.path("trace")).unwrap();
    let is_whole = || trace().split_once(".sock").is_some_and(|(_, after)| after.contains("umask("));
    eventually("the trace is written", PATIENCE, is_whole);
    let trace = trace();
    let steps: Vec<&str> = trace.lines().filter(|line| line.contains("umask(") || line.contains(".sock")).collect();
    let made = steps.iter().position(|line| line.contains("bind(")).unwrap();
    let mask = steps[..made].iter().rev().find_map(|line| line.split_once("umask(")?.1.split_once(')')).unwrap().0;
    let mask = u32::from_str_radix(mask.trim_start_matches('0'), 8).unwrap();
    assert_eq!(mask & 0o007, 0o007, "{steps:?}");
    let after = steps[made..].iter().find(|line| line.contains("umask(")).unwrap();
    assert!(after.contains("umask(000)") || after.contains("umask(0)"), "it is put back: {steps:?}");
}

#[test]
fn b08_keys_rotated_on_disk_are_used_without_a_restart() {
    let _row = row!();
    let pair = |name: &str| KeyPair::new(&format!("kpay_test_{name}"), &format!("sk_test_{name}"));
    for asked in [false, true] {
        let merchant = merchant();
        merchant.write("api-key", "kpay_test_old");
        merchant.write("secret-key", "sk_test_old");
        merchant.bank().set_keys(vec![pair("old"), pair("new")]);
        merchant.policies(&CONSOLIDATE.replace("0 18 * * *", "* * * * * *").replace("100_000", "120_000"));
        let mut daemon = merchant.daemon();
        eventually("the first sweep", PATIENCE, || merchant.holds("GAB") == Amount::whole(120_000));
        merchant.write("api-key", "kpay_test_new");
        merchant.write("secret-key", "sk_test_new");
        if asked {
            daemon.signal("HUP");
            daemon.wait_for_line("were rotated");
        }
        merchant.bank().set_keys(vec![pair("new")]);
        merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(50_000)).unwrap();
        eventually("the next sweep", PATIENCE, || merchant.holds("GAB") == Amount::whole(120_000));
        daemon.signal("TERM");
        assert_eq!(daemon.wait(PATIENCE), Some(0));
    }
}
