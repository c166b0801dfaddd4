//! Good files and what they mean; hints.

use super::*;
use crate::model::WalletId;
use crate::money::Country;
use crate::policy::{ExpectedMove, Mode, Rule, Source, Sweep};
use chrono::TimeDelta;

fn wallet(country: Country) -> WalletId {
    WalletId::of(country).unwrap()
}

fn sweep_of(set: &PolicySet) -> &Sweep {
    let Rule::Sweep(sweep) = &set.policies[0].rule else { panic!("a sweep") };
    sweep
}

/// The sources of a sweep into CMR as `GAB 250000/100000` (above/keep).
fn check_sources(text: &str, expected: &[&str]) {
    let set = good(&sweep(&format!("{{ into: CMR, {text} }}")));
    let shown = |source: &Source| format!("{} {}/{}", source.wallet, source.above, source.keep);
    assert_eq!(sweep_of(&set).sources.iter().map(shown).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn the_example_of_the_contract_means_what_it_says() {
    let text = r#"
version: 1                         # required
timezone: Africa/Douala            # for every schedule in the file; default UTC
reserves:                          # floors that no policy may break
  CMR: 500_000 XAF
policies:
  - name: consolidate-cemac        # kebab-case, unique over all files
    description: Gabon and Congo into Cameroon
    schedule: "0 18 * * MON-FRI"
    sweep:
      from: [GAB, { wallet: COG, above: 150_000 XAF }]
      into: CMR
      above: 250_000 XAF
      keep: 100_000 XAF
    limits:
      min_transfer: 5_000 XAF
      max_transfer: 5_000_000 XAF
      max_per_slot: 10_000_000 XAF
      max_per_day: 20_000_000 XAF
      round_down_to: 1_000 XAF
    fx: { allow: true }
    mode: live
    enabled: true
    priority: 100
    catch_up: 6h
    holidays: [2026-12-25]
    tests:
      - name: sweeps the surplus
        balances: { GAB: 400_000 XAF, COG: 90_000 XAF, CMR: 0 XAF }
        expect: [ { from: GAB, to: CMR, amount: 300_000 XAF } ]
"#;
    let set = good(text);
    assert_eq!(set.hash, hash(&files(&[text])));
    assert_eq!(set.reserves, [(wallet(Country::CMR), Amount::whole(500_000))].into());
    let policy = set.get("consolidate-cemac").unwrap();
    assert_eq!((policy.file.as_str(), policy.line, policy.priority), ("p/a.yaml", 7, 100));
    assert_eq!(policy.description, "Gabon and Congo into Cameroon");
    assert_eq!((policy.schedule.text(), policy.schedule.zone().name()), ("0 18 * * MON-FRI", "Africa/Douala"));
    assert_eq!((policy.mode, policy.enabled, policy.fx.allow), (Mode::Live, true, true));
    assert_eq!(policy.catch_up, TimeDelta::hours(6));
    assert_eq!(policy.limits.round_down_to, [(Currency::XAF, Amount::whole(1_000))].into());
    assert_eq!(policy.limits.max_per_day, [(Currency::XAF, Amount::whole(20_000_000))].into());
    let case = &policy.tests[0];
    assert_eq!((case.name.as_str(), case.line, case.balances.len()), ("sweeps the surplus", 28, 3));
    let amount = crate::money::Money { amount: Amount::whole(300_000), currency: Currency::XAF };
    let (from, to) = (wallet(Country::GAB), wallet(Country::CMR));
    assert_eq!(case.expect, [ExpectedMove { from, to: to.into(), amount }]);
}

#[test]
fn a_test_may_say_when_at_which_rates_and_what_is_under_way() {
    let text = "tests:
  - name: x
    at: 2026-12-24 18:00
    balances: { GAB: 1 }
    rates: { XAF/XOF: 1.0153 }
    open: [{ from: GAB, to: CMR, amount: 500 XAF }]
    expect: [{ from: GAB, to: CMR, reason: lane_open }]";
    let set = good(&format!("timezone: Africa/Douala\n{}", plus(text)));
    let case = &set.policies[0].tests[0];
    let (from, to) = (wallet(Country::GAB), wallet(Country::CMR));
    let amount = crate::money::Money { amount: Amount::whole(500), currency: Currency::XAF };
    assert_eq!(case.at.unwrap().to_rfc3339(), "2026-12-24T17:00:00+00:00");
    assert_eq!(case.rates, [((Currency::XAF, Currency::XOF), "1.0153".parse().unwrap())].into());
    assert_eq!((&case.open[..], &case.expect[..]), (&[ExpectedMove { from, to: to.into(), amount }][..], &[][..]));
    let lane = crate::model::Lane::between(from, to);
    assert_eq!(case.refused, [crate::policy::ExpectedReason { lane, reason: crate::model::Reason::LaneOpen }]);
}

#[test]
fn a_source_takes_its_own_trigger_and_floor_first() {
    check_sources("from: [GAB], above: 250_000, keep: 100_000", &["GAB 250000/100000"]);
    check_sources("from: [GAB], above: \"250 000 XAF\"", &["GAB 250000/250000"]);
    check_sources(
        "from: [{ wallet: COG, above: 150_000 }, GAB], above: 250_000, keep: 100_000",
        &["COG 150000/100000", "GAB 250000/100000"],
    );
    check_sources("from: [{ wallet: COG, above: 150_000 }], above: 250_000", &["COG 150000/150000"]);
    check_sources("from: [{ wallet: COG, above: 9, keep: 0.5 }]", &["COG 9/0.5"]);
    check_sources("from: [{ wallet: COG, keep: 0 XAF }], above: 0", &["COG 0/0"]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let policy = good(&plus("")).policies.remove(0);
    assert_eq!((policy.mode, policy.enabled, policy.fx.allow, policy.priority), (Mode::Live, true, false, 100));
    assert_eq!((policy.catch_up, policy.schedule.zone()), (TimeDelta::hours(6), chrono_tz::Tz::UTC));
    assert!(policy.limits.max_transfer.is_empty() && policy.tests.is_empty() && policy.description.is_empty());
    for (text, seconds) in [("90s", 90), ("15m", 900), ("24h", 86_400), ("\"1s\"", 1)] {
        let set = good(&plus(&format!("catch_up: {text}")));
        assert_eq!(set.policies[0].catch_up.num_seconds(), seconds);
    }
}

#[test]
fn policies_come_by_priority_then_name_and_text_is_tame() {
    let named = |name: &str, priority: u32, from: &str| {
        plus(&format!("priority: {priority}")).replace("name: a", &format!("name: {name}")).replace("GAB", from)
    };
    let texts = [named("z", 5, "GAB"), named("b", 100, "COG"), named("a", 100, "SEN").replace("CMR", "CIV")];
    let set = parse(&files(&[&texts[0], &texts[1], &texts[2]])).unwrap().set;
    assert_eq!(set.policies.iter().map(|policy| policy.name.as_str()).collect::<Vec<_>>(), ["z", "a", "b"]);
    let set = good(&plus("description: |\n  two\n  lines \u{202e}"));
    assert_eq!(set.policies[0].description, "two lines \\u{202e}");
    let windows = plus("mode: shadow").replace('\n', "\r\n");
    assert_eq!(good(&format!("\u{feff}{windows}")).policies[0].mode, Mode::Shadow);
}

#[test]
fn hints_name_what_was_meant() {
    for (text, expected) in [
        (plus("shedule: 1"), "did you mean `schedule`?"),
        (plus("above: 5"), "`above` belongs in `sweep`; look at the indentation"),
        (plus("").replace("name: a", "name: My Sweep"), "at most 63 characters: my-sweep"),
        (format!("timezone: Douala\n{}", plus("")), "did you mean Africa/Douala?"),
        (format!("timezone: WAT\n{}", plus("")), "Africa/Douala an hour ahead of it"),
        (format!("timezone: GMT+1\n{}", plus("")), "Africa/Douala an hour ahead of it"),
        (format!("timezone: +01:00\n{}", plus("")), "Africa/Douala an hour ahead of it"),
        (plus("holidays: holidays.yaml"), "holds for all of them, without being named"),
        (plus("").replace("GAB", "Gabon"), "did you mean GAB?"),
        (plus("").replace("GAB", "ga"), "did you mean GAB?"),
        (plus("").replace("GAB", "FRA"), "one of CMR, GAB, COG, SEN, CIV, BEN, KEN, COD, UGA, RWA"),
        (plus("enabled: no"), "write true or false"),
        (plus("").replace("\"0 18 * * *\"", "* * * * *"), "put a cron expression in quotes"),
        (sweep("{ from: GAB, into: CMR, above: 1 }"), "from: [GAB]"),
    ] {
        let found = findings(&[&text]);
        assert!(found.iter().any(|one| one.hint.contains(expected)), "{expected}\n{found:#?}");
    }
}

#[test]
fn the_examples_in_the_repository_are_good_and_have_tests() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut examples = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("# yaml-language-server: $schema=schema.json\n"), "{}", path.display());
            examples.push(SourceFile { path: path.display().to_string(), text });
        }
    }
    assert!(examples.len() >= 7);
    let parsed = parse(&examples).unwrap();
    assert_eq!(parsed.warnings, []);
    for policy in &parsed.set.policies {
        assert!(policy.tests.len() >= 2 && !policy.description.is_empty(), "{}", policy.name);
    }
    for example in &examples {
        let alone = std::slice::from_ref(example);
        assert!(parse(alone).is_ok(), "{} stands on its own", example.path);
    }
}
