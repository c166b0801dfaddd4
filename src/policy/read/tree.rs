//! YAML text → a tree in which every scalar is still the raw text of the file, with its place and whether it was
//! quoted. Nothing is interpreted here: `0100`, `.nan` and `no` arrive as written.
//!
//! Deliberately absent: anchors, aliases, merge keys, tags, directives, several documents and keys that are no words.
//! A policy needs none of them, and each is a way to write a file that says something else than it seems to.

use crate::policy::findings::{Findings, Place, quoted};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How deep collections may be nested, of each style; a policy file needs seven levels.
const DEEPEST: usize = 24;

/// One value of the file.
#[derive(Debug)]
pub struct Node {
    pub value: Value,
    pub place: Place,
    /// Written as `'…'`, `"…"` or a block (`|`, `>`): never an empty value, a number or a word of YAML.
    pub quoted: bool,
}

#[derive(Debug)]
pub enum Value {
    Scalar(String),
    Map(Vec<Entry>),
    List(Vec<Node>),
    /// Something that was already reported and must not be reported again.
    Refused,
}

/// A key and its value. A map holds each key once; a second one was reported and dropped.
#[derive(Debug)]
pub struct Entry {
    pub key: String,
    pub place: Place,
    pub node: Node,
}

impl Node {
    /// Whether nothing was written where a value belongs.
    pub fn is_empty_value(&self) -> bool {
        let is_null = |text: &str| matches!(text, "" | "~" | "null" | "Null" | "NULL");
        !self.quoted && matches!(&self.value, Value::Scalar(text) if is_null(text))
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_empty_value() => "nothing",
            Value::Scalar(_) => "a single value",
            Value::Map(_) => "a map of keys",
            Value::List(_) => "a list",
            Value::Refused => "something refused",
        }
    }
}

/// What a text turned out to be.
#[derive(Debug)]
pub enum Document {
    Tree(Node),
    /// Nothing but blanks and comments.
    Empty,
    /// No YAML; the reason is among the findings.
    Broken,
}

/// Reads one document; whatever is wrong with it goes to `findings`.
pub fn read(text: &str, findings: &mut Findings) -> Document {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut builder = Builder { text, parser: Parser::new_from_str_with_options(text, options), findings };
    match builder.document() {
        Ok(Some(node)) if !node.is_empty_value() => Document::Tree(node),
        Ok(_) => Document::Empty,
        Err(Broken) => Document::Broken,
    }
}

/// The text cannot be followed any further; the finding is already made.
struct Broken;

struct Builder<'t, 'f> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    findings: &'f mut Findings,
}

impl<'t> Builder<'t, '_> {
    fn document(&mut self) -> Result<Option<Node>, Broken> {
        loop {
            match self.next()? {
                (Event::DocumentStart(..), _) => break,
                (Event::StreamEnd, _) => return Ok(None),
                _ => {}
            }
        }
        let (event, span) = self.next()?;
        let node = self.node(event, span)?;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(Some(node)),
                (Event::DocumentStart(..), span) => {
                    let hint = "keep one document a file: take out the `---` and write a second file";
                    self.findings.error(start(span), "multiple-documents", "a second YAML document begins here", hint);
                    return Err(Broken);
                }
                _ => {}
            }
        }
    }

    /// The next event that is part of the tree.
    fn next(&mut self) -> Result<(Event<'t>, Span), Broken> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Anchor(..), span))) => self.refuse_alias(span),
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    report_syntax(self.text, self.findings, &error);
                    return Err(Broken);
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    /// The node that begins with `event`. Recursion is bounded by [`DEEPEST`].
    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Broken> {
        let place = start(span);
        let tagged = self.refuse_tag(event.tag(), span);
        let (value, quoted) = match event {
            Event::Scalar(text, style, ..) => (Value::Scalar(text.into_owned()), style != ScalarStyle::Plain),
            Event::SequenceStart(..) => (Value::List(self.items()?), false),
            Event::MappingStart(..) => (Value::Map(self.entries()?), false),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse_alias(span);
                (Value::Refused, false)
            }
            // The parser never begins a node with anything else.
            _ => (Value::Refused, false),
        };
        Ok(Node { value: if tagged { Value::Refused } else { value }, place, quoted })
    }

    fn items(&mut self) -> Result<Vec<Node>, Broken> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn entries(&mut self) -> Result<Vec<Entry>, Broken> {
        let mut entries = Vec::new();
        let mut first_at: BTreeMap<String, Place> = BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            let node = self.node(event, span)?;
            let place = key.place;
            let key = match key.value {
                Value::Scalar(text) => text,
                Value::Refused => continue,
                Value::Map(_) | Value::List(_) => {
                    self.findings.error(place, "complex-key", "a key must be a plain word", "write `word: value`");
                    continue;
                }
            };
            if let Some(first) = first_at.get(&key) {
                let message = format!("the key {} stands here a second time", quoted(&key));
                let hint = format!("it is already on line {}; keep one of the two", first.line);
                self.findings.error(place, "duplicate-key", message, hint);
                continue;
            }
            first_at.insert(key.clone(), place);
            entries.push(Entry { key, place, node });
        }
    }

    fn refuse_alias(&mut self, span: Span) {
        let shown = quoted(span.slice(self.text).unwrap_or("*"));
        let message = format!("YAML anchors and aliases are not used in policies ({shown})");
        let hint = "write the value out; a cron expression that begins with `*` must stand in quotes: \"*/15 * * * *\"";
        self.findings.error(start(span), "yaml-alias", message, hint);
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: Span) -> bool {
        let Some(tag) = tag else { return false };
        let place = span.tag_start().map_or(start(span), |mark| place_of(mark.line(), mark.col()));
        let message = format!("YAML tags are not used in policies ({})", quoted(&tag.original()));
        self.findings.error(place, "yaml-tag", message, "take the tag out; a text that begins with `!` needs quotes");
        true
    }
}

fn start(span: Span) -> Place {
    place_of(span.start.line(), span.start.col())
}

/// The parser counts lines from 1 and columns from 0.
fn place_of(line: usize, column: usize) -> Place {
    Place { line: line.max(1), column: column + 1 }
}

fn report_syntax(text: &str, findings: &mut Findings, error: &ScanError) {
    let mut place = place_of(error.marker().line(), error.marker().col());
    let (code, message, hint): (_, Cow<'static, str>, _) = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            ("yaml-tab", "YAML does not allow a tab here".into(), "indent with spaces, two a level")
        }
        ErrorKind::RecursionLimitExceeded => (
            "yaml-nesting",
            format!("lists and maps are nested more than {DEEPEST} deep").into(),
            "a policy file needs no more than seven levels; look for a bracket that is never closed",
        ),
        ErrorKind::MissingAnchorOrAliasName => (
            "yaml-syntax",
            "`*` and `&` have a meaning of their own in YAML".into(),
            "put a cron expression in quotes: \"*/15 * * * *\"",
        ),
        ErrorKind::DirectiveDisallowed => {
            ("yaml-syntax", "YAML directives are not used in policies".into(), "take the line out")
        }
        _ => (
            "yaml-syntax",
            format!("this is not valid YAML: {}", crate::model::tame(&error.info(), 120)).into(),
            "look here and on the line above: an indentation, a colon, a quote or a bracket",
        ),
    };
    if code == "yaml-tab" {
        place = first_tab_from(text, place.line).unwrap_or(place);
    }
    findings.error(place, code, message, hint);
}

/// The parser stops near a tab, sometimes a line before it; this is the tab itself.
fn first_tab_from(text: &str, line: usize) -> Option<Place> {
    let mut lines = crate::policy::source::lines(text).enumerate().skip(line.saturating_sub(1));
    lines.find_map(|(index, content)| {
        let indentation = content.chars().take_while(|character| character.is_whitespace());
        let column = indentation.into_iter().position(|character| character == '\t')?;
        Some(Place { line: index + 1, column: column + 1 })
    })
}

#[cfg(test)]
mod tests;
