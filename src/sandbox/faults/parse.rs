//! Fault rules from text: `[ENDPOINT:]NAME[=ARGS][@TIMES]`.

use super::{Fault, Field, RetryAfter, When, table};
use crate::money::{Country, Currency, read_plain_decimal};
use crate::sandbox::endpoint::{Endpoint, Target};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::{fmt, str::FromStr, time::Duration};

/// Why a fault rule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No such fault.
    #[error("`{0}` is not a fault; there are: {list}", list = table::forms())]
    Unknown(String),
    /// The word before the colon.
    #[error("`{0}` is not an endpoint of a fault; there are: {words}", words = Target::WORDS)]
    Target(String),
    /// What stands after `=`.
    #[error("fault `{rule}`: {why}")]
    Argument {
        /// The whole rule.
        rule: String,
        /// What is wrong with it.
        why: String,
    },
}

/// One rule of the fault script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) text: String,
    pub(super) target: Target,
    pub(super) fault: Fault,
    pub(super) times: Times,
}

/// How often a rule is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Count(u32),
    Always,
    Every(u32),
    /// In a million.
    Chance(u32),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Rule {
    type Err = FaultError;
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (target, rest) = split_target(text)?;
        let (rest, times) = split_times(rest);
        let (name, argument) = rest.split_once('=').map_or((rest, None), |(name, argument)| (name, Some(argument)));
        let wrong = |why: String| FaultError::Argument { rule: shown(text), why };
        if let Some(fault) = without_argument(name) {
            let shorthand = argument.map(|argument| Times::read(argument).ok_or_else(|| wrong(NOT_TIMES.to_owned())));
            let times = shorthand.transpose()?.or(times).unwrap_or(Times::Count(1));
            return Self::new(text, target, fault, times);
        }
        let fault = with_argument(name, argument).ok_or_else(|| FaultError::Unknown(shown(text)))?.map_err(wrong)?;
        Self::new(text, target, fault, times.unwrap_or(Times::Count(1)))
    }
}

const NOT_TIMES: &str = "it takes no argument but how often: a count, `always`, `every:N` or `p:0.05`";

impl Rule {
    fn new(text: &str, target: Option<Target>, fault: Fault, times: Times) -> Result<Self, FaultError> {
        let target = target.unwrap_or_else(|| fault.home());
        let wrong = |why: &str| Err(FaultError::Argument { rule: shown(text), why: why.to_owned() });
        let of_webhooks = matches!(fault, Fault::Late(_) | Fault::Forged);
        let fits_webhooks = of_webhooks || matches!(fault, Fault::Ok | Fault::Lost(When::Before) | Fault::Duplicate);
        if target == Target::Webhook && !fits_webhooks {
            return wrong("a webhook can be lost-before, duplicate, late or forged");
        }
        if target != Target::Webhook && of_webhooks {
            return wrong("only a webhook can be that");
        }
        Ok(Self { text: text.to_owned(), target, fault, times })
    }
}

impl Fault {
    /// Where it strikes unless the rule says otherwise.
    fn home(&self) -> Target {
        match self {
            Self::StaleBalance(_)
            | Self::DropWallet(_)
            | Self::BadBalance { .. }
            | Self::Negative(_)
            | Self::SwapCurrency { .. }
            | Self::DuplicateRow(_) => Target::Balances,
            Self::NoRate | Self::BadRate(_) | Self::InvertedRate => Target::One(Endpoint::ExchangeRate),
            Self::EnvFlip => Target::Identity,
            Self::ExpiresIn(_) => Target::One(Endpoint::Token),
            Self::Late(_) | Self::Forged => Target::Webhook,
            _ => Target::One(Endpoint::Transfer),
        }
    }
}

impl Times {
    fn read(text: &str) -> Option<Self> {
        if text == "always" {
            return Some(Self::Always);
        }
        if let Some(n) = text.strip_prefix("every:") {
            return n.parse().ok().filter(|n| *n > 0).map(Self::Every);
        }
        if let Some(chance) = text.strip_prefix("p:") {
            let chance =
                read_plain_decimal(chance).ok().filter(|chance| (Decimal::ZERO..=Decimal::ONE).contains(chance))?;
            return chance.checked_mul(Decimal::from(1_000_000))?.to_u32().map(Self::Chance);
        }
        number(text).ok().map(Self::Count)
    }
}

/// The endpoint before a colon that comes before any `=`.
fn split_target(text: &str) -> Result<(Option<Target>, &str), FaultError> {
    let head = text.split('=').next().unwrap_or_default();
    let Some((word, _)) = head.split_once(':').filter(|(word, _)| !word.contains('@')) else { return Ok((None, text)) };
    let target = Target::read(word).ok_or_else(|| FaultError::Target(shown(word)))?;
    Ok((Some(target), &text[word.len() + 1..]))
}

/// `@TIMES` at the end; anything else after an `@` belongs to the argument.
fn split_times(text: &str) -> (&str, Option<Times>) {
    let split = text.rsplit_once('@').and_then(|(rest, times)| Some((rest, Times::read(times)?)));
    split.map_or((text, None), |(rest, times)| (rest, Some(times)))
}

fn without_argument(name: &str) -> Option<Fault> {
    Some(match name {
        "ok" => Fault::Ok,
        "lost-before" => Fault::Lost(When::Before),
        "lost-after-apply" => Fault::Lost(When::After),
        "401" | "expired-token" => Fault::ExpiredToken,
        "hang" => Fault::Hang(When::After),
        "hang-before" => Fault::Hang(When::Before),
        "duplicate" => Fault::Duplicate,
        "forged" => Fault::Forged,
        "empty-201" => Fault::EmptyCreated,
        "html-201" => Fault::HtmlCreated,
        "nested" => Fault::Nested,
        "endless-headers" => Fault::EndlessHeaders,
        "swap-reply" => Fault::SwapReply,
        "no-rate" => Fault::NoRate,
        "inverted-rate" => Fault::InvertedRate,
        "env-flip" => Fault::EnvFlip,
        _ => {
            let (rest, html) = name
                .strip_prefix("html-")
                .map(|rest| (rest, true))
                .or(name.strip_prefix("http-").map(|rest| (rest, false)))?;
            let (status, when) = status_and_when(rest).ok().filter(|(status, _)| *status >= 400)?;
            Fault::Status { status, when, html }
        }
    })
}

/// `None` for a name that is no fault at all.
fn with_argument(name: &str, argument: Option<&str>) -> Option<Result<Fault, String>> {
    let needed =
        || argument.filter(|text| !text.is_empty()).ok_or_else(|| format!("`{name}` needs `=` and an argument"));
    Some(match name {
        "status" => {
            needed().and_then(status_and_when).map(|(status, when)| Fault::Status { status, when, html: false })
        }
        "429" => retry_after(argument).map(|retry_after| Fault::TooMany { when: When::Before, retry_after }),
        "429-after" => retry_after(argument).map(|retry_after| Fault::TooMany { when: When::After, retry_after }),
        "redirect" => needed().and_then(redirect),
        "message" => needed().map(message),
        "late-apply" => needed().and_then(duration).map(Fault::LateApply),
        "late" => needed().and_then(duration).map(Fault::Late),
        "slow" => needed().and_then(duration).map(Fault::Slow),
        "slow-loris" => needed().and_then(duration).map(Fault::SlowLoris),
        "conflict-pending" => positive(argument, 1).map(Fault::ConflictPending),
        "huge-body" => positive(argument, 64).map(Fault::HugeBody),
        "gzip-bomb" => positive(argument, 64).map(Fault::GzipBomb),
        "cut-body" => argument.map(number).transpose().map(Fault::CutBody),
        "wrong-field" => needed().and_then(wrong_field),
        "fee" => needed().and_then(percent).map(Fault::Fee),
        "rate-moves" => needed().and_then(|text| text.parse().map_err(display)).map(Fault::RateMoves),
        "stale-balance" => needed().and_then(number).map(Fault::StaleBalance),
        "drop-wallet" => needed().and_then(country).map(Fault::DropWallet),
        "negative" => needed().and_then(country).map(Fault::Negative),
        "duplicate-row" => needed().and_then(country).map(Fault::DuplicateRow),
        "bad-balance" => needed()
            .and_then(pair)
            .and_then(|(code, text)| Ok(Fault::BadBalance { country: country(code)?, text: text.to_owned() })),
        "swap-currency" => needed()
            .and_then(pair)
            .and_then(|(code, other)| Ok(Fault::SwapCurrency { country: country(code)?, currency: currency(other)? })),
        "bad-rate" => needed().map(|text| Fault::BadRate(text.to_owned())),
        "expires-in" => needed().map(|text| Fault::ExpiresIn(text.to_owned())),
        _ => return None,
    })
}

fn status_and_when(text: &str) -> Result<(u16, When), String> {
    let (digits, when) = match (text.strip_suffix("-before"), text.strip_suffix("-after")) {
        (Some(digits), _) => (digits, When::Before),
        (None, Some(digits)) => (digits, When::After),
        (None, None) => (text, When::Before),
    };
    let status = number::<u16>(digits)?;
    if (200..=999).contains(&status) {
        Ok((status, when))
    } else {
        Err(format!("{status} is not a status from 200 to 999"))
    }
}

fn retry_after(argument: Option<&str>) -> Result<RetryAfter, String> {
    match argument {
        None => Ok(RetryAfter::Text("1".to_owned())),
        Some("none") => Ok(RetryAfter::None),
        Some("date") => Ok(RetryAfter::Date(2)),
        Some(text) => match text.strip_prefix("date:") {
            Some(seconds) => number(seconds).map(RetryAfter::Date),
            None => header_text(text).map(RetryAfter::Text),
        },
    }
}

fn redirect(argument: &str) -> Result<Fault, String> {
    let split = argument.rsplit_once(':').and_then(|(url, status)| {
        let status: u16 = number(status).ok()?;
        [301, 302, 303, 307, 308].contains(&status).then_some((url, status))
    });
    let (url, status) = split.unwrap_or((argument, 307));
    Ok(Fault::Redirect { url: header_text(url)?, status })
}

fn message(argument: &str) -> Fault {
    let split = argument.split_once(':').and_then(|(status, text)| {
        let status: u16 = number(status).ok()?;
        (400..600).contains(&status).then_some((status, text))
    });
    let (status, text) = split.unwrap_or((400, argument));
    Fault::Message { status, text: text.to_owned() }
}

fn wrong_field(argument: &str) -> Result<Fault, String> {
    let (word, value) = argument.split_once(':').map_or((argument, None), |(word, value)| (word, Some(value)));
    let field = Field::read(word).ok_or_else(|| format!("`{}` is not one of {}", shown(word), Field::WORDS))?;
    if let Some(value) = value.filter(|_| field.is_numeric()) {
        read_plain_decimal(value).map_err(display)?;
    }
    Ok(Fault::WrongField { field, value: value.map(str::to_owned) })
}

fn percent(argument: &str) -> Result<Decimal, String> {
    let refuse = || format!("`{}` is not a percentage such as 1%", shown(argument));
    let digits = argument.strip_suffix('%').ok_or_else(refuse)?;
    let percent = read_plain_decimal(digits).map_err(display)?;
    let fraction = percent.checked_div(Decimal::ONE_HUNDRED).ok_or_else(refuse)?;
    if percent.is_sign_negative() { Err(refuse()) } else { Ok(fraction) }
}

fn pair(argument: &str) -> Result<(&str, &str), String> {
    argument.split_once(':').ok_or_else(|| "it needs a country, a colon and a value, e.g. GAB:XOF".to_owned())
}

fn country(text: &str) -> Result<Country, String> {
    text.parse().map_err(display)
}

fn currency(text: &str) -> Result<Currency, String> {
    text.parse().map_err(display)
}

fn duration(text: &str) -> Result<Duration, String> {
    number(text).map(Duration::from_millis)
}

fn positive(argument: Option<&str>, default: u32) -> Result<u32, String> {
    let count = argument.map_or(Ok(default), number)?;
    if count > 0 { Ok(count) } else { Err("it must be at least 1".to_owned()) }
}

/// Digits only: `str::parse` would take a plus sign too.
fn number<T: FromStr>(text: &str) -> Result<T, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| format!("`{}` is not a whole number that fits here", shown(text)))
}

/// A value that goes into a header may not end it.
fn header_text(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if plain { Ok(text.to_owned()) } else { Err("only printable ASCII fits in a header".to_owned()) }
}

fn display(error: impl fmt::Display) -> String {
    error.to_string()
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
