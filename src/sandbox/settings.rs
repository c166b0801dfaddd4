//! How a sandbox starts, and which answer it gives where KPay's pages leave a question open.

use super::{KeyPair, OperatorStatus, Rule, SandboxError};
use crate::money::{Amount, Country, Currency, Rate};
use secrecy::SecretString;
use std::{collections::BTreeMap, str::FromStr, time::Duration};

/// Everything a sandbox is started with. [`SandboxSettings::default`] plays the documents word for word.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Opening balances of the `TEST` environment.
    pub wallets: BTreeMap<Country, Amount>,
    /// Opening balances of the `PRODUCTION` environment (still play money).
    pub production_wallets: BTreeMap<Country, Amount>,
    /// Units of the second currency for one of the first.
    pub rates: BTreeMap<(Currency, Currency), Rate>,
    /// The fault script it starts with.
    pub faults: Vec<Rule>,
    /// Per key, in any sliding 60 s; 0 = no limit.
    pub requests_per_minute: u32,
    /// For storms and ids.
    pub seed: u64,
    /// Of the credited amount, to the destination currency's decimals.
    pub rounding: Rounding,
    /// Accept only these; empty = any pair of test or of live keys.
    pub keys: Vec<KeyPair>,
    /// `application.id`.
    pub application_id: String,
    /// `company.id`.
    pub company_id: String,
    /// How long a bearer token lives.
    pub token_lifetime: Duration,
    /// Whether `/api/v1/payments/balance` names countries; documented without.
    pub balance_country: bool,
    /// What `/api/wallets/overview` looks like.
    pub overview: OverviewShape,
    /// How its fields are called.
    pub overview_naming: OverviewNaming,
    /// What is looked at first, the id or the balance.
    pub order: CheckOrder,
    /// Status of a transfer over the balance.
    pub short_status: ShortStatus,
    /// Body of a 409.
    pub conflict_body: ConflictBody,
    /// Whether a refused transfer uses up its id.
    pub failed_ids: FailedIds,
    /// When an externalId is forgotten; `None` = never.
    pub forget_ids_after: Option<Duration>,
    /// Form of `Retry-After` on the sandbox's own 429.
    pub retry_after: RetryAfterForm,
    /// How long a rate is kept once looked up.
    pub rate_cache: Duration,
    /// Which rate a transfer applies.
    pub applied_rate: AppliedRate,
    /// When a withdrawal becomes `PROCESSING`, after the operator got it.
    pub payout_processing_after: Duration,
    /// When it is over, after the operator got it.
    pub payout_ends_after: Duration,
    /// Operators that are not `OPERATIONAL`, by their codes.
    pub operators: BTreeMap<String, OperatorStatus>,
    /// What the return from a hosted page is signed with.
    pub gateway_secret: SecretString,
    /// Where webhooks go: plain HTTP on this machine, e.g. `http://127.0.0.1:9751/webhooks/kpay`; `None` = nowhere.
    pub webhook: Option<String>,
    /// What they are signed with.
    pub webhook_secret: SecretString,
    /// How many requests and refusals the log keeps; the applied transfers are all kept.
    pub keep_requests: usize,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        let seed_rate =
            Rate::new(rust_decimal::Decimal::new(10_153, 4)).map(|rate| ((Currency::XAF, Currency::XOF), rate));
        Self {
            wallets: BTreeMap::new(),
            production_wallets: BTreeMap::new(),
            rates: seed_rate.into_iter().collect(),
            faults: Vec::new(),
            requests_per_minute: 100,
            seed: 1,
            rounding: Rounding::Exact,
            keys: Vec::new(),
            application_id: "b8aefadd-88b4-561a-8a90-2f9814207bfb".to_owned(),
            company_id: "e7c3b4f5-8d9e-4a1b-9c2d-3e4f5a6b7c8d".to_owned(),
            token_lifetime: Duration::from_mins(30),
            balance_country: false,
            overview: OverviewShape::Wallets,
            overview_naming: OverviewNaming::Plain,
            order: CheckOrder::IdFirst,
            short_status: ShortStatus::BadRequest,
            conflict_body: ConflictBody::Envelope,
            failed_ids: FailedIds::Reusable,
            forget_ids_after: None,
            retry_after: RetryAfterForm::Seconds,
            rate_cache: Duration::from_hours(1),
            applied_rate: AppliedRate::Cached,
            payout_processing_after: Duration::from_secs(1),
            payout_ends_after: Duration::from_secs(2),
            operators: BTreeMap::new(),
            gateway_secret: SecretString::from("sandbox-gateway-secret"),
            webhook: None,
            webhook_secret: SecretString::from("sandbox-webhook-secret"),
            keep_requests: 100_000,
        }
    }
}

/// A setting with a closed list of words, readable from the command line.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl FromStr for $name {
            type Err = SandboxError;
            fn from_str(text: &str) -> Result<Self, SandboxError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => {
                        let shown = other.chars().take(40).collect::<String>();
                        let words = [$($word),+].join(", ");
                        Err(SandboxError::Setting(format!("`{}` is not {}: {words}", shown.escape_debug(), $what)))
                    }
                }
            }
        }
    };
}

choice! {
    /// Of the credited amount. The seed's own sample keeps 48,211.75 XOF, so the default rounds nothing.
    Rounding, "a rounding" {
        /// `amount × rate`, digit for digit.
        Exact = "exact",
        /// To the destination currency's decimals, halves away from zero.
        HalfUp = "half-up",
        /// Halves to the even neighbour.
        HalfEven = "half-even",
        /// Towards zero.
        Floor = "floor",
    }
}

choice! {
    /// Where the rows stand in the reply of `/api/wallets/overview` (unknown in KPay's pages).
    OverviewShape, "a shape of the overview" {
        /// `[…]`
        Array = "array",
        /// `{"wallets":[…]}`
        Wallets = "wallets",
        /// `{"data":[…]}`
        Data = "data",
        /// `{"balances":[…]}`
        Balances = "balances",
        /// `{"data":{"wallets":[…]}}`
        DataWallets = "data.wallets",
        /// 404: there is no such endpoint.
        Absent = "absent",
    }
}

choice! {
    /// What the fields of an overview row are called.
    OverviewNaming, "a naming" {
        /// `country`, `currency`, `balance`, `reservedBalance`, `availableBalance`.
        Plain = "plain",
        /// `countryCode`, `currencyCode`, `available`.
        Coded = "coded",
    }
}

choice! {
    /// What a transfer is refused for first when both its id is in use and its wallet is short.
    CheckOrder, "an order" {
        /// 409.
        IdFirst = "id-first",
        /// 400 or 422: a replay after a lost reply may get that.
        BalanceFirst = "balance-first",
    }
}

choice! {
    /// Status of a transfer over the balance: the seed says 400, another page 422.
    ShortStatus, "a status" {
        /// The seed's.
        BadRequest = "400",
        /// The other page's.
        Unprocessable = "422",
    }
}

choice! {
    /// Body of a 409 (unknown in KPay's pages).
    ConflictBody, "a body of the 409" {
        /// Nothing.
        Empty = "empty",
        /// The documented error envelope.
        Envelope = "envelope",
        /// Plain text.
        Text = "text",
    }
}

choice! {
    /// Whether an externalId can be used again after its transfer was refused.
    FailedIds, "a rule for ids" {
        /// It can.
        Reusable = "reusable",
        /// 409 from then on.
        Burned = "burned",
    }
}

choice! {
    /// How `Retry-After` is written.
    RetryAfterForm, "a form of Retry-After" {
        /// `Retry-After: 12`
        Seconds = "seconds",
        /// `Retry-After: Sat, 21 Nov 2026 22:00:00 GMT`
        Date = "date",
    }
}

choice! {
    /// Which rate a transfer applies when the table moved within the hour.
    AppliedRate, "a choice of rate" {
        /// The cached one, as the seed says.
        Cached = "cached",
        /// The table's.
        Live = "live",
    }
}
