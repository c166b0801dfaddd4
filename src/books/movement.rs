//! What is known of one movement at one moment: the intent's part, and the facts that KPay or an operator gave.

use super::entry::{EntryKind, RateSource, Stage};
use crate::intent::{AppliedFacts, reference_of};
use crate::model::{ExternalId, Intent, Kind, Lane, Origin, RateReference, tame};
use crate::money::{Amount, Currency, Money, Rate};
use rust_decimal::{Decimal, RoundingStrategy};

/// KPay's ids and references are shorter; longer ones are cut.
const LONGEST_TEXT: usize = 200;
/// Decimals of an effective rate.
const RATE_DECIMALS: u32 = 10;

/// What an intent lends to its entries, kept while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub external_id: ExternalId,
    pub kind: Kind,
    pub entry_kind: EntryKind,
    pub policy: Option<String>,
    pub lane: Lane,
    pub indicative_rate: Option<Rate>,
    /// What the rate is compared with; `None` within one currency.
    pub reference: Option<RateReference>,
    pub description: String,
}

impl Subject {
    pub fn new(intent: &Intent) -> Self {
        Self {
            external_id: intent.external_id.clone(),
            kind: intent.kind,
            entry_kind: EntryKind::of(intent.kind, &intent.origin),
            policy: intent.origin.policy().map(str::to_owned),
            lane: intent.lane,
            indicative_rate: intent.indicative_rate,
            reference: intent.lane.crosses_currencies().then(|| reference(intent)).flatten(),
            description: describe(intent),
        }
    }
}

fn reference(intent: &Intent) -> Option<RateReference> {
    let pair = (intent.lane.from.currency, intent.lane.to.currency);
    reference_of(intent.fx.and_then(|fx| fx.reference), pair)
}

/// `GAB to CMR, policy consolidate-cemac, slot 2026-11-24T17:00:00Z, part 1 of 1`; a payout names its beneficiary:
/// `payout from CMR to MTN_MOMO_CMR 237653456789, manual, key rent, part 1 of 1`.
fn describe(intent: &Intent) -> String {
    let (from, to) = (intent.lane.from.country, intent.lane.to.destination());
    let path = match intent.kind {
        Kind::Transfer => format!("{from} to {to}"),
        Kind::Payout => format!("payout from {from} to {}", to.name()),
    };
    let origin = match &intent.origin {
        Origin::Policy(name) => format!("policy {name}"),
        Origin::Manual(key) => format!("manual, key {}", tame(key, LONGEST_TEXT)),
    };
    let slot = intent.slot.map(|slot| format!(", slot {slot}")).unwrap_or_default();
    format!("{path}, {origin}{slot}, part {} of {}", intent.part, intent.parts)
}

/// The figures of a movement as known so far. What nobody gave is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Movement {
    pub kind: Kind,
    pub lane: Lane,
    /// What left the source, fee included.
    pub amount: Amount,
    pub credited: Option<Amount>,
    /// The currency of `credited`: as KPay said, else the lane's.
    pub credit_currency: Currency,
    pub rate: Option<Rate>,
    pub rate_source: RateSource,
    pub fee: Option<Money>,
    pub kpay_id: Option<String>,
    pub source_reference: Option<String>,
    pub destination_reference: Option<String>,
    /// How far it has come.
    pub stage: Stage,
}

impl Movement {
    /// `giver`: who gave the facts, where a rate is among them.
    pub fn new(subject: &Subject, facts: &AppliedFacts, giver: RateSource, stage: Stage) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(|text| tame(text, LONGEST_TEXT));
        let lane = subject.lane;
        let credit_currency = facts.credited.map_or(lane.to.currency, |money| money.currency);
        let (rate, rate_source) = rate_of(lane.from.currency == credit_currency, facts.exchange_rate, giver);
        let mut movement = Self {
            kind: subject.kind,
            lane,
            amount: facts.amount,
            credited: facts.credited.map(|money| money.amount),
            credit_currency,
            rate,
            rate_source,
            fee: facts.fee,
            kpay_id: text(&facts.kpay_id),
            source_reference: text(&facts.source_reference),
            destination_reference: text(&facts.destination_reference),
            stage,
        };
        movement.credited = movement.credited.or_else(|| movement.documented_credit());
        movement
    }

    /// Within one currency a transfer arrives whole, at 1 (seed, "Exchange rate"); this needs no one to say it. Across
    /// currencies, and for payouts, the credit is only ever what was given.
    fn documented_credit(&self) -> Option<Amount> {
        let one_to_one = self.rate_source == RateSource::SameCurrency && self.kind == Kind::Transfer;
        if one_to_one { self.converted_source() } else { None }
    }

    /// These facts where they say something, and what was known before where they do not.
    pub fn completed_by(&self, facts: &AppliedFacts) -> AppliedFacts {
        // The 1 that nobody had to give is nobody's word: it must not stand for a rate once another currency arrives.
        let known_rate = self.rate.filter(|_| self.rate_source != RateSource::SameCurrency);
        let known_credit = self.credited.map(|amount| Money { amount, currency: self.credit_currency });
        AppliedFacts {
            amount: facts.amount,
            kpay_id: facts.kpay_id.clone().or_else(|| self.kpay_id.clone()),
            source_reference: facts.source_reference.clone().or_else(|| self.source_reference.clone()),
            destination_reference: facts.destination_reference.clone().or_else(|| self.destination_reference.clone()),
            exchange_rate: facts.exchange_rate.or(known_rate),
            credited: facts.credited.or(known_credit),
            fee: facts.fee.or(self.fee),
        }
    }

    /// The same movement once its money is back in the wallet: nothing moved.
    pub fn returned(&self) -> Self {
        Self {
            amount: Amount::ZERO,
            credited: self.credited.map(|_| Amount::ZERO),
            fee: self.fee.map(|fee| Money { amount: Amount::ZERO, currency: fee.currency }),
            stage: Stage::Returned,
            ..self.clone()
        }
    }

    /// What reached its end, for the postings. KPay's word that a payout within one currency is over says that all but
    /// the fee arrived, also where it names no figure; the books' column then stays empty.
    pub fn arrived(&self) -> Option<Amount> {
        let is_implied = self.kind == Kind::Payout && self.stays_in_currency();
        self.credited.or_else(|| if is_implied { self.converted_source() } else { None })
    }

    /// What is left of the source's amount after a fee in the same currency.
    pub fn converted_source(&self) -> Option<Amount> {
        match self.fee {
            Some(fee) if fee.currency == self.lane.from.currency => self.amount.checked_sub(fee.amount).ok(),
            _ => Some(self.amount),
        }
    }

    /// Destination / source, half-even to at most 10 decimals; `None` while the credit is unknown, and where no
    /// positive number of that many decimals comes near it.
    pub fn effective_rate(&self) -> Option<Rate> {
        let quotient = self.credited?.decimal().checked_div(self.amount.decimal())?;
        let rounded = quotient.round_dp_with_strategy(RATE_DECIMALS, RoundingStrategy::MidpointNearestEven);
        Rate::new(rounded.normalize()).ok()
    }

    /// What arrived (a fee taken out of it included) over or under the converted amount; `None` while rate or credit
    /// is unknown, and while the money is not there.
    pub fn residue(&self) -> Option<Amount> {
        if self.stage != Stage::Settled {
            return None;
        }
        let fee_there = self.fee.filter(|fee| fee.currency == self.credit_currency && !self.stays_in_currency());
        let arrived = self.credited?.checked_add(fee_there.map_or(Amount::ZERO, |fee| fee.amount)).ok()?;
        arrived.checked_sub(times(self.converted_source()?, self.rate?)?).ok()
    }

    fn stays_in_currency(&self) -> bool {
        self.lane.from.currency == self.credit_currency
    }
}

/// Exact where 28 digits hold the product, else its first 10 decimals: only rates of absurd length come to that.
fn times(amount: Amount, rate: Rate) -> Option<Amount> {
    let exact = amount.checked_mul(rate.decimal()).ok();
    exact.or_else(|| {
        Decimal::checked_mul(amount.decimal(), rate.decimal())
            .map(|product| Amount::new(product.round_dp(RATE_DECIMALS)))
    })
}

fn rate_of(same_currency: bool, sent: Option<Rate>, giver: RateSource) -> (Option<Rate>, RateSource) {
    match sent {
        None if same_currency => (Some(Rate::ONE), RateSource::SameCurrency),
        Some(rate) if same_currency && rate == Rate::ONE => (Some(Rate::ONE), RateSource::SameCurrency),
        None => (None, RateSource::Pending),
        Some(rate) => (Some(rate), giver),
    }
}
