//! Operators as the sandbox knows them: their codes, how finely they pay, and what a number given to them comes to.

use crate::money::{Country, Currency};
use crate::sandbox::SandboxError;
use std::str::FromStr;

/// KPay's catalogue (kpay-api.md, "Providers") with the decimals it states; `None`: "depends".
const CATALOGUE: [(&str, Option<u32>); 23] = [
    ("MTN_MOMO_BEN", Some(0)),
    ("MOOV_BEN", Some(0)),
    ("MTN_MOMO_CMR", Some(0)),
    ("ORANGE_CMR", Some(0)),
    ("MTN_MOMO_CIV", Some(0)),
    ("ORANGE_CIV", Some(0)),
    ("VODACOM_MPESA_COD", None),
    ("AIRTEL_COD", Some(2)),
    ("ORANGE_COD", Some(2)),
    ("AIRTEL_GAB", Some(2)),
    ("MPESA_KEN", None),
    ("AIRTEL_COG", Some(0)),
    ("MTN_MOMO_COG", Some(0)),
    ("AIRTEL_RWA", Some(0)),
    ("MTN_MOMO_RWA", Some(0)),
    ("FREE_SEN", Some(0)),
    ("ORANGE_SEN", Some(0)),
    ("ORANGE_SLE", Some(2)),
    ("AIRTEL_OAPI_UGA", Some(0)),
    ("MTN_MOMO_UGA", Some(2)),
    ("AIRTEL_OAPI_ZMB", Some(2)),
    ("MTN_MOMO_ZMB", Some(2)),
    ("ZAMTEL_ZMB", Some(2)),
];

/// Calling codes of the countries with operators.
const CALLING: [(Country, &str); 12] = [
    (Country::BEN, "229"),
    (Country::CMR, "237"),
    (Country::CIV, "225"),
    (Country::COD, "243"),
    (Country::GAB, "241"),
    (Country::KEN, "254"),
    (Country::COG, "242"),
    (Country::RWA, "250"),
    (Country::SEN, "221"),
    (Country::SLE, "232"),
    (Country::UGA, "256"),
    (Country::ZMB, "260"),
];

/// What `GET /api/v1/payments/availability` says of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OperatorStatus {
    /// Payouts go through.
    #[default]
    Operational,
    /// They go through late.
    Delayed,
    /// They are refused with 500.
    Closed,
}

impl OperatorStatus {
    pub(in crate::sandbox) fn word(self) -> &'static str {
        match self {
            Self::Operational => "OPERATIONAL",
            Self::Delayed => "DELAYED",
            Self::Closed => "CLOSED",
        }
    }
}

impl FromStr for OperatorStatus {
    type Err = SandboxError;
    fn from_str(text: &str) -> Result<Self, SandboxError> {
        let all = [Self::Operational, Self::Delayed, Self::Closed];
        all.into_iter().find(|status| status.word() == text).ok_or_else(|| {
            let shown = text.chars().take(40).collect::<String>();
            let why = format!("`{}` is no status of an operator: OPERATIONAL, DELAYED, CLOSED", shown.escape_debug());
            SandboxError::Setting(why)
        })
    }
}

/// An operator that was named in a request. Its code ends with its country's; it need not be in the catalogue.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Operator {
    pub(in crate::sandbox) code: String,
    pub(in crate::sandbox) country: Country,
    pub(in crate::sandbox) currency: Currency,
}

impl Operator {
    /// Reads a code; `None` for a text that is none.
    pub(in crate::sandbox) fn read(code: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let (name, country) = code.rsplit_once('_')?;
        if name.is_empty() || code.len() > 32 || !code.bytes().all(plain) {
            return None;
        }
        let country: Country = country.parse().ok()?;
        Some(Self { code: code.to_owned(), country, currency: country.payout_currency()? })
    }

    /// Decimals of an amount in `currency` paid through it.
    pub(in crate::sandbox) fn decimals(&self, currency: Currency) -> u32 {
        let stated = CATALOGUE.iter().find(|(code, _)| *code == self.code).and_then(|(_, decimals)| *decimals);
        stated.filter(|_| currency == self.currency).unwrap_or_else(|| currency.decimals_sent())
    }
}

/// The catalogue by country, in its order.
pub(in crate::sandbox) fn by_country() -> impl Iterator<Item = (Country, Vec<&'static str>)> {
    let of =
        |country: Country| CATALOGUE.iter().map(|(code, _)| *code).filter(move |code| code.ends_with(country.code()));
    CALLING.into_iter().map(move |(country, _)| (country, of(country).collect()))
}

/// The operator that a number's first digits suggest: the first of its country.
pub(in crate::sandbox) fn predicted(phone: &str) -> Option<(Country, &'static str)> {
    let (country, _) = CALLING.into_iter().find(|(_, calling)| phone.starts_with(calling))?;
    by_country().find(|(of, _)| *of == country).and_then(|(_, codes)| Some((country, *codes.first()?)))
}

/// What becomes of a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Outcome {
    Completed,
    StaysPending,
    Failed(&'static str),
}

/// The outcome that a test number decides (kpay-api.md, "Sandbox numbers for payouts"); any other number is completed.
pub(in crate::sandbox) fn outcome(phone: &str) -> Outcome {
    const NOBODY: Outcome = Outcome::Failed("RECIPIENT_NOT_FOUND");
    const UNSPECIFIED: Outcome = Outcome::Failed("UNSPECIFIED_FAILURE");
    const COMMON: [&str; 9] = [
        "237653456",
        "22951345",
        "2250503456",
        "243813456",
        "242053456",
        "250733456",
        "256753456",
        "254703456",
        "260973456",
    ];
    let after = |prefix: &str| phone.strip_prefix(prefix);
    if let Some(tail) = COMMON.iter().find_map(|prefix| after(prefix)) {
        return match tail {
            "129" => Outcome::StaysPending,
            "089" => NOBODY,
            "119" => UNSPECIFIED,
            "099" if phone.starts_with("254") || phone.starts_with("256") => Outcome::Failed("WALLET_LIMIT_REACHED"),
            "109" if phone.starts_with("254") => Outcome::Failed("RECIPIENT_LIMIT_REACHED"),
            _ => Outcome::Completed,
        };
    }
    match (after("221763456"), after("24174345")) {
        (Some("129"), _) | (_, Some("128")) => Outcome::StaysPending,
        (_, Some("088")) => NOBODY,
        (Some("119"), _) | (_, Some("118")) => UNSPECIFIED,
        _ => Outcome::Completed,
    }
}

/// Whether it is a number in the international form, without a plus.
pub(in crate::sandbox) fn is_phone(text: &str) -> bool {
    (10..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
}
