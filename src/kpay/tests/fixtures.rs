//! Intents, settings and servers for the tests of this room.

use crate::kpay::{BaseUrl, Client, ClientSettings, Keys, NoObserver, WithdrawalAsk, transfer_body, withdrawal_body};
use crate::model::{Environment, ExternalId, Identity, Intent, Kind, Lane, Origin, WalletId};
use crate::money::Country;
use chrono::{TimeZone, Utc};
use std::sync::Arc;
use std::time::Duration;

pub const APPLICATION: &str = "e7c3b4f5-8d9e-4a1b-9c2d-3e4f5a6b7c8d";
/// In every key and token of these tests; must never be seen in an error.
pub const CANARY: &str = "C4N4RY";

pub fn identity() -> Identity {
    Identity { environment: Environment::Sandbox, application_id: APPLICATION.parse().unwrap() }
}

pub fn wallet(country: &str) -> WalletId {
    WalletId::of(country.parse::<Country>().unwrap()).unwrap()
}

pub fn intent(from: &str, to: &str, amount: &str) -> Intent {
    let lane = Lane::between(wallet(from), wallet(to));
    intent_with_id(lane, amount, "TRD-TEST-1", "swept by a test")
}

pub fn intent_with_id(lane: Lane, amount: &str, id: &str, description: &str) -> Intent {
    let external_id = ExternalId::from_text(id);
    let amount = amount.parse().unwrap();
    let at = Utc.with_ymd_and_hms(2026, 11, 24, 17, 0, 0).unwrap();
    Intent {
        body: transfer_body(&identity(), lane, amount, &external_id, description),
        external_id,
        kind: Kind::Transfer,
        origin: Origin::Policy("test".to_owned()),
        slot: None,
        lane,
        amount,
        part: 1,
        parts: 1,
        policy_hash: String::new(),
        floor: "0".parse().unwrap(),
        balance_seen: "1000000".parse().unwrap(),
        indicative_rate: None,
        expires_at: at,
        limit_day: at.date_naive(),
        cap_day: at.date_naive(),
        journal_before_slot: true,
        approval: None,
        fx: None,
    }
}

/// A payout; to KPay's hosted page with a way back.
pub fn payout(from: &str, payee: &str, amount: &str) -> Intent {
    payout_with_id(from, payee, amount, "WD-TEST-1", "paid by a test")
}

pub fn payout_with_id(from: &str, payee: &str, amount: &str, id: &str, description: &str) -> Intent {
    let lane = Lane::payout(wallet(from), payee.parse().unwrap());
    let mut intent = intent_with_id(lane, amount, id, description);
    intent.kind = Kind::Payout;
    let ask = WithdrawalAsk {
        lane,
        amount: intent.amount,
        external_id: &intent.external_id,
        description,
        return_url: Some("https://monsite.com/return"),
        cancel_url: None,
    };
    intent.body = withdrawal_body(&ask).unwrap();
    intent
}

pub fn keys() -> Keys {
    Keys::new(format!("kpay_test_{CANARY}"), format!("sk_test_{CANARY}")).unwrap()
}

pub fn settings(base_url: &str) -> ClientSettings {
    ClientSettings {
        base_url: BaseUrl::parse(base_url).unwrap(),
        allow_private_addresses: false,
        environment: Environment::Sandbox,
        key_source: None,
        keys: keys(),
        application_id: None,
        requests_per_minute: 1_000_000,
        timeout: Duration::from_secs(5),
        budget_file: None,
        patience: None,
    }
}

pub fn client(base_url: &str) -> Client {
    Client::new(settings(base_url), Arc::new(NoObserver)).unwrap()
}

pub fn token_body() -> String {
    format!(r#"{{"accessToken":"eyJ.{CANARY}.sig","expiresIn":"30m","environment":"TEST"}}"#)
}

/// A server that issues tokens.
pub async fn server_with_token() -> mockito::ServerGuard {
    let mut server = mockito::Server::new_async().await;
    server.mock("POST", "/api/v1/payments/token").with_status(201).with_body(token_body()).create_async().await;
    server
}

/// The 201 that fits [`intent`]`("CMR", "GAB", "50000")`.
pub fn reply_within_xaf() -> String {
    r#"{"id":"a1b2c3d4","sourceTransaction":{"id":"a1b2c3d4","reference":"TRF-OUT-ABC123","type":"WALLET_TRANSFER_OUT","amount":50000,"currency":"XAF","country":"CMR"},"destinationTransaction":{"id":"e5f6a7b8","reference":"TRF-IN-ABC123","type":"WALLET_TRANSFER_IN","amount":50000,"currency":"XAF","country":"GAB"},"exchangeRate":1,"description":"swept by a test","externalId":"TRD-TEST-1","createdAt":"2026-06-23T10:00:00.000Z"}"#.to_owned()
}
