//! Money as exact decimals: amounts, currencies, rates, and KPay's table of countries.
//!
//! Nothing here rounds unless the function's name says so, and no arithmetic can overflow unnoticed: every
//! operation that could lose something returns a [`Result`]. Floats are deliberately absent.

mod amount;
mod country;
mod currency;
mod number;
mod percent;
mod rate;

pub use amount::{Amount, Money};
pub use country::{Country, Zone};
pub use currency::Currency;
pub use number::{Number, NumberError, read_plain_decimal};
pub use percent::Percent;
pub use rate::Rate;

/// Why a piece of money could not be computed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The exact result has more digits than 28; it is refused, never rounded.
    #[error("the exact result of {0} does not fit 28 digits")]
    Overflow(&'static str),
    /// The text is not a plain decimal such as `-1250.75`.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A currency code that is not three upper-case letters.
    #[error("`{0}` is not a currency code (three upper-case letters, e.g. XAF)")]
    Currency(String),
    /// A country code that is not three upper-case letters.
    #[error("`{0}` is not a country code (ISO 3166-1 alpha-3, upper case, e.g. GAB)")]
    Country(String),
    /// An exchange rate that is zero or negative.
    #[error("an exchange rate of {0} is not positive")]
    Rate(String),
    /// A percentage that is negative or has no `%`.
    #[error("`{0}` is not a percentage (zero or more, with its sign, e.g. 1.5%)")]
    Percent(String),
}
