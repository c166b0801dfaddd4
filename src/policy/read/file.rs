//! One file: version, time zone, reserves, policies.

use super::cases;
use super::entry::{self, PolicyDraft};
use super::tree::{self, Document, Node, Value};
use super::walk::{Field, Fields};
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::SourceFile;
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::FILE;
use chrono_tz::Tz;

/// A file as far as it could be read.
#[derive(Debug)]
pub struct FileDraft {
    pub findings: Findings,
    pub reserves: Vec<(WalletId, Amount, Place)>,
    pub policies: Vec<PolicyDraft>,
    /// Whether it is known how many policies the file holds: not where it is no YAML or no map.
    pub was_counted: bool,
    /// Where `policies` stands.
    pub policies_at: Option<Place>,
    /// Entries of `policies`, good and bad.
    pub entries: usize,
}

pub fn read(file: &SourceFile) -> FileDraft {
    let mut draft = FileDraft {
        findings: Findings::of(file.shown_name()),
        reserves: Vec::new(),
        policies: Vec::new(),
        was_counted: false,
        policies_at: None,
        entries: 0,
    };
    match tree::read(&file.text, &mut draft.findings) {
        Document::Tree(root) => draft.take(&root),
        Document::Empty => {
            let hint = "a policy file begins with `version: 1`; delete the file if it is not needed";
            draft.findings.error(Place::START, "empty-file", "the file is empty", hint);
        }
        Document::Broken => {}
    }
    draft
}

impl FileDraft {
    fn take(&mut self, root: &Node) {
        let findings = &mut self.findings;
        let Some(fields) = findings.fields(root, &FILE) else { return };
        if let Some(field) = fields.get("version") {
            version(findings, field);
        }
        let zone = fields.get("timezone").and_then(|field| findings.zone(field)).unwrap_or(Tz::UTC);
        self.reserves = fields.get("reserves").map(|field| reserves(findings, field)).unwrap_or_default();
        self.policies(&fields, zone);
    }

    fn policies(&mut self, fields: &Fields<'_>, zone: Tz) {
        self.was_counted = !fields.wrote("policies");
        let Some(field) = fields.get("policies") else { return };
        self.policies_at = Some(field.key);
        let Some(items) = self.findings.items(field.node, "`policies`") else { return };
        self.was_counted = true;
        self.entries = items.len();
        self.policies = items.iter().filter_map(|item| entry::read(&mut self.findings, item, zone)).collect();
    }
}

fn version(findings: &mut Findings, field: Field<'_>) {
    let Some(text) = findings.plain(field.node, "`version`", "1") else { return };
    if text != "1" {
        let message = format!("version {} of the policy language is not known", quoted(text));
        findings.error(field.node.place, "bad-version", message, "write version: 1");
    }
}

fn reserves(findings: &mut Findings, field: Field<'_>) -> Vec<(WalletId, Amount, Place)> {
    if matches!(field.node.value, Value::List(_)) {
        let hint = "write a map of wallets and floors: reserves: { CMR: 500_000 XAF }";
        findings.error(field.key, "not-supported-yet", "a list of `reserves` is not supported yet", hint);
        return Vec::new();
    }
    cases::by_wallet(findings, field)
}
