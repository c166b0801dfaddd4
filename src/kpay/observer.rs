//! What is counted about calls, as closed sets, so that no text of KPay's can become a metric label.

use std::fmt;

/// The calls treasuryd makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// `GET /api/v1/payments/me`.
    Identity,
    /// `POST /api/v1/payments/token`.
    Token,
    /// `GET /api/wallets/overview`.
    Overview,
    /// `GET /api/v1/payments/balance`.
    Balance,
    /// `GET /api/v1/payments/exchange-rate`.
    ExchangeRate,
    /// `POST /api/wallets/transfer`.
    Transfer,
    /// `POST /api/v1/payments/withdraw`.
    Withdraw,
    /// `GET /api/v1/payments/withdraw/:id`.
    Withdrawal,
    /// `GET /api/v1/payments/availability`.
    Availability,
    /// `POST /api/v1/payments/predict-provider`.
    PredictProvider,
    /// `GET /api/public/platform-info`.
    PlatformInfo,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 11] = [
        Self::Identity,
        Self::Token,
        Self::Overview,
        Self::Balance,
        Self::ExchangeRate,
        Self::Transfer,
        Self::Withdraw,
        Self::Withdrawal,
        Self::Availability,
        Self::PredictProvider,
        Self::PlatformInfo,
    ];

    /// The word used as a metric label.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "me",
            Self::Token => "token",
            Self::Overview => "overview",
            Self::Balance => "balance",
            Self::ExchangeRate => "exchange_rate",
            Self::Transfer => "transfer",
            Self::Withdraw => "withdraw",
            Self::Withdrawal => "withdrawal",
            Self::Availability => "availability",
            Self::PredictProvider => "predict_provider",
            Self::PlatformInfo => "platform_info",
        }
    }

    /// The path behind the base URL; [`Self::Withdrawal`]'s ends where the id follows.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Identity => "/api/v1/payments/me",
            Self::Token => "/api/v1/payments/token",
            Self::Overview => "/api/wallets/overview",
            Self::Balance => "/api/v1/payments/balance",
            Self::ExchangeRate => "/api/v1/payments/exchange-rate",
            Self::Transfer => "/api/wallets/transfer",
            Self::Withdraw => "/api/v1/payments/withdraw",
            Self::Withdrawal => "/api/v1/payments/withdraw/",
            Self::Availability => "/api/v1/payments/availability",
            Self::PredictProvider => "/api/v1/payments/predict-provider",
            Self::PlatformInfo => "/api/public/platform-info",
        }
    }

    /// What is being done, for the beginning of an error.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Identity => "asking KPay whose keys these are",
            Self::Token => "asking KPay for a token",
            Self::Overview | Self::Balance => "reading the wallets",
            Self::ExchangeRate => "asking KPay for an exchange rate",
            Self::Transfer => "sending a transfer",
            Self::Withdraw => "sending a withdrawal",
            Self::Withdrawal => "asking KPay how a withdrawal stands",
            Self::Availability => "asking KPay which operators take payouts",
            Self::PredictProvider => "asking KPay whose customer a number is",
            Self::PlatformInfo => "reading KPay's fees and limits",
        }
    }

    pub(super) fn is_post(self) -> bool {
        matches!(self, Self::Token | Self::Transfer | Self::Withdraw | Self::PredictProvider)
    }
}

/// Shown as `GET /api/v1/payments/me`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.is_post() { "POST" } else { "GET" }, self.path())
    }
}

/// How a call ended: one of the statuses of [`StatusLabel::word`], a class, or `error` where no status came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusLabel(Option<u16>);

impl StatusLabel {
    /// No status came: no connection, cut, timed out.
    pub const ERROR: Self = Self(None);

    /// For a status.
    #[must_use]
    pub fn of(status: u16) -> Self {
        Self(Some(status))
    }

    /// The status; `None` where none came.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        self.0
    }

    /// The metric label, one of a closed set.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self.0 {
            None => "error",
            Some(200) => "200",
            Some(201) => "201",
            Some(202) => "202",
            Some(400) => "400",
            Some(401) => "401",
            Some(403) => "403",
            Some(404) => "404",
            Some(409) => "409",
            Some(422) => "422",
            Some(429) => "429",
            Some(500) => "500",
            Some(502) => "502",
            Some(503) => "503",
            Some(504) => "504",
            Some(100..=199) => "1xx",
            Some(200..=299) => "2xx",
            Some(300..=399) => "3xx",
            Some(400..=499) => "4xx",
            Some(500..=599) => "5xx",
            Some(_) => "other",
        }
    }
}

/// Is told about every call; the daemon counts them.
pub trait Observer: Send + Sync {
    /// A call ended after `seconds`.
    fn request(&self, endpoint: Endpoint, status: StatusLabel, seconds: f64);
    /// A call waited for the rate limit.
    fn waited(&self, seconds: f64);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn request(&self, _endpoint: Endpoint, _status: StatusLabel, _seconds: f64) {}
    fn waited(&self, _seconds: f64) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn g10_labels_are_a_closed_set() {
        let words: BTreeSet<_> = (0..=u16::MAX).map(|status| StatusLabel::of(status).word()).collect();
        assert_eq!(words.len(), 20);
        assert_eq!(StatusLabel::ERROR.word(), "error");
    }
}
