//! Amounts as people write them in policies and on the command line: `250000`, `250_000`, `250 000`, each with or
//! without a currency behind. Exact, or refused with what to write instead.

use crate::model::tame;
use crate::money::{Amount, Currency};

/// An amount as written; without a currency it is in the wallet's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenAmount {
    /// How much: zero or more.
    pub amount: Amount,
    /// The currency written behind it.
    pub currency: Option<Currency>,
}

/// Why a text is not an amount. The text says what is wrong with it, [`AmountError::hint`] what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// There is nothing.
    #[error("an amount is missing")]
    Empty,
    /// Below zero.
    #[error("`{0}` is negative, and an amount cannot be")]
    Negative(String),
    /// `+5`.
    #[error("`{0}` has a sign")]
    Sign(String),
    /// `.nan`, `.inf` and their kin.
    #[error("`{0}` is not a number anyone can pay")]
    NotANumber(String),
    /// `1,000`.
    #[error("`{0}` has a comma, which some read as thousands and some as decimals")]
    Comma(String),
    /// `0x10`, `0o17`, `0b1`.
    #[error("`{0}` is not written in decimal")]
    Radix(String),
    /// `1e6`.
    #[error("`{0}` has an exponent")]
    Exponent(String),
    /// `0100`, which some programs read as octal.
    #[error("`{0}` begins with a needless zero, which some read as octal")]
    LeadingZero(String),
    /// `1_00`, `1__000`, `1_000 000`.
    #[error("the groups of digits in `{0}` are not groups of three")]
    Grouping(String),
    /// More digits than can be kept.
    #[error("`{0}` has more than 28 digits and cannot be kept exactly")]
    TooLong(String),
    /// A currency KPay has no wallets in.
    #[error("`{0}` is not a currency of KPay's wallets")]
    Currency(String),
    /// Anything else.
    #[error("`{0}` is not an amount")]
    Shape(String),
}

impl AmountError {
    /// A stable kebab-case code for diagnostics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        if matches!(self, Self::Currency(_)) { "unknown-currency" } else { "bad-amount" }
    }

    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Currency(word) => currency_hint(word),
            Self::Negative(_) => "write zero or more, e.g. 250_000".into(),
            Self::Sign(_) => "write the digits alone, e.g. 250_000".into(),
            Self::NotANumber(_) => "write digits, e.g. 250_000; to have no bound, leave the key out".into(),
            Self::Comma(_) => "group with `_` (250_000) or blanks (\"250 000\"); a point before decimals".into(),
            Self::Radix(_) | Self::Exponent(_) => "write all digits in decimal, e.g. 1_000_000".into(),
            Self::LeadingZero(_) => "write it without the zeros in front".into(),
            Self::Grouping(_) => "group by three with one kind of separator, e.g. 1_250_000 or \"1 250 000\"".into(),
            Self::TooLong(_) => "write an amount a wallet could hold".into(),
            Self::Empty | Self::Shape(_) => "write e.g. 250000, 250_000, \"250 000\" or 250_000 XAF".into(),
        }
    }
}

/// Reads an amount, zero or more, with or without a currency of KPay's table behind it.
///
/// # Errors
/// [`AmountError`] for everything that is not plain decimal digits, whatever YAML or another program would make of it.
pub fn read_amount(text: &str) -> Result<WrittenAmount, AmountError> {
    let text = text.trim_matches(' ');
    let (number, currency) = match text.rsplit_once(' ') {
        Some((number, word)) if word.starts_with(|first: char| !first.is_ascii_digit()) => {
            (number.trim_end_matches(' '), Some(read_currency(word)?))
        }
        _ => (text, None),
    };
    Ok(WrittenAmount { amount: read_digits(number)?, currency })
}

fn shown(text: &str) -> String {
    tame(text, 40)
}

fn read_currency(word: &str) -> Result<Currency, AmountError> {
    let known = word.parse().ok().filter(|currency| Currency::ALL.contains(currency));
    known.ok_or_else(|| AmountError::Currency(shown(word)))
}

fn currency_hint(word: &str) -> String {
    let upper = word.to_ascii_uppercase();
    if let Some(meant) = Currency::ALL.iter().find(|currency| currency.code() == upper) {
        return format!("write {meant}");
    }
    if upper.ends_with("CFA") || upper == "F" || upper == "FRANCS" {
        return "write XAF for Central Africa (CMR, GAB, COG) or XOF for West Africa (SEN, CIV, BEN)".into();
    }
    let all: Vec<&str> = Currency::ALL.iter().map(Currency::code).collect();
    format!("one of {}", all.join(", "))
}

fn read_digits(text: &str) -> Result<Amount, AmountError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let only_grouped_digits =
        !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_' || byte == b' ');
    if !only_grouped_digits || !fraction.is_none_or(all_digits) {
        return Err(what_else(text));
    }
    let digits = ungrouped(whole).ok_or_else(|| AmountError::Grouping(shown(text)))?;
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(AmountError::LeadingZero(shown(text)));
    }
    let plain = fraction.map_or_else(|| digits.clone(), |fraction| format!("{digits}.{fraction}"));
    plain.parse().map_err(|_| AmountError::TooLong(shown(text)))
}

/// The digits without their separators; `None` unless they stand alone, or in threes with one kind of separator.
fn ungrouped(whole: &str) -> Option<String> {
    let separator = match (whole.contains('_'), whole.contains(' ')) {
        (false, false) => return Some(whole.to_owned()),
        (true, false) => '_',
        (false, true) => ' ',
        (true, true) => return None,
    };
    let mut groups = whole.split(separator);
    let first = groups.next().filter(|group| (1..=3).contains(&group.len()))?;
    groups.try_fold(first.to_owned(), |digits, group| (group.len() == 3).then(|| digits + group))
}

/// Names the way in which a text fails to be an amount.
fn what_else(text: &str) -> AmountError {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.trim_start_matches(['+', '-']);
    let body = unsigned.strip_prefix('.').unwrap_or(unsigned);
    let text = shown(text);
    if text.is_empty() {
        return AmountError::Empty;
    }
    if ["nan", "inf", "infinity"].contains(&body) {
        return AmountError::NotANumber(text);
    }
    let after_zero = unsigned.strip_prefix('0').unwrap_or("");
    if after_zero.starts_with(['x', 'o', 'b']) {
        return AmountError::Radix(text);
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        return AmountError::Shape(text);
    }
    if unsigned.contains(',') {
        return AmountError::Comma(text);
    }
    if let Some((mantissa, exponent)) = unsigned.split_once('e') {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || b"._+-".contains(&byte));
        if digits(mantissa) && digits(exponent) {
            return AmountError::Exponent(text);
        }
    }
    match lower.bytes().next() {
        Some(b'-') => AmountError::Negative(text),
        Some(b'+') => AmountError::Sign(text),
        _ => AmountError::Shape(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, amount: &str, currency: Option<Currency>) {
        let expected = WrittenAmount { amount: amount.parse().unwrap(), currency };
        assert_eq!(read_amount(text), Ok(expected), "{text:?}");
    }

    #[test]
    fn the_three_ways_to_write_an_amount() {
        for text in ["250000", "250_000", "250 000", " 250000 "] {
            check(text, "250000", None);
            check(&format!("{text} XAF"), "250000", Some(Currency::XAF));
        }
        check("0", "0", None);
        check("1_250.50 KES", "1250.50", Some(Currency::KES));
        check("9007199254740993", "9007199254740993", None);
    }

    #[test]
    fn f06_f07_everything_else_is_refused_by_its_own_name() {
        type Kind = fn(String) -> AmountError;
        let table: [(&str, Kind); 37] = [
            ("-1", AmountError::Negative),
            ("-250_000", AmountError::Negative),
            ("+5", AmountError::Sign),
            (".nan", AmountError::NotANumber),
            (".NaN", AmountError::NotANumber),
            (".inf", AmountError::NotANumber),
            ("-.inf", AmountError::NotANumber),
            ("inf", AmountError::NotANumber),
            ("1,000", AmountError::Comma),
            ("1.000,00", AmountError::Comma),
            ("0x10", AmountError::Radix),
            ("0o17", AmountError::Radix),
            ("0b11", AmountError::Radix),
            ("1e6", AmountError::Exponent),
            ("1E+6", AmountError::Exponent),
            ("1.5e3", AmountError::Exponent),
            ("0100", AmountError::LeadingZero),
            ("00", AmountError::LeadingZero),
            ("007.5", AmountError::LeadingZero),
            ("1_00", AmountError::Grouping),
            ("1__000", AmountError::Grouping),
            ("_1000", AmountError::Grouping),
            ("1000_000", AmountError::Grouping),
            ("1_000 000", AmountError::Grouping),
            ("250  000", AmountError::Grouping),
            ("123456789012345678901234567890", AmountError::TooLong),
            (".5", AmountError::Shape),
            ("5.", AmountError::Shape),
            ("1.2.3", AmountError::Shape),
            ("1.000_000", AmountError::Shape),
            ("250000XAF", AmountError::Shape),
            ("5%", AmountError::Shape),
            ("yes", AmountError::Shape),
            ("１００", AmountError::Shape),
            ("250\u{a0}000", AmountError::Shape),
            ("1:30", AmountError::Shape),
            ("1 000 000.", AmountError::Shape),
        ];
        for (text, kind) in table {
            assert_eq!(read_amount(text), Err(kind(shown(text))), "{text:?}");
        }
        assert_eq!(read_amount(""), Err(AmountError::Empty));
    }

    #[test]
    fn currencies_are_those_of_the_table() {
        for (text, hint) in [
            ("100 xaf", "write XAF"),
            ("100 FCFA", "write XAF for Central Africa (CMR, GAB, COG) or XOF for West Africa (SEN, CIV, BEN)"),
            ("100 EUR", "one of XAF, XOF, KES, CDF, UGX, RWF"),
        ] {
            let error = read_amount(text).unwrap_err();
            assert_eq!((error.code(), error.hint().as_str()), ("unknown-currency", hint), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(whole in 0_u64..=999_999_999_999_999_999, cents in proptest::option::of(0_u32..100), separator in "[_ ]?", pick in 0_usize..7) {
            let digits = whole.to_string();
            let mut text = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index).is_multiple_of(3) {
                    text.push_str(&separator);
                }
                text.push(digit);
            }
            let mut plain = digits;
            if let Some(cents) = cents {
                let cents = format!(".{cents:02}");
                text.push_str(&cents);
                plain.push_str(&cents);
            }
            let currency = Currency::ALL.get(pick).copied();
            if let Some(currency) = currency {
                text.push(' ');
                text.push_str(currency.code());
            }
            let expected = WrittenAmount { amount: plain.parse().unwrap(), currency };
            prop_assert_eq!(read_amount(&text), Ok(expected));
        }

        #[test]
        fn any_text_is_read_exactly_or_refused(text in "\\PC{0,40}|[-+0-9_ .,exXAF]{0,30}") {
            if let Ok(written) = read_amount(&text) {
                prop_assert!(!written.amount.is_negative());
                let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
                prop_assert_eq!(written.amount, digits.parse().unwrap());
            }
        }
    }
}
