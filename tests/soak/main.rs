//! The soak: the built daemon for as long as one likes, a slot of every policy each second or two, one reply in twenty
//! faulty, customers paying in all the while. A table shows what it holds on to (memory, descriptors, threads, series,
//! journal, index); at the end every unit of money is accounted for against KPay's own books.
//!
//! `SOAK_SECONDS` says how long (10 by default), `SOAK_SEED` repeats the dice:
//! `SOAK_SECONDS=2400 cargo test --release --test soak -- --nocapture`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and run in the real surroundings"
)]

#[path = "../it/played.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "made for tests of every kind")]
mod played;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "made for tests of every kind")]
mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Daemon, Merchant, eventually, wallets_of};
use treasuryd::money::{Amount, Country};
use treasuryd::sandbox::SandboxSettings;

const POLICIES: &str = "version: 1
reserves: { GAB: 20_000 XAF, CMR: 400_000 XAF }
policies:
  - name: cemac
    schedule: \"* * * * * *\"
    sweep: { from: [GAB, { wallet: COG, above: 60_000 XAF, keep: 40_000 XAF }], into: CMR, above: 50_000 XAF }
  - name: uemoa
    schedule: \"* * * * * *\"
    sweep: { from: [SEN, BEN], into: CIV, above: 50_000 XOF, keep: 30_000 XOF }
  - name: across
    schedule: \"*/2 * * * * *\"
    sweep: { from: [CMR], into: SEN, above: 500_000 XAF }
    fx: { allow: true }
  - name: supplier
    schedule: \"*/2 * * * * *\"
    payout: { from: CIV, to: { provider: ORANGE_CIV, phone: \"2250701234567\" }, above: 60_000 XOF, keep: 30_000 XOF }
";

/// One transfer in twenty meets one of these. Not among them: what leaves a payout to a person (a lost reply, which KPay
/// answers with 409 afterwards), since nobody is there for an hour.
const FAULTS: [&str; 13] = [
    "lost-after-apply=p:0.01",
    "lost-before=p:0.005",
    "http-500-after=p:0.01",
    "html-504-before=p:0.005",
    "cut-body@p:0.005",
    "429=1@p:0.005",
    "slow=400@p:0.005",
    "401@p:0.005",
    "balances:http-500=p:0.02",
    "token:http-503=p:0.02",
    "withdraw:429=1@p:0.01",
    "withdrawal:http-500=p:0.05",
    "withdrawal:slow=400@p:0.02",
];

const OPENING: [(&str, i64); 6] =
    [("CMR", 600_000), ("GAB", 90_000), ("COG", 90_000), ("SEN", 90_000), ("BEN", 90_000), ("CIV", 0)];

/// After so many samples the start is over, and what grows from here on grows with time.
const WARM_AFTER: usize = 4;
const SAMPLES: u32 = 20;
/// What an hour may add to the memory, beside the room that the first minutes took.
const MOST_GROWTH_MIB: u64 = 16;
/// What the index may take beside as much as the journal has.
const INDEX_ROOM_KIB: u64 = 4 * 1024;

/// What the daemon holds on to.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: u64,
    moved: usize,
    memory_kib: u64,
    descriptors: u64,
    threads: u64,
    series: usize,
    journal_kib: u64,
    index_kib: u64,
}

fn number<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: no number")))
}

fn merchant(seed: u64) -> Merchant {
    let settings = SandboxSettings {
        wallets: wallets_of(&OPENING),
        requests_per_minute: 0,
        seed,
        faults: FAULTS.iter().map(|rule| rule.parse().unwrap()).collect(),
        keep_requests: 1_000,
        ..SandboxSettings::default()
    };
    let mut merchant = Merchant::with(settings);
    merchant.policies(POLICIES);
    merchant.set("kpay", "requests_per_minute = 60000\ntimeout = \"5s\"\nobserve_every = \"5s\"");
    merchant.set("limits", "max_transfers_per_hour = 1000000");
    merchant
}

/// Customers pay into every source until told to stop; what they paid, by wallet. They pay less than the payouts can carry
/// away, of at most 500,000 in some seconds, so that a long soak leaves no queue behind.
fn keep_paying(merchant: &Merchant, seed: u64, over: &AtomicBool) -> BTreeMap<Country, Amount> {
    let mut paid: BTreeMap<Country, Amount> = BTreeMap::new();
    let mut dice = seed | 1;
    let mut below = move |end: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % end
    };
    while !over.load(Ordering::SeqCst) {
        let sources = ["GAB", "COG", "SEN", "BEN", "CMR"];
        let country: Country = sources[usize::try_from(below(5)).unwrap()].parse().unwrap();
        let amount = Amount::whole(10_000 + i64::try_from(below(20_000)).unwrap());
        merchant.bank().deposit(country, amount).unwrap();
        let sum = paid.entry(country).or_insert(Amount::ZERO);
        *sum = sum.checked_add(amount).unwrap();
        std::thread::sleep(Duration::from_millis(150 + below(300)));
    }
    paid
}

fn size_of(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { size_of(&entry.path()) } else { entry.metadata().map_or(0, |it| it.len()) }
            },
        )
        .sum()
}

fn sample(merchant: &Merchant, daemon: &Daemon, started: Instant) -> Sample {
    let (status, metrics) = daemon.get("/metrics");
    assert_eq!(status, 200);
    let series: Vec<&str> = metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let figure = |name: &str| {
        let line = series.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let whole = line.unwrap_or_else(|| panic!("no {name}")).split(['.', 'e']).next().unwrap();
        whole.parse::<u64>().unwrap()
    };
    let books = merchant.books();
    Sample {
        seconds: started.elapsed().as_secs(),
        moved: books.transfers.len() + books.withdrawals.len(),
        memory_kib: figure("process_resident_memory_bytes") / 1024,
        descriptors: figure("process_open_fds"),
        threads: figure("process_threads"),
        series: series.len(),
        journal_kib: size_of(&merchant.path("state/journal")) / 1024,
        index_kib: size_of(&merchant.path("state/index")) / 1024,
    }
}

fn show(samples: &[Sample]) {
    println!("| after s | moved | memory KiB | descriptors | threads | series | journal KiB | index KiB |");
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    for it in samples {
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            it.seconds, it.moved, it.memory_kib, it.descriptors, it.threads, it.series, it.journal_kib, it.index_kib
        );
    }
}

/// What must not grow with time.
fn assert_bounded(samples: &[Sample]) {
    let Some((warm, later)) = samples.get(WARM_AFTER..).and_then(<[Sample]>::split_first) else { return };
    for it in later {
        assert!(it.memory_kib <= warm.memory_kib + MOST_GROWTH_MIB * 1024, "memory grows: {warm:?} {it:?}");
        // A request, a page and a command under way.
        assert!(it.descriptors <= warm.descriptors + 12, "descriptors grow: {warm:?} {it:?}");
        assert!(it.threads <= warm.threads + 4, "threads grow: {warm:?} {it:?}");
        assert!(it.series <= warm.series + 20, "series grow: {warm:?} {it:?}");
        assert!(it.index_kib <= it.journal_kib + INDEX_ROOM_KIB, "the index outgrows the journal: {it:?}");
    }
}

/// What the books say of each wallet beside what was last seen in it.
fn rows(merchant: &Merchant) -> Vec<Value> {
    let check = merchant.treasuryd(&["ledger", "check", "--json"]).with_code(0).json();
    check["wallets"].as_array().cloned().unwrap()
}

fn country(row: &Value) -> Country {
    row["wallet"].as_str().unwrap().parse().unwrap()
}

fn amount(row: &Value, name: &str) -> Amount {
    row[name].as_str().unwrap().parse().unwrap()
}

/// What an accountant does for each transfer whose reply was lost and whose rate nobody gave: KPay's own figures are
/// entered. How many there were.
fn enter_rates(merchant: &Merchant) -> usize {
    let books = merchant.books();
    let transfers = merchant.transfers();
    let is_pending = |it: &&Value| it["kind"] == "transfer" && it["state"] == "applied" && it["credited"].is_null();
    let pending: Vec<&Value> = transfers.iter().filter(is_pending).collect();
    for transfer in &pending {
        let id = transfer["external_id"].as_str().unwrap();
        let found = books.applied(id)[0];
        let (rate, credited) = (found.rate.to_string(), found.credited.to_string());
        let what = ["transfers", "resolve", id, "--applied", "--rate", &rate, "--credited", &credited];
        merchant.treasuryd(&[&what[..], &["--by", "ada", "--note", "KPay's list"]].concat()).with_code(0);
    }
    pending.len()
}

/// Everything KPay did is in our books, and nothing else: by wallet, what the books cannot explain is exactly what the
/// customers paid.
fn assert_accounted_for(merchant: &Merchant, paid: &BTreeMap<Country, Amount>) {
    let books = merchant.books();
    assert_eq!(books.wrong, None);
    assert!(books.applied_twice.is_empty(), "{:?}", books.applied_twice);
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
    let mut unexplained = Vec::new();
    for row in rows(merchant) {
        let customers = paid.get(&country(&row)).copied().unwrap_or(Amount::ZERO);
        if amount(&row, "external") != customers {
            unexplained.push(format!("{}: {}, of which customers {customers}", row["wallet"], row["external"]));
        }
    }
    println!("units that nobody explains: {}", unexplained.len());
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

#[test]
fn soak() {
    let (seconds, seed) = (number("SOAK_SECONDS", 10_u64), number("SOAK_SEED", u64::from(std::process::id())));
    println!("soak: SOAK_SECONDS={seconds} SOAK_SEED={seed}");
    let merchant = merchant(seed);
    // With a record in the hour before its slot, a 409 after an attempt of ours proves our amount.
    merchant.treasuryd(&["pause"]).with_code(0);
    std::thread::sleep(Duration::from_millis(2_100));
    merchant.treasuryd(&["resume"]).with_code(0);
    let mut daemon = merchant.daemon();
    eventually("the first balances are in the journal", Duration::from_secs(30), || !merchant.transfers().is_empty());
    let started = Instant::now();
    let over = AtomicBool::new(false);
    let mut samples = Vec::new();
    let paid = std::thread::scope(|scope| {
        let paying = scope.spawn(|| keep_paying(&merchant, seed, &over));
        let soaked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for turn in 1..=SAMPLES {
                let until = started + Duration::from_secs(seconds) * turn / SAMPLES;
                while Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(100));
                    // What it says is read, so that it never waits for us.
                    daemon.said();
                    assert!(daemon.child.try_wait().unwrap().is_none(), "it ended by itself");
                }
                samples.push(sample(&merchant, &daemon, started));
            }
        }));
        over.store(true, Ordering::SeqCst);
        let paid = paying.join().unwrap();
        soaked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        paid
    });
    show(&samples);
    let faults = merchant.books().faults;
    println!("faults played: {faults:?}");
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    // Schedules go on; once there is nothing over a floor, nothing moves any more.
    let mut before = 0;
    // A payout goes in parts, one after the other, and a long soak leaves many of them.
    let patience = Duration::from_secs(120 + seconds);
    eventually("everything is settled and at rest", patience, || {
        let transfers = merchant.transfers();
        let open = ["planned", "sending", "unknown"];
        let is_open = |one: &&Value| open.contains(&one["state"].as_str().unwrap());
        let left: Vec<&Value> = transfers.iter().filter(is_open).collect();
        println!("{} in all, {} open, among them {:?}", transfers.len(), left.len(), left.first());
        let is_at_rest = std::mem::replace(&mut before, transfers.len()) == transfers.len();
        daemon.said();
        std::thread::sleep(Duration::from_secs(4));
        left.is_empty() && is_at_rest
    });
    println!("rates that nobody gave, entered by hand: {}", enter_rates(&merchant));
    eventually("the journal has the last balances", Duration::from_secs(30), || {
        let books = merchant.books();
        let is_last = |row: &Value| Some(amount(row, "closing")) == books.balance(country(row));
        rows(&merchant).iter().all(is_last)
    });
    daemon.signal("TERM");
    assert_eq!(daemon.wait(Duration::from_secs(30)), Some(0));
    assert_bounded(&samples);
    assert_accounted_for(&merchant, &paid);
    let moved = merchant.books().transfers.len();
    assert!(moved as u64 >= seconds / 2, "a soak with so little money moving proves nothing: {moved}");
    let played: u32 = faults.iter().map(|(_, times)| times).sum();
    assert!(seconds < 60 || played > 10, "a soak without faults proves nothing: {faults:?}");
}
