//! D12, D17 and G13: journals of another format, very long ones, and ones that somebody wrote into.

use super::{assert_books_agree, deposit, segment};
use crate::played::row;
use crate::support::{Merchant, eventually};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const NEXT_EVENING: &str = "2026-11-25T18:00:30Z";

fn merchant() -> Merchant {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    merchant.once().with_code(0);
    deposit(&merchant, "GAB", 50_000);
    merchant
}

/// Lower-case hex of the SHA-256.
fn hash(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// The line with its own hash made anew.
fn rehashed(line: &str) -> String {
    let (body, _) = line.rsplit_once(",\"hash\":").unwrap();
    format!("{body},\"hash\":\"{}\"}}", hash(body))
}

fn refused(merchant: &Merchant, what: &str, says: &str) {
    let before = merchant.books().counters.requests;
    for args in [&["once", "--at", NEXT_EVENING][..], &["run"], &["journal", "verify"], &["transfers", "list"]] {
        let ended = merchant.treasuryd(args);
        assert_eq!(ended.code, Some(77), "{what}: {args:?}: {ended:?}");
        assert!(ended.stderr.contains(says), "{what}: {args:?}: {ended:?}");
    }
    assert_eq!(merchant.books().counters.requests, before, "{what}: KPay was asked");
}

/// A merchant with a transfer whose reply never came, the file of its journal and the text of that.
fn one_without_a_reply() -> (Merchant, PathBuf, String) {
    let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.set("kpay", "timeout = \"1s\"");
    merchant.bank().set_faults(&["hang@always"]).unwrap();
    merchant.once().with_code(75);
    let path = segment(&merchant);
    let good = fs::read_to_string(&path).unwrap();
    (merchant, path, good)
}

/// With its own journal back, the transfer is settled, and once.
fn goes_on(merchant: &Merchant, path: &Path, good: &str) {
    fs::write(path, good).unwrap();
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1);
    assert_books_agree(merchant);
}

// D12: upgrade or downgrade with open intents · versioned records; unknown version → refuse.
#[test]
fn d12_a_journal_of_another_version_is_refused_and_its_open_transfer_is_not_lost() {
    let _row = row!();
    let (merchant, path, good) = one_without_a_reply();
    for version in ["0", "2", "99"] {
        let lines: Vec<&str> = good.lines().collect();
        let newer = lines[lines.len() - 1].replacen("{\"v\":1,", &format!("{{\"v\":{version},"), 1);
        let text = [&lines[..lines.len() - 1], &[rehashed(&newer).as_str()]].concat().join("\n") + "\n";
        fs::write(&path, text).unwrap();
        refused(&merchant, version, "format version");
    }
    goes_on(&merchant, &path, &good);
}

// D12: a version of the same format that knows more kinds of records · refused, and nobody is told to restore a backup.
#[test]
fn d12_a_record_of_a_newer_kind_is_refused_and_not_called_damage() {
    let _row = row!();
    let (merchant, path, good) = one_without_a_reply();
    let last: serde_json::Value = serde_json::from_str(good.lines().last().unwrap()).unwrap();
    let (seq, prev, at) =
        (last["seq"].as_u64().unwrap() + 1, last["hash"].as_str().unwrap(), last["at"].as_str().unwrap());
    let known = "\"type\":\"alive\"";
    let newer_field = "\"type\":\"started\",\"version\":\"9\",\"command\":\"run\",\"mood\":\"good\"";
    for event in ["\"type\":\"weighed\",\"grams\":5", newer_field, known] {
        let body = format!("{{\"v\":1,\"seq\":{seq},\"at\":\"{at}\",\"prev\":\"{prev}\",\"event\":{{{event}}}");
        fs::write(&path, format!("{good}{body},\"hash\":\"{}\"}}\n", hash(&body))).unwrap();
        if event == known {
            merchant.treasuryd(&["journal", "verify"]).with_code(0);
            continue;
        }
        refused(&merchant, event, "run the treasuryd that wrote it, or a newer one");
        let said = merchant.treasuryd(&["once", "--at", NEXT_EVENING]).stderr;
        assert!(!said.contains("damaged") && !said.contains("backup"), "{said}");
    }
    goes_on(&merchant, &path, &good);
}

/// The same journal as the first version of the format wrote it: without what records have held since, and chained anew.
fn as_first_written(journal: &str) -> String {
    let mut prev: Option<String> = None;
    let mut text = String::new();
    for line in journal.lines() {
        let (body, _) = line.rsplit_once(",\"hash\":").unwrap();
        let mut body = body.to_owned();
        // Each of them is the last of its event.
        for since in [",\"planned_with\":", ",\"files\":"] {
            if let Some(at) = body.find(since) {
                body.truncate(at);
                body.push('}');
            }
        }
        if let Some(prev) = &prev {
            let (before, rest) = body.split_once("\"prev\":\"").unwrap();
            body = format!("{before}\"prev\":\"{prev}\"{}", rest.split_once('"').unwrap().1);
        }
        let own = hash(&body);
        writeln!(text, "{body},\"hash\":\"{own}\"}}").unwrap();
        prev = Some(own);
    }
    text
}

// D12: an upgrade while a transfer's outcome is unknown · the records of the version before are taken up, and asked about
// with the same bytes.
#[test]
fn d12_an_upgrade_in_mid_intent_asks_again_and_moves_once() {
    let _row = row!();
    for faults in [&["lost-after-apply", "http-503=always"][..], &["http-503=always"]] {
        let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
        merchant.set("kpay", "timeout = \"1s\"");
        merchant.bank().set_faults(faults).unwrap();
        merchant.once().with_code(75);
        assert_eq!(merchant.transfers()[0]["state"], "unknown");
        let path = segment(&merchant);
        let journal = fs::read_to_string(&path).unwrap();
        let older = as_first_written(&journal);
        assert!(older != journal && !older.contains("planned_with"), "there is nothing to leave out any more");
        fs::write(&path, older).unwrap();
        fs::remove_dir_all(merchant.path("state/index")).unwrap();
        merchant.treasuryd(&["journal", "verify"]).with_code(0);
        assert_eq!(merchant.transfers()[0]["state"], "unknown");
        merchant.bank().set_faults::<&str>(&[]).unwrap();
        merchant.once().with_code(0);
        assert_eq!(merchant.transfers()[0]["state"], "applied", "{faults:?}");
        assert_eq!(merchant.books().transfers.len(), 1);
        let bodies: std::collections::BTreeSet<String> =
            super::transfer_posts(&merchant).into_iter().map(|post| post.body).collect();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        assert_books_agree(&merchant);
    }
}

// D12, the other way: what the oldest version wrote is read, with what is open in it.
#[test]
fn d12_the_oldest_journal_is_taken_up() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    let oldest = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/journal/format-1.jsonl");
    fs::create_dir_all(merchant.path("state/journal")).unwrap();
    fs::copy(oldest, merchant.path("state/journal/2026-11.jsonl")).unwrap();
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
    let listed = merchant.transfers();
    assert!(listed.len() > 3, "{listed:?}");
    let ended = merchant.treasuryd(&["once", "--at", NEXT_EVENING]);
    assert!(matches!(ended.code, Some(0 | 75)), "{ended:?}");
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
    assert!(merchant.transfers().len() >= listed.len(), "what was there is gone");
}

// G13: journal edited by a local user; forged "done" · hash chain breaks → read-only. (Who may write the file can also make
// the whole chain anew: the folder's mode is what keeps others out, D11.)
#[test]
fn g13_a_forged_record_stops_everything_that_could_move_money() {
    let _row = row!();
    let merchant = merchant();
    let path = segment(&merchant);
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let nth = lines.iter().position(|line| line.contains("\"type\":\"applied\"")).unwrap();
    assert!(nth + 1 < lines.len());
    let with = |line: &str| {
        let mut lines = lines.clone();
        lines[nth] = line;
        lines.join("\n") + "\n"
    };
    let unknown = lines[nth].replace("\"type\":\"applied\"", "\"type\":\"unknown\"");
    let dearer = lines[nth].replace("\"amount\":\"30000\"", "\"amount\":\"29000\"");
    let dearer = if dearer == lines[nth] { lines[nth].replacen("15000", "14000", 1) } else { dearer };
    let left_out = [&lines[..nth], &lines[nth + 1..]].concat().join("\n") + "\n";
    let doubled = [&lines[..=nth], &lines[nth..]].concat().join("\n") + "\n";
    let mut swapped = lines.clone();
    swapped.swap(nth, nth - 1);
    let swapped = swapped.join("\n") + "\n";
    for (what, text) in [
        ("another outcome", with(&unknown)),
        ("another amount", with(&dearer)),
        ("another amount, hashed anew", with(&rehashed(&dearer))),
        ("another time, hashed anew", with(&rehashed(&lines[nth].replacen("\"at\":\"2026", "\"at\":\"2025", 1)))),
        ("a record left out", left_out),
        ("a record twice", doubled),
        ("two records swapped", swapped),
    ] {
        assert_ne!(text, good, "{what}");
        fs::write(&path, text).unwrap();
        refused(&merchant, what, "damaged");
    }
    fs::write(&path, &good).unwrap();
    merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(0);
    assert_books_agree(&merchant);
}

/// So many records are added; a million is measured by the benches (docs/performance.md).
const MANY: u64 = 20_000;

// D17: 1 M journal entries · ready < 2 s. (Played with fewer, on a build without optimisation; a million on an optimised one
// is measured by the benches, docs/performance.md.)
#[test]
fn d17_a_long_journal_is_open_in_a_moment() {
    let _row = row!();
    let merchant = merchant();
    let path = segment(&merchant);
    let mut journal = fs::read_to_string(&path).unwrap();
    let last: serde_json::Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
    let (mut seq, mut prev) = (last["seq"].as_u64().unwrap(), last["hash"].as_str().unwrap().to_owned());
    let at = last["at"].as_str().unwrap();
    for _ in 0..MANY {
        seq += 1;
        let body =
            format!("{{\"v\":1,\"seq\":{seq},\"at\":\"{at}\",\"prev\":\"{prev}\",\"event\":{{\"type\":\"alive\"}}");
        prev = hash(&body);
        writeln!(journal, "{body},\"hash\":\"{prev}\"}}").unwrap();
    }
    fs::write(&path, journal).unwrap();
    // The first start reads it all, and keeps what it found.
    merchant.treasuryd(&["pause"]).with_code(0);
    merchant.treasuryd(&["resume"]).with_code(0);
    let began = Instant::now();
    let daemon = merchant.daemon();
    eventually("it is ready", Duration::from_secs(30), || daemon.get("/readyz").0 == 200);
    let taken = began.elapsed();
    // An unoptimised build on a busy machine; what matters is that it does not read everything again.
    assert!(taken < Duration::from_secs(10), "ready after {taken:?}");
    drop(daemon);
    merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(0);
    assert_books_agree(&merchant);
}
