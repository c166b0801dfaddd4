//! Sets of policies, one line each, and what is found in them.

use crate::policy::{Diagnostic, SourceFile, parse};

/// One file for each policy, named after it: `name: schedule, and what it does and more`, the policy's keys from line 5
/// on at column 5. What stands in `file` is at the head of the first file.
fn files(head: &str, policies: &[&str]) -> Vec<SourceFile> {
    let file = |(index, policy): (usize, &&str)| {
        let (name, keys) = policy.split_once(": ").unwrap();
        let head = if index == 0 { head } else { "timezone: UTC" };
        let schedule = if keys.contains("schedule:") { "" } else { "; schedule: \"0 18 * * *\"" };
        let keys = format!("{keys}{schedule}").replace("; ", "\n    ");
        SourceFile {
            path: format!("p/{name}.yaml"),
            text: format!("version: 1\n{head}\npolicies:\n  - name: {name}\n    {keys}\n"),
        }
    };
    policies.iter().enumerate().map(file).collect()
}

fn findings(head: &str, policies: &[&str]) -> Vec<Diagnostic> {
    match parse(&files(head, policies)) {
        Ok(parsed) => parsed.warnings,
        Err(findings) => findings,
    }
}

/// Exactly these, `error code file line:column` or `warning …`, for a set with a head.
fn check_with(head: &str, policies: &[&str], expected: &[&str]) {
    let found = findings(head, policies);
    let shown = |one: &Diagnostic| {
        let severity = if one.is_error() { "error" } else { "warning" };
        let name = one.file.trim_start_matches("p/").trim_end_matches(".yaml");
        format!("{severity} {} {name} {}:{}", one.code, one.line, one.column)
    };
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected, "{head}\n{policies:#?}\n{found:#?}");
    for one in &found {
        assert!(!one.hint.is_empty() && !one.message.ends_with('.') && !one.hint.ends_with('.'), "{one}");
    }
}

fn check(policies: &[&str], expected: &[&str]) {
    check_with("timezone: UTC", policies, expected);
}

const HOME: &str = "home: sweep: { from: [GAB], into: CMR, above: 250_000, keep: 100_000 }";

#[test]
fn money_that_goes_round_is_an_error_at_the_lane_that_closes_the_circle() {
    let out = "out: sweep: { from: [CMR], into: GAB, above: 1 }";
    check(&[HOME, out], &["error cycle out 5:21"]);
    let message = findings("timezone: UTC", &[HOME, out])[0].message.clone();
    assert_eq!(message, "CMR>GAB closes a circle: GAB>CMR of `home` brings the money back");
    check(&[HOME, "on: sweep: { from: [CMR], into: COG, above: 1 }"], &[]);
    let round = "round: sweep: { from: [COG], into: GAB, above: 1 }";
    check(&[HOME, "on: sweep: { from: [CMR], into: COG, above: 1 }", round], &["error cycle round 5:21"]);
    check(&[HOME, &format!("{out}; enabled: false")], &[]);
    check(
        &["home: active: { until: 2026-06-30 }; sweep: { from: [GAB], into: CMR, above: 9 }", out],
        &["error cycle out 5:21"],
    );
}

#[test]
fn a_top_up_is_no_circle_where_it_and_the_sweep_leave_each_other_alone() {
    let fill = |levels: &str| format!("fill: top_up: {{ wallet: GAB, {levels}, from: [CMR] }}");
    check(&[HOME, &fill("below: 100_000, to: 250_000")], &[]);
    check(&[HOME, &fill("below: 100_001, to: 250_000")], &["error cycle home 5:21"]);
    check(&[HOME, &fill("below: 100_000, to: 250_001")], &["error cycle home 5:21"]);
    check_with("reserves: { GAB: 100_001 }", &[&fill("below: 100_001, to: 250_000"), HOME], &[]);
    let both = |keep: &str| {
        format!("back: top_up: {{ wallet: CMR, below: 5_000, to: 9_000, from: [{{ wallet: GAB, keep: {keep} }}] }}")
    };
    check(&[&both("50_000"), &fill("below: 50_000, to: 60_000")], &[]);
    check(&[&both("49_999"), &fill("below: 50_000, to: 60_000")], &["error cycle fill 5:62"]);
}

#[test]
fn a_rebalance_is_a_circle_only_with_what_undoes_it() {
    let shares = |name: &str, weights: &str| {
        format!("{name}: rebalance: {{ weights: {{ {weights} }}, tolerance: 5%, base: XAF }}")
    };
    let three = shares("level", "CMR: 50%, GAB: 30%, COG: 20%");
    check(&[&three], &[]);
    check(&[HOME, &three], &["error cycle level 5:29", "warning lane-shared level 5:39"]);
    check(&["out: sweep: { from: [CMR], into: COG, above: 9 }; enabled: false", &three], &[]);
    check(&[&three, "fund: sweep: { from: [CMR], into: SEN, above: 9 }; fx: { allow: true }; priority: 5"], &[]);
    let found = findings("timezone: UTC", &[&three, &shares("other", "CMR: 60%, GAB: 40%")]);
    let circles: Vec<usize> = found.iter().filter(|one| one.code == "cycle").map(|one| one.column).collect();
    assert_eq!(circles, [29, 39], "{found:#?}");
    // The same goal is no circle; the wider tolerance never gets its turn.
    let same = [three.clone(), shares("twin", "COG: 20%, CMR: 50%, GAB: 30%").replace("5%,", "7%,")];
    check(&[&same[0], &same[1]], &["warning shadowed twin 4:11"]);
    let found = findings("timezone: UTC", &[&same[1].replace("twin", "a"), &same[0]]);
    assert!(!found.is_empty() && found.iter().all(|one| one.code == "lane-shared"), "{found:#?}");
    // Three that go round: each two of them agree on nothing.
    let round = [("a", "CMR: 20%, GAB: 80%"), ("b", "GAB: 20%, COG: 80%"), ("c", "COG: 20%, CMR: 80%")];
    let round = round.map(|(name, weights)| {
        format!("{}; priority: {}", shares(name, weights), name.len() + usize::from(name.as_bytes()[0]))
    });
    check(&[&round[0], &round[1], &round[2]], &["error cycle c 5:29", "error cycle c 5:39"]);
}

#[test]
fn two_policies_after_one_lane_or_one_wallet_hear_who_goes_first() {
    let late = "late: schedule: \"0 20 * * *\"; sweep: { from: [GAB], into: CMR, above: 10_000 }";
    check(&[HOME, late], &["warning lane-shared late 6:21"]);
    let hint = findings("timezone: UTC", &[HOME, late])[0].hint.clone();
    assert!(hint.contains("at a common slot `home` has it"), "{hint}");
    check(&[HOME, &format!("{late}; enabled: false")], &[]);
    check(&[HOME, &format!("{late}; mode: shadow")], &[]);
    check(&[HOME, &format!("{late}; active: {{ from: 2027-01-01 }}")], &["warning lane-shared late 6:21"]);

    let away = "out: sweep: { from: [GAB], into: COG, above: 10_000 }";
    check(&[HOME, away], &["warning money-shared out 5:21"]);
    let found = findings("timezone: UTC", &[HOME, away])[0].clone();
    assert_eq!(found.message, "GAB pays for the policy `home` too, and both have the priority 100");
    assert!(found.hint.contains("`home` goes first"), "{}", found.hint);
    check(&[HOME, &format!("{away}; priority: 200")], &[]);
    check(&[HOME, &format!("{away}; mode: shadow")], &[]);
}

#[test]
fn a_policy_that_another_always_shadows_is_told() {
    let twin = "twin: sweep: { from: [GAB], into: CMR, above: 300_000, keep: 100_000 }";
    check(&[HOME, twin], &["warning shadowed twin 4:11"]);
    check(&[HOME, &format!("{twin}; priority: 99")], &["warning lane-shared twin 5:21"]);
    for stands_back in ["limits: { max_per_day: 1_000 }", "limits: { min_transfer: 500 }", "holidays: [2026-12-25]"] {
        check(&[&format!("{HOME}; {stands_back}"), twin], &["warning lane-shared twin 5:21"]);
    }
    // The same slots in other words; more of them; fewer of them.
    let at = |policy: &str, schedule: &str| format!("{policy}; schedule: \"{schedule}\"");
    for (first, later, is_shadowed) in [
        ("daily at 18:00", "0 18 * * *", true),
        ("daily at 18:00", "weekdays at 18:00", true),
        ("weekdays at 18:00", "0 18 * * 1,3", true),
        ("daily at 09:00 and 18:30", "30 18 1 * *", true),
        ("0 18 * * *", "0 18 L * *", true),
        ("0 18 1,15 * MON", "0 18 1,15 * MON", true),
        ("weekdays at 18:00", "daily at 18:00", false),
        ("0 18 * JAN *", "0 18 * * *", false),
        ("0 18 1,15 * *", "0 18 1 * *", false),
        ("0 18 * * MON", "0 18 1 * MON", false),
        ("daily at 18:00", "daily at 18:01", false),
    ] {
        let expected = if is_shadowed { "warning shadowed twin 4:11" } else { "warning lane-shared twin 5:21" };
        check(&[&at(HOME, first), &at(twin, later)], &[expected]);
    }
    let part = |policy: &str, portion: &str| policy.replace(", keep: 100_000", &format!(", keep: 100_000, {portion}"));
    for (first, later, is_shadowed) in [
        ("fraction: 60%", "fraction: 50%", true),
        ("fraction: 40%", "fraction: 50%", false),
        ("fixed: 5_000", "fixed: 5_000", true),
        ("fixed: 5_001", "fixed: 5_000", false),
        ("fraction: 99%", "fixed: 5_000", false),
    ] {
        let expected = if is_shadowed { "warning shadowed twin 4:11" } else { "warning lane-shared twin 5:21" };
        check(&[&part(HOME, first), &part(twin, later)], &[expected]);
    }
    let pay = |name: &str, above: &str| {
        format!(
            "{name}: payout: {{ from: GAB, to: {{ provider: AIRTEL_GAB, phone: \"24174345678\" }}, above: {above} }}"
        )
    };
    check(&[&pay("a", "5_000"), &pay("b", "5_000")], &["warning shadowed b 4:11"]);
    // Of two with one name that alone is told.
    check(&[&pay("a", "5_000"), &pay("a", "5_000")], &["error duplicate-name a 4:11"]);
    check(&[&pay("a", "5_001"), &pay("b", "5_000")], &["warning lane-shared b 5:21"]);
    let higher = "twin: sweep: { from: [GAB], into: CMR, above: 200_000 }";
    check(&[HOME, higher], &["warning lane-shared twin 5:21"]);
    let fill = |name: &str, levels: &str| format!("{name}: top_up: {{ wallet: GAB, {levels}, from: [CMR] }}");
    check(
        &[&fill("a", "below: 5_000, to: 9_000"), &fill("b", "below: 4_000, to: 9_000")],
        &["warning shadowed b 4:11"],
    );
    check(
        &[&fill("a", "below: 5_000, to: 9_000"), &fill("b", "below: 6_000, to: 9_000")],
        &["warning lane-shared b 5:60"],
    );
}

#[test]
fn floors_that_contradict_each_other_are_told() {
    for (reserve, found) in [("100_001", None), ("250_000", None), ("250_001", Some("trigger"))] {
        let head = format!("reserves: {{ GAB: {reserve} }}");
        let expected = found.map(|_| "warning reserve-over-keep home 5:21");
        check_with(&head, &[HOME], expected.as_slice());
        if let Some(word) = found {
            assert!(findings(&head, &[HOME])[0].message.contains(word));
        }
    }
    let calendar = |amount: &str| format!("reserves: [{{ wallet: GAB, amount: {amount}, during: \"24..2\" }}]");
    check_with(&calendar("300_000"), &[HOME], &[]);
    let fill = "fill: top_up: { wallet: GAB, below: 10_000, to: 50_000, from: [{ wallet: CMR, keep: 7_000 }] }";
    let every_day = calendar("300_000").replace("24..2", "1..31");
    check_with(&every_day, &[HOME], &["warning reserve-over-keep home 5:21"]);
    check_with("reserves: { GAB: 50_000, CMR: 7_000 }", &[fill], &[]);
    check_with(
        "reserves: { GAB: 50_001, CMR: 7_001 }",
        &[fill],
        &["warning reserve-over-level fill 5:43", "warning reserve-over-keep fill 5:72"],
    );
    check_with(&calendar("50_001"), &[fill], &["warning reserve-over-level fill 5:43"]);
    assert!(findings(&calendar("50_001"), &[fill])[0].message.ends_with("on the days \"24..2\""));
}

#[test]
fn bounds_that_nothing_can_pass_are_errors() {
    let fill = |limits: &str| {
        format!("a: top_up: {{ wallet: GAB, below: 90, to: 5_000, from: [CMR] }}; limits: {{ {limits} }}")
    };
    check(&[&fill("min_transfer: 5_000")], &[]);
    check(&[&fill("min_transfer: 5_001")], &["error min-over-max a 6:15"]);
    check(&[&fill("round_down_to: 5_001")], &["error round-over-max a 6:15"]);
    check(&["a: top_up: { wallet: GAB, below: 90, to: 99, from: [CMR] }"], &["error limit-too-small a 5:39"]);

    let sweep = |limits: &str| format!("{HOME}; limits: {{ {limits} }}");
    for (limits, found) in [
        ("min_transfer: 5_000, max_transfer: 5_000", None),
        ("min_transfer: 5_000, max_transfer: 4_999", Some("warning")),
        ("min_transfer: 10_098, max_transfer: 102", Some("warning")),
        ("min_transfer: 10_099, max_transfer: 102", Some("error")),
        ("min_transfer: 990_000_000", None),
        ("min_transfer: 990_000_001", Some("error")),
        ("min_transfer: 5_000, max_per_slot: 5_500, round_down_to: 1_000", None),
        ("min_transfer: 5_001, max_per_slot: 5_500, round_down_to: 1_000", Some("error")),
        ("min_transfer: 5_001, max_per_day: 5_500, round_down_to: 1_000", Some("error")),
    ] {
        let expected = found.map(|severity| format!("{severity} min-over-max home 6:29"));
        check(&[&sweep(limits)], &expected.as_deref().into_iter().collect::<Vec<_>>());
    }

    let fixed = |amount: &str, limits: &str| {
        format!("a: sweep: {{ from: [GAB], into: CMR, above: 1, fixed: {amount} }}; limits: {{ {limits} }}")
    };
    check(
        &[&fixed("5_000", "min_transfer: 5_000, max_per_slot: 5_000, max_per_day: 5_000, round_down_to: 1_000")],
        &[],
    );
    check(&[&fixed("5_000", "min_transfer: 5_001")], &["error min-over-max a 6:15"]);
    for limits in ["max_per_slot: 4_999", "max_per_day: 4_999", "round_down_to: 300", "max_transfer: 4_950"] {
        check(&[&fixed("5_000", limits)], &["error fixed-never-fits a 5:48"]);
    }
    check(&[&fixed("10_000", "max_transfer: 101")], &["error fixed-never-fits a 5:48"]);
    check(&[&fixed("9_999", "max_transfer: 101")], &[]);
    check(&[&fixed("5_000", "max_transfer: 4_900")], &[]);

    let level = |tolerance: &str| {
        format!("a: rebalance: {{ weights: {{ CMR: 60%, GAB: 40% }}, tolerance: {tolerance}, base: XAF }}")
    };
    check(&[&level("59.9%")], &[]);
    check(&[&level("60%")], &["error tolerance-too-wide a 5:51"]);
}

#[test]
fn a_canary_and_an_approval_must_be_able_to_happen() {
    let canary =
        |canary: &str, limits: &str| format!("{HOME}; mode: canary; canary: {{ {canary} }}; limits: {{ {limits} }}");
    check(&[&canary("share: 1%", "max_per_slot: 10_000")], &[]);
    check(&[&canary("share: 1%", "max_per_slot: 9_999")], &["error canary-too-small home 7:15"]);
    check(&[&canary("share: 1%, max: 500", "round_down_to: 500")], &[]);
    check(&[&canary("share: 1%, max: 499", "round_down_to: 500")], &["error canary-too-small home 7:26"]);
    let asks = |limits: &str| format!("{HOME}; approval: {{ above: 5_000 }}; limits: {{ {limits} }}");
    check(&[&canary("share: 1%, max: 99", "round_down_to: 10")], &["error limit-too-small home 7:31"]);
    check(&[&asks("max_per_slot: 5_001")], &[]);
    check(&[&asks("max_transfer: 101")], &[]);
    check(&[&asks("max_transfer: 100").replace("5_000", "9_900")], &["warning approval-unused home 6:17"]);
    check(&[&asks("max_per_slot: 5_000")], &["warning approval-unused home 6:17"]);
    check(&[&asks("max_per_day: 5_000")], &["warning approval-unused home 6:17"]);
}

#[test]
fn limits_without_effect_are_told() {
    let limits = |text: &str| format!("{HOME}; limits: {{ {text} }}");
    check(&[&limits("max_transfer: 500, max_per_slot: 500, max_per_day: 500")], &[]);
    check(&[&limits("max_transfer: 501, max_per_slot: 500")], &["warning limit-unused home 6:15"]);
    check(&[&limits("max_per_slot: 501, max_per_day: 500")], &["warning limit-unused home 6:15"]);
    check(&[&limits("max_transfer: 501, max_per_day: 500")], &["warning limit-unused home 6:15"]);
}

#[test]
fn a_window_that_never_opens_is_an_error_and_a_past_one_is_not() {
    let when = |schedule: &str, extra: &str| format!("{HOME}; schedule: {schedule}; {extra}");
    let sundays = "active: { from: 2026-11-23, until: 2026-11-28 }";
    check(&[&when("\"0 9 * * SUN\"", sundays)], &["error never-open home 7:5"]);
    check(&[&when("\"0 9 * * SAT\"", sundays)], &[]);
    check(&[&when("\"0 9 * * SAT\"", &format!("{sundays}; holidays: [2026-11-28]"))], &["error never-open home 7:5"]);
    // Lanes rest one by one: a holiday at one end of each of them is a day without a slot.
    let christmas = "active: { from: 2026-12-25, until: 2026-12-25 }";
    let rest = |from: &str, closed: &str| {
        format!("a: {christmas}; sweep: {{ from: [{from}], into: CMR, above: 9 }}; holidays: {{ {closed} }}")
    };
    check(&[&rest("GAB", "GAB: [2026-12-25]")], &["error never-open a 5:5"]);
    check(&[&rest("GAB", "CMR: [2026-12-25]")], &["error never-open a 5:5"]);
    check(&[&rest("GAB, COG", "GAB: [2026-12-25]")], &[]);
    check(&[&rest("GAB, COG", "GAB: [2026-12-25], COG: [2026-12-25]")], &["error never-open a 5:5"]);
    check(&[&rest("GAB", "GAB: [2026-12-24]")], &[]);
    check_with("holidays: { CMR: [2026-12-25] }", &[&format!("{HOME}; {christmas}")], &["error never-open home 6:5"]);
    check(&[&when("\"0 9 * * *\"", "active: { from: 2001-01-01, until: 2001-01-02 }")], &[]);
    check(&[&when("\"0 9 * * *\"", "active: { until: 2001-01-02 }")], &[]);
    check(&[&when("\"0 9 * * *\"", "not_after: \"09:00\"")], &[]);
    check(&[&when("\"1 9 * * *\"", "not_after: \"09:00\"")], &["error never-open home 7:5"]);
}

#[test]
fn a_schedule_that_asks_more_than_kpay_answers_is_told() {
    let every = |seconds: &str, from: &str| {
        format!("a: sweep: {{ from: [{from}], into: CMR, above: 1 }}; schedule: \"{seconds} * * * * *\"")
    };
    check(&[&every("*/6", "GAB, COG")], &[]);
    check(&[&every("*/2", "GAB")], &[]);
    check(&[&every("*", "GAB")], &["warning too-often a 6:5"]);
    check(&[&every("0-49/2", "GAB, COG")], &[]);
    check(&[&every("0-51/2", "GAB, COG")], &["warning too-often a 6:5"]);
    check(&["a: sweep: { from: [GAB], into: CMR, above: 1 }; schedule: \"* * * * *\""], &[]);
}

/// Every rebalance between the same eight wallets has 56 lanes, and is no circle with another of the same weights.
#[test]
fn a_thousand_rebalances_are_looked_at_wallet_by_wallet() {
    let weights = "CMR: 30%, GAB: 10%, COG: 10%, SEN: 10%, CIV: 10%, BEN: 10%, KEN: 10%, UGA: 10%";
    let one = |index: usize| {
        format!(
            "p-{index}: rebalance: {{ weights: {{ {weights} }}, tolerance: 5%, base: XAF }}; fx: {{ allow: true }}; priority: {index}"
        )
    };
    let policies: Vec<String> = (1..=1_000).map(one).collect();
    let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
    let found = findings("timezone: UTC", &policies);
    assert!(found.len() == 999 && found.iter().all(|one| one.code == "shadowed"), "{:?}", found.first());
}

/// The work grows with the lanes, not with the pairs of policies.
#[test]
fn a_thousand_policies_are_looked_at_without_going_over_all_pairs() {
    let one = |index: usize| {
        let hour = index % 24;
        let minute = index % 60;
        format!(
            "p-{index}: sweep: {{ from: [GAB, COG], into: CMR, above: {index} }}; schedule: \"{minute} {hour} * * *\"; priority: {index}"
        )
    };
    let policies: Vec<String> = (1..=1_000).map(one).collect();
    let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
    let found = findings("timezone: UTC", &policies);
    assert!(found.iter().all(|one| matches!(one.code, "lane-shared" | "shadowed")), "{:?}", found.first());
    assert!(found.len() >= 1_800, "{}", found.len());
}

#[test]
fn money_moved_only_to_be_paid_out_is_told_at_the_payout() {
    let pay = "pay: payout: { from: GAB, to: { provider: AIRTEL_GAB, phone: \"24174345678\" }, above: 900_000 }";
    let fill = |from: &str| format!("fill: top_up: {{ wallet: GAB, below: 100, to: 800_000, from: [{from}] }}");
    check(&[&fill("CMR"), pay], &["warning direct-payout pay 5:15"]);
    check(&[&fill("CMR, COG"), pay], &[]);
    check(&[&format!("{}; enabled: false", fill("CMR")), pay], &[]);
    check(&[&format!("{}; fx: {{ allow: true }}", fill("SEN")), pay], &[]);
    let abroad = pay.replace("AIRTEL_GAB, phone: \"24174345678\"", "MTN_MOMO_CMR, phone: \"237653456789\"");
    check(&[&fill("CMR"), &abroad], &[]);
    check(&["in: sweep: { from: [CMR], into: GAB, above: 9_000 }", pay], &["warning direct-payout pay 5:15"]);
    // What is paid out goes nowhere, so that it closes no circle.
    check(
        &["in: sweep: { from: [CMR, COG], into: GAB, above: 9_000 }", pay, &abroad.replace("pay:", "out:")],
        &["warning money-shared pay 5:21"],
    );
}
