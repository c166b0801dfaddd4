//! Single values: durations, amounts, currencies, listening addresses. Text in, value or complaint out.

use super::layers::Raw;
use crate::model::{person_key, tame};
use crate::money::{Amount, Currency};
use std::net::SocketAddr;
use std::time::Duration;

/// Why a value is refused; the place is added by whoever knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub code: &'static str,
    pub message: String,
    pub hint: String,
}

pub(super) fn complaint(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Complaint {
    Complaint { code, message: message.into(), hint: hint.into() }
}

/// A duration in one unit: `10s`, `15m`, `6h`, `1d`.
pub(super) fn duration(text: &str) -> Result<Duration, Complaint> {
    let hint = "write a whole number and a unit: 10s, 15m, 6h or 1d";
    let wrong = || complaint("duration", format!("`{}` is no duration", tame(text, 40)), hint);
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds_per_unit = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "" if whole_number(digits).is_some() => {
            return Err(complaint("duration", format!("`{text}` has no unit"), format!("did you mean {text}s?")));
        }
        _ => return Err(wrong()),
    };
    let seconds = whole_number(digits).and_then(|number| number.checked_mul(seconds_per_unit)).ok_or_else(wrong)?;
    Ok(Duration::from_secs(seconds))
}

/// Digits only, short enough to be meant.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// One of KPay's currencies, in capitals.
pub(super) fn currency(code: &str) -> Result<Currency, Complaint> {
    let known = Currency::ALL.into_iter().find(|currency| currency.code() == code);
    known.ok_or_else(|| {
        let codes: Vec<_> = Currency::ALL.iter().map(ToString::to_string).collect();
        let message = format!("`{}` is no currency of KPay's wallets", tame(code, 16));
        complaint("unknown-currency", message, format!("one of {}, in capitals", codes.join(", ")))
    })
}

/// A person's name, as `--by` gives it.
pub(super) fn name(text: &str) -> Result<String, Complaint> {
    let name = text.trim();
    let shown = tame(name, 80);
    if name.is_empty() || name != shown || name.contains(',') {
        let message = format!("`{shown}` is no name");
        return Err(complaint("name", message, "at most 80 characters on one line, without a comma"));
    }
    Ok(shown)
}

/// Names with commas between them, each one person's; nothing at all is nobody.
pub(super) fn names(text: &str) -> Result<Vec<String>, Complaint> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let names = text.split(',').map(name).collect::<Result<Vec<String>, Complaint>>()?;
    let is_twice = |(at, one): (usize, &String)| names[..at].iter().any(|other| person_key(other) == person_key(one));
    match names.iter().enumerate().find(|named| is_twice(*named)) {
        Some((_, twice)) => {
            Err(complaint("name-twice", format!("`{twice}` stands there twice"), "name each person once"))
        }
        None => Ok(names),
    }
}

/// A positive amount of `currency`: `50000000`, `50_000_000`, `"50 000 000"`, `"50 000 000 XAF"`.
pub(super) fn amount(raw: &Raw, currency: Currency) -> Result<Amount, Complaint> {
    let amount = bound(raw, currency)?;
    if amount.is_positive() {
        return Ok(amount);
    }
    let hint = "a cap is above zero; to stop all transfers use `treasuryd pause`";
    Err(complaint("amount", format!("`{amount}` is not above zero"), hint))
}

/// The same, zero included.
pub(super) fn bound(raw: &Raw, currency: Currency) -> Result<Amount, Complaint> {
    let text = match raw {
        Raw::Integer(number) => number.to_string(),
        Raw::Text(text) => text.clone(),
        Raw::Switch(on) => on.to_string(),
    };
    let shown = tame(&text, 40);
    let (number, written) = match text.rsplit_once(' ') {
        Some((number, code)) if code.bytes().all(|byte| byte.is_ascii_alphabetic()) => (number, Some(code)),
        _ => (text.as_str(), None),
    };
    if written.is_some_and(|code| code != currency.code()) {
        return Err(complaint(
            "wrong-currency",
            format!("`{shown}` is not in {currency}"),
            "the key names the currency",
        ));
    }
    let hint = "write it as 50000000, 50_000_000 or \"50 000 000\"";
    let amount: Amount = ungrouped(number)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| complaint("amount", format!("`{shown}` is no amount"), hint))?;
    if amount.is_negative() {
        return Err(complaint("amount", format!("`{shown}` is below zero"), hint));
    }
    if !amount.is_sendable_in(currency) {
        let message = format!("`{shown}` is finer than {currency} is sent");
        return Err(complaint("amount", message, format!("{} decimals at most", currency.decimals_sent())));
    }
    Ok(amount)
}

/// Takes the separators (a space or `_` between two digits) out of a number.
fn ungrouped(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |index: Option<usize>| index.and_then(|index| bytes.get(index)).is_some_and(u8::is_ascii_digit);
    let separator = |byte: u8| byte == b' ' || byte == b'_';
    let misplaced =
        |(index, byte): (usize, &u8)| separator(*byte) && !(digit(index.checked_sub(1)) && digit(index.checked_add(1)));
    let wrong = bytes.iter().enumerate().any(misplaced);
    (!wrong).then(|| text.replace([' ', '_'], ""))
}

/// Where the pages listen: only this machine, because nothing there asks who is calling.
pub(super) fn listen(text: &str) -> Result<SocketAddr, Complaint> {
    let hint = "use 127.0.0.1 or [::1]; for others put a proxy that asks for a password in front of it";
    loopback(text, "127.0.0.1:9749", "nothing asks who calls", hint)
}

/// Where webhooks come in: only this machine, because it speaks no TLS.
pub(super) fn listen_for_webhooks(text: &str) -> Result<SocketAddr, Complaint> {
    let hint =
        "use 127.0.0.1 or [::1], and put a reverse proxy with TLS in front that passes on POST /webhooks/kpay only";
    loopback(text, "127.0.0.1:9751", "there is no TLS", hint)
}

fn loopback(text: &str, example: &str, danger: &str, hint: &str) -> Result<SocketAddr, Complaint> {
    let address: SocketAddr = text.parse().map_err(|_| {
        let message = format!("`{}` is no address to listen on", tame(text, 60));
        complaint("listen", message, format!("an IP address and a port, e.g. {example}"))
    })?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(complaint("listen-not-loopback", format!("{address} can be reached by others, and {danger}"), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_duration(text: &str, expected: Result<u64, &str>) {
        let got = duration(text).map(|duration| duration.as_secs()).map_err(|complaint| complaint.hint);
        assert_eq!(got, expected.map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn durations_have_a_whole_number_and_one_unit() {
        let hint = "write a whole number and a unit: 10s, 15m, 6h or 1d";
        for (text, seconds) in [("10s", 10), ("15m", 900), ("6h", 21_600), ("1d", 86_400), ("0s", 0)] {
            check_duration(text, Ok(seconds));
        }
        for wrong in ["", "s", "1.5h", "-1s", " 1s", "1 s", "1h30m", "1w", "1S", "1_0s", "9999999999999s", "٣s"] {
            check_duration(wrong, Err(hint));
        }
        check_duration("90", Err("did you mean 90s?"));
    }

    #[test]
    fn amounts_are_exact_positive_and_no_finer_than_sent() {
        let text = |text: &str| Raw::Text(text.to_owned());
        for (raw, currency, expected) in [
            (Raw::Integer(50_000_000), Currency::XAF, "50000000"),
            (text("50 000 000"), Currency::XAF, "50000000"),
            (text("50_000_000 XAF"), Currency::XAF, "50000000"),
            (text("1250.50"), Currency::KES, "1250.5"),
            (text("90071992547409931"), Currency::XAF, "90071992547409931"),
        ] {
            assert_eq!(amount(&raw, currency).map(|amount| amount.to_string()), Ok(expected.to_owned()), "{raw:?}");
        }
        for (raw, currency, code) in [
            (Raw::Integer(0), Currency::XAF, "amount"),
            (Raw::Integer(-5), Currency::XAF, "amount"),
            (text("50 000 XOF"), Currency::XAF, "wrong-currency"),
            (text("12.5"), Currency::XAF, "amount"),
            (text("1.005"), Currency::KES, "amount"),
            (text("1e6"), Currency::XAF, "amount"),
            (text("1,000"), Currency::XAF, "amount"),
            (text("50  000"), Currency::XAF, "amount"),
            (text(" 50"), Currency::XAF, "amount"),
            (text("_50"), Currency::XAF, "amount"),
            (text(""), Currency::XAF, "amount"),
            (text("XAF"), Currency::XAF, "amount"),
        ] {
            assert_eq!(amount(&raw, currency).map_err(|complaint| complaint.code), Err(code), "{raw:?}");
        }
    }

    #[test]
    fn only_loopback_is_listened_on() {
        for good in ["127.0.0.1:9749", "127.0.0.1:0", "[::1]:9749", "127.9.9.9:1"] {
            assert!(listen(good).is_ok() && listen_for_webhooks(good).is_ok(), "{good}");
        }
        for (wrong, code) in [
            ("0.0.0.0:9749", "listen-not-loopback"),
            ("[::]:9749", "listen-not-loopback"),
            ("192.168.1.5:9749", "listen-not-loopback"),
            ("[::ffff:127.0.0.1]:9749", "listen-not-loopback"),
            ("localhost:9749", "listen"),
            ("127.0.0.1", "listen"),
            ("127.0.0.1:99999", "listen"),
            ("", "listen"),
        ] {
            assert_eq!(listen(wrong).map_err(|complaint| complaint.code), Err(code), "{wrong}");
            let complaint = listen_for_webhooks(wrong).unwrap_err();
            assert_eq!(complaint.code, code, "{wrong}");
            assert_eq!(complaint.hint.contains("reverse proxy with TLS"), code == "listen-not-loopback", "{wrong}");
        }
    }
}
