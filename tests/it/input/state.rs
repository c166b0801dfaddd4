//! A state directory that cannot be used: exit 77, and the daemon that may use it goes on undisturbed.

use super::scene::{Refusal, merchant, run};
use crate::played::{left_out, row};
use crate::support::{EVENING, Merchant};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// Commands that would write.
const WRITING: [&[&str]; 4] = [&["once"], &["run"], &["pause"], &["resume"]];
/// Commands that only read.
const READING: [&[&str]; 5] =
    [&["status"], &["transfers", "list"], &["ledger", "balance"], &["ledger", "export", "--format", "csv"], &["plan"]];

#[test]
fn d11_what_is_no_directory_is_77_for_every_command() {
    let _row = row!();
    let merchant = merchant();
    std::os::unix::fs::symlink("elsewhere", merchant.path("link")).unwrap();
    fs::create_dir(merchant.path("elsewhere")).unwrap();
    for (state, says) in
        [("api-key", &["api-key", "state.path"][..]), ("/proc/nosuch", &["/proc/nosuch", "state.path"])]
    {
        for args in WRITING {
            let env = [("TREASURYD__STATE__PATH", state)];
            Refusal { args, env: &env, code: 77, says, may_ask: true }.check(&merchant);
        }
    }
    for args in READING {
        let env = [("TREASURYD__STATE__PATH", "api-key")];
        Refusal { args, env: &env, code: 77, says: &["api-key", "state.path"], may_ask: true }.check(&merchant);
    }
    for args in WRITING {
        let env = [("TREASURYD__STATE__PATH", "link")];
        Refusal { args, env: &env, code: 77, says: &["symbolic link"], may_ask: true }.check(&merchant);
    }
}

#[test]
fn d11_a_directory_that_everybody_may_write_to_is_77() {
    let _row = row!();
    let merchant = merchant();
    merchant.once().with_code(0);
    fs::set_permissions(merchant.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
    Refusal { args: &["once"], env: &[], code: 77, says: &["chmod 700"], may_ask: true }.check(&merchant);
}

/// reliability.md D7: the second daemon says whose the state is, sends nothing, and opens no port.
#[test]
fn d07_the_state_of_another_daemon_is_77() {
    let _row = row!();
    let merchant = merchant();
    let daemon = merchant.daemon();
    let pid = daemon.child.id().to_string();
    for args in [&["run"][..], &["once"], &["once", "--at", EVENING]] {
        let says = ["in use by another treasuryd", &pid, "stop it"];
        let ended = run(merchant.command(args));
        assert_eq!(ended.code, Some(77), "{args:?}: {ended:?}");
        assert!(ended.stdout.is_empty(), "{ended:?}");
        super::scene::says(&ended.stderr, &says);
    }
    // The first one still answers on its socket.
    let status = run(merchant.command(&["status", "--json"])).with_code(0).json();
    assert_eq!(status["ready"], true, "{status:#}");
}

/// A shell in a mount namespace of its own, where the machine allows one: a disk that is full or read-only.
fn in_a_namespace(merchant: &Merchant, script: &str) -> Option<Command> {
    let mut try_it = Command::new("unshare");
    try_it.args(["--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).stderr(Stdio::null());
    if !try_it.status().is_ok_and(|status| status.success()) {
        left_out("this machine allows no mount namespace; a full and a read-only disk are not tried");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_treasuryd")]);
    command.current_dir(merchant.folder.path()).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Some(command)
}

#[test]
fn d08_a_disk_without_room_sends_nothing() {
    let _row = row!();
    let merchant = merchant();
    let script = "mkdir -p state && mount -t tmpfs -o size=16k,mode=700 none state && \
                  head -c 1M /dev/zero > state/fill 2>/dev/null; exec \"$0\" once --at 2026-11-24T18:00:30Z";
    let Some(command) = in_a_namespace(&merchant, script) else { return };
    let ended = run(command);
    assert!(matches!(ended.code, Some(1 | 77)), "{ended:?}");
    super::scene::says(&ended.stderr, &["state", "space"]);
    super::scene::is_fit_to_read(&ended.stderr);
    assert_eq!(merchant.books().transfers, []);
    merchant.once().with_code(0);
    assert_eq!(merchant.books().transfers.len(), 2, "nothing is lost once there is room");
}

/// reliability.md D11.
#[test]
fn d11_a_read_only_disk_is_77_for_what_writes_and_fine_for_what_reads() {
    let _row = row!();
    let merchant = merchant();
    merchant.once().with_code(0);
    let read_only =
        |command: &str| format!("mount --bind state state && mount -o remount,bind,ro state && exec \"$0\" {command}");
    for (command, code) in [
        ("once", 77),
        ("run", 77),
        ("pause", 77),
        ("status", 0),
        ("transfers list", 0),
        ("ledger balance", 0),
        ("journal verify", 0),
        ("plan", 0),
    ] {
        let Some(made) = in_a_namespace(&merchant, &read_only(command)) else { return };
        let ended = run(made);
        assert_eq!(ended.code, Some(code), "{command}: {ended:?}");
        if code == 77 {
            super::scene::says(&ended.stderr, &["state", "read-only"]);
        }
    }
    assert_eq!(merchant.books().transfers.len(), 2);
}
