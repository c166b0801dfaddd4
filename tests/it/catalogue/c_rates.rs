//! C: exchange rates, shown and applied, and how KPay rounds.

use super::stage::{Scene, each};
use crate::played::row;
use treasuryd::sandbox::{Rounding, SandboxSettings};

// C10: rate changes between plan and apply · applied rate recorded; slippage limit only gates before the send.
#[test]
fn c10_the_applied_rate_is_booked_and_not_the_shown_one() {
    let _row = row!();
    let play = Scene::across().open();
    play.faults(&["rate-moves=1.0200"]);
    play.once().with_code(0);
    play.settle(1, 1);
    let entry = play.evidence().entries.remove(0);
    let rates = (entry["exchange_rate"].as_str(), entry["indicative_rate"].as_str(), entry["rate_source"].as_str());
    assert_eq!(rates, ("1.0200", "1.0153", "response"));
}

// C11: rate 0, negative, absent · no cross-currency send; the slot stays open for a usable one.
#[test]
fn c11_without_a_usable_rate_nothing_crosses_currencies() {
    let _row = row!();
    let rules = [
        "no-rate@always",
        "bad-rate=0@always",
        "bad-rate=-1.0153@always",
        "bad-rate=NaN@always",
        "bad-rate=1e3@always",
        "bad-rate=null@always",
        "bad-rate=\"\"@always",
        "rate:http-500@always",
        "rate:cut-body@always",
    ];
    each(&rules, |rule| {
        let play = Scene::across().open();
        play.faults(&[rule]);
        play.once();
        play.settle(0, 1);
    });
}

// C12: rounding: destination ≠ source × rate · book the provider's figures.
#[test]
fn c12_kpays_own_figures_are_booked_however_it_rounds() {
    let _row = row!();
    let mut rows = Vec::new();
    for rounding in [Rounding::Exact, Rounding::HalfUp, Rounding::HalfEven, Rounding::Floor] {
        rows.extend([147_501, 147_500, 100_101, 1_999_999].map(|holds| (rounding, holds)));
    }
    each(&rows, |(rounding, holds)| {
        let sandbox = SandboxSettings { rounding: *rounding, ..SandboxSettings::default() };
        let play = Scene { wallets: vec![("CMR", *holds), ("SEN", 0)], sandbox, ..Scene::across() }.open();
        play.once().with_code(0);
        play.settle(1, 1);
        play.merchant.treasuryd(&["ledger", "balance", "--json"]).with_code(0);
    });
}
