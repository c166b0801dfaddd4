//! Policies in a few lines, and the worst case of each.

use super::*;
use crate::policy::{SourceFile, parse};

fn set(policies: &str) -> PolicySet {
    let text = format!("version: 1\ntimezone: Africa/Douala\npolicies:\n{policies}");
    parse(&[SourceFile { path: "policies/a.yaml".into(), text }]).unwrap().set
}

/// `GAB>CMR 100 200 300 | max_transfer | max_per_slot | max_per_day`, lanes first.
fn shown(exposure: &Exposure) -> Vec<String> {
    let line = |what: String, most: &Figures| {
        let by = [&most.bounded_by.per_transfer, &most.bounded_by.per_slot, &most.bounded_by.per_day];
        let by: Vec<String> = by.into_iter().map(bounds_text).collect();
        format!("{what} {} {} {} | {}", most.per_transfer, most.per_slot, most.per_day, by.join(" | "))
    };
    let lanes = exposure.lanes.iter().map(|it| line(format!("{}>{}", it.from, it.to), &it.most));
    let wallets = exposure.wallets.iter().map(|it| line(it.wallet.to_string(), &it.most));
    lanes.chain(wallets).collect()
}

#[track_caller]
fn check(policies: &str, expected: &[&str]) {
    assert_eq!(shown(&exposure(&set(policies))), expected, "{policies}");
}

const SWEEP: &str = "  - name: a\n    schedule: \"0 18 * * *\"\n    sweep: { from: [GAB], into: CMR, above: 10_000 }\n";

#[test]
fn without_limits_kpay_bounds_it() {
    check(
        SWEEP,
        &[
            "GAB>CMR 10000000 990000000 990000000 | KPay's largest transfer | 99 parts of KPay's largest transfer | \
             99 parts of KPay's largest transfer",
            "GAB 10000000 990000000 990000000 | KPay's largest transfer | 99 parts of KPay's largest transfer | \
             99 parts of KPay's largest transfer",
        ],
    );
    let hourly = SWEEP.replace("0 18 * * *", "0 * * * *");
    check(
        &format!("{hourly}    limits: {{ max_transfer: 5_000_000 }}\n"),
        &[
            "GAB>CMR 5000000 495000000 11880000000 | max_transfer | 99 parts of max_transfer | \
             24 slots of 99 parts of max_transfer",
            "GAB 5000000 495000000 11880000000 | max_transfer | 99 parts of max_transfer | \
             24 slots of 99 parts of max_transfer",
        ],
    );
}

#[test]
fn limits_are_shared_by_the_lanes_of_a_policy_and_bound_what_is_smaller() {
    check(
        "  - name: a\n    schedule: \"0 8,18 * * *\"\n    sweep: { from: [GAB, SEN], into: CMR, above: 10_000 }\n    \
           fx: { allow: true }\n    \
           limits: { max_per_slot: { XAF: 3_000_500, XOF: 400 }, max_per_day: { XAF: 5_000_000, XOF: 100_000_000 }, \
         round_down_to: { XAF: 1_000 } }\n",
        &[
            "GAB>CMR 3000000 3000000 5000000 | max_per_slot | max_per_slot | max_per_day",
            "SEN>CMR 400 400 800 | max_per_slot | max_per_slot | 2 slots of max_per_slot",
            "GAB 3000000 3000000 5000000 | max_per_slot | max_per_slot | max_per_day",
            "SEN 400 400 800 | max_per_slot | max_per_slot | 2 slots of max_per_slot",
        ],
    );
    // Two lanes out of one wallet have one limit.
    check(
        "  - name: a\n    schedule: \"0 8 * * *\"\n    \
           rebalance: { weights: { CMR: 50%, GAB: 30%, COG: 20% }, tolerance: 5%, base: XAF }\n    \
           limits: { max_per_slot: 1_000_000 }\n",
        &[
            "CMR>COG 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "CMR>GAB 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "COG>CMR 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "COG>GAB 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "GAB>CMR 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "GAB>COG 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "CMR 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "COG 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
            "GAB 1000000 1000000 1000000 | max_per_slot | max_per_slot | max_per_slot",
        ],
    );
}

#[test]
fn each_kind_of_rule_has_bounds_of_its_own() {
    check(
        &SWEEP.replace("above: 10_000", "above: 10_000, fixed: 2_500").replace("0 18", "0 6,18"),
        &[
            "GAB>CMR 2500 2500 5000 | fixed | fixed | 2 slots of fixed",
            "GAB 2500 2500 5000 | fixed | fixed | 2 slots of fixed",
        ],
    );
    check(
        &format!("{SWEEP}    mode: canary\n    canary: {{ share: 1%, max: 50_000 }}\n"),
        &[
            "GAB>CMR 50000 50000 50000 | canary.max | canary.max | canary.max",
            "GAB 50000 50000 50000 | canary.max | canary.max | canary.max",
        ],
    );
    check(
        &format!("{SWEEP}    mode: canary\n    canary: {{ share: 1% }}\n    limits: {{ max_per_slot: 3_333_350 }}\n"),
        &[
            "GAB>CMR 33333 33333 33333 | canary.share | canary.share | canary.share",
            "GAB 33333 33333 33333 | canary.share | canary.share | canary.share",
        ],
    );
    // Of the limits of a slot and a day it sends its share too, over all lanes and slots.
    check(
        &format!(
            "{}    mode: canary\n    canary: {{ share: 10% }}\n    limits: {{ max_per_slot: 30_000, max_per_day: 50_000 }}\n",
            SWEEP.replace("[GAB]", "[GAB, COG]").replace("0 18", "0 6,18")
        ),
        &[
            "COG>CMR 3000 3000 5000 | canary.share | canary.share | canary.share",
            "GAB>CMR 3000 3000 5000 | canary.share | canary.share | canary.share",
            "COG 3000 3000 5000 | canary.share | canary.share | canary.share",
            "GAB 3000 3000 5000 | canary.share | canary.share | canary.share",
        ],
    );
    // In one currency a top-up never brings more than its level; across currencies the rate may be anything.
    check(
        "  - name: a\n    schedule: \"0 8 * * *\"\n    \
           top_up: { wallet: SEN, below: 200_000, to: 500_000, from: [CIV, CMR] }\n    fx: { allow: true }\n",
        &[
            "CIV>SEN 500000 500000 500000 | top_up.to | top_up.to | top_up.to",
            "CMR>SEN 10000000 990000000 990000000 | KPay's largest transfer | 99 parts of KPay's largest transfer | \
             99 parts of KPay's largest transfer",
            "CIV 500000 500000 500000 | top_up.to | top_up.to | top_up.to",
            "CMR 10000000 990000000 990000000 | KPay's largest transfer | 99 parts of KPay's largest transfer | \
             99 parts of KPay's largest transfer",
        ],
    );
}

const PAYOUT: &str = "  - name: pay\n    schedule: \"0 9 * * *\"\n    \
                      payout: { from: CMR, to: { provider: MTN_MOMO_CMR, phone: \"237653456789\" }, above: 1_000_000 }\n";

/// KPay takes no withdrawal over 500,000; parts of it are bounded as those of transfers are.
#[test]
fn payouts_are_bounded_by_kpays_withdrawals() {
    let to = "CMR>MTN_MOMO_CMR:237653456789";
    let both = |figures: &str| [format!("{to} {figures}"), format!("CMR {figures}")];
    let check = |policies: &str, figures: &str| {
        assert_eq!(shown(&exposure(&set(policies))), both(figures), "{policies}");
    };
    let parts = "99 parts of KPay's largest payout";
    check(PAYOUT, &format!("500000 49500000 49500000 | KPay's largest payout | {parts} | {parts}"));
    check(
        &PAYOUT.replace("0 9", "0 9,15"),
        &format!("500000 49500000 99000000 | KPay's largest payout | {parts} | 2 slots of {parts}"),
    );
    let limited = |limits: &str| format!("{PAYOUT}    limits: {{ {limits} }}\n");
    let of_max = "99 parts of max_transfer";
    check(&limited("max_transfer: 200_000"), &format!("200000 19800000 19800000 | max_transfer | {of_max} | {of_max}"));
    check(
        &limited("max_per_slot: 900_000"),
        "500000 900000 900000 | KPay's largest payout | max_per_slot | max_per_slot",
    );
    check(&limited("max_per_day: 400_000"), "400000 400000 400000 | max_per_day | max_per_day | max_per_day");
}

#[test]
fn payouts_have_ceilings() {
    let limited = |most: u32| set(&format!("{PAYOUT}    limits: {{ max_per_slot: {most} }}\n"));
    let signed = serde_json::to_string(&exposure(&limited(300_000))).unwrap();
    let ceiling = Ceiling::read(&signed).unwrap();
    assert_eq!(over_ceiling(&limited(300_000), &exposure(&limited(300_000)), &ceiling), []);
    let messages = |set: &PolicySet| -> Vec<String> {
        over_ceiling(set, &exposure(set), &ceiling).into_iter().map(|it| it.message).collect()
    };
    let over = messages(&limited(400_000));
    assert_eq!(over.len(), 6, "{over:?}");
    let lane = "lane CMR>MTN_MOMO_CMR:237653456789 may carry 400 000 XAF on one day by pay (bounded by max_per_slot); \
                the ceiling is 300 000 XAF";
    assert!(over.iter().any(|it| it == lane), "{over:?}");
    let other = set(&PAYOUT.replace("237653456789", "237653456780"));
    let strange =
        "lane CMR>MTN_MOMO_CMR:237653456780 may carry 49 500 000 XAF a day by pay, and the ceiling does not name it";
    assert!(messages(&other).iter().any(|it| it == strange), "{:?}", messages(&other));
}

#[test]
fn what_sends_nothing_is_left_out() {
    check(&format!("{SWEEP}    mode: shadow\n"), &[]);
    check(&format!("{SWEEP}    enabled: false\n"), &[]);
}

/// A lane moves once a slot, whoever has it; the slots of a day are those of both.
#[test]
fn a_lane_in_two_policies() {
    let other = SWEEP.replace("name: a", "name: b").replace("0 18", "0 6").replace("CMR", "COG");
    let limited = |policy: &str, most: u32| format!("{policy}    limits: {{ max_per_slot: {most} }}\n");
    let same_lane = other.replace("COG", "CMR");
    check(
        &format!("{}{}", limited(SWEEP, 1_000), limited(&same_lane, 3_000)),
        &[
            "GAB>CMR 3000 3000 4000 | max_per_slot | max_per_slot | max_per_slot",
            "GAB 3000 3000 4000 | max_per_slot | max_per_slot | max_per_slot",
        ],
    );
    check(
        &format!("{}{}", limited(SWEEP, 1_000), limited(&other, 3_000)),
        &[
            "GAB>CMR 1000 1000 1000 | max_per_slot | max_per_slot | max_per_slot",
            "GAB>COG 3000 3000 3000 | max_per_slot | max_per_slot | max_per_slot",
            "GAB 3000 4000 4000 | max_per_slot | max_per_slot | max_per_slot",
        ],
    );
}

#[test]
fn what_is_signed_off_may_not_be_exceeded() {
    let now = set(&format!("{SWEEP}    limits: {{ max_per_slot: 1_000 }}\n"));
    let signed = serde_json::to_string(&exposure(&now)).unwrap();
    let ceiling = Ceiling::read(&signed).unwrap();
    assert_eq!(over_ceiling(&now, &exposure(&now), &ceiling), []);

    let more = set(&format!("{SWEEP}    limits: {{ max_per_slot: 1_500, max_transfer: 1_000 }}\n"));
    let found = over_ceiling(&more, &exposure(&more), &ceiling);
    let messages: Vec<&str> = found.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "wallet GAB may lose 1 500 XAF in one slot by a (bounded by max_per_slot); the ceiling is 1 000 XAF",
            "wallet GAB may lose 1 500 XAF on one day by a (bounded by max_per_slot); the ceiling is 1 000 XAF",
            "lane GAB>CMR may carry 1 500 XAF in one slot by a (bounded by max_per_slot); the ceiling is 1 000 XAF",
            "lane GAB>CMR may carry 1 500 XAF on one day by a (bounded by max_per_slot); the ceiling is 1 000 XAF",
        ]
    );
    assert!(found.iter().all(|it| (it.line, it.column, it.code) == (4, 5, "exposure-over-ceiling")), "{found:?}");

    let other = SWEEP.replace("CMR", "COG").replace("GAB", "KEN");
    let other = set(&format!("{other}    fx: {{ allow: true }}\n"));
    let found = over_ceiling(&other, &exposure(&other), &ceiling);
    let messages: Vec<&str> = found.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "wallet KEN may lose 990 000 000 KES a day by a, and the ceiling does not name it",
            "lane KEN>COG may carry 990 000 000 KES a day by a, and the ceiling does not name it",
        ]
    );
}

#[test]
fn what_is_no_ceiling_is_refused_at_its_place() {
    for (text, what) in [
        ("", "EOF"),
        ("{\"wallets\":[]}", "lanes"),
        ("{\"wallets\":[],\"lanes\":[],\"more\":1}", "more"),
        ("{\"wallets\":[{\"wallet\":\"GAB\",\"currency\":\"XAF\",\"per_transfer\":1}],\"lanes\":[]}", "string"),
        (
            "{\"wallets\":[{\"wallet\":\"GAB\",\"currency\":\"XAF\",\"per_transfer\":\"1\",\"per_slot\":\"1\"}],\"lanes\":[]}",
            "per_day",
        ),
    ] {
        let error = Ceiling::read(text).unwrap_err();
        assert!(error.line == 1 && error.what.contains(what), "{text}: {error:?}");
    }
    let entry = "{\"wallet\":\"GAB\",\"currency\":\"XAF\",\"per_transfer\":\"1\",\"per_slot\":\"1\",\"per_day\":\"1\"}";
    let twice = format!("{{\"wallets\":[{entry},{entry}],\"lanes\":[]}}");
    assert_eq!(Ceiling::read(&twice).unwrap_err().to_string(), "GAB is named twice");
}
