//! Golden files in both languages, and that nothing a policy says is left out.

use super::*;
use crate::model::WalletId;
use crate::money::{Amount, Country, Currency};
use crate::policy::{Approval, Canary, FxReference, Mode, Portion, SourceFile, parse};
use crate::slot::{Schedule, Window};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

const FILES: [&str; 3] = ["consolidation", "funding", "payouts"];
const LANGUAGES: [(&str, Language); 2] = [("en", Language::English), ("fr", Language::French)];

fn path(name: &str) -> String {
    format!("{}/tests/data/explain/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn set(name: &str) -> PolicySet {
    let text = std::fs::read_to_string(path(&format!("{name}.yaml"))).unwrap();
    parse(&[SourceFile { path: format!("{name}.yaml"), text }]).unwrap().set
}

#[test]
fn the_golden_files_are_what_is_said() {
    for name in FILES {
        for (code, language) in LANGUAGES {
            let said = format!("{}\n", explain(&set(name), None, language).render());
            let golden = path(&format!("{name}.{code}.txt"));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&golden, &said).unwrap();
            }
            let committed = std::fs::read_to_string(&golden).unwrap_or_default();
            assert_eq!(said, committed, "write it anew: UPDATE_GOLDEN=1 cargo test --lib policy::explain, and read it");
        }
    }
}

#[test]
fn lines_fit_and_french_figures_hold_together() {
    for name in FILES {
        for (_, language) in LANGUAGES {
            for line in explain(&set(name), None, language).render().lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
        let french = explain(&set(name), None, Language::French);
        for sentence in french.policies.iter().flat_map(|it| &it.paragraphs).flat_map(|it| &it.sentences) {
            let in_words = sentence.split('`').step_by(2).collect::<String>();
            let letters: Vec<char> = in_words.chars().collect();
            for three in letters.windows(3).filter(|three| three[1] == ' ') {
                let parted = three[0].is_ascii_digit() && three[2].is_ascii_digit();
                assert!(!parted && ![':', ';', '%', '?', '!'].contains(&three[2]), "{sentence}");
            }
        }
    }
}

type Change = (&'static str, usize, fn(&mut Policy));

fn a_wallet(code: &str) -> WalletId {
    WalletId::of(code.parse::<Country>().unwrap()).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn money(amount: i64) -> BTreeMap<Currency, Amount> {
    Currency::ALL.into_iter().map(|currency| (currency, Amount::whole(amount))).collect()
}

fn approval(policy: &mut Policy) -> &mut Approval {
    policy.approval.as_mut().unwrap()
}

/// Every field of a policy, each changed alone; by the place of the policy in its set (`funding` from 10 on, `payouts` from 20 on).
const CHANGES: [Change; 51] = [
    ("name", 0, |it| it.name = "other".into()),
    ("description", 0, |it| it.description = "Other".into()),
    ("schedule", 0, |it| it.schedule = Schedule::new("0 17 * * MON-FRI", it.schedule.zone(), BTreeSet::new()).unwrap()),
    ("odd schedule", 0, |it| {
        it.schedule = Schedule::new("0 17 * 3 +MON", it.schedule.zone(), BTreeSet::new()).unwrap();
    }),
    ("zone", 0, |it| it.schedule = Schedule::new("0 18 * * MON-FRI", chrono_tz::UTC, BTreeSet::new()).unwrap()),
    ("window", 0, |it| it.schedule = it.schedule.clone().with_window(Window::default())),
    ("not after", 0, |it| {
        let not_after = NaiveTime::from_hms_opt(20, 0, 0);
        it.schedule = it.schedule.clone().with_window(Window { not_after, ..it.schedule.window() });
    }),
    ("closed", 0, |it| it.closed.clear()),
    ("closed later", 0, |it| drop(it.closed.insert(Country::CMR, [day("2027-02-11")].into()))),
    ("into", 0, |it| sweep(it).into = a_wallet("SEN")),
    ("source", 0, |it| sweep(it).sources[0].wallet = a_wallet("KEN")),
    ("order", 0, |it| sweep(it).sources.reverse()),
    ("above", 0, |it| sweep(it).sources[0].above = Amount::whole(7)),
    ("keep", 0, |it| sweep(it).sources[0].keep = Amount::whole(7)),
    ("portion", 0, |it| sweep(it).portion = Portion::Fraction("7%".parse().unwrap())),
    ("fraction", 1, |it| sweep(it).portion = Portion::Fraction("7%".parse().unwrap())),
    ("fixed", 2, |it| sweep(it).portion = Portion::Fixed(money(7))),
    ("min_transfer", 0, |it| it.limits.min_transfer = money(7)),
    ("max_transfer", 0, |it| it.limits.max_transfer = money(7)),
    ("max_per_slot", 0, |it| it.limits.max_per_slot = money(7)),
    ("no max_per_slot", 0, |it| it.limits.max_per_slot.clear()),
    ("max_per_day", 0, |it| it.limits.max_per_day = money(7)),
    ("no max_per_day", 0, |it| it.limits.max_per_day.clear()),
    ("round_down_to", 0, |it| it.limits.round_down_to = money(7)),
    ("fx.allow", 2, |it| it.fx.allow = false),
    ("fx.max_spread", 2, |it| it.fx.max_spread = None),
    ("fx.max_spread", 2, |it| it.fx.max_spread = Some("7%".parse().unwrap())),
    ("fx.reference", 2, |it| it.fx.reference = Some(FxReference::Last)),
    ("fx.reference", 10, |it| it.fx.reference = Some(FxReference::Last)),
    ("no approval", 0, |it| it.approval = None),
    ("approval.above", 0, |it| approval(it).above = money(7)),
    ("approval.approvers", 0, |it| approval(it).approvers = 1),
    ("approval.from", 0, |it| approval(it).from.clear()),
    ("approval.within", 0, |it| approval(it).within = None),
    ("mode", 0, |it| it.mode = Mode::Shadow),
    ("mode", 10, |it| it.mode = Mode::Live),
    ("canary.share", 10, |it| it.canary = Some(Canary { share: "7%".parse().unwrap(), max: BTreeMap::new() })),
    ("canary.max", 10, |it| it.canary.as_mut().unwrap().max = money(7)),
    ("enabled", 0, |it| it.enabled = false),
    ("priority", 0, |it| it.priority = 7),
    ("catch_up", 0, |it| it.catch_up = TimeDelta::minutes(7)),
    ("top_up.below", 10, |it| top_up(it).below = Amount::whole(7)),
    ("top_up.to", 10, |it| top_up(it).to = Amount::whole(7)),
    ("top_up.keep", 10, |it| top_up(it).sources[0].keep = Amount::whole(7)),
    ("weights", 11, |it| rebalance(it).weights[0].1 = "7%".parse().unwrap()),
    ("tolerance", 11, |it| rebalance(it).tolerance = "7%".parse().unwrap()),
    ("base", 11, |it| rebalance(it).base = Currency::KES),
    ("payout.above", 20, |it| payout(it).source.above = Amount::whole(7)),
    ("payout.keep", 20, |it| payout(it).source.keep = Amount::whole(7)),
    ("payout.to", 20, |it| payout(it).to = "MTN_MOMO_CMR:237653456780".parse().unwrap()),
    ("payout.name", 20, |it| payout(it).name = None),
];

fn sweep(policy: &mut Policy) -> &mut crate::policy::Sweep {
    let Rule::Sweep(sweep) = &mut policy.rule else { panic!("{} does not sweep", policy.name) };
    sweep
}

fn top_up(policy: &mut Policy) -> &mut crate::policy::TopUp {
    let Rule::TopUp(top_up) = &mut policy.rule else { panic!("{} does not top up", policy.name) };
    top_up
}

fn payout(policy: &mut Policy) -> &mut crate::policy::Payout {
    let Rule::Payout(payout) = &mut policy.rule else { panic!("{} does not pay out", policy.name) };
    payout
}

fn rebalance(policy: &mut Policy) -> &mut crate::policy::Rebalance {
    let Rule::Rebalance(rebalance) = &mut policy.rule else { panic!("{} does not rebalance", policy.name) };
    rebalance
}

#[test]
fn whatever_is_changed_is_said() {
    const NAMES: [&str; 3] = ["consolidate-cemac", "half-of-uemoa", "same-sum-home"];
    const FUNDING: [&str; 2] = ["fund-senegal", "balance-cemac"];
    for (field, index, change) in CHANGES {
        let (file, name) = match index {
            0..10 => (FILES[0], NAMES[index]),
            10..20 => (FILES[1], FUNDING[index - 10]),
            _ => (FILES[2], "pay-rent"),
        };
        let before = set(file);
        let mut after = before.clone();
        change(after.policies.iter_mut().find(|it| it.name == name).unwrap());
        for (_, language) in LANGUAGES {
            let said = explain(&before, None, language).render();
            assert_ne!(said, explain(&after, None, language).render(), "{field} of {name} is not said");
        }
    }
}

#[test]
fn one_policy_comes_with_the_reserves_of_its_wallets_only() {
    let set = set("consolidation");
    let one = explain(&set, Some("half-of-uemoa"), Language::English);
    assert_eq!((one.policies.len(), one.reserves), (1, None));
    let one = explain(&set, Some("consolidate-cemac"), Language::English);
    let reserves = one.reserves.unwrap().sentences;
    assert!(reserves.iter().all(|it| it.starts_with("Gabon keeps at least")), "{reserves:?}");
    assert_eq!(reserves.len(), 2);
}

#[test]
fn there_are_two_languages() {
    assert_eq!("fr".parse(), Ok(Language::French));
    assert_eq!("en".parse(), Ok(Language::English));
    for wrong in ["", "FR", "de", "en-GB"] {
        assert!(wrong.parse::<Language>().is_err(), "{wrong}");
    }
}
