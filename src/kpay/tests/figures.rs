//! Reading wallets (C1–C6, C14, C15), without a network.

use crate::kpay::balances::{Wallets, read};
use crate::model::WalletId;
use crate::money::Country;
use std::collections::BTreeSet;

fn countries(codes: &[&str]) -> BTreeSet<Country> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

fn read_for(codes: &[&str], body: &str) -> Result<Wallets, String> {
    read(body.as_bytes(), &countries(codes))
}

/// Readings as `GAB/XAF=12.5`, problems as `!GAB` or `!`, in order.
fn summary(wallets: &Wallets) -> String {
    let reading = |(wallet, reading): (&WalletId, &crate::model::Reading)| format!("{wallet:?}={}", reading.available);
    let country = |country: Option<Country>| country.map(|country| country.to_string()).unwrap_or_default();
    let problems = wallets.problems.iter().map(|problem| format!("!{}", country(problem.country)));
    wallets.readings.iter().map(reading).chain(problems).collect::<Vec<_>>().join(" ")
}

fn check(body: &str, expected: Option<&str>) {
    let got = read_for(&["CMR", "GAB", "COG", "SEN"], body);
    assert_eq!(got.as_ref().ok().map(summary).as_deref(), expected, "{body:.300}: {:?}", got.err());
}

#[test]
fn c02_wallets_are_found_in_every_known_place() {
    let rows = r#"[{"country":"GAB","currency":"XAF","availableBalance":330000}]"#;
    let expected = Some("GAB/XAF=330000");
    check(rows, expected);
    for name in ["wallets", "data", "balances"] {
        check(&format!(r#"{{"{name}":{rows}}}"#), expected);
    }
    check(&format!(r#"{{"data":{{"wallets":{rows}}}}}"#), expected);
    check(&format!(r#"{{"success":true,"total":1,"wallets":{rows},"other":[]}}"#), expected);
    for nowhere in [
        format!(r#"{{"items":{rows}}}"#),
        format!(r#"{{"data":{{"items":{rows}}}}}"#),
        format!(r#"{{"data":{{"wallets":{{"data":{rows}}}}}}}"#),
    ] {
        check(&nowhere, None);
    }
}

#[test]
fn c02_nothing_to_read_is_an_error_and_never_zero() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "true",
        r#""x""#,
        "<html></html>",
        r#"{"wallets":[]}"#,
        r#"{"wallets":null}"#,
        "[null]",
        "[1,2]",
        "[{}]",
        r#"[{"country":"GAB"}]"#,
        r#"[{"country":"GAB","currency":"XAF"}]"#,
        r#"[{"country":"GAB","currency":"XAF","available":null}]"#,
        r#"{"statusCode":500,"message":"no"}"#,
    ] {
        check(body, None);
    }
    check(&"[".repeat(200_000), None);
    check(&format!("[{}]", "{\"a\":".repeat(200_000)), None);
}

#[test]
fn c03_figures_are_taken_in_the_documented_order() {
    for (fields, expected) in [
        (r#""availableBalance":1,"balance":5,"reservedBalance":2"#, "1"),
        (r#""available":1,"balance":5,"reservedBalance":2"#, "1"),
        (r#""available":1,"availableBalance":1.0"#, "1"),
        (r#""balance":5,"reservedBalance":2"#, "3"),
        (r#""balance":5,"reservedBalance":null"#, "5"),
        (r#""balance":5"#, "5"),
        (r#""availableBalance":null,"balance":5"#, "5"),
        (r#""availableBalance":"330000""#, "330000"),
        (r#""availableBalance":"330000.50""#, "330000.5"),
        (r#""availableBalance":-12.5"#, "-12.5"),
        (r#""balance":1,"reservedBalance":2"#, "-1"),
        (r#""availableBalance":0"#, "0"),
        (r#""availableBalance":9007199254740993"#, "9007199254740993"),
        (r#""availableBalance":100000000000000000000"#, "100000000000000000000"),
        (r#""availableBalance":0.1,"balance":0.30000000000000004"#, "0.1"),
    ] {
        check(&format!(r#"[{{"country":"GAB","currency":"XAF",{fields}}}]"#), Some(&format!("GAB/XAF={expected}")));
    }
    let wallets =
        read_for(&[], r#"[{"countryCode":"GAB","currencyCode":"XAF","available":1,"balance":"7.25"}]"#).unwrap();
    let reading = wallets.readings.values().next().unwrap();
    assert_eq!(reading.balance, Some("7.25".parse().unwrap()));
}

#[test]
fn c04_an_illegible_figure_loses_its_wallet_and_no_other() {
    let wrong = [
        r#""NaN""#,
        "1e400",
        "1e5",
        r#""1e5""#,
        r#""1,000""#,
        r#""1 000""#,
        r#""""#,
        r#""0x10""#,
        r#"" 5""#,
        "true",
        "[5]",
        "{}",
        "123456789012345678901234567890.5",
        "0.12345678901234567890123456789012345",
    ];
    for field in ["availableBalance", "available", "balance", "reservedBalance"] {
        for value in wrong {
            let spare = if field == "reservedBalance" { r#""balance":9,"# } else { "" };
            let bad = format!(r#"{{"country":"GAB","currency":"XAF",{spare}"{field}":{value}}}"#);
            check(&format!(r#"[{bad},{{"country":"CMR","currency":"XAF","balance":7}}]"#), Some("CMR/XAF=7 !GAB"));
            check(&format!("[{bad}]"), None);
        }
    }
    // Not JSON at all: nothing of the reply stands.
    for value in ["NaN", "Infinity", "01", "+1", ".5", "5."] {
        check(&format!(r#"[{{"country":"GAB","currency":"XAF","available":{value}}}]"#), None);
    }
    let odd = r#"{"country":"GAB","currency":"XAF","available":1,"availableBalance":2}"#;
    check(&format!(r#"[{odd},{{"country":"CMR","currency":"XAF","balance":7}}]"#), Some("CMR/XAF=7 !GAB"));
    let lure = r#"{"country":"GAB","currency":"XAF","balance":1,"reservedBalance":-1000}"#;
    check(&format!(r#"[{lure},{{"country":"CMR","currency":"XAF","balance":7}}]"#), Some("CMR/XAF=7 !GAB"));
}

#[test]
fn c05_a_wallet_or_a_key_twice_refuses_the_reply() {
    let gab = r#"{"country":"GAB","currency":"XAF","available":1}"#;
    let cmr = r#"{"country":"CMR","currency":"XAF","available":7}"#;
    check(&format!("[{gab},{cmr}]"), Some("CMR/XAF=7 GAB/XAF=1"));
    check(&format!("[{gab},{cmr},{gab}]"), None);
    check(&format!(r#"[{gab},{cmr},{{"countryCode":"GAB","currency":"XAF","available":"NaN"}}]"#), None);
    check(&format!(r#"[{cmr},{{"country":"GAB","currency":"XAF","available":1,"available":1}}]"#), None);
    check(&format!(r#"[{cmr},{{"country":"GAB","country":"GAB","currency":"XAF","available":1}}]"#), None);
    check(&format!(r#"{{"wallets":[{gab}],"wallets":[{cmr}]}}"#), None);
    check(&format!(r#"{{"data":{{"wallets":[{gab}],"wallets":[{cmr}]}}}}"#), None);
    // Two currencies of one country are two wallets.
    let usd = r#"{"country":"GAB","currency":"USD","available":2}"#;
    check(&format!("[{gab},{usd}]"), Some("GAB/USD=2 GAB/XAF=1"));
}

#[test]
fn c14_codes_match_exactly_or_not_at_all() {
    let cmr = r#"{"country":"CMR","currency":"XAF","available":7}"#;
    for wrong in [
        r#""gab""#,
        r#""GAB ""#,
        r#""GА\u0042""#,
        r#""\u202eGAB""#,
        r#""GAB\u0000""#,
        r#""Gabon""#,
        r#""""#,
        "266",
        "{}",
    ] {
        check(&format!(r#"[{{"country":{wrong},"currency":"XAF","available":1}},{cmr}]"#), Some("CMR/XAF=7 !"));
        check(&format!(r#"[{{"country":"GAB","currency":{wrong},"available":1}},{cmr}]"#), Some("CMR/XAF=7 !GAB"));
    }
    check(r#"[{"country":"Gabon","countryCode":"GAB","currency":"XAF","available":1}]"#, Some("GAB/XAF=1"));
    check(
        &format!(r#"[{{"country":"COG","countryCode":"GAB","currency":"XAF","available":1}},{cmr}]"#),
        Some("CMR/XAF=7 !"),
    );
}

#[test]
fn rows_without_a_country_need_to_be_unmistakable() {
    let xof = r#"{"currency":"XOF","balance":5,"reservedBalance":1,"availableBalance":4}"#;
    let xaf = r#"{"currency":"XAF","balance":9}"#;
    // The documented shape: SEN is the only country in XOF here, XAF could be CMR, GAB or COG.
    check(&format!("[{xaf},{xof}]"), Some("SEN/XOF=4 !"));
    check(&format!("[{xaf}]"), None);
    check(&format!("[{xof},{xof}]"), None);
    check(&format!(r#"[{xof},{{"country":"CIV","currency":"XOF","available":1}}]"#), Some("CIV/XOF=1 !"));
    let one_each = read_for(&["GAB", "SEN"], &format!("[{xaf},{xof}]")).unwrap();
    assert_eq!(summary(&one_each), "GAB/XAF=9 SEN/XOF=4");
    assert!(read_for(&[], &format!("[{xaf},{xof}]")).is_err());
}
