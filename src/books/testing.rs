//! Builders for the tests of the books and of `treasuryd ledger`.

use crate::intent::{AppliedFacts, Event, Evidence, Finding, Withdrawal, WithdrawalStatus};
use crate::model::{BalanceRow, ExternalId, Intent, Kind, Lane, Origin, Slot, Timestamp, WalletId};
use crate::money::{Amount, Country, Money, Rate};
use chrono::{TimeDelta, TimeZone, Utc};

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

pub(crate) fn country(text: &str) -> Country {
    text.parse().unwrap()
}

pub(crate) fn wallet(text: &str) -> WalletId {
    WalletId::of(country(text)).unwrap()
}

/// The journal time of record `seq`: one second apart from 2026-11-24T17:00:00Z on.
pub(crate) fn at(seq: u64) -> Timestamp {
    let start = Utc.with_ymd_and_hms(2026, 11, 24, 17, 0, 0).unwrap();
    start + TimeDelta::seconds(i64::try_from(seq).unwrap())
}

/// `"GAB>CMR"`, by a policy, with the indicative rate given.
pub(crate) fn intent(id: &str, lane: &str, sent: &str, indicative: Option<&str>) -> Intent {
    let (from, to) = lane.split_once('>').unwrap();
    Intent {
        external_id: ExternalId::from_text(id),
        kind: Kind::Transfer,
        origin: Origin::Policy("consolidate-cemac".to_owned()),
        slot: Some(Slot::at(at(0))),
        lane: Lane::between(wallet(from), wallet(to)),
        amount: amount(sent),
        part: 1,
        parts: 1,
        body: String::new(),
        policy_hash: String::new(),
        floor: Amount::ZERO,
        balance_seen: Amount::ZERO,
        indicative_rate: indicative.map(rate),
        expires_at: at(0),
        limit_day: at(0).date_naive(),
        cap_day: at(0).date_naive(),
        journal_before_slot: true,
        approval: None,
        fx: None,
    }
}

/// `"CMR>MTN_MOMO_CIV:2250503456789"`, by a person, key `rent`.
pub(crate) fn payout(id: &str, lane: &str, sent: &str, indicative: Option<&str>) -> Intent {
    let (from, payee) = lane.split_once('>').unwrap();
    let lane = Lane::payout(wallet(from), payee.parse().unwrap());
    let (kind, origin) = (lane.kind(), Origin::Manual("rent".to_owned()));
    Intent { kind, origin, slot: None, lane, ..intent(id, "CMR>CMR", sent, indicative) }
}

pub(crate) fn requested(intents: Vec<Intent>) -> Event {
    Event::Requested { key: "rent".to_owned(), by: None, taken_at: at(0), balances: Vec::new(), intents }
}

pub(crate) fn withdrawal(status: &str, facts: AppliedFacts) -> Withdrawal {
    let status = WithdrawalStatus::from(status.to_owned());
    Withdrawal { kpay_id: "wdr_xyz456".to_owned(), status, facts, failure: String::new(), strange: None }
}

pub(crate) fn accepted(id: &str, facts: AppliedFacts) -> Event {
    Event::Accepted {
        external_id: ExternalId::from_text(id),
        withdrawal: withdrawal("PENDING", facts),
        another_in_doubt: false,
    }
}

pub(crate) fn followed(id: &str, facts: AppliedFacts) -> Event {
    Event::Followed { external_id: ExternalId::from_text(id), withdrawal: withdrawal("PROCESSING", facts) }
}

pub(crate) fn returned(id: &str) -> Event {
    Event::Returned { external_id: ExternalId::from_text(id), detail: "KPay says FAILED".to_owned() }
}

pub(crate) fn not_found(id: &str) -> Event {
    Event::Resolved {
        external_id: ExternalId::from_text(id),
        by: "Awa".to_owned(),
        note: "not on the dashboard".to_owned(),
        finding: Finding::NotApplied,
    }
}

/// [`facts`] with KPay's fee.
pub(crate) fn less_fee(sent: &str, fee: &str, credited: &str, given_rate: Option<&str>) -> AppliedFacts {
    AppliedFacts { fee: Some(money(fee)), ..facts(sent, Some(credited), given_rate) }
}

pub(crate) fn decided(intents: Vec<Intent>) -> Event {
    Event::Decided {
        policy: "consolidate-cemac".to_owned(),
        slot: Slot::at(at(0)),
        decided_for: at(0),
        taken_at: at(0),
        policy_hash: String::new(),
        balances: Vec::new(),
        lanes: Vec::new(),
        planned_with: None,
        intents,
    }
}

/// `credited` as `"101530 XOF"`.
pub(crate) fn facts(sent: &str, credited: Option<&str>, given_rate: Option<&str>) -> AppliedFacts {
    AppliedFacts {
        amount: amount(sent),
        kpay_id: None,
        source_reference: None,
        destination_reference: None,
        exchange_rate: given_rate.map(rate),
        credited: credited.map(money),
        fee: None,
    }
}

pub(crate) fn money(text: &str) -> Money {
    let (figure, currency) = text.split_once(' ').unwrap();
    Money { amount: amount(figure), currency: currency.parse().unwrap() }
}

pub(crate) fn applied(id: &str, evidence: Evidence, facts: AppliedFacts) -> Event {
    Event::Applied { external_id: ExternalId::from_text(id), evidence, facts }
}

pub(crate) fn found(id: &str, facts: AppliedFacts) -> Event {
    Event::Resolved {
        external_id: ExternalId::from_text(id),
        by: "Awa".to_owned(),
        note: "seen on the dashboard".to_owned(),
        finding: Finding::Applied(facts),
    }
}

pub(crate) fn observed(balances: &[(&str, &str)]) -> Event {
    let row = |(country, available): &(&str, &str)| {
        let wallet = wallet(country);
        BalanceRow { wallet: wallet.country, currency: wallet.currency, available: amount(available) }
    };
    Event::Observed { taken_at: at(0), balances: balances.iter().map(row).collect() }
}

/// The seed's day: the consolidation of GAB and COG into CMR, CMR into SEN across currencies, and a reply that was lost
/// across currencies and completed by an operator.
pub(crate) fn seed_day() -> Vec<Event> {
    let mut response = facts("100000", Some("101530 XOF"), Some("1.0153"));
    response.kpay_id = Some("c3d4e5f6".to_owned());
    response.source_reference = Some("TRF-OUT-DEF456".to_owned());
    response.destination_reference = Some("=TRF-IN, \"DEF456\"".to_owned());
    vec![
        observed(&[("GAB", "330000"), ("COG", "115000"), ("CMR", "200000"), ("SEN", "0")]),
        decided(vec![
            intent("TRD-1", "GAB>CMR", "30000", Some("1")),
            intent("TRD-2", "COG>CMR", "15000", Some("1")),
            intent("TRD-3", "CMR>SEN", "100000", Some("1.0150")),
            intent("TRD-4", "CMR>SEN", "50000", Some("1.0150")),
        ]),
        applied("TRD-1", Evidence::Response, facts("30000", Some("30000 XAF"), Some("1"))),
        applied("TRD-2", Evidence::Conflict, facts("15000", Some("15000 XAF"), Some("1"))),
        applied("TRD-3", Evidence::Response, response),
        applied("TRD-4", Evidence::Conflict, facts("50000", None, None)),
        found("TRD-4", facts("50000", Some("50765 XOF"), Some("1.0153"))),
        observed(&[("GAB", "300000"), ("COG", "100000"), ("CMR", "95000"), ("SEN", "152295")]),
    ]
}

/// The seeds' payouts: within one country, across one border, across two currencies, on KPay's hosted page, and one that
/// failed.
pub(crate) fn seed_payouts() -> Vec<Event> {
    let domestic = less_fee("5000", "250 XAF", "4750 XAF", None);
    let abroad = less_fee("10000", "500 XAF", "9500 XAF", None);
    let crossing = less_fee("50000", "2500 XAF", "48211.75 XOF", Some("1.0150"));
    vec![
        observed(&[("CMR", "200000")]),
        requested(vec![
            payout("PAY-1", "CMR>MTN_MOMO_CMR:237653456789", "5000", None),
            payout("PAY-2", "CMR>ORANGE_GAB:237653456789", "10000", None),
            payout("PAY-3", "CMR>MTN_MOMO_CIV:2250503456789", "50000", Some("1.0153")),
            payout("PAY-4", "CMR>GATEWAY", "5000", None),
            payout("PAY-5", "CMR>MTN_MOMO_CMR:237653456089", "5000", None),
        ]),
        accepted("PAY-1", domestic.clone()),
        applied("PAY-1", Evidence::Status, domestic.clone()),
        accepted("PAY-2", abroad.clone()),
        applied("PAY-2", Evidence::Status, abroad),
        accepted("PAY-3", crossing.clone()),
        applied("PAY-3", Evidence::Status, crossing),
        accepted("PAY-4", domestic.clone()),
        accepted("PAY-5", domestic),
        observed(&[("CMR", "125000")]),
        returned("PAY-5"),
        observed(&[("CMR", "130000")]),
    ]
}
