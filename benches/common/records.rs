//! Records for benches: a journal of moves over four months, each decided, attempted and applied.

use chrono::{Datelike, TimeDelta, Timelike};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use treasuryd::intent::{AppliedFacts, Event, Evidence, LaneVerdict};
use treasuryd::journal::{self, Hash, Head};
use treasuryd::model::{
    BalanceRow, Environment, ExternalId, IdParts, Identity, Intent, Kind, Lane, Moment, Origin, Slot, Timestamp,
    WalletId,
};
use treasuryd::money::{Amount, Country, Money, Rate};

/// A journal of moves over four months, written past the store; returns its bytes.
pub fn generate(dir: &Path, records: u64) -> u64 {
    std::fs::create_dir_all(dir.join("journal")).unwrap();
    let spacing = TimeDelta::days(4 * 30) * 1000 / i32::try_from(records / 3 + 1).unwrap();
    let (mut head, mut bytes) = (Head { seq: 0, hash: Hash::ZERO }, 0);
    let mut file: Option<(String, std::io::BufWriter<File>)> = None;
    let mut line = Vec::new();
    let mut put = |at: Timestamp, event: &Event| {
        let name = format!("{:04}-{:02}.jsonl", at.year(), at.month());
        if file.as_ref().is_none_or(|(open, _)| *open != name) {
            let created = File::create(dir.join("journal").join(&name)).unwrap();
            file = Some((name, std::io::BufWriter::with_capacity(1 << 20, created)));
        }
        line.clear();
        head = journal::encode(head, at, &journal::event_json(event).unwrap(), &mut line);
        file.as_mut().unwrap().1.write_all(&line).unwrap();
        bytes += line.len() as u64;
        head.seq
    };
    put(start(), &opened());
    for number in 0.. {
        let mut this = Move::number(number);
        this.at = start() + spacing * i32::try_from(number).unwrap() / 1000;
        for event in [decided(&this), attempted(&this), applied(&this)] {
            if put(this.at, &event) >= records {
                return bytes;
            }
        }
    }
    bytes
}

pub fn start() -> Timestamp {
    "2026-07-01T00:00:00Z".parse().unwrap()
}

pub fn identity() -> Identity {
    let application_id = "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap();
    Identity { environment: Environment::Sandbox, application_id }
}

pub fn opened() -> Event {
    Event::Opened { identity: identity(), version: "0.1.0".to_owned() }
}

pub fn wallet(country: Country) -> WalletId {
    WalletId::of(country).unwrap()
}

/// One of the moves; each has a slot of its own, a second apart, and is recorded at `at`.
pub struct Move {
    slot: Slot,
    pub at: Timestamp,
    number: i64,
}

impl Move {
    pub fn number(number: i64) -> Self {
        let at = start() + TimeDelta::seconds(number);
        Self { slot: Slot::at(at), at, number }
    }

    fn lane(&self) -> Lane {
        let from = [Country::GAB, Country::COG][usize::try_from(self.number % 2).unwrap()];
        Lane::between(wallet(from), wallet(Country::CMR))
    }

    pub fn id(&self) -> ExternalId {
        let source = self.lane().from.to_string();
        let moment = Moment::Slot(self.slot);
        let identity = identity();
        let parts =
            IdParts { identity: &identity, kind: Kind::Transfer, source: &source, destination: "CMR", moment, part: 1 };
        ExternalId::derive(&parts)
    }

    fn amount(&self) -> Amount {
        (230_000 + self.at.second()).to_string().parse().unwrap()
    }

    fn intent(&self) -> Intent {
        let id = self.id();
        Intent {
            body: format!(
                "{{\"sourceCountry\":\"GAB\",\"destinationCountry\":\"CMR\",\"amount\":{},\"externalId\":\"{id}\"}}",
                self.amount()
            ),
            external_id: id,
            kind: Kind::Transfer,
            origin: Origin::Policy("consolidate-cemac".to_owned()),
            slot: Some(self.slot),
            lane: self.lane(),
            amount: self.amount(),
            part: 1,
            parts: 1,
            policy_hash: "ab".repeat(32),
            floor: "100000".parse().unwrap(),
            balance_seen: "330000.50".parse().unwrap(),
            indicative_rate: Some(Rate::ONE),
            expires_at: self.slot.instant() + TimeDelta::hours(6),
            limit_day: self.slot.instant().date_naive(),
            cap_day: self.slot.instant().date_naive(),
            journal_before_slot: true,
            approval: None,
            fx: None,
        }
    }
}

pub fn decided(this: &Move) -> Event {
    let balance = |country: Country| {
        let wallet = wallet(country);
        BalanceRow { wallet: country, currency: wallet.currency, available: "330000.50".parse().unwrap() }
    };
    Event::Decided {
        policy: "consolidate-cemac".to_owned(),
        slot: this.slot,
        decided_for: this.at,
        taken_at: this.at,
        policy_hash: "ab".repeat(32),
        balances: [Country::CMR, Country::COG, Country::GAB].map(balance).to_vec(),
        lanes: vec![LaneVerdict { lane: this.lane(), reason: None, detail: "330 000 over 250 000".to_owned() }],
        planned_with: None,
        intents: vec![this.intent()],
    }
}

pub fn attempted(this: &Move) -> Event {
    Event::Attempted { external_id: this.id(), attempt: 1, balance_before: Some("330000.50".parse().unwrap()) }
}

pub fn applied(this: &Move) -> Event {
    let currency = this.lane().to.currency;
    let facts = AppliedFacts {
        amount: this.amount(),
        kpay_id: Some(format!("5f0c7a9e-0000-4000-8000-{:012}", this.number)),
        source_reference: Some(format!("WTS-{:010}", this.number)),
        destination_reference: Some(format!("WTD-{:010}", this.number)),
        exchange_rate: Some(Rate::ONE),
        credited: Some(Money { amount: this.amount(), currency }),
        fee: None,
    };
    Event::Applied { external_id: this.id(), evidence: Evidence::Response, facts }
}
