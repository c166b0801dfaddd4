//! One withdrawal as the books hold it.

use crate::money::{Amount, Country, Currency, Rate};
use crate::sandbox::{Mode, clock::Instant};
use reqwest::Url;
use serde::Serialize;

/// Where a withdrawal stands, by KPay's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PayoutStatus {
    /// Taken in; its amount is reserved.
    Pending,
    /// With the operator.
    Processing,
    /// The beneficiary has it: the amount has left the wallet.
    Completed,
    /// It did not go through: the amount is available again.
    Failed,
    /// The beneficiary gave up: the amount is available again.
    Cancelled,
}

impl PayoutStatus {
    /// As KPay writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether its amount went back, which frees its externalId.
    #[must_use]
    pub fn is_returned(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }
}

/// One withdrawal that was taken in: the judge's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptedWithdrawal {
    /// 1, 2, 3 … in the order they were taken in.
    pub number: u64,
    /// The request that it was taken in by, by its number in the log.
    pub request: u64,
    /// How many accepted requests to the endpoint carried its externalId, this one included; 0 without an id.
    pub attempts: u32,
    /// Whose environment.
    pub environment: Mode,
    /// KPay's id, `wdr_…`.
    pub id: String,
    /// `KPAY-WD-YYYYMMDD-XXXXXX`
    pub reference: String,
    /// The operator's id; none until a hosted page is confirmed.
    pub provider_reference: Option<String>,
    /// The caller's id, if it gave one.
    pub external_id: Option<String>,
    /// Debited wallet.
    pub source: Country,
    /// Gross, in `currency`.
    pub amount: Amount,
    /// Of it, in `currency`.
    pub fee: Amount,
    /// What is left, in `currency`.
    pub net: Amount,
    /// Of the source.
    pub currency: Currency,
    /// What the beneficiary gets, in `payout_currency`.
    pub payout_amount: Amount,
    /// Of the operator; the source's until a hosted page is confirmed.
    pub payout_currency: Currency,
    /// The rate applied; 1 within one currency.
    pub rate: Rate,
    /// The operator; none until a hosted page is confirmed.
    pub provider: Option<String>,
    /// The beneficiary; none until a hosted page is confirmed.
    pub phone: Option<String>,
    /// Where it stands.
    pub status: PayoutStatus,
    /// e.g. `RECIPIENT_NOT_FOUND`.
    pub failure_reason: Option<String>,
    /// The caller's words.
    pub description: Option<String>,
    /// The caller's own JSON.
    pub metadata: Option<serde_json::Value>,
    /// The hosted page, where there is one.
    #[serde(skip)]
    pub(in crate::sandbox) page: Option<Page>,
    /// When it was taken in, on the sandbox's clock.
    pub at: Instant,
    /// When the operator got it: at once but for the hosted page.
    #[serde(skip)]
    pub(in crate::sandbox) handed_over: Option<Instant>,
    /// When it was over.
    pub ended: Option<Instant>,
}

/// What a hosted page needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Page {
    pub(in crate::sandbox) token: String,
    pub(in crate::sandbox) expires: Instant,
    pub(in crate::sandbox) return_url: Url,
    pub(in crate::sandbox) cancel_url: Option<Url>,
}

/// Whom the beneficiary named on the hosted page, and what they get.
pub(in crate::sandbox) struct Named {
    pub(in crate::sandbox) provider: String,
    pub(in crate::sandbox) phone: String,
    pub(in crate::sandbox) provider_reference: String,
    pub(in crate::sandbox) payout_currency: Currency,
    pub(in crate::sandbox) payout_amount: Amount,
    pub(in crate::sandbox) rate: Rate,
}

impl AcceptedWithdrawal {
    /// Whether its hosted page can still be filled in.
    pub(in crate::sandbox) fn waits_for_page(&self) -> bool {
        self.page.is_some() && self.handed_over.is_none() && !self.status.is_end()
    }
}
