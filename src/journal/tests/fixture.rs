//! Events as the daemon writes them, and directories to write them in.

use crate::intent::{AppliedFacts, Event, Evidence, LaneVerdict};
use crate::journal::{OpenReport, Store};
use crate::model::{
    Environment, ExternalId, IdParts, Identity, Intent, Kind, Lane, Moment, Origin, Slot, Timestamp, WalletId,
};
use crate::money::{Amount, Country, Rate};
use chrono::TimeDelta;
use std::path::Path;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The `n`-th slot, ten minutes apart.
pub fn slot(n: i64) -> Slot {
    Slot::at(at("2026-11-24T17:00:00Z") + TimeDelta::minutes(10 * n))
}

pub fn identity() -> Identity {
    let application_id = "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap();
    Identity { environment: Environment::Sandbox, application_id }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn lane() -> Lane {
    Lane::between(WalletId::of(Country::GAB).unwrap(), WalletId::of(Country::CMR).unwrap())
}

pub fn id(n: i64) -> ExternalId {
    let identity = identity();
    let moment = Moment::Slot(slot(n));
    let parts =
        IdParts { identity: &identity, kind: Kind::Transfer, source: "GAB", destination: "CMR", moment, part: 1 };
    ExternalId::derive(&parts)
}

fn intent(n: i64) -> Intent {
    Intent {
        external_id: id(n),
        kind: Kind::Transfer,
        origin: Origin::Policy("consolidate".to_owned()),
        slot: Some(slot(n)),
        lane: lane(),
        amount: amount("230000"),
        part: 1,
        parts: 1,
        body: format!("{{\"amount\":230000,\"externalId\":\"{}\"}}", id(n)),
        policy_hash: "ab".repeat(32),
        floor: amount("100000"),
        balance_seen: amount("330000.50"),
        indicative_rate: Some(Rate::ONE),
        expires_at: slot(n).instant() + TimeDelta::hours(6),
        limit_day: slot(n).instant().date_naive(),
        cap_day: slot(n).instant().date_naive(),
        journal_before_slot: true,
        approval: None,
        fx: None,
    }
}

pub fn decided(n: i64) -> Event {
    Event::Decided {
        policy: "consolidate".to_owned(),
        slot: slot(n),
        decided_for: slot(n).instant(),
        taken_at: slot(n).instant(),
        policy_hash: "ab".repeat(32),
        balances: Vec::new(),
        lanes: vec![LaneVerdict { lane: lane(), reason: None, detail: String::new() }],
        planned_with: None,
        intents: vec![intent(n)],
    }
}

pub fn attempted(n: i64) -> Event {
    Event::Attempted { external_id: id(n), attempt: 1, balance_before: Some(amount("330000.50")) }
}

pub fn applied(n: i64) -> Event {
    let facts = AppliedFacts {
        amount: amount("230000"),
        kpay_id: Some(format!("t-{n}")),
        source_reference: None,
        destination_reference: None,
        exchange_rate: Some(Rate::ONE),
        credited: None,
        fee: None,
    };
    Event::Applied { external_id: id(n), evidence: Evidence::Response, facts }
}

pub fn opened() -> Event {
    Event::Opened { identity: identity(), version: "0.1.0".to_owned() }
}

/// Decided, attempted, applied.
pub fn whole_move(n: i64) -> [Event; 3] {
    [decided(n), attempted(n), applied(n)]
}

pub fn open(dir: &Path) -> (Store, OpenReport) {
    Store::open(dir).unwrap()
}

/// A journal with its opening record and some moves: the last of them only decided.
pub fn fill(dir: &Path, moves: i64) {
    let (store, _) = open(dir);
    store.append_blocking(slot(0).instant(), vec![opened()]).unwrap();
    for n in 0..moves {
        store.append_blocking(slot(n).instant(), whole_move(n).to_vec()).unwrap();
    }
    store.append_blocking(slot(moves).instant(), vec![decided(moves)]).unwrap();
}

/// The segments' bytes, by name.
pub fn segments(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> =
        std::fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The only segment.
pub fn segment(dir: &Path) -> (std::path::PathBuf, Vec<u8>) {
    let mut all = segments(dir);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// A folder and all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { std::fs::copy(&path, &target).map(drop).unwrap() }
    }
}
