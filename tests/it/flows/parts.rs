//! Amounts over the largest transfer: parts in order, each after the one before is applied, none below the smallest.

use super::tools::{deposit, lanes, lose_the_state, moved, once_at, one_policy, plan, posts, states};
use crate::support::Merchant;

fn gabon(holds: i64, limits: &str) -> Merchant {
    let merchant = Merchant::new(&[("GAB", holds), ("CMR", 0)]);
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 1_000_000 XAF }", limits));
    merchant
}

#[test]
fn parts_go_in_order_and_none_is_below_the_smallest() {
    for (surplus, limits, expected) in [
        (10_000_000, "", vec![10_000_000]),
        (10_000_001, "", vec![10_000_000]),
        (10_000_099, "", vec![10_000_000]),
        (10_000_100, "", vec![10_000_000, 100]),
        (25_000_050, "", vec![10_000_000, 10_000_000, 5_000_050]),
        (100_050, "limits: { max_transfer: 40_000 XAF }", vec![40_000, 40_000, 20_050]),
        (80_099, "limits: { max_transfer: 40_000 XAF }", vec![40_000, 40_000]),
        (100_999, "limits: { max_transfer: 40_500 XAF, round_down_to: 1_000 XAF }", vec![40_000, 40_000, 20_000]),
    ] {
        let merchant = gabon(1_000_000 + surplus, limits);
        merchant.once().with_code(0);
        let expected: Vec<String> = expected.iter().map(|amount| format!("GAB>CMR {amount}")).collect();
        assert_eq!(moved(&merchant), expected, "{surplus} {limits}");
        for (index, transfer) in merchant.books().transfers.iter().enumerate() {
            let part = format!("-GABCMR-{:02}-", index + 1);
            assert!(transfer.external_id.as_deref().unwrap().contains(&part), "{transfer:?}");
        }
    }
}

/// Ninety-nine parts are the most: the rest is told as `limit_reached` and stays.
#[test]
fn at_most_ninety_nine_parts() {
    let mut merchant = gabon(1_000_000 + 99 * 100 + 250, "limits: { max_transfer: 100 XAF }");
    merchant.set("limits", "max_transfers_per_hour = 1000");
    let made = plan(&merchant, &["--at", "2026-11-24T18:00:30Z"]);
    let lines = lanes(&made);
    assert_eq!(lines.len(), 100, "{lines:?}");
    assert_eq!(lines.last().unwrap(), "consolidate GAB>CMR limit_reached");
    assert_eq!(made["policies"][0]["transfers"][98]["parts"], 99);
}

#[test]
fn a_refused_part_ends_the_ones_behind_it() {
    let merchant = gabon(1_100_050, "limits: { max_transfer: 40_000 XAF }");
    merchant.bank().set_faults(&["ok=1", "message=400:no"]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 40000"]);
    assert_eq!(
        states(&merchant),
        ["GAB>CMR 40000 applied response", "GAB>CMR 40000 rejected -", "GAB>CMR 20050 cancelled -"]
    );
    assert_eq!(posts(&merchant), 2);
}

/// A part with a lost reply is settled before the next one goes.
#[test]
fn a_lost_part_is_settled_before_the_next_goes() {
    let merchant = gabon(1_100_050, "limits: { max_transfer: 40_000 XAF }");
    merchant.bank().set_faults(&["ok=1", "lost-after-apply"]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 40000", "GAB>CMR 40000", "GAB>CMR 20050"]);
    let evidence =
        ["GAB>CMR 40000 applied response", "GAB>CMR 40000 applied conflict", "GAB>CMR 20050 applied response"];
    assert_eq!(states(&merchant), evidence);
}

/// A 409 on the first attempt of a part says that an earlier self sent it: all later parts of the slot are off.
#[test]
fn a_foreign_conflict_cancels_the_later_parts() {
    let merchant = gabon(1_030_000, "limits: { max_transfer: 40_000 XAF }");
    merchant.once().with_code(0);
    lose_the_state(&merchant);
    deposit(&merchant, "GAB", 100_050);
    merchant.once().with_code(75);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    assert_eq!(
        states(&merchant),
        ["GAB>CMR 40000 needs_operator -", "GAB>CMR 40000 cancelled -", "GAB>CMR 20050 cancelled -"]
    );
    once_at(&merchant, "2026-11-25T18:00:30Z").with_code(75);
    assert_eq!(moved(&merchant)[1..], ["GAB>CMR 40000", "GAB>CMR 40000", "GAB>CMR 20050"]);
}
