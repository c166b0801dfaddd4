//! KPay's JSON, exactly as documented (seed `001_609e41c91308fab3`, page "Cross-border"; `kpay-api.md`). Used by the client and by
//! the sandbox alike. Numbers are exact decimals; unknown fields are ignored, because KPay may add some.

mod withdrawal;

pub use withdrawal::{
    CountryAvailability, OperationAvailability, PredictReply, PredictRequest, ProviderAvailability, WithdrawReply,
    WithdrawRequest,
};

use crate::money::Number;
use serde::{Deserialize, Serialize};

/// Body of `POST /api/wallets/transfer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferRequest {
    /// `application.id` of `/me`.
    pub application_id: String,
    /// ISO 3166-1 alpha-3 of the wallet debited.
    pub source_country: String,
    /// ISO 3166-1 alpha-3 of the wallet credited.
    pub destination_country: String,
    /// In the source's currency, 100 to 10,000,000.
    pub amount: Number,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Idempotency.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
}

/// One side of a transfer in the 201 reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferSide {
    /// KPay's id of this side.
    pub id: Option<String>,
    /// e.g. `TRF-OUT-ABC123`.
    pub reference: Option<String>,
    /// `WALLET_TRANSFER_OUT` or `WALLET_TRANSFER_IN`.
    #[serde(rename = "type")]
    pub side_type: Option<String>,
    /// In `currency`.
    pub amount: Number,
    /// ISO 4217.
    pub currency: String,
    /// ISO 3166-1 alpha-3.
    pub country: String,
}

/// 201 reply of `POST /api/wallets/transfer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferReply {
    /// KPay's id of the transfer.
    pub id: Option<String>,
    /// The debit.
    pub source_transaction: TransferSide,
    /// The credit.
    pub destination_transaction: TransferSide,
    /// The applied rate; 1 within one currency.
    pub exchange_rate: Option<Number>,
    /// Undocumented, but if it says anything else than success the transfer is not to be booked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<String>,
    /// Echo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Echo; must be ours.
    pub external_id: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created_at: Option<String>,
}

/// Reply of `GET /api/v1/payments/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The application the keys belong to.
    pub application: Named,
    /// The company behind it. Not to be used as `applicationId`.
    pub company: Option<Named>,
    /// `TEST` or `PRODUCTION`.
    pub environment: String,
}

/// An id with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// UUID.
    pub id: String,
    /// For people.
    pub name: Option<String>,
}

/// Reply of `POST /api/v1/payments/token`. No `Debug`, `Serialize` for the sandbox only: it holds the token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenReply {
    /// The bearer token.
    pub access_token: String,
    /// A duration string, documented as `30m`; a number of seconds has to be stood as well.
    pub expires_in: Option<serde_json::Value>,
    /// `TEST` or `PRODUCTION`.
    pub environment: Option<String>,
}

/// Reply of `GET /api/v1/payments/exchange-rate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRate {
    /// ISO 4217.
    pub from: String,
    /// ISO 4217.
    pub to: String,
    /// Units of `to` for one of `from`; indicative.
    pub rate: Number,
}

/// The documented error envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorReply {
    /// Same as the HTTP status.
    pub status_code: Option<u16>,
    /// A string, also seen as an array of strings.
    pub message: Option<serde_json::Value>,
    /// e.g. `Bad Request`.
    pub error: Option<String>,
}
