//! Small histories computed by hand, wrong files, conservation and repetition. The replay's tests are in `replayed`.

use super::*;
use crate::model::{Environment, Timestamp, WalletId};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::Caps;
use crate::policy::{PolicySet, SourceFile, parse};
use proptest::prelude::*;
use std::collections::BTreeMap;

mod replayed;

fn set(text: &str) -> PolicySet {
    parse(&[SourceFile { path: "a.yaml".into(), text: text.into() }]).unwrap_or_else(|errors| panic!("{errors:?}")).set
}

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn amount(text: &str) -> Amount {
    text.replace('_', "").parse().unwrap()
}

fn caps() -> Caps {
    Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() }
}

fn run(set: &PolicySet, history: &History, rates: &[(&str, &str, &str)]) -> Trace {
    let pair = |(from, to, rate): &(&str, &str, &str)| {
        ((from.parse::<Currency>().unwrap(), to.parse::<Currency>().unwrap()), rate.parse::<Rate>().unwrap())
    };
    let rates = rates.iter().map(pair).collect();
    let setting = Setting { policies: set, caps: &caps(), environment: Environment::Sandbox, rates: &rates };
    simulate(history, setting, |_| {}).unwrap()
}

fn history(csv: &str) -> History {
    History::of_readings(&read_csv(&format!("at,country,currency,available\n{csv}")).unwrap()).unwrap().unwrap()
}

const HOME: &str = "version: 1
timezone: UTC
reserves: { GAB: 50_000 }
policies:
  - name: home
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB], into: CMR, above: 250_000, keep: 100_000 }
";

/// Wallet, then start, flows, in, out, end, hours below floor, idle.
type Row = (&'static str, [&'static str; 5], i64, Option<&'static str>);

#[test]
fn small_histories_come_to_what_the_hand_computes() {
    // The sweep of 18:00 takes 230 000; the 20 000 that left at noon the next day are left out of its 130 000.
    let two_days = "2026-11-24T12:00:00Z,GAB,XAF,330000\n2026-11-24T12:00:00Z,CMR,XAF,0\n\
        2026-11-25T12:00:00Z,GAB,XAF,380000\n2026-11-25T12:00:00Z,CMR,XAF,-5\n";
    // Idle: 230 000 over six hours of 24, nothing after it.
    check(
        HOME,
        two_days,
        &[],
        &[
            ("CMR", ["0", "-5", "230000", "0", "229995"], 0, None),
            ("GAB", ["330000", "50000", "0", "230000", "150000"], 0, Some("57500")),
        ],
        "1 moves, 0 below",
    );
    // A slot at the very first reading counts; below the reserve for the rest of a day.
    let drained = "2026-11-24T18:00:00Z,GAB,XAF,330000\n2026-11-24T18:00:00Z,CMR,XAF,0\n\
        2026-11-25T06:00:00Z,GAB,XAF,270000\n2026-11-25T18:00:00Z,GAB,XAF,270000\n";
    check(
        HOME,
        drained,
        &[],
        &[
            ("CMR", ["0", "0", "230000", "0", "230000"], 0, None),
            ("GAB", ["330000", "-60000", "0", "230000", "40000"], 12, Some("0")),
        ],
        "1 moves, 1 below",
    );
    // Across currencies: 200 000 at 0.985 bring 197 000, so the change costs 3 000.
    let abroad = "version: 1\ntimezone: UTC\npolicies:\n  - name: dakar\n    schedule: \"0 18 * * *\"\n    \
        fx: { allow: true }\n    sweep: { from: [SEN], into: CMR, above: 250_000, keep: 100_000 }\n";
    let one_day = "2026-11-24T17:00:00Z,SEN,XOF,300000\n2026-11-24T17:00:00Z,CMR,XAF,10\n\
        2026-11-24T19:00:00Z,SEN,XOF,300000\n";
    check(
        abroad,
        one_day,
        &[("XOF", "XAF", "0.985")],
        &[
            ("CMR", ["10", "0", "197000", "0", "197010"], 0, None),
            ("SEN", ["300000", "0", "0", "200000", "100000"], 0, Some("100000")),
        ],
        "1 moves, 0 below",
    );
}

fn check(policies: &str, csv: &str, rates: &[(&str, &str, &str)], expected: &[Row], counted: &str) {
    let figures = run(&set(policies), &history(csv), rates).figures;
    let rows: Vec<Row> = expected.to_vec();
    for (found, (wallet, amounts, hours, idle)) in figures.wallets.iter().zip(&rows) {
        let got = [found.start, found.flows, found.moved_in, found.moved_out, found.end].map(|it| it.to_string());
        assert_eq!((found.wallet.to_string(), got), ((*wallet).to_owned(), amounts.map(str::to_owned)), "{csv}");
        assert_eq!(found.seconds_below_floor, hours * 3_600, "{wallet} in {csv}");
        assert_eq!(found.idle.map(|it| it.to_string()).as_deref(), *idle, "{wallet} in {csv}");
    }
    assert_eq!(figures.wallets.len(), rows.len());
    let skipped: usize = figures.skips.iter().map(|it| it.count).sum();
    assert_eq!(format!("{} moves, {skipped} below", figures.moves), counted, "{csv}");
    if let [cost] = figures.fx_cost.as_slice() {
        assert_eq!(cost.amount, Amount::whole(3_000));
    }
}

#[test]
fn wrong_files_are_told_with_their_place() {
    let good = "at,country,currency,available\n";
    let row = "2026-11-24T17:00:00Z,GAB,XAF,330000\n";
    for (text, place, word) in [
        (String::new(), "1:1", "first line"),
        ("at,country,available\n".to_owned(), "1:1", "first line"),
        (good.to_owned(), "1:1", "no reading"),
        (format!("{good}2026-11-24T17:00:00Z,GAB,XAF\n"), "2:1", "3 cells"),
        (format!("{good}2026-11-24T17:00:00Z,GAB,XAF,1,2\n"), "2:1", "5 cells"),
        (format!("{good}2026-11-24 17:00,GAB,XAF,1\n"), "2:1", "not an instant"),
        (format!("{good}2026-11-24T17:00:00Z,gab,XAF,1\n"), "2:22", "country"),
        (format!("{good}2026-11-24T17:00:00Z,FRA,XAF,1\n"), "2:22", "country"),
        (format!("{good}2026-11-24T17:00:00Z,GAB,EUR,1\n"), "2:26", "currency"),
        (format!("{good}2026-11-24T17:00:00Z,GAB,XOF,1\n"), "2:26", "GAB holds XAF, not XOF"),
        (format!("{good}2026-11-24T17:00:00Z,GAB,XAF,1e5\n"), "2:30", "plain decimal"),
        (format!("{good}2026-11-24T17:00:00Z,GAB,XAF,1 000\n"), "2:30", "plain decimal"),
        (format!("{good}2026-11-24T17:00:00Z,GAB,XAF,\n"), "2:30", "plain decimal"),
        (format!("{good}2026-11-24T17:00:00Z,\"GAB,XAF,1\n"), "2:22", "quote"),
        (format!("{good}{row}{row}"), "3:22", "twice"),
        (format!("{good}{row}2026-11-24T18:00:00+01:00,GAB,XAF,5\n"), "3:27", "twice"),
        (format!("{good}{row}2026-11-24T16:00:00Z,CMR,XAF,5\n"), "3:1", "older"),
    ] {
        let error = read_csv(&text).unwrap_err();
        assert_eq!(format!("{}:{}", error.line, error.column), place, "{text:?}: {error}");
        assert!(error.what.contains(word), "{text:?}: {error}");
    }
    let odd = "\u{feff}at,country,currency,available\r\n\"2026-11-24T18:00:00+01:00\",GAB,XAF,-12.50\r\n\r\n";
    let read = read_csv(odd).unwrap();
    assert_eq!((read[0].at, read[0].available), (at("2026-11-24T17:00:00Z"), amount("-12.5")));
}

#[test]
fn specs_are_read_or_refused_and_make_the_same_history_each_time() {
    let spec: Spec = "days=3,seed=7,wallets=GAB:300000+CMR:0,daily=50000".parse().unwrap();
    let made = generate(&spec);
    assert_eq!(made, generate(&spec.clone()));
    assert_eq!((made.len(), made[0].available), ((3 * 24 + 1) * 2, Amount::whole(300_000)));
    assert_ne!(made, generate(&Spec { seed: 8, ..spec }));
    for wrong in [
        "",
        "days=0,wallets=GAB",
        "days=3",
        "wallets=",
        "wallets=GAB+GAB",
        "wallets=FRA:1",
        "wallets=GAB:-1",
        "wallets=GAB,days=x",
        "wallets=GAB,hours=3",
        "wallets=GAB,start=2026-02-30",
    ] {
        assert!(wrong.parse::<Spec>().is_err(), "{wrong:?}");
    }
}

#[test]
fn one_run_is_told_to_programs_as_before() {
    let spec: Spec = "days=14,seed=7,wallets=GAB:300000+CMR:0,daily=50000".parse().unwrap();
    let history = History::of_readings(&generate(&spec)).unwrap().unwrap();
    let figures = run(&set(HOME), &history, &[]).figures;
    let text = serde_json::to_string_pretty(&figures).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/simulate.json");
    if std::env::var_os("UPDATE_SIMULATE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(path).unwrap(), "rewrite with UPDATE_SIMULATE=1");
}

#[test]
fn a_payout_costs_a_twentieth_and_a_transfer_nothing() {
    let check = |to: &str, rates: &[(&str, &str, &str)], paid: [&str; 3], fx_cost: &[&str], credited: &str| {
        let policy = format!(
            "version: 1\npolicies:\n  - name: rent\n    schedule: \"0 18 * * *\"\n    fx: {{ allow: true }}\n    payout: {{ \
             from: CMR, to: {to}, above: 100_000 }}\n"
        );
        let days = history("2026-11-24T12:00:00Z,CMR,XAF,150000\n2026-11-25T12:00:00Z,CMR,XAF,150000\n");
        let figures = run(&set(&policy), &days, rates).figures;
        let [only] = figures.paid_out.as_slice() else { panic!("{figures:?}") };
        assert_eq!((only.payouts, only.currency), (1, Currency::XAF));
        assert_eq!([only.gross, only.fee, only.net].map(|it| it.to_string()), paid, "{to}");
        assert_eq!(figures.fees.iter().map(|it| it.amount).collect::<Vec<_>>(), [only.fee]);
        assert_eq!(figures.fx_cost.iter().map(|it| it.amount.to_string()).collect::<Vec<_>>(), fx_cost);
        let written = serde_json::to_string(&figures).unwrap();
        assert_eq!((written.contains("237653456789"), written.matches(":237…789").count()), (false, 2), "{written}");
        let done = &figures.transfers[0];
        assert_eq!((done.fee, done.credited.to_string().as_str()), (only.fee, credited));
        let wallet = &figures.wallets[0];
        assert_eq!((wallet.moved_out, wallet.end), (only.gross, amount("100_000")));
    };
    let home = "{ provider: MTN_MOMO_CMR, phone: \"237653456789\" }";
    check(home, &[], ["50000", "2500", "47500"], &[], "47500");
    // The seed's own: what crossing brings over the peg is no part of the fee.
    let abroad = "{ provider: MTN_MOMO_CIV, phone: \"237653456789\" }";
    check(abroad, &[("XAF", "XOF", "1.0150")], ["50000", "2500", "47500"], &["-712.5"], "48212.5");
    let days = history("2026-11-24T12:00:00Z,GAB,XAF,330000\n2026-11-25T12:00:00Z,GAB,XAF,330000\n");
    let moved = run(&set(HOME), &days, &[]).figures;
    assert_eq!((moved.fees[0].amount, moved.paid_out.len()), (Amount::ZERO, 0));
    let share = crate::model::share_of_the_fee(crate::model::Kind::Payout);
    let percent = (share * rust_decimal::Decimal::ONE_HUNDRED).normalize();
    assert!(FEES.contains(&format!("{percent} % of a payout")), "{FEES}");
}

#[test]
fn two_sets_are_compared_figure_by_figure() {
    let days = history("2026-11-24T12:00:00Z,GAB,XAF,330000\n2026-11-25T12:00:00Z,GAB,XAF,330000\n");
    let first = run(&set(HOME), &days, &[]).figures;
    let second = run(&set(&HOME.replace("250_000", "500_000")), &days, &[]).figures;
    let found = differences(&first, &second);
    let of = |figure: &str, wallet: &str| {
        let row = found.iter().find(|it| it.figure == figure && it.wallet == wallet).unwrap();
        (row.first.map(|it| it.to_string()), row.second.map(|it| it.to_string()), row.change.map(|it| it.to_string()))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of("moves", ""), (some("1"), some("0"), some("-1")));
    assert_eq!(of("at the end", "GAB"), (some("100000"), some("330000"), some("230000")));
    assert_eq!(of("moved", ""), (some("230000"), None, None));
    assert_eq!(of("at the end", "CMR"), (some("230000"), None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Nothing is made and nothing lost: start, flows and moves give the end, and what is recorded goes by unchanged
    /// where no policy acts.
    #[test]
    fn money_is_conserved_and_a_run_repeats(seed in 0_u64..1_000, daily in 0_i64..200_000, days in 1_u32..20) {
        let spec = Spec { days, seed, daily, ..
            "wallets=GAB:300000+COG:0+CMR:0".parse().unwrap() };
        let readings = generate(&spec);
        let history = History::of_readings(&readings).unwrap().unwrap();
        let set = set(&HOME.replace("[GAB]", "[GAB, COG]"));
        let trace = run(&set, &history, &[]);
        prop_assert_eq!(&trace, &run(&set, &history, &[]));
        let mut sums = [Amount::ZERO; 2];
        for it in &trace.figures.wallets {
            let whole = it.start.checked_add(it.flows).and_then(|sum| sum.checked_add(it.moved_in)).unwrap();
            prop_assert_eq!(whole.checked_sub(it.moved_out).unwrap(), it.end);
            let wallet = WalletId::of(it.wallet).unwrap();
            let recorded = readings.iter().rfind(|reading| reading.wallet == wallet).unwrap().available;
            prop_assert_eq!(it.start.checked_add(it.flows).unwrap(), recorded);
            sums = [sums[0].checked_add(it.end).unwrap(), sums[1].checked_add(recorded).unwrap()];
        }
        prop_assert_eq!(sums[0], sums[1]);
        prop_assert!(trace.figures.transfers.iter().all(|it| it.from != Country::CMR));
    }
}
