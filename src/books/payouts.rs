//! Payouts: one row each, from the moment KPay has it in hand, with gross, fee, net and the converted amount apart.

use super::entry::in_milliseconds;
use super::{Entry, EntryId, EntryKind, Stage};
use crate::intent::Event;
use crate::model::{ExternalId, Payee, Timestamp};
use crate::money::{Amount, Country, Currency, Rate};
use serde::Serialize;
use std::collections::BTreeMap;

/// The newest payouts that are over, up to a number given, and every open one however old.
#[derive(Debug, Clone)]
pub struct Payouts {
    keep: usize,
    open: BTreeMap<EntryId, PayoutRow>,
    ended: BTreeMap<EntryId, PayoutRow>,
}

/// How a payout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutState {
    /// KPay has it in hand.
    InTransit,
    /// KPay has or had it in hand, and only a person can say how it ended.
    NeedsOperator,
    /// The beneficiary has it.
    Completed,
    /// It failed or was cancelled, and its money is back in the wallet.
    Returned,
}

impl PayoutState {
    /// `in_transit`, `needs_operator`, `completed` or `returned`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::InTransit => "in_transit",
            Self::NeedsOperator => "needs_operator",
            Self::Completed => "completed",
            Self::Returned => "returned",
        }
    }
}

/// One payout, in major units of the currency beside each figure. Whatever nobody gave is `None`. One that came back
/// keeps the figures it had: only its state says that nothing moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PayoutRow {
    /// The entry that booked it.
    pub entry_id: EntryId,
    /// The intent's id.
    pub external_id: ExternalId,
    /// When it was booked: when KPay took it in hand, or, where nobody saw that, when it was found to have moved.
    #[serde(serialize_with = "in_milliseconds")]
    pub booked_at: Timestamp,
    /// When the books had its end; RFC 3339, UTC, milliseconds.
    pub ended_at: Option<String>,
    /// The wallet that paid.
    pub wallet: Option<Country>,
    /// `MTN_MOMO_CMR:237653456789`, or `GATEWAY` for KPay's hosted page.
    pub beneficiary: Option<Payee>,
    /// The wallet's: that of `gross` and `net`.
    pub currency: Option<Currency>,
    /// What left the wallet, the fee included.
    pub gross: Option<Amount>,
    /// What KPay kept.
    pub fee: Option<Amount>,
    /// In which currency.
    pub fee_currency: Option<Currency>,
    /// Gross less fee.
    pub net: Option<Amount>,
    /// What the beneficiary gets, where that is in another currency; `None` within one.
    pub converted: Option<Amount>,
    /// In which currency.
    pub converted_currency: Option<Currency>,
    /// Digit for digit as given; `None` within one currency.
    pub exchange_rate: Option<Rate>,
    /// How it stands.
    pub state: PayoutState,
    /// What arrives, as the books have it. Not shown in JSON.
    #[serde(skip)]
    credit: (Option<Amount>, Option<Currency>),
    /// The rate as the books have it. Not shown in JSON.
    #[serde(skip)]
    rate: Option<Rate>,
}

impl PayoutRow {
    fn new(entry: &Entry) -> Self {
        Self {
            entry_id: entry.entry_id,
            external_id: entry.external_id.clone(),
            booked_at: entry.booked_at,
            ended_at: None,
            wallet: entry.source_country,
            beneficiary: entry.lane.to.payee,
            currency: entry.source_currency,
            gross: None,
            fee: None,
            fee_currency: None,
            net: None,
            converted: None,
            converted_currency: None,
            exchange_rate: None,
            state: PayoutState::InTransit,
            credit: (None, None),
            rate: None,
        }
    }

    /// With what an entry says of it.
    fn told(mut self, entry: &Entry) -> Self {
        self.state = match entry.stage {
            Stage::InTransit => PayoutState::InTransit,
            Stage::Settled => PayoutState::Completed,
            Stage::Returned => PayoutState::Returned,
        };
        if self.state != PayoutState::InTransit && self.ended_at.is_none() {
            self.ended_at = Some(entry.booked_at_text());
        }
        if entry.stage == Stage::Returned {
            return self;
        }
        self.gross = entry.source_amount.or(self.gross);
        self.fee = entry.fee_amount.or(self.fee);
        self.fee_currency = entry.fee_currency.or(self.fee_currency);
        self.credit = (entry.destination_amount.or(self.credit.0), entry.destination_currency.or(self.credit.1));
        self.rate = entry.exchange_rate.or(self.rate);
        self.set_apart()
    }

    /// Net and converted: within one currency what arrives is the net amount.
    fn set_apart(mut self) -> Self {
        let (arrives, arrives_in) = self.credit;
        let fee = self.fee.filter(|_| self.fee_currency == self.currency);
        let less_fee = self.gross.zip(fee).and_then(|(gross, fee)| gross.checked_sub(fee).ok());
        let converts = arrives_in != self.currency;
        self.net = if converts { less_fee } else { arrives.or(less_fee) };
        self.converted = arrives.filter(|_| converts);
        self.converted_currency = arrives_in.filter(|_| converts);
        self.exchange_rate = self.rate.filter(|_| converts);
        self
    }
}

impl Payouts {
    /// Keeps the newest `keep` of those that are over.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self { keep, open: BTreeMap::new(), ended: BTreeMap::new() }
    }

    /// Takes the next event of the journal: whether a person is needed is not in the books.
    pub fn observe(&mut self, event: &Event) {
        let state = match event {
            Event::NeedsOperator { .. } => PayoutState::NeedsOperator,
            Event::Accepted { .. } => PayoutState::InTransit,
            _ => return,
        };
        let rows = self.open.values_mut().filter(|row| Some(&row.external_id) == event.external_id());
        rows.for_each(|row| row.state = state);
    }

    /// Takes the next entry; one that is no payout's is passed over.
    pub fn add(&mut self, entry: &Entry) {
        let known = match (entry.kind, entry.corrects) {
            (EntryKind::Payout | EntryKind::ManualPayout, _) => Some(PayoutRow::new(entry)),
            (EntryKind::Correction, Some(id)) => self.open.remove(&id).or_else(|| self.ended.remove(&id)),
            _ => None,
        };
        let Some(row) = known.map(|row| row.told(entry)) else { return };
        let rows = if entry.stage == Stage::InTransit { &mut self.open } else { &mut self.ended };
        rows.insert(row.entry_id, row);
        if self.ended.len() > self.keep {
            self.ended.pop_first();
        }
    }

    /// Newest first, the open ones at their place in time.
    #[must_use]
    pub fn newest_first(&self) -> Vec<&PayoutRow> {
        let mut rows: Vec<&PayoutRow> = self.open.values().chain(self.ended.values()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.entry_id));
        rows
    }
}
