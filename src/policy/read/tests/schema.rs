//! The schema beside the reader, judged by a validator that knows neither: what is right is right in an editor too, and
//! what is wrong in the keys or in how values are written is red there.

use super::super::tree::{self, Document, Node, Value};
use super::*;
use crate::policy::findings::Findings;
use crate::policy::schema;
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Findings about the keys and single values of a file. A schema must make them, too; what compares two values, or needs
/// another file, a calendar or a catalogue, is the reader's alone.
const OF_ITS_KEYS: [&str; 28] = [
    "amount-and-reason",
    "bad-amount",
    "bad-approvers",
    "bad-date",
    "bad-days",
    "bad-mode",
    "bad-name",
    "bad-pair",
    "bad-percent",
    "bad-phone",
    "bad-priority",
    "bad-provider",
    "bad-reason",
    "bad-reference",
    "bad-time",
    "bad-version",
    "empty-list",
    "empty-map",
    "empty-value",
    "missing-key",
    "too-few-weights",
    "two-kinds",
    "two-portions",
    "unknown-country",
    "unknown-currency",
    "unknown-key",
    "unknown-zone",
    "wrong-type",
];

/// A file as an editor sees it: YAML 1.2, where `true` and `5` are no texts. `None` where it is no YAML.
fn as_an_editor(text: &str) -> Option<Json> {
    let mut findings = Findings::of("a.yaml".to_owned());
    match tree::read(text, &mut findings) {
        Document::Tree(node) if findings.into_list().is_empty() => Some(json_of(&node)),
        Document::Empty => Some(Json::Null),
        _ => None,
    }
}

fn json_of(node: &Node) -> Json {
    match &node.value {
        _ if node.is_empty_value() => Json::Null,
        Value::Scalar(text) if node.quoted => json!(text),
        Value::Scalar(text) => match text.as_str() {
            "true" | "True" | "TRUE" => json!(true),
            "false" | "False" | "FALSE" => json!(false),
            plain => serde_json::from_str::<serde_json::Number>(plain).map_or_else(|_| json!(plain), Json::Number),
        },
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|it| (it.key.clone(), json_of(&it.node))).collect::<Map<_, _>>())
        }
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Refused => Json::Null,
    }
}

/// What the validator has against a file; `None` for nothing.
fn refusal(text: &str) -> Option<String> {
    static COMPILED: LazyLock<(boon::Schemas, boon::SchemaIndex)> = LazyLock::new(|| {
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.set_default_draft(boon::Draft::V2020_12);
        compiler.add_resource("policies.json", schema()).unwrap();
        let index = compiler.compile("policies.json", &mut schemas).unwrap();
        (schemas, index)
    });
    let Some(file) = as_an_editor(text) else { return Some("no YAML".to_owned()) };
    let (schemas, index) = &*COMPILED;
    schemas.validate(&file, *index).err().map(|error| format!("{error:#}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files of a folder and of its folders.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect()
}

#[test]
fn what_is_right_is_right_in_an_editor() {
    let mut right: Vec<(String, String)> = ["policies", "tests/data/explain"]
        .iter()
        .flat_map(|folder| files_in(&root().join(folder)))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    for document in ["README.md", "docs/policies.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for block in text.split("\n```yaml policy\n").skip(1) {
            let block = block.split("\n```\n").next().unwrap();
            right.push((format!("{document}: {}", block.lines().nth(3).unwrap_or_default()), block.to_owned()));
        }
    }
    assert!(right.len() >= 20, "{}", right.len());
    for (name, text) in right {
        assert_eq!(refusal(&text), None, "{name}");
    }
}

#[test]
fn wrong_keys_and_wrongly_written_values_are_wrong_in_an_editor() {
    let mut refused = 0;
    for path in files_in(&root().join("tests/data/policies/wrong")) {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let found = findings(&[&text]);
        let codes: Vec<&str> = found.iter().map(|it| it.code).filter(|code| OF_ITS_KEYS.contains(code)).collect();
        if !codes.is_empty() {
            refused += 1;
            assert!(refusal(&text).is_some(), "the schema lets {} pass: {codes:?}", path.display());
        }
    }
    assert!(refused >= 30, "{refused}");
}

/// One file, the reader's word and the schema's.
#[track_caller]
fn check_both(text: &str, is_right: bool) {
    let found = findings(&[text]);
    let errors: Vec<_> = found.iter().filter(|it| it.severity == Severity::Error).collect();
    assert_eq!(errors.is_empty(), is_right, "{text}\n{errors:?}");
    assert_eq!(refusal(text).is_none(), is_right, "{text}\n{:?}", refusal(text));
}

#[test]
fn reader_and_schema_agree_on_each_key() {
    let right = [
        plus("description: 2027\nenabled: false\nholidays: []"),
        plus("description: \"\"\napproval: { above: 5_000, from: [awa, 12] }"),
        plus("mode: canary\ncanary: { share: 1%, max: { XAF: 50_000 } }"),
        plus(
            "tests: [ { name: 12, balances: { GAB: 5 }, expect: [ { from: GAB, to: CMR, reason: below_trigger } ] } ]",
        ),
        sweep("{ from: [ { wallet: GAB, above: 10_000 }, { wallet: COG, above: 5_000 } ], into: CMR }"),
        sweep("{ from: [GAB], into: CMR, above: \"10 000  XAF \" }"),
        sweep("{ from: zone(CEMAC), except: [COG], into: CMR, above: 10_000, fraction: 50% }"),
    ];
    let wrong = [
        plus("active: {}"),
        plus("mode: canary"),
        plus("approval: { above: 5_000, from: [awa, awa] }"),
        plus("tests: [ { name: a, balances: { GAB: 5 }, expect: [ { from: GAB, to: CMR } ] } ]"),
        plus(
            "tests: [ { name: a, balances: { GAB: 5 }, expect: [ { from: GAB, to: CMR, amount: 5, reason: reserve } ] } ]",
        ),
        plus("").replace("sweep: { from", "top_up: { from"),
        plus("top_up: { wallet: SEN, below: 5_000, to: 6_000, from: [CIV] }"),
        sweep("{ from: [GAB], into: CMR }"),
        sweep("{ from: [ { wallet: GAB, above: 10_000 }, COG ], into: CMR }"),
        sweep("{ from: zone(CEMAC), into: CMR }"),
        sweep("{ from: [GAB, GAB], into: CMR, above: 10_000 }"),
        sweep("{ from: [GAB], into: CMR, above: 10_000, fraction: 5%, fixed: 5_000 }"),
        plus("").replace("sweep:", "rebalance: { weights: { CMR: 100% }, tolerance: 5%, base: XAF }\n    #"),
        plus("").replace(
            "sweep:",
            "payout: { from: CMR, to: { provider: MTN_MOMO_FRA, phone: \"237653456789\" }, above: 5 }\n    #",
        ),
    ];
    for text in right {
        check_both(&text, true);
    }
    for text in wrong {
        check_both(&text, false);
    }
}
