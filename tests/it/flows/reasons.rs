//! Every reason of CONTRACT 6 that policies, balances and the instant alone can bring about, told offline.

use super::tools::{lanes, one_policy, plan, policy};
use crate::support::{EVENING, Merchant};

/// `GAB=130000 SEN=5/XOF`, XAF where nothing is said.
fn balances(text: &str) -> String {
    let row = |word: &str| {
        let (wallet, rest) = word.split_once('=').unwrap();
        let (available, currency) = rest.split_once('/').unwrap_or((rest, "XAF"));
        format!("{{ \"wallet\": \"{wallet}\", \"currency\": \"{currency}\", \"available\": \"{available}\" }}")
    };
    format!("[{}]", text.split_whitespace().map(row).collect::<Vec<_>>().join(", "))
}

/// The lanes of the plan at `at`; sentences name figures or what to do.
fn check(policies: &str, wallets: &str, at: &str, expected: &[&str]) {
    let merchant = Merchant::without_a_bank();
    merchant.policies(policies);
    merchant.write("balances.json", &balances(wallets));
    let made = plan(&merchant, &["--at", at, "--balances", "balances.json"]);
    assert_eq!(lanes(&made), expected, "{policies}\n{made:#}");
    for skip in made["policies"].as_array().unwrap().iter().flat_map(|policy| policy["skipped"].as_array().unwrap()) {
        assert!(skip["detail"].as_str().is_some_and(|text| text.len() > 10), "{skip}");
        assert!(skip["would_move_if"].as_str().is_some_and(|text| text.len() > 10), "{skip}");
    }
}

const SWEEP: &str = "{ from: [GAB], into: CMR, above: 100_000 XAF }";

#[test]
fn of_the_schedule() {
    let plain = one_policy(SWEEP, "");
    check(&plain, "GAB=130000 CMR=0", "2026-11-24T18:00:00Z", &["consolidate GAB>CMR 30000"]);
    check(&plain, "GAB=130000 CMR=0", "2026-11-25T00:00:00Z", &["consolidate GAB>CMR 30000"]);
    check(&plain, "GAB=130000 CMR=0", "2026-11-25T00:00:01Z", &["consolidate GAB>CMR missed"]);
    let short = one_policy(SWEEP, "catch_up: 10m");
    check(&short, "GAB=130000 CMR=0", "2026-11-24T18:10:00Z", &["consolidate GAB>CMR 30000"]);
    check(&short, "GAB=130000 CMR=0", "2026-11-24T18:10:01Z", &["consolidate GAB>CMR missed"]);
    let holiday = one_policy(SWEEP, "holidays: [2026-11-24]");
    check(&holiday, "GAB=130000 CMR=0", EVENING, &["consolidate GAB>CMR holiday"]);
    check(&holiday, "GAB=130000 CMR=0", "2026-11-25T18:00:30Z", &["consolidate GAB>CMR 30000"]);
    // A leap day that is a Monday: none between 2016 and 2044.
    let never = one_policy(SWEEP, "schedule: \"0 18 29 2 +MON\"");
    check(&never, "GAB=130000 CMR=0", EVENING, &["consolidate GAB>CMR not_due"]);
}

#[test]
fn of_the_policy() {
    check(&one_policy(SWEEP, "enabled: false"), "GAB=130000 CMR=0", EVENING, &["consolidate GAB>CMR disabled"]);
    check(&one_policy(SWEEP, "mode: shadow"), "GAB=130000 CMR=0", EVENING, &["consolidate GAB>CMR shadow"]);
    let two = |first: &str| {
        let all = [policy("first", SWEEP, first), policy("second", SWEEP, "priority: 200")];
        format!("version: 1\npolicies:\n{}", all.concat())
    };
    check(&two(""), "GAB=130000 CMR=0", EVENING, &["first GAB>CMR 30000", "second GAB>CMR lane_taken"]);
    // What comes first and moves nothing takes no lane.
    let none = ["first GAB>CMR disabled", "second GAB>CMR 30000"];
    check(&two("enabled: false"), "GAB=130000 CMR=0", EVENING, &none);
    let none = ["first GAB>CMR shadow", "second GAB>CMR 30000"];
    check(&two("mode: shadow"), "GAB=130000 CMR=0", EVENING, &none);
}

#[test]
fn of_amounts() {
    let plain = one_policy(SWEEP, "");
    check(&plain, "GAB=100000 CMR=0", EVENING, &["consolidate GAB>CMR below_trigger"]);
    check(&plain, "GAB=100000.01 CMR=0", EVENING, &["consolidate GAB>CMR below_minimum"]);
    check(&plain, "GAB=100099.99 CMR=0", EVENING, &["consolidate GAB>CMR below_minimum"]);
    check(&plain, "GAB=100100 CMR=0", EVENING, &["consolidate GAB>CMR 100"]);
    check(&plain, "GAB=-5 CMR=0", EVENING, &["consolidate GAB>CMR below_trigger"]);
    let minimum = one_policy(SWEEP, "limits: { min_transfer: 5_000 XAF, round_down_to: 1_000 XAF }");
    check(&minimum, "GAB=104999 CMR=0", EVENING, &["consolidate GAB>CMR below_minimum"]);
    check(&minimum, "GAB=105999 CMR=0", EVENING, &["consolidate GAB>CMR 5000"]);
    let reserve = |floor: &str| format!("reserves:\n  GAB: {floor} XAF\n{}", one_policy(SWEEP, ""));
    check(&reserve("130_000"), "GAB=130000 CMR=0", EVENING, &["consolidate GAB>CMR reserve"]);
    check(&reserve("120_000"), "GAB=130000 CMR=0", EVENING, &["consolidate GAB>CMR 10000"]);
    let limit = one_policy(
        "{ from: [GAB, COG], into: CMR, above: 100_000 XAF }",
        "limits: { min_transfer: 5_000 XAF, max_per_slot: 33_000 XAF }",
    );
    let used_up = ["consolidate GAB>CMR 30000", "consolidate COG>CMR limit_reached"];
    check(&limit, "GAB=130000 COG=190000 CMR=0", EVENING, &used_up);
}

#[test]
fn of_wallets() {
    let plain = one_policy("{ from: [GAB, COG], into: CMR, above: 100_000 XAF }", "");
    let missing = ["consolidate GAB>CMR 30000", "consolidate COG>CMR wallet_missing"];
    check(&plain, "GAB=130000 CMR=0", EVENING, &missing);
    let frozen = ["consolidate GAB>CMR 30000", "consolidate COG>CMR wallet_frozen"];
    check(&plain, "GAB=130000 COG=130000/XOF CMR=0", EVENING, &frozen);
    let frozen = ["consolidate GAB>CMR wallet_frozen", "consolidate COG>CMR wallet_frozen"];
    check(&plain, "GAB=130000 COG=130000 CMR=0/XOF", EVENING, &frozen);
}

#[test]
fn of_exchange_rates() {
    let abroad = one_policy("{ from: [CMR], into: SEN, above: 100_000 XAF }", "fx: { allow: true }");
    check(&abroad, "CMR=200000 SEN=0/XOF", EVENING, &["consolidate CMR>SEN fx_rate_missing"]);

    let merchant = Merchant::without_a_bank();
    merchant.policies(&abroad);
    let rates = r#"[{ "from": "XAF", "to": "XOF", "rate": "1.0153" }]"#;
    let file = format!("{{ \"balances\": {}, \"rates\": {rates} }}", balances("CMR=200000 SEN=0/XOF"));
    merchant.write("balances.json", &file);
    let made = plan(&merchant, &["--at", EVENING, "--balances", "balances.json"]);
    assert_eq!(lanes(&made), ["consolidate CMR>SEN 100000"]);

    // Not allowed: a policy that would say so at every slot is refused when it is read.
    merchant.policies(&one_policy("{ from: [CMR], into: SEN, above: 100_000 XAF }", ""));
    for command in [vec!["check"], vec!["plan", "--balances", "balances.json"], vec!["once"]] {
        let ended = merchant.treasuryd(&command).with_code(78);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains("policies.yaml:4:") && said.contains("fx"), "{ended:?}");
    }
    assert!(!merchant.path("state").exists());
}
