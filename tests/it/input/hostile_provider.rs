//! reliability.md G6: whatever KPay writes, a screen, a log line and a page stay what they are.

use super::scene::{is_clean, is_fit_to_read, run};
use crate::played::row;
use crate::support::{CONSOLIDATE, EVENING, Merchant, eventually, wallets_of};
use serde_json::Value;
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

/// A line break, a cleared screen, a title, a right-to-left override, a line separator, zero width, a bell, a tag.
const HOSTILE: &str = "no\r\nFAKE treasuryd: all is well\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}evil\u{2028}line\u{200b}\u{85}<script>alert(1)</script>";

fn hostile(megabyte: bool) -> String {
    if megabyte { format!("{HOSTILE}{}", "A\u{1b}[31m".repeat(80_000)) } else { HOSTILE.to_owned() }
}

fn merchant(log: &str) -> Merchant {
    let wallets = wallets_of(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    let settings = SandboxSettings { wallets, requests_per_minute: 0, ..SandboxSettings::default() };
    let mut merchant = Merchant::with(settings);
    merchant.set("log", &format!("format = \"{log}\""));
    merchant
}

fn is_one_line_each(stderr: &str) {
    is_fit_to_read(stderr);
    for line in stderr.lines() {
        assert!(!line.starts_with("FAKE"), "a line of KPay's own: {stderr}");
    }
}

#[test]
fn g06_a_refused_transfer_is_shown_tame_everywhere() {
    let _row = row!();
    for megabyte in [false, true] {
        let merchant = merchant("text");
        merchant.bank().set_faults(&[format!("transfer:message=400:{}@always", hostile(megabyte))]).unwrap();
        let ended = run(merchant.command(&["once", "--at", EVENING])).with_code(0);
        assert!(ended.stdout.contains("rejected") && ended.stdout.contains("FAKE"), "{ended:?}");
        is_one_line_each(&ended.stderr);
        let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
        for args in [
            &["transfers", "list"][..],
            &["transfers", "list", "--json"],
            &["transfers", "show", &id],
            &["transfers", "show", &id, "--json"],
            &["status"],
            &["status", "--json"],
            &["ledger", "export", "--format", "csv"],
            &["journal", "verify"],
        ] {
            let ended = run(merchant.command(args)).with_code(0);
            // RFC 4180 ends a line with both.
            is_clean(&ended.stdout.replace("\r\n", "\n"));
            is_one_line_each(&ended.stderr);
            for line in ended.stdout.lines() {
                assert!(line.len() < 2_000 && !line.starts_with("FAKE"), "{args:?}: {line}");
            }
        }
        for bytes in super::scene::files(&merchant.path("state/journal")).values() {
            let text = std::str::from_utf8(bytes).unwrap();
            is_clean(text);
            assert!(text.len() < 100_000, "a megabyte of KPay's is kept for ever");
        }
    }
}

#[test]
fn g06_an_error_of_any_endpoint_is_one_clean_sentence() {
    let _row = row!();
    for endpoint in ["me", "balances"] {
        for status in [400, 401, 403, 500, 503] {
            for megabyte in [false, true] {
                let merchant = merchant("text");
                let rule = format!("{endpoint}:message={status}:{}@always", hostile(megabyte));
                merchant.bank().set_faults(&[rule]).unwrap();
                for args in [&["plan"][..], &["once"], &["check", "--online"]] {
                    let ended = run(merchant.command(args));
                    assert!(matches!(ended.code, Some(75 | 77)), "{endpoint} {status}: {ended:?}");
                    assert_eq!(ended.stderr.lines().count(), 1, "{endpoint} {status}: {ended:?}");
                    is_one_line_each(&ended.stderr);
                }
            }
        }
    }
}

#[test]
fn g06_the_daemons_log_page_and_metrics_stay_clean() {
    let _row = row!();
    for log in ["text", "json"] {
        let merchant = merchant(log);
        merchant.policies(&CONSOLIDATE.replace("0 18 * * *", "* * * * * *"));
        merchant.bank().set_faults(&[format!("transfer:message=400:{HOSTILE}@always")]).unwrap();
        let (mut daemon, log_lines) = Watched::start(&merchant);
        let asked = || merchant.bank().requests().iter().any(|request| request.path.contains("transfer"));
        eventually("a transfer", Duration::from_secs(20), asked);
        eventually("the page shows it", Duration::from_secs(20), || daemon.get("/").contains("FAKE"));
        let page = daemon.get("/");
        is_clean(&page.replace('\r', ""));
        assert!(!page.contains("<script"), "{page}");
        let metrics = daemon.get("/metrics");
        is_clean(&metrics.replace('\r', ""));
        assert!(!metrics.contains("FAKE") && !metrics.contains("TRD-"), "a provider's text or an id is a label");
        for path in ["/healthz", "/readyz"] {
            is_clean(&daemon.get(path).replace('\r', ""));
        }
        let lines = log_lines(&mut daemon);
        is_one_line_each(&lines);
        if log == "json" {
            for line in lines.lines() {
                let parsed: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                assert!(parsed["level"].is_string(), "{line}");
            }
        }
    }
}

/// A daemon whose standard error goes to a file whole, in whatever format.
struct Watched {
    child: std::process::Child,
    address: String,
}

impl Watched {
    fn start(merchant: &Merchant) -> (Self, impl FnOnce(&mut Self) -> String) {
        let log = merchant.path("stderr");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = merchant.command(&["run"]);
        command.env("TREASURYD__HTTP__LISTEN", port.to_string()).env("TREASURYD_LOG", "debug");
        let child = command.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        eventually("the page", Duration::from_secs(20), || std::net::TcpStream::connect(port).is_ok());
        let ended = move |daemon: &mut Self| {
            daemon.child.kill().unwrap();
            daemon.child.wait().unwrap();
            std::fs::read_to_string(log).unwrap()
        };
        (Self { child, address: port.to_string() }, ended)
    }

    fn get(&self, path: &str) -> String {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
