//! Walking the tree by the table of keys: unknown, missing and empty keys, and wrong kinds of values, are all reported here, so that what reads a policy only asks for what it wants.

use super::tree::{Entry, Node, Value};
use crate::policy::findings::{Findings, Place, one_of, quoted};
use crate::policy::keys::{Need, SHAPES, Shape};
use crate::policy::suggest::nearest;
use std::collections::BTreeMap;

/// In `{ above: 250,000 }` the comma ends the value, and `000` becomes a key.
pub const COMMA_HINT: &str = "inside { } a comma ends a value: group digits with `_`, e.g. 250_000";

/// A key that is there, with its value.
#[derive(Debug, Clone, Copy)]
pub struct Field<'n> {
    pub name: &'static str,
    pub key: Place,
    pub node: &'n Node,
}

/// The known keys found in one map.
#[derive(Debug)]
pub struct Fields<'n> {
    /// Where the map begins.
    pub place: Place,
    found: BTreeMap<&'static str, Field<'n>>,
    /// Every known key, with or without a usable value.
    written: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Whether the key stands there at all: if its value is unusable, that was reported.
    pub fn wrote(&self, name: &str) -> bool {
        self.written.contains(&name)
    }

    pub fn get(&self, name: &str) -> Option<Field<'n>> {
        self.found.get(name).copied()
    }
}

impl Findings {
    /// The keys of a map by its shape. `None`, with a finding, if the node is no map.
    pub fn fields<'n>(&mut self, node: &'n Node, shape: &'static Shape) -> Option<Fields<'n>> {
        let entries = self.entries(node, shape.name)?;
        let mut fields = Fields { place: node.place, found: BTreeMap::new(), written: Vec::new() };
        for entry in entries {
            let Some(key) = shape.key(&entry.key) else {
                self.unknown_key(entry, shape);
                continue;
            };
            fields.written.push(key.name);
            if entry.node.is_empty_value() {
                let hint = format!("{} Write a value, or take the key out", key.about);
                self.error(entry.place, "empty-value", format!("`{}` has no value", key.name), hint);
            } else {
                fields.found.insert(key.name, Field { name: key.name, key: entry.place, node: &entry.node });
            }
        }
        for key in shape.keys.iter().filter(|key| key.need == Need::Must && !fields.wrote(key.name)) {
            self.missing(node.place, shape, key.name, key.about);
        }
        Some(fields)
    }

    fn missing(&mut self, at: Place, shape: &Shape, key: &str, about: &str) {
        self.error(at, "missing-key", format!("{} needs `{key}`", shape.name), about);
    }

    /// The entries of a map whose keys are not words of the language.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            _ => self.wrong_type(node, what, "a map of keys", "write `key: value` lines, indented by two spaces"),
        }
    }

    pub fn items<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            _ => self.wrong_type(node, what, "a list", "write `[A, B]`, or one `- ` line for each"),
        }
    }

    /// The raw text of a single value, quoted or not.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Scalar(_) if node.is_empty_value() => {
                self.error(
                    node.place,
                    "empty-value",
                    format!("{what} has no value"),
                    "write one, or take the line out",
                );
                None
            }
            Value::Scalar(text) => Some(text),
            _ => self.wrong_type(node, what, "a single value", "write one value behind the colon"),
        }
    }

    /// The raw text of a value that must not be in quotes.
    pub fn plain<'n>(&mut self, node: &'n Node, what: &str, wanted: &str) -> Option<&'n str> {
        let text = self.text(node, what)?;
        if node.quoted {
            let message = format!("{what} must be {wanted}, not a text in quotes");
            self.error(node.place, "wrong-type", message, format!("write {} without quotes", quoted(text)));
            return None;
        }
        Some(text)
    }

    fn wrong_type<T>(&mut self, node: &Node, what: &str, wanted: &str, hint: &str) -> Option<T> {
        if !matches!(node.value, Value::Refused) {
            self.error(node.place, "wrong-type", format!("{what} must be {wanted}, not {}", node.kind()), hint);
        }
        None
    }

    fn unknown_key(&mut self, entry: &Entry, shape: &Shape) {
        let known: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
        let home = || SHAPES.iter().find(|other| other.key(&entry.key).is_some());
        let hint = if entry.key == "<<" {
            "merge keys are not used in policies: write the values out".to_owned()
        } else if entry.key.starts_with(|first: char| first.is_ascii_digit()) {
            COMMA_HINT.to_owned()
        } else if let Some(meant) = nearest(&entry.key, known.iter().copied()) {
            format!("did you mean `{meant}`?")
        } else if let Some(home) = home() {
            format!("`{}` belongs in {}; look at the indentation", entry.key, home.name)
        } else {
            format!("the keys of {} are {}", shape.name, one_of(known))
        };
        let message = format!("{} has no key {}", shape.name, quoted(&entry.key));
        self.error(entry.place, "unknown-key", message, hint);
    }
}
