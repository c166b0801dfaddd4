//! What the YAML reader refuses, with its place.

use super::*;

/// The tree as one line: scalars as written (quoted ones in quotes), each with its place.
fn shown(node: &Node) -> String {
    let place = format!("@{}:{}", node.place.line, node.place.column);
    match &node.value {
        Value::Scalar(text) if node.quoted => format!("{text:?}{place}"),
        Value::Scalar(text) => format!("{text}{place}"),
        Value::List(items) => format!("[{}]{place}", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Map(entries) => {
            let pair = |entry: &Entry| format!("{}={}", entry.key, shown(&entry.node));
            format!("{{{}}}{place}", entries.iter().map(pair).collect::<Vec<_>>().join(" "))
        }
        Value::Refused => format!("refused{place}"),
    }
}

fn check(text: &str, expected: &str) {
    let mut findings = Findings::of("f".into());
    let document = read(text, &mut findings);
    let Document::Tree(node) = document else { unreachable!("{text:?} is {document:?}: {findings:?}") };
    assert_eq!(shown(&node), expected, "{text:?}");
}

#[test]
fn scalars_arrive_as_written_with_their_place() {
    check("a: 0100", "{a=0100@1:4}@1:1");
    check("a: .nan\nb: 1e6", "{a=.nan@1:4 b=1e6@2:4}@1:1");
    check("a: no # b\nb: '1'", "{a=no@1:4 b=\"1\"@2:4}@1:1");
    check("a: 250 000 # x", "{a=250 000@1:4}@1:1");
    check("é: [x, {y: 2026-12-25}]", "{é=[x@1:5 {y=2026-12-25@1:12}@1:8]@1:4}@1:1");
    check("a:\n- b\n- c: |\n    d\n", "{a=[b@2:3 {c=\"d\\n\"@4:5}@3:3]@2:3}@1:1");
    check("a: &x 1\nb: *x", "{a=1@1:7 b=refused@2:4}@1:1");
}

#[test]
fn nothing_is_seen_only_where_nothing_is_written() {
    let is_empty = |text: &str| match read(text, &mut Findings::of("f".into())) {
        Document::Tree(Node { value: Value::Map(entries), .. }) => entries[0].node.is_empty_value(),
        other => unreachable!("{other:?}"),
    };
    for text in ["a:", "a: ~", "a: null", "a: # b", "{ a: }"] {
        assert!(is_empty(text), "{text:?}");
    }
    for text in ["a: ''", "a: '~'", "a: 0", "a: []", "a: {}", "a: \"null\"", "a: |\n"] {
        assert!(!is_empty(text), "{text:?}");
    }
}
