//! One file: version, time zone, reserves, holidays, policies.

use super::calendar::Closed;
use super::entry::{self, PolicyDraft};
use super::payees::Book;
use super::reserves;
use super::tree::{self, Document, Node};
use super::walk::{Field, Fields};
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::FILE;
use crate::policy::{CalendarReserve, SourceFile};
use chrono_tz::Tz;

/// A file as far as it could be read.
#[derive(Debug)]
pub struct FileDraft {
    pub findings: Findings,
    /// Floors of every day.
    pub reserves: Vec<(WalletId, Amount, Place)>,
    /// Floors of some days of the month.
    pub calendar: Vec<(CalendarReserve, Place)>,
    /// Holidays that hold for every policy of the set.
    pub closed: Closed,
    pub policies: Vec<PolicyDraft>,
    /// Whether it is known how many policies the file holds: not where it is no YAML or no map.
    pub was_counted: bool,
    /// Where `policies` stands.
    pub policies_at: Option<Place>,
    /// Entries of `policies`, good and bad.
    pub entries: usize,
}

/// All files: first who is paid under which name, which every file may use, then the rest of each.
pub fn read_all(files: &[&SourceFile]) -> Vec<FileDraft> {
    let mut book = Book::default();
    let mut opened: Vec<(FileDraft, Option<Node>)> = files.iter().map(|file| open(file)).collect();
    for (index, (draft, root)) in opened.iter_mut().enumerate() {
        if let Some(root) = root {
            book.gather(index, root, &mut draft.findings);
        }
    }
    for (draft, root) in &mut opened {
        if let Some(root) = root {
            draft.take(root, &book);
        }
    }
    let with_unused = opened.into_iter().enumerate().map(|(index, (mut draft, _))| {
        book.warn_unused(index, &mut draft.findings);
        draft
    });
    with_unused.collect()
}

fn open(file: &SourceFile) -> (FileDraft, Option<Node>) {
    let mut draft = FileDraft {
        findings: Findings::of(file.shown_name()),
        reserves: Vec::new(),
        calendar: Vec::new(),
        closed: Closed::new(),
        policies: Vec::new(),
        was_counted: false,
        policies_at: None,
        entries: 0,
    };
    let mut root = None;
    match tree::read(&file.text, &mut draft.findings) {
        Document::Tree(tree) => root = Some(tree),
        Document::Empty => {
            let hint = "a policy file begins with `version: 1`; delete the file if it is not needed";
            draft.findings.error(Place::START, "empty-file", "the file is empty", hint);
        }
        Document::Broken => {}
    }
    (draft, root)
}

impl FileDraft {
    fn take(&mut self, root: &Node, book: &Book) {
        let findings = &mut self.findings;
        let Some(fields) = findings.fields(root, &FILE) else { return };
        if let Some(field) = fields.get("version") {
            version(findings, field);
        }
        let zone = fields.get("timezone").and_then(|field| findings.zone(field)).unwrap_or(Tz::UTC);
        let reserves = fields.get("reserves").map(|field| reserves::read(findings, field, zone)).unwrap_or_default();
        (self.reserves, self.calendar) = (reserves.always, reserves.calendar);
        let holidays = fields.get("holidays").map(|field| findings.holidays_by_country(field)).unwrap_or_default();
        self.closed = holidays.into_iter().map(|(country, _, dates)| (country, dates)).collect();
        self.policies(&fields, zone, book);
    }

    fn policies(&mut self, fields: &Fields<'_>, zone: Tz, book: &Book) {
        self.was_counted = !fields.wrote("policies");
        let Some(field) = fields.get("policies") else { return };
        self.policies_at = Some(field.key);
        let Some(items) = self.findings.items(field.node, "`policies`") else { return };
        self.was_counted = true;
        self.entries = items.len();
        self.policies = items.iter().filter_map(|item| entry::read(&mut self.findings, item, zone, book)).collect();
    }
}

fn version(findings: &mut Findings, field: Field<'_>) {
    let Some(text) = findings.plain(field.node, "`version`", "1") else { return };
    if text != "1" {
        let message = format!("version {} of the policy language is not known", quoted(text));
        findings.error(field.node.place, "bad-version", message, "write version: 1");
    }
}
