//! Each guard, both ways.

use super::*;

#[test]
fn reserves() {
    check(
        |set| {
            set.reserves.insert(wallet("CMR"), amount("200000"));
        },
        &["reserve: the reserve of CMR is 200 000 XAF instead of 500 000 XAF"],
    );
    check(|set| set.reserves.clear(), &["reserve: the reserve of CMR is gone; it was 500 000 XAF"]);
    check_from(
        |set| set.calendar.push(payroll("5000000", 24, 2)),
        |set| set.calendar.clear(),
        &["reserve: the reserve of CMR on days 24 to 2 of the month is 500 000 XAF instead of 5 000 000 XAF"],
    );
    check_from(
        |set| set.calendar.push(payroll("5000000", 24, 2)),
        |set| set.calendar[0].during = MonthDays::new(25, 1).unwrap(),
        &["reserve: the reserve of CMR on days 2, 24 of the month is 500 000 XAF instead of 5 000 000 XAF"],
    );
    check_from(
        |set| set.calendar.push(payroll("5000000", 24, 2)),
        |set| set.calendar[0].amount = amount("4000000"),
        &["reserve: the reserve of CMR on days 24 to 2 of the month is 4 000 000 XAF instead of 5 000 000 XAF"],
    );
    check_from(
        |set| {
            set.reserves.clear();
            set.calendar.push(payroll("5000000", 31, 31));
        },
        |set| set.calendar.clear(),
        &["reserve: the reserve of CMR on day 31 of the month is gone; it was 5 000 000 XAF"],
    );
}

/// The same floor, written in another way, is no difference at all.
#[test]
fn a_floor_written_otherwise_is_the_same_floor() {
    let old = set();
    let mut new = old.clone();
    new.reserves.clear();
    new.calendar = vec![payroll("500000", 1, 15), payroll("500000", 16, 31)];
    assert_eq!(differences(&old, &new), []);
    assert_eq!(differences(&new, &old), []);
    new.calendar.pop();
    assert_eq!(
        lines(&loosenings(&old, &new)),
        ["reserve: the reserve of CMR on days 16 to 31 of the month is 0 XAF instead of 500 000 XAF"]
    );
}

#[test]
fn sweeps() {
    check(
        |set| the_sweep(set).sources[0].keep = amount("50000"),
        &["keep: consolidate-cemac keeps 50 000 XAF in GAB instead of 100 000 XAF"],
    );
    check(
        |set| the_sweep(set).sources[1].above = amount("140000"),
        &["above: consolidate-cemac takes from COG above 140 000 XAF instead of above 150 000 XAF"],
    );
    check_from(
        |set| the_sweep(set).portion = Portion::Fraction(percent("50%")),
        |set| the_sweep(set).portion = Portion::Fraction(percent("60%")),
        &["portion: consolidate-cemac sends 60% of the surplus instead of 50% of the surplus"],
    );
    check_from(
        |set| the_sweep(set).portion = Portion::Fixed(per([(Currency::XAF, "100000")])),
        |set| the_sweep(set).portion = Portion::Surplus,
        &["portion: consolidate-cemac sends all of the surplus instead of 100 000 XAF each time"],
    );
    check_from(
        |set| the_sweep(set).portion = Portion::Fixed(per([(Currency::XAF, "100000")])),
        |set| the_sweep(set).portion = Portion::Fixed(per([(Currency::XAF, "200000")])),
        &["portion: consolidate-cemac sends 200 000 XAF each time instead of 100 000 XAF each time"],
    );
    check(
        |set| the_sweep(set).sources.push(source("KEN", "5000", "5000")),
        &["lane: consolidate-cemac moves money from KEN to CMR as well"],
    );
}

#[test]
fn top_ups_and_rebalancing() {
    check(
        |set| the_top_up(set).below = amount("300000"),
        &["below: fund-senegal fills SEN below 300 000 XOF instead of below 200 000 XOF"],
    );
    check(
        |set| the_top_up(set).to = amount("600000"),
        &["to: fund-senegal fills SEN up to 600 000 XOF instead of 500 000 XOF"],
    );
    check(
        |set| the_top_up(set).sources[1].keep = amount("900000"),
        &["keep: fund-senegal keeps 900 000 XAF in CMR instead of 1 000 000 XAF"],
    );
    check(
        |set| the_rebalance(set).tolerance = percent("4%"),
        &["tolerance: balance-cemac moves when a share is off by more than 4 points instead of 5"],
    );
}

/// Neither way is the safer one: both wait.
#[test]
fn other_weights_send_money_elsewhere() {
    let old = set();
    let mut new = old.clone();
    the_rebalance(&mut new).weights[0].1 = percent("60%");
    the_rebalance(&mut new).weights[1].1 = percent("20%");
    let there = lines(&loosenings(&old, &new));
    assert_eq!(
        there,
        [
            "weights: balance-cemac brings CMR to 60% of the whole instead of 50%",
            "weights: balance-cemac brings GAB to 20% of the whole instead of 30%",
        ]
    );
    assert_eq!(loosenings(&new, &old).len(), 2);
    the_rebalance(&mut new).weights = the_rebalance(&mut set()).weights.clone();
    the_rebalance(&mut new).base = Currency::XOF;
    assert_eq!(lines(&loosenings(&old, &new)), ["base: balance-cemac compares the wallets in XOF instead of XAF"]);
}

#[test]
fn limits() {
    check(
        |set| {
            set.policies[0].limits.max_per_day.insert(Currency::XAF, amount("30000000"));
        },
        &["max-per-day: consolidate-cemac moves up to 30 000 000 XAF a day instead of 20 000 000 XAF"],
    );
    check(
        |set| set.policies[0].limits.max_per_slot.clear(),
        &["max-per-slot: consolidate-cemac has no limit of its own on what moves a slot in XAF; it was 10 000 000 XAF"],
    );
    check(
        |set| {
            set.policies[0].limits.max_transfer.insert(Currency::XAF, amount("6000000"));
        },
        &["max-transfer: consolidate-cemac moves up to 6 000 000 XAF in one transfer instead of 5 000 000 XAF"],
    );
    check(
        |set| set.policies[0].limits.min_transfer.clear(),
        &["min-transfer: consolidate-cemac moves sums of at least 0 XAF instead of 5 000 XAF"],
    );
    check(
        |set| {
            set.policies[0].limits.round_down_to.insert(Currency::XAF, amount("500"));
        },
        &["round-down-to: consolidate-cemac rounds down to 500 XAF instead of 1 000 XAF"],
    );
}

#[test]
fn a_limit_without_effect_is_none() {
    let mut old = set();
    old.policies[0].limits.max_transfer.clear();
    let mut new = old.clone();
    new.policies[0].limits.max_transfer = per([(Currency::XAF, "15000000")]);
    new.policies[0].limits.max_per_day.insert(Currency::KES, amount("5"));
    assert_eq!(differences(&old, &new), []);
}

#[test]
fn modes() {
    check_from(
        |set| set.policies[1].mode = Mode::Shadow,
        |set| set.policies[1].mode = Mode::Live,
        &["mode: fund-senegal sends for real; it was in shadow"],
    );
    let canary = |set: &mut PolicySet| {
        set.policies[1].mode = Mode::Canary;
        let max = per([(Currency::XAF, "50000"), (Currency::XOF, "50000")]);
        set.policies[1].canary = Some(Canary { share: percent("1%"), max });
    };
    check_from(
        |set| set.policies[1].mode = Mode::Shadow,
        canary,
        &["mode: fund-senegal sends a small share for real; it was in shadow"],
    );
    check_from(
        canary,
        |set| set.policies[1].mode = Mode::Live,
        &["mode: fund-senegal sends for real; it was a canary"],
    );
    check_from(
        canary,
        |set| set.policies[1].canary.as_mut().unwrap().share = percent("2%"),
        &["canary: fund-senegal sends 2% of the whole instead of 1%"],
    );
    check_from(
        canary,
        |set| {
            set.policies[1].canary.as_mut().unwrap().max.remove(&Currency::XOF);
        },
        &["canary: fund-senegal has no largest amount as a canary in XOF; it was 50 000 XOF"],
    );
    check_from(
        |set| set.policies[1].enabled = false,
        |set| set.policies[1].enabled = true,
        &["enabled: fund-senegal is switched on; it was off"],
    );
}

/// In shadow everything may be tried out; the day it goes live is the day to look.
#[test]
fn what_sends_nothing_loosens_nothing() {
    let old = set();
    let mut new = old.clone();
    for policy in &mut new.policies {
        policy.mode = Mode::Shadow;
        policy.limits = Limits::default();
        policy.approval = None;
    }
    the_sweep(&mut new).sources[0].keep = Amount::ZERO;
    new.policies.push(Policy { enabled: false, name: "more".into(), ..sweep() });
    assert_eq!(loosenings(&old, &new), []);
    let live = PolicySet { policies: vec![Policy { mode: Mode::Live, ..new.policies[0].clone() }], ..old.clone() };
    let told = lines(&loosenings(&new, &live));
    assert_eq!(told, ["mode: consolidate-cemac sends for real; it was in shadow"]);
}

#[test]
fn exchange() {
    check_from(
        |set| set.policies[1].fx = crate::policy::Fx::default(),
        |set| set.policies[1].fx.allow = true,
        &["fx-allow: fund-senegal may change money from one currency into another; it could not"],
    );
    check(
        |set| set.policies[1].fx.max_spread = Some(percent("2%")),
        &["fx-spread: fund-senegal accepts rates up to 2% off the reference instead of 1.5%"],
    );
    check(
        |set| set.policies[1].fx.max_spread = None,
        &["fx-spread: fund-senegal accepts any exchange rate; it was at most 1.5% off the reference"],
    );
    let other = |reference: FxReference| {
        let mut new = set();
        new.policies[1].fx.reference = Some(reference);
        lines(&loosenings(&set(), &new))
    };
    let written = |from, to, rate: &str| FxReference::Fixed([((from, to), rate.parse::<Rate>().unwrap())].into());
    let none: [&str; 0] = [];
    assert_eq!(other(FxReference::Peg), none, "the default for this pair");
    assert_eq!(other(written(Currency::XAF, Currency::XOF, "1.00")), none, "the peg, written out");
    assert_eq!(other(written(Currency::XOF, Currency::XAF, "1")), none, "the peg, written the other way round");
    assert_eq!(
        other(FxReference::Last),
        ["fx-reference: fund-senegal compares the rate XAF/XOF with the last applied one instead of the euro's peg"]
    );
    assert_eq!(
        other(written(Currency::XAF, Currency::XOF, "1.02")),
        ["fx-reference: fund-senegal compares the rate XAF/XOF with the written 1.02 instead of the euro's peg"]
    );
}

#[test]
fn approvals() {
    check(
        |set| {
            the_approval(set).above.insert(Currency::XAF, amount("6000000"));
        },
        &["approval: consolidate-cemac asks for approval above 6 000 000 XAF instead of 5 000 000 XAF"],
    );
    check(
        |set| set.policies[0].approval = None,
        &["approval: consolidate-cemac asks for no approval in XAF any more; it did above 5 000 000 XAF"],
    );
    check(
        |set| the_approval(set).approvers = 1,
        &["approvers: consolidate-cemac needs 1 person to approve instead of 2"],
    );
    check(
        |set| the_approval(set).from.push("chantal".into()),
        &["approval-from: chantal may approve consolidate-cemac as well"],
    );
    check(
        |set| the_approval(set).from.clear(),
        &["approval-from: anybody may approve consolidate-cemac; it was only awa, brice"],
    );
    check(
        |set| the_approval(set).within = Some(TimeDelta::minutes(1_470)),
        &["approval-within: consolidate-cemac may be approved for 24h 30min instead of 12h"],
    );
    check(
        |set| set.policies[2].catch_up = TimeDelta::hours(7),
        &["catch-up: balance-cemac makes up for a slot missed by 7h instead of 6h"],
    );
    let mut renamed = set();
    the_approval(&mut renamed).from = vec![" Awa".into(), "BRICE".into()];
    assert_eq!(differences(&set(), &renamed), [], "the same people");
}

#[test]
fn a_new_policy() {
    check_from(
        |set| {
            set.policies.remove(1);
        },
        |set| set.policies.push(top_up()),
        &[
            "policy: fund-senegal is new and sends money from CIV, CMR to SEN",
            "destination: fund-senegal sends money to SEN, where no policy sent any before",
        ],
    );
}

/// A new name is no way round, nor are two names changed into each other.
#[test]
fn a_renamed_policy_is_compared_with_what_it_was() {
    let old = set();
    let mut new = old.clone();
    new.policies[0].name = "sweep-cemac".into();
    the_sweep(&mut new).sources[0].keep = amount("50000");
    assert_eq!(
        lines(&loosenings(&old, &new)),
        [
            "name: sweep-cemac was called consolidate-cemac: a pause, and what it has moved today, do not follow to a \
             new name",
            "keep: sweep-cemac keeps 50 000 XAF in GAB instead of 100 000 XAF",
        ]
    );
    let mut swapped = old.clone();
    swapped.policies[0].name = "fund-senegal".into();
    swapped.policies[1].name = "consolidate-cemac".into();
    let told: Vec<_> = loosenings(&old, &swapped).into_iter().map(|it| it.what).collect();
    assert_eq!(told, ["name", "name"]);
}

#[test]
fn another_kind_of_rule_is_looked_at() {
    let old = set();
    let mut new = old.clone();
    new.policies[0].rule = new.policies[2].rule.clone();
    let told = lines(&loosenings(&old, &new));
    assert!(told.contains(&"rule: consolidate-cemac is a rebalancing now; it was a sweep".to_owned()), "{told:?}");
    assert!(told.contains(&"keep: consolidate-cemac keeps 0 XAF in GAB instead of 100 000 XAF".to_owned()), "{told:?}");
}

#[test]
fn what_guards_nothing_is_no_difference() {
    let old = set();
    let mut new = old.clone();
    new.hash = "other".into();
    new.reserves.insert(wallet("GAB"), Amount::ZERO);
    new.policies.rotate_left(1);
    for policy in &mut new.policies {
        policy.description = "other".into();
        policy.priority += 7;
        policy.line += 3;
        policy.file = "other.yaml".into();
    }
    assert_eq!(differences(&old, &new), []);
}

fn in_window(set: &mut PolicySet, window: Window) {
    let schedule = daily().with_window(window);
    set.policies[2].schedule = schedule;
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn times() {
    let cut_off = |hour| Window { not_after: NaiveTime::from_hms_opt(hour, 30, 0), ..Window::default() };
    check_both(
        |set| in_window(set, cut_off(18)),
        |set| in_window(set, cut_off(19)),
        &["not-after: balance-cemac may send until 19:30 instead of 18:30"],
    );
    check_both(
        |set| in_window(set, cut_off(18)),
        |set| in_window(set, Window::default()),
        &["not-after: balance-cemac may send until the day ends instead of 18:30"],
    );
    let active = |from: Option<&str>, until: Option<&str>| Window {
        from: from.map(day),
        until: until.map(day),
        not_after: None,
    };
    check_both(
        |set| in_window(set, active(Some("2026-12-01"), Some("2026-12-31"))),
        |set| in_window(set, active(Some("2026-11-01"), Some("2027-01-31"))),
        &[
            "active: balance-cemac runs from 2026-11-01 on instead of 2026-12-01",
            "active: balance-cemac runs until 2027-01-31 instead of 2026-12-31",
        ],
    );
    check_both(
        |set| in_window(set, active(Some("2026-12-01"), Some("2026-12-31"))),
        |set| in_window(set, Window::default()),
        &[
            "active: balance-cemac runs without a first day; it was 2026-12-01",
            "active: balance-cemac runs without a last day; it was 2026-12-31",
        ],
    );
}

#[test]
fn holidays() {
    let christmas = |set: &mut PolicySet| {
        let dates = BTreeSet::from([day("2026-12-25"), day("2027-01-01")]);
        set.policies[0].schedule = Schedule::new("0 18 * * *", chrono_tz::Africa::Douala, dates).unwrap();
    };
    check_both(
        christmas,
        |set| set.policies[0].schedule = daily(),
        &["holidays: consolidate-cemac runs on 2026-12-25, 2027-01-01; it stood still"],
    );
    let closed = |country: Country| {
        move |set: &mut PolicySet| {
            set.policies[0].closed.insert(country, BTreeSet::from([day("2026-12-25")]));
        }
    };
    check_both(
        closed(Country::GAB),
        |set| set.policies[0].closed.clear(),
        &["holidays: consolidate-cemac runs over GAB>CMR on 2026-12-25; it stood still"],
    );
    // The same days, written for the destination of every lane instead of the policy.
    let mut old = set();
    christmas(&mut old);
    let mut new = old.clone();
    new.policies[0].schedule = daily();
    new.policies[0].closed.insert(Country::CMR, BTreeSet::from([day("2026-12-25"), day("2027-01-01")]));
    assert_eq!(differences(&old, &new), []);
}

/// Running more often is looser, on more days as well as more often on one.
#[test]
fn a_denser_schedule() {
    let hourly = |set: &mut PolicySet, index: usize| {
        let schedule = Schedule::new("0 * * * *", chrono_tz::Africa::Douala, BTreeSet::new()).unwrap();
        set.policies[index].schedule = schedule;
    };
    check_both(
        |_| {},
        |set| hourly(set, 0),
        &["schedule: consolidate-cemac runs by `0 * * * *` instead of `0 18 * * *`"],
    );
    let by = |text: &'static str| {
        move |set: &mut PolicySet| {
            set.policies[0].schedule = Schedule::new(text, chrono_tz::Africa::Douala, BTreeSet::new()).unwrap();
        }
    };
    check_both(
        by("0 18 * * MON"),
        by("0 18 * * *"),
        &["schedule: consolidate-cemac runs by `0 18 * * *` instead of `0 18 * * MON`"],
    );
}
