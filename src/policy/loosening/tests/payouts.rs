//! Payouts before and after: whatever lets more leave, or lets somebody else be paid, waits to be accepted.

use super::*;
use crate::policy::Payout;

const LANDLORD: &str = "MTN_MOMO_CMR:237653456789";

fn pay_rent() -> Policy {
    let source = source("CMR", "1000000", "600000");
    let rule = Rule::Payout(Payout { source, to: LANDLORD.parse().unwrap(), name: Some("landlord".into()) });
    let mut policy = Policy::bare("pay-rent", daily(), rule);
    policy.limits.max_transfer = per([(Currency::XAF, "300000")]);
    policy.limits.max_per_day = per([(Currency::XAF, "900000")]);
    policy.approval =
        Some(Approval { above: per([(Currency::XAF, "500000")]), approvers: 2, from: vec![], within: None });
    policy
}

fn with_rent(set: &mut PolicySet) {
    set.policies.push(pay_rent());
}

fn the_rent(set: &mut PolicySet) -> &mut Policy {
    set.policies.iter_mut().find(|it| it.name.starts_with("pay-")).unwrap()
}

fn the_payout(set: &mut PolicySet) -> &mut Payout {
    match &mut the_rent(set).rule {
        Rule::Payout(payout) => payout,
        other => panic!("{other:?}"),
    }
}

/// Looser one way, no looser on the way back.
#[test]
fn more_may_leave() {
    check_from(
        with_rent,
        |set| the_payout(set).source.above = amount("700000"),
        &["above: pay-rent pays out of CMR above 700 000 XAF instead of above 1 000 000 XAF"],
    );
    check_from(
        with_rent,
        |set| the_payout(set).source.keep = amount("500000"),
        &["keep: pay-rent keeps 500 000 XAF in CMR instead of 600 000 XAF"],
    );
    check_from(
        with_rent,
        |set| the_rent(set).limits.max_transfer = per([(Currency::XAF, "400000")]),
        &["max-transfer: pay-rent pays up to 400 000 XAF in one payout instead of 300 000 XAF"],
    );
    check_from(
        with_rent,
        |set| the_rent(set).limits.max_per_day.clear(),
        &["max-per-day: pay-rent has no limit of its own on what it pays a day in XAF; it was 900 000 XAF"],
    );
    check_from(
        with_rent,
        |set| the_rent(set).approval = None,
        &["approval: pay-rent asks for no approval in XAF any more; it did above 500 000 XAF"],
    );
    check_from(with_rent, |set| set.reserves.clear(), &["reserve: the reserve of CMR is gone; it was 500 000 XAF"]);
}

#[test]
fn a_policy_that_pays_begins_to() {
    check(
        with_rent,
        &[
            "policy: pay-rent is new and pays MTN_MOMO_CMR:237653456789 out of CMR",
            "destination: pay-rent pays MTN_MOMO_CMR:237653456789, whom no policy paid before",
        ],
    );
    let disabled = |set: &mut PolicySet| {
        with_rent(set);
        the_rent(set).enabled = false;
    };
    check_both(disabled, |set| the_rent(set).enabled = true, &["enabled: pay-rent is switched on; it was off"]);
}

/// Neither way is the safer one: somebody else is paid, and both wait.
#[test]
fn somebody_else_is_paid() {
    for (to, words) in [
        ("MTN_MOMO_CMR:237653456780", "another number"),
        ("ORANGE_CMR:237653456789", "another operator"),
        ("AIRTEL_GAB:24174000001", "another country"),
    ] {
        let mut old = set();
        with_rent(&mut old);
        let mut new = old.clone();
        the_payout(&mut new).to = to.parse().unwrap();
        for (before, after, paid) in [(&old, &new, to), (&new, &old, LANDLORD)] {
            let expected = [
                format!("destination: pay-rent pays {paid}, whom no policy paid before"),
                format!("lane: pay-rent pays {paid} out of CMR now"),
            ];
            assert_eq!(lines(&loosenings(before, after)), expected, "{words}");
        }
    }
}

#[test]
fn a_name_of_the_same_number_and_what_sends_nothing_wait_for_nobody() {
    let mut old = set();
    with_rent(&mut old);
    assert_eq!(differences(&old, &old), []);
    let mut new = old.clone();
    the_payout(&mut new).name = None;
    assert_eq!(lines(&loosenings(&old, &new)), Vec::<String>::new());
    the_rent(&mut new).mode = Mode::Shadow;
    the_payout(&mut new).to = "ORANGE_CMR:237653456780".parse().unwrap();
    assert_eq!(lines(&loosenings(&old, &new)), Vec::<String>::new());
}
