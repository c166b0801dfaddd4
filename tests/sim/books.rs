//! KPay's own books: wallets, ids, withdrawals. The judge of every run.

use super::auditor::Lineage;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;
use treasuryd::kpay::wire::{TransferReply, TransferSide, WithdrawReply};
use treasuryd::model::{ExternalId, Intent, Kind, Origin, Payee, Timestamp, WalletId};
use treasuryd::money::Number;

/// A request that KPay took.
#[derive(Debug, Clone)]
pub struct Taken {
    pub at: Timestamp,
    pub kind: Kind,
    pub amount: i64,
    pub source: WalletId,
    pub rate: Decimal,
    /// Whose requests moved money.
    pub by: Vec<Lineage>,
    /// A withdrawal's; `COMPLETED` for a transfer.
    pub status: &'static str,
    pub kpay_id: String,
    /// Whether KPay knows nothing of it any more when it is asked how it stands.
    pub is_forgotten: bool,
    intent: Intent,
}

/// KPay's id of a withdrawal that somebody made at KPay's own site, to those whom we pay too.
pub const OF_OTHERS: &str = "wdr_of_others";

impl Taken {
    /// That one, of the kind of an intent of ours: never ours.
    pub fn of_others(intent: &Intent) -> Self {
        Self {
            at: Timestamp::MIN_UTC,
            kind: intent.kind,
            amount: 100_000,
            source: intent.lane.from,
            rate: Decimal::ONE,
            by: Vec::new(),
            status: "COMPLETED",
            kpay_id: OF_OTHERS.to_owned(),
            is_forgotten: false,
            intent: Intent { external_id: ExternalId::from_text("RENT-11"), ..intent.clone() },
        }
    }

    pub fn is_returned(&self) -> bool {
        matches!(self.status, "FAILED" | "CANCELLED")
    }

    /// Which wallet of ours was credited, and with what.
    pub fn credited(&self) -> Option<(WalletId, i64)> {
        let to = self.intent.lane.to.wallet()?;
        Some((to, units((Decimal::from(self.amount) * self.rate).round())))
    }
}

/// The books.
pub struct Books {
    pub wallets: BTreeMap<WalletId, i64>,
    pub ids: BTreeMap<String, Taken>,
    /// How often money moved for a lane, slot and part.
    moves: BTreeMap<String, u32>,
    /// What left us, and what KPay keeps for its operators.
    pub outside: i64,
    /// Whether a request for more than there is is refused before anybody looks at its id.
    pub validates_first: bool,
    /// How long an id is known, in seconds.
    pub remembers_for: i64,
    /// What others did to each wallet.
    others: BTreeMap<WalletId, Others>,
}

/// What others took out of a wallet and brought into it, ever.
#[derive(Debug, Default, Clone, Copy)]
pub struct Others {
    pub took: i64,
    pub brought: i64,
}

pub fn units(amount: Decimal) -> i64 {
    assert!(amount.fract().is_zero(), "{amount} is no whole amount");
    amount.to_i64().unwrap()
}

/// What became of a request.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub moved: bool,
}

fn plain(status: u16, message: &str) -> Answer {
    Answer { status, body: format!("{{\"statusCode\":{status},\"message\":\"{message}\"}}").into_bytes(), moved: false }
}

impl Books {
    pub fn new(wallets: BTreeMap<WalletId, i64>) -> Self {
        Self {
            wallets,
            ids: BTreeMap::new(),
            moves: BTreeMap::new(),
            outside: 0,
            validates_first: false,
            remembers_for: 24 * 3600,
            others: BTreeMap::new(),
        }
    }

    /// Others take so much of what is there.
    pub fn take_away(&mut self, wallet: WalletId, amount: i64) {
        let there = self.wallets.entry(wallet).or_default();
        let amount = amount.min((*there).max(0));
        *there -= amount;
        self.others.entry(wallet).or_default().took += amount;
    }

    /// Others pay in.
    pub fn bring(&mut self, wallet: WalletId, amount: i64) {
        *self.wallets.entry(wallet).or_default() += amount;
        self.others.entry(wallet).or_default().brought += amount;
    }

    /// What others did to the wallet of a country.
    pub fn others(&self, wallet: &str) -> Others {
        let found = self.others.iter().find(|(of, _)| of.country.code() == wallet);
        found.map(|(_, others)| *others).unwrap_or_default()
    }

    /// One request that arrived. An error is a violation.
    pub fn post(&mut self, intent: &Intent, by: Lineage, now: Timestamp, again: bool) -> Result<Answer, String> {
        let id = intent.external_id.as_str();
        let amount = units(intent.amount.decimal());
        let there = self.wallets.get(&intent.lane.from).copied().unwrap_or(0);
        let is_short = there < amount;
        // KPay repeats in its refusals whom the money was for.
        let whom = intent.lane.to.payee.map(|payee| payee.to_string()).unwrap_or_default();
        if is_short && self.validates_first && !again {
            return Ok(plain(400, &format!("Insufficient funds {whom}")));
        }
        let known = self.ids.get(id).filter(|known| (now - known.at).num_seconds() <= self.remembers_for);
        if known.is_some() {
            return Ok(plain(409, &format!("externalId already exists {whom}")));
        }
        if is_short {
            return Ok(plain(400, &format!("Insufficient funds {whom}")));
        }
        *self.wallets.entry(intent.lane.from).or_default() -= amount;
        let crosses = intent.lane.crosses_currencies();
        // Not the one that was told before: rates move.
        let rate = [998, 997, 1_002][self.ids.len() % 3];
        let rate = if crosses { Decimal::new(rate, 3) } else { Decimal::ONE };
        let status = if intent.lane.to.wallet().is_some() { "COMPLETED" } else { "PENDING" };
        let kpay_id = format!("wdr_{}", self.ids.len());
        let taken = Taken {
            at: now,
            kind: intent.kind,
            amount,
            source: intent.lane.from,
            rate,
            by: vec![by],
            status,
            kpay_id,
            is_forgotten: false,
            intent: intent.clone(),
        };
        match taken.credited() {
            Some((to, credited)) => *self.wallets.entry(to).or_default() += credited,
            None => self.outside += amount,
        }
        let body = taken.body();
        self.ids.insert(id.to_owned(), taken);
        let slot = match (&intent.slot, &intent.origin) {
            (Some(slot), _) => slot.to_string(),
            (None, Origin::Manual(key) | Origin::Policy(key)) => key.clone(),
        };
        let times = self.moves.entry(format!("{} {slot} {}", intent.lane, intent.part)).or_default();
        *times += 1;
        if *times > 1 {
            return Err(format!("I1: {} {slot} part {} moved {times} times ({id})", intent.lane, intent.part));
        }
        Ok(Answer { status: 201, body, moved: true })
    }

    /// A withdrawal goes on, or ends.
    pub fn progress(&mut self, id: &str, status: &'static str) {
        let Some(taken) = self.ids.get_mut(id) else { return };
        taken.status = status;
        if taken.is_returned() {
            *self.wallets.entry(taken.source).or_default() += taken.amount;
            self.outside -= taken.amount;
        }
    }

    /// KPay forgets a withdrawal that is not over, if there is one: it ends without a word.
    pub fn forget(&mut self) -> bool {
        let mut open = self.ids.values_mut().filter(|taken| matches!(taken.status, "PENDING" | "PROCESSING"));
        open.next().map(|taken| taken.is_forgotten = true).is_some()
    }

    /// Withdrawals that are not over.
    pub fn in_hand(&self) -> Vec<(String, &'static str)> {
        let open = self.ids.iter().filter(|(_, taken)| matches!(taken.status, "PENDING" | "PROCESSING"));
        open.map(|(id, taken)| (id.clone(), taken.status)).collect()
    }
}

impl Taken {
    /// What KPay says of it.
    pub fn body(&self) -> Vec<u8> {
        let intent = &self.intent;
        let id = intent.external_id.as_str().to_owned();
        if self.kind == Kind::Payout {
            let Some(Payee::Phone(payee)) = intent.lane.to.payee else { panic!("no hosted page here") };
            let fee = Decimal::from(self.amount / 50);
            let reply = WithdrawReply {
                id: self.kpay_id.clone(),
                reference: Some(format!("KPAY-{}", self.kpay_id)),
                provider_reference: None,
                status: self.status.to_owned(),
                mode: None,
                amount: Number(Decimal::from(self.amount)),
                net_amount: Some(Number(Decimal::from(self.amount) - fee)),
                fee_amount: Some(Number(fee)),
                currency: intent.lane.from.currency.code().to_owned(),
                payout_currency: None,
                payout_amount: None,
                exchange_rate: None,
                external_id: Some(id),
                provider: Some(payee.provider.code().to_owned()),
                country: None,
                phone_number: Some(payee.phone.digits().to_owned()),
                ..blank()
            };
            return serde_json::to_vec(&reply).unwrap();
        }
        let to = intent.lane.to;
        let side = |name: &str, kind: &str, amount: Decimal, currency: &str, country: &str| TransferSide {
            id: None,
            reference: Some(format!("TRF-{name}-{}", self.kpay_id)),
            side_type: Some(kind.to_owned()),
            amount: Number(amount),
            currency: currency.to_owned(),
            country: country.to_owned(),
        };
        let amount = Decimal::from(self.amount);
        let (from, credited) = (intent.lane.from, (amount * self.rate).round());
        let reply = TransferReply {
            id: Some(self.kpay_id.clone()),
            source_transaction: side("OUT", "WALLET_TRANSFER_OUT", amount, from.currency.code(), from.country.code()),
            destination_transaction: side("IN", "WALLET_TRANSFER_IN", credited, to.currency.code(), to.country.code()),
            exchange_rate: Some(Number(self.rate)),
            status: Some("COMPLETED".to_owned()),
            description: None,
            external_id: Some(id),
            created_at: None,
        };
        serde_json::to_vec(&reply).unwrap()
    }
}

fn blank() -> WithdrawReply {
    serde_json::from_str(r#"{"id":"","status":"","amount":0,"currency":""}"#).unwrap()
}
