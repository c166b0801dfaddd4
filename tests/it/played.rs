//! What a test of the fault catalogue did, kept for the page `docs/reliability.md`: each begins with
//! `let _row = row!();`, and its plays, requests and transfers are counted for it, whichever thread they are made on.
//!
//! One file a test, in the folder that `RELIABILITY_REPORT` names, else below the target directory.

use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Begins the record of the test it stands in.
macro_rules! row {
    () => {
        $crate::played::Played::begin(std::any::type_name_of_val(&|| {}))
    };
}
pub(crate) use row;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Tally>>> = const { RefCell::new(None) };
}

/// What was counted for one test.
#[derive(Debug, Default)]
pub struct Tally {
    plays: AtomicU64,
    requests: AtomicU64,
    applied: AtomicU64,
    left_out: Mutex<Vec<String>>,
}

impl Tally {
    /// That of the test that this thread works for.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// This thread works for a test from here on.
    pub fn work_for(tally: Option<Arc<Self>>) {
        CURRENT.set(tally);
    }

    /// One play is over: so many requests reached the sandbox, so many moves it applied.
    pub fn play(&self, requests: u64, applied: usize) {
        self.times(1);
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.applied.fetch_add(applied.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn times(&self, times: u64) {
        self.plays.fetch_add(times, Ordering::Relaxed);
    }
}

/// Counts plays that need no merchant of their own.
pub fn times(times: usize) {
    if let Some(tally) = Tally::current() {
        tally.times(times.try_into().unwrap());
    }
}

/// Something of the row cannot be played on this machine: said on the page, and never a silent success.
pub fn left_out(why: &str) {
    eprintln!("skipped: {why}");
    if let Some(tally) = Tally::current() {
        tally.left_out.lock().unwrap().push(why.to_owned());
    }
}

/// Whether a tool that a row needs is missing here: then it is left out, except in CI (`CI` is set), which installs it.
pub fn lacks(tool: &str) -> bool {
    let is_there = std::process::Command::new(tool).arg("--version").output().is_ok();
    assert!(is_there || std::env::var_os("CI").is_none(), "{tool} is not installed");
    if !is_there {
        left_out(&format!("{tool} is not installed"));
    }
    !is_there
}

/// Where the records are.
pub fn folder() -> PathBuf {
    std::env::var_os("RELIABILITY_REPORT")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reliability"), PathBuf::from)
}

/// A test under way; its record is written at its end, however that is.
pub struct Played {
    name: String,
    began: Instant,
    tally: Arc<Tally>,
}

impl Played {
    /// For the test with that path, e.g. `it::crash::steps::d01_killed::{{closure}}`.
    pub fn begin(path: &str) -> Self {
        let name = path.trim_end_matches("::{{closure}}").rsplit("::").next().unwrap().to_owned();
        let tally = Arc::new(Tally::default());
        Tally::work_for(Some(tally.clone()));
        Self { name, began: Instant::now(), tally }
    }

    fn record(&self) -> Value {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({
            "test": self.name,
            "held": !std::thread::panicking(),
            "plays": count(&self.tally.plays),
            "requests": count(&self.tally.requests),
            "applied": count(&self.tally.applied),
            "left_out": *self.tally.left_out.lock().unwrap(),
            "milliseconds": u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        Tally::work_for(None);
        let folder = folder();
        let written = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join(format!("{}.json", self.name)), self.record().to_string()));
        if let Err(error) = written {
            eprintln!("the record of {} could not be written: {error}", self.name);
        }
    }
}
