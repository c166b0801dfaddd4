//! No argument makes any command panic, hang, or end with a code that is not the contract's.

use super::scene::{merchant, run};

const COMMANDS: [&[&str]; 23] = [
    &["demo", "--for", "0s"],
    &["sandbox", "--fault", "help"],
    &["once"],
    &["plan"],
    &["check"],
    &["test"],
    &["schema"],
    &["status"],
    &["transfers", "list"],
    &["transfers", "show"],
    &["transfers", "resolve"],
    &["transfer", "GAB", "CMR", "100", "--key", "k", "--dry-run"],
    &["payout", "CMR", "100", "--gateway", "--key", "k", "--dry-run"],
    &["payout", "verify-return"],
    &["pause"],
    &["resume"],
    &["ledger", "export"],
    &["ledger", "rates"],
    &["ledger", "payouts"],
    &["ledger", "balance"],
    &["ledger", "check"],
    &["journal", "verify"],
    &[],
];

const ODD: [&[&str]; 20] = [
    &["--"],
    &["-"],
    &[""],
    &["--json", "--json"],
    &["--by"],
    &["--by", ""],
    &["--at", "9999-12-31T23:59:59Z"],
    &["--at", "0000-01-01T00:00:00Z"],
    &["--at", "-999999-01-01T00:00:00Z"],
    &["--at", "2026-11-24T23:59:60Z"],
    &["--policy", "\u{1f4b8}"],
    &["--balances", "/dev/null"],
    &["--last", "18446744073709551615"],
    &["--last", "99999999999999999999"],
    &["--format", "csv", "--from", "9999-12-31", "--to", "9999-12-31"],
    &["--format", "jsonl", "-o", ""],
    &["--format", "csv", "-o", "/dev/null"],
    &["TRD-\u{0301}", "--applied", "--amount", "79228162514264337593543950335", "--by", "a", "--note", "b"],
    &["TRD-X", "--applied", "--amount", "-0.0000000000000000000000000001", "--rate", "NaN", "--credited", "1e9"],
    &["-c", ""],
];

#[test]
fn no_argument_makes_a_command_panic() {
    let merchant = merchant();
    merchant.once().with_code(0);
    for command in COMMANDS {
        for odd in ODD {
            let args = [command, odd].concat();
            let ended = run(merchant.command(&args));
            assert!(!ended.stderr.contains("panicked") && !ended.stdout.contains("panicked"), "{args:?}: {ended:?}");
            assert!(matches!(ended.code, Some(0 | 1 | 2 | 75 | 77 | 78)), "{args:?}: {ended:?}");
            assert!(ended.code == Some(0) || !ended.stderr.is_empty(), "{args:?} fails without a word: {ended:?}");
        }
    }
}

/// Bytes that are no UTF-8, as file names and arguments may be.
#[test]
fn arguments_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let merchant = merchant();
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe\x1b[2J");
    for command in COMMANDS {
        let mut made = merchant.command(command);
        made.arg(odd);
        let ended = run(made);
        assert!(!ended.stderr.contains("panicked"), "{command:?}: {ended:?}");
        assert!(matches!(ended.code, Some(1 | 2 | 77 | 78)), "{command:?}: {ended:?}");
    }
    for flag in ["-c", "--config"] {
        let mut made = merchant.command(&["plan", flag]);
        made.arg(odd);
        let ended = run(made).with_code(78);
        super::scene::is_fit_to_read(&ended.stderr);
    }
    let mut made = merchant.command(&["plan"]);
    made.env("TREASURYD__KPAY__BASE_URL", odd);
    let ended = run(made).with_code(78);
    super::scene::is_fit_to_read(&ended.stderr);
}
