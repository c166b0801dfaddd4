//! `treasuryd.toml` as text → a layer with the place of every value, and everything that is wrong with its form.

use super::disk::{self, Unread};
use super::finding::{Findings, Place, SettingsError};
use super::known::{self, Shape};
use super::layers::{self, Layer, Raw};
use super::values;
use crate::model::tame;
use std::ops::Range;
use std::path::Path;
use toml_edit::{Array, Document, Item, TableLike, Value};

/// Far more than any configuration needs.
const MOST_BYTES: u32 = 1 << 20;

/// Reads the file; `name` is what it is called in findings.
///
/// # Errors
/// [`SettingsError`] where it is missing, unreadable, no regular file, too large, writable by others, or not UTF-8.
pub(super) fn read(path: &Path, name: &str) -> Result<String, SettingsError> {
    let (place, mut findings) = (Place::whole(name), Findings::default());
    match disk::read_regular(path, MOST_BYTES) {
        Ok((_, metadata)) if disk::writable_by_others(&metadata) => {
            let hint = "take the right from others: chmod o-w";
            findings.error(&place, "writable-by-others", "anyone may change the configuration file", hint);
        }
        Ok((bytes, _)) => match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                findings.error(&place, "not-utf8", format!("byte {at} is not UTF-8"), "save the file as UTF-8");
            }
        },
        Err(Unread::Io(error)) => {
            let doing = "the configuration file cannot be read";
            findings.io(&place, "config-file", doing, &error, "name another with --config");
        }
        Err(Unread::Unfit(what)) => {
            findings.error(&place, "config-file", format!("the configuration file {what}"), "name a TOML file");
        }
    }
    Err(findings.into_error())
}

/// Parses the text: known keys of the right shape go into the layer, everything else into the findings.
pub(super) fn parse(name: &str, text: &str) -> (Layer, Findings) {
    let (layer, findings) = (Layer::named("file"), Findings::default());
    let mut reader = Reader { text, layer, findings, file: name.to_owned() };
    match Document::parse(text) {
        Ok(document) => reader.sections(document.as_table()),
        Err(error) => {
            let place = reader.place(error.span());
            let message = tame(error.message(), 200);
            reader.findings.error(&place, "toml-syntax", message, "correct the TOML; the rest was not looked at");
        }
    }
    (reader.layer, reader.findings)
}

struct Reader<'a> {
    text: &'a str,
    file: String,
    layer: Layer,
    findings: Findings,
}

impl Reader<'_> {
    fn sections(&mut self, root: &dyn TableLike) {
        for (name, item) in root.iter() {
            let place = self.place(key_span(root, name));
            if !known::SECTIONS.contains(&name) {
                self.unknown(&place, name);
                continue;
            }
            let Some(section) = item.as_table_like() else {
                let message = format!("`{name}` is a section, not a value");
                self.findings.error(&place, "wrong-type", message, format!("write [{name}] and its keys below it"));
                continue;
            };
            for (key, item) in section.iter() {
                let place = self.place(key_span(section, key));
                self.entry(&format!("{name}.{key}"), item, &place);
            }
        }
    }

    fn entry(&mut self, name: &str, item: &Item, place: &Place) {
        if let Some(table) = known::BY_CURRENCY.into_iter().find(|table| *table == name) {
            return self.by_currency(table, item, place);
        }
        match known::shape(name) {
            Some(shape) => self.value(name, shape, item),
            None => self.unknown(place, name),
        }
    }

    fn by_currency(&mut self, name: &str, item: &Item, place: &Place) {
        let Some(entries) = item.as_table_like() else {
            let message = format!("`{name}` has an entry a currency");
            return self.findings.error(place, "wrong-type", message, "write { XAF = 50_000_000 }");
        };
        for (code, item) in entries.iter() {
            match values::currency(code) {
                Ok(_) => self.value(&format!("{name}.{code}"), Shape::Amount, item),
                Err(complaint) => {
                    let place = self.place(key_span(entries, code));
                    self.findings.error(&place, complaint.code, complaint.message, complaint.hint);
                }
            }
        }
    }

    /// A list of names, each looked at in its own place; kept as text with commas between them.
    fn names(&mut self, name: &str, names: &Array, place: Place) {
        let mut good = Vec::new();
        for item in names {
            match item.as_str().map(values::name) {
                Some(Ok(one)) => good.push(one),
                Some(Err(wrong)) => {
                    let place = self.place(item.span());
                    self.findings.error(&place, wrong.code, format!("{name}: {}", wrong.message), wrong.hint);
                }
                None => {
                    let place = self.place(item.span());
                    let message = format!("`{name}` has something else in it than names");
                    self.findings.error(&place, "wrong-type", message, "write each name in quotes");
                }
            }
        }
        if good.len() == names.len() {
            self.layer.set(name, Raw::Text(good.join(",")), place);
        }
    }

    fn value(&mut self, name: &str, shape: Shape, item: &Item) {
        let place = self.place(item.span());
        if let (Some(Value::Array(names)), Shape::Names) = (item.as_value(), shape) {
            return self.names(name, names, place);
        }
        let raw = match item.as_value() {
            Some(Value::String(text)) => Some(Raw::Text(text.value().clone())),
            Some(Value::Integer(number)) => Some(Raw::Integer(*number.value())),
            Some(Value::Boolean(on)) => Some(Raw::Switch(*on.value())),
            _ => None,
        };
        if let Some(raw) = raw.filter(|raw| layers::fits(raw, shape)) {
            return self.layer.set(name, raw, place);
        }
        let (code, hint) = match (item.as_value(), shape) {
            (Some(Value::Float(_)), Shape::Amount) => {
                ("float", "amounts are whole numbers, or strings such as \"1250.50\": a float would lose digits")
            }
            (_, Shape::Amount) => ("wrong-type", "write a whole number, or a string such as \"50 000 000\""),
            (_, Shape::Text) => ("wrong-type", "write it in quotes"),
            (_, Shape::Integer) => ("wrong-type", "write a whole number without quotes"),
            (_, Shape::Switch) => ("wrong-type", "write true or false, without quotes"),
            (_, Shape::Names) => ("wrong-type", "write [\"awa\", \"brice\"]"),
        };
        let message = format!("`{name}` is {} where {} is wanted", kind(item), wanted(shape));
        self.findings.error(&place, code, message, hint);
    }

    fn unknown(&mut self, place: &Place, name: &str) {
        let is_key = name.contains('.');
        let (what, hint) = if is_key { ("key", known::hint(name)) } else { ("section", known::section_hint(name)) };
        let message = format!("`{}` is no known {what}", tame(name, 80));
        self.findings.error(place, "unknown-key", message, hint);
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        let Some(span) = span else { return Place::whole(self.file.clone()) };
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Place { file: self.file.clone(), line, column: before[line_start..].chars().count() + 1 }
    }
}

fn key_span(table: &dyn TableLike, name: &str) -> Option<Range<usize>> {
    table.key(name).and_then(toml_edit::Key::span)
}

fn kind(item: &Item) -> &'static str {
    match item {
        Item::Value(Value::String(_)) => "a string",
        Item::Value(Value::Integer(_)) => "a whole number",
        Item::Value(Value::Float(_)) => "a float",
        Item::Value(Value::Boolean(_)) => "a switch",
        Item::Value(Value::Datetime(_)) => "a date",
        Item::Value(Value::Array(_)) | Item::ArrayOfTables(_) => "a list",
        Item::Value(Value::InlineTable(_)) | Item::Table(_) | Item::None => "a table",
    }
}

fn wanted(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "a string",
        Shape::Integer => "a whole number",
        Shape::Switch => "true or false",
        Shape::Amount => "an amount",
        Shape::Names => "a list of names",
    }
}
