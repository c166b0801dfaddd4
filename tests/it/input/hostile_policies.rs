//! reliability.md G6, from the side of files: names, keys and paths out of a policy or of the command line reach the
//! terminal tame, and each finding stays one line.

use super::scene::{Refusal, is_clean, is_fit_to_read, merchant, run};
use crate::played::row;
use std::fs;

const HOSTILE: &str = "x\u{1b}[2J\u{202e}\u{2028}\u{7}";

#[test]
fn g06_names_and_keys_of_a_policy_are_shown_tame() {
    let _row = row!();
    let merchant = merchant();
    let long = "A".repeat(100_000);
    for text in [
        format!("version: 1\npolicies:\n  - name: \"{HOSTILE}\"\n"),
        format!("version: 1\n\"{HOSTILE}\": 1\npolicies: []\n"),
        format!("version: 1\ntimezone: \"{HOSTILE}\"\npolicies: []\n"),
        "version: 1\npolicies:\n  - name: \"a\\r\\nFAKE: fine\\e[2J\"\n    schedule: \"\\0\"\n    sweep: \"\\u202e\"\n"
            .to_owned(),
        format!("version: 1\npolicies:\n  - name: {long}\n    schedule: \"{long}\"\n    sweep: {{ from: [{long}] }}\n"),
        format!("version: 1\npolicies:\n  - {{ {HOSTILE} }}\n"),
        "\u{feff}\u{0}\u{1b}[31m".to_owned(),
        "[".repeat(100_000),
        "a: &a [*a, *a]\nb: *a\n".to_owned(),
    ] {
        merchant.policies(&text);
        for args in [&["check"][..], &["plan"], &["test"], &["run"]] {
            let ended = Refusal { args, env: &[], code: 78, says: &["policies.yaml"], may_ask: false }.check(&merchant);
            assert!(!ended.stderr.lines().any(|line| line.starts_with("FAKE")), "{ended:?}");
        }
        let report = run(merchant.command(&["check", "--json"])).with_code(78);
        report.json();
        is_clean(&report.stdout);
    }
}

#[test]
fn g06_file_names_are_shown_tame() {
    let _row = row!();
    let merchant = merchant();
    let name = format!("{HOSTILE}\n.yaml");
    fs::create_dir(merchant.path("p")).unwrap();
    merchant.write(&format!("p/{name}"), "version: 2\n");
    for args in [&["check"][..], &["plan"], &["run"]] {
        let env = [("TREASURYD__POLICIES__PATH", "p")];
        Refusal { args, env: &env, code: 78, says: &["version"], may_ask: false }.check(&merchant);
    }
    for (variable, value) in [
        ("TREASURYD__POLICIES__PATH", "p/\u{1b}[2J\nnosuch"),
        ("TREASURYD__KPAY__API_KEY_FILE", "\u{1b}[2J\nnosuch"),
        ("TREASURYD__KPAY__BASE_URL", "https://\u{1b}[2J\n"),
        ("TREASURYD__KPAY__APPLICATION_ID", "\u{1b}[2J\nnosuch"),
        ("TREASURYD__FROB\u{1b}[2J\n", "x"),
        ("TREASURYD__LOG__FORMAT", "\u{1b}[2J\u{202e}"),
    ] {
        let env = [(variable, value)];
        Refusal { args: &["plan"], env: &env, code: 78, says: &[], may_ask: false }.check(&merchant);
    }
    Refusal { args: &["-c", "\u{1b}[2J\nx", "plan"], env: &[], code: 78, says: &[], may_ask: false }.check(&merchant);
    let env = [("TREASURYD__STATE__PATH", "api-key/\u{1b}[2J\nx")];
    Refusal { args: &["once"], env: &env, code: 78, says: &["control or invisible character"], may_ask: false }
        .check(&merchant);
    let env = [("TREASURYD__STATE__PATH", "api-key/\u{202e}")];
    Refusal { args: &["once"], env: &env, code: 78, says: &["character"], may_ask: false }.check(&merchant);
}

/// What an operator types is kept in the journal and shown later: tame as well.
#[test]
fn g06_arguments_are_shown_and_kept_tame() {
    let _row = row!();
    let merchant = merchant();
    for args in [
        &["plan", "--policy", HOSTILE][..],
        &["pause", HOSTILE],
        &["transfers", "show", HOSTILE],
        &["plan", "--balances", HOSTILE],
        &["ledger", "export", "--format", "csv", "-o", "/nosuch\u{1b}[2J/x"],
    ] {
        let ended = run(merchant.command(args));
        assert!(matches!(ended.code, Some(1 | 2)), "{args:?}: {ended:?}");
        is_fit_to_read(&ended.stderr);
    }
    run(merchant.command(&["pause", "--by", &format!("{HOSTILE}\nFAKE")])).with_code(0);
    for args in [&["status"][..], &["status", "--json"], &["plan"]] {
        is_clean(&run(merchant.command(args)).with_code(0).stdout);
    }
    for bytes in super::scene::files(&merchant.path("state/journal")).values() {
        is_clean(std::str::from_utf8(bytes).unwrap());
    }
}
