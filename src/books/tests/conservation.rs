//! Conservation (I8) under every rounding of KPay's (C12).

use super::super::testing::{amount, applied, at, decided, facts, found, intent, rate};
use super::{after, booked};
use crate::books::{AccountBalance, Entry, EntryKind, Folder, Posting, TrialBalance};
use crate::intent::{AppliedFacts, Evidence};
use crate::money::{Amount, Currency, Money, Rate};
use proptest::prelude::*;
use rust_decimal::RoundingStrategy;

/// What a KPay of the given habit credits.
fn credit(sent: Amount, applied_rate: Rate, decimals: u32, habit: RoundingStrategy) -> Amount {
    Amount::new((sent.decimal() * applied_rate.decimal()).round_dp_with_strategy(decimals, habit))
}

const HABITS: [RoundingStrategy; 3] =
    [RoundingStrategy::ToZero, RoundingStrategy::MidpointAwayFromZero, RoundingStrategy::MidpointNearestEven];

fn crossing(sent: Amount, applied_rate: Rate, credited: Amount, fee: Amount) -> AppliedFacts {
    let mut given = facts("1", None, None);
    given.amount = sent;
    given.exchange_rate = Some(applied_rate);
    given.credited = Some(Money { amount: credited, currency: Currency::XOF });
    given.fee = fee.is_positive().then_some(Money { amount: fee, currency: Currency::XAF });
    given
}

/// C12, I8: whatever KPay's rounding, the provider's figures stand, wallets move by exactly them, clearing by exactly the
/// converted amount, the residue is all that is left, and each currency sums to zero.
fn check_conservation(entry: &Entry, given: &AppliedFacts) {
    let sum_of = |wanted: &dyn Fn(&Posting) -> bool| {
        let chosen = entry.postings.iter().filter(|posting| wanted(posting)).map(|posting| posting.money.amount);
        chosen.fold(Amount::ZERO, |sum, amount| sum.checked_add(amount).unwrap())
    };
    let on = |name: &str| sum_of(&|posting| posting.account.to_string() == name);
    for currency in [Currency::XAF, Currency::XOF] {
        assert_eq!(sum_of(&|posting| posting.money.currency == currency), Amount::ZERO);
    }
    let credited = given.credited.unwrap().amount;
    let fee = given.fee.map_or(Amount::ZERO, |fee| fee.amount);
    let converted = given.amount.decimal() - fee.decimal();
    let exact = converted * given.exchange_rate.unwrap().decimal();
    assert_eq!(on("wallet:CMR").decimal(), -given.amount.decimal());
    assert_eq!(on("wallet:SEN"), credited);
    assert_eq!(on("fees:kpay"), fee);
    assert_eq!(on("fx-clearing:XAF").decimal(), converted);
    assert_eq!(on("fx-clearing:XOF").decimal(), -exact);
    assert_eq!(on("fx-residue:XOF").decimal(), exact - credited.decimal());
    assert_eq!(entry.residue.unwrap().amount.decimal(), credited.decimal() - exact);
}

#[test]
fn c12_a_hundred_thousand_amounts_under_three_roundings_balance() {
    let (mut folder, mut balance) = (Folder::new(), TrialBalance::new());
    let mut random: u64 = 0x5eed;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut residues = 0_u32;
    for seq in (1..200_000_u64).step_by(2) {
        let sent = amount(&format!("{}.{:02}", 100 + next(9_999_900), next(100)));
        let applied_rate = rate(&format!("{}.{:04}", next(3), 1 + next(9_999)));
        let habit = HABITS[usize::try_from(next(3)).unwrap()];
        let credited = credit(sent, applied_rate, u32::try_from(next(3)).unwrap(), habit);
        let given = crossing(sent, applied_rate, credited, Amount::ZERO);
        let mut begun = intent("T", "CMR>SEN", "1", None);
        begun.amount = sent;
        folder.apply(seq, at(0), &decided(vec![begun])).unwrap();
        let entry = folder.apply(seq + 1, at(0), &applied("T", Evidence::Response, given.clone())).unwrap().unwrap();
        check_conservation(&entry, &given);
        residues += u32::from(entry.residue.unwrap().amount != Amount::ZERO);
        balance.add(&entry).unwrap();
    }
    assert!(residues > 50_000, "only {residues} had a residue: the roundings were not exercised");
    balance.totals().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn c12_with_fees_and_fractions(
        cents in 10_000_u64..1_000_000_000,
        fee_cents in 0_u64..10_000,
        rate_digits in 1_u64..99_999_999,
        decimals in 0_u32..3,
        habit in 0_usize..3,
    ) {
        let hundredths = |value: u64| amount(&format!("{}.{:02}", value / 100, value % 100));
        let applied_rate = rate(&format!("{}.{:06}", rate_digits / 1_000_000, rate_digits % 1_000_000));
        let (sent, fee) = (hundredths(cents), hundredths(fee_cents));
        let credited = credit(sent.checked_sub(fee).unwrap(), applied_rate, decimals, HABITS[habit]);
        let given = crossing(sent, applied_rate, credited, fee);
        let entry = booked(&after("CMR>SEN", "1", &[applied("T", Evidence::Response, given.clone())])).remove(0);
        check_conservation(&entry, &given);

        // The same figures in two steps, the reply lost first, end in the same accounts.
        let lost = AppliedFacts { exchange_rate: None, credited: None, fee: None, ..given.clone() };
        let two_steps =
            booked(&after("CMR>SEN", "1", &[applied("T", Evidence::Conflict, lost), found("T", given)]));
        let mut once = TrialBalance::new();
        once.add(&entry).unwrap();
        let mut twice = TrialBalance::new();
        for entry in &two_steps {
            twice.add(entry).unwrap();
        }
        let settled = |balance: &TrialBalance| -> Vec<AccountBalance> {
            balance.accounts().into_iter().filter(|line| line.balance != Amount::ZERO).collect()
        };
        prop_assert_eq!(settled(&once), settled(&twice));
        prop_assert_eq!(two_steps[1].kind, EntryKind::Correction);
    }
}
