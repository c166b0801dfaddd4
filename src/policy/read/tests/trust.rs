//! Currencies, approvals and canaries: what they mean, and where each mistake in them is found.

use super::*;
use crate::policy::{Approval, Canary, Fx, FxReference, Mode};
use chrono::TimeDelta;

/// A policy that turns XAF into XOF, with `extra` from line 6 on.
fn crossing(extra: &str) -> String {
    with("{ from: [CMR], into: SEN, above: 10_000 }", extra)
}

#[test]
fn the_spread_has_a_reference() {
    let fx = |text: &str| crossing(&format!("fx: {{ allow: true, {text} }}"));
    let of = |text: &str| good(&fx(text)).policies.remove(0).fx;
    let spread = Some("1.5%".parse().unwrap());
    let expected = |reference| Fx { allow: true, max_spread: spread, reference };
    assert_eq!(of("max_spread: 1.5%"), expected(None));
    assert_eq!(of("max_spread: 1.5%, reference: peg"), expected(Some(FxReference::Peg)));
    assert_eq!(of("max_spread: 1.5%, reference: last"), expected(Some(FxReference::Last)));
    let rates = [((Currency::XAF, Currency::XOF), "1.002".parse().unwrap())];
    let written = expected(Some(FxReference::Fixed(rates.into())));
    assert_eq!(of("max_spread: 1.5%, reference: { XAF/XOF: 1.002 }"), written);
    assert_eq!(of("max_spread: 1.5%, reference: { XAF/XOF: \"1.002\" }"), written);
    good(&fx("max_spread: 0%, reference: { XOF/XAF: 1 }"));

    check(&fx("max_spread: 1.5"), &["bad-percent 6:36"]);
    check(&fx("max_spread: 100%"), &["bad-percent 6:36"]);
    check(&fx("reference: peg"), &["reference-unused 6:24"]);
    let reference = |text: &str| fx(&format!("max_spread: 1%, reference: {text}"));
    check(&reference("ecb"), &["bad-reference 6:51"]);
    check(&reference("[peg]"), &["wrong-type 6:51"]);
    check(&reference("{ XAF/XOF: 0 }"), &["bad-rate 6:62"]);
    check(&reference("{ XAF/XOF: 1e3 }"), &["bad-rate 6:62"]);
    check(&reference("{ XAF/XOF: 1,002 }"), &["bad-pair 6:64"]);
    check(&reference("{ XAF/XAF: 1 }"), &["bad-pair 6:53"]);
    check(&reference("{ XAF/EUR: 1 }"), &["unknown-currency 6:53"]);
    check(&reference("{ XAF/XOF: 1, XOF/XAF: 1 }"), &["duplicate-pair 6:65"]);
    check(&reference("{ XAF/KES: 1 }"), &["missing-rate 6:51"]);
    for text in ["XAFXOF", "XAF-XOF", "xaf>xof"] {
        let found = findings(&[&reference(&format!("{{ {text}: 1 }}"))]);
        assert_eq!((found[0].code, found[0].hint.as_str()), ("bad-pair", "write XAF/XOF"), "{text}");
    }
    let kenya =
        with("{ from: [KEN], into: SEN, above: 10_000 }", "fx: { allow: true, max_spread: 1%, reference: peg }");
    check(&kenya, &["no-peg 6:51"]);
}

#[test]
fn an_approval_names_its_people() {
    let of = |text: &str| good(&plus(&format!("approval: {{ {text} }}"))).policies.remove(0).approval.unwrap();
    let expected = Approval {
        above: [(Currency::XAF, Amount::whole(5_000_000))].into(),
        approvers: 2,
        from: vec!["awa".into(), "Brice N".into(), "chantal".into()],
        within: Some(TimeDelta::hours(12)),
    };
    assert_eq!(of("above: 5_000_000 XAF, approvers: 2, from: [awa, Brice  N, chantal ], within: 12h"), expected);
    let least = of("above: 0");
    assert_eq!((least.approvers, least.from.len(), least.within), (1, 0, None));

    let wrong = |text: &str, at: &str| check(&plus(&format!("approval: {{ {text} }}")), &[at]);
    wrong("approvers: 1", "missing-key 6:15");
    wrong("above: 5 XOF", "wrong-currency 6:24");
    wrong("above: { XOF: 5 }", "wrong-currency 6:31");
    for approvers in ["0", "10", "1.5", "two", "01"] {
        wrong(&format!("above: 5, approvers: {approvers}"), "bad-approvers 6:38");
    }
    wrong("above: 5, approvers: \"2\"", "wrong-type 6:38");
    wrong("above: 5, approvers: 3, from: [awa, brice]", "too-few-approvers 6:38");
    wrong("above: 5, from: []", "empty-list 6:33");
    wrong("above: 5, from: awa", "wrong-type 6:33");
    wrong("above: 5, from: [awa, AWA]", "duplicate-approver 6:39");
    wrong("above: 5, from: [awa, \" awa \"]", "duplicate-approver 6:39");
    wrong("above: 5, from: [\" \"]", "bad-approver 6:34");
    wrong("above: 5, within: 59s", "bad-duration 6:35");
    wrong("above: 5, within: 73h", "bad-duration 6:35");
}

#[test]
fn a_canary_moves_a_little() {
    let of = |text: &str| {
        let policy = good(&plus(text)).policies.remove(0);
        (policy.mode, policy.canary)
    };
    let canary = |max: &[(Currency, i64)]| {
        let max = max.iter().map(|(currency, amount)| (*currency, Amount::whole(*amount))).collect();
        Some(Canary { share: "1%".parse().unwrap(), max })
    };
    assert_eq!(of("mode: canary\ncanary: { share: 1% }"), (Mode::Canary, canary(&[])));
    let text = "mode: canary\ncanary: { share: 1%, max: 50_000 XAF }";
    assert_eq!(of(text), (Mode::Canary, canary(&[(Currency::XAF, 50_000)])));
    assert_eq!(of("canary: { share: 1% }").0, Mode::Live, "without effect");

    check(&plus("mode: canary"), &["missing-key 6:11"]);
    check(&plus("mode: canary\ncanary: { max: 500 }"), &["missing-key 7:13"]);
    check(&plus("canary: { share: 0% }"), &["bad-percent 6:22"]);
    check(&plus("canary: { share: 101% }"), &["bad-percent 6:22"]);
    check(&plus("canary: { share: 1% , max: 99 }"), &["limit-too-small 6:32"]);
    check(&plus("mode: canary\ncanary:"), &["empty-value 7:5"]);
    check(&plus("mode: Canary"), &["bad-mode 6:11"]);
}

#[test]
fn a_duration_is_met_with_what_was_meant() {
    for (text, expected) in [
        ("6 h", "write 6h"),
        ("6H", "write 6h"),
        ("30min", "write 30m"),
        ("2 hours", "write 2h"),
        ("1d", "write 24h: durations are in s, m or h"),
        ("1h30m", "write a whole number and s, m or h: 90s, 15m, 6h"),
        ("soon", "write a whole number and s, m or h: 90s, 15m, 6h"),
    ] {
        let found = findings(&[&plus(&format!("catch_up: {text}"))]);
        assert_eq!((found[0].code, found[0].hint.as_str()), ("bad-duration", expected), "{text}");
    }
}
