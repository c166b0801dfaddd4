//! A row's own little world: a folder with configuration, keys and policies, a sandbox on a free port, and this program
//! as a process that can be killed. All of it is gone when the stage is dropped.

use super::rows::Row;
use crate::daemon::doors::{Clock, SystemClock};
use crate::daemon::view::TransferView;
use crate::model::Timestamp;
use crate::money::{Amount, Country};
use crate::sandbox::{Books, Handle, RequestRecord, Running, Sandbox, SandboxSettings};
use chrono::{SecondsFormat, TimeDelta};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Display;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Handle as Runtime;
use tokio::sync::watch;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOKS_EVERY: Duration = Duration::from_millis(20);
/// Of what a process said, so much is told.
const MOST_SAID: usize = 300;

/// What all rows share.
pub(super) struct Grounds<'a> {
    /// This program.
    pub(super) program: &'a Path,
    /// Where the sandboxes run.
    pub(super) runtime: &'a Runtime,
    /// Turns true when the drill is to end.
    pub(super) stop: watch::Receiver<bool>,
}

impl Grounds<'_> {
    /// Whether somebody ended the drill.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// `None` for a signal.
    pub(super) code: Option<i32>,
    /// Standard output.
    pub(super) stdout: String,
    /// Standard error.
    pub(super) stderr: String,
}

impl Ended {
    /// The command must have ended so.
    pub(super) fn with_code(self, code: i32) -> Result<Self, String> {
        if self.code == Some(code) {
            return Ok(self);
        }
        let ended = self.code.map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
        Err(format!("it ended {ended} and not with {code}: {}", crate::model::tame(self.stderr.trim(), MOST_SAID)))
    }
}

/// A process of this program; killed when dropped.
pub(super) struct Process {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(super) fn kill(mut self) -> Result<(), String> {
        self.child.kill().and_then(|()| self.child.wait()).map(drop).map_err(failed("treasuryd cannot be killed"))
    }

    /// It must not have ended yet.
    pub(super) fn still_runs(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(_)) => {
                Err(format!("treasuryd ended too soon: {}", crate::model::tame(said(&self.stderr).trim(), MOST_SAID)))
            }
            Err(error) => Err(failed("treasuryd is not known")(error)),
        }
    }

    /// Whether it has said these words on standard error.
    pub(super) fn says(&self, words: &str) -> bool {
        said(&self.stderr).contains(words)
    }

    /// What follows some words in a line of standard error.
    pub(super) fn said_after(&self, words: &str) -> Option<String> {
        let text = said(&self.stderr);
        text.lines().find_map(|line| line.split_once(words)).map(|(_, rest)| rest.trim().to_owned())
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        kill_process(Pid::from_child(&self.child), signal).map_err(failed("treasuryd cannot be sent a signal"))
    }
}

/// See the module.
pub(super) struct Stage<'a> {
    grounds: &'a Grounds<'a>,
    folder: tempfile::TempDir,
    slot: Timestamp,
    /// Bound and never listening: keeps the port while no sandbox has it.
    reserved: tokio::net::TcpSocket,
    sandbox: Option<Running>,
    processes: usize,
}

impl<'a> Stage<'a> {
    /// With a sandbox and the row's policy, whose slot was three minutes ago.
    pub(super) fn open(grounds: &'a Grounds<'a>, row: &Row) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("treasuryd-drill-").tempdir();
        let folder = folder.map_err(failed("no temporary folder can be made"))?;
        let reserved =
            grounds.runtime.block_on(async { reserve() }).map_err(failed("no port can be had on the loopback"))?;
        let slot = SystemClock.now() - TimeDelta::minutes(3);
        let mut stage = Self { grounds, folder, slot, reserved, sandbox: None, processes: 0 };
        for key in [("api-key", "kpay_test_drill"), ("secret-key", "sk_test_drill")] {
            stage.write(key.0, key.1)?;
        }
        stage.configure("")?;
        stage.daily(row.rule)?;
        stage.open_the_bank()?;
        stage.faults(row.faults)?;
        Ok(stage)
    }

    /// A file of the folder, private to us.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.path(name);
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        let written = fs::write(&path, text).and_then(|()| fs::set_permissions(&path, private));
        written.map_err(failed(format_args!("{} cannot be written", path.display())))
    }

    /// The configuration, with lines of its `[kpay]` section.
    pub(super) fn configure(&self, more: &str) -> Result<(), String> {
        let address = self.address()?;
        self.write(
            "treasuryd.toml",
            &format!(
                "[kpay]\nbase_url = \"http://{address}\"\napi_key_file = \"api-key\"\nsecret_key_file = \"secret-key\"\n\
                 timeout = \"2s\"\n{more}\n[policies]\npath = \"policies.yaml\"\n[state]\npath = \"state\"\n\
                 [http]\nlisten = \"127.0.0.1:0\"\n[control]\nsocket = \"control.sock\"\n"
            ),
        )
    }

    /// One policy with one slot, three minutes ago; the next is a day later.
    pub(super) fn daily(&self, rule: &str) -> Result<(), String> {
        self.policy(&self.slot.format("%-M %-H * * *").to_string(), rule)
    }

    /// One policy.
    pub(super) fn policy(&self, schedule: &str, rule: &str) -> Result<(), String> {
        self.write(
            "policies.yaml",
            &format!("version: 1\npolicies:\n  - name: drill\n    schedule: \"{schedule}\"\n    {rule}\n"),
        )
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn address(&self) -> Result<SocketAddr, String> {
        self.reserved.local_addr().map_err(failed("the sandbox's port is not known"))
    }

    /// Starts a sandbox at KPay's address, with an empty past.
    pub(super) fn open_the_bank(&mut self) -> Result<(), String> {
        let wallets = [(Country::CMR, 150_000), (Country::GAB, 130_000)];
        let settings = SandboxSettings {
            wallets: wallets.map(|(country, amount)| (country, Amount::whole(amount))).into(),
            payout_processing_after: Duration::from_millis(100),
            payout_ends_after: Duration::from_millis(300),
            ..SandboxSettings::default()
        };
        let started = self.grounds.runtime.block_on(Sandbox::start(settings, self.address()?));
        self.sandbox = Some(started.map_err(failed("the sandbox does not start"))?);
        Ok(())
    }

    /// Ends the sandbox: nobody listens at KPay's address.
    pub(super) fn close_the_bank(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.grounds.runtime.block_on(sandbox.shutdown());
        }
    }

    /// The door to the sandbox.
    pub(super) fn bank(&self) -> Result<Handle, String> {
        self.sandbox.as_ref().map(Running::handle).ok_or_else(|| "the sandbox does not run".to_owned())
    }

    /// The sandbox's books.
    pub(super) fn books(&self) -> Result<Books, String> {
        Ok(self.bank()?.books())
    }

    /// The sandbox's faults from here on.
    pub(super) fn faults(&self, rules: &[&str]) -> Result<(), String> {
        self.bank()?.set_faults(rules).map_err(failed("the faults cannot be played"))
    }

    /// A customer pays in Gabon.
    pub(super) fn deposit(&self, amount: i64) -> Result<(), String> {
        self.bank()?.deposit(Country::GAB, Amount::whole(amount)).map_err(failed("the sandbox takes no deposit"))
    }

    /// Requests that would move money, as they came in.
    pub(super) fn posts(&self) -> Result<Vec<RequestRecord>, String> {
        let moves = |request: &RequestRecord| {
            ["/wallets/transfer", "/payments/withdraw"].iter().any(|end| request.path.ends_with(end))
        };
        Ok(self.bank()?.requests().into_iter().filter(moves).collect())
    }

    /// Starts this program in the folder, with nothing of our environment.
    pub(super) fn start(&mut self, args: &[&str]) -> Result<Process, String> {
        self.processes += 1;
        let stdout = self.path(&format!("stdout-{}", self.processes));
        let stderr = self.path(&format!("stderr-{}", self.processes));
        let start = || {
            let mut command = Command::new(self.grounds.program);
            command.arg("-c").arg(self.path("treasuryd.toml")).args(args).current_dir(self.folder.path());
            // Ctrl-C is ours: it ends the drill, which ends them.
            command.env_clear().stdin(Stdio::null()).process_group(0);
            command.stdout(File::create(&stdout)?).stderr(File::create(&stderr)?).spawn()
        };
        let child = start().map_err(failed("treasuryd does not start"))?;
        Ok(Process { child, stdout, stderr })
    }

    /// Starts the daemon and waits until it serves.
    pub(super) fn daemon(&mut self) -> Result<Process, String> {
        let mut daemon = self.start(&["run"])?;
        self.until("the daemon serves", || {
            daemon.still_runs()?;
            Ok(daemon.says("serving"))
        })?;
        Ok(daemon)
    }

    /// Waits for its end.
    pub(super) fn ended(&self, process: &mut Process) -> Result<Ended, String> {
        let mut status = None;
        self.until("treasuryd ends", || {
            status = process.child.try_wait().map_err(failed("treasuryd is not known"))?;
            Ok(status.is_some())
        })?;
        let code = status.and_then(|status| status.code());
        Ok(Ended { code, stdout: said(&process.stdout), stderr: said(&process.stderr) })
    }

    /// Runs a command to its end.
    pub(super) fn treasuryd(&mut self, args: &[&str]) -> Result<Ended, String> {
        let mut process = self.start(args)?;
        self.ended(&mut process)
    }

    /// `once`.
    pub(super) fn once(&mut self) -> Result<Ended, String> {
        self.treasuryd(&["once", "--json"])
    }

    /// `once` for the slot of tomorrow.
    pub(super) fn once_tomorrow(&mut self) -> Result<Ended, String> {
        self.once_later(1)
    }

    /// `once` for the slot so many days later.
    pub(super) fn once_later(&mut self, days: i64) -> Result<Ended, String> {
        let at = self.slot + TimeDelta::days(days) + TimeDelta::seconds(60);
        self.treasuryd(&["once", "--json", "--at", &at.to_rfc3339_opts(SecondsFormat::Secs, true)])
    }

    /// What treasuryd knows of its movements, oldest first.
    pub(super) fn intents(&mut self) -> Result<Vec<TransferView>, String> {
        let listed = self.treasuryd(&["transfers", "list", "--json"])?.with_code(0)?;
        serde_json::from_str(&listed.stdout).map_err(failed("`transfers list` cannot be read"))
    }

    /// The state is lost.
    pub(super) fn wipe(&self) -> Result<(), String> {
        fs::remove_dir_all(self.path("state")).map_err(failed("the state cannot be wiped"))
    }

    /// Looks again until it is so.
    pub(super) fn until(&self, what: &str, mut is_so: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
        let began = Instant::now();
        while !is_so()? {
            if self.grounds.is_stopped() {
                return Err("interrupted".to_owned());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("not within {} s: {what}", PATIENCE.as_secs()));
            }
            self.rest(LOOKS_EVERY);
        }
        Ok(())
    }

    /// Lets time go by.
    pub(super) fn rest(&self, time: Duration) {
        self.grounds.runtime.block_on(async { tokio::time::sleep(time).await });
    }
}

/// Whether a stage can be set on this machine at all: a folder, a port, and a way to it. Why not, and what to do.
pub(super) fn can_be_set(grounds: &Grounds<'_>) -> Result<(), String> {
    let folder = tempfile::Builder::new().prefix("treasuryd-drill-").tempdir();
    folder.map_err(failed("no temporary folder can be made; set TMPDIR to one that can be written to"))?;
    let reached = grounds.runtime.block_on(async {
        let listener = reserve()?.listen(1)?;
        tokio::net::TcpStream::connect(listener.local_addr()?).await
    });
    reached.map(drop).map_err(failed("nobody can be reached on the loopback"))
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.close_the_bank();
    }
}

/// A free port of our own. Both sides set `SO_REUSEADDR`, so that a sandbox may listen on it beside us.
fn reserve() -> std::io::Result<tokio::net::TcpSocket> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}

fn said(file: &Path) -> String {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// What was being done, and what came.
pub(super) fn failed<E: Display>(what: impl Display) -> impl FnOnce(E) -> String {
    move |error| format!("{what}: {error}")
}
