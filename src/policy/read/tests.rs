//! Wrong snippets, and the place where each must be found wrong.

use super::*;
use crate::money::{Amount, Currency};

mod calendar;
mod good;
mod hostile;
mod payees;
mod properties;
mod rules;
mod schema;
mod trust;

/// A file whose only policy has `sweep` on line 5 and `extra` from line 6 on, column 5.
fn with(sweep: &str, extra: &str) -> String {
    let extra: String = extra.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    format!("version: 1\npolicies:\n  - name: a\n    schedule: \"0 18 * * *\"\n    sweep: {sweep}\n{extra}")
}

/// A good file but for `extra`, which begins on line 6, column 5.
fn plus(extra: &str) -> String {
    with("{ from: [GAB], into: CMR, above: 10_000 }", extra)
}

/// A good file but for its sweep, whose `{` is at 5:12.
fn sweep(text: &str) -> String {
    with(text, "")
}

fn files(texts: &[&str]) -> Vec<SourceFile> {
    let names = ["p/a.yaml", "p/b.yaml", "p/c.yaml"];
    texts.iter().zip(names).map(|(text, path)| SourceFile { path: path.into(), text: (*text).into() }).collect()
}

fn findings(texts: &[&str]) -> Vec<Diagnostic> {
    match parse(&files(texts)) {
        Ok(parsed) => parsed.warnings,
        Err(findings) => findings,
    }
}

/// Exactly these findings, `code line:column`, in this order.
fn check(text: &str, expected: &[&str]) {
    let found = findings(&[text]);
    let short: Vec<String> = found.iter().map(|one| format!("{} {}:{}", one.code, one.line, one.column)).collect();
    assert_eq!(short, expected, "\n{}\n{found:#?}", text.chars().take(600).collect::<String>());
    for one in &found {
        assert!(!one.message.is_empty() && !one.hint.is_empty(), "says what and what to do: {one:?}");
        assert!(!one.message.ends_with('.'), "no full stop: {one}");
        assert!(one.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", one.code);
    }
}

fn good(text: &str) -> PolicySet {
    let parsed = parse(&files(&[text])).unwrap();
    assert_eq!(parsed.warnings, []);
    parsed.set
}

#[test]
fn wrong_yaml_is_found_at_its_place() {
    check("", &["empty-file 1:1"]);
    check("# nothing\n\n", &["empty-file 1:1"]);
    check("---\n", &["empty-file 1:1"]);
    check("- a\n- b\n", &["wrong-type 1:1"]);
    check("just words", &["wrong-type 1:1"]);
    check("version: 1\n\tpolicies: []\n", &["yaml-tab 2:1"]);
    check("version: 1\npolicies:\n  - name: a\n  \tschedule: x\n", &["yaml-tab 4:3"]);
    check("version: 1\npolicies: [\n", &["yaml-syntax 2:11"]);
    check("version: 1\nreserves: { CMR: 'x\n", &["yaml-syntax 2:18"]);
    check("version: 1\npolicies: a: b\n", &["yaml-syntax 2:12"]);
    check("version: 1\n---\nversion: 1\n", &["multiple-documents 2:1"]);
    check("%YAML 1.2\n---\nversion: 1\n", &["yaml-syntax 1:1"]);
    check("version: 1\0\n", &["yaml-syntax 1:11"]);
    check(&plus("? [a]\n: 1"), &["complex-key 6:7"]);
    check(&plus("priority: !!int 5"), &["yaml-tag 6:15"]);
    check(&plus("<<: { mode: live }"), &["unknown-key 6:5"]);
    check(&plus("schedule: \"0 1 * * *\""), &["duplicate-key 6:5"]);
    let unquoted = plus("").replace("\"0 18 * * *\"", "*/5 * * * *");
    check(&unquoted, &["yaml-alias 4:15", "yaml-syntax 4:19"]);
}

#[test]
fn wrong_keys_and_kinds_of_values_are_found_at_their_place() {
    check("policies: []\n", &["missing-key 1:1", "no-policies 1:1"]);
    check("version: 1\n", &["no-policies 1:1"]);
    check("version: 1\npolicies: []\n", &["no-policies 2:1"]);
    check("version: 1\npolicies:\n", &["empty-value 2:1"]);
    check("version: 1\npolicies: 5\n", &["wrong-type 2:11"]);
    check("version: 1\npolicies: [5]\n", &["wrong-type 2:12"]);
    check("version: 1\npolicies: [{}]\n", &["missing-key 2:12", "missing-key 2:12", "missing-key 2:12"]);
    check("version: 1\npolicies:\n  - name: a\n", &["missing-key 3:5", "missing-key 3:5"]);
    check(&plus("shedule: 1"), &["unknown-key 6:5"]);
    check(&plus("above: 5"), &["unknown-key 6:5"]);
    check(&plus("fx: true"), &["wrong-type 6:9"]);
    check(&plus("fx: { allow: yes }"), &["wrong-type 6:18"]);
    check(&plus("enabled: \"true\""), &["wrong-type 6:14"]);
    check(&plus("description: [a]"), &["wrong-type 6:18"]);
    check(&plus("limits:"), &["empty-value 6:5"]);
    check(&plus("holidays: 2026-12-25"), &["wrong-type 6:15"]);
    for version in ["2", "1.0", "01", "one"] {
        check(&plus("").replace("version: 1", &format!("version: {version}")), &["bad-version 1:10"]);
    }
    check(&plus("").replace("version: 1", "version: \"1\""), &["wrong-type 1:10"]);
}

#[test]
fn wrong_values_are_found_at_their_place() {
    for name in ["A", "a b", "a--b", "-a", "a-", "1a", "a_b", "é", &"a".repeat(64)] {
        check(&plus("").replace("name: a", &format!("name: {name}")), &["bad-name 3:11"]);
    }
    for schedule in ["0 18 * *", "@daily", "soon", "0 0 18 * * * *"] {
        check(&plus("").replace("0 18 * * *", schedule), &["bad-schedule 4:15"]);
    }
    check(&format!("timezone: Africa/Duala\n{}", plus("")), &["bad-timezone 1:11"]);
    for duration in ["6", "6d", "h", "1h30m", "-1h", "0x1h", "06h", "0s", "25h", "1441m", "99999999999h"] {
        check(&plus(&format!("catch_up: {duration}")), &["bad-duration 6:15"]);
    }
    for priority in ["-1", "1.5", "1e2", "007", "+5", "high", "1000001", "99999999999999999999"] {
        check(&plus(&format!("priority: {priority}")), &["bad-priority 6:15"]);
    }
    for date in ["2026-02-30", "25.12.2026", "2026-1-1", "2026-12-25T00:00:00Z", "+2026-12-2"] {
        check(&plus(&format!("holidays: [{date}]")), &["bad-date 6:16"]);
    }
    check(&plus("holidays: [2026-12-25, 2026-12-25]"), &["duplicate-holiday 6:28"]);
    check(&plus("mode: dry-run"), &["bad-mode 6:11"]);
}

#[test]
fn a_nickname_of_a_schedule_is_met_with_its_fields() {
    let text = plus("").replace("0 18 * * *", "@daily");
    let found = parse(&files(&[&text])).unwrap_err();
    assert!(found[0].message.contains("`0 0 * * *`"), "{}", found[0].message);
}

#[test]
fn wrong_wallets_amounts_and_sources_are_found_at_their_place() {
    check(&sweep("{ from: [GA], into: CMR, above: 1 }"), &["unknown-country 5:21"]);
    check(&sweep("{ from: [GAB], into: FRA, above: 1 }"), &["unknown-country 5:33"]);
    check(&sweep("{ from: GAB, into: CMR, above: 1 }"), &["wrong-type 5:20"]);
    check(&sweep("{ from: [], into: CMR, above: 1 }"), &["empty-list 5:20"]);
    check(&sweep("{ from: [GAB, ], into: CMR }"), &["missing-key 5:5"]);
    check(&sweep("{ from: [GAB, COG, GAB], into: CMR, above: 1 }"), &["duplicate-source 5:31"]);
    check(&sweep("{ from: [GAB, { wallet: GAB, above: 5 }], into: CMR, above: 1 }"), &["duplicate-source 5:36"]);
    check(&sweep("{ from: [GAB, CMR], into: CMR, above: 1 }"), &["same-wallet 5:26"]);
    check(
        &sweep("{ from: [GAB, COG], into: CMR, above: 1 XOF, keep: 2 EUR }"),
        &["wrong-currency 5:50", "unknown-currency 5:63"],
    );
    check(&sweep("{ from: [GAB, COG], into: CMR, above: 1, keep: 2 }"), &["keep-over-above 5:59"]);
    check(&sweep("{ from: [{ above: 5 }], into: CMR, above: 1 }"), &["missing-key 5:21"]);
    check(&sweep("{ from: [GAB], above: 1 }"), &["missing-key 5:12"]);
    check(&sweep("{ from: [GAB], into: CMR, above: 1_000 XOF }"), &["wrong-currency 5:45"]);
    check(&sweep("{ from: [GAB], into: CMR, above: 1_000 EUR }"), &["unknown-currency 5:45"]);
    check(&sweep("{ from: [GAB], into: CMR, above: 1_000, keep: 2_000 }"), &["keep-over-above 5:58"]);
    check(&sweep("{ from: [{wallet: GAB, above: 5}], into: CMR, keep: 6, above: 9 }"), &["keep-over-above 5:42"]);
    check(&sweep("{ from: [{wallet: GAB, keep: 10}], into: CMR, above: 9 }"), &["keep-over-above 5:41"]);
    check(&sweep("{ from: [CMR], into: SEN, above: 1 }"), &["fx-not-allowed 5:21"]);
    check(&with("{ from: [CMR], into: SEN, above: 1 }", "fx: { allow: false }"), &["fx-not-allowed 5:21"]);
    check(
        "version: 1\nreserves: { CMR: 5 XOF, cmr: 1 }\npolicies: []\n",
        &["wrong-currency 2:18", "unknown-country 2:25", "no-policies 3:1"],
    );
}

#[test]
fn f06_misspelt_and_duplicate_keys_and_odd_numbers_are_refused_with_line_and_column() {
    check(&plus("limts: { max_transfer: 5_000 }"), &["unknown-key 6:5"]);
    check(&plus("limits: { max_transfr: 5_000 }"), &["unknown-key 6:15"]);
    check(&plus("limits: { max_transfer: 5_000, max_transfer: 6_000 }"), &["duplicate-key 6:36"]);
    for odd in ["0100", "0x10", "1e6", "\"1,000\"", "1_00", "0o17", "+5", "1.000.000", "12:30", "5%"] {
        check(&plus(&format!("limits: {{ max_transfer: {odd} }}")), &["bad-amount 6:29"]);
        check(&sweep(&format!("{{ from: [GAB], into: CMR, above: {odd} }}")), &["bad-amount 5:45"]);
        check(&format!("reserves: {{ CMR: {odd} }}\n{}", plus("")), &["bad-amount 1:18"]);
    }
    check(&plus("limits:\n  max_transfer: 1,000"), &["bad-amount 7:21"]);
    check(&sweep("{ from: [GAB], into: CMR, above: 250,000 }"), &["unknown-key 5:49"]);
    check(&format!("reserves: {{ CMR: 250,000 XAF }}\n{}", plus("")), &["unknown-country 1:22"]);
    let found = findings(&[&plus("limits: { max_transfr: 5_000 }")]);
    assert_eq!(found[0].hint, "did you mean `max_transfer`?");
    assert!(found[0].to_string().starts_with("p/a.yaml:6:15: error[unknown-key]: "), "{}", found[0]);
}

#[test]
fn f07_no_number_disarms_a_comparison_and_no_alias_bomb_goes_off() {
    for odd in [".nan", ".NaN", ".inf", "-.inf", ".Inf", "-1", "-0", "-250_000 XAF", "nan", "1e400"] {
        check(&sweep(&format!("{{ from: [GAB], into: CMR, above: {odd} }}")), &["bad-amount 5:45"]);
        check(&plus(&format!("limits: {{ max_per_day: {odd} }}")), &["bad-amount 6:28"]);
    }
    let level = |level: usize| format!("a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", "));
    let bomb = format!("a0: &a0 [x, x, x]\n{}\n", (1..30).map(level).collect::<Vec<_>>().join("\n"));
    let found = findings(&[&bomb]);
    assert!(found.iter().filter(|one| one.code == "yaml-alias").count() >= 30, "{found:#?}");
    check(&"[".repeat(200_000), &["yaml-nesting 1:25"]);
    let deep: String = (0..500).map(|level| " ".repeat(level) + "a:\n").collect();
    assert_eq!(findings(&[&deep]).iter().map(|one| one.code).collect::<Vec<_>>(), ["yaml-nesting"]);
    check(&sweep("&s { from: [GAB], into: CMR, above: 1_000 }"), &["yaml-alias 5:12"]);
}

#[test]
fn limits_that_move_nothing_are_refused_and_pointless_ones_warned_of() {
    let limits = |text: &str| plus(&format!("limits: {{ {text} }}"));
    check(&limits("max_transfer: 99"), &["limit-too-small 6:29"]);
    check(&limits("max_per_slot: 0"), &["limit-too-small 6:29"]);
    check(&limits("max_per_day: 50 XAF"), &["limit-too-small 6:28"]);
    check(&limits("round_down_to: 0"), &["limit-too-small 6:30"]);
    check(&limits("round_down_to: 10_000_001"), &["round-over-max 6:30"]);
    check(&limits("round_down_to: 1_000, max_transfer: 500"), &["round-over-max 6:30"]);
    check(&limits("round_down_to: 1_000, max_per_slot: 500"), &["round-over-max 6:30"]);
    check(&limits("min_transfer: 501, max_per_slot: 500"), &["min-over-max 6:29"]);
    check(&limits("min_transfer: 501, max_per_day: 500"), &["min-over-max 6:29"]);
    check(&limits("min_transfer: 501, max_transfer: 501"), &[]);
    check(&limits("min_transfer: 501, max_transfer: 500"), &["min-over-max 6:29"]);
    check(&limits("max_transfer: 5_000.5"), &["not-sendable 6:29"]);
    check(&limits("max_transfer: 10_000_001 XAF"), &["max-transfer-over-kpay 6:29"]);
    check(&limits("max_transfer: 10_000_000 XAF"), &[]);
    check(&limits("max_transfer: 500 XOF"), &["wrong-currency 6:29"]);
    let mixed = |limit: &str| {
        let extra = format!("fx: {{ allow: true }}\nlimits: {{ max_transfer: {limit} }}");
        with("{ from: [GAB, KEN], into: SEN, above: 100 }", &extra)
    };
    check(&mixed("5_000 XAF"), &["mixed-currencies 7:29"]);
    check(&mixed("5_000 UGX"), &["wrong-currency 7:29"]);
    let set = good(&mixed("5_000"));
    let both = [(Currency::XAF, Amount::whole(5_000)), (Currency::KES, Amount::whole(5_000))];
    assert_eq!(set.policies[0].limits.max_transfer, both.into());
}

#[test]
fn payouts_are_read_and_what_is_wrong_in_them_is_found_at_its_place() {
    let pays = |people: &str, to: &str, rest: &str| {
        let to = format!("payout: {{ from: CMR, to: {to}, above: 1_000_000 XAF{rest} }}");
        let text = plus("").replace("sweep: { from: [GAB], into: CMR, above: 10_000 }", &to);
        assert!(text.contains(&to), "{text}");
        if people.is_empty() { text } else { text.replace("policies:", &format!("beneficiaries: {people}\npolicies:")) }
    };
    let to = "{ provider: MTN_MOMO_CMR, phone: 237653456789 }";
    let payout = |text: &str| match good(text).policies.remove(0).rule {
        crate::policy::Rule::Payout(payout) => payout,
        other => panic!("a payout is read as {other:?}"),
    };
    let written = payout(&pays("", to, ", keep: 500_000"));
    assert_eq!((written.to.to_string().as_str(), written.name), ("MTN_MOMO_CMR:237653456789", None));
    assert_eq!((written.source.above, written.source.keep), (Amount::whole(1_000_000), Amount::whole(500_000)));
    assert_eq!(payout(&pays("", to, "")).source.keep, Amount::whole(1_000_000));
    let named = payout(&pays(&format!("{{ landlord: {to} }}"), "landlord", ""));
    assert_eq!((named.to, named.name.as_deref()), (written.to, Some("landlord")));
    let phone = |phone: &str| pays("", &format!("{{ provider: MTN_MOMO_CMR, phone: {phone} }}"), "");
    for wrong in ["+237653456789", "237_653_456_789", "0x3755", "237653456789.0", "2.37653456789e11", "0237653456789"] {
        assert_eq!(findings(&[&phone(wrong)])[0].code, "bad-phone", "{wrong}");
    }
    for right in ["237653456789", "\"237653456789\"", "'237653456789'"] {
        check(&phone(right), &[]);
    }
}

#[test]
fn wrong_tests_are_found_at_their_place() {
    let test = |text: &str| plus(&format!("tests:\n  - {text}"));
    check(&test("{ name: x }"), &["missing-key 7:9", "missing-key 7:9"]);
    check(&test("{ name: x, balances: { GAB: 1 }, expect: }"), &["empty-value 7:42"]);
    check(&test("{ name: x, balances: { GBA: 1 }, expect: [] }"), &["unknown-country 7:32"]);
    check(&test("{ name: x, balances: { GAB: 1 XOF }, expect: [] }"), &["wrong-currency 7:37"]);
    let expect = |text: &str| test(&format!("{{ name: x, balances: {{ GAB: 1 }}, expect: [ {text} ] }}"));
    check(&expect("{ from: GAB, to: CMR, amount: 5 XAF }"), &[]);
    check(&expect("{ from: COG, to: CMR, amount: 5 XAF }"), &["unknown-lane 7:60"]);
    check(&expect("{ from: GAB, to: CMR, amount: 0 }"), &["bad-amount 7:82"]);
    check(&expect("{ from: GAB, to: CMR, amount: 5.5 }"), &["not-sendable 7:82"]);
    check(&expect("{ from: GAB, to: CMR, amount: 5 XOF }"), &["wrong-currency 7:82"]);
    check(&expect("{ from: GAB, to: CMR }"), &["missing-key 7:52"]);
    check(&expect("{ from: GAB, to: CMR, amount: 5, reason: reserve }"), &["amount-and-reason 7:85"]);
    check(&expect("{ from: GAB, to: CMR, reason: below_triger }"), &["bad-reason 7:82"]);
    check(&expect("{ from: COG, to: CMR, reason: reserve }"), &["unknown-lane 7:60"]);
    check(&expect("{ from: GAB, to: CMR, amount: 5 }, { from: GAB, to: CMR, reason: source_short }"), &[]);
    let reasons = "{ from: GAB, to: CMR, reason: reserve }, { from: GAB, to: CMR, reason: disabled }";
    check(&expect(reasons), &["duplicate-lane 7:101"]);
    let given = |text: &str| test(&format!("{{ name: x, {text}, balances: {{ GAB: 1 }}, expect: [] }}"));
    for good in ["at: 2026-12-24 18:00", "at: \"2026-12-24T17:00:00Z\"", "rates: { XAF/XOF: 1.0153, XOF/XAF: 1 }"] {
        check(&given(good), &[]);
    }
    check(&given("open: [{ from: SEN, to: KEN, amount: 5 }]"), &[]);
    for wrong in ["2026-12-24", "2026-12-24 6pm", "2026-12-24T18:00", "18:00", "2026-12-24 24:00", "2026-12-24  18:00"]
    {
        check(&given(&format!("at: {wrong}")), &["bad-instant 7:24"]);
    }
    let paris = format!("timezone: Europe/Paris\n{}", given("at: 2026-10-25 02:30"));
    check(&paris, &["bad-instant 8:24"]);
    check(&given("rates: { XAF/XOF: one }"), &["bad-rate 7:38"]);
    check(&given("open: [{ from: SEN, to: SEN, amount: 5 }]"), &["same-wallet 7:35"]);
    check(&given("open: [{ from: SEN, to: KEN }]"), &["missing-key 7:27"]);
    check(&given("open: [{ from: SEN, to: KEN, amount: 0 }]"), &["bad-amount 7:57"]);
    let twice = "{ from: GAB, to: CMR, amount: 5 }, { from: GAB, to: CMR, amount: 6 }";
    check(&expect(twice), &["duplicate-lane 7:95"]);
    let empty = "{ name: x, balances: {}, expect: [] }";
    check(&plus(&format!("tests:\n  - {empty}\n  - {empty}")), &["duplicate-test 8:17"]);
}

#[test]
fn reserves_and_emptiness_are_judged_over_all_files() {
    let reserve = "version: 1\nreserves: { CMR: 5 }\n";
    assert!(parse(&files(&[reserve, &plus("")])).is_ok());
    let twice = findings(&[&format!("reserves: {{ CMR: 7 }}\n{}", plus("")), reserve]);
    assert_eq!((twice[0].code, twice[0].file.as_str(), twice[0].line), ("reserve-twice", "p/b.yaml", 2));
    assert!(twice[0].hint.contains("p/a.yaml:1:13"), "{}", twice[0]);

    let none = findings(&[reserve, "version: 1\npolicies: []\n"]);
    assert_eq!(none.len(), 1);
    assert_eq!(none[0].to_string().lines().next(), Some("p: error[no-policies]: none of the files holds a policy"));
    let named_twice = findings(&[&plus(""), &plus("").replace("GAB", "COG")]);
    assert_eq!(
        (named_twice[0].code, named_twice[0].file.as_str(), named_twice[0].line),
        ("duplicate-name", "p/b.yaml", 3)
    );
    let empty = findings(&["", &plus("")]);
    assert_eq!((empty.len(), empty[0].code, empty[0].file.as_str()), (1, "empty-file", "p/a.yaml"));
    assert_eq!(findings(&[])[0].code, "no-policies");
}

#[test]
fn every_mistake_of_every_file_is_reported_at_once_in_order() {
    let many =
        "version: 2\ntimezone: Mars\npolicies:\n  - name: A\n    schedule: x\n    swep: 1\n  - name: b\n    mode: x\n";
    let other = plus("priority: x").replace("GAB", "XXX");
    let found = findings(&[&other, many, "a: 'x"]);
    let short: Vec<String> =
        found.iter().map(|one| format!("{}:{}:{} {}", one.file, one.line, one.column, one.code)).collect();
    assert_eq!(
        short,
        [
            "p/a.yaml:5:21 unknown-country",
            "p/a.yaml:6:15 bad-priority",
            "p/b.yaml:1:10 bad-version",
            "p/b.yaml:2:11 bad-timezone",
            "p/b.yaml:4:5 missing-key",
            "p/b.yaml:4:11 bad-name",
            "p/b.yaml:5:15 bad-schedule",
            "p/b.yaml:6:5 unknown-key",
            "p/b.yaml:7:5 missing-key",
            "p/b.yaml:7:5 missing-key",
            "p/b.yaml:8:11 bad-mode",
            "p/c.yaml:1:4 yaml-syntax",
        ]
    );
}
