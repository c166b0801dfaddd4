//! C: balances as KPay shows them, and what may not be believed.

use super::stage::{Scene, each};
use crate::played::row;
use treasuryd::money::Amount;
use treasuryd::sandbox::{OverviewNaming, OverviewShape, SandboxSettings};

/// Plays a fault on the balances with Gabon and Congo as sources: `now` transfers move under it, `at_last` once it ends.
fn check(rule: &str, code: i32, now: usize, at_last: usize) {
    let play = Scene::two().open();
    play.faults(&[&format!("balances:{rule}@always")]);
    let ended = play.once();
    assert_eq!(ended.code, Some(code), "{rule}: {ended:?}");
    play.settle(now, at_last);
}

// C1: negative balance · never a source; wallet flagged.
#[test]
fn c01_a_negative_balance_is_never_a_source() {
    let _row = row!();
    check("negative=GAB", 0, 1, 1);
}

// C2: wallet or country missing, list empty · pairs touching it skipped; not read as 0.
#[test]
fn c02_a_missing_wallet_is_unknown_and_not_zero() {
    let _row = row!();
    // By the contract `wallet_missing` closes the slot; a reply without any wallet is no reading and leaves it open.
    check("drop-wallet=GAB", 0, 1, 1);
    let play = Scene { wallets: vec![("GAB", 130_000)], ..Scene::default() }.open();
    play.faults(&["drop-wallet=GAB@always"]);
    play.once().with_code(75);
    play.settle(0, 1);
}

// C2, wherever KPay shows the wallets and whatever it calls them.
#[test]
fn c02_wallets_are_found_in_every_shape() {
    let _row = row!();
    let shapes = [
        OverviewShape::Array,
        OverviewShape::Wallets,
        OverviewShape::Data,
        OverviewShape::Balances,
        OverviewShape::DataWallets,
        OverviewShape::Absent,
    ];
    let rows: Vec<_> =
        shapes.iter().flat_map(|it| [(*it, OverviewNaming::Plain), (*it, OverviewNaming::Coded)]).collect();
    each(&rows, |(overview, overview_naming)| {
        let (overview, overview_naming) = (*overview, *overview_naming);
        let sandbox =
            SandboxSettings { overview, overview_naming, balance_country: true, ..SandboxSettings::default() };
        let play = Scene { sandbox, ..Scene::two() }.open();
        play.once().with_code(0);
        play.settle(2, 2);
    });
    // Three countries in one currency and no country in the rows: nobody can say whose they are.
    let sandbox = SandboxSettings { overview: OverviewShape::Absent, ..SandboxSettings::default() };
    let play = Scene { sandbox, ..Scene::two() }.open();
    play.once().with_code(75);
    play.judge(0);
}

// C3: number as string · a plain decimal string is read exactly, anything else refused.
// C4: NaN, 1e400, 1e20, more than 28 digits, fractions · refused; a fraction in XAF is read exactly, never rounded.
#[test]
fn c03_c04_figures_are_read_exactly_or_not_at_all() {
    let _row = row!();
    let rows = [
        ("\"130000\"", 0, 2, 2),
        ("130000.75", 0, 2, 2),
        ("\"130000.9999\"", 0, 2, 2),
        ("\"130 000\"", 0, 1, 1),
        ("\"130,000\"", 0, 1, 1),
        ("\"1e5\"", 0, 1, 1),
        ("\"+130000\"", 0, 1, 1),
        ("\"0x1\"", 0, 1, 1),
        ("\"\"", 0, 1, 1),
        ("null", 0, 1, 1),
        ("true", 0, 1, 1),
        ("1e400", 0, 1, 1),
        ("1e20", 0, 1, 1),
        ("1.3e5", 0, 1, 1),
        ("130000.00000000000000000000000000001", 0, 1, 1),
        ("99999999999999999999999999999999", 0, 1, 1),
        ("NaN", 75, 0, 2),
        ("Infinity", 75, 0, 2),
        ("0130000", 75, 0, 2),
    ];
    each(&rows, |(text, code, now, at_last)| check(&format!("bad-balance=GAB:{text}"), *code, *now, *at_last));
}

// C5: duplicate country or duplicate key · reject the response.
#[test]
fn c05_a_wallet_or_a_key_twice_moves_nothing() {
    let _row = row!();
    each(
        &["duplicate-row=GAB", "bad-balance=GAB:130000,\"balance\":130000", "bad-balance=GAB:1,\"country\":\"COG\""],
        |rule| {
            check(rule, 75, 0, 2);
        },
    );
}

// C6: unknown currency, or one that changed between reads · wallet frozen, alert.
#[test]
fn c06_a_wallet_in_another_currency_is_frozen() {
    let _row = row!();
    each(&["XOF", "KES"], |currency| check(&format!("swap-currency=GAB:{currency}"), 0, 1, 1));
}

// C7: stale balance (exactly the figure read before our own applied move) · `balance_stale`: no further outflow from it.
#[test]
fn c07_a_figure_from_before_our_own_move_is_not_spent_again() {
    let _row = row!();
    each(&[1, 2, 3, 6], |lag| {
        let play = Scene::default().open();
        let stale = format!("stale-balance={lag}@always");
        play.faults(&[&stale]);
        play.once().with_code(0);
        play.judge(1);
        for day in 1..4 {
            play.once_later(day);
            play.judge(1);
        }
        play.faults(&[]);
        play.merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(40_000)).unwrap();
        play.once_later(4).with_code(0);
        play.judge(2);
    });
}

// C13: 99, 100, 10,000,000, 10,000,001, remainder chunk < 100 · exact bounds; leave the remainder.
#[test]
fn c13_amounts_at_the_bounds() {
    let _row = row!();
    let rows: [(i64, &[i64]); 8] = [
        (99, &[]),
        (100, &[100]),
        (10_000_000, &[10_000_000]),
        (10_000_001, &[10_000_000]),
        (10_000_099, &[10_000_000]),
        (10_000_100, &[10_000_000, 100]),
        (20_000_000, &[10_000_000, 10_000_000]),
        (20_000_050, &[10_000_000, 10_000_000]),
    ];
    each(&rows, |(surplus, parts)| {
        let play = Scene { wallets: vec![("CMR", 0), ("GAB", 100_000 + surplus)], ..Scene::default() }.open();
        play.once().with_code(0);
        let moved: Vec<_> = play.books().transfers.iter().map(|entry| entry.amount).collect();
        assert_eq!(moved, parts.iter().map(|part| Amount::whole(*part)).collect::<Vec<_>>(), "{surplus}");
        play.settle(parts.len(), parts.len());
    });
}
