//! reliability.md G7: the keys and the tokens are found in no output, no file of the state, no page, and nowhere that
//! other users of the machine can look; not plain, not as base64, not as hex.

use super::scene::{files, run};
use crate::played::row;
use crate::support::{API_KEY, CONSOLIDATE, EVENING, Merchant, SECRET_KEY, eventually, wallets_of};
use sha2::{Digest, Sha256};
use std::fs;
use std::sync::LazyLock;
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

/// What must not be found. The distinctive parts, so that a shortened one is found as well; tokens as the sandbox
/// makes them, by its seed.
static CANARIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut plain: Vec<String> = [API_KEY, SECRET_KEY, "canary5Qp0", "canary7Zr1"].map(str::to_owned).to_vec();
    for issued in 1..=30 {
        for part in ["payload", "signature"] {
            plain.push(hex(&Sha256::digest(format!("1|{issued}|{part}")))[..24].to_owned());
        }
    }
    plain.push("eyJhbGciOiJIUzI1NiIs".to_owned());
    let mut all = Vec::new();
    for text in plain {
        all.push(hex(text.as_bytes()));
        // Each of the three ways in which the text can stand inside base64, without the characters its neighbours share.
        for shift in 0..3 {
            let encoded = base64(&[vec![0; shift], text.clone().into_bytes()].concat());
            let (from, to) = ([0, 2, 3][shift], encoded.len() - [0, 3, 2][(text.len() + shift) % 3]);
            all.push(encoded[from..to].to_owned());
        }
        all.push(text);
    }
    all
});

/// Lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sextet =
        |group: u32, index: u32| char::from(ALPHABET[usize::try_from(group >> (18 - 6 * index) & 63).unwrap()]);
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().enumerate().fold(0, |group, (index, byte)| group | u32::from(*byte) << (16 - 8 * index));
        text.extend(
            (0..4).map(|index| if index <= u32::try_from(chunk.len()).unwrap() { sextet(group, index) } else { '=' }),
        );
    }
    text
}

fn holds_no_secret(what: &str, bytes: &[u8]) {
    // What is looked for is ASCII, so nothing is lost where bytes are no text.
    let text = String::from_utf8_lossy(bytes);
    let found = CANARIES.iter().find(|canary| text.contains(canary.as_str()));
    assert_eq!(found, None, "in {what}");
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
    for before in ["", "x", "xy"] {
        for hidden in
            [SECRET_KEY.to_owned(), hex(SECRET_KEY.as_bytes()), base64(format!("{before}{SECRET_KEY}:z").as_bytes())]
        {
            let found = std::panic::catch_unwind(|| holds_no_secret("a test", hidden.as_bytes())).is_err();
            assert!(found, "{hidden} was not found");
        }
    }
}

fn merchant() -> Merchant {
    let wallets = wallets_of(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    Merchant::with(SandboxSettings { wallets, requests_per_minute: 0, ..SandboxSettings::default() })
}

#[test]
fn g07_no_command_says_a_key_or_a_token_however_much_it_says() {
    let _row = row!();
    let merchant = merchant();
    let id = "TRD-261124180000-GABCMR-01-DYBFV9E2";
    for args in [
        &["check", "--online"][..],
        &["check", "--json"],
        &["test"],
        &["plan", "--json"],
        &["once", "--json", "--at", EVENING],
        &["status", "--json"],
        &["transfers", "list", "--json"],
        &["transfers", "show", id, "--json"],
        &["pause", "--by", "ann"],
        &["resume", "--by", "ann"],
        &["ledger", "export", "--format", "csv"],
        &["ledger", "rates", "--json"],
        &["journal", "verify", "--json"],
        &["frob"],
    ] {
        let mut command = merchant.command(args);
        command.env("TREASURYD_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let ended = run(command);
        holds_no_secret(&format!("the output of {args:?}"), format!("{}{}", ended.stdout, ended.stderr).as_bytes());
    }
    assert_eq!(merchant.books().transfers.len(), 2, "the commands worked");
    holds_no_secrets_in_the_state(&merchant);
}

/// KPay says back what it was sent; a gateway's error page likes to.
#[test]
fn g07_a_provider_that_repeats_the_keys_puts_them_nowhere() {
    let _row = row!();
    for rule in [
        format!("transfer:message=400:your keys {API_KEY} {SECRET_KEY}@always"),
        format!("me:message=401:unknown key {API_KEY}, secret {SECRET_KEY}@always"),
        format!("balances:message=500:{SECRET_KEY}@always"),
        format!("balances:bad-balance=GAB:\"{SECRET_KEY}\"@always"),
    ] {
        let merchant = merchant();
        merchant.bank().set_faults(&[&rule]).unwrap();
        for args in
            [&["check", "--online"][..], &["plan"], &["once", "--at", EVENING], &["transfers", "list"], &["status"]]
        {
            let mut command = merchant.command(args);
            command.env("TREASURYD_LOG", "trace");
            let ended = run(command);
            holds_no_secret(&format!("{args:?} after {rule}"), format!("{}{}", ended.stdout, ended.stderr).as_bytes());
        }
        holds_no_secrets_in_the_state(&merchant);
    }
}

#[test]
fn g07_wrong_keys_are_refused_without_being_shown() {
    let _row = row!();
    for (api, secret) in [
        (SECRET_KEY, API_KEY),
        (API_KEY, "canary7Zr1"),
        ("kpay_live_canary5Qp0", SECRET_KEY),
        ("kpay_test_canary5Qp0\u{1}", "x"),
    ] {
        let merchant = merchant();
        merchant.write("api-key", api);
        merchant.write("secret-key", secret);
        for args in ["plan", "once", "run"] {
            let mut command = merchant.command(&[args]);
            command.env("TREASURYD_LOG", "trace");
            let ended = run(command).with_code(78);
            holds_no_secret(args, format!("{}{}", ended.stdout, ended.stderr).as_bytes());
        }
    }
}

#[test]
fn g07_the_daemon_shows_them_to_nobody_on_the_machine() {
    let _row = row!();
    let merchant = merchant();
    merchant.policies(&CONSOLIDATE.replace("0 18 * * *", "* * * * * *"));
    let log = merchant.path("stderr");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = merchant.command(&["run"]);
    command.env("TREASURYD__HTTP__LISTEN", port.to_string()).env("TREASURYD_LOG", "trace");
    let mut child = command.stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    let pid = child.id();
    let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually("both transfers", Duration::from_secs(30), || merchant.books().transfers.len() == 2);
        for path in ["/", "/metrics", "/healthz", "/readyz"] {
            holds_no_secret(path, &get(port, path));
        }
        for file in ["cmdline", "environ", "status"] {
            holds_no_secret(file, &fs::read(format!("/proc/{pid}/{file}")).unwrap());
        }
    }));
    child.kill().unwrap();
    child.wait().unwrap();
    looked.unwrap();
    holds_no_secret("the log", &fs::read(log).unwrap());
    holds_no_secrets_in_the_state(&merchant);
}

fn holds_no_secrets_in_the_state(merchant: &Merchant) {
    for (path, bytes) in files(&merchant.path("state")) {
        // Half a megabyte of an index is mostly blank.
        let written: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
        holds_no_secret(&path.display().to_string(), &written);
    }
}

fn get(address: std::net::SocketAddr, path: &str) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(!answer.is_empty());
    answer
}
