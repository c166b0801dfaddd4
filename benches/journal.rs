//! What the journal costs: durable appends beside the bare sync of the same disk, and opening it with many records.
//!
//! `cargo bench --bench journal`; `JOURNAL_RECORDS` (default 1,000,000) sets the size for opening, `JOURNAL_DIR` the disk
//! (default: the temporary directory), `JOURNAL_SECONDS` (default 3) the time for each figure of appending.

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss)] // Figures for people, never money.
#![allow(clippy::unwrap_used)] // A bench that cannot work has nothing better to do than to stop.
#![allow(clippy::disallowed_methods, reason = "a bench takes its size from the environment")]

#[path = "common/records.rs"]
mod records;

use records::{Move, applied, attempted, decided, generate, opened, start};
use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use treasuryd::journal::{self, Head, ReadOnly, Store};

/// With this and a directory the bench only opens it: in a process of its own, so that the memory is the opening's.
const OPEN_ONLY: &str = "--open-only";

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == OPEN_ONLY) {
        return open_with_index(Path::new(&arguments.next().unwrap()));
    }
    let parent = std::env::var_os("JOURNAL_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let home = tempfile::tempdir_in(&parent).unwrap();
    println!("\ndurable appends, {} s each, in {}", seconds().as_secs(), parent.display());
    row("", "a second", "× bare sync", "per sync", "µs each");
    let bare = bare_syncs(home.path());
    row("one record and a bare fdatasync", format!("{bare:.0}"), "1.0", "1.0", format!("{:.0}", 1e6 / bare));
    for writers in [1, 8, 64] {
        appends(&home.path().join(format!("writers-{writers}")), writers, bare);
    }
    opening(&home.path().join("many"));
}

fn row(what: &str, one: impl Display, two: impl Display, three: impl Display, four: impl Display) {
    println!("{what:<36}{one:>12}{two:>14}{three:>12}{four:>12}");
}

fn seconds() -> Duration {
    Duration::from_secs(std::env::var("JOURNAL_SECONDS").map_or(3, |text| text.parse().unwrap()))
}

/// A file that gets one record and one sync at a time: what the disk allows.
fn bare_syncs(dir: &Path) -> f64 {
    let mut line = Vec::new();
    let event = journal::event_json(&attempted(&Move::number(0))).unwrap();
    journal::encode(Head::GENESIS, start(), &event, &mut line);
    let mut file = File::options().append(true).create(true).open(dir.join("bare")).unwrap();
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < seconds() {
        file.write_all(&line).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

fn appends(dir: &Path, writers: u32, bare: f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let store = Arc::new(Store::open(dir).unwrap().0);
    store.append_blocking(start(), vec![opened()]).unwrap();
    let (syncs, records) = (store.syncs(), store.records());
    let begun = Instant::now();
    let tasks: Vec<_> = (0..writers).map(|writer| runtime.spawn(write(Arc::clone(&store), writer, writers))).collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    let (count, elapsed) = ((store.records() - records) as f64, begun.elapsed().as_secs_f64());
    let (each, per_sync) = (count / elapsed, count / (store.syncs() - syncs) as f64);
    let what = format!("{writers} concurrent writers");
    let latency = format!("{:.0}", 1e6 * f64::from(writers) / each);
    row(&what, format!("{each:.0}"), format!("{:.1}", each / bare), format!("{per_sync:.1}"), latency);
}

/// One writer: decides, attempts and applies moves of its own, each record awaited, until the time is over.
async fn write(store: Arc<Store>, writer: u32, writers: u32) {
    let begun = Instant::now();
    let mut number = i64::from(writer);
    while begun.elapsed() < seconds() {
        let this = Move::number(number);
        for event in [decided(&this), attempted(&this), applied(&this)] {
            store.append(this.at, vec![event]).await.unwrap();
        }
        number += i64::from(writers);
    }
}

fn opening(dir: &Path) {
    let records: u64 = std::env::var("JOURNAL_RECORDS").map_or(1_000_000, |text| text.parse().unwrap());
    println!("\nopening");
    row("", "ms", "records", "MB/s", "");
    let begun = Instant::now();
    let empty = Store::open(&dir.with_extension("empty")).unwrap();
    timed("empty", begun, 0, 0);
    drop(empty);
    let bytes = generate(dir, records);
    let begun = Instant::now();
    let (store, report) = Store::open(dir).unwrap();
    timed("without index (rebuild)", begun, report.records, bytes);
    println!("    {:?}, resident {} MiB", report.index, resident_mib());
    drop(store);
    for _ in 0..2 {
        let this = std::env::current_exe().unwrap();
        assert!(std::process::Command::new(this).arg(OPEN_ONLY).arg(dir).status().unwrap().success());
    }
    let begun = Instant::now();
    let read = ReadOnly::open(dir).unwrap();
    timed("read-only", begun, read.records(), bytes);
    drop(read);
    let begun = Instant::now();
    let count = journal::records(dir).unwrap().map(Result::unwrap).count();
    timed("all records, one thread", begun, count as u64, bytes);
}

fn open_with_index(dir: &Path) {
    let begun = Instant::now();
    let (store, report) = Store::open(dir).unwrap();
    timed("with index, a process of its own", begun, report.records, 0);
    println!("    {:?}, resident {} MiB", report.index, resident_mib());
    let begun = Instant::now();
    assert_eq!(store.find(&Move::number(7).id()).unwrap().unwrap().attempts, 1);
    timed("    finding the 8th intent", begun, 3, 0);
    let begun = Instant::now();
    assert_eq!(store.history(Some(100)).unwrap().len(), 100);
    timed("    the last 100 intents", begun, 300, 0);
    std::thread::sleep(Duration::from_secs(3));
    println!("    three seconds later (older segments verified): resident {} MiB", resident_mib());
}

fn timed(what: &str, begun: Instant, records: u64, bytes: u64) {
    let took = begun.elapsed().as_secs_f64() * 1e3;
    row(what, format!("{took:.1}"), records, format!("{:.0}", bytes as f64 / took / 1e3), "");
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}
