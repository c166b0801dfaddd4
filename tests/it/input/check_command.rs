//! `check`, `test` and `schema`: what finance runs before a change goes live.

use super::scene::{Refusal, is_fit_to_read, merchant, run};
use crate::support::{CONSOLIDATE, Merchant, wallets_of};
use serde_json::Value;
use std::path::Path;
use treasuryd::sandbox::{KeyPair, OperatorStatus, SandboxSettings};

const PAYOUTS: &str = "version: 1
policies:
  - name: out
    schedule: \"0 18 * * *\"
    payout: { from: CMR, to: { provider: MTN_MOMO_CMR, phone: \"24174345678\" }, above: 1_000_000 XAF }
  - name: people
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB], into: CMR, above: 100_000 XAF }
    beneficiaries: []
";

fn found(merchant: &Merchant, args: &[&str], code: i32) -> Value {
    let ended = run(merchant.command(args)).with_code(code);
    assert_eq!(ended.stderr, "", "{args:?}");
    ended.json()
}

#[test]
fn a_wrong_payout_is_refused_at_its_line() {
    let merchant = merchant();
    merchant.policies(PAYOUTS);
    let report = found(&merchant, &["check", "--json"], 78);
    let places: Vec<_> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap(), one["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(places, [(5, "phone-mismatch", "error"), (9, "unknown-key", "error")], "{report:#}");
    assert_eq!((&report["errors"], &report["warnings"]), (&2.into(), &0.into()));
    let says = ["policies.yaml:5:", "24174345678", "237", "policies.yaml:9:5", "beneficiaries"];
    for args in [&["check"][..], &["once"], &["run"]] {
        Refusal { args, env: &[], code: 78, says: &says, may_ask: false }.check(&merchant);
    }
}

#[test]
fn warnings_are_let_through_unless_they_are_denied() {
    let merchant = merchant();
    merchant.policies(&format!("{CONSOLIDATE}    limits: {{ max_transfer: 20_000_000 XAF }}\n"));
    let good = run(merchant.command(&["check"])).with_code(0);
    assert!(good.stderr.contains("policies.yaml:6:29: warning[") && good.stderr.contains("0 errors, 1 warning"));
    assert!(good.stdout.starts_with("1 policy and 0 reserves in 1 file"), "{good:?}");
    let says = ["policies.yaml:6:29", "warning", "hint"];
    Refusal { args: &["check", "--deny-warnings"], env: &[], code: 78, says: &says, may_ask: false }.check(&merchant);
    assert_eq!(found(&merchant, &["check", "--json"], 0)["warnings"], 1);
    let denied = found(&merchant, &["check", "--json", "--deny-warnings"], 78);
    let first = &denied["diagnostics"][0];
    for field in ["file", "line", "column", "severity", "code", "message", "hint"] {
        assert!(!first[field].is_null(), "{field} is missing from {first}");
    }
}

/// The whole corpus is played in the library; the program prints the same.
#[test]
fn a_wrong_file_is_met_with_what_is_written_beside_it() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/policies/wrong");
    for (name, code) in [("top-up-takes-back", 78), ("amounts", 78), ("limits-without-effect", 0)] {
        let golden = |ending: &str| std::fs::read_to_string(corpus.join(format!("{name}.{ending}"))).unwrap();
        let merchant = merchant();
        merchant.policies(&golden("yaml"));
        let said = run(merchant.command(&["check"])).with_code(code).stderr;
        // The file has another name there, and the summary has none.
        let renamed = |line: &str| match line.split_once("policies.yaml:") {
            Some((_, rest)) => format!("{name}.yaml:{rest}\n"),
            None => format!("{line}\n"),
        };
        assert_eq!(said.lines().map(renamed).collect::<String>(), golden("txt"), "{name}");
        let mut report = found(&merchant, &["check", "--json"], code);
        for one in report["diagnostics"].as_array_mut().unwrap() {
            one["file"] = format!("{name}.yaml").into();
        }
        assert_eq!(report, serde_json::from_str::<Value>(&golden("json")).unwrap(), "{name}");
    }
}

#[test]
fn the_configurations_mistakes_have_the_same_form() {
    let merchant = merchant();
    merchant.write("treasuryd.toml", "[kpay]\nfrob = 1\ntimeout = 5\n");
    let report = found(&merchant, &["check", "--json"], 78);
    let lines: Vec<_> = report["diagnostics"].as_array().unwrap().iter().map(|one| one["line"].clone()).collect();
    assert_eq!(lines, [2, 3], "{report:#}");
}

/// One look finds the mistakes of both.
#[test]
fn a_wrong_configuration_does_not_hide_what_is_wrong_in_the_policies() {
    let merchant = merchant();
    merchant.policies(PAYOUTS);
    merchant.write("treasuryd.toml", "[kpay]\nfrob = 1\n[policies]\npath = \"policies.yaml\"\n");
    let report = found(&merchant, &["check", "--json"], 78);
    let codes: Vec<_> = report["diagnostics"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["unknown-key", "phone-mismatch", "unknown-key"], "{report:#}");
    // Files that are not where a wrong configuration leads to are no finding of their own.
    merchant.write("treasuryd.toml", "[kpay]\nfrob = 1\n[policies]\npth = \"policies.yaml\"\n");
    assert_eq!(found(&merchant, &["check", "--json"], 78)["errors"], 2);
}

/// A base URL is blamed on the layer it came from.
#[test]
fn a_bad_base_url_is_shown_where_it_stands() {
    let merchant = merchant();
    let with = [("TREASURYD__KPAY__BASE_URL", "http://example.com")];
    let says = ["environment: error[bad-base-url]"];
    Refusal { args: &["check"], env: &with, code: 78, says: &says, may_ask: false }.check(&merchant);
    merchant.write(
        "treasuryd.toml",
        "# base_url = \"x\"\n[kpay]\nbase_url = \"http://example.com\"\n[policies]\npath = \"policies.yaml\"\n",
    );
    let says = ["treasuryd.toml:3:12: error[bad-base-url]"];
    Refusal { args: &["check"], env: &[], code: 78, says: &says, may_ask: false }.check(&merchant);
}

#[test]
fn online_shows_the_wallets_and_warns_about_missing_ones() {
    let merchant = merchant();
    let good = run(merchant.command(&["check", "--online"])).with_code(0);
    assert!(good.stdout.contains("KPay knows the keys: sandbox") && good.stdout.contains("130 000 XAF"), "{good:?}");
    assert_eq!(good.stderr, "");

    merchant.bank().set_faults(&["balances:drop-wallet=GAB@always"]).unwrap();
    let warned = run(merchant.command(&["check", "--online"])).with_code(0);
    assert!(warned.stderr.contains("warning[wallet-missing]") && warned.stderr.contains("Gabon"), "{warned:?}");
    assert_eq!(found(&merchant, &["check", "--online", "--json"], 0)["diagnostics"][0]["code"], "wallet-missing");
    run(merchant.command(&["check", "--online", "--deny-warnings"])).with_code(78);

    merchant.bank().set_faults(&["balances:bad-balance=GAB:1e400@always"]).unwrap();
    let warned = found(&merchant, &["check", "--online", "--json"], 0);
    assert_eq!(warned["diagnostics"][0]["code"], "wallet-unreadable", "it is there: {warned:#}");
    assert!(warned["diagnostics"][0]["message"].as_str().unwrap().contains("GAB/XAF: "), "{warned:#}");
    assert_eq!(warned["warnings"], 1);
}

#[test]
fn online_ends_as_the_other_commands_where_kpay_refuses_or_is_away() {
    let wallets = wallets_of(&[("CMR", 0)]);
    let keys = vec![KeyPair::new("kpay_test_other", "sk_test_other")];
    let stranger = Merchant::with(SandboxSettings { wallets, keys, ..SandboxSettings::default() });
    for (rule, code, says) in [("ok", 77, "does not accept the keys"), ("me:env-flip@always", 77, "keys")] {
        stranger.bank().set_faults(&[rule]).unwrap();
        Refusal { args: &["check", "--online"], env: &[], code, says: &[says], may_ask: true }.check(&stranger);
    }
    let mut away = merchant();
    away.close_the_bank();
    let ended = run(away.command(&["check", "--online"])).with_code(75);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("no connection"), "{ended:?}");
    // What is wrong offline is told first, and KPay is not asked.
    away.policies("version: 1\n");
    run(away.command(&["check", "--online"])).with_code(78);
}

const TESTED: &str = "    tests:
      - name: the surplus goes
        balances: { GAB: 130_000 XAF, COG: 90_000 XAF, CMR: 0 XAF }
        expect: [ { from: GAB, to: CMR, amount: 30_000 XAF } ]
      - name: a wrong wish
        balances: { GAB: 130_000 XAF, COG: 115_000 XAF, CMR: 0 XAF }
        expect: [ { from: GAB, to: CMR, amount: 1_000 XAF } ]
";

#[test]
fn failing_examples_show_what_was_expected_and_what_came() {
    let merchant = merchant();
    merchant.policies(&format!("{CONSOLIDATE}{TESTED}"));
    let ended = run(merchant.command(&["test"])).with_code(1);
    let lines: Vec<_> = ended.stdout.lines().map(str::trim).collect();
    let file = merchant.path("policies.yaml").canonicalize().unwrap();
    assert_eq!(
        lines,
        [
            "ok    consolidate: the surplus goes",
            &format!("FAIL  consolidate: a wrong wish ({}:10)", file.display()),
            "- expected  COG>CMR  nothing",
            "+ got       COG>CMR  15 000 XAF",
            "- expected  GAB>CMR  1 000 XAF",
            "+ got       GAB>CMR  30 000 XAF",
            "2 tests: 1 passed, 1 failed",
        ]
    );
    is_fit_to_read(&ended.stdout);
    let report = found(&merchant, &["test", "--json"], 1);
    assert_eq!((&report["passed"], &report["failed"]), (&1.into(), &1.into()));
    merchant.policies(&format!("{CONSOLIDATE}{}", TESTED.split("      - name: a wrong").next().unwrap()));
    assert_eq!(found(&merchant, &["test", "--json"], 0)["failed"], 0);
    assert_eq!(merchant.bank().requests(), [], "a test asks nobody");
}

#[test]
fn the_policies_of_this_repository_pass_check_and_test() {
    let merchant = merchant();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for args in [&["check", "--deny-warnings"][..], &["test"]] {
        let mut command = merchant.command(args);
        command.env("TREASURYD__POLICIES__PATH", &folder);
        let ended = run(command).with_code(0);
        assert_eq!(ended.stderr, "", "{args:?}");
        assert!(ended.stdout.contains("tests"), "{ended:?}");
    }
}

#[test]
fn the_schema_is_the_one_that_is_published() {
    let merchant = merchant();
    let ended = run(merchant.command(&["schema"])).with_code(0);
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/schema.json");
    assert_eq!(ended.json(), serde_json::from_str::<Value>(&std::fs::read_to_string(&published).unwrap()).unwrap());
    assert_eq!(
        ended.stdout,
        std::fs::read_to_string(published).unwrap(),
        "run `treasuryd schema > policies/schema.json`"
    );
}

const RENTS: &str = "version: 1
policies:
  - name: rent
    schedule: \"0 9 1 * *\"
    payout: { from: CMR, to: { provider: MTN_MOMO_CMR, phone: \"237653456789\" }, above: 100_000 XAF }
  - name: supplier
    schedule: \"0 9 2 * *\"
    payout: { from: CMR, to: { provider: ORANGE_CMR, phone: \"237699000111\" }, above: 100_000 XAF }
    priority: 200
";

#[test]
fn online_asks_whose_numbers_they_are_and_whether_their_operators_are_open() {
    let merchant = merchant();
    merchant.policies(RENTS);
    let warned = run(merchant.command(&["check", "--online"])).with_code(0);
    let says = [
        "policies.yaml:8:62: warning[operator-differs]: KPay takes 237699000111 for a customer of MTN_MOMO_CMR, not of",
        "hint: ask the one who is paid",
        "0 errors, 1 warning",
    ];
    for text in says {
        assert!(warned.stderr.contains(text), "{text}: {warned:?}");
    }
    let shows = [
        "  ORANGE_CMR  takes payouts (OPERATIONAL)",
        "  237653456789  a customer of MTN_MOMO_CMR, by KPay's prediction",
        "KPay's fees and limits:",
        "  withdrawal.feePercent  5",
        "  withdrawal.maxAmount  500000",
    ];
    for text in shows {
        assert!(warned.stdout.contains(text), "{text}: {warned:?}");
    }
    is_fit_to_read(&warned.stdout);

    merchant.bank().set_operator("ORANGE_CMR", OperatorStatus::Closed);
    merchant.bank().set_operator("MTN_MOMO_CMR", OperatorStatus::Delayed);
    let codes = |report: Value| -> Vec<Value> {
        report["diagnostics"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect()
    };
    let found = codes(found(&merchant, &["check", "--online", "--json"], 0));
    assert_eq!(found, ["operator-delayed", "operator-closed", "operator-differs"]);
}

/// KPay as it may answer: numbers nobody knows, other fees, and questions it does not take.
#[test]
fn online_judges_only_what_kpay_says_plainly() {
    let check = |predicted: (usize, &str), info: (usize, &str), code: i32, says: &[&str]| {
        let mut kpay = mockito::Server::new();
        let wallets = r#"{"wallets":[{"country":"CMR","currency":"XAF","availableBalance":5}]}"#;
        let me = r#"{"application":{"id":"b8aefadd-88b4-561a-8a90-2f9814207bfb","name":"a"},"company":{"id":"c","name":"c"},"environment":"TEST"}"#;
        let token = r#"{"accessToken":"token-0123456789","expiresIn":"30m","environment":"TEST"}"#;
        for (method, path, status, body) in [
            ("GET", "/api/v1/payments/me", 200, me),
            ("POST", "/api/v1/payments/token", 201, token),
            ("GET", "/api/wallets/overview", 200, wallets),
            ("GET", "/api/v1/payments/availability", 404, "{}"),
            ("POST", "/api/v1/payments/predict-provider", predicted.0, predicted.1),
            ("GET", "/api/public/platform-info", info.0, info.1),
        ] {
            kpay.mock(method, path).with_status(status).with_body(body).create();
        }
        let merchant = Merchant::without_a_bank();
        merchant.policies(RENTS.split("  - name: supplier").next().unwrap());
        let mut command = merchant.command(&["check", "--online"]);
        command.env("TREASURYD__KPAY__BASE_URL", kpay.url());
        let ended = run(command).with_code(code);
        let all = format!("{}{}", ended.stdout, ended.stderr);
        for text in says {
            assert!(all.contains(text), "{text}: {ended:?}");
        }
    };
    let known = (201, r#"{"country":"CMR","provider":"MTN_MOMO_CMR","phoneNumber":"237653456789"}"#);
    let same = (200, r#"{"payout":{"fee":"5%"}}"#);
    check(known, same, 0, &["counts as open", "  payout.fee  5%"]);
    let nobody =
        "policies.yaml:5:64: warning[number-unrecognised]: KPay recognises no operator for the number 237653456789";
    check((400, "{}"), same, 0, &[nobody, "recognised by nobody", "0 errors, 1 warning"]);
    check((422, "{}"), same, 0, &[nobody]);
    check((500, "{}"), same, 75, &["asking KPay whose customer a number is"]);
    check((201, "{}"), same, 75, &["asking KPay whose customer a number is"]);
    check(
        known,
        (200, r#"{"payout":{"fee":"6%"}}"#),
        0,
        &["KPay: warning[kpay-figures-differ]: KPay says payout.fee 6%"],
    );
    check(known, (404, "{}"), 0, &["KPay's fees and limits are not known: "]);
    check(known, (200, "<html>"), 0, &["KPay's fees and limits are not known: "]);
    check(known, (200, "{}"), 0, &["KPay says nothing of its fees and limits"]);
}
