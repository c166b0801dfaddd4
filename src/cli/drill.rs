//! `drill`: the fault catalogue played on the operator's own machine, with a report to file. Each row has its own folder,
//! keys, policies and KPay sandbox; this same program runs in it as a process of its own, and is killed, cut off and lied
//! to. Nothing of the operator's is read or written. The judge is the sandbox's books.

mod hostile;
mod judge;
mod plays;
mod report;
mod rows;
mod stage;

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use super::serve::Ears;
use super::simulate::progress;
use crate::daemon::doors::{Clock, SystemClock};
use crate::settings::LogFormat;
use report::{Played, Report};
use rows::{ROWS, Row};
use stage::{Grounds, Stage};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `drill`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these rows of the catalogue, e.g. a01,d07
    #[arg(long, value_name = "ROWS", value_delimiter = ',', value_parser = row_id)]
    rows: Vec<String>,
    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

fn row_id(text: &str) -> Result<String, String> {
    let text = text.trim().to_ascii_lowercase();
    if ROWS.iter().any(|row| row.id == text) {
        return Ok(text);
    }
    let mut known: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
    known.dedup();
    Err(format!("there is no such row; there are: {}", known.join(", ")))
}

/// Plays the rows one after another and prints the report.
///
/// # Errors
/// 1 where a row did not hold, it was interrupted, or the report cannot be written.
pub fn run(args: &Args) -> Result<Exit, CliError> {
    context::start_logging(LogFormat::Text, "off");
    let mut file = args.output.as_deref().map(open).transpose()?;
    let runtime = context::runtime()?;
    let ears = runtime.block_on(async { Ears::of_signals() })?;
    let program = std::env::current_exe()?;
    let grounds = Grounds { program: &program, runtime: runtime.handle(), stop: ears.stop.subscribe() };
    let chosen: Vec<&Row> =
        ROWS.iter().filter(|row| args.rows.is_empty() || args.rows.iter().any(|id| id == row.id)).collect();
    stage::can_be_set(&grounds).map_err(|why| CliError::new(Exit::Failed, format!("the drill cannot begin: {why}")))?;
    let report = play(&chosen, &grounds);
    let text = if args.json { report.json()? } else { report.text() };
    match &mut file {
        Some((file, path)) => {
            writeln!(file, "{text}").map_err(|error| unwritable(path, &error))?;
            output::talk(format_args!("the report is in {}", path.display()));
        }
        None => output::line(&text)?,
    }
    match report.complaint() {
        Some(complaint) => Err(CliError::new(Exit::Failed, complaint)),
        None => Ok(Exit::Done),
    }
}

/// Before anything is played: a report that has no place is told at once.
fn open(path: &Path) -> Result<(std::fs::File, &Path), CliError> {
    std::fs::File::create(path).map(|file| (file, path)).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> CliError {
    let text = format!("the report cannot be written to {}: {error}; give another file with -o", path.display());
    CliError::new(Exit::Failed, text)
}

fn play(rows: &[&Row], grounds: &Grounds<'_>) -> Report {
    let began = SystemClock.now();
    let watch = Instant::now();
    let shows_bar = std::io::stderr().is_terminal();
    let mut played = Vec::new();
    for (done, row) in rows.iter().enumerate() {
        if shows_bar {
            progress::draw(&progress::line(&format!("drill {:<4}", row.id), done, rows.len()));
        }
        let began = Instant::now();
        let happened = Stage::open(grounds, row).and_then(|mut stage| rows::play_out(row, &mut stage));
        if grounds.is_stopped() {
            break;
        }
        let held = happened.is_ok();
        let happened = happened.unwrap_or_else(|wrong| wrong);
        played.push(Played {
            row: row.id,
            fault: row.played,
            expected: row.expected,
            happened,
            held,
            took: began.elapsed(),
        });
    }
    if shows_bar {
        progress::draw("");
    }
    Report { began, machine: machine(), took: watch.elapsed(), of: rows.len(), rows: played }
}

/// The machine's name and kernel, for whoever reads the report later.
fn machine() -> String {
    let told = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    let [name, system, release] =
        ["hostname", "ostype", "osrelease"].map(|name| crate::model::tame(told(name).trim(), 60));
    format!("{name}, {system} {release}")
}
