//! The unit file: no complaint of `systemd-analyze verify`, and an exposure of 1.5 at most.
//!
//! Skipped on a machine without `systemd-analyze`, except in CI (`CI` is set), where that is a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const UNIT: &str = include_str!("../../systemd/treasuryd.service");
const USERS: &str = include_str!("../../systemd/sysusers.d/treasuryd.conf");

/// The highest exposure allowed; a bare unit has 9.6.
const MOST_EXPOSURE: f32 = 1.5;

/// Whether the tool is there; where it is not, CI fails.
fn is_there(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "{tool} is not installed: apt-get install systemd");
    if !there {
        eprintln!("skipped: {tool} is not installed");
    }
    there
}

/// The unit with a program that exists in the place of `/usr/bin/treasuryd`: `verify` looks for it.
fn unit(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("treasuryd.service");
    assert!(text.contains("ExecStart=/usr/bin/treasuryd run"));
    std::fs::write(&file, text.replace("/usr/bin/treasuryd", "/bin/true")).unwrap();
    (folder, file)
}

fn analyze(arguments: &[&str], file: &Path) -> Output {
    Command::new("systemd-analyze").args(arguments).arg("--no-pager").arg(file).output().unwrap()
}

/// `verify` exits 0 on unknown keys, so any line it says counts.
fn complaints(text: &str) -> String {
    let (_folder, file) = unit(text);
    let output = analyze(&["verify"], &file);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if output.status.success() { said } else { format!("{said}{}", output.status) }
}

#[test]
fn the_unit_is_clean() {
    if is_there("systemd-analyze") {
        assert_eq!(complaints(UNIT), "");
        let misspelt = UNIT.replace("WatchdogSec=", "WatchdogSecs=");
        assert!(complaints(&misspelt).contains("WatchdogSecs"), "a misspelt key is not noticed");
    }
}

#[test]
fn the_unit_is_hardened() {
    if is_there("systemd-analyze") {
        let (_folder, file) = unit(UNIT);
        let output = analyze(&["security", "--offline=true"], &file);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let overall = text.lines().find_map(|line| line.split_once("Overall exposure level for treasuryd.service:"));
        let level: f32 =
            overall.unwrap_or_else(|| panic!("{text}")).1.split_whitespace().next().unwrap().parse().unwrap();
        assert!(level <= MOST_EXPOSURE, "{level} is over {MOST_EXPOSURE}:\n{text}");
    }
}

/// What the daemon's contract with systemd rests on.
#[test]
fn the_unit_says_what_the_daemon_counts_on() {
    for line in [
        "Type=notify",
        "User=treasuryd",
        "ExecStartPre=/usr/bin/treasuryd check",
        "ExecStart=/usr/bin/treasuryd run",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "RestartPreventExitStatus=2 77 78",
        "WatchdogSec=60s",
        "StateDirectory=treasuryd",
        "StateDirectoryMode=0700",
        "RuntimeDirectory=treasuryd",
        "ConfigurationDirectory=treasuryd",
        "LoadCredential=kpay_api_key:/etc/treasuryd/kpay_api_key",
        "LoadCredential=kpay_secret_key:/etc/treasuryd/kpay_secret_key",
        "LimitCORE=0",
    ] {
        assert!(UNIT.lines().any(|found| found == line), "`{line}` is not in the unit");
    }
}

#[test]
fn the_daemons_user_can_be_made() {
    if is_there("systemd-sysusers") {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("treasuryd.conf");
        std::fs::create_dir(root.path().join("etc")).unwrap();
        std::fs::write(&file, USERS).unwrap();
        let option = format!("--root={}", root.path().display());
        let output = Command::new("systemd-sysusers").arg(option).arg(&file).output().unwrap();
        let users = std::fs::read_to_string(root.path().join("etc/passwd")).unwrap_or_default();
        assert!(users.starts_with("treasuryd:"), "{output:?} made {users:?}");
    }
}
