//! `plan --json`, field for field as CONTRACT 6 has it, offline and with live balances.

use super::tools::{APPLICATION, lanes, one_policy, plan};
use crate::support::Merchant;
use serde_json::{Value, json};

const AT: &str = "2026-11-24T17:00:05Z";

/// The contract's own example: Douala's 18:00 is 17:00 in UTC.
const CEMAC: &str = "version: 1
timezone: Africa/Douala
policies:
  - name: consolidate-cemac
    schedule: \"0 18 * * MON-FRI\"
    sweep:
      from: [GAB, { wallet: COG, above: 150_000 XAF }]
      into: CMR
      above: 250_000 XAF
      keep: 100_000 XAF
";

const BALANCES: &str = r#"[
    { "wallet": "GAB", "currency": "XAF", "available": "330000" },
    { "wallet": "COG", "currency": "XAF", "available": "90000.50" },
    { "wallet": "CMR", "currency": "XAF", "available": "0" }
]"#;

fn merchant() -> Merchant {
    let merchant = Merchant::new(&[("GAB", 330_000), ("COG", 90_000), ("CMR", 0)]);
    merchant.policies(CEMAC);
    merchant.write("balances.json", BALANCES);
    merchant
}

/// Sentences for people may change; that there are some may not.
fn without_sentences(mut plan: Value) -> Value {
    for policy in plan["policies"].as_array_mut().unwrap() {
        for skip in policy["skipped"].as_array_mut().unwrap() {
            for sentence in ["detail", "would_move_if"] {
                assert!(skip[sentence].as_str().is_some_and(|text| text.len() > 10), "{skip}");
                skip[sentence] = "…".into();
            }
        }
    }
    plan
}

fn expected(external_id: &Value, congo: &str) -> Value {
    json!({
        "at": AT,
        "environment": "sandbox",
        "balances": [
            { "wallet": "CMR", "currency": "XAF", "available": "0" },
            { "wallet": "COG", "currency": "XAF", "available": congo },
            { "wallet": "GAB", "currency": "XAF", "available": "330000" },
        ],
        "policies": [{
            "policy": "consolidate-cemac",
            "slot": "2026-11-24T17:00:00Z",
            "due": true,
            "transfers": [{
                "external_id": external_id,
                "kind": "transfer",
                "from": "GAB",
                "to": "CMR",
                "amount": "230000",
                "currency": "XAF",
                "part": 1,
                "parts": 1,
                "expected_rate": "1",
                "expected_credit": "230000",
                "credit_currency": "XAF",
                "needs_approval": false,
            }],
            "skipped": [{
                "from": "COG", "to": "CMR", "reason": "below_trigger", "detail": "…", "would_move_if": "…",
            }],
        }],
    })
}

fn sorted_balances(mut plan: Value) -> Value {
    let rows = plan["balances"].as_array_mut().unwrap();
    rows.sort_by_key(|row| row["wallet"].to_string());
    plan
}

#[test]
fn offline_it_is_the_contracts_example() {
    let mut merchant = merchant();
    let args = ["--at", AT, "--balances", "balances.json"];
    let made = sorted_balances(without_sentences(plan(&merchant, &args)));
    assert_eq!(made, expected(&Value::Null, "90000.5"), "without an application id, ids are null");

    merchant.set("kpay", &format!("application_id = \"{APPLICATION}\""));
    let made = sorted_balances(without_sentences(plan(&merchant, &args)));
    assert_eq!(made, expected(&"TRD-261124170000-GABCMR-01-JS7G03CB".into(), "90000.5"));
    assert_eq!(merchant.books().counters.requests, 0, "offline asks nobody");
}

#[test]
fn live_it_is_the_same_with_kpays_balances() {
    let merchant = merchant();
    let made = sorted_balances(without_sentences(plan(&merchant, &["--at", AT])));
    assert_eq!(made, expected(&"TRD-261124170000-GABCMR-01-JS7G03CB".into(), "90000"));
    merchant.treasuryd(&["once", "--at", AT]).with_code(0);
    let sent = merchant.books().transfers.remove(0);
    assert_eq!(sent.external_id.as_deref(), Some("TRD-261124170000-GABCMR-01-JS7G03CB"), "what was planned is sent");
}

/// Its own output is a file for `--balances`, and the id depends on no balance.
#[test]
fn its_own_output_can_be_planned_on() {
    let merchant = merchant();
    let made = merchant.treasuryd(&["plan", "--json", "--at", AT]).with_code(0).stdout;
    merchant.write("again.json", &made);
    let again = plan(&merchant, &["--at", AT, "--balances", "again.json"]);
    assert_eq!(lanes(&again), ["consolidate-cemac GAB>CMR 230000", "consolidate-cemac COG>CMR below_trigger"]);
}

#[test]
fn across_currencies_it_shows_the_expected_credit() {
    let merchant = Merchant::new(&[("CMR", 200_000), ("SEN", 0)]);
    merchant.policies(&one_policy("{ from: [CMR], into: SEN, above: 100_000 XAF }", "fx: { allow: true }"));
    let made = plan(&merchant, &["--at", "2026-11-24T18:00:30Z"]);
    let transfer = &made["policies"][0]["transfers"][0];
    let shown = ["currency", "expected_rate", "expected_credit", "credit_currency"].map(|key| transfer[key].clone());
    assert_eq!(shown, ["XAF", "1.0153", "101530", "XOF"].map(Value::from));
    let text = merchant.treasuryd(&["plan", "--at", "2026-11-24T18:00:30Z"]).with_code(0).stdout;
    assert!(text.contains("100 000 XAF") && text.contains("101 530 XOF"), "{text}");
}

/// A shadow policy's movement stands under `skipped`, with its amount.
#[test]
fn a_shadow_shows_its_amount() {
    let merchant = merchant();
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", "mode: shadow"));
    let made = plan(&merchant, &["--at", "2026-11-24T18:00:30Z", "--balances", "balances.json"]);
    assert_eq!(lanes(&made), ["consolidate GAB>CMR shadow"]);
    let detail = made["policies"][0]["skipped"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("230 000 XAF"), "{detail}");
}

#[test]
fn policies_stand_in_the_order_of_priority_and_one_can_be_chosen() {
    let merchant = merchant();
    let policies = [
        super::tools::policy("zebra", "{ from: [GAB], into: CMR, above: 1_000 XAF }", "priority: 1"),
        super::tools::policy("beta", "{ from: [COG], into: CMR, above: 1_000 XAF }", ""),
        super::tools::policy("alpha", "{ from: [COG], into: CMR, above: 2_000 XAF }", ""),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", policies.concat()));
    let names = |args: &[&str]| {
        let made = plan(&merchant, &[&["--balances", "balances.json"], args].concat());
        let policies = made["policies"].as_array().unwrap().iter();
        policies.map(|policy| policy["policy"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["zebra", "alpha", "beta"]);
    assert_eq!(names(&["--policy", "beta"]), ["beta"]);
}
