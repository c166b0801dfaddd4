//! A configuration or policies that cannot be used: exit 78 with file, line and column, before anything is opened.

use super::scene::{Refusal, files, merchant};
use crate::played::row;
use std::fs;

/// Each command that reads the configuration must refuse it alike; `check` is held to it in its own file.
const COMMANDS: [&[&str]; 11] = [
    &["plan"],
    &["once"],
    &["run"],
    &["test"],
    &["status"],
    &["transfers", "list"],
    &["pause"],
    &["resume"],
    &["ledger", "balance"],
    &["journal", "verify"],
    &["ledger", "export", "--format", "csv"],
];

fn refused(text: &str, says: &[&str]) {
    let merchant = merchant();
    merchant.write("treasuryd.toml", text);
    for args in COMMANDS {
        Refusal { args, env: &[], code: 78, says, may_ask: false }.check(&merchant);
    }
    assert!(!merchant.path("state").exists(), "a state was begun");
    assert!(!merchant.path("control.sock").exists(), "a socket was opened");
}

#[test]
fn bad_toml_is_named_by_line_and_column() {
    refused("[kpay]\nbase_url = \"http://127.0.0.1:1\nx = 1\n", &["treasuryd.toml:2:", "toml", "hint"]);
}

#[test]
fn f11_unknown_keys_and_wrong_values_come_all_at_once() {
    let _row = row!();
    refused(
        "[kpay]\nbase_ulr = \"x\"\ntimeout = \"soon\"\n[limts]\n[limits]\nmax_transfers_per_hour = \"x\"\n",
        &[
            "treasuryd.toml:2:1",
            "did you mean `kpay.base_url`",
            "treasuryd.toml:3:11",
            "soon",
            "treasuryd.toml:4:",
            "limts",
            "treasuryd.toml:6:26",
            "whole number",
        ],
    );
}

#[test]
fn production_without_its_last_defence_is_refused() {
    refused("[kpay]\nenvironment = \"production\"\n", &["max_per_day", "hint"]);
}

#[test]
fn a_configuration_file_that_cannot_be_read_is_named() {
    let merchant = merchant();
    fs::write(merchant.path("latin1.toml"), b"# \xe9t\xe9\n").unwrap();
    let huge = "# nothing\n".repeat(400_000);
    merchant.write("huge.toml", &huge);
    let pipe = std::process::Command::new("mkfifo").arg(merchant.path("pipe.toml")).status().unwrap();
    assert!(pipe.success());
    for (file, says) in [
        ("missing.toml", &["missing.toml", "No such file", "--config"][..]),
        (".", &["folder", "TOML file"]),
        ("latin1.toml", &["latin1.toml", "UTF-8"]),
        ("huge.toml", &["huge.toml", "larger"]),
        ("pipe.toml", &["pipe.toml", "pipe"]),
        ("/dev/zero", &["/dev/zero", "device"]),
    ] {
        for command in ["plan", "check", "run"] {
            let args = ["-c", file, command];
            // `check --json` is the form for programs; for people everything is on stderr.
            Refusal { args: &args, env: &[], code: 78, says, may_ask: false }.check(&merchant);
        }
    }
}

#[test]
fn f11_variables_of_the_environment_are_held_to_the_same_keys() {
    let _row = row!();
    let merchant = merchant();
    for (variable, value, says) in [
        ("TREASURYD__KPAY__FROB", "1", &["environment", "TREASURYD__KPAY__FROB"][..]),
        ("TREASURYD__KPAY", "1", &["environment", "TREASURYD__KPAY"]),
        ("TREASURYD__KPAY__TIMEOUT", "soon", &["TREASURYD__KPAY__TIMEOUT", "soon"]),
        ("TREASURYD__KPAY__REQUESTS_PER_MINUTE", "0", &["REQUESTS_PER_MINUTE"]),
        ("TREASURYD__HTTP__LISTEN", "0.0.0.0:80", &["HTTP__LISTEN"]),
        ("TREASURYD__LOG__FORMAT", "xml", &["LOG__FORMAT", "json"]),
        ("TREASURYD__KPAY__ENVIRONMENT", "staging", &["KPAY__ENVIRONMENT", "sandbox"]),
        ("TREASURYD__KPAY__APPLICATION_ID", "../../x", &["APPLICATION_ID"]),
    ] {
        Refusal { args: &["once"], env: &[(variable, value)], code: 78, says, may_ask: false }.check(&merchant);
    }
}

/// reliability.md G2: only a plain origin, and plain http only to this machine.
#[test]
fn g02_a_base_url_that_could_smuggle_the_keys_elsewhere_is_refused() {
    let _row = row!();
    let merchant = merchant();
    for (url, says) in [
        ("http://admin.kpay.site", &["plain http", "https"][..]),
        ("http://10.0.0.1", &["plain http"]),
        ("http://127.0.0.1.example.com", &["plain http"]),
        ("http://localhost.example.com", &["plain http"]),
        ("https://good@evil.example", &["@"]),
        ("http://127.0.0.1@evil.example", &["@"]),
        ("https://93.184.216.34", &["host name"]),
        ("https://[2606:2800::1]", &["host name"]),
        ("https://admin.kpay.site/api", &["path"]),
        ("https://admin.kpay.site?x=1", &["query"]),
        ("https://admin.kpay.site#x", &["fragment"]),
        ("https://xn--kpay-9na.site", &["host name"]),
        ("https://kp\u{430}y.site", &["ASCII"]),
        ("http://0x7f000001", &["host name"]),
        ("http://127.1", &["host name"]),
        ("ftp://admin.kpay.site", &["https://"]),
        ("admin.kpay.site", &["https://"]),
        ("https://", &["host name"]),
        ("https://admin.kpay.site\r\nX-Injected: 1", &["ASCII"]),
    ] {
        for args in [&["once"][..], &["plan"], &["run"], &["check"]] {
            let env = [("TREASURYD__KPAY__BASE_URL", url)];
            let says = [says, &["base URL"]].concat();
            Refusal { args, env: &env, code: 78, says: &says, may_ask: false }.check(&merchant);
        }
    }
}

#[test]
fn missing_and_empty_policies_are_named() {
    let merchant = merchant();
    merchant.write("empty.yaml", "");
    merchant.write("blank.yaml", "# nothing\n\n");
    merchant.write("none.yaml", "version: 1\npolicies: []\n");
    fs::create_dir(merchant.path("hollow")).unwrap();
    for (path, says) in [
        ("nosuch", &["nosuch", "No such file", "policies.path"][..]),
        ("hollow", &["hollow", "no policy file"]),
        ("empty.yaml", &["empty.yaml:1:1", "empty"]),
        ("blank.yaml", &["blank.yaml:", "version"]),
        ("none.yaml", &["none.yaml:2:", "polic"]),
    ] {
        for args in [&["plan"][..], &["once"], &["run"], &["test"], &["check"]] {
            let env = [("TREASURYD__POLICIES__PATH", path)];
            Refusal { args, env: &env, code: 78, says, may_ask: false }.check(&merchant);
        }
    }
    assert!(files(&merchant.path("state")).is_empty());
}

/// The mistakes of a first evening, all told at once, each with its place.
#[test]
fn f06_every_mistake_of_a_policy_file_comes_at_once() {
    let _row = row!();
    let merchant = merchant();
    merchant.policies(
        "version: 1
timezone: Africa/Nowhere
reserves: { CMR: -5 }
policies:
  - name: A b
    schedule: \"0 25 * * *\"
    sweep: { from: [GAB, ZZZ], into: CMR, above: 1e5 }
    limits: { max_transfer: 5_000 XOF }
    priority: 0100
    frob: 1
  - name: dear
    schedule: \"0 18 * * *\"
    sweep: { from: [CMR], into: SEN, above: 5_000 XAF, keep: 6_000 XAF }
",
    );
    let says = [
        "policies.yaml:2:11",
        "Africa/Nowhere",
        "Africa/Douala",
        "policies.yaml:3:18",
        "policies.yaml:5:11",
        "policies.yaml:6:15",
        "policies.yaml:7:26",
        "ZZZ",
        "policies.yaml:7:50",
        "policies.yaml:9:15",
        "0100",
        "policies.yaml:10:5",
        "frob",
        "policies.yaml:13:",
        "keep",
    ];
    for args in [&["plan"][..], &["once"], &["run"], &["test"], &["check"]] {
        Refusal { args, env: &[], code: 78, says: &says, may_ask: false }.check(&merchant);
    }
}
