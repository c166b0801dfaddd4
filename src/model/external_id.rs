//! The deterministic external id (CONTRACT 5): a pure function of environment, application, kind, lane, slot and part,
//! so that a wiped state, a renamed policy or a second machine arrives at the same id and KPay's 409 stops the second
//! transfer. No amount, rate, attempt, host, policy name or random part goes in.

use super::{Identity, Kind, Slot};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// An id of ours, as KPay sees it in `externalId`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExternalId(String);

/// What stands in the slot's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment<'a> {
    /// A scheduled instant.
    Slot(Slot),
    /// The key of a manual move: `[A-Za-z0-9._-]{1,64}`.
    Key(&'a str),
}

/// Everything an id is made of.
#[derive(Debug, Clone)]
pub struct IdParts<'a> {
    /// Environment and application.
    pub identity: &'a Identity,
    /// Transfer or payout.
    pub kind: Kind,
    /// Source country.
    pub source: &'a str,
    /// Destination as it stands in the hashed text: a country, `<provider>:<phone>`, or `GATEWAY`.
    pub destination: &'a str,
    /// Slot or key.
    pub moment: Moment<'a>,
    /// 1-based.
    pub part: u8,
}

impl ExternalId {
    /// Derives the id.
    #[must_use]
    pub fn derive(parts: &IdParts<'_>) -> Self {
        let (field, moment) = match &parts.moment {
            Moment::Slot(slot) => (slot.instant().format("%y%m%d%H%M%S").to_string(), slot.to_string()),
            Moment::Key(key) => (format!("M{}", crockford(key.as_bytes(), 11)), (*key).to_owned()),
        };
        let shown_destination = if parts.kind == Kind::Payout { "PAY" } else { parts.destination };
        let text = format!(
            "treasuryd/1|{}|{}|{}|{}|{}|{}|{}",
            parts.identity.environment,
            parts.identity.application_id,
            parts.kind.word(),
            parts.source,
            parts.destination,
            moment,
            parts.part
        );
        Self(format!(
            "TRD-{field}-{}{}-{:02}-{}",
            parts.source,
            shown_destination,
            parts.part,
            crockford(text.as_bytes(), 8)
        ))
    }

    /// An id as it stands in the journal or on a command line.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The first `length` characters (5 bits each, most significant first, at most 12) of the Crockford base-32 form of
/// SHA-256(`input`).
fn crockford(input: &[u8], length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digest = Sha256::digest(input);
    let mut head = [0_u8; 8];
    head.copy_from_slice(&digest[..8]);
    let bits = u64::from_be_bytes(head);
    (0..length.min(12)).map(|index| char::from(ALPHABET[((bits >> (59 - 5 * index)) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Environment;
    use chrono::{TimeZone, Utc};

    fn identity() -> Identity {
        Identity {
            environment: Environment::Sandbox,
            application_id: "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap(),
        }
    }

    fn derive(kind: Kind, destination: &str, moment: Moment<'_>, part: u8) -> String {
        let identity = identity();
        let parts = IdParts { identity: &identity, kind, source: "GAB", destination, moment, part };
        ExternalId::derive(&parts).to_string()
    }

    #[test]
    fn the_example_of_the_contract() {
        let slot = Slot::at(Utc.with_ymd_and_hms(2026, 11, 24, 17, 0, 0).unwrap());
        let id = derive(Kind::Transfer, "CMR", Moment::Slot(slot), 1);
        assert_eq!(id, "TRD-261124170000-GABCMR-01-JS7G03CB");
        assert_eq!(id.len(), 35);
    }

    #[test]
    fn parts_kinds_destinations_and_keys_differ() {
        let slot = Slot::at(Utc.with_ymd_and_hms(2026, 11, 24, 17, 0, 0).unwrap());
        let ids = [
            derive(Kind::Transfer, "CMR", Moment::Slot(slot), 1),
            derive(Kind::Transfer, "CMR", Moment::Slot(slot), 2),
            derive(Kind::Transfer, "COG", Moment::Slot(slot), 1),
            derive(Kind::Payout, "MTN_MOMO_CMR:237653456789", Moment::Slot(slot), 1),
            derive(Kind::Payout, "GATEWAY", Moment::Slot(slot), 1),
            derive(Kind::Transfer, "CMR", Moment::Key("rent-2026-11"), 1),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids[3].contains("-GABPAY-01-"));
        assert!(ids[5].starts_with("TRD-M") && ids[5].len() == 35);
    }
}
