//! The line format, without a disk.

use super::fixture::{applied, at, decided, opened};
use crate::intent::Event;
use crate::journal::frame::{Flaw, Head, encode, event_json, hides_a_record, read_event, scan};

fn journal(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut head = Head::GENESIS;
    for event in events {
        head = encode(head, at("2026-11-24T17:00:00.123Z"), &event_json(event).unwrap(), &mut bytes);
    }
    bytes
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_line_is_the_documented_one() {
    let line = text(&journal(&[Event::Alive]));
    let (body, tail) = line.split_once(",\"hash\":\"").unwrap();
    let zeros = "0".repeat(64);
    let expected = format!(
        "{{\"v\":1,\"seq\":1,\"at\":\"2026-11-24T17:00:00.123Z\",\"prev\":\"{zeros}\",\"event\":{{\"type\":\"alive\"}}"
    );
    assert_eq!(body, expected);
    assert_eq!(tail, format!("{}\"}}\n", super::super::Hash::of(body.as_bytes())));
}

#[test]
fn what_is_written_is_read() {
    let events = [opened(), decided(1), applied(1), Event::Alive];
    let bytes = journal(&events);
    let scanned = scan(&bytes, 0);
    let read: Vec<_> = scanned.records.iter().map(|framed| framed.record.event.clone()).collect();
    assert_eq!((read.as_slice(), scanned.end, scanned.flaw), (events.as_slice(), bytes.len(), None));
    assert_eq!(scanned.first, Some((1, Head::GENESIS.hash)));
    assert_eq!(scanned.head.map(|head| head.seq), Some(4));
    let later: Vec<_> = scan(&bytes, 3).records.into_iter().map(|framed| framed.record.seq).collect();
    assert_eq!(later, [4]);
}

/// What the change makes of three records: how many stay good, and what is wrong with the next.
fn check(change: impl Fn(&str) -> String, good: u64, flaw: Option<&Flaw>) {
    let changed = change(&text(&journal(&[opened(), Event::Alive, Event::Alive])));
    let scanned = scan(changed.as_bytes(), 0);
    assert_eq!(scanned.head.map_or(0, |head| head.seq), good, "{changed}");
    assert_eq!(scanned.flaw.as_ref(), flaw, "{changed}");
}

#[test]
fn nothing_else_is_a_record() {
    let line = |text: &str, n: usize| text.lines().nth(n).unwrap().to_owned();
    check(str::to_owned, 3, None);
    check(|text| text.replace("sandbox", "production"), 0, Some(&Flaw::Hash));
    check(|text| text.replace("\"v\":1,", "\"v\":2,"), 0, Some(&Flaw::Version(2)));
    check(|text| text.replacen("{\"v\"", "{ \"v\"", 1), 0, Some(&Flaw::Shape));
    check(|text| text.replace('\n', "\r\n"), 0, Some(&Flaw::Shape));
    check(|text| format!("\n{text}"), 0, Some(&Flaw::Shape));
    check(|text| text.trim_end().to_owned(), 2, None);
    check(|text| format!("{}\n{}\n", line(text, 0), line(text, 2)), 1, Some(&Flaw::Sequence { expected: 2, found: 3 }));
    check(|text| format!("{}\n{}\n", line(text, 0), line(text, 0)), 1, Some(&Flaw::Sequence { expected: 2, found: 1 }));
}

#[test]
fn another_chain_does_not_join() {
    let mut bytes = journal(&[opened()]);
    let stranger = Head { seq: 1, hash: super::super::Hash::of(b"another") };
    encode(stranger, at("2026-11-24T17:00:00Z"), &event_json(&Event::Alive).unwrap(), &mut bytes);
    assert_eq!(scan(&bytes, 0).flaw, Some(Flaw::Chain));
}

#[test]
fn an_intact_line_with_an_unknown_event_is_not_skipped() {
    let mut bytes = Vec::new();
    encode(Head::GENESIS, at("2026-11-24T17:00:00Z"), b"{\"type\":\"teleported\"}", &mut bytes);
    assert!(matches!(scan(&bytes, 0).flaw, Some(Flaw::Event(_))));
}

/// An event as no journal has it.
#[track_caller]
fn check_refused(json: &str) {
    assert!(matches!(read_event(json.as_bytes()), Err(Flaw::Event(_))), "{json}");
}

#[test]
fn an_event_has_one_spelling_with_its_name_first() {
    assert_eq!(read_event(b"{\"type\":\"alive\"}"), Ok(Event::Alive));
    let unknown = Event::Unknown { external_id: super::fixture::id(1), detail: "\"}{\",\"type\":{".to_owned() };
    let json = event_json(&unknown).unwrap();
    assert!(text(&json).starts_with("{\"type\":\"unknown\",\"external_id\":\""), "{}", text(&json));
    assert_eq!(read_event(&json), Ok(unknown));
    check_refused("");
    check_refused("{}");
    check_refused("\"alive\"");
    check_refused("{\"alive\":{}}");
    check_refused("{\"type\":\"alive\"");
    check_refused("{\"type\":\"alive\"} ");
    check_refused("{\"type\":\"alive\",}");
    check_refused("{ \"type\":\"alive\"}");
    check_refused("{\"type\":\"alive\",\"more\":1}");
    check_refused("{\"type\":\"started\"}");
    check_refused("{\"version\":\"1\",\"type\":\"started\",\"command\":\"run\"}");
    check_refused("{\"type\":\"started\",\"version\":\"1\",\"command\":\"run\",\"type\":\"started\"}");
    check_refused("{\"type\":\"started\",\"version\":\"1\",\"command\":\"run\"}}");
    check_refused("{\"type\":\"started\",\"version\":\"1\",\"command\":\"run\"},\"x\":{}}");
    check_refused("{\"type\":\"al\\u0069ve\"}");
}

#[test]
fn an_event_that_no_line_can_hold_is_refused() {
    let detail = "x".repeat(crate::journal::LONGEST_LINE);
    let event = Event::Unknown { external_id: super::fixture::id(1), detail };
    assert_eq!(event_json(&event), Err(Flaw::TooLong));
}

#[test]
fn only_a_changed_newline_leaves_a_whole_record_and_more() {
    let bytes = journal(&[opened(), Event::PoliciesInForce { hash: "ab".repeat(32), count: 1, files: Vec::new() }]);
    let last = &bytes[bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1..];
    for length in 0..last.len() {
        assert!(!hides_a_record(&last[..length]), "cut after {length}");
    }
    let mut flipped = last.to_vec();
    *flipped.last_mut().unwrap() = b'*';
    assert!(hides_a_record(&flipped));
}
