//! KPay's endpoints as the sandbox knows them.

/// One endpoint of KPay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Endpoint {
    Me,
    Token,
    Balance,
    Overview,
    ExchangeRate,
    Transfer,
    Withdraw,
    /// One withdrawal, by its id.
    Withdrawal,
    Availability,
    Predict,
}

impl Endpoint {
    pub(super) fn of(method: &str, path: &str) -> Option<Self> {
        Some(match (method, path) {
            ("GET", "/api/v1/payments/me") => Self::Me,
            ("POST", "/api/v1/payments/token") => Self::Token,
            ("GET", "/api/v1/payments/balance") => Self::Balance,
            ("GET", "/api/wallets/overview") => Self::Overview,
            ("GET", "/api/v1/payments/exchange-rate") => Self::ExchangeRate,
            ("POST", "/api/wallets/transfer") => Self::Transfer,
            ("POST", "/api/v1/payments/withdraw") => Self::Withdraw,
            ("GET", path) if path.starts_with("/api/v1/payments/withdraw/") => Self::Withdrawal,
            ("GET", "/api/v1/payments/availability") => Self::Availability,
            ("POST", "/api/v1/payments/predict-provider") => Self::Predict,
            _ => return None,
        })
    }

    /// Whether it wants a bearer token; the others want both keys.
    pub(super) fn wants_bearer(self) -> bool {
        matches!(self, Self::Overview | Self::Transfer)
    }
}

/// Which endpoints a fault rule looks at: the word before its colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    One(Endpoint),
    /// Both ways to read balances.
    Balances,
    /// `me` and `token`.
    Identity,
    /// The webhooks that the sandbox sends.
    Webhook,
    /// Every endpoint, and no webhook.
    Any,
}

impl Target {
    pub(super) const WORDS: &str = "transfer, withdraw, withdrawal, availability, balances, balance, overview, rate, token, me, identity, any, webhook";

    pub(super) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "transfer" => Self::One(Endpoint::Transfer),
            "withdraw" => Self::One(Endpoint::Withdraw),
            "withdrawal" => Self::One(Endpoint::Withdrawal),
            "availability" => Self::One(Endpoint::Availability),
            "balances" => Self::Balances,
            "balance" => Self::One(Endpoint::Balance),
            "overview" => Self::One(Endpoint::Overview),
            "rate" => Self::One(Endpoint::ExchangeRate),
            "token" => Self::One(Endpoint::Token),
            "me" => Self::One(Endpoint::Me),
            "identity" => Self::Identity,
            "webhook" => Self::Webhook,
            "any" => Self::Any,
            _ => return None,
        })
    }

    pub(super) fn covers(self, endpoint: Endpoint) -> bool {
        match self {
            Self::One(one) => one == endpoint,
            Self::Balances => matches!(endpoint, Endpoint::Balance | Endpoint::Overview),
            Self::Identity => matches!(endpoint, Endpoint::Me | Endpoint::Token),
            Self::Webhook => false,
            Self::Any => true,
        }
    }
}
