//! Appending: order, durability, shared syncs, segments, and failures that end it (d08, d09).

use super::fixture::{at, attempted, decided, id, open, opened, segments, slot, whole_move};
use crate::intent::Event;
use crate::journal::{Disk, Door, Store, StoreError, verify};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// A disk that fails from one call on, half-way through a write.
struct Failing {
    writes_left: u32,
    syncs_left: u32,
}

fn spend(left: &mut u32) -> bool {
    let is_spent = *left == 0;
    *left = left.saturating_sub(1);
    is_spent
}

impl Door for Failing {
    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if spend(&mut self.writes_left) {
            file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Disk.write(file, bytes)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        if spend(&mut self.syncs_left) {
            return Err(io::Error::other("input/output error"));
        }
        Disk.sync(file)
    }
}

fn failing(dir: &Path, writes_left: u32, syncs_left: u32) -> Store {
    Store::open_through(dir, Box::new(Failing { writes_left, syncs_left })).unwrap().0
}

#[test]
fn d08_d09_after_one_failure_nothing_is_ever_recorded_again() {
    // (writes that succeed, syncs that succeed, records found at the next start)
    for (writes, syncs, kept) in [(2, 9, 2), (0, 9, 0), (9, 2, 3), (9, 0, 1)] {
        let home = tempfile::tempdir().unwrap();
        let store = failing(home.path(), writes, syncs);
        let acknowledged = writes.min(syncs);
        for (n, event) in [opened(), decided(0), attempted(0), Event::Alive].into_iter().enumerate() {
            let result = store.append_blocking(slot(0).instant(), vec![event]);
            let is_good = u32::try_from(n).unwrap() < acknowledged;
            assert_eq!(result.is_ok(), is_good, "{writes}/{syncs}: append {n} gave {result:?}");
            assert!(is_good || matches!(result, Err(StoreError::Stopped(_))), "{result:?}");
        }
        assert_eq!(store.syncs(), u64::from(acknowledged), "a failed sync is not tried again");
        assert!(store.is_read_only().is_some());
        drop(store);
        let (_, report) = open(home.path());
        assert_eq!(report.records, kept, "{writes}/{syncs}");
        assert_eq!(report.torn.is_some(), writes < 9, "{writes}/{syncs}: torn bytes are cut and reported");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_appends_share_syncs_and_are_all_there() {
    let home = tempfile::tempdir().unwrap();
    let store = Arc::new(open(home.path()).0);
    store.append(slot(0).instant(), vec![opened()]).await.unwrap();
    let each = 20;
    let writers: Vec<_> = (0..64)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 0..each {
                    let changed = store.append(slot(0).instant(), vec![decided(writer * each + n)]).await.unwrap();
                    assert_eq!(changed[0].intent.external_id, id(writer * each + n));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let appends = u64::try_from(64 * each + 1).unwrap();
    assert_eq!(store.records(), appends);
    assert!(store.syncs() < appends, "{} syncs for {appends} appends", store.syncs());
    let state = store.with_state(Clone::clone);
    drop(store);
    let (again, report) = open(home.path());
    assert_eq!((report.records, report.torn), (appends, None));
    assert_eq!(again.with_state(Clone::clone), state);
}

#[tokio::test]
async fn a_record_stands_even_if_nobody_waits_for_it() {
    let home = tempfile::tempdir().unwrap();
    let (store, _) = open(home.path());
    drop(store.append(slot(0).instant(), vec![opened()]));
    assert!(store.identity().is_some());
    drop(store);
    assert_eq!(open(home.path()).1.records, 1);
}

#[test]
fn a_segment_a_month_and_never_back() {
    let home = tempfile::tempdir().unwrap();
    let (store, _) = open(home.path());
    let instants = ["2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z", "2026-11-30T23:00:00Z", "1970-01-01T00:00:00Z"];
    store.append_blocking(at(instants[0]), vec![opened()]).unwrap();
    for instant in &instants[1..3] {
        store.append_blocking(at(instant), vec![Event::Alive]).unwrap();
    }
    drop(store);
    let (store, _) = open(home.path());
    store.append_blocking(at(instants[3]), vec![Event::Alive]).unwrap();
    store.append_blocking(at("2027-02-01T00:00:00Z"), whole_move(0).to_vec()).unwrap();
    let found = store.find(&id(0)).unwrap();
    assert!(found.is_some());
    drop(store);
    let lines = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().lines().count();
    let found: Vec<_> = segments(home.path())
        .iter()
        .map(|(path, bytes)| (path.file_name().unwrap().to_str().unwrap().to_owned(), lines(bytes)))
        .collect();
    let expected = [("2026-11.jsonl", 1), ("2026-12.jsonl", 3), ("2027-02.jsonl", 3)];
    assert_eq!(found, expected.map(|(name, lines)| (name.to_owned(), lines)));
    let report = verify(home.path()).unwrap();
    assert_eq!((report.records, report.segments, report.damage), (7, 3, None));
}

#[test]
fn a_closed_store_says_so() {
    let home = tempfile::tempdir().unwrap();
    let (store, _) = open(home.path());
    store.append_blocking(slot(0).instant(), vec![opened()]).unwrap();
    store.close();
    store.close();
    assert_eq!(store.append_blocking(slot(0).instant(), vec![Event::Alive]), Err(StoreError::Closed));
    assert_eq!(store.find(&id(0)), Err(StoreError::Closed));
    assert_eq!(store.is_read_only(), None);
    let (again, report) = open(home.path());
    assert_eq!((report.records, again.append_blocking(slot(0).instant(), Vec::new())), (1, Ok(Vec::new())));
}

#[test]
fn instants_are_kept_to_the_millisecond_so_that_living_and_reading_agree() {
    let home = tempfile::tempdir().unwrap();
    let (store, _) = open(home.path());
    store.append_blocking(at("2026-11-24T17:00:00.123456789Z"), vec![opened()]).unwrap();
    assert_eq!(store.with_state(|state| state.high_water), Some(at("2026-11-24T17:00:00.123Z")));
}
