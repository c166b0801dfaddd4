//! The JSON Schema (draft 2020-12) of a policy file, for editors: completion, descriptions and red lines while typing.
//!
//! Made from the reader's own table of keys, so that the two cannot differ. It says which keys go together, and less than
//! `check` of their values: what compares two of them (`keep` over `above`, currencies, lanes in a circle) is deliberately
//! absent.

use super::keys::{
    ACTIVE, BENEFICIARY, EXPECT, FILE, Key, LARGEST_PRIORITY, LONGEST_NAME, MOST_APPROVERS, Need, POLICY, SWEEP, Shape,
    Takes,
};
use crate::model::{Provider, Reason};
use crate::money::{Country, Currency, Zone};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What an editor offers for a schedule.
const SCHEDULES: [&str; 6] = [
    "daily at 18:00",
    "weekdays at 18:00",
    "mondays and thursdays at 09:00",
    "monthly on the last day at 17:30",
    "every 15 minutes",
    "0 18 * * MON-FRI",
];

/// The schema of every key.
#[must_use]
pub fn schema() -> Value {
    let mut root = object(&FILE);
    if let Value::Object(root) = &mut root {
        root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("title".into(), json!("treasuryd policy file"));
        root.insert("$defs".into(), definitions());
    }
    root
}

fn definitions() -> Value {
    json!({
        "amount": amount(),
        "amounts": amounts(),
        "amounts_by_wallet": by_wallet("#/$defs/amount"),
        "beneficiary": object(&BENEFICIARY),
        "currency": currency(),
        "date": date(),
        "percent": percent(),
        "rates": rates(),
        "wallet": wallet(),
        "zone": zone()
    })
}

fn object(shape: &Shape) -> Value {
    let properties: Map<String, Value> = shape.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let of = |need| shape.keys.iter().filter(move |key| key.need == need).map(|key| key.name);
    let required: Vec<&str> = of(Need::Must).collect();
    let kinds: Vec<Value> = of(Need::Kind).map(|kind| json!({ "required": [kind] })).collect();
    let mut object =
        json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties });
    if let Value::Object(object) = &mut object
        && !kinds.is_empty()
    {
        object.insert("oneOf".into(), json!(kinds));
    }
    if let (Value::Object(object), Value::Object(together)) = (&mut object, together(shape)) {
        object.extend(together);
    }
    object
}

/// Which keys of a map need or exclude each other.
fn together(shape: &Shape) -> Value {
    let has = |key: &str| json!({ "required": [key] });
    if std::ptr::eq(shape, &raw const POLICY) {
        let is_canary = json!({ "properties": { "mode": { "const": "canary" } }, "required": ["mode"] });
        json!({ "if": is_canary, "then": has("canary") })
    } else if std::ptr::eq(shape, &raw const SWEEP) {
        let own = json!({ "type": "array", "items": { "type": "object", "required": ["above"] } });
        let each_its_own = json!({ "properties": { "from": own } });
        json!({ "anyOf": [has("above"), each_its_own], "not": { "required": ["fraction", "fixed"] } })
    } else if std::ptr::eq(shape, &raw const EXPECT) {
        json!({ "oneOf": [has("amount"), has("reason")] })
    } else if std::ptr::eq(shape, &raw const ACTIVE) {
        json!({ "minProperties": 1 })
    } else {
        json!({})
    }
}

fn property(key: &Key) -> Value {
    let mut schema = takes(key.takes);
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".into(), json!(key.about));
    }
    schema
}

fn takes(takes: Takes) -> Value {
    match takes {
        Takes::Version => json!({ "const": 1 }),
        Takes::Name => kebab(),
        Takes::Zone | Takes::Moment => json!({ "type": "string", "minLength": 1 }),
        Takes::Schedule => json!({ "type": "string", "minLength": 1, "examples": SCHEDULES }),
        // `description: 2027` is text as well.
        Takes::Text => text(),
        Takes::Wallet => json!({ "$ref": "#/$defs/wallet" }),
        Takes::Amount => json!({ "$ref": "#/$defs/amount" }),
        Takes::Amounts => json!({ "$ref": "#/$defs/amounts" }),
        Takes::AmountByWallet => json!({ "$ref": "#/$defs/amounts_by_wallet" }),
        Takes::Percent => json!({ "$ref": "#/$defs/percent" }),
        Takes::PercentByWallet => {
            let mut shares = by_wallet("#/$defs/percent");
            shares["minProperties"] = json!(2);
            shares
        }
        Takes::Currency => json!({ "$ref": "#/$defs/currency" }),
        Takes::Wallets => json!({ "type": "array", "uniqueItems": true, "items": { "$ref": "#/$defs/wallet" } }),
        Takes::Reference => json!({ "anyOf": [{ "enum": ["peg", "last"] }, { "$ref": "#/$defs/rates" }] }),
        Takes::Beneficiaries => json!({
            "type": "object",
            "propertyNames": kebab(),
            "additionalProperties": { "$ref": "#/$defs/beneficiary" }
        }),
        Takes::Receiver => json!({ "anyOf": [{ "$ref": "#/$defs/beneficiary" }, kebab()] }),
        Takes::Provider => json!({ "type": "string", "pattern": format!("^{}$", operator()) }),
        Takes::Phone => json!({
            "anyOf": [
                { "type": "string", "pattern": "^[1-9][0-9]{9,14}$" },
                { "type": "integer", "minimum": 1_000_000_000, "maximum": 999_999_999_999_999_i64 }
            ]
        }),
        Takes::Destination => json!({
            "anyOf": [
                { "$ref": "#/$defs/wallet" },
                kebab(),
                { "type": "string", "pattern": format!("^{}:[1-9][0-9]{{9,14}}$", operator()) }
            ]
        }),
        Takes::Rates => json!({ "$ref": "#/$defs/rates" }),
        Takes::Reason => json!({ "enum": Reason::ALL.map(Reason::word) }),
        Takes::Approvers => json!({ "type": "integer", "minimum": 1, "maximum": MOST_APPROVERS }),
        Takes::People => json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": text() }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Mode => json!({ "enum": ["shadow", "canary", "live"] }),
        Takes::Priority => json!({ "type": "integer", "minimum": 0, "maximum": LARGEST_PRIORITY }),
        Takes::Duration => json!({ "type": "string", "pattern": "^[1-9][0-9]*[smh]$" }),
        Takes::Date => json!({ "$ref": "#/$defs/date" }),
        Takes::Time => json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" }),
        Takes::MonthDays => {
            let day = "([1-9]|[12][0-9]|3[01])";
            json!({ "type": "string", "pattern": format!("^{day}\\.\\.{day}$") })
        }
        Takes::Holidays => json!({ "anyOf": [dates(), dates_by_country()] }),
        Takes::HolidaysByCountry => dates_by_country(),
        Takes::Reserves(shape) => json!({
            "anyOf": [{ "$ref": "#/$defs/amounts_by_wallet" }, { "type": "array", "items": object(shape) }]
        }),
        Takes::Sources(shape) => json!({
            "anyOf": [
                { "$ref": "#/$defs/zone" },
                {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": true,
                    "items": { "anyOf": [{ "$ref": "#/$defs/wallet" }, { "$ref": "#/$defs/zone" }, object(shape)] }
                }
            ]
        }),
        Takes::Map(shape) => object(shape),
        Takes::List(shape) => json!({ "type": "array", "items": object(shape) }),
    }
}

/// Text for people; a plain number or `true` is text, too.
fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// An operator's code, in a country that KPay pays out in.
fn operator() -> String {
    let countries: BTreeSet<Country> = Provider::catalogue().map(|it| it.country()).collect();
    let countries: Vec<&str> = countries.iter().map(Country::code).collect();
    format!("[A-Z][A-Z0-9_]*_({})", countries.join("|"))
}

fn kebab() -> Value {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": LONGEST_NAME })
}

fn wallet() -> Value {
    let codes: Vec<&str> = Country::ALL.iter().map(Country::code).collect();
    json!({ "description": "A country with a KPay wallet, ISO 3166-1 alpha-3.", "enum": codes })
}

fn amount() -> Value {
    let codes = Currency::ALL.iter().map(Currency::code).collect::<Vec<_>>().join("|");
    let digits = "(0|[1-9][0-9]*|[1-9][0-9]{0,2}(_[0-9]{3})+|[1-9][0-9]{0,2}( [0-9]{3})+)";
    json!({
        "description": "250000, 250_000 or \"250 000\", with or without a currency; without one, the wallet's own.",
        "anyOf": [
            { "type": "number", "minimum": 0 },
            { "type": "string", "pattern": format!("^{digits}(\\.[0-9]+)?( +({codes}))? *$") }
        ]
    })
}

fn amounts() -> Value {
    json!({
        "description": "One amount, or one a currency: { XAF: 250_000, XOF: 200_000 }.",
        "anyOf": [
            { "$ref": "#/$defs/amount" },
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "$ref": "#/$defs/currency" },
                "additionalProperties": { "$ref": "#/$defs/amount" }
            }
        ]
    })
}

fn by_wallet(values: &str) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "$ref": "#/$defs/wallet" },
        "additionalProperties": { "$ref": values }
    })
}

fn currency() -> Value {
    let codes: Vec<&str> = Currency::ALL.iter().map(Currency::code).collect();
    json!({ "description": "A currency of KPay's wallets, ISO 4217.", "enum": codes })
}

fn percent() -> Value {
    json!({
        "description": "A percentage with its sign: 5%, 1.5%.",
        "type": "string",
        "pattern": "^(0|[1-9][0-9]*)(\\.[0-9]+)?%$"
    })
}

fn date() -> Value {
    json!({ "description": "A day, YYYY-MM-DD.", "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
}

fn dates() -> Value {
    json!({ "type": "array", "items": { "$ref": "#/$defs/date" } })
}

fn dates_by_country() -> Value {
    json!({ "type": "object", "propertyNames": { "$ref": "#/$defs/wallet" }, "additionalProperties": dates() })
}

fn rates() -> Value {
    let codes = Currency::ALL.iter().map(Currency::code).collect::<Vec<_>>().join("|");
    json!({
        "description": "Rates by pair, units of the second currency for one of the first: { XAF/XOF: 1.0153 }.",
        "type": "object",
        "propertyNames": { "pattern": format!("^({codes})/({codes})$") },
        "additionalProperties": {
            "anyOf": [
                { "type": "number", "exclusiveMinimum": 0 },
                { "type": "string", "pattern": "^(0|[1-9][0-9]*)(\\.[0-9]+)?$" }
            ]
        }
    })
}

fn zone() -> Value {
    let zones: Vec<String> = Zone::NAMED.iter().map(|zone| format!("zone({})", zone.word())).collect();
    json!({ "description": "Every wallet of a monetary zone, without the destination.", "enum": zones })
}

#[cfg(test)]
mod tests {
    use super::super::keys::SHAPES;
    use super::*;

    /// Every closed set of property names of the schema, wherever it stands.
    fn property_sets(value: &Value, out: &mut Vec<BTreeSet<String>>) {
        match value {
            Value::Object(map) => {
                if let (Some(Value::Object(properties)), Some(_)) =
                    (map.get("properties"), map.get("additionalProperties"))
                {
                    out.push(properties.keys().cloned().collect());
                }
                map.values().for_each(|inner| property_sets(inner, out));
            }
            Value::Array(items) => items.iter().for_each(|inner| property_sets(inner, out)),
            _ => {}
        }
    }

    #[test]
    fn the_schema_lists_every_key_the_reader_knows_and_no_other() {
        let mut listed = Vec::new();
        property_sets(&schema(), &mut listed);
        let known: Vec<BTreeSet<String>> =
            SHAPES.iter().map(|shape| shape.keys.iter().map(|key| key.name.to_owned()).collect()).collect();
        assert_eq!(listed.len(), known.len());
        for keys in known {
            assert!(listed.contains(&keys), "{keys:?} is not in the schema");
        }
    }

    #[test]
    fn the_committed_schema_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/schema.json");
        let expected = format!("{:#}\n", schema());
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &expected).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(committed, expected, "write it anew: UPDATE_SCHEMA=1 cargo test --lib policy::schema");
    }
}
