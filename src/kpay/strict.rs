//! Reading JSON of an undocumented shape without trusting it: numbers stay raw text, a key that stands twice refuses
//! the object. `serde_json::Value` would keep the last of two and turn numbers into floats.

use crate::model::tame;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, fmt};

/// A JSON object with raw values; a duplicate key is an error.
pub(super) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    /// The value of a field; `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).map(AsRef::as_ref).filter(|raw| raw.get() != "null")
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the key `{}` stands twice", tame(&name, 40))));
            }
            fields.insert(name, value);
        }
        Ok(Fields(fields))
    }
}

/// What KPay says in an error reply: `message` (a string, or an array of strings), else `error`; tamed and short.
/// `None` where the body is not a JSON object.
pub(super) fn message_of(body: &[u8]) -> Option<String> {
    let fields: Fields = serde_json::from_slice(body).ok()?;
    let text = |name: &str| {
        let raw = fields.get(name)?.get();
        let one = serde_json::from_str::<String>(raw).ok();
        one.or_else(|| serde_json::from_str::<Vec<String>>(raw).ok().map(|lines| lines.join("; ")))
    };
    let said = text("message").or_else(|| text("error")).unwrap_or_else(|| "no message".to_owned());
    Some(tame(&said, LONGEST_MESSAGE))
}

/// The most of KPay's words that is shown, in characters.
const LONGEST_MESSAGE: usize = 200;

/// A body as it may be shown in an error: tamed, short, and named where there is nothing to show.
pub(super) fn shown(body: &[u8]) -> String {
    if body.is_empty() {
        return "an empty body".to_owned();
    }
    // Only the beginning is decoded: a body may be a mebibyte long.
    let head = body.get(..4 * LONGEST_MESSAGE).unwrap_or(body);
    format!("`{}`", tame(String::from_utf8_lossy(head).trim(), LONGEST_MESSAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&str>) {
        assert_eq!(message_of(body.as_bytes()).as_deref(), expected, "{body}");
    }

    #[test]
    fn messages_come_in_several_shapes() {
        check(r#"{"statusCode":400,"message":"solde insuffisant","error":"Bad Request"}"#, Some("solde insuffisant"));
        check(r#"{"message":["a","b"]}"#, Some("a; b"));
        check(r#"{"message":{"deep":1},"error":"Bad Request"}"#, Some("Bad Request"));
        check(r#"{"message":null,"error":"Gone"}"#, Some("Gone"));
        check("{}", Some("no message"));
        for wrong in ["", "null", "[]", "<html>", "{", r#"{"message":"a","message":"b"}"#, "\"x\""] {
            check(wrong, None);
        }
    }

    #[test]
    fn g06_a_hostile_message_is_one_short_line() {
        let message = format!("a\\r\\nb\\u001b[31m\\u202e\\u2028{}", "x".repeat(1_000_000));
        let told = message_of(format!(r#"{{"message":"{message}"}}"#).as_bytes()).unwrap();
        assert!(told.starts_with("a\\u{d}\\u{a}b\\u{1b}[31m\\u{202e}\\u{2028}xxx"), "{told}");
        assert!(told.chars().all(|character| !character.is_control()) && told.len() < 300);
        assert!(shown(&vec![0xff; 1_000_000]).len() < 1_000);
    }
}
