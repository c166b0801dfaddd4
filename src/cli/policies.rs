//! `policies accept` and `policies diff`: a change that loosens a guard waits for a person.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{Request, Response};
use crate::daemon::AcceptRequest;
use crate::journal::policy_texts;
use crate::policy::{Difference, Effect, PolicySet, differences, parse};
use serde::Serialize;
use std::path::Path;

/// Sub-commands of `policies`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Put policies that wait in force
    Accept {
        /// Their hash, or at least its first sixteen digits
        hash: String,
        /// Your name
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Show what the policies on disk do differently from those last in force
    Diff {
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

/// What `policies diff --json` writes.
#[derive(Serialize)]
struct Report {
    in_force: Option<String>,
    on_disk: String,
    /// Whether they wait for `policies accept`, or would if they were read now.
    waits: bool,
    differences: Vec<Difference>,
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, command: Command) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    match command {
        Command::Accept { hash, by } => {
            let wish = AcceptRequest { hash, by };
            match context::ask(&settings, Request::AcceptPolicies { wish })? {
                Response::Done(text) => output::line(&text)?,
                _ => return Err(context::odd_answer()),
            }
        }
        Command::Diff { json } => {
            let report = report(&settings)?;
            if json {
                output::json(&report)?;
            } else {
                output::line(&render(&report))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn report(settings: &crate::settings::Settings) -> Result<Report, CliError> {
    let (on_disk, _) = context::policies(settings)?;
    let last = context::read_only(settings)?.and_then(|read| read.state().policy_hash.clone());
    let before = match &last {
        Some(hash) => before(&settings.state, hash)?,
        None => None,
    };
    let differences = before.map(|before| differences(&before, &on_disk)).unwrap_or_default();
    let (_, held) = context::in_force(settings, &on_disk, last.as_deref())?;
    Ok(Report { in_force: last, on_disk: on_disk.hash.clone(), waits: held.is_some(), differences })
}

/// The policies of that hash; `None` where their texts are not known, or cannot be read any more.
fn before(state: &Path, hash: &str) -> Result<Option<PolicySet>, CliError> {
    let files = policy_texts(state, hash)?;
    Ok(files.and_then(|files| parse(&files).ok()).map(|parsed| parsed.set))
}

fn render(report: &Report) -> String {
    let Some(in_force) = &report.in_force else {
        return format!("nothing was in force yet; on disk is {}", report.on_disk);
    };
    if *in_force == report.on_disk {
        return format!("no difference: {in_force} is in force");
    }
    let mut out = vec![format!("in force  {in_force}"), format!("on disk   {}", report.on_disk)];
    let sign = |effect| match effect {
        Effect::Loosens => "looser",
        Effect::Tightens => "tighter",
        Effect::Neutral => "other",
    };
    out.extend(report.differences.iter().map(|it| format!("  {:<8}{}", sign(it.effect), it.text)));
    if report.differences.is_empty() {
        out.push("  nothing that is in force differs".to_owned());
    }
    if report.waits {
        out.push(format!("waits for `treasuryd policies accept {} --by NAME`", report.on_disk));
    }
    out.join("\n")
}
