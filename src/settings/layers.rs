//! The layers of the configuration, laid over each other by the `config` crate.
//!
//! `config` decides which layer wins and tells it by the value's origin. It never sees a float: it would turn an
//! unquoted amount into an `f64` and lose digits, so values reach it as text, whole numbers and switches only.

use super::finding::{Findings, Place};
use super::known::{self, Shape};
use super::surroundings::Surroundings;
use crate::model::tame;
use config::{Config, ConfigError, Map, Source, Value, ValueKind};
use std::collections::BTreeMap;

/// The name of the layer of the environment.
const ENVIRONMENT: &str = "environment";
/// The name of the layer of the flags.
const FLAGS: &str = "flags";
/// What every variable of ours begins with.
const PREFIX: &str = "TREASURYD__";

/// A value as a layer gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    Text(String),
    Integer(i64),
    Switch(bool),
}

/// One layer: values by dotted key, and where each stands.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// What `config` remembers of a value; never a file's name, which could be anything.
    name: &'static str,
    values: BTreeMap<String, (Raw, Place)>,
}

/// What is in force: for each key that is set, the value of the winning layer and its place.
#[derive(Debug, Default)]
pub(super) struct Merged {
    values: BTreeMap<String, (Raw, Place)>,
}

impl Layer {
    /// An empty layer.
    pub fn named(name: &'static str) -> Self {
        Self { name, values: BTreeMap::new() }
    }

    /// Sets a value; a later one wins.
    pub fn set(&mut self, key: impl Into<String>, raw: Raw, place: Place) {
        self.values.insert(key.into(), (raw, place));
    }

    fn entries(&self) -> impl Iterator<Item = (&String, Value)> {
        self.values.iter().map(|(key, (raw, _))| (key, Value::new(Some(&self.name.to_owned()), raw.clone())))
    }
}

impl From<Raw> for ValueKind {
    fn from(raw: Raw) -> Self {
        match raw {
            Raw::Text(text) => Self::String(text),
            Raw::Integer(number) => Self::I64(number),
            Raw::Switch(on) => Self::Boolean(on),
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    #[allow(clippy::disallowed_types, reason = "the signature of config's trait; its order shows nowhere")]
    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.entries().map(|(key, value)| (key.clone(), value)).collect())
    }
}

impl Merged {
    /// The value in force and its place.
    pub fn get(&self, key: &str) -> Option<&(Raw, Place)> {
        self.values.get(key)
    }

    /// The entries of a table, by what stands behind its name and a dot.
    pub fn table<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a (Raw, Place))> {
        let inside = move |key: &'a String| key.strip_prefix(name)?.strip_prefix('.');
        self.values.iter().filter_map(move |(key, value)| Some((inside(key)?, value)))
    }
}

/// The layer of the environment: `TREASURYD__KPAY__TIMEOUT` is `kpay.timeout`.
pub(super) fn from_environment(surroundings: &Surroundings, findings: &mut Findings) -> Layer {
    let mut layer = Layer::named(ENVIRONMENT);
    for (variable, value) in surroundings.variables_with(PREFIX) {
        let place = Place::whole(ENVIRONMENT);
        let key = key_of(&variable[PREFIX.len()..]);
        let shown = tame(variable, 80);
        if known::shape(&key).is_none() || variable_of(&key) != variable {
            let hint = known::hint(&key);
            findings.error(&place, "unknown-key", format!("the variable `{shown}` stands for no known key"), hint);
        } else if value.contains(char::REPLACEMENT_CHARACTER) {
            findings.error(&place, "not-utf8", format!("the value of `{shown}` is not UTF-8"), "write it in UTF-8");
        } else {
            layer.set(key, Raw::Text(value.to_owned()), place);
        }
    }
    layer
}

/// The layer of the flags, given as dotted keys.
pub(super) fn from_flags(overrides: &[(String, String)], findings: &mut Findings) -> Layer {
    let mut layer = Layer::named(FLAGS);
    for (key, value) in overrides {
        let place = Place::whole(FLAGS);
        if known::shape(key).is_none() {
            let message = format!("`{}` is no known key", tame(key, 80));
            findings.error(&place, "unknown-key", message, known::hint(key));
        } else {
            layer.set(key, Raw::Text(value.clone()), place);
        }
    }
    layer
}

/// `KPAY__TIMEOUT` → `kpay.timeout`; a currency keeps its capitals.
fn key_of(variable: &str) -> String {
    let dotted = variable.to_lowercase().replace("__", ".");
    match known::by_currency(&dotted) {
        Some((table, code)) => format!("{table}.{}", code.to_uppercase()),
        None => dotted,
    }
}

/// The one spelling of the variable of a key.
fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// How a value is named to people: by its key, and in the environment by its variable. A currency's key ends in whatever
/// somebody wrote.
pub(super) fn named(key: &str, place: &Place) -> String {
    let name = match place.file.as_str() {
        // A file may have any name, but its values have a line.
        _ if place.line > 0 => key.to_owned(),
        ENVIRONMENT => variable_of(key),
        FLAGS => format!("{key} (a flag)"),
        _ => key.to_owned(),
    };
    tame(&name, 80)
}

/// Lays the layers over each other, the last one on top.
pub(super) fn merge(
    defaults: &Layer,
    file: &Layer,
    environment: &Layer,
    flags: &Layer,
    findings: &mut Findings,
) -> Merged {
    match layered(defaults, file, environment, flags) {
        Ok(tree) => {
            let mut merged = Merged::default();
            let layers = [defaults, file, environment, flags];
            for (key, value) in tree {
                flatten(&key, &value, &layers, &mut merged);
            }
            merged
        }
        Err(error) => {
            let message = format!("the layers cannot be merged: {}", tame(&error.to_string(), 200));
            findings.error(&Place::whole("configuration"), "layers", message, "report this with your configuration");
            Merged::default()
        }
    }
}

fn layered(
    defaults: &Layer,
    file: &Layer,
    environment: &Layer,
    flags: &Layer,
) -> Result<BTreeMap<String, Value>, ConfigError> {
    let mut builder = Config::builder();
    for (key, value) in defaults.entries() {
        builder = builder.set_default(key, value)?;
    }
    builder = builder.add_source(file.clone()).add_source(environment.clone());
    for (key, value) in flags.entries() {
        builder = builder.set_override(key, value)?;
    }
    Ok(builder.build()?.collect()?.into_iter().collect())
}

/// Takes every leaf of `config`'s tree, with the place that its winning layer remembers.
fn flatten(key: &str, value: &Value, layers: &[&Layer; 4], merged: &mut Merged) {
    let raw = match &value.kind {
        ValueKind::Table(table) => {
            for (name, inner) in table {
                flatten(&format!("{key}.{name}"), inner, layers, merged);
            }
            return;
        }
        ValueKind::String(text) => Raw::Text(text.clone()),
        ValueKind::I64(number) => Raw::Integer(*number),
        ValueKind::Boolean(on) => Raw::Switch(*on),
        // No layer holds anything else.
        _ => return,
    };
    let winner = layers.iter().find(|layer| Some(layer.name) == value.origin());
    let place = winner.and_then(|layer| layer.values.get(key)).map(|(_, place)| place.clone());
    merged.values.insert(key.to_owned(), (raw, place.unwrap_or_else(|| Place::whole("defaults"))));
}

/// Whether a layer of text may stand for the shape, so that the environment and flags can say everything.
pub(super) fn fits(raw: &Raw, shape: Shape) -> bool {
    match (raw, shape) {
        (Raw::Text(_), Shape::Text | Shape::Amount | Shape::Names)
        | (Raw::Integer(_), Shape::Integer | Shape::Amount)
        | (Raw::Switch(_), Shape::Switch) => true,
        (Raw::Text(_) | Raw::Integer(_) | Raw::Switch(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_one_spelling() {
        for (variable, key) in [
            ("KPAY__BASE_URL", "kpay.base_url"),
            ("LIMITS__MAX_PER_DAY__XAF", "limits.max_per_day.XAF"),
            ("HTTP__LISTEN", "http.listen"),
        ] {
            assert_eq!(key_of(variable), key);
            assert_eq!(variable_of(key), format!("TREASURYD__{variable}"));
        }
    }

    #[test]
    fn the_higher_layer_wins_and_keeps_its_place() {
        let layer = |name: &'static str, pairs: &[(&str, &str)]| {
            let mut layer = Layer::named(name);
            for (key, text) in pairs {
                layer.set(*key, Raw::Text((*text).to_owned()), Place::whole(name));
            }
            layer
        };
        let merged = merge(
            &layer("defaults", &[("a.one", "d"), ("a.two", "d"), ("a.three", "d"), ("a.four", "d")]),
            &layer("file", &[("a.two", "f"), ("a.three", "f"), ("a.four", "f"), ("a.table.X", "f")]),
            &layer(ENVIRONMENT, &[("a.three", "e"), ("a.four", "e"), ("a.table.Y", "e")]),
            &layer(FLAGS, &[("a.four", "o")]),
            &mut Findings::default(),
        );
        let got: Vec<_> = merged.values.iter().map(|(key, (raw, place))| (key.as_str(), raw, &*place.file)).collect();
        let text = |letter: &str| Raw::Text(letter.to_owned());
        assert_eq!(
            got,
            [
                ("a.four", &text("o"), FLAGS),
                ("a.one", &text("d"), "defaults"),
                ("a.table.X", &text("f"), "file"),
                ("a.table.Y", &text("e"), ENVIRONMENT),
                ("a.three", &text("e"), ENVIRONMENT),
                ("a.two", &text("f"), "file"),
            ]
        );
        assert_eq!(merged.table("a.table").map(|(name, _)| name).collect::<Vec<_>>(), ["X", "Y"]);
    }
}
