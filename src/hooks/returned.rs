//! The return from KPay's hosted page: the beneficiary's browser brings back how the withdrawal stood, signed. Like a webhook
//! it is a hint and never proof: what became of the withdrawal is what KPay answers.

use super::secret::{Secret, signature};
use crate::model::{Timestamp, is_plain_id, tame};
use chrono::{DateTime, TimeDelta};
use reqwest::Url;

/// A return counts for so long (`kpay-api.md`, "Gateway return"), and a clock that is behind is borne with as much.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);
/// No address is longer.
const LONGEST_ADDRESS: usize = 8 << 10;
/// No status and no reference is longer.
const LONGEST_FIELD: usize = 128;

/// What a return says, once its signature was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// How the withdrawal stood, in KPay's word; tamed.
    pub status: String,
    /// KPay's reference; tamed.
    pub reference: String,
    /// Our id: 1 to 64 of `A-Za-z0-9_-`. It may be nobody's.
    pub external_id: String,
    /// When KPay signed it.
    pub at: Timestamp,
}

/// Why a return does not count. Nothing of its address is in the text but its time, and that only once the signature was
/// found good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    /// It is no return of KPay's page at all.
    #[error(
        "this is no address that KPay's hosted page leads back to: {0}; give the whole address in quotes, a shell ends it at \
         the first `&` otherwise"
    )]
    Malformed(String),
    /// The signature does not fit.
    #[error(
        "the signature does not fit: the address is not KPay's, it was changed on its way, or the secret here is not the one \
         that KPay signs with; nothing in it counts"
    )]
    Forged,
    /// Too old, or from the future.
    #[error("KPay signed this at {}, more than 10 minutes from now: it does not count any more", .0.format("%Y-%m-%dT%H:%M:%SZ"))]
    Stale(Timestamp),
}

/// An address with everything in it that a return has; not believed yet. Not shown by `Debug`.
pub struct Unchecked {
    status: String,
    reference: String,
    external_id: String,
    ts: String,
    sig: String,
}

impl Unchecked {
    /// Reads `{returnUrl}?status&reference&externalId&ts&sig`; the merchant's own parameters may stand beside these.
    ///
    /// # Errors
    /// [`ReturnError::Malformed`].
    pub fn read(address: &str) -> Result<Self, ReturnError> {
        let wrong = |what: &str| Err(ReturnError::Malformed(what.to_owned()));
        if address.len() > LONGEST_ADDRESS {
            return wrong("it is longer than any address");
        }
        let Ok(url) = Url::parse(address) else { return wrong("it cannot be read as an address") };
        if !matches!(url.scheme(), "https" | "http") {
            return wrong("it does not begin with https://");
        }
        let field = |name: &str| {
            let mut found = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            let value = found.next().filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| ReturnError::Malformed(format!("`{name}` is missing")))?;
            if found.next().is_some() {
                return Err(ReturnError::Malformed(format!("`{name}` stands there twice")));
            }
            // The signature joins the fields with `|`: with one inside, two returns would read alike.
            if value.len() > LONGEST_FIELD || value.contains('|') {
                return Err(ReturnError::Malformed(format!("`{name}` is nothing that KPay writes there")));
            }
            Ok(value)
        };
        let (status, reference) = (field("status")?, field("reference")?);
        Ok(Self { status, reference, external_id: field("externalId")?, ts: field("ts")?, sig: field("sig")? })
    }

    /// Checks the signature, in constant time, and after it the age.
    ///
    /// # Errors
    /// [`ReturnError`].
    pub fn checked(self, secret: &Secret, now: Timestamp) -> Result<Returned, ReturnError> {
        let Self { status, reference, external_id, ts, sig } = self;
        let signed = [status.as_str(), &reference, &external_id, &ts].join("|");
        if !signature(sig.as_bytes()).is_some_and(|signature| secret.signed(signed.as_bytes(), &signature)) {
            return Err(ReturnError::Forged);
        }
        let wrong = |name: &str| ReturnError::Malformed(format!("`{name}` is signed, and nothing that is known here"));
        let digits = Some(&ts).filter(|ts| ts.bytes().all(|byte| byte.is_ascii_digit()));
        let at = digits.and_then(|ts| DateTime::from_timestamp_millis(ts.parse().ok()?)).ok_or_else(|| wrong("ts"))?;
        if !is_plain_id(&external_id) {
            return Err(wrong("externalId"));
        }
        if (now - at).abs() > GOOD_FOR {
            return Err(ReturnError::Stale(at));
        }
        Ok(Returned { status: tame(&status, 40), reference: tame(&reference, 80), external_id, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    /// Signed by another program: HMAC-SHA256 of
    /// `COMPLETED|KPAY-WD-20260514-ABC123|WD-ORD-001|1778927400000` with `gw-secret`.
    const QUERY: &str = "status=COMPLETED&reference=KPAY-WD-20260514-ABC123&externalId=WD-ORD-001&ts=1778927400000";
    const SIG: &str = "77d0b08237356d15bd972da9bac6229928204a22a73d287c0bc0a72ac8ddb154";

    fn at(millis: i64) -> Timestamp {
        DateTime::from_timestamp_millis(1_778_927_400_000 + millis).unwrap()
    }

    fn read(address: &str, secret: &str, now: Timestamp) -> Result<Returned, ReturnError> {
        Unchecked::read(address)?.checked(&Secret::new(SecretString::from(secret)), now)
    }

    /// A word of what becomes of an address.
    fn check(address: &str, secret: &str, now: Timestamp, expected: &str) {
        let word = match read(address, secret, now) {
            Ok(returned) => returned.status,
            Err(ReturnError::Malformed(what)) => what,
            Err(ReturnError::Forged) => "forged".to_owned(),
            Err(ReturnError::Stale(_)) => "stale".to_owned(),
        };
        assert!(word.contains(expected), "{address}: {word}, not {expected}");
    }

    fn good() -> String {
        format!("https://monsite.com/return?{QUERY}&sig={SIG}")
    }

    #[test]
    fn a_signed_return_is_read_for_ten_minutes() {
        let returned = read(&good(), "gw-secret", at(0)).unwrap();
        let expected = Returned {
            status: "COMPLETED".to_owned(),
            reference: "KPAY-WD-20260514-ABC123".to_owned(),
            external_id: "WD-ORD-001".to_owned(),
            at: at(0),
        };
        assert_eq!(returned, expected);
        for (millis, expected) in [
            (600_000, "COMPLETED"),
            (-600_000, "COMPLETED"),
            (600_001, "stale"),
            (660_000, "stale"),
            (-600_001, "stale"),
        ] {
            check(&good(), "gw-secret", at(millis), expected);
        }
        let own = format!("https://monsite.com:8443/r?order=7&{QUERY}&lang=fr&sig={SIG}#top");
        check(&own, "gw-secret", at(0), "COMPLETED");
    }

    #[test]
    fn whatever_was_changed_does_not_count() {
        check(&good(), "gw-secrey", at(0), "forged");
        for (old, new) in [
            ("COMPLETED", "COMPLETEE"),
            ("COMPLETED", "completed"),
            ("ABC123", "ABC124"),
            ("ORD-001", "ORD-002"),
            ("1778927400000", "1778927400001"),
            ("1778927400000", "01778927400000"),
            ("1778927400000", "soon"),
            (SIG, &SIG.to_uppercase()),
            (SIG, &SIG[1..]),
            (SIG, &"0".repeat(64)),
            (SIG, "x"),
        ] {
            assert!(good().contains(old), "{old}");
            check(&good().replace(old, new), "gw-secret", at(0), "forged");
        }
        // Every byte of the signature.
        for index in 0..SIG.len() {
            let other = if SIG.as_bytes()[index] == b'0' { "1" } else { "0" };
            let sig = format!("{}{other}{}", &SIG[..index], &SIG[index + 1..]);
            check(&good().replace(SIG, &sig), "gw-secret", at(0), "forged");
        }
    }

    #[test]
    fn what_is_no_return_is_told_without_its_address() {
        for name in ["status", "reference", "externalId", "ts", "sig"] {
            let expected = format!("`{name}` is missing");
            check(&good().replace(&format!("{name}="), "other="), "gw-secret", at(0), &expected);
            check(&good().replace(&format!("{name}="), &format!("{name}=&x=")), "gw-secret", at(0), &expected);
            check(&format!("{}&{name}=x", good()), "gw-secret", at(0), &format!("`{name}` stands there twice"));
        }
        // The same signed text, cut elsewhere.
        let cut = good().replace("status=COMPLETED&reference=KPAY", "status=COMPLETED%7CKPAY&reference=KPAY");
        check(&cut, "gw-secret", at(0), "`status` is nothing that KPay writes");
        let long = format!("https://a.example/?{}", "a".repeat(9_000));
        for (address, expected) in [
            ("", "cannot be read"),
            ("monsite.com/return", "cannot be read"),
            ("ftp://a.example/?sig=canary", "does not begin with https://"),
            ("https://canary.example/", "`status` is missing"),
            (&long, "longer than any"),
        ] {
            check(address, "gw-secret", at(0), expected);
            let text = read(address, "gw-secret", at(0)).unwrap_err().to_string();
            assert!(!text.contains("canary"), "{text}");
        }
    }
}
