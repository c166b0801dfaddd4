//! What the daemon costs: 10,000 transfers through the whole path, start to ready, and standing idle.
//!
//! `cargo bench --bench daemon`. `DAEMON_TRANSFERS` (default 10,000), `DAEMON_RECORDS` (default 1,000,000) and
//! `DAEMON_IDLE_SECONDS` (default 60) set the sizes; state lies in the temporary directory (`TMPDIR`).

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss)] // Figures for people, never money.
#![allow(clippy::unwrap_used, clippy::panic)] // A bench that cannot work has nothing better to do than to stop.
#![allow(clippy::disallowed_methods, reason = "a bench takes its size from the environment")]

#[path = "common/records.rs"]
mod records;

use chrono::{TimeDelta, Utc};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use treasuryd::daemon::doors::Clock;
use treasuryd::daemon::metrics::Metrics;
use treasuryd::daemon::{Engine, KpayBank, Parts, Rules};
use treasuryd::intent::RetryRules;
use treasuryd::journal::Store;
use treasuryd::kpay::{BaseUrl, Client, ClientSettings, Keys, NoObserver};
use treasuryd::model::{Environment, Timestamp};
use treasuryd::money::{Amount, Country};
use treasuryd::plan::Caps;
use treasuryd::policy::{SourceFile, parse};
use treasuryd::sandbox::{Running, Sandbox, SandboxSettings};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    transfers(&runtime, number("DAEMON_TRANSFERS", 10_000));
    let sandbox = runtime.block_on(sandbox());
    println!("\nstart to ready, by the page");
    let empty = tempfile::tempdir().unwrap();
    ready("empty journal", empty.path(), &sandbox);
    let many = tempfile::tempdir().unwrap();
    let count = number("DAEMON_RECORDS", 1_000_000);
    records::generate(&many.path().join("state"), count);
    ready(&format!("{count} records, index deleted"), many.path(), &sandbox);
    ready(&format!("{count} records, index present"), many.path(), &sandbox);
    ready(&format!("{count} records, index present, again"), many.path(), &sandbox);
    idle(empty.path(), &sandbox, "empty journal");
    idle(many.path(), &sandbox, &format!("{count} records"));
    runtime.block_on(sandbox.shutdown());
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

async fn sandbox() -> Running {
    let rich = Country::ALL.iter().map(|country| (*country, Amount::whole(1_000_000_000)));
    let settings = SandboxSettings { wallets: rich.collect(), requests_per_minute: 0, ..SandboxSettings::default() };
    Sandbox::start(settings, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// A clock that the bench moves on from slot to slot.
struct SlotClock(AtomicI64);

impl Clock for SlotClock {
    fn now(&self) -> Timestamp {
        Utc::now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}

const LANES: &str = "version: 1
policies:
  - name: cemac
    schedule: \"*/5 * * * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 1_000 XAF }
    limits: { max_transfer: 100 XAF, max_per_slot: 19_800 XAF }
  - name: uemoa
    schedule: \"*/5 * * * * *\"
    sweep: { from: [SEN, CIV], into: BEN, above: 1_000 XOF }
    limits: { max_transfer: 100 XOF, max_per_slot: 19_800 XOF }
";

/// Decide, record, send, record, over real HTTP against the sandbox, with rate limits off.
fn transfers(runtime: &tokio::runtime::Runtime, wanted: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("state")).unwrap();
    let store = Arc::new(store);
    let clock = Arc::new(SlotClock(AtomicI64::new(0)));
    let file = SourceFile { path: "lanes.yaml".to_owned(), text: LANES.to_owned() };
    let policies = Arc::new(parse(&[file]).unwrap().set);
    runtime.block_on(async {
        let sandbox = sandbox().await;
        let client = ClientSettings {
            base_url: BaseUrl::parse(&sandbox.base_url()).unwrap(),
            allow_private_addresses: false,
            environment: Environment::Sandbox,
            keys: Keys::new("kpay_test_bench".to_owned(), "sk_test_bench".to_owned()).unwrap(),
            key_source: None,
            application_id: None,
            requests_per_minute: 1_000_000_000,
            timeout: Duration::from_secs(10),
            budget_file: None,
            patience: None,
        };
        let bank = KpayBank::new(Client::new(client, Arc::new(NoObserver)).unwrap());
        let engine = Arc::new(Engine::new(
            Parts {
                clock: clock.clone(),
                bank: Arc::new(bank),
                store: store.clone(),
                metrics: Arc::new(Metrics::new().unwrap()),
                rules: Rules {
                    environment: Environment::Sandbox,
                    caps: Caps { max_transfers_per_hour: u32::MAX, max_per_day: BTreeMap::new() },
                    retry: RetryRules { resend_for: TimeDelta::hours(6) },
                    confirm_loosening: false,
                    conservation: treasuryd::settings::ConservationSettings::default(),
                },
                ahead: TimeDelta::zero(),
            },
            Some(policies),
        ));
        engine.begin("bench").await.unwrap();
        let (begun, syncs) = (Instant::now(), store.syncs());
        let mut done = 0;
        while done < wanted {
            clock.0.fetch_add(5, Ordering::SeqCst);
            engine.decide(None).await.unwrap();
            engine.carry_out().await.unwrap();
            engine.observe().await.unwrap();
            done = sandbox.handle().books().transfers.len() as u64;
        }
        let seconds = begun.elapsed().as_secs_f64();
        let requests = sandbox.handle().books().counters;
        println!("{done} transfers through the whole path, sandbox over HTTP in the same process, rate limits off");
        println!("  {:.0} transfers a second", done as f64 / seconds);
        println!("  {:.2} syncs a transfer", (store.syncs() - syncs) as f64 / done as f64);
        println!("  {requests:?}");
        sandbox.handle().check().unwrap();
        store.close();
        sandbox.shutdown().await;
    });
}

/// Writes the daemon's files and starts it.
fn start(folder: &Path, sandbox: &Running) -> Child {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("api-key", "kpay_test_bench");
    write("secret-key", "sk_test_bench");
    write(
        "policies.yaml",
        "version: 1\npolicies:\n  - name: consolidate\n    schedule: \"0 3 1 1 *\"\n    enabled: false\n    \
         sweep: { from: [GAB, COG], into: CMR, above: 1_000 XAF }\n",
    );
    write(
        "treasuryd.toml",
        &format!(
            "[kpay]\nbase_url = \"{}\"\napi_key_file = \"api-key\"\nsecret_key_file = \"secret-key\"\n[policies]\npath = \
             \"policies.yaml\"\n[state]\npath = \"state\"\n[http]\nlisten = \"127.0.0.1:0\"\n[control]\nsocket = \
             \"control.sock\"\n",
            sandbox.base_url()
        ),
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_treasuryd"));
    command.arg("run").current_dir(folder).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Where the page is, once the daemon says so.
fn page(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().unwrap_or_else(|| panic!("the daemon ended")).unwrap();
        if let Some((_, address)) = line.split_once("serving address=") {
            break address.trim().to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    address
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let mut answer = String::new();
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn ready(what: &str, folder: &Path, sandbox: &Running) {
    let begun = Instant::now();
    let mut child = start(folder, sandbox);
    let address = page(&mut child);
    while !is_ready(&address) {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("  {what:<44}{:>8.0} ms", begun.elapsed().as_secs_f64() * 1e3);
    end(child);
}

fn idle(folder: &Path, sandbox: &Running, what: &str) {
    let mut child = start(folder, sandbox);
    let address = page(&mut child);
    while !is_ready(&address) {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_secs(5));
    let seconds = number("DAEMON_IDLE_SECONDS", 60);
    let before = cpu_seconds(child.id());
    std::thread::sleep(Duration::from_secs(seconds));
    let used = cpu_seconds(child.id()) - before;
    println!("\nidle for {seconds} s, {what}: {:.1} MiB resident, {used:.2} s of processor", resident_mib(child.id()));
    end(child);
}

/// User and system time, from `/proc`, in ticks of a hundredth.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn resident_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

fn end(mut child: Child) {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
}
