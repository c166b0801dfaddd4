//! Random movements and payouts under random faults: no unit appears or disappears, and no id is applied twice.

use super::*;
use crate::sandbox::clock::Instant;
use crate::sandbox::transfer::{Order, Terms};
use crate::sandbox::withdrawal::PayoutTerms;
use crate::sandbox::world::{Moved, Shared};
use crate::sandbox::{AcceptedWithdrawal, Mode, Rounding};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// One step: from, to, amount in hundredths, id, whether money comes from outside first, fee in percent.
type Step = (usize, usize, i64, u8, bool, u8);

fn step() -> impl Strategy<Value = Step> {
    (0..5_usize, 0..5_usize, 0..5_000_000_i64, any::<u8>(), any::<bool>(), 0..3_u8)
}

const COUNTRIES: [Country; 5] = [Country::CMR, Country::GAB, Country::COG, Country::SEN, Country::KEN];

fn take(shared: &Shared, (from, to, hundredths, id, comes_in, fee): Step, now: Instant) {
    let amount = rust_decimal::Decimal::new(hundredths, 2);
    if comes_in && hundredths > 0 {
        shared.world().ledger.deposit(Mode::Test, COUNTRIES[from], Amount::new(amount)).unwrap();
    }
    let body = format!(
        r#"{{"applicationId":"{APPLICATION}","sourceCountry":"{}","destinationCountry":"{}","amount":{amount},"externalId":"{id}"}}"#,
        COUNTRIES[from], COUNTRIES[to]
    );
    let terms = Terms { rate: None, fee: Some(rust_decimal::Decimal::new(i64::from(fee), 2)) };
    let order = Order { mode: Mode::Test, body: body.as_bytes(), request: 0, now };
    let _ = shared.world().transfer(&order, terms);
}

/// One step of a payout, or beside one.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// From, amount in hundredths, operator and number, id, fee in percent.
    Withdraw(usize, i64, usize, u8, u8),
    /// The same under `conflict-pending`.
    Hold(usize, i64, usize, u8),
    /// The hosted page: amount, id.
    Host(i64, u8),
    /// Fills in, or gives up, some page.
    Page(usize, usize, bool),
    /// Ends the payout of an id by hand.
    End(u8, bool),
    /// Seconds.
    Wait(i64),
    Transfer(Step),
}

/// Each way to end, in the wallets' own currency and in another.
const PAYEES: [(&str, &str); 6] = [
    ("MTN_MOMO_CMR", "237653456789"),
    ("MTN_MOMO_CMR", "237653456129"),
    ("ORANGE_CMR", "237653456089"),
    ("AIRTEL_GAB", "24174345118"),
    ("MOOV_BEN", "22951345789"),
    ("MOOV_BEN", "22951345089"),
];

fn act() -> impl Strategy<Value = Act> {
    let id = || 0..12_u8;
    let amount = || 9_000..6_000_000_i64;
    prop_oneof![
        4 => (0..3_usize, amount(), 0..6_usize, id(), 0..8_u8)
            .prop_map(|(from, amount, payee, id, fee)| Act::Withdraw(from, amount, payee, id, fee)),
        1 => (0..3_usize, amount(), 0..6_usize, id())
            .prop_map(|(from, amount, payee, id)| Act::Hold(from, amount, payee, id)),
        1 => (amount(), id()).prop_map(|(amount, id)| Act::Host(amount, id)),
        2 => (any::<usize>(), 0..6_usize, any::<bool>()).prop_map(|(page, payee, gives_up)| Act::Page(page, payee, gives_up)),
        1 => (id(), any::<bool>()).prop_map(|(id, fails)| Act::End(id, fails)),
        3 => prop_oneof![0..4_i64, 0..2_000_i64].prop_map(Act::Wait),
        1 => step().prop_map(Act::Transfer),
    ]
}

fn do_one(shared: &Shared, act: Act, now: &mut Instant) {
    let body = |from: usize, hundredths: i64, payee: usize, id: u8| {
        let amount = rust_decimal::Decimal::new(hundredths - hundredths % 100, 2);
        let (provider, phone) = PAYEES[payee];
        format!(
            r#"{{"amount":{amount},"provider":"{provider}","phoneNumber":"{phone}","sourceCountry":"{}","externalId":"{id}"}}"#,
            COUNTRIES[from]
        )
    };
    let withdraw = |body: &str, terms: PayoutTerms| {
        let order = Order { mode: Mode::Test, body: body.as_bytes(), request: 0, now: *now };
        let _ = shared.world().withdraw(&order, terms);
    };
    match act {
        Act::Withdraw(from, amount, payee, id, fee) => {
            let fee = Some(rust_decimal::Decimal::new(i64::from(fee), 2));
            withdraw(&body(from, amount, payee, id), PayoutTerms { rate: None, fee });
        }
        Act::Hold(from, amount, payee, id) => {
            let body = body(from, amount, payee, id);
            let order = Order { mode: Mode::Test, body: body.as_bytes(), request: 0, now: *now };
            shared.world().hold_pending(Moved::Withdrawal, &order, 2);
        }
        Act::Host(amount, id) => {
            let amount = amount / 100;
            let body = format!(r#"{{"amount":{amount},"externalId":"{id}","returnUrl":"https://a.example/"}}"#);
            withdraw(&body, PayoutTerms::default());
        }
        Act::Page(which, payee, gives_up) => {
            let mut world = shared.world();
            let pages: Vec<usize> = (0..world.ledger.withdrawals().len())
                .filter(|index| world.ledger.withdrawals()[*index].waits_for_page())
                .collect();
            let Some(index) = pages.get(which % pages.len().max(1)).copied() else { return };
            if gives_up {
                world.cancel_page(index, *now);
            } else {
                let _ = world.confirm_page(index, PAYEES[payee].0, PAYEES[payee].1, *now);
            }
        }
        Act::End(id, fails) => {
            shared.world().end_payout(&id.to_string(), fails.then_some("BY_HAND"), *now);
        }
        Act::Wait(seconds) => {
            *now += chrono::TimeDelta::seconds(seconds);
            shared.world().follow_payouts(*now);
        }
        Act::Transfer(step) => take(shared, step, *now),
    }
}

/// What the XAF wallets must hold together, from what came in and what went out; each payout is its fee and its net.
fn explained_xaf(shared: &Shared, opening: Amount) -> Amount {
    let xaf = crate::money::Currency::XAF;
    let world = shared.world();
    let wallets = world.ledger.wallets().filter(|wallet| wallet.currency == xaf);
    let mut sum = wallets.fold(opening, |sum, wallet| sum.checked_add(wallet.deposited).unwrap());
    for entry in world.ledger.transfers() {
        if entry.currency == xaf {
            sum = sum.checked_sub(entry.amount).unwrap().checked_sub(entry.fee).unwrap();
        }
        if entry.credited_currency == xaf {
            sum = sum.checked_add(entry.credited).unwrap();
        }
    }
    let paid = |entry: &&AcceptedWithdrawal| entry.currency == xaf && entry.status == PayoutStatus::Completed;
    world
        .ledger
        .withdrawals()
        .iter()
        .filter(paid)
        .fold(sum, |sum, entry| sum.checked_sub(entry.net).unwrap().checked_sub(entry.fee).unwrap())
}

fn total_xaf(shared: &Shared) -> Amount {
    let world = shared.world();
    let held = world.ledger.wallets().filter(|wallet| wallet.currency == crate::money::Currency::XAF);
    held.fold(Amount::ZERO, |sum, wallet| sum.checked_add(wallet.balance).unwrap())
}

proptest! {
    #[test]
    fn money_is_conserved(steps in prop::collection::vec(step(), 1..60), rounding in 0..4_usize) {
        let rounding = [Rounding::Exact, Rounding::HalfUp, Rounding::HalfEven, Rounding::Floor][rounding];
        let shared = Shared::new(SandboxSettings { rounding, ..settings() }).unwrap();
        let now = chrono::Utc::now();
        let opening = total_xaf(&shared);
        for step in steps {
            take(&shared, step, now);
            prop_assert_eq!(shared.world().ledger.check(), Ok(()));
        }
        let world = shared.world();
        let (mut expected, mut ids) = (opening, std::collections::BTreeSet::new());
        for wallet in world.ledger.wallets().filter(|wallet| wallet.currency == crate::money::Currency::XAF) {
            expected = expected.checked_add(wallet.deposited).unwrap();
        }
        for entry in world.ledger.transfers() {
            prop_assert!(ids.insert(entry.external_id.clone()), "{:?} applied twice", entry.external_id);
            prop_assert_ne!(entry.from, entry.to);
            let out = entry.amount.checked_add(entry.fee).unwrap();
            if entry.currency == crate::money::Currency::XAF {
                expected = expected.checked_sub(out).unwrap();
            }
            if entry.credited_currency == crate::money::Currency::XAF {
                expected = expected.checked_add(entry.credited).unwrap();
            }
        }
        drop(world);
        prop_assert_eq!(total_xaf(&shared), expected);
    }
}

proptest! {
    #[test]
    fn money_in_is_money_out_and_wallets_and_fees_with_payouts_too(acts in prop::collection::vec(act(), 1..60)) {
        let shared = Shared::new(settings()).unwrap();
        let (opening, mut now) = (total_xaf(&shared), chrono::Utc::now());
        let mut over = std::collections::BTreeMap::new();
        for act in acts {
            let shown = format!("{act:?}");
            do_one(&shared, act, &mut now);
            prop_assert_eq!(shared.world().ledger.check(), Ok(()), "{}", shown);
            prop_assert_eq!(total_xaf(&shared), explained_xaf(&shared, opening), "{}", shown);
            let world = shared.world();
            let mut under_way = std::collections::BTreeSet::new();
            for entry in world.ledger.withdrawals() {
                prop_assert_eq!(entry.net.checked_add(entry.fee).unwrap(), entry.amount);
                if entry.status.is_end() {
                    prop_assert_eq!(*over.entry(entry.number).or_insert(entry.status), entry.status, "an end is the end");
                }
                let holds_its_id = !entry.status.is_returned();
                prop_assert!(!holds_its_id || under_way.insert(entry.external_id.clone()), "an id twice: {:?}", entry);
            }
        }
    }
}

#[test]
fn the_random_steps_reach_every_end() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..64 {
        let acts = prop::collection::vec(act(), 40).new_tree(&mut runner).unwrap().current();
        let shared = Shared::new(settings()).unwrap();
        let mut now = chrono::Utc::now();
        for act in acts {
            do_one(&shared, act, &mut now);
        }
        for entry in shared.world().ledger.withdrawals() {
            let reason = entry.failure_reason.clone().unwrap_or_default();
            reached.insert(format!("{} {reason} {}", entry.status.word(), entry.page.is_some()));
        }
    }
    for end in [
        "COMPLETED  false",
        "COMPLETED  true",
        "PENDING  false",
        "PROCESSING  false",
        "FAILED RECIPIENT_NOT_FOUND false",
        "FAILED UNSPECIFIED_FAILURE true",
        "FAILED BY_HAND false",
        "CANCELLED CANCELLED_BY_USER true",
        "CANCELLED GATEWAY_EXPIRED true",
    ] {
        assert!(reached.contains(end), "{end} in {reached:#?}");
    }
}

#[tokio::test]
async fn a_storm_over_http_applies_every_id_at_most_once() {
    let rules =
        ["lost-after-apply=p:0.2", "lost-before=p:0.2", "http-500-after=p:0.2", "cut-body@p:0.2", "duplicate=p:0.2"];
    let kit = Kit::start(with_faults(&rules)).await;
    let mut answered = 0;
    for round in 0..60 {
        let id = format!("storm-{}", round % 20);
        if kit.transfer("GAB", "CMR", 1000, &id).await.is_ok_and(|reply| reply.status == 201) {
            answered += 1;
        }
    }
    let books = kit.books();
    assert!(books.applied_twice.is_empty() && books.counters.faults > 20, "{:?}", books.counters);
    assert!(answered < books.transfers.len(), "some replies were lost: {answered} of {}", books.transfers.len());
    let moved = i64::try_from(books.transfers.len()).unwrap() * 1000;
    assert_eq!(books.balance(Country::GAB), Some(Amount::whole(330_000 - moved)));
}
