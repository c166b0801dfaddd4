//! A merchant for tests: a folder with configuration, keys and policies, KPay's sandbox over real HTTP, and the built
//! binary run against it. The judge is always the sandbox's own books.

use crate::played::Tally;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use treasuryd::intent::Event;
use treasuryd::money::{Amount, Country};
use treasuryd::sandbox::{Books, Handle, Running, Sandbox, SandboxSettings};

/// Whose keys; found nowhere but where they belong.
pub const API_KEY: &str = "kpay_test_canary5Qp0";
/// See [`API_KEY`].
pub const SECRET_KEY: &str = "sk_test_canary7Zr1";

/// A folder, a sandbox, and the binary.
pub struct Merchant {
    /// Everything is in here.
    pub folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    /// Bound and never listening: keeps the port while no sandbox has it.
    reserved: tokio::net::TcpSocket,
    sandbox: Option<Running>,
    base_url: String,
    /// Lines added to the configuration, by section.
    pub extra: Vec<(&'static str, String)>,
    tally: Option<Arc<Tally>>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` for a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap_or_else(|error| panic!("{error}: {command:?}"));
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The same, for a command that must have ended with `code`.
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// A policy file that sweeps Gabon and Congo into Cameroon each evening.
pub const CONSOLIDATE: &str = "version: 1
policies:
  - name: consolidate
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }
";

/// An instant just after the slot of [`CONSOLIDATE`].
pub const EVENING: &str = "2026-11-24T18:00:30Z";

impl Merchant {
    /// With balances like `&[("GAB", 130_000)]`.
    pub fn new(wallets: &[(&str, i64)]) -> Self {
        Self::with(SandboxSettings { wallets: wallets_of(wallets), ..SandboxSettings::default() })
    }

    /// With a sandbox of one's own making.
    pub fn with(settings: SandboxSettings) -> Self {
        let mut merchant = Self::without_a_bank();
        merchant.open_the_bank(settings);
        merchant
    }

    /// With nobody at KPay's address yet; the port is ours, so that nobody else comes to listen there.
    pub fn without_a_bank() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let reserved = runtime.block_on(async { reserve() });
        let base_url = format!("http://{}", reserved.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let tally = Tally::current();
        let merchant = Self { folder, runtime, reserved, sandbox: None, base_url, extra: Vec::new(), tally };
        merchant.write("api-key", API_KEY);
        merchant.write("secret-key", SECRET_KEY);
        merchant.policies(CONSOLIDATE);
        merchant.configure();
        merchant
    }

    /// A file in the folder, private to us.
    pub fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The policy file.
    pub fn policies(&self, text: &str) {
        self.write("policies.yaml", text);
    }

    /// The configuration file, with what `extra` adds: `merchant.extra.push(("kpay", "timeout = \"1s\"".into()))`.
    pub fn configure(&self) {
        let sections = [
            (
                "kpay",
                format!(
                    "base_url = \"{}\"\napi_key_file = \"api-key\"\nsecret_key_file = \"secret-key\"",
                    self.base_url
                ),
            ),
            ("policies", "path = \"policies.yaml\"".to_owned()),
            ("state", "path = \"state\"".to_owned()),
            ("http", "listen = \"127.0.0.1:0\"".to_owned()),
            ("webhooks", String::new()),
            ("control", "socket = \"control.sock\"".to_owned()),
            ("limits", String::new()),
            ("conservation", String::new()),
            ("log", String::new()),
        ];
        let mut text = String::new();
        for (section, lines) in sections {
            text.extend(["[", section, "]\n", &lines, "\n"]);
            for (_, extra) in self.extra.iter().filter(|(name, _)| *name == section) {
                text.extend([extra.as_str(), "\n"]);
            }
        }
        self.write("treasuryd.toml", &text);
    }

    /// Adds a line to a section of the configuration.
    pub fn set(&mut self, section: &'static str, line: &str) {
        self.extra.push((section, line.to_owned()));
        self.configure();
    }

    /// Where KPay is said to be.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Says in the configuration that KPay is elsewhere.
    pub fn point_at(&mut self, base_url: &str) {
        base_url.clone_into(&mut self.base_url);
        self.configure();
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary, in the folder, with nothing of our environment but the path.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_treasuryd"));
        command.args(args).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/bin:/bin");
        command
    }

    /// The same behind another program, e.g. `&["strace", "-f"]`.
    pub fn command_under(&self, wrapper: &[&str], args: &[&str]) -> Command {
        let plain = self.command(args);
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(plain.get_program()).args(args);
        command.current_dir(self.folder.path()).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn treasuryd(&self, args: &[&str]) -> Ended {
        Ended::of(&mut self.command(args))
    }

    /// `once --at` the evening's slot.
    pub fn once(&self) -> Ended {
        self.treasuryd(&["once", "--json", "--at", EVENING])
    }

    /// `transfers list --json`.
    pub fn transfers(&self) -> Vec<Value> {
        let listed = self.treasuryd(&["transfers", "list", "--json"]).with_code(0);
        listed.json().as_array().cloned().unwrap()
    }

    /// What the journal holds, record by record.
    pub fn events(&self) -> Vec<Event> {
        treasuryd::journal::records(&self.path("state")).unwrap().map(|record| record.unwrap().event).collect()
    }

    /// The door to the sandbox.
    pub fn bank(&self) -> Handle {
        self.sandbox.as_ref().expect("the sandbox runs").handle()
    }

    /// The sandbox's books.
    pub fn books(&self) -> Books {
        self.bank().books()
    }

    /// What the sandbox holds for a country.
    pub fn holds(&self, country: &str) -> Amount {
        self.books().balance(country.parse::<Country>().unwrap()).unwrap_or(Amount::ZERO)
    }

    /// Starts a sandbox at KPay's address.
    pub fn open_the_bank(&mut self, settings: SandboxSettings) {
        let address = self.reserved.local_addr().unwrap();
        self.sandbox = Some(self.runtime.block_on(Sandbox::start(settings, address)).unwrap());
    }

    /// Ends the sandbox: from here on nobody listens.
    pub fn close_the_bank(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.shutdown());
        }
    }

    /// Starts the daemon and waits until it says that it serves.
    pub fn daemon(&self) -> Daemon {
        Daemon::start(self.command(&["run"]))
    }
}

impl Drop for Merchant {
    fn drop(&mut self) {
        let books = self.sandbox.as_ref().map(|sandbox| sandbox.handle().books());
        if let Some(tally) = &self.tally {
            let moved = books.map(|books| (books.counters.requests, books.transfers.len() + books.withdrawals.len()));
            let (requests, applied) = moved.unwrap_or_default();
            tally.play(requests, applied);
        }
        self.close_the_bank();
    }
}

/// A free port of our own. Both sides set `SO_REUSEADDR`, so that a sandbox may listen on it beside us.
fn reserve() -> tokio::net::TcpSocket {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

/// The address in the daemon's word that it serves, in either format of its log.
fn address_in(line: &str) -> Option<String> {
    if let Some((_, address)) = line.split_once("serving address=") {
        return Some(address.trim().to_owned());
    }
    let entry: Value = serde_json::from_str(line).ok()?;
    entry["address"].as_str().filter(|_| entry["message"] == "serving").map(str::to_owned)
}

/// Balances for a sandbox.
pub fn wallets_of(wallets: &[(&str, i64)]) -> std::collections::BTreeMap<Country, Amount> {
    wallets.iter().map(|(country, amount)| (country.parse().unwrap(), Amount::whole(*amount))).collect()
}

/// A running daemon; killed when dropped.
pub struct Daemon {
    /// The process.
    pub child: Child,
    /// Where its page is.
    pub page: String,
    /// What it says on standard error, line by line.
    lines: std::sync::mpsc::Receiver<String>,
}

impl Daemon {
    /// Starts a command that runs a daemon and waits until that says that it serves.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::of(command.spawn().unwrap())
    }

    fn of(mut child: Child) -> Self {
        let stderr = child.stderr.take().unwrap();
        let (said, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        let mut heard = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = lines.recv_timeout(left).unwrap_or_else(|_| panic!("the daemon does not serve: {heard:#?}"));
            if let Some(address) = address_in(&line) {
                return Self { page: format!("http://{address}"), child, lines };
            }
            heard.push(line);
        }
    }

    /// Sends a signal by name, e.g. `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for the end; the exit code.
    pub fn wait(&mut self, patience: Duration) -> Option<i32> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the daemon does not end; it said {:#?}", self.said());
    }

    /// The next line it says with these words in it.
    pub fn wait_for_line(&self, words: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut heard = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line =
                self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("it does not say `{words}`: {heard:#?}"));
            if line.contains(words) {
                return line;
            }
            heard.push(line);
        }
    }

    /// What it said since the last call.
    pub fn said(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// A page of the daemon, over plain HTTP: status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        use std::io::{Read, Write};
        let address = self.page.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
        (status, body)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again until it is true, or fails after `patience`.
pub fn eventually(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
