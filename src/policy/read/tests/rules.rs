//! What each kind of rule means, and where each mistake in one is found.

use super::*;
use crate::money::Percent;
use crate::policy::{Portion, Rule};

/// A good file but for what the policy does, whose key begins at 5:5.
fn kind(text: &str, extra: &str) -> String {
    with("", extra).replace("sweep: ", text)
}

fn rule_of(text: &str) -> Rule {
    good(text).policies.remove(0).rule
}

/// The lanes of a policy, in their order.
fn lanes(text: &str) -> String {
    rule_of(text).lanes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_zone_is_its_wallets_in_the_order_of_the_table_without_the_destination() {
    let from = |text: &str| sweep(&format!("{{ from: {text}, into: CMR, above: 1 }}"));
    for (text, expected) in [
        ("zone(CEMAC)", "GAB>CMR COG>CMR"),
        ("[zone(CEMAC)]", "GAB>CMR COG>CMR"),
        ("zone(CEMAC), except: [GAB]", "COG>CMR"),
        ("[zone(CEMAC), { wallet: GAB, above: 5 }], except: [GAB]", "COG>CMR GAB>CMR"),
    ] {
        assert_eq!(lanes(&from(text)), expected, "{text}");
    }
    let crossing = with("{ from: [zone(UEMOA), COG], into: CMR, above: 1 }", "fx: { allow: true }");
    assert_eq!(lanes(&crossing), "SEN>CMR CIV>CMR BEN>CMR COG>CMR");
    check(&from("zone(CEMAC), except: [SEN]"), &["bad-except 5:42"]);
    check(&from("[GAB], except: [GAB]"), &["bad-except 5:36"]);
    check(&from("zone(CEMAC), except: [GAB, GAB]"), &["bad-except 5:47"]);
    check(&from("zone(CEMAC), except: GAB"), &["wrong-type 5:41"]);
    check(&from("zone(CEMAC), except: [GAB, COG]"), &["empty-zone 5:20"]);
    check(&from("[zone(CEMAC), GAB]"), &["duplicate-source 5:34"]);
    check(&from("[zone(CEMAC), zone(CEMAC)]"), &["duplicate-source 5:34"]);
    check(&from("[zone(UEMOA)]"), &["fx-not-allowed 5:21"]);
    for (text, hint) in [
        ("zone(cemac)", "write zone(CEMAC)"),
        ("Zone(CEMAC)", "write zone(CEMAC)"),
        ("zone (CEMAC)", "write zone(CEMAC)"),
        ("zone(CEMAC", "write zone(CEMAC)"),
        ("zone(GAB)", "GAB is a country: write [GAB]"),
        ("zone(EU)", "write zone(CEMAC) or zone(UEMOA)"),
    ] {
        let found = findings(&[&from(text)]);
        assert_eq!((found[0].code, found[0].column, found[0].hint.as_str()), ("unknown-zone", 20, hint), "{text}");
    }
    assert_eq!(findings(&[&from("[zone(GAB)]")])[0].hint, "GAB is a country: write GAB");
    let bare = findings(&[&from("[CEMAC]")]);
    assert!(bare[0].hint.starts_with("zone(CEMAC) stands in `from`"), "{bare:?}");
}

#[test]
fn amounts_may_be_written_by_currency() {
    let two = |above: &str, extra: &str| {
        with(&format!("{{ from: [GAB, SEN], into: CMR, above: {above} }}"), &format!("fx: {{ allow: true }}\n{extra}"))
    };
    let Rule::Sweep(found) = rule_of(&two("{ XAF: 250_000, XOF: 200_000 XOF }", "")) else { panic!("a sweep") };
    let shown = |one: &crate::policy::Source| format!("{} {}/{}", one.wallet, one.above, one.keep);
    assert_eq!(found.sources.iter().map(shown).collect::<Vec<_>>(), ["GAB 250000/250000", "SEN 200000/200000"]);
    check(&two("{ XAF: 250_000 }", ""), &["missing-currency 5:50"]);
    check(&two("{ XAF: 250_000, XOF: 5 XAF }", ""), &["wrong-currency 5:71"]);
    check(&two("{ XAF: 250_000, CFA: 5 }", ""), &["unknown-currency 5:66"]);
    check(&two("{ XAF: 250,000 , XOF: 5 }", ""), &["unknown-currency 5:61"]);
    check(&two("{}", ""), &["empty-map 5:50"]);
    check(&two("5 XAF", ""), &["wrong-currency 5:50"]);

    let limits = |text: &str| two("5", &format!("limits: {{ max_per_slot: {text} }}"));
    let set = good(&limits("{ XAF: 5_000, XOF: 4_000 }"));
    let both = [(Currency::XAF, Amount::whole(5_000)), (Currency::XOF, Amount::whole(4_000))];
    assert_eq!(set.policies[0].limits.max_per_slot, both.into());
    check(&limits("{ XAF: 5_000 }"), &["missing-currency 7:29"]);
    assert!(!findings(&[&limits("{ XAF: 5_000 }")])[0].is_error());
    check(&limits("{ XAF: 5_000, XOF: 5_000, KES: 5_000 }"), &["wrong-currency 7:60"]);
    check(&limits("{ XAF: 5_000, XOF: 50 }"), &["limit-too-small 7:48"]);
    check(&limits("{ XAF: 5_000, XOF: 500.5 }"), &["not-sendable 7:48"]);
    check(&limits("[5_000]"), &["wrong-type 7:29"]);
}

#[test]
fn a_sweep_may_send_a_share_or_a_fixed_amount() {
    let portion = |text: &str| sweep(&format!("{{ from: [GAB], into: CMR, above: 1_000, {text} }}"));
    let of = |text: &str| match rule_of(&portion(text)) {
        Rule::Sweep(sweep) => sweep.portion,
        other => panic!("{other:?}"),
    };
    assert_eq!(of("keep: 5"), Portion::Surplus);
    assert_eq!(of("fraction: 50%"), Portion::Fraction("50%".parse::<Percent>().unwrap()));
    let fixed = Portion::Fixed([(Currency::XAF, Amount::whole(100_000))].into());
    assert_eq!((of("fixed: 100_000 XAF"), of("fixed: { XAF: 100_000 }")), (fixed.clone(), fixed));
    for wrong in ["50", "0.5", "0%", "100.1%", "50 %", "-5%", ".5%", "050%", "1,5%", "half"] {
        check(&portion(&format!("fraction: {wrong:?}")), &["bad-percent 5:62"]);
    }
    check(&portion("fraction: 50%, fixed: 100_000"), &["two-portions 5:67"]);
    check(&portion("fixed: 99"), &["limit-too-small 5:59"]);
    check(&portion("fixed: 100.5"), &["not-sendable 5:59"]);
    check(&portion("fixed: 100 XOF"), &["wrong-currency 5:59"]);
    check(&portion("fixed: { XOF: 500 }"), &["wrong-currency 5:66"]);
}

#[test]
fn a_top_up_has_its_levels_and_its_sources() {
    let top_up = |text: &str| kind(&format!("top_up: {{ {text} }}"), "fx: { allow: true }");
    let text = "wallet: SEN, below: 200_000 XOF, to: 500_000 XOF, from: [CIV, { wallet: CMR, keep: 1_000_000 XAF }]";
    let Rule::TopUp(found) = rule_of(&top_up(text)) else { panic!("a top-up") };
    assert_eq!((found.below, found.to), (Amount::whole(200_000), Amount::whole(500_000)));
    let shown = |one: &crate::policy::TopUpSource| format!("{} {}", one.wallet, one.keep);
    assert_eq!(found.sources.iter().map(shown).collect::<Vec<_>>(), ["CIV 0", "CMR 1000000"]);
    assert_eq!(lanes(&top_up(text)), "CIV>SEN CMR>SEN");
    assert_eq!(lanes(&top_up("wallet: SEN, below: 200, to: 200, from: zone(UEMOA), except: [BEN]")), "CIV>SEN");

    check(&top_up("wallet: SEN, below: 2, from: [CIV]"), &["missing-key 5:13"]);
    check(&top_up("wallet: SEN, below: 3, to: 2, from: [CIV]"), &["to-under-below 5:42"]);
    check(&top_up("wallet: SEN, below: 0, to: 2, from: [CIV]"), &["limit-too-small 5:35"]);
    check(&top_up("wallet: SEN, below: 1 XAF, to: 2, from: [CIV]"), &["wrong-currency 5:35"]);
    check(&top_up("wallet: SEN, below: { XOF: 1 }, to: 2, from: [CIV]"), &["wrong-type 5:35"]);
    check(&top_up("wallet: SEN, below: 1, to: 2, from: [SEN]"), &["same-wallet 5:52"]);
    check(&top_up("wallet: SEN, below: 1, to: 2, from: [CIV, { wallet: CIV }]"), &["duplicate-source 5:67"]);
    check(&top_up("wallet: SEN, below: 1, to: 2, from: [{ wallet: CIV, keep: 5 XAF }]"), &["wrong-currency 5:73"]);
    check(&top_up("wallet: SEN, below: 1, to: 2, from: [{ wallet: CIV, above: 5 }]"), &["unknown-key 5:67"]);
    check(&top_up("wallet: SEN, below: 1, to: 2, from: []"), &["empty-list 5:51"]);
    check(&top_up("wallet: SEN, below: 1, to: 200, from: [CIV], into: CMR"), &["unknown-key 5:60"]);
    check(&kind("top_up: { wallet: SEN, below: 1, to: 2, from: [CMR] }", ""), &["fx-not-allowed 5:52"]);
}

#[test]
fn the_weights_of_a_rebalance_are_the_whole() {
    let weights = |text: &str| kind(&format!("rebalance: {{ weights: {{ {text} }}, tolerance: 5%, base: XAF }}"), "");
    let Rule::Rebalance(found) = rule_of(&weights("CMR: 50%, GAB: 30.5%, COG: 19.5%")) else { panic!("a rebalance") };
    let shown = |one: &(crate::model::WalletId, Percent)| format!("{} {}", one.0, one.1);
    assert_eq!(found.weights.iter().map(shown).collect::<Vec<_>>(), ["CMR 50%", "GAB 30.5%", "COG 19.5%"]);
    assert_eq!((found.tolerance.to_string(), found.base), ("5%".to_owned(), Currency::XAF));
    assert_eq!(lanes(&weights("CMR: 50%, GAB: 50%")), "CMR>GAB GAB>CMR");

    check(&weights("CMR: 50%, GAB: 49.9%"), &["weights-not-whole 5:27"]);
    check(&weights("CMR: 50%, GAB: 50.1%"), &["weights-not-whole 5:27"]);
    assert_eq!(findings(&[&weights("CMR: 50%, GAB: 30%")])[0].hint, "20% is missing");
    check(&weights("CMR: 100%"), &["too-few-weights 5:27"]);
    check(&weights("CMR: 50, GAB: 50%"), &["bad-percent 5:34"]);
    check(&weights("CMR: 100%, GAB: 0%"), &["bad-percent 5:45"]);
    check(&weights("CMR: 50%, CMR: 50%"), &["too-few-weights 5:27", "duplicate-key 5:39"]);
    check(&weights("CMR: 50%, FRA: 50%"), &["unknown-country 5:39"]);
    check(&weights("CMR: 50%, SEN: 50%"), &["fx-not-allowed 5:29", "fx-not-allowed 5:39"]);
    let other = |rest: &str| kind(&format!("rebalance: {{ weights: {{ CMR: 50%, GAB: 50% }}, {rest} }}"), "");
    check(&other("tolerance: 5%"), &["missing-key 5:16"]);
    check(&other("tolerance: 5, base: XAF"), &["bad-percent 5:62"]);
    check(&other("tolerance: 0%, base: XAF"), &["bad-percent 5:62"]);
    check(&other("tolerance: 100%, base: XAF"), &["bad-percent 5:62"]);
    check(&other("tolerance: 5%, base: EUR"), &["unknown-currency 5:72"]);
}

#[test]
fn a_policy_does_exactly_one_thing() {
    check(&plus("top_up: { wallet: CMR, below: 1, to: 2, from: [GAB] }"), &["two-kinds 6:5"]);
    let none = findings(&[&plus("").replace("    sweep", "    # sweep")]);
    assert_eq!(
        (none.len(), none[0].message.as_str()),
        (1, "a policy needs `sweep`, `top_up`, `rebalance` or `payout`")
    );
}
