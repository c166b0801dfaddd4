//! Random movements under random faults: no unit appears or disappears, and no id is applied twice.

use super::*;
use crate::sandbox::clock::Instant;
use crate::sandbox::transfer::{Order, Terms};
use crate::sandbox::world::Shared;
use crate::sandbox::{Mode, Rounding};
use proptest::prelude::*;

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
