//! D2: the power is cut before each sync: what was written since the last one is gone, there in part, there as zeros, or
//! there. strace kills before the sync and tells what was written; the rest is done to the file by hand.

use super::{assert_books_agree, deposit, segment, strace, transfer_posts};
use crate::played::{Tally, lacks, row};
use crate::support::{EVENING, Ended, Merchant};
use std::fs;

/// What becomes of the bytes that were never synced.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Gone,
    Half,
    LastByteMissing,
    Zeros,
    There,
}

/// With a journal that is open already.
fn merchant() -> Merchant {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 100_000), ("COG", 100_000)]);
    merchant.treasuryd(&["pause"]).with_code(0);
    merchant.treasuryd(&["resume"]).with_code(0);
    deposit(&merchant, "GAB", 30_000);
    deposit(&merchant, "COG", 15_000);
    merchant
}

/// Bytes written to the journal after its last sync, by the trace.
fn unsynced(trace: &str) -> usize {
    let after = trace.rsplit_once("fdatasync(").map_or(trace, |(before_the_last, _)| {
        // The last one is the one it was killed before.
        before_the_last.rsplit_once("fdatasync(").map_or(before_the_last, |(_, after)| after)
    });
    // Where another thread came between, the result stands on a line of its own: `<... write resumed>) = 258`.
    let written = |line: &str| {
        let (call, result) = line.rsplit_once("= ")?;
        let is_write = call.contains("write(") || call.contains("<... write resumed>");
        is_write.then(|| result.trim().parse::<usize>().ok()).flatten()
    };
    after.lines().filter_map(written).sum()
}

#[test]
fn what_was_written_is_counted_however_its_lines_are_split() {
    let check = |trace: &str, expected: usize| assert_eq!(unsynced(trace), expected, "{trace}");
    check("7 write(5, \"{\\\"v\\\":1}\"..., 258) = 258\n7 fdatasync(5)          = ?\n", 258);
    check(
        "7 write(5, \"a = 3\"..., 258 <unfinished ...>\n8 +++ exited with 0 +++\n7 <... write resumed>) = 258\n",
        258,
    );
    check(
        "7 write(5, \"a\", 9) = 9\n7 fdatasync(5) = 0\n7 write(5, \"b\", 4) = 4\n7 fdatasync(5 <unfinished ...>\n",
        4,
    );
    check("7 write(5, \"a\", 9) = -1 EIO (Input/output error)\n", 0);
}

/// Cuts the power before the n-th sync; false where there were not so many.
fn cut_before(nth: usize, fate: Fate) -> bool {
    let merchant = merchant();
    let path = segment(&merchant);
    let only = ["-P", path.to_str().unwrap(), "-e", "trace=write,fdatasync"];
    let injection = format!("fdatasync:signal=SIGKILL:when={nth}");
    let ended = Ended::of(&mut strace(&merchant, &injection, &only, &["once", "--json", "--at", EVENING]));
    if ended.code == Some(0) {
        return false;
    }
    assert_eq!(ended.code, None, "{nth}: {ended:?}");
    let trace = fs::read_to_string(merchant.path("trace")).unwrap();
    let lost = unsynced(&trace);
    let journal = fs::read(&path).unwrap();
    let synced = journal.len() - lost;
    assert!(
        lost > 0 && journal[synced - 1] == b'\n',
        "sync {nth}: {lost} bytes of {} not synced:\n{trace}",
        journal.len()
    );
    let durable = String::from_utf8_lossy(&journal[..synced]).into_owned();
    for post in transfer_posts(&merchant) {
        let body: serde_json::Value = serde_json::from_str(&post.body).unwrap();
        let id = body["externalId"].as_str().unwrap();
        let attempted = durable.lines().any(|line| line.contains("\"type\":\"attempted\"") && line.contains(id));
        assert!(attempted, "sync {nth}: {id} was sent before its attempt was on the disk");
    }
    let mut left = journal.clone();
    match fate {
        Fate::Gone => left.truncate(synced),
        Fate::Half => left.truncate(synced + lost / 2),
        Fate::LastByteMissing => left.truncate(journal.len() - 1),
        Fate::Zeros => left[synced..].fill(0),
        Fate::There => {}
    }
    fs::write(&path, &left).unwrap();
    let again = merchant.once();
    assert_eq!(again.code, Some(0), "sync {nth}, {fate:?}: {again:?}");
    assert_eq!(merchant.books().transfers.len(), 2, "sync {nth}, {fate:?}");
    assert_books_agree(&merchant);
    true
}

#[test]
fn d02_a_power_cut_before_any_sync_loses_nothing_that_was_sent() {
    let _row = row!();
    if lacks("strace") {
        return;
    }
    let tally = &Tally::current();
    std::thread::scope(|scope| {
        for fate in [Fate::Gone, Fate::Half, Fate::LastByteMissing, Fate::Zeros, Fate::There] {
            scope.spawn(move || {
                Tally::work_for(tally.clone());
                let syncs = (1..100_usize).take_while(|nth| cut_before(*nth, fate)).count();
                assert!(syncs >= 5, "{fate:?}: only {syncs} syncs");
            });
        }
    });
}
