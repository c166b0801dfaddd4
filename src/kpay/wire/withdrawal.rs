//! Withdrawals and what is known of operators, exactly as documented (seed `000_601ca0198b3a6b20`, page "Withdrawals"; seed
//! `001_609e41c91308fab3`, "Cross-country payout"; `kpay-api.md`).

use crate::money::Number;
use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/payments/withdraw`. With `provider` and `phoneNumber` it is USSD mode, with `return_url` KPay's
/// hosted page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawRequest {
    /// Gross: the fee comes out of it. 100 to 500,000 XAF.
    pub amount: Number,
    /// The operator.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// Digits, international.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone_number: Option<String>,
    /// ISO 3166-1 alpha-3 of the wallet debited, where that is not the operator's country.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_country: Option<String>,
    /// Where KPay's page sends the beneficiary afterwards.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub return_url: Option<String>,
    /// Where it sends them when they give up.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cancel_url: Option<String>,
    /// Idempotency.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Free JSON.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metadata: Option<serde_json::Value>,
}

/// The withdrawal object: the 201 reply to the request, and what `GET /api/v1/payments/withdraw/:id` answers. The reply
/// across countries leaves most of it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawReply {
    /// KPay's id, e.g. `wdr_xyz456`.
    pub id: String,
    /// e.g. `KPAY-WD-20260514-XYZ456`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// The operator's own id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider_reference: Option<String>,
    /// `PENDING`, `PROCESSING`, `COMPLETED`, `FAILED`, `CANCELLED`, or a word nobody documented.
    pub status: String,
    /// `GATEWAY` for the hosted page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mode: Option<String>,
    /// Gross, as requested.
    pub amount: Number,
    /// What is left of it after the fee.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub net_amount: Option<Number>,
    /// The fee.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fee_amount: Option<Number>,
    /// ISO 4217 of the three above.
    pub currency: String,
    /// What the beneficiary gets it in; only where that is another currency.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payout_currency: Option<String>,
    /// What the beneficiary gets; only where the currencies differ.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payout_amount: Option<Number>,
    /// The applied rate; only where the currencies differ.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exchange_rate: Option<Number>,
    /// Echo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
    /// The operator.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// The operator's country.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub country: Option<String>,
    /// The beneficiary.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone_number: Option<String>,
    /// Whether it is the sandbox's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub is_test: Option<bool>,
    /// Where the beneficiary is to be sent; hosted page only. Whoever has it may enter a number: never logged or kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gateway_url: Option<String>,
    /// Until when, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<String>,
    /// Echo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Echo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metadata: Option<serde_json::Value>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created_at: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completed_at: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failed_at: Option<String>,
    /// e.g. `RECIPIENT_NOT_FOUND`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure_reason: Option<String>,
}

/// One country in the reply of `GET /api/v1/payments/availability`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountryAvailability {
    /// ISO 3166-1 alpha-3.
    pub country: String,
    /// Its operators.
    pub providers: Vec<ProviderAvailability>,
}

/// One operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderAvailability {
    /// Its code.
    pub provider: String,
    /// By kind of operation.
    pub operation_types: Vec<OperationAvailability>,
}

/// One kind of operation of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationAvailability {
    /// `DEPOSIT`, `PAYOUT` or `REMITTANCE`.
    pub operation_type: String,
    /// `OPERATIONAL`, `DELAYED` or `CLOSED`.
    pub status: String,
}

/// Body of `POST /api/v1/payments/predict-provider`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PredictRequest {
    /// Digits, international.
    pub phone_number: String,
}

/// 201 reply of `POST /api/v1/payments/predict-provider`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PredictReply {
    /// ISO 3166-1 alpha-3.
    pub country: String,
    /// The operator's code.
    pub provider: String,
    /// Echo.
    pub phone_number: String,
}
