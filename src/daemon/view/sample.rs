//! A view with a bit of everything, for the tests of what shows it.

use super::{ErrorView, PolicyView, RateView, StatusView, TransferView, WalletView};
use crate::model::{Slot, Timestamp};
use crate::money::{Amount, Country, Currency};
use crate::plan::{Reason, Skip};

/// The instant all samples are seen at.
pub(crate) const NOW: &str = "2026-11-24T17:00:42Z";

/// An instant as text.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An amount as text.
pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// A daemon that has just started: nothing read, nothing loaded.
pub(crate) fn bare() -> StatusView {
    StatusView {
        at: at(NOW),
        version: "0.1.0".to_owned(),
        environment: "sandbox".to_owned(),
        application_id: None,
        ready: false,
        not_ready_because: vec!["no policies are loaded".to_owned(), "balances have not been read yet".to_owned()],
        paused: false,
        balances: Vec::new(),
        balances_read_at: None,
        policies: Vec::new(),
        open: Vec::new(),
        last_transfers: Vec::new(),
        rates: Vec::new(),
        approvals_waiting: 0,
        approvals: Vec::new(),
        held_policies: None,
        frozen: Vec::new(),
        under_floor: Vec::new(),
        falls: Vec::new(),
        copied_at: None,
        last_errors: Vec::new(),
        journal_records: 1,
    }
}

/// A daemon in the middle of its work.
pub(crate) fn busy() -> StatusView {
    StatusView {
        application_id: Some("b8aefadd-88b4-561a-8a90-2f9814207bfb".to_owned()),
        ready: true,
        not_ready_because: Vec::new(),
        balances: wallets(),
        balances_read_at: Some(at("2026-11-24T17:00:00.250Z")),
        policies: policies(),
        open: open(),
        last_transfers: last_transfers(),
        rates: vec![RateView {
            from: Currency::XAF,
            to: Currency::XOF,
            rate: "1.0153".parse().unwrap(),
            at: at("2026-11-24T08:00:03Z"),
        }],
        approvals_waiting: 1,
        last_errors: vec![
            ErrorView {
                at: at("2026-11-24T16:58:11Z"),
                what: "sending TRD-261124170000-GABCMR-01-JS7G03CB: no answer within 10 s; it is held as unknown and \
                       asked again in 4 s"
                    .to_owned(),
            },
            ErrorView {
                at: at("2026-11-24T03:12:00Z"),
                what: "reading balances: KPay answered 503 in HTML; tried again after 2 s and went well".to_owned(),
            },
        ],
        journal_records: 18_204,
        ..bare()
    }
}

fn wallets() -> Vec<WalletView> {
    let wallet = |country: Country, available: &str, balance: Option<&str>, held: &str, reserve: &str| WalletView {
        wallet: country,
        currency: country.currency().unwrap(),
        available: amount(available),
        balance: balance.map(amount),
        held: amount(held),
        reserve: amount(reserve),
    };
    vec![
        wallet(Country::CMR, "4812500", Some("4862500"), "1200000", "500000"),
        wallet(Country::GAB, "330000.75", Some("330000.75"), "230000", "0"),
        wallet(Country::COG, "90000", None, "0", "0"),
        wallet(Country::SEN, "101530", Some("101530"), "0", "50000"),
        wallet(Country::CIV, "1250000", Some("1250000"), "0", "0"),
        wallet(Country::KEN, "18250.40", Some("18250.40"), "0", "0"),
    ]
}

fn policies() -> Vec<PolicyView> {
    let slot = |text: &str| Some(Slot::at(at(text)));
    let skip = |from, to, reason, detail: &str, would_move_if: &str| Skip {
        from,
        to,
        reason,
        detail: detail.to_owned(),
        would_move_if: would_move_if.to_owned(),
    };
    let consolidate = PolicyView {
        name: "consolidate-cemac".to_owned(),
        description: "Gabon and Congo into Cameroon, every working day".to_owned(),
        schedule: "0 18 * * MON-FRI".to_owned(),
        timezone: "Africa/Douala".to_owned(),
        mode: "live".to_owned(),
        enabled: true,
        paused: false,
        last_slot: slot("2026-11-24T17:00:00Z"),
        next_slot: slot("2026-11-25T17:00:00Z"),
        skipped: vec![skip(
            Country::COG,
            Country::CMR.into(),
            Reason::BelowTrigger,
            "COG holds 90 000 XAF; the trigger is 150 000 XAF",
            "COG holds more than 150 000 XAF",
        )],
    };
    let dakar = PolicyView {
        name: "feed-dakar".to_owned(),
        description: String::new(),
        schedule: "0 8 * * *".to_owned(),
        timezone: "Africa/Dakar".to_owned(),
        last_slot: slot("2026-11-24T08:00:00Z"),
        next_slot: slot("2026-11-25T08:00:00Z"),
        paused: true,
        skipped: Vec::new(),
        ..consolidate.clone()
    };
    let nairobi = PolicyView {
        name: "nairobi-trial".to_owned(),
        description: "What Nairobi would send if it were live".to_owned(),
        schedule: "*/30 * * * *".to_owned(),
        timezone: "Africa/Nairobi".to_owned(),
        mode: "shadow".to_owned(),
        last_slot: slot("2026-11-24T17:00:00Z"),
        next_slot: slot("2026-11-24T17:30:00Z"),
        skipped: vec![skip(
            Country::KEN,
            Country::CMR.into(),
            Reason::Shadow,
            "would have sent 12 250.40 KES, which is worth about 56 107 XAF at the indicative rate of 4.58",
            "the policy's mode is live",
        )],
        ..consolidate.clone()
    };
    vec![consolidate, dakar, nairobi]
}

/// An applied transfer within one currency.
pub(crate) fn applied() -> TransferView {
    TransferView {
        external_id: "TRD-261123170000-GABCMR-01-4K2M9QXT".to_owned(),
        kind: "transfer".to_owned(),
        policy: Some("consolidate-cemac".to_owned()),
        slot: Some(Slot::at(at("2026-11-23T17:00:00Z"))),
        from: Country::GAB,
        to: Country::CMR.into(),
        amount: amount("1200000"),
        currency: Currency::XAF,
        state: "applied".to_owned(),
        evidence: Some("response".to_owned()),
        attempts: 1,
        kpay_id: Some("0b9d".to_owned()),
        reference: Some("TRF-OUT-ABC123".to_owned()),
        exchange_rate: Some("1".parse().unwrap()),
        credited: Some(amount("1200000")),
        credited_currency: Some(Currency::XAF),
        fee: None,
        created_at: at("2026-11-23T17:00:01Z"),
        updated_at: at("2026-11-23T17:00:02Z"),
        detail: String::new(),
    }
}

fn open() -> Vec<TransferView> {
    let base = TransferView {
        exchange_rate: None,
        credited: None,
        credited_currency: None,
        evidence: None,
        kpay_id: None,
        reference: None,
        ..applied()
    };
    let unknown = TransferView {
        external_id: "TRD-261124170000-GABCMR-01-JS7G03CB".to_owned(),
        slot: Some(Slot::at(at("2026-11-24T17:00:00Z"))),
        amount: amount("230000"),
        state: "unknown".to_owned(),
        attempts: 2,
        created_at: at("2026-11-24T17:00:00.500Z"),
        updated_at: at("2026-11-24T17:00:38Z"),
        detail: "no answer within 10 s; asked again in 4 s".to_owned(),
        ..base.clone()
    };
    let operator = TransferView {
        external_id: "TRD-261124080000-CMRSEN-01-7Z0T5N2E".to_owned(),
        policy: None,
        slot: None,
        from: Country::CMR,
        to: Country::SEN.into(),
        amount: amount("1200000"),
        state: "needs_operator".to_owned(),
        created_at: at("2026-11-24T08:00:01Z"),
        updated_at: at("2026-11-24T14:00:05Z"),
        detail: "KPay already knows this id, but this state never sent it: the state may have been wiped or restored"
            .to_owned(),
        ..base.clone()
    };
    let waiting = TransferView {
        external_id: "TRD-261124170000-CMRCIV-01-9PX3B6WD".to_owned(),
        from: Country::CMR,
        to: Country::CIV.into(),
        amount: amount("6000000"),
        state: "awaiting_approval".to_owned(),
        attempts: 0,
        created_at: at("2026-11-24T17:00:00.500Z"),
        updated_at: at("2026-11-24T17:00:00.500Z"),
        ..base
    };
    vec![operator, unknown, waiting]
}

fn last_transfers() -> Vec<TransferView> {
    let crossing = TransferView {
        external_id: "TRD-261124080000-CMRSEN-01-2QK8D4HV".to_owned(),
        policy: Some("feed-dakar".to_owned()),
        from: Country::CMR,
        to: Country::SEN.into(),
        amount: amount("100000"),
        exchange_rate: Some("1.0153".parse().unwrap()),
        credited: Some(amount("101530")),
        credited_currency: Some(Currency::XOF),
        updated_at: at("2026-11-24T08:00:03Z"),
        ..applied()
    };
    let pending = TransferView {
        external_id: "TRD-261122080000-CMRSEN-01-5D1RB0YE".to_owned(),
        exchange_rate: None,
        credited: None,
        credited_currency: None,
        evidence: Some("conflict".to_owned()),
        attempts: 2,
        updated_at: at("2026-11-22T08:00:41Z"),
        ..crossing.clone()
    };
    let refused = TransferView {
        external_id: "TRD-261120170000-COGCMR-01-8WN6C3TJ".to_owned(),
        from: Country::COG,
        amount: amount("45000"),
        state: "rejected".to_owned(),
        evidence: None,
        exchange_rate: None,
        credited: None,
        credited_currency: None,
        updated_at: at("2026-11-20T17:00:02Z"),
        detail: "KPay answered 422: solde insuffisant".to_owned(),
        ..applied()
    };
    vec![crossing, applied(), pending, refused]
}
