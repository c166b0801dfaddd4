//! The one maker of intents, for policies and for people: the bytes of the request and the terms of the rate.

use super::request::WayBack;
use crate::kpay;
use crate::model::{ApprovalTerms, ExternalId, FxTerms, Identity, Intent, Kind, Lane, Origin, Slot, Timestamp};
use crate::money::{Amount, Rate};
use crate::plan::{Inputs, reference_rate};
use crate::policy::Fx;
use chrono::NaiveDate;

/// What all parts of a lane have in common.
#[derive(Debug, Clone)]
pub(super) struct Draft<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) identity: &'a Identity,
    pub(super) lane: Lane,
    pub(super) origin: Origin,
    pub(super) slot: Option<Slot>,
    /// For KPay's hosted page.
    pub(super) way_back: Option<&'a WayBack>,
    pub(super) floor: Amount,
    pub(super) balance_seen: Amount,
    pub(super) expires_at: Timestamp,
    pub(super) limit_day: NaiveDate,
    pub(super) journal_before_slot: bool,
    /// What bounds the rate, where the lane crosses currencies.
    pub(super) fx: &'a Fx,
}

/// What is a part's own.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) amount: Amount,
    pub(super) part: u8,
    pub(super) parts: u8,
    /// KPay's indicative rate.
    pub(super) rate: Option<Rate>,
    pub(super) approval: Option<ApprovalTerms>,
}

impl Draft<'_> {
    /// One part; `None` where no request can be made for the lane.
    pub(super) fn intent(&self, external_id: ExternalId, share: Share, description: &str) -> Option<Intent> {
        Some(Intent {
            kind: self.lane.kind(),
            origin: self.origin.clone(),
            slot: self.slot,
            lane: self.lane,
            amount: share.amount,
            part: share.part,
            parts: share.parts,
            body: self.body(share.amount, &external_id, description)?,
            external_id,
            policy_hash: self.inputs.policies.hash.clone(),
            floor: self.floor,
            balance_seen: self.balance_seen,
            indicative_rate: share.rate,
            expires_at: self.expires_at,
            limit_day: self.limit_day,
            cap_day: self.inputs.now.date_naive(),
            journal_before_slot: self.journal_before_slot,
            approval: share.approval,
            fx: self.fx_terms(),
        })
    }

    /// The bytes of the request.
    fn body(&self, amount: Amount, external_id: &ExternalId, description: &str) -> Option<String> {
        let lane = self.lane;
        match lane.kind() {
            Kind::Transfer => Some(kpay::transfer_body(self.identity, lane, amount, external_id, description)),
            Kind::Payout => kpay::withdrawal_body(&kpay::WithdrawalAsk {
                lane,
                amount,
                external_id,
                description,
                return_url: self.way_back.map(|way_back| way_back.return_url.as_str()),
                cancel_url: self.way_back.and_then(|way_back| way_back.cancel_url.as_deref()),
            }),
        }
    }

    /// What the rate of a lane between two currencies is compared with, before the send and afterwards.
    fn fx_terms(&self) -> Option<FxTerms> {
        let pair = (self.lane.from.currency, self.lane.to.currency);
        let last = self.inputs.standing.rates.get(&pair).map(|applied| applied.rate);
        let terms = || FxTerms { max_spread: self.fx.max_spread, reference: reference_rate(self.fx, pair, last) };
        self.lane.crosses_currencies().then(terms)
    }
}
